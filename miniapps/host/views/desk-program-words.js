/** Words of messages that wait for an officer, of all programs: the longest first, each taken or refused here. */

import { ask, whole } from "../api.js";
import { WORDS_WAITING } from "../documents-desk-program.js";
import { fill, h } from "../dom.js";
import { nameLang } from "../format.js";
import { t } from "../i18n.js";
import { icon } from "../ui/icons.js";
import { empty } from "../ui/list.js";
import { load } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { builtBy, ownMatter, waited } from "../ui/program-review.js";
import { templateRow } from "../ui/program-templates.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const programWords = {
  title: "programs.words",
  for: "STAFF",
  back: "/desk/programs",
  enter,
};

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("programs.words")), h("p.lead", null, t("programs.words.lead")), region);
  const page = (after) => ask(WORDS_WAITING, { after }, screen);
  return load(region, {
    key: "words waiting",
    signal: screen.signal,
    ask: () => page(null),
    skeleton: () => skeleton("row", "row", "row"),
    show: ({ data }) => list(screen, data.miniTemplatesWaiting, page),
  });
}

function list(screen, first, page) {
  if (!first.nodes.length) return empty(t("programs.words.empty"), t("programs.words.empty.hint"));
  const rows = h("ul.rows", { "data-testid": "words" });
  const foot = pages(first, {
    place: (one) => rows.append(row(screen, one)),
    ask: async (after) => (await whole(page(after))).miniTemplatesWaiting,
    signal: screen.signal,
  });
  return [rows, foot];
}

const row = (screen, one) =>
  templateRow(screen, one.appId, one.template, { decides: !one.own, bans: false }, [
    h("a.row", { href: `#/desk/programs/app/${one.appId}` }, h("b.row-title", { lang: nameLang(one.programName) }, one.programName), icon("next")),
    builtBy(one.builder),
    waited(one.template.handedInAt),
    one.own ? ownMatter("programs.own") : null,
  ]);
