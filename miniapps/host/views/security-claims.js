/** Somebody asks for my account on another phone: I, or else it is stopped here, without another proof. */

import { askAsMyself, whole } from "../api.js";
import { RECOVERIES, STOP_RECOVERY } from "../documents-person.js";
import { fill, h } from "../dom.js";
import { dayAndClock, when } from "../format.js";
import { t } from "../i18n.js";
import { actButton } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { shape } from "../ui/icons.js";
import { empty } from "../ui/list.js";
import { forgetAnswers, load } from "../ui/load.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";

const TONES = { WAITING: ["warn", "clock"], DONE: ["info", "ok"], STOPPED: ["info", "stop"] };

/** @type {import("../router.js").View} */
export const securityClaims = { title: "claim.title", for: "CITIZEN", back: "/security", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("claim.title")), region);
  return load(region, {
    key: "claims",
    signal: screen.signal,
    ask: () => askAsMyself(RECOVERIES, {}, screen),
    skeleton: () => skeleton("row", "row"),
    show: ({ data }) =>
      data.recoveries.length
        ? h("ul.rows", { "data-testid": "claims" }, data.recoveries.map((one) => claim(screen, one)))
        : empty(t("claim.none"), t("claim.none.hint")),
  });
}

function claim(screen, one) {
  const [tone, form] = TONES[one.state] ?? TONES.WAITING;
  const waits = one.state === "WAITING";
  return h(
    "li.piece",
    { "data-state": one.state },
    state(/** @type {any} */ (tone), form, t(`claim.state.${one.state}`)),
    h("p", null, t("claim.phone", { phone: one.maskedPhone })),
    h("p.hint-2", null, waits ? t("claim.until", { when: dayAndClock(one.dueAt) }) : when(one.askedAt)),
    waits ? stop(screen, one) : null,
  );
}

function stop(screen, one) {
  const said = h("div");
  const work = async () => {
    const question = { title: t("claim.stop.ask"), body: h("p", null, t("claim.stop.text")), yes: t("claim.stop"), no: t("sheet.no") };
    if (!(await confirmSheet({ ...question, signal: screen.signal }))) return false;
    await whole(askAsMyself(STOP_RECOVERY, { id: one.id }, screen));
    forgetAnswers();
    if (screen.signal.aborted) return;
    screen.again();
    announce(t("claim.stopped"));
  };
  return [said, actButton({ words: t("claim.stop"), work, said, signal: screen.signal, look: "primary.wide", id: "stop-claim" })];
}

/** Above other things, where one waits. @param {HTMLElement} place @param {import("../router.js").Screen} screen */
export async function claimNotice(place, screen) {
  const answer = await whole(askAsMyself(RECOVERIES, {}, screen)).catch(() => null);
  if (screen.signal.aborted || !answer?.recoveries.some((one) => one.state === "WAITING")) return;
  fill(
    place,
    h(
      "div.partial",
      { "data-testid": "claim-notice" },
      shape("warn"),
      h("div", null, h("p", null, t("claim.notice"))),
      h("a.second", { href: "#/security/claims" }, t("claim.onward")),
    ),
  );
}
