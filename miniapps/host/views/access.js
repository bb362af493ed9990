/** Who read what of me, why and on whose behalf; every reading stands here before it was answered. */

import { askAsMyself, whole } from "../api.js";
import { ACCESS_LOG, EXPORT_LOG } from "../documents-consent.js";
import { fill, h } from "../dom.js";
import { clock, clockSeconds, dayName, joined } from "../format.js";
import { t } from "../i18n.js";
import { saveFile } from "../save-file.js";
import { actButton } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { choices, empty } from "../ui/list.js";
import { load } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { skeleton } from "../ui/skeleton.js";

const ALL = "all";

/** @type {import("../router.js").View} */
export const access = { title: "access.title", for: "CITIZEN", back: "/me/data", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("access.title")), h("p.lead", null, t("access.lead")), region);
  return load(region, {
    key: "access",
    signal: screen.signal,
    ask: () => page(screen, null),
    skeleton: () => skeleton("row", "row", "row", "row"),
    show: ({ data }) => (data.accessLog.nodes.length ? list(screen, data.accessLog) : empty(t("access.none"), t("access.none.hint"))),
  });
}

const page = (screen, after) => askAsMyself(ACCESS_LOG, { after }, screen);

function list(screen, first) {
  const days = h("div.days", { "data-testid": "accesses" });
  const none = h("p.hint-2", { hidden: true }, t("access.filter.none"));
  let kind = ALL;
  /** What stands here as one. @type {{ rows: Element, entry: any, times: string[], el: HTMLElement }[]} */
  const runs = [];
  const sift = () => {
    for (const row of days.querySelectorAll("[data-kind]")) row.hidden = kind !== ALL && row.dataset.kind !== kind;
    for (const day of days.children) day.hidden = !day.querySelector("[data-kind]:not([hidden])");
    none.hidden = [...days.children].some((day) => !day.hidden);
  };
  const place = (entry) => {
    const rows = dayOf(days, dayName(entry.at));
    const last = runs.at(-1);
    if (last?.rows === rows && alike(last.entry, entry)) {
      last.times.push(entry.at);
      last.el.replaceWith((last.el = row(last.entry, last.times)));
    } else {
      const run = { rows, entry, times: [entry.at], el: row(entry, [entry.at]) };
      runs.push(run);
      rows.append(run.el);
    }
    sift();
  };
  const ask = async (after) => (await whole(page(screen, after))).accessLog;
  const filter = choices({
    legend: t("access.filter"),
    name: "kind",
    value: ALL,
    options: [ALL, "officer", "program", "person"].map((one) => [one, t(`access.kind.${one}`)]),
    onpick: (value) => ((kind = value), sift()),
    columns: true,
  });
  const foot = pages(first, { place, ask, signal: screen.signal });
  return [filter, days, none, foot, exports(screen)];
}

/** A page may go on with the day that the last one ended with. */
function dayOf(days, name) {
  const last = days.lastElementChild;
  if (last?.getAttribute("data-day") === name) return last.querySelector("ul");
  const rows = h("ul.rows");
  days.append(h("section.day", { "data-day": name }, h("h2.section", null, name), rows));
  return rows;
}

/**
 * One reader, one reason, the same facts, one after the other: a code that a guardian keeps on screen is read anew every
 * fifty seconds. Each reading has its own entry in the city, and in the file that can be taken along; here they stand as
 * one, with every time behind it, so that they do not hide what somebody else read in between.
 */
const alike = (one, other) => signature(one) === signature(other);
const signature = ({ id, at, ...rest }) => JSON.stringify(rest);

const kindOf = (entry) => (entry.program ? "program" : entry.officer ? "officer" : "person");

/** @param {any} entry @param {string[]} times  the newest first */
function row(entry, times) {
  const who = entry.program ?? officer(entry.officer) ?? entry.person?.maskedName ?? t("access.somebody");
  const why = entry.reason ? `${entry.purpose} · ${entry.reason}` : entry.purpose;
  return h(
    "li.scan",
    { "data-testid": "access", "data-kind": kindOf(entry) },
    h("time.figures", { datetime: times[0] }, clock(times[0])),
    h(
      "div",
      null,
      h("p.scan-who", null, who),
      h("p.scan-why", null, why),
      h("p.scan-why", null, t("access.read", { names: joined(entry.fields.map((field) => field.name)) })),
      entry.onBehalfOf ? h("p.scan-why", null, t("access.for", { name: entry.onBehalfOf.maskedName })) : null,
      times.length > 1 ? everyTime(times) : null,
    ),
  );
}

const everyTime = (times) =>
  h(
    "details.fold",
    { "data-testid": "times" },
    h("summary", null, t("access.times", { n: times.length, from: clock(times[times.length - 1]), to: clock(times[0]) })),
    h("p.scan-why.figures", null, times.map(clockSeconds).join(" · ")),
  );

const officer = (card) => (card ? t("access.officer", { unit: card.organisation, badge: card.badge }) : null);

function exports(screen) {
  const said = h("div");
  const take = (format) => async () => {
    const { exportAccessLog: file } = await whole(askAsMyself(EXPORT_LOG, { format }, screen));
    saveFile(new Blob([file.content], { type: file.contentType }), file.fileName);
    announce(t("access.exported", { n: file.entries }));
    return false;
  };
  const one = (format, words) => actButton({ words, work: take(format), said, signal: screen.signal, id: `export-${format}` });
  return h(
    "section",
    null,
    h("h2.section", null, t("access.export")),
    h("p.hint-2", null, t("access.export.text")),
    h("div.side-by-side", null, one("CSV", t("access.export.csv")), one("JSON", t("access.export.json"))),
    said,
  );
}
