/** Leaving the city's app for good: what goes, what a law keeps, how long it can be called off. */

import { askAsMyself, whole } from "../api.js";
import { ERASE, LEAVE, STAY } from "../documents-consent.js";
import { fill, h } from "../dom.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { actButton } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { icon } from "../ui/icons.js";
import { forgetAnswers, load } from "../ui/load.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";

/** @type {import("../router.js").View} */
export const leave = { title: "leave.title", for: "CITIZEN", back: "/me/data", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("leave.title")), region);
  return load(region, {
    key: "leave",
    signal: screen.signal,
    ask: () => askAsMyself(LEAVE, {}, screen),
    skeleton: () => skeleton("line", "block", "row"),
    show: ({ data }) => (data.erasure?.state === "WAITING" ? waiting(screen, data) : asking(screen, data.erasureTerms)),
  });
}

function asking(screen, terms) {
  const said = h("div");
  const tick = h("input", { type: "checkbox", id: "understood" });
  const work = async () => {
    if (!(await sure(screen, terms))) return false;
    await whole(askAsMyself(ERASE, {}, screen));
    after(screen, t("leave.asked"));
  };
  const go = actButton({ words: t("leave.do"), work, said, signal: screen.signal, look: "second.wide", id: "erase" });
  go.setAttribute("disabled", "");
  tick.addEventListener("change", () => go.toggleAttribute("disabled", !(/** @type {HTMLInputElement} */ (tick).checked)));
  return [
    h("p.lead", null, t("leave.lead")),
    h("ul.bullets", null, ["data", "signin", "others"].map((one) => h("li", null, t(`leave.goes.${one}`)))),
    kept(terms),
    h("p.side-note", null, t("leave.grace", { n: terms.graceDays })),
    h("label.choice.tick", null, tick, h("span", null, t("leave.understood")), icon("check")),
    said,
    h("div.yes-no", null, go, h("a.second.wide", { href: "#/me/data/copy" }, t("leave.copy"))),
  ];
}

const sure = (screen, terms) =>
  confirmSheet({
    title: t("leave.ask"),
    body: h("p", null, t("leave.grace", { n: terms.graceDays })),
    yes: t("leave.do"),
    no: t("sheet.no"),
    signal: screen.signal,
  });

const kept = (terms) => [
  h("h2.section", null, t("leave.kept")),
  h(
    "ul.rows",
    { "data-testid": "kept" },
    terms.retained.map(({ what, why }) => h("li.piece", null, h("p", null, what), h("p.hint-2", null, why))),
  ),
];

function waiting(screen, { erasure, erasureTerms }) {
  const said = h("div");
  const work = async () => {
    await whole(askAsMyself(STAY, {}, screen));
    after(screen, t("leave.stayed"));
  };
  return [
    state("warn", "clock", t("leave.due", { day: date(erasure.dueAt) }), "leaving"),
    erasure.heldUntil ? h("p.side-note", null, t("leave.held", { day: date(erasure.heldUntil) })) : null,
    h("p.lead", null, t("leave.waiting")),
    said,
    actButton({ words: t("leave.stay"), work, said, signal: screen.signal, look: "primary.wide", id: "stay" }),
    kept(erasureTerms),
  ];
}

function after(screen, words) {
  forgetAnswers();
  announce(words);
  if (!screen.signal.aborted) screen.again();
}
