/**
 * An officer decides about a version: what it is given, what they found themself, yes or no. What is written stays while
 * the tab does, so that looking something up elsewhere costs nothing.
 */

import { CityError, ask, whole } from "../api.js";
import { REVIEW_VERSION } from "../documents-desk-program.js";
import { fill, h } from "../dom.js";
import { dayAndClock } from "../format.js";
import { t } from "../i18n.js";
import { onSessionChange } from "../session.js";
import { actButton, attempt } from "./act.js";
import { announce } from "./announce.js";
import { icon } from "./icons.js";
import { choices } from "./list.js";
import { forgetAnswers } from "./load.js";
import { isSensitive, permissionName } from "./mini-permissions.js";
import { severityOf } from "./program-review.js";
import { confirmSheet } from "./sheet.js";
import { textField } from "./text-field.js";

/** The city's own programs alone have it. */
const NEVER_GIVEN = "city.data.developer";
const NOTE_MAX = 4000;
const MESSAGE_MAX = 1000;

/** What an officer wrote so far, by version. @typedef {{ refused: Set<string>, findings: any[], note: string, notBefore: string }} Draft */
/** @type {Map<string, Draft>} */
const drafts = new Map();
onSessionChange(() => drafts.clear());

/** @param {import("../router.js").Screen} screen @param {any} version */
export function deciding(screen, version) {
  const draft = drafts.get(version.id) ?? { refused: new Set(), findings: [], note: "", notBefore: "" };
  drafts.set(version.id, draft);
  if (version.secondLook) return [ownFindings(screen, version, draft), again(screen, version, draft)];
  return [permissions(version, draft), ownFindings(screen, version, draft), decision(screen, version, draft)];
}

// --- what it is given

function permissions(version, draft) {
  const domains = version.asked.filter((name) => name.includes("://"));
  const added = new Set([...(version.difference?.permissions.added ?? []), ...(version.difference?.domains.added ?? [])]);
  if (!version.asked.length) return [h("h2.section", null, t("programs.permissions")), h("p.hint-2", null, t("programs.asks.nothing"))];
  return [
    h("h2.section", null, t("programs.permissions")),
    h("p.hint-2", null, t("programs.permissions.hint")),
    h(
      "fieldset.ticks.grants",
      { "data-testid": "grants" },
      h("legend", null, t("programs.gets")),
      version.permissions.map((one) => tick(one.name, draft, permissionTold(one, added.has(one.name)))),
      domains.map((origin) => tick(origin, draft, domainTold(origin, added.has(origin)))),
    ),
  ];
}

function tick(name, draft, told) {
  const never = name === NEVER_GIVEN;
  const box = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", name: "grant", value: name, checked: !never && !draft.refused.has(name), disabled: never }));
  box.addEventListener("change", () => (box.checked ? draft.refused.delete(name) : draft.refused.add(name)));
  return h("label.choice.tick", null, box, h("span", null, told, never ? h("span.permit-why", null, t("programs.never")) : null), icon("check"));
}

const permissionTold = ({ name, required, reasonZh, reasonEn }, added) => [
  h("b", null, permissionName(name)),
  h("span.tick-value", null, name),
  h("span.permit-means", null, [t(required ? "programs.required" : "programs.optional"), isSensitive(name) ? t("programs.sensitive") : "", added ? t("programs.new") : ""].filter(Boolean).join(" · ")),
  h("span.permit-why", null, h("q.its-words", { lang: "zh-CN" }, reasonZh)),
  reasonEn === reasonZh ? h("span.permit-why", null, t("programs.reason.alike")) : h("span.permit-why", null, h("q.its-words", { lang: "en" }, reasonEn)),
];

const domainTold = (origin, added) => [
  h("b.asked", null, origin),
  h("span.permit-means", null, added ? `${t("programs.domain")} · ${t("programs.new")}` : t("programs.domain")),
];

// --- what the officer found

function ownFindings(screen, version, draft) {
  const rows = h("ul.findings", { "data-testid": "own-findings" });
  const draw = () => fill(rows, draft.findings.map((one, at) => written(one, () => (draft.findings.splice(at, 1), draw(), rows.focus()))));
  rows.tabIndex = -1;
  draw();
  return [
    h("h2.section", null, t("programs.mine")),
    h("p.hint-2", null, t("programs.mine.hint")),
    rows,
    h("details.fold", { "data-testid": "add-finding" }, h("summary", null, t("programs.mine.add")), findingForm(screen, version, (one) => (draft.findings.push(one), draw()))),
  ];
}

const written = (one, drop) =>
  h(
    "li.finding",
    { "data-testid": "own-finding" },
    severityOf(one.severity),
    h("p", null, one.message),
    one.path ? h("p.where", null, [one.path, one.line].filter((part) => part).join(":")) : null,
    one.advice ? h("p.hint-2", null, one.advice) : null,
    h("button.second", { type: "button", onclick: drop }, t("programs.mine.drop")),
  );

