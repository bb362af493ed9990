/** The second step of signing in, for whoever takes one: the first was right, and no session has begun yet. */

import { fill, h } from "../dom.js";
import { COMPLETE_SIGN_IN } from "../documents-security.js";
import { draft, setDraft } from "../draft.js";
import { enterBy } from "../entering.js";
import { t } from "../i18n.js";
import { replace } from "../router.js";
import { deviceId } from "../session.js";
import { announce } from "../ui/announce.js";
import { shape } from "../ui/icons.js";
import { possible, proofs } from "../ui/proofs.js";
import { ground } from "./sign-in.js";

const OVER = "AUTH_SIGN_IN_EXPIRED";
/** Said from here on: before it, five minutes are enough for anybody. */
const LAST_MS = 60_000;

/** @type {import("../router.js").View} */
export const signInSecond = { title: "second.title", for: "NOBODY", back: "/sign-in", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const { pending, audience } = draft();
  if (!pending) return replace("/sign-in");
  const region = h("div");
  const left = h("p.hint.figures.time-left", { "data-testid": "time-left" });
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("second.heading")),
    h("p.lead", null, t(audience === "STAFF" ? "second.lead.staff" : "second.lead")),
    region,
    left,
    h("div.sign-in-other", null, h("button.quiet", { type: "button", onclick: startAgain }, t("second.again"))),
    ground(),
  );
  const stop = countDown(screen, pending.until, left, () => over(region, left));
  const ways = possible(pending.methods);
  if (!ways.length) return fill(region, h("p.notice.info", null, shape("info"), h("span", null, t("second.none"))));
  fill(region, proofs({ ways, audience, signal: screen.signal, prove: (proof) => complete(proof, pending.id, ended) }));

  function ended() {
    stop();
    over(region, left);
  }
}

/** @param {Record<string, string>} proof  as for a step-up, where the app's code has another name */
async function complete({ totp, ...proof }, pendingId, ended) {
  const shown = totp ? { code: totp } : proof;
  try {
    await enterBy(COMPLETE_SIGN_IN, { pendingId, ...shown, deviceId: deviceId() });
  } catch (error) {
    if (error.code !== OVER) throw error;
    ended();
  }
}

function countDown(screen, until, left, onover) {
  const tick = () => {
    const ms = until - Date.now();
    if (ms <= LAST_MS) fill(left, t("second.left", { n: Math.max(0, Math.ceil(ms / 1000)) }));
    else fill(left, t("second.minutes", { n: Math.ceil(ms / 60_000) }));
    if (ms <= 0) {
      stop();
      onover();
    }
  };
  const timer = setInterval(tick, 1000);
  const stop = () => clearInterval(timer);
  screen.signal.addEventListener("abort", stop);
  tick();
  return stop;
}

/** Too late, or tried too often: from the beginning. */
function over(region, left) {
  setDraft({ pending: undefined });
  const again = h("a.primary.wide", { href: "#/sign-in", "data-testid": "begin-again" }, t("second.begin"));
  fill(left);
  fill(
    region,
    h("section.problem", { "data-testid": "second-over" }, shape("clock"), h("h2", null, t("second.over")), h("p", null, t("second.over.hint"))),
    again,
  );
  announce(t("second.over"));
}

function startAgain() {
  setDraft({ pending: undefined });
  replace("/sign-in");
}
