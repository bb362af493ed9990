/**
 * Showing a licence: first what and for what, then a code that works once and lives a minute. Who checked it is said
 * on the same screen, as soon as the city knows.
 */

import { ask, lineBroke, missing, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { LAST_SHOWING, SHARE, TO_SHOW } from "../documents-paper.js";
import { clockSeconds, joined } from "../format.js";
import { t } from "../i18n.js";
import { prefs } from "../prefs.js";
import { qrPicture } from "../qr.js";
import { back, toHeading } from "../router.js";
import { acting } from "../acting.js";
import { announce } from "../ui/announce.js";
import { keepAwake } from "../ui/awake.js";
import { band } from "../ui/band.js";
import { busy } from "../ui/busy.js";
import { shape } from "../ui/icons.js";
import { licenceFace } from "../ui/licence-face.js";
import { forgetAnswers, load, problem } from "../ui/load.js";
import { mark } from "../ui/mark.js";
import { ring } from "../ui/ring.js";
import { showSheet } from "../ui/show-sheet.js";
import { skeleton } from "../ui/skeleton.js";

const LOOK_EVERY_MS = 2_000;
/** On a bad line ever more rarely. */
const LOOK_AT_MOST_EVERY_MS = 16_000;
/** An officer's check of the last second is heard of a moment later. */
const LATE_MS = 6_000;

/** @type {import("../router.js").View} */
export const licenceShow = { title: "show.screen", for: "CITIZEN", back: "/wallet", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1.unseen", { tabindex: "-1" }, t("show.screen")), region);
  if (acting()) return fill(region, h("p.hint.why-not", { "data-testid": "show-not" }, t("show.acting")));
  let begun = false;
  return load(region, {
    key: `show ${screen.at.id}`,
    signal: screen.signal,
    ask: async () => ({ data: await whole(ask(TO_SHOW, { id: screen.at.id }, screen)), errors: [] }),
    skeleton: () => skeleton("block", "line"),
    show({ data: { me, licence } }) {
      if (!begun) queueMicrotask(() => begin(screen, region, licence, me.maskedName));
      begun = true;
      return ready(screen, region, licence, me.maskedName);
    },
  });
}

/** Under the sheet, and what is left when it was closed with no. */
const ready = (screen, region, paper, holder) => [
  licenceFace(paper, holder),
  paper.status === "VALID"
    ? h(
        "button.primary.wide",
        { type: "button", "data-testid": "choose", onclick: () => begin(screen, region, paper, holder) },
        t("show.choose"),
      )
    : h("p.hint.why-not", { "data-testid": "show-not" }, t("show.invalid", { state: paper.statusLabel })),
];

async function begin(screen, region, paper, holder, last = null) {
  if (paper.status !== "VALID" || document.querySelector("dialog[open]")) return;
  const shown = await showSheet(paper, { signal: screen.signal, last });
  if (screen.signal.aborted) return;
  if (!shown) return last ? undefined : back(`/licences/${paper.id}`);
  await share(screen, region, paper, holder, shown);
}

async function share(screen, region, paper, holder, shown) {
  const again = () => share(screen, region, paper, holder, shown);
  try {
    const askedAt = Date.now();
    const input = { licenceId: paper.id, ...shown };
    const { shareLicence } = await whole(ask(SHARE, { input }, screen));
    forgetAnswers(); // who has seen it is about to change
    onScreen(screen, region, { made: shareLicence, paper, holder, askedAt, again });
  } catch (error) {
    if (screen.signal.aborted) return;
    fill(region, licenceFace(paper, holder), problem(error, again));
    toHeading();
  }
}

/** The code with its minute, until it is checked, over, or left. */
function onScreen(screen, region, { made, paper, holder, askedAt, again }) {
  const endsAt = askedAt + made.lifetimeS * 1000;
  const object = slab(made, paper, holder);
  const stopped = new AbortController();
  screen.signal.addEventListener("abort", () => stopped.abort(), { signal: stopped.signal });
  fill(region, object.el, said(made));
  toHeading();
  announce(t("show.shown", { type: paper.type.name }));
  keepAwake(stopped.signal);

  const tick = () => {
    const leftS = Math.max(0, (endsAt - Date.now()) / 1000);
    object.left(leftS, made.lifetimeS);
    if (!leftS) object.over(again);
  };
  const timer = setInterval(tick, 1000);
  stopped.signal.addEventListener("abort", () => clearInterval(timer));
  tick();
  watch(stopped, made.id, endsAt + LATE_MS, (showing) => {
    stopped.abort();
    object.checked(showing, again);
  });
}

/** Asks for the showing that a check of this code makes: every two seconds while somebody looks, then no more. */
function watch(stopped, id, until, onchecked) {
  let every = LOOK_EVERY_MS;
  const look = async () => {
    if (stopped.signal.aborted || Date.now() > until) return stopped.abort();
    if (!document.hidden) {
      try {
        const { data, errors } = await ask(LAST_SHOWING, {}, stopped);
        const [last] = data.me.licenceShowings?.nodes ?? [];
        if (last?.id === id) return onchecked(last);
        every = missing(errors, "me") ? Math.min(2 * every, LOOK_AT_MOST_EVERY_MS) : LOOK_EVERY_MS;
      } catch (error) {
        if (stopped.signal.aborted || !lineBroke(error)) return;
        every = Math.min(2 * every, LOOK_AT_MOST_EVERY_MS);
      }
    }
    setTimeout(look, every);
  };
  setTimeout(look, every);
}

const said = (made) =>
  h(
    "dl.facts.said",
    { "data-testid": "said" },
    h("div", null, h("dt", null, t("show.purpose")), h("dd", null, made.purpose)),
    h("div", null, h("dt", null, t("show.what")), h("dd", null, joined(made.fields.map(({ label }) => label)))),
  );

/** The object: white in both themes, with the ring of its minute and a band that belongs to this very code. */
function slab(made, paper, holder) {
  const road = ring();
  const face = h("div.face", null, qrPicture(made.text, t("show.label", { type: paper.type.name, name: holder })));
  const count = h("p.countdown", { "data-testid": "countdown" });
  const calm = prefs().mode === "elder";
  const el = h(
    "section.slab",
    { "aria-label": paper.type.name, "data-testid": "licence-code", "data-state": "live" },
    h("div.slab-head", null, mark(), h("span.slab-city", null, paper.type.name)),
    h("div.code-frame", null, road.el, face),
    count,
    h("div.woven", null, band(made.text)),
    h("div.holder", null, h("p.holder-name", { "data-testid": "holder" }, holder)),
  );
  const veil = (form, title, words, again) => {
    const button = h("button.primary", { type: "button", "data-testid": "again" }, t("show.again"));
    button.addEventListener("click", () => busy(button, t("state.loading"), again));
    fill(count);
    fill(face, h("div.veil", null, shape(form), h("p.veil-title", null, title), words, button));
    toHeading();
    announce(`${title} ${words.map((line) => line.textContent).join(" ")}`);
  };
  return {
    el,
    left(seconds, lifetimeS) {
      road.set(Math.min(1, seconds / lifetimeS));
      if (el.dataset.state === "live" && seconds)
        fill(count, calm ? t("show.calm") : t("show.left", { n: Math.ceil(seconds) }));
    },
    over(again) {
      if (el.dataset.state !== "live") return;
      el.dataset.state = "ended";
      veil("clock", t("show.over"), [h("p", null, t("show.over.hint"))], again);
    },
    checked({ at, verifier, result }, again) {
      el.dataset.state = "checked";
      el.dataset.result = result;
      const valid = result === "VALID";
      const words = [
        h("p", { "data-testid": "checked-by" }, t("show.checked.by", { who: verifier.organisation, badge: verifier.badge })),
        h("p.figures", null, t("show.checked.at", { clock: clockSeconds(at) })),
      ];
      veil(valid ? "ok" : "stop", t(valid ? "show.checked" : "show.checked.not"), words, again);
      navigator.vibrate?.(60);
    },
  };
}
