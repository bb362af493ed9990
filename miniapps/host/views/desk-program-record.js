/** A program as officers keep it: who builds it and how far they are trusted, what runs, what it may, where it is filed. */

import { ask, whole } from "../api.js";
import {
  DECIDE_FILING, GRANT_CAPABILITY, PROGRAM_RECORD, RATE_ORGANISATION, REVIEWERS_RECORD, SET_QUOTA,
  TAKE_CAPABILITY,
} from "../documents-desk-program.js";
import { fill, h } from "../dom.js";
import { governsPrograms, learnRoles, reviewsPrograms, roles } from "../duties.js";
import { dayAndClock, nameLang } from "../format.js";
import { has, t } from "../i18n.js";
import { announce } from "../ui/announce.js";
import { icon } from "../ui/icons.js";
import { forgetAnswers, load } from "../ui/load.js";
import { isSensitive, permissionName } from "../ui/mini-permissions.js";
import { builtBy, ownMatter, rolloutWords, stateOf, versionWords } from "../ui/program-review.js";
import { templateRows } from "../ui/program-templates.js";
import { reasonField, reasonSheet, workForm } from "../ui/reason.js";
import { skeleton } from "../ui/skeleton.js";
import { fact, placeName, select } from "../ui/staff-words.js";
import { state } from "../ui/state.js";
import { textField } from "../ui/text-field.js";

const GRADES = ["A", "B", "C", "D", "BLOCKED"];
/** Of a select: the grade is worked out again. */
const WORKED_OUT = "";

/** @type {import("../router.js").View} */
export const programRecord = {
  title: "programs.record",
  for: "STAFF",
  back: "/desk/programs",
  enter,
};

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, region);
  return load(region, {
    key: `program ${screen.at.appId}`,
    signal: screen.signal,
    ask: async () => {
      if (!roles()) await learnRoles(screen);
      const [answer, mine] = await Promise.all([
        ask(PROGRAM_RECORD, { appId: screen.at.appId }, screen),
        reviewsPrograms() ? whole(ask(REVIEWERS_RECORD, { appId: screen.at.appId }, screen)) : null,
      ]);
      return { ...answer, data: { ...answer.data, miniFilings: [], miniTemplates: [], ...mine } };
    },
    skeleton: () => skeleton("title", "line", "row", "row", "row"),
    show: ({ data }) => page(screen, data),
  });
}

/** Do it, say that it is done, show what is true now. */
const after = (screen, words) => {
  forgetAnswers();
  announce(words);
  if (!screen.signal.aborted) screen.again();
};

function page(screen, { programRecord: one, districts, miniFilings, miniTemplates }) {
  const may = { review: reviewsPrograms() && !one.own, govern: governsPrograms() && !one.own };
  return [
    h("h1", { tabindex: "-1", lang: nameLang(one.name) }, one.name),
    h("p.hint-2.figures", null, one.appId),
    standing(one),
    one.rollout ? h("p.hint-2", { "data-testid": "rollout" }, `${t("programs.rollout.of", { code: one.rollout.versionCode })} · ${rolloutWords(one.rollout)}`) : null,
    one.own ? ownMatter("programs.own") : null,
    builder(screen, one, may),
    releases(one, may),
    tried(one),
    versions(one),
    capabilities(screen, one, may),
    templates(screen, one, miniTemplates, may),
    quotas(screen, one, may),
    filings(screen, one, districts, may.review ? miniFilings : []),
  ];
}

function standing({ revoked, running, releases }) {
  if (revoked) return state("stop", "stop", t("programs.revoked"), "program-state");
  const runs = releases.find(({ versionCode }) => versionCode === running);
  return runs
    ? state("ok", "ok", t("programs.runs", { version: versionWords(runs) }), "program-state")
    : state("plain", "blank", t("programs.runs.none"), "program-state");
}

// --- who builds it

function builder(screen, { builder: who, rating }, may) {
  return [
    h("h2.section", null, t("programs.builder")),
    builtBy(who),
    who.blocked ? state("stop", "stop", t(`programs.blocked.${who.blocked}`)) : null,
    rating
      ? h(
          "dl.facts",
          { "data-testid": "rating" },
          fact(t("programs.rating"), t(`programs.grade.${rating.grade}`)),
          fact(t("programs.score"), h("span.figures", null, t("programs.score.of", { n: rating.score }))),
          fact(t("programs.rating.why"), rating.reasons.join(" · ")),
          fact(t("programs.rated.why"), who.ratedBecause),
        )
      : h("p.hint-2", null, t("programs.rating.none")),
    may.govern && rating ? rate(screen, who) : null,
  ];
}

