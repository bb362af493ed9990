/** What staff of the city did to my account: what, why, who, until when, and what I can do about it. */

import { askAsMyself, whole } from "../api.js";
import { INTERVENTIONS } from "../documents-staff.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { interventionRow } from "../ui/intervention.js";
import { empty } from "../ui/list.js";
import { load } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const interventions = { title: "interventions.title", for: "CITIZEN", back: "/me/data", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  const page = (after) => askAsMyself(INTERVENTIONS, { after }, screen);
  fill(screen.main, h("h1", { tabindex: "-1" }, t("interventions.title")), h("p.lead", null, t("interventions.lead")), region);
  return load(region, {
    key: "interventions",
    signal: screen.signal,
    ask: () => page(null),
    skeleton: () => skeleton("row", "row"),
    show: ({ data }) => list(screen, data.interventions, page),
  });
}

function list(screen, first, page) {
  if (!first.nodes.length) return empty(t("interventions.none"), t("interventions.none.hint"));
  const rows = h("ul.rows", { "data-testid": "interventions" });
  const foot = pages(first, {
    place: (one) => rows.append(interventionRow(one)),
    ask: async (after) => (await whole(page(after))).interventions,
    signal: screen.signal,
  });
  return [rows, foot, h("p.side-note", null, t("interventions.do"))];
}
