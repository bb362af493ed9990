/**
 * What a service asks, and the citizen's answer: who it is, what for, which of one's facts, as whom. Drawn by the host
 * alone. Yes and no are buttons of one size; yes is armed after a moment; what is sensitive needs a tick of its own.
 */

import { askAsMyself, askOpenly, whole } from "../api.js";
import { APPROVE, DENY } from "../documents-consent.js";
import { h } from "../dom.js";
import { clock, joined } from "../format.js";
import { t } from "../i18n.js";
import { actButton, attempt } from "./act.js";
import { busy } from "./busy.js";
import { icon, shape } from "./icons.js";
import { choices } from "./list.js";
import { armed, confirmSheet } from "./sheet.js";

/** From this grade on (GB/T 43697) a fact is given only by a tick of its own. */
const SENSITIVE = 3;
const MYSELF = "";

/**
 * @typedef {(to: string | null, said: "yes" | "no") => void} OnAnswer  to: where the browser goes on; null for a device
 */

/** Who asks, and what for: also for somebody who is not signed in yet. @param {any} asked */
export const whoAsks = (asked) =>
  h(
    "section.asker",
    { "data-testid": "asker" },
    h("h1", { tabindex: "-1" }, t("ask.heading", { name: asked.client.name })),
    h("p.asker-who", null, asked.client.operator),
    h("p.holder-level", null, icon("seal"), t("ask.known")),
    h("p.asker-why", null, h("b", null, t("ask.purpose")), asked.client.purpose),
  );

/** What it would get, to read. @param {any} asked */
export const whatItAsks = (asked) =>
  h(
    "section",
    null,
    h("h2.section", null, t("ask.what")),
    asked.claims.length
      ? h("ul.plain", null, asked.claims.map((claim) => h("li", null, claim.title)))
      : h("p", null, t("ask.nothing")),
    itNeverGets(),
  );

const itNeverGets = () => h("p.never", null, shape("stop"), h("span", null, t("ask.never")));

/** @param {{ asked: any, signal: AbortSignal, onanswer: OnAnswer }} answer */
export function denyButton({ asked, signal, onanswer }, said) {
  const work = async () => onanswer((await whole(askOpenly(DENY, { id: asked.id }))).denyInteraction.redirectTo, "no");
  return actButton({ words: t("ask.deny"), work, said, signal, look: "second.wide.as-easy", id: "deny" });
}

/**
 * @param {{ asked: any, me: any, signal: AbortSignal, onanswer: OnAnswer }} question
 * @returns {import("../dom.js").Child}
 */
export function asking(question) {
  const { asked, me } = question;
  const said = h("div");
  const low = asked.level > me.realNameLevel;
  const ticks = claimTicks(asked.claims);
  const whom = asWhom(asked, me, ticks.of);
  return [
    whoAsks(asked),
    asked.userCode ? deviceCode(asked.userCode) : null,
    whom.el,
    ticks.el,
    itNeverGets(),
    asked.offline ? note("clock", t("ask.offline")) : null,
    asked.fresh ? note("key", t("ask.fresh")) : null,
    low ? levelTooLow(asked.level) : null,
    said,
    h(
      "div.yes-no",
      null,
      low ? null : allowButton(question, { ticks, whom, said }),
      denyButton(question, said),
    ),
    h("p.hint", null, t("ask.until", { clock: clock(asked.expiresAt) })),
  ];
}

const note = (form, words) => h("p.side-note", null, shape(form), h("span", null, words));

const deviceCode = (code) =>
  h(
    "section.device-code",
    null,
    h("p", null, t("pair.same")),
    h("p.figures.big-code", { "data-testid": "user-code" }, `${code.slice(0, 4)}-${code.slice(4)}`),
  );

const levelTooLow = (level) =>
  h(
    "div.partial",
    { "data-testid": "level-too-low" },
    shape("warn"),
    h("div", null, h("p", null, t("ask.level", { level: t(`level.${level}`) }))),
    h("a.second", { href: "#/me/real-name" }, t("ask.level.do")),
  );

/** Oneself, or somebody whom one may act for: then the service learns that other's name and nothing more. */
function asWhom(asked, me, onlyOf) {
  let picked = MYSELF;
  const relations = asked.relations ?? [];
  if (!relations.length) return { el: null, read: () => null };
  const named = (one) => `${one.agency?.organisation ?? one.subject?.maskedName ?? ""} · ${one.kindLabel}`;
  const onpick = (value) => {
    picked = value;
    onlyOf(value !== MYSELF);
  };
  const options = [[MYSELF, t("ask.myself", { name: me.maskedName })], ...relations.map((one) => [one.id, named(one)])];
  const el = h("div", { "data-testid": "as-whom" }, choices({ legend: t("ask.whom"), name: "whom", value: MYSELF, options, onpick }));
  return { el, read: () => picked || null };
}

function claimTicks(claims) {
  const rows = claims.map((claim) => ({ claim, el: claimTick(claim) }));
  const shown = () => rows.filter(({ el }) => !el.hidden);
  const box = ({ el }) => /** @type {HTMLInputElement} */ (el.querySelector("input"));
  const el = claims.length
    ? h("fieldset.ticks", { "data-testid": "claims" }, h("legend", null, t("ask.which")), rows.map((row) => row.el))
    : h("p.side-note", null, shape("info"), h("span", null, t("ask.nothing")));
  return {
    el,
    /** @param {boolean} another */
    of: (another) => rows.forEach(({ claim, el: row }) => (row.hidden = another && !claim.forAnother)),
    given: () => shown().filter((row) => box(row).checked).map(({ claim }) => claim.name),
    lacking: () => shown().filter((row) => row.claim.essential && !box(row).checked).map(({ claim }) => claim.title),
  };
}

function claimTick(claim) {
  const sensitive = claim.level >= SENSITIVE;
  const about = [sensitive ? t("ask.sensitive") : null, claim.essential ? t("ask.essential") : null].filter(Boolean);
  return h(
    "label.choice.tick",
    null,
    h("input", { type: "checkbox", name: "claim", value: claim.name, checked: !sensitive }),
    h("span", null, h("b", null, claim.title), about.length ? h("span.tick-value", null, about.join(" · ")) : null),
    icon("check"),
  );
}

function allowButton(question, { ticks, whom, said }) {
  const { asked, signal, onanswer } = question;
  const button = armed(t("ask.allow"));
  button.classList.add("wide");
  const work = async () => {
    if (!(await without(asked, ticks.lacking(), signal))) return false;
    const input = { id: asked.id, claims: ticks.given(), relationId: whom.read() };
    onanswer((await whole(askAsMyself(APPROVE, { input }, { signal }))).approveInteraction.redirectTo, "yes");
  };
  button.addEventListener("click", () => busy(button, t("state.doing"), () => attempt(work, { said, signal })));
  return button;
}

/** It says that it cannot do without: still the citizen's choice, but not by oversight. */
async function without(asked, lacking, signal) {
  if (!lacking.length) return true;
  return confirmSheet({
    title: t("ask.without", { names: joined(lacking) }),
    body: h("p", null, t("ask.without.text", { name: asked.client.name })),
    yes: t("ask.without.yes"),
    no: t("frame.back"),
    signal,
  });
}
