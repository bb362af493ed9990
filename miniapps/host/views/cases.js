/** My reports, and those of others that I follow: each with how it stands. */

import { ask, missing, whole } from "../api.js";
import { acting } from "../acting.js";
import { fill, h } from "../dom.js";
import { CASES } from "../documents-street.js";
import { when } from "../format.js";
import { t } from "../i18n.js";
import { caseStatus, due } from "../ui/case-status.js";
import { icon } from "../ui/icons.js";
import { empty } from "../ui/list.js";
import { load, missingPart } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const cases = { title: "cases.title", for: "CITIZEN", back: "/home", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, acting() ? t("cases.of", { name: acting().name }) : t("cases.title")), acting() ? null : ways(), region);
  return load(region, {
    key: "cases",
    signal: screen.signal,
    ask: () => ask(CASES, { after: null }, screen),
    skeleton: () => skeleton("row", "row", "row"),
    show: ({ data: { me }, errors }) => [
      mine(screen, me.cases, missing(errors, "me", "cases")),
      followed(screen, me.supportedCases, missing(errors, "me", "supportedCases")),
    ],
  });
}

const ways = () =>
  h(
    "div.ways",
    null,
    h("a.primary", { href: "#/scan", "data-testid": "to-scan" }, icon("scan"), t("cases.scan")),
    h("a.second", { href: "#/report", "data-testid": "to-report" }, t("cases.new")),
  );

function mine(screen, connection, failed) {
  if (failed || !connection) return failed ? missingPart(t("cases.missing"), screen.again, failed) : null;
  if (!connection.nodes.length) return empty(t("cases.none"), t("cases.none.hint"));
  const rows = h("ul.rows", { "data-testid": "cases" });
  const foot = pages(connection, {
    place: (one) => rows.append(caseRow(one, `/cases/${one.id}`)),
    ask: async (after) => (await whole(ask(CASES, { after }, screen))).me.cases,
    signal: screen.signal,
  });
  return [rows, foot];
}

/** @param {any} one @param {string} to */
export const caseRow = (one, to) =>
  h(
    "li",
    { "data-testid": "case" },
    h("a.case-row", { href: `#${to}` }, caseFacts(one), icon("next")),
  );

const caseFacts = (one) =>
  h(
    "div.case-facts",
    null,
    h("p.case-what", null, one.category.name, one.district.name ? ` · ${one.district.name}` : ""),
    caseStatus(one),
    due(one),
    h("p.case-number.figures", null, one.number, " · ", when(one.updatedAt)),
  );

function followed(screen, connection, failed) {
  if (failed) return missingPart(t("cases.followed.missing"), screen.again, failed);
  if (!connection?.nodes.length) return null;
  return h(
    "section",
    { "data-testid": "followed" },
    h("h2.section", null, t("cases.followed")),
    h("ul.rows", null, connection.nodes.map(followedRow)),
  );
}

/** How it stands, not what it says: it is somebody else's. */
const followedRow = (one) =>
  h(
    "li.case-row",
    null,
    h(
      "div.case-facts",
      null,
      h("p.case-what", null, one.category.name, one.district.name ? ` · ${one.district.name}` : ""),
      caseStatus(one),
      h("p.case-number.figures", null, one.number, " · ", when(one.updatedAt)),
    ),
  );