function rate(screen, who) {
  const grades = /** @type {[string, string][]} */ ([[WORKED_OUT, t("programs.rate.workedout")], ...GRADES.map((one) => [one, t(`programs.grade.${one}`)])]);
  const grade = select("grade", t("programs.rate.grade"), grades, who.ratedBecause ? who.grade : WORKED_OUT);
  const reason = reasonField({ id: "rate-reason", hint: t("programs.reason.builder") });
  const work = async () => {
    await whole(ask(RATE_ORGANISATION, { organisation: who.id, grade: grade.read() || null, reason: reason.read() }, screen));
    after(screen, t("programs.rate.done"));
  };
  const form = workForm({ fields: [grade.el, reason.el], words: t("programs.rate.set"), work, signal: screen.signal, id: "rate", look: "second.wide" });
  return h("details.fold", null, h("summary", null, t("programs.rate")), h("p.hint-2", null, t("programs.rate.next")), form);
}

// --- what runs

/** What browsers say that pages tried and their policy forbade, by version: a reason to look, and no proof. */
function tried({ blocked, releases: all }) {
  const rows = Object.entries(blocked).map(([code, counts]) => {
    const release = all.find(({ versionCode }) => versionCode === Number(code));
    const words = Object.entries(counts).map(([what, n]) => {
      const [directive, kind] = what.split(" ");
      return t("programs.tried.one", { directive, kind: t(`programs.tried.${kind}`), n });
    });
    return fact(release ? versionWords(release) : code, words.join(" · "));
  });
  if (!rows.length) return null;
  return [
    h("h2.section", null, t("programs.tried")),
    h("p.hint-2", null, t("programs.tried.hint")),
    h("dl.facts", { "data-testid": "tried" }, rows),
  ];
}

function releases(one, may) {
  const rows = one.releases.map((release) =>
    h(
      "li.release",
      { "data-testid": "release" },
      h("p.case-what.figures", null, versionWords(release)),
      stateOf(release.state),
      h("p.hint-2", null, dayAndClock(release.at)),
      release.because ? h("p.hint-2", null, t("programs.because", { reason: release.because })) : null,
      may.govern && !one.revoked && release.state !== "REVOKED"
        ? h("a.second", { href: `#/desk/propose/PROGRAM_VERSION_REVOKE?subject=${one.appId}@${release.versionCode}` }, t("programs.takeback.version", { version: versionWords(release) }))
        : null,
    ),
  );
  return [
    h("h2.section", null, t("programs.releases")),
    rows.length ? h("ul.rows", { "data-testid": "releases" }, rows) : h("p.hint-2", null, t("programs.releases.none")),
    may.govern && rows.length && !one.revoked
      ? [
          h("p.hint-2", null, t("programs.takeback.hint")),
          h("a.second.wide.spaced", { href: `#/desk/propose/PROGRAM_REVOKE?subject=${one.appId}`, "data-testid": "take-back" }, t("act.PROGRAM_REVOKE")),
        ]
      : null,
  ];
}

/** What was handed in; who reviews may look into it. */
function versions({ versions: { nodes } }) {
  if (!nodes.length) return null;
  const row = (one) => {
    const inside = [h("div.case-facts", null, h("p.case-what.figures", null, versionWords(one)), stateOf(one.state), h("p.hint-2", null, dayAndClock(one.createdAt)))];
    return h("li", null, reviewsPrograms() ? h("a.case-row", { href: `#/desk/programs/${one.id}` }, inside, icon("next")) : h("div.case-row", null, inside));
  };
  return [h("h2.section", null, t("programs.versions")), h("ul.rows", { "data-testid": "versions" }, nodes.map(row))];
}

// --- what it may

function capabilities(screen, one, may) {
  const { nodes } = one.versions;
  const now = nodes.find(({ versionCode }) => versionCode === one.running) ?? nodes[0] ?? { asked: [], granted: [] };
  const names = [...new Set([...now.asked.filter((name) => !name.includes("://")), ...one.given, ...one.taken])].sort();
  if (!names.length) return null;
  const holds = (name) => (now.granted.includes(name) || one.given.includes(name)) && !one.taken.includes(name);
  return [
    h("h2.section", null, t("programs.capabilities")),
    h("p.hint-2", null, t("programs.capabilities.hint")),
    h("ul.rows", { "data-testid": "capabilities" }, names.map((name) => capability(screen, one, name, holds(name), may))),
  ];
}