function findingForm(screen, version, add) {
  const said = h("div", { id: "finding-trouble" });
  const message = area("finding-message", t("programs.mine.words"), MESSAGE_MAX, t("programs.mine.words.hint"));
  const advice = area("finding-advice", t("programs.mine.advice"), MESSAGE_MAX);
  const files = h("datalist", { id: "files" }, (version.difference?.files ?? []).map(({ path }) => h("option", { value: path })));
  const line = { id: "finding-line", words: t("programs.mine.line"), inputmode: "numeric", maxlength: 6, figures: true };
  const [where, at] = [
    textField({ id: "finding-path", words: t("programs.mine.path"), autocomplete: "off", maxlength: 200, list: "files", spellcheck: "false", required: false, trouble: "finding-trouble" }),
    textField({ ...line, autocomplete: "off", required: false, trouble: "finding-trouble" }),
  ];
  let severity = "WARNING";
  const options = ["ERROR", "WARNING", "NOTE"].map((one) => [one, t(`programs.severity.${one}`)]);
  const pick = choices({ legend: t("programs.mine.severity"), name: "severity", value: severity, options: /** @type {[string, string][]} */ (options), onpick: (one) => (severity = one), columns: true });
  const form = /** @type {HTMLFormElement} */ (h("form.form", { novalidate: true }, message.el, pick, where.el, files, at.el, advice.el, said, h("button.second.wide", { type: "submit" }, t("programs.mine.put"))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(
      async () => {
        if (!message.read()) throw new CityError("CLIENT_FINDING_EMPTY", "");
        add({ message: message.read(), severity, path: where.read() || null, line: Number.parseInt(at.read(), 10) || null, advice: advice.read() || null });
        for (const input of [message.input, advice.input, where.input, at.input]) input.value = "";
        announce(t("programs.mine.done"));
        return false;
      },
      { said, signal: screen.signal },
    );
  });
  return form;
}

function area(id, words, maxlength, hint) {
  const input = /** @type {HTMLTextAreaElement} */ (h("textarea", { id, rows: 3, maxlength, "aria-describedby": hint ? `${id}-hint` : null }));
  const el = h("div.one-line", null, h("label.block", { for: id }, words), input, hint ? h("p.hint-2", { id: `${id}-hint` }, hint) : null);
  return { el, input, read: () => input.value.trim() };
}

// --- yes or no

function decision(screen, version, draft) {
  const said = h("div", { id: "trouble" });
  const note = area("note", t("programs.note"), NOTE_MAX, t("programs.note.hint"));
  note.input.value = draft.note;
  note.input.addEventListener("input", () => (draft.note = note.read()));
  const from = textField({ id: "not-before", words: t("programs.notbefore"), hint: t("programs.notbefore.hint"), type: "datetime-local", value: draft.notBefore, required: false });
  from.input.addEventListener("change", () => (draft.notBefore = from.input.value));
  const work = (decide) => () => decide(screen, version, draft);
  const button = (id, words, decide, look) => actButton({ words, work: work(decide), said, signal: screen.signal, look, id });
  return [
    h("h2.section", null, t("programs.decide")),
    note.el,
    from.el,
    said,
    button("approve", t("programs.approve"), approve, "primary.wide.spaced"),
    button("reject", t("programs.reject"), reject, "second.wide.spaced"),
  ];
}

/** One that runs already: it goes on, or somebody else has to have it taken back. */
function again(screen, version, draft) {
  const said = h("div", { id: "trouble" });
  const body = h("p", null, t("programs.confirm.next"));
  const work = () => decide(screen, version, draft, { decision: "APPROVE", word: "CONFIRM", yes: t("programs.confirm"), body, more: {} });
  return [
    h("h2.section", null, t("programs.decide")),
    h("p.hint-2", null, t("programs.confirm.else")),
    said,
    actButton({ words: t("programs.confirm"), work, said, signal: screen.signal, look: "primary.wide.spaced", id: "confirm-again" }),
  ];
}

async function approve(screen, version, draft) {
  const granted = version.asked.filter((name) => name !== NEVER_GIVEN && !draft.refused.has(name));
  const notBefore = draft.notBefore ? `${draft.notBefore}:00+08:00` : null; // what is typed is the city's time
  const body = [
    h("p", null, t("programs.approve.next")),
    h("p", null, version.asked.length ? t("programs.approve.gets", { n: granted.length, of: version.asked.length }) : t("programs.asks.nothing")),
    notBefore ? h("p", null, t("programs.notbefore.is", { when: dayAndClock(notBefore) })) : null,
  ];
  return decide(screen, version, draft, { decision: "APPROVE", yes: t("programs.approve"), body, more: { granted, notBefore } });
}

async function reject(screen, version, draft) {
  if (!draft.findings.length && !draft.note) throw new CityError("CLIENT_REJECT_WITHOUT_WHY", "");
  const body = [h("p", null, t("programs.reject.next")), draft.findings.length ? h("p", null, t("programs.reject.told", { n: draft.findings.length })) : null];
  return decide(screen, version, draft, { decision: "REJECT", yes: t("programs.reject"), body, more: {} });
}

/** Asked once more before it counts. word: what it is asked and told by. false: they thought better of it. */
async function decide(screen, version, draft, { decision, word = decision, yes, body, more }) {
  if (!(await confirmSheet({ title: t(`programs.ask.${word}`), body, yes, no: t("sheet.no"), signal: screen.signal }))) return false;
  await whole(ask(REVIEW_VERSION, { id: version.id, decision, findings: draft.findings, note: draft.note || null, ...more }, screen));
  drafts.delete(version.id);
  forgetAnswers();
  announce(t(`programs.done.${word}`));
  if (!screen.signal.aborted) screen.again();
}
