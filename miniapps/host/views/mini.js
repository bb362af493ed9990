/** Programs of the city and of those whom it knows: what I used, what there is, looked for by word and by kind. */

import { ask } from "../api.js";
import { MINI_PROGRAMS } from "../documents-mini.js";
import { fill, h } from "../dom.js";
import { homeDistrict } from "../home-district.js";
import { t } from "../i18n.js";
import { firstOf } from "../signals.js";
import { icon } from "../ui/icons.js";
import { choices, empty } from "../ui/list.js";
import { load } from "../ui/load.js";
import { keptPrograms } from "../ui/mini-kept.js";
import { programRow } from "../ui/mini-program.js";
import { pages } from "../ui/pages.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const mini = { title: "mini.title", for: "CITIZEN", back: "/home", enter };

const TYPING_MS = 250;
let asking = new AbortController();
const EVERY = "";
const CATEGORIES = [
  "GOVERNMENT",
  "TRANSPORT",
  "HEALTH",
  "EDUCATION",
  "ENVIRONMENT",
  "CULTURE",
  "LIVING",
  "COMMERCE",
  "OTHER",
];

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  const kinds = h("div.mini-kinds");
  const wanted = { search: "", category: EVERY };
  const look = () => list(screen, region, wanted, (found) => drawKinds(kinds, wanted, found, look));
  const input = h("input", { type: "search", placeholder: t("mini.search"), autocomplete: "off", maxlength: 64 });
  let typing = 0;
  input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      wanted.search = input.value.trim();
      if (!screen.signal.aborted) look();
    }, TYPING_MS);
  });
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("mini.title")),
    h("p.lead", null, t("mini.lead")),
    h("search", null, h("label.field.pill", null, icon("search"), h("span.unseen", null, t("mini.search")), input)),
    kinds,
    region,
  );
  return look();
}

/** A question that was typed over is not answered any more. */
function list(screen, region, { search, category }, onfirst) {
  asking.abort();
  asking = new AbortController();
  const signal = firstOf(screen.signal, asking.signal);
  const variables = { search: search || null, category: category || null, district: /** @type {string | null} */ (null) };
  return load(region, {
    key: `mini ${category} ${search}`,
    signal,
    ask: async () => {
      variables.district = await homeDistrict({ signal });
      return ask(MINI_PROGRAMS, variables, { signal });
    },
    skeleton: () => skeleton("row", "row", "row"),
    without: keptPrograms,
    show: ({ data: { miniPrograms: found } }) => {
      if (!search && !category) onfirst(found);
      if (!found.nodes.length) return nothing(search || category);
      const rows = h("ul.mini-list", { "data-testid": "mini-list" });
      const more = async (after) => (await ask(MINI_PROGRAMS, { ...variables, after }, { signal })).data.miniPrograms;
      const place = (program) => rows.append(programRow(program, search ? "search" : "home"));
      return [rows, pages(found, { place, ask: more, signal })];
    },
  });
}

const nothing = (wanted) =>
  wanted ? empty(t("mini.none.found"), t("mini.none.found.hint")) : empty(t("mini.none"), t("mini.none.hint"));

/** One kind alone is no choice. */
function drawKinds(place, wanted, { nodes, pageInfo }, look) {
  const there = CATEGORIES.filter((one) => pageInfo.hasNextPage || nodes.some(({ category }) => category === one));
  if (there.length < 2 || place.childElementCount) return;
  const onpick = (category) => {
    wanted.category = category;
    look();
  };
  const options = /** @type {[string, string][]} */ ([
    [EVERY, t("mini.kind.ALL")],
    ...there.map((one) => [one, t(`mini.kind.${one}`)]),
  ]);
  fill(
    place,
    choices({ legend: t("mini.kind"), name: "kind", value: wanted.category, options, onpick, columns: true }),
  );
}
