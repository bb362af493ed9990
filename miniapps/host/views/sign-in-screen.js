/**
 * Signing in on a screen that is not one's own: it shows a code, a phone that is signed in looks at it and says yes.
 * The secret that collects the session stays in this page.
 */

import { askOpenly, lineBroke, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { BEGIN_LINK, FINISH_LINK } from "../documents-security.js";
import { draft } from "../draft.js";
import { enter as enterWith } from "../entering.js";
import { t } from "../i18n.js";
import { qrPicture } from "../qr.js";
import { toHeading } from "../router.js";
import { deviceName } from "../session.js";
import { announce } from "../ui/announce.js";
import { keepAwake } from "../ui/awake.js";
import { shape } from "../ui/icons.js";
import { problem } from "../ui/load.js";
import { ring } from "../ui/ring.js";
import { skeleton } from "../ui/skeleton.js";

const LOOK_EVERY_MS = 2_000;
/** The city's own, by this device's clock. */
const LIFETIME_MS = 180_000;

/** @type {import("../router.js").View} */
export const signInScreen = { title: "screen.title", for: "NOBODY", back: "/sign-in", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("screen.heading")),
    h("p.lead", null, t("screen.lead")),
    region,
  );
  return begin(screen, region, false);
}

async function begin(screen, region, held) {
  fill(region, skeleton("square", "line"));
  const again = () => begin(screen, region, true);
  try {
    const begunAt = Date.now();
    const asked = { deviceName: deviceName(), audience: draft().audience };
    const { beginLink: link } = await whole(askOpenly(BEGIN_LINK, asked));
    if (screen.signal.aborted) return;
    show(screen, region, link, begunAt + LIFETIME_MS, again);
    if (held) toHeading();
  } catch (error) {
    if (!screen.signal.aborted) fill(region, problem(error, again));
  }
}

function show(screen, region, link, until, again) {
  const stopped = new AbortController();
  screen.signal.addEventListener("abort", () => stopped.abort(), { signal: stopped.signal });
  const time = ring();
  const count = h("p.countdown", { "data-testid": "link-left" });
  const to = `${location.origin}/#/link/${link.code}`;
  fill(
    region,
    h(
      "section.slab.link-slab",
      { "data-testid": "link-code", "data-to": to },
      h("div.code-frame", null, time.el, h("div.face", null, qrPicture(to, t("screen.label")))),
      count,
      h("div.link-number", null, h("p", null, t("screen.number")), h("b.figures", { "data-testid": "link-number" }, link.number)),
    ),
    h("ol.steps", null, ["screen.step.open", "screen.step.look", "screen.step.choose"].map((step) => h("li", null, t(step)))),
  );
  announce(t("screen.shown", { n: link.number }));
  keepAwake(stopped.signal);
  const tick = () => {
    const left = Math.max(0, until - Date.now());
    time.set(left / LIFETIME_MS);
    fill(count, t("screen.left", { n: Math.ceil(left / 1000) }));
    if (!left) over("clock", "screen.over", "screen.over.hint");
  };
  const over = (form, title, hint) => {
    stopped.abort();
    fill(region, ended(form, t(title), t(hint), again));
    announce(t(title));
    toHeading();
  };
  const timer = setInterval(tick, 1000);
  stopped.signal.addEventListener("abort", () => clearInterval(timer));
  tick();
  collect(stopped.signal, link, (error) =>
    error.code === "AUTH_LINK_DENIED"
      ? over("stop", "screen.denied", "screen.denied.hint")
      : over("clock", "screen.over", "screen.over.hint"),
  );
}

/** Asks until the phone has answered; while nobody looks at this page, not at all. */
async function collect(signal, { id, secret }, refused) {
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    if (signal.aborted || document.hidden) continue;
    try {
      const askedAt = Date.now();
      const { finishLink: result } = await whole(askOpenly(FINISH_LINK, { id, secret }));
      if (result && !signal.aborted) return enterWith(result, askedAt);
    } catch (error) {
      if (!lineBroke(error)) return signal.aborted ? undefined : refused(error);
    }
  }
}

const ended = (form, title, hint, again) =>
  h(
    "section.problem",
    { "data-testid": "link-over" },
    shape(form),
    h("h2", null, title),
    h("p", null, hint),
    h("button.primary.wide", { type: "button", onclick: again }, t("screen.again")),
  );
