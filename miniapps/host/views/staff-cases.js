/** The cases of my district: what is late first, then what is due next. */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { STAFF_CASES } from "../documents-street.js";
import { t } from "../i18n.js";
import { onSessionChange } from "../session.js";
import { firstOf } from "../signals.js";
import { caseStatus, due } from "../ui/case-status.js";
import { icon } from "../ui/icons.js";
import { choices, empty } from "../ui/list.js";
import { load } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { skeleton } from "../ui/skeleton.js";

/** Which statuses each choice means; null: the open ones, as the city says. */
const FILTERS = {
  open: { status: null, overdue: false },
  overdue: { status: null, overdue: true },
  new: { status: ["SUBMITTED", "REOPENED"], overdue: false },
  waiting: { status: ["RETURNED"], overdue: false },
  done: { status: ["RESOLVED", "CLOSED", "REJECTED", "DUPLICATE"], overdue: false },
};

/** What was chosen last: back from a case, the list is as it was left. */
let filter = "open";
let category = "";
onSessionChange(() => ((filter = "open"), (category = "")));

/** @type {import("../router.js").View} */
export const staffCases = { title: "desk.cases", for: "STAFF", dock: true, enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  const pickers = h("div");
  const page = (after) => ask(STAFF_CASES, { ...FILTERS[filter], category: category || null, after }, screen);
  let last = new AbortController();
  const reload = () => {
    last.abort(); // the answer to what was chosen before
    last = new AbortController();
    return load(region, {
      key: `staff cases ${filter} ${category}`,
      signal: firstOf(screen.signal, last.signal),
      ask: () => page(null),
      skeleton: () => skeleton("row", "row", "row"),
      show: ({ data }) => {
        if (!pickers.childElementCount) fill(pickers, filters(reload), kinds(data.reportCategories, reload));
        return list(screen, data.staffCases, page);
      },
    });
  };
  fill(screen.main, h("h1", { tabindex: "-1" }, t("desk.cases")), pickers, region);
  return reload();
}

const filters = (reload) =>
  choices({
    legend: t("desk.filter"),
    name: "filter",
    value: filter,
    options: Object.keys(FILTERS).map((name) => [name, t(`desk.filter.${name}`)]),
    onpick: (name) => ((filter = name), reload()),
    columns: true,
  });

const kinds = (categories, reload) =>
  h(
    "label.select",
    null,
    h("span", null, t("desk.category")),
    h(
      "select",
      { onchange: ({ target }) => ((category = target.value), reload()) },
      h("option", { value: "" }, t("desk.category.all")),
      categories.map(({ code, name }) => h("option", { value: code, selected: code === category }, name)),
    ),
  );

function list(screen, connection, page) {
  if (!connection.nodes.length) return h("div", { "data-testid": "staff-cases" }, empty(t("desk.cases.none"), t("desk.cases.none.hint")));
  const rows = h("ul.rows", { "data-testid": "staff-cases" });
  const foot = pages(connection, {
    place: (one) => rows.append(row(one)),
    ask: async (after) => (await whole(page(after))).staffCases,
    signal: screen.signal,
  });
  return [rows, foot];
}

const row = (one) =>
  h(
    "li",
    { "data-testid": "case", "data-overdue": String(one.overdue) },
    h(
      "a.case-row",
      { href: `#/desk/cases/${one.id}` },
      h(
        "div.case-facts",
        null,
        h("p.case-what", null, one.category.name, one.district.name ? ` · ${one.district.name}` : ""),
        one.place?.name || one.address ? h("p.hint-2", null, one.place?.name ?? one.address) : null,
        caseStatus(one),
        due(one),
        h("p.case-number.figures", null, one.number),
      ),
      icon("next"),
    ),
  );