function capability(screen, one, name, held, may) {
  const beside = one.taken.includes(name) ? "taken" : one.given.includes(name) ? "given" : held ? "review" : "none";
  const change = () =>
    reasonSheet({
      title: t(held ? "programs.take" : "programs.grant"),
      text: t(held ? "programs.take.next" : "programs.grant.next", { name: permissionName(name) }),
      hint: t("programs.reason.citizens"),
      signal: screen.signal,
      work: async (reason) => {
        await whole(ask(held ? TAKE_CAPABILITY : GRANT_CAPABILITY, { appId: one.appId, name, reason }, screen));
        after(screen, t(held ? "programs.take.done" : "programs.grant.done"));
      },
    });
  const words = t(held ? "programs.take" : "programs.grant");
  return h(
    "li.release",
    { "data-testid": "capability", "data-name": name },
    h("p.case-what", null, isSensitive(name) ? t("programs.sensitive.of", { name: permissionName(name) }) : permissionName(name)),
    h("p.hint-2", null, name),
    state(held ? "ok" : "plain", held ? "ok" : "blank", t(`programs.held.${beside}`)),
    may.review && one.releases.length ? h("button.second", { type: "button", onclick: change, "aria-label": `${words}: ${permissionName(name)}` }, words) : null,
  );
}

// --- what it may write to citizens

const templates = (screen, one, all, may) =>
  all.length ? templateRows(screen, one.appId, all, { decides: may.review, bans: may.review }) : null;

// --- how much

function quotas(screen, one, may) {
  if (!one.quotas.length) return null;
  return [
    h("h2.section", null, t("programs.quotas")),
    h("p.hint-2", null, t("programs.quotas.hint")),
    h("dl.facts", { "data-testid": "quotas" }, one.quotas.map((quota) => fact(quotaName(quota.name), h("span.figures", null, t("programs.quota.used", { used: count(quota.used), of: count(quota.perDay) }))))),
    may.review ? setQuota(screen, one) : null,
  ];
}

const count = (/** @type {number} */ n) => n.toLocaleString("en");
const quotaName = (name) => (has(`programs.quota.${name}`) ? t(`programs.quota.${name}`) : name);

function setQuota(screen, one) {
  const which = select("quota", t("programs.quota.which"), one.quotas.map(({ name }) => [name, quotaName(name)]), one.quotas[0].name);
  const most = textField({ id: "per-day", words: t("programs.quota.perday"), hint: t("programs.quota.perday.hint"), inputmode: "numeric", autocomplete: "off", maxlength: 9, figures: true, required: false });
  const work = async () => {
    const typed = most.read().replace(/[,\s]/g, "");
    await whole(ask(SET_QUOTA, { appId: one.appId, name: which.read(), perDay: typed ? Number(typed) : null }, screen));
    after(screen, t("programs.quota.done"));
  };
  const form = workForm({ fields: [which.el, most.el], words: t("programs.quota.set"), work, signal: screen.signal, id: "set-quota", look: "second.wide" });
  return h("details.fold", { "data-testid": "quota-form" }, h("summary", null, t("programs.quota.change")), form);
}

// --- where it is filed

/** @type {Record<string, [tone: any, shape: string]>} */
const FILED = { PENDING: ["info", "clock"], FILED: ["ok", "ok"], REFUSED: ["stop", "stop"] };

function filings(screen, one, districts, mine) {
  return [
    h("h2.section", null, t("programs.filings")),
    one.filings.length
      ? h("ul.rows", { "data-testid": "filings" }, one.filings.map((filing) => filed(screen, one, filing, districts, mine)))
      : h("p.hint-2", null, t("programs.filings.none")),
  ];
}

function filed(screen, one, { district, state: now, note, decidedAt, askedAt }, districts, mine) {
  const decides = mine.some((filing) => filing.appId === one.appId && filing.district === district);
  const decide = (yes) =>
    h(
      "button.second",
      {
        type: "button",
        "data-testid": yes ? "file" : "refuse",
        onclick: () =>
          reasonSheet({
            title: t(`programs.file.${yes ? "yes" : "no"}`),
            text: t(`programs.file.next.${yes ? "yes" : "no"}`, { place: placeName(district, districts) }),
            hint: t("programs.reason.builder"),
            signal: screen.signal,
            work: async (reason) => {
              await whole(ask(DECIDE_FILING, { appId: one.appId, district, filed: yes, note: reason }, screen));
              after(screen, t(`programs.file.done.${yes ? "yes" : "no"}`));
            },
          }),
      },
      t(`programs.file.${yes ? "yes" : "no"}`),
    );
  return h(
    "li.release",
    { "data-testid": "filing" },
    h("p.case-what", null, placeName(district, districts)),
    state(...FILED[now], t(`programs.filing.${now}`)),
    h("p.hint-2", null, dayAndClock(decidedAt ?? askedAt)),
    note ? h("p.hint-2", null, note) : null,
    decides ? h("div.side-by-side", null, decide(true), decide(false)) : null,
  );
}
