/** Who scanned my code, when and why: every showing is on record, and the record is mine. */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { SCANS } from "../documents.js";
import { clock, dayName } from "../format.js";
import { t } from "../i18n.js";
import { empty, moreButton } from "../ui/list.js";
import { load, problem } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const scans = { title: "scans.title", for: "CITIZEN", back: "/home", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("scans.title")), h("p.lead", null, t("scans.lead")), region);
  return load(region, {
    key: "scans",
    signal: screen.signal,
    ask: async () => ({ data: await whole(page(screen, null)), errors: [] }),
    skeleton: () => skeleton("short", "row", "row", "row"),
    show: ({ data }) => list(screen, data.me.scans),
  });
}

const page = (screen, after) => ask(SCANS, { after }, screen);

function list(screen, { nodes, pageInfo }) {
  if (!nodes.length) return empty(t("scans.none"), t("scans.none.hint"));
  const days = h("div.days", { "data-testid": "scans" });
  const foot = h("div");
  const add = (connection) => {
    addDays(days, connection.nodes);
    fill(
      foot,
      connection.pageInfo.hasNextPage
        ? moreButton(() => next(connection.pageInfo.endCursor))
        : h("p.hint", null, t("list.end")),
    );
  };
  const next = async (after) => {
    try {
      add((await whole(page(screen, after))).me.scans);
    } catch (error) {
      if (!screen.signal.aborted)
        fill(
          foot,
          problem(error, () => next(after)),
        );
    }
  };
  add({ nodes, pageInfo });
  return [days, foot];
}

/** Under the day's name; a page may go on with the day that the last one ended with. */
function addDays(days, nodes) {
  for (const scan of nodes) {
    const day = dayName(scan.at);
    let section = days.lastElementChild;
    if (section?.getAttribute("data-day") !== day) {
      section = h("section.day", { "data-day": day }, h("h2.section", null, day), h("ul.rows"));
      days.append(section);
    }
    section.querySelector("ul").append(scanRow(scan));
  }
}

const scanRow = (scan) =>
  h(
    "li.scan",
    { "data-testid": "scan" },
    h("time.figures", { datetime: scan.at }, clock(scan.at)),
    h(
      "div",
      null,
      h("p.scan-who", null, scan.scanner.organisation),
      h("p.scan-why", null, t("scans.why", { why: scan.purposeLabel, badge: scan.scanner.badge })),
    ),
  );
