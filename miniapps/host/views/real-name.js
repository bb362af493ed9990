/** How well the city knows me, by what evidence, and the ways to be known better: each is a page. */

import { askAsMyself } from "../api.js";
import { REAL_NAME } from "../documents-family.js";
import { fill, h } from "../dom.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { icon } from "../ui/icons.js";
import { linkRow } from "../ui/list.js";
import { load } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";
import { pageOfWay } from "./real-name-way.js";

/** @type {import("../router.js").View} */
export const realName = { title: "realname.title", for: "CITIZEN", back: "/me", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("realname.title")), region);
  return load(region, {
    key: "real-name",
    signal: screen.signal,
    ask: () => askAsMyself(REAL_NAME, {}, screen),
    skeleton: () => skeleton("line", "row", "row"),
    show: ({ data }) => page(data.realName),
  });
}

function page(standing) {
  const open = standing.ways.filter((way) => way.available && way.level > standing.level);
  return [
    h("p.holder-level", { "data-testid": "level" }, icon("seal"), t(`level.${standing.level}`)),
    standing.validUntil ? h("p.hint-2", null, t("realname.until", { day: date(standing.validUntil) })) : null,
    open.length ? ways(open) : null,
    standing.evidence.length ? evidence(standing.evidence) : null,
    h("p.side-note", null, t("realname.why")),
  ];
}

const ways = (open) => [
  h("h2.section", null, t("prove.ways")),
  h(
    "ul.rows",
    { "data-testid": "ways-to-prove" },
    open.map((way) => linkRow({ to: pageOfWay(way.kind), title: t(`prove.way.${way.kind}`), fact: t("prove.leads", { n: way.level }) })),
  ),
];

const evidence = (all) => [
  h("h2.section", null, t("realname.evidence")),
  h(
    "ul.rows",
    { "data-testid": "evidence" },
    all.map((one) =>
      h(
        "li.piece",
        null,
        h("p", null, t(`realname.kind.${one.kind}`)),
        h("p.hint-2", null, `${one.source} · ${date(one.at)} · ${t("family.until", { day: date(one.expiresAt) })}`),
      ),
    ),
  ),
];
