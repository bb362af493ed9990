/** What waits for an officer's review, the longest first; filings of my districts; and any program by its name. */

import { ask, whole } from "../api.js";
import { FIND_PROGRAMS, REVIEW_QUEUE } from "../documents-desk-program.js";
import { fill, h } from "../dom.js";
import { learnRoles, reviewsPrograms, roles } from "../duties.js";
import { joined, nameLang, when } from "../format.js";
import { t } from "../i18n.js";
import { icon } from "../ui/icons.js";
import { empty, linkRow } from "../ui/list.js";
import { load, problem } from "../ui/load.js";
import { isSensitive } from "../ui/mini-permissions.js";
import { programIcon } from "../ui/mini-program.js";
import { pages } from "../ui/pages.js";
import { askedName, builtBy, versionWords, waited } from "../ui/program-review.js";
import { workForm } from "../ui/reason.js";
import { skeleton } from "../ui/skeleton.js";
import { placeName } from "../ui/staff-words.js";
import { state } from "../ui/state.js";
import { textField } from "../ui/text-field.js";

/** @type {import("../router.js").View} */
export const programs = {
  title: "programs.title",
  for: "STAFF",
  dock: true,
  enter,
};

/** @param {import("../router.js").Screen} screen */
async function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("programs.title")), region, search(screen));
  try {
    if (!roles()) await learnRoles(screen);
  } catch (error) {
    return screen.signal.aborted ? undefined : void fill(region, problem(error, screen.again));
  }
  if (!reviewsPrograms()) return void fill(region, h("p.lead", { "data-testid": "programs" }, t("programs.lead.officer")));
  const page = (after) => ask(REVIEW_QUEUE, { after }, screen);
  return load(region, {
    key: "review queue",
    signal: screen.signal,
    ask: () => page(null),
    skeleton: () => skeleton("row", "row", "row"),
    show: ({ data }) => [h("p.lead", null, t("programs.lead")), queue(screen, data.reviewQueue, page), words(data.miniTemplatesWaiting), filings(data)],
  });
}

function queue(screen, first, page) {
  if (!first.nodes.length) return h("div", { "data-testid": "programs" }, empty(t("programs.none"), t("programs.none.hint")));
  const rows = h("ul.rows", { "data-testid": "programs" });
  const foot = pages(first, {
    place: (one) => rows.append(row(one)),
    ask: async (after) => (await whole(page(after))).reviewQueue,
    signal: screen.signal,
  });
  return [rows, foot];
}

function row(one) {
  const since = one.steps.find(({ act }) => act === "SUBMIT")?.at;
  const count = (severity) => one.findings.filter((found) => found.severity === severity).length;
  const found = ["ERROR", "WARNING", "NOTE"].filter(count).map((severity) => t(`programs.found.${severity}`, { n: count(severity) }));
  return h(
    "li",
    { "data-testid": "waiting" },
    h(
      "a.case-row",
      { href: `#/desk/programs/${one.id}` },
      h(
        "div.case-facts",
        null,
        h("p.case-what", { lang: nameLang(one.programName) }, one.programName),
        h("p.hint-2", null, t("programs.version.of", { version: versionWords(one) })),
        builtBy(one.builder),
        h("p.hint-2", null, one.asked.length ? t("programs.asks", { names: joined(one.asked.map(marked)) }) : t("programs.asks.nothing")),
        h("p.hint-2", null, found.length ? joined(found) : t("programs.found.nothing")),
        one.secondLook ? state("info", "round", t("programs.second"), "second-look") : waited(since),
      ),
      icon("next"),
    ),
  );
}

/** What is sensitive says so by a word. */
const marked = (asked) => (isSensitive(asked) ? t("programs.sensitive.of", { name: askedName(asked) }) : askedName(asked));

/** Words of messages are decided by themselves, too. */
const words = ({ nodes }) => [
  h("h2.section", null, t("programs.templates.queue")),
  h("ul.rows", { "data-testid": "words-waiting" }, linkRow({ to: "/desk/programs/words", title: t("programs.words"), fact: t(nodes.length ? "programs.words.some" : "programs.words.none") })),
];

function filings({ miniFilings, districts }) {
  if (!miniFilings.length) return null;
  return [
    h("h2.section", null, t("programs.filings")),
    h(
      "ul.rows",
      { "data-testid": "filings" },
      miniFilings.map((one) =>
        h(
          "li",
          null,
          h(
            "a.case-row",
            { href: `#/desk/programs/app/${one.appId}` },
            h(
              "div.case-facts",
              null,
              h("p.case-what.figures", null, one.appId),
              h("p.hint-2", null, `${placeName(one.district, districts)} · ${when(one.askedAt)}`),
            ),
            icon("next"),
          ),
        ),
      ),
    ),
  ];
}

/** Any program that runs here: to settle what it may, or to take it back. */
function search(screen) {
  const found = h("div", { role: "status" });
  const field = textField({ id: "program", words: t("programs.find"), hint: t("programs.find.hint"), type: "search", autocomplete: "off", maxlength: 64 });
  const work = async () => {
    const { miniPrograms } = await whole(ask(FIND_PROGRAMS, { search: field.read() || null }, screen));
    const rows = miniPrograms.nodes.map(programRow);
    fill(found, rows.length ? h("ul.rows", { "data-testid": "found" }, rows) : empty(t("programs.find.none"), t("programs.find.none.hint")));
    return false; // nothing was changed: what is known stays
  };
  return [
    h("h2.section", null, t("programs.all")),
    workForm({ fields: [field.el], words: t("programs.find.go"), work, signal: screen.signal, id: "find-program", look: "second.wide" }),
    found,
  ];
}

const programRow = (one) =>
  h(
    "li",
    null,
    h(
      "a.case-row",
      { href: `#/desk/programs/app/${one.appId}` },
      programIcon(one),
      h("div.case-facts", null, h("p.case-what", { lang: nameLang(one.name) }, one.name), h("p.hint-2", { lang: nameLang(one.organisation.name) }, one.organisation.name)),
      icon("next"),
    ),
  );
