/**
 * The city code: an object with a face (the QR), a material (white, in both themes, with its woven band) and a state
 * (seconds left). It renews itself before it ends; when nobody looks it rests; without a line it says so.
 */

import { acting } from "../acting.js";
import { ask } from "../api.js";
import { fill, h } from "../dom.js";
import { CODE, CODE_FOR } from "../documents.js";
import { clockSeconds, when } from "../format.js";
import { t } from "../i18n.js";
import { toHeading } from "../router.js";
import { prefs } from "../prefs.js";
import { qrPicture } from "../qr.js";
import { cityNow } from "../session.js";
import { announce } from "../ui/announce.js";
import { keepAwake } from "../ui/awake.js";
import { band } from "../ui/band.js";
import { icon } from "../ui/icons.js";
import { linkRow } from "../ui/list.js";
import { errorWords, problem } from "../ui/load.js";
import { mark } from "../ui/mark.js";
import { ring } from "../ui/ring.js";
import { skeleton } from "../ui/skeleton.js";

/** Renewed with this much of its life left. */
const RENEW_AT_S = 10;
const TRY_AGAIN_S = 4;

/** @type {import("../router.js").View} */
export const code = { title: "code.title", for: "CITIZEN", back: "/home", enter };

/** @param {import("../router.js").Screen} screen */
async function enter(screen) {
  const holder = codeHolder(screen);
  const waiting = setTimeout(() => fill(screen.main, heading(), skeleton("square", "line", "line")), 150);
  screen.signal.addEventListener("abort", () => clearTimeout(waiting));
  fill(screen.main, heading());
  await holder.renew();
  clearTimeout(waiting);
}

const heading = () => h("h1.unseen", { tabindex: "-1" }, t("code.title"));

/** Keeps one code alive on the screen. */
function codeHolder(screen) {
  const face = slab();
  let endsAt = 0;
  let lifetimeS = 60;
  let nextTryAt = 0;
  let asking = false;

  const leftS = () => (endsAt - Date.now()) / 1000;

  async function renew() {
    if (asking || screen.signal.aborted) return;
    asking = true;
    try {
      const askedAt = Date.now();
      const { data, errors } = await ask(acting() ? CODE_FOR : CODE, {}, screen);
      if (!data.me.cityCode)
        throw Object.assign(new Error(), { code: errors[0]?.extensions?.code, extensions: errors[0]?.extensions });
      accept(data.me, askedAt);
    } catch (error) {
      if (!screen.signal.aborted) refuse(error);
    } finally {
      asking = false;
    }
  }

  function accept(me, askedAt) {
    lifetimeS = me.cityCode.lifetimeS;
    endsAt = askedAt + lifetimeS * 1000; // it was made after we asked, so it lives a little longer than this
    face.show(me);
    if (!face.el.isConnected) {
      fill(screen.main, heading(), face.el, face.below);
      toHeading();
      announce(t("code.shown", { name: me.maskedName }));
    }
    tick();
  }

  function refuse(error) {
    nextTryAt = Date.now() + TRY_AGAIN_S * 1000;
    if (!face.el.isConnected) {
      fill(screen.main, heading(), problem(error, renew));
      return toHeading();
    }
    if (leftS() <= 0) face.end(error, renew);
    else face.late(Math.ceil(leftS()));
  }

  function tick() {
    if (!face.el.isConnected) return;
    const left = leftS();
    face.left(left, lifetimeS);
    if (left <= 0) face.rest();
    if (left <= RENEW_AT_S && !document.hidden && Date.now() >= nextTryAt) renew();
  }

  const timer = setInterval(tick, 1000);
  const back = () => {
    nextTryAt = 0;
    if (face.el.isConnected) tick();
    else renew();
  };
  document.addEventListener("visibilitychange", back, { signal: screen.signal });
  addEventListener("online", back, { signal: screen.signal });
  screen.signal.addEventListener("abort", () => clearInterval(timer));
  keepAwake(screen.signal);
  return { renew };
}

/** The object itself. */
function slab() {
  const road = ring();
  const face = h("div.face");
  const count = h("p.countdown", { "data-testid": "countdown" });
  const time = h("span.slab-time.figures", { "aria-hidden": "true" });
  const woven = h("div.woven");
  const who = h("div.holder");
  const below = h("div.code-below");
  const frame = h("div.code-frame", null, road.el, face);
  const el = h(
    "section.slab",
    { "aria-label": t("code.title"), "data-testid": "city-code" },
    h("div.slab-head", null, mark(), h("span.slab-city", null, t("code.of")), time),
    frame,
    count,
    woven,
    who,
  );
  const calm = prefs().mode === "elder";

  return {
    el,
    below,
    show(me) {
      el.dataset.state = "live";
      fill(face, qrPicture(me.cityCode.text, t("code.label", { name: me.maskedName })));
      fill(woven, band(me.cityCode.text));
      fill(
        who,
        h("p.holder-name", { "data-testid": "holder" }, me.maskedName),
        h("p.holder-level", null, icon("seal"), t(`level.${me.realNameLevel}`)),
      );
      fill(below, proves(), acting() ? null : lastScan(me), h("p.hint.bright", null, icon("sun"), t("code.brightness")));
    },
    left(seconds, lifetimeS) {
      road.set(Math.max(0, Math.min(1, seconds / lifetimeS)));
      fill(time, clockSeconds(cityNow()));
      if (el.dataset.state === "live")
        fill(count, calm ? t("code.calm") : t("code.left", { n: Math.max(0, Math.ceil(seconds)) }));
    },
    late(seconds) {
      el.dataset.state = "late";
      fill(count, t("code.late", { n: seconds }));
      announce(t("code.late", { n: seconds }));
    },
    /** Its time is over and the next is on its way: nothing to show, and nothing to worry about. */
    rest() {
      if (el.dataset.state === "ended" || el.dataset.state === "resting") return;
      el.dataset.state = "resting";
      fill(count);
      fill(face, h("div.veil", { "data-testid": "code-resting" }, h("p.veil-title", null, t("code.resting"))));
    },
    end(error, retry) {
      if (el.dataset.state === "ended") return;
      el.dataset.state = "ended";
      const words = errorWords(error);
      fill(count);
      fill(
        face,
        h(
          "div.veil",
          { "data-testid": "code-ended", "data-code": words.code },
          h("p.veil-title", null, t("code.ended")),
          h("p", null, words.title),
          h("p", null, t("code.ended.hint")),
          h("button.primary", { type: "button", onclick: retry }, t("state.retry")),
        ),
      );
      announce(`${t("code.ended")} ${words.title}`);
    },
  };
}

const proves = () => h("section.proves", null, h("h2", null, t("code.proves")), h("p", null, t("code.proves.text")));

function lastScan(me) {
  const [scan] = me.scans?.nodes ?? [];
  const title = scan ? t("code.last", { when: when(scan.at), who: scan.scanner.organisation }) : t("code.last.none");
  return h("ul.rows", { "data-testid": "last-scan" }, linkRow({ to: "/scans", title }));
}
