/** What can be reported: a search over plain words, and a list of native radios. Once chosen, the choice alone. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { icon } from "./icons.js";
import { choices } from "./list.js";

/**
 * @typedef {{ code: string, name: string, group: string }} Category
 * @param {{ categories: Category[], value: string, onpick: (code: string) => void }} use
 * @returns {HTMLElement}
 */
export function categoryField({ categories, value, onpick }) {
  const el = h("section.categories", { "data-testid": "categories" });
  const chosen = (code) => categories.find((category) => category.code === code);

  function closed(category) {
    const change = h("button.second", { type: "button", onclick: () => (open(), focusSearch()) }, t("report.change"));
    const head = h("div", null, h("b", null, category.name), h("p.hint-2", null, category.group));
    fill(el, h("h2.section", null, t("report.what")), h("div.chosen", { "data-testid": "chosen" }, head, change));
    return change;
  }

  function open() {
    const list = h("div");
    const said = h("p.hint", { role: "status" });
    const draw = (wanted) => {
      const found = categories.filter((category) => words(category).includes(wanted.trim().toLowerCase()));
      fill(list, found.length ? radios(found) : null);
      fill(said, found.length ? "" : t("report.what.none"));
    };
    const radios = (found) =>
      choices({
        legend: t("report.what"),
        name: "category",
        value: "",
        options: found.map(({ code, name }) => [code, name]),
        onpick: (code) => (onpick(code), closed(chosen(code)).focus()),
        columns: true,
      });
    const search = h("input", {
      type: "search",
      placeholder: t("report.what.search"),
      autocomplete: "off",
      oninput: ({ target }) => draw(target.value),
    });
    fill(
      el,
      h("label.field.pill", null, icon("search"), h("span.unseen", null, t("report.what.search")), search),
      said,
      list,
    );
    draw("");
  }

  const focusSearch = () => el.querySelector("input")?.focus();
  if (chosen(value)) closed(chosen(value));
  else open();
  return el;
}

const words = ({ code, name, group }) => `${name} ${group} ${t(`search.category.${code}`)}`.toLowerCase();
