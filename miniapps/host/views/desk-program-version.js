/** One version as its reviewer sees it: who built it, what was found, what it changes, what it asks for; and the decision. */

import { ask, missing } from "../api.js";
import { TEMPLATES, VERSION_REVIEWED } from "../documents-desk-program.js";
import { fill, h } from "../dom.js";
import { dayAndClock, nameLang } from "../format.js";
import { t } from "../i18n.js";
import { shape } from "../ui/icons.js";
import { linkRow } from "../ui/list.js";
import { load, missingPart, problem } from "../ui/load.js";
import { changesOf, size } from "../ui/program-changes.js";
import { deciding } from "../ui/program-decision.js";
import { originOf } from "../ui/program-origin.js";
import { askedName, builtBy, ownMatter, rolloutWords, severityOf, stateOf, versionWords } from "../ui/program-review.js";
import { templateRows } from "../ui/program-templates.js";
import { trial } from "../ui/program-trial.js";
import { skeleton } from "../ui/skeleton.js";
import { fact } from "../ui/staff-words.js";

/** @type {import("../router.js").View} */
export const programVersion = {
  title: "programs.version",
  for: "STAFF",
  back: "/desk/programs",
  enter,
};

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, region);
  return load(region, {
    key: `version ${screen.at.version}`,
    signal: screen.signal,
    ask: () => ask(VERSION_REVIEWED, { id: screen.at.version }, screen),
    skeleton: () => skeleton("title", "line", "row", "row", "row"),
    show: ({ data, errors }) => page(screen, data.miniVersion, missing(errors, "miniVersion", "difference")),
  });
}

function page(screen, version, undiffed) {
  return [
    h("h1", { tabindex: "-1", lang: nameLang(version.programName) }, version.programName),
    stateOf(version.state),
    version.secondLook ? h("p.side-note", { "data-testid": "second-look" }, shape("round"), h("span", null, t("programs.second.why"))) : null,
    builtBy(version.builder),
    facts(version),
    originOf(version.origin),
    version.notes ? [h("h2.section", null, t("programs.fact.notes")), h("blockquote.side-note", { "data-testid": "notes" }, version.notes)] : null,
    version.builder.blocked ? ownMatter(`programs.blocked.${version.builder.blocked}`) : null,
    h("ul.rows", null, linkRow({ to: `/desk/programs/app/${version.appId}`, title: t("programs.record") })),
    version.state === "IN_REVIEW" && !version.own ? trial(screen, version) : null,
    findings(version.findings),
    undiffed ? missingPart(t("programs.changes.missing"), screen.again, undiffed) : changesOf(version.difference),
    messages(screen, version),
    decided(version),
    version.state === "IN_REVIEW" || version.secondLook ? verdict(screen, version) : null,
    steps(version.steps),
  ];
}

const verdict = (screen, version) => (version.own ? ownMatter("programs.own") : deciding(screen, version));

const facts = (version) =>
  h(
    "dl.facts",
    null,
    fact(t("programs.fact.version"), h("span.figures", null, versionWords(version))),
    fact(t("programs.fact.submitted"), dayAndClock(version.steps.find(({ act }) => act === "SUBMIT")?.at ?? version.createdAt)),
    fact(t("programs.fact.size"), size(version.bytes)),
    fact(t("programs.fact.package"), h("span.hash", null, version.packageSha256)),
    fact(t("programs.fact.account"), version.testAccount ? h("span.figures", null, version.testAccount) : null),
    fact(t("programs.fact.by"), t(version.origin ? "programs.by.run" : "programs.by.member")),
    version.rollout ? fact(t("programs.fact.rollout"), rolloutWords(version.rollout)) : null,
  );

/** What it may write to citizens, which goes in with it; nothing where it writes nothing. */
function messages(screen, version) {
  const region = h("div");
  const may = { decides: version.state === "IN_REVIEW" && !version.own, bans: false };
  const show = ({ miniTemplates }) => (miniTemplates.length ? templateRows(screen, version.appId, miniTemplates, may) : null);
  ask(TEMPLATES, { appId: version.appId }, screen).then(
    ({ data }) => screen.signal.aborted || fill(region, show(data)),
    (error) => screen.signal.aborted || fill(region, problem(error, screen.again)),
  );
  return region;
}

function findings(found) {
  const of = (by) => found.filter((one) => one.by === by);
  return [
    h("h2.section", null, t("programs.findings")),
    of("OFFICER").length ? h("ul.findings", { "data-testid": "said" }, of("OFFICER").map(finding)) : null,
    of("MACHINE").length
      ? h("ul.findings", { "data-testid": "findings" }, of("MACHINE").map(finding))
      : h("p.hint-2", { "data-testid": "findings" }, t("programs.found.nothing")),
  ];
}

const finding = (one) =>
  h(
    "li.finding",
    { "data-testid": "finding", "data-severity": one.severity },
    severityOf(one.severity),
    h("p", null, one.message),
    one.path ? h("p.where", null, [one.path, one.line, one.column].filter((part) => part).join(":")) : null,
    one.advice ? h("p.hint-2", null, one.advice) : null,
    one.by === "OFFICER" ? h("p.hint-2", null, t("programs.by.officer")) : ruleOf(one),
  );

/** Where the city says what the rule is for. */
const ruleOf = ({ rule, docs }) =>
  /^https:/.test(docs)
    ? h("a.rule", { href: docs, target: "_blank", rel: "noopener noreferrer" }, t("programs.rule", { rule }))
    : rule
      ? h("p.rule", null, rule)
      : null;

/** What it was given, where it was let in. */
function decided({ state, asked, granted, notBefore }) {
  if (!["APPROVED", "ROLLING", "RELEASED", "SUPERSEDED"].includes(state)) return null;
  return [
    h("h2.section", null, t("programs.granted")),
    asked.length
      ? h("ul.plain", { "data-testid": "granted" }, asked.map((name) => h("li", null, askedName(name), " · ", t(granted.includes(name) ? "programs.given" : "programs.notgiven"))))
      : h("p.hint-2", null, t("programs.asks.nothing")),
    notBefore ? h("p.hint-2", null, t("programs.notbefore.is", { when: dayAndClock(notBefore) })) : null,
  ];
}

const steps = (all) => [
  h("h2.section", null, t("programs.steps")),
  h(
    "ol.timeline",
    null,
    all.map((step) =>
      h(
        "li.stop",
        null,
        h("p.stop-what", null, t(`programs.act.${step.act}`)),
        h("p.stop-when", null, h("time.figures", { datetime: step.at }, dayAndClock(step.at)), ` · ${t(`programs.who.${step.by}`)}`),
        step.note ? h("p.stop-note", null, step.note) : null,
      ),
    ),
  ),
];
