/** Rows under hairlines: the shell's one way of listing things. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { busy } from "./busy.js";
import { icon } from "./icons.js";

/** @param {{ to: string, title: string, fact?: string }} row */
export const linkRow = ({ to, title, fact }) =>
  h(
    "li",
    null,
    h(
      "a.row",
      { href: `#${to}` },
      h("span.row-title", null, title),
      h("span.row-fact", null, fact ?? ""),
      icon("next"),
    ),
  );

/**
 * Native radio buttons as rows with a mark: the keyboard and screen readers know them already.
 * @param {{ legend: string, name: string, value: string, options: [string, string][], onpick: (value: string) => void, columns?: boolean }} choice
 */
export const choices = ({ legend, name, value, options, onpick, columns }) =>
  h(
    columns ? "fieldset.choices.columns" : "fieldset.choices",
    null,
    h("legend", null, legend),
    options.map(([option, words]) =>
      h(
        "label.choice",
        null,
        h("input", { type: "radio", name, value: option, checked: option === value, onchange: () => onpick(option) }),
        h("span", null, words),
        icon("check"),
      ),
    ),
  );

/** The button under a list that has more. @param {() => Promise<void>} onmore */
export function moreButton(onmore) {
  const button = h("button.second.wide", { type: "button", "data-testid": "more" }, t("list.more"));
  button.addEventListener("click", () => busy(button, t("state.loading"), onmore));
  return button;
}

/** @param {string} title @param {string} hint */
export const empty = (title, hint) =>
  h("div.empty", { "data-testid": "empty" }, h("p.empty-title", null, title), h("p", null, hint));
