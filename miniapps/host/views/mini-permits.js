/** What I let programs do, by program; taken back where each is told of. */

import { ask } from "../api.js";
import { MINI_PERMITS } from "../documents-mini.js";
import { fill, h } from "../dom.js";
import { joined, nameLang, when } from "../format.js";
import { t } from "../i18n.js";
import { icon } from "../ui/icons.js";
import { empty } from "../ui/list.js";
import { load } from "../ui/load.js";
import { permissionName } from "../ui/mini-permissions.js";
import { programIcon } from "../ui/mini-program.js";
import { pages } from "../ui/pages.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const miniPermits = { title: "mini.permits", for: "CITIZEN", back: "/me/data", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("mini.permits")), h("p.lead", null, t("mini.permits.lead")), region);
  return load(region, {
    key: "mini permits",
    signal: screen.signal,
    ask: () => ask(MINI_PERMITS, {}, screen),
    skeleton: () => skeleton("row", "row"),
    show: ({ data: { me } }) =>
      me.miniPermits.nodes.length
        ? list(screen, me.miniPermits)
        : empty(t("mini.permits.none"), t("mini.permits.none.hint")),
  });
}

/** One row a program, the last one that something was given to first. */
function list(screen, first) {
  const rows = h("ul.rows", { "data-testid": "mini-permits" });
  const known = new Map();
  const place = (permit) => {
    const key = permit.program?.appId ?? permit.id;
    const one = known.get(key) ?? { program: permit.program, permits: [], el: h("li") };
    if (!known.has(key)) rows.append(one.el);
    known.set(key, one);
    one.permits.push(permit);
    fill(one.el, row(one));
  };
  const more = async (after) => (await ask(MINI_PERMITS, { after }, screen)).data.me.miniPermits;
  return [rows, pages(first, { place, ask: more, signal: screen.signal })];
}

function row({ program, permits }) {
  const used = permits
    .flatMap(({ lastUsedAt }) => lastUsedAt ?? [])
    .sort()
    .at(-1);
  const words = h(
    "span.mini-words",
    null,
    h("span.mini-name", { lang: nameLang(program?.name ?? "") }, program?.name ?? t("mini.gone")),
    h("span.mini-about", null, joined(permits.map(({ name }) => permissionName(name)))),
    used ? h("span.mini-about", null, t("mini.permits.used", { when: when(used) })) : null,
  );
  return program
    ? h("a.mini-open", { href: `#/mini/${program.appId}/about` }, programIcon(program), words, icon("next"))
    : h("div.mini-open", null, words);
}
