/** One line to write in, with its words above it and, where there is one, its hint below. */

import { h } from "../dom.js";

/**
 * @param {{
 *   id: string, words: string, hint?: string, type?: string, autocomplete?: string, maxlength?: number,
 *   value?: string, figures?: boolean, inputmode?: string, trouble?: string,
 * }} field  trouble: id of where a complaint about the form goes
 */
export function textField({ id, words, hint, type = "text", value = "", figures, trouble = "trouble", ...more }) {
  const input = /** @type {HTMLInputElement} */ (
    h(figures ? "input.figures" : "input", {
      id,
      type,
      value,
      required: true,
      "aria-describedby": hint ? `${id}-hint ${trouble}` : trouble,
      ...more,
    })
  );
  return {
    el: h(
      "div.one-line",
      null,
      h("label.block", { for: id }, words),
      h("div.field", null, input),
      hint ? h("p.hint-2", { id: `${id}-hint` }, hint) : null,
    ),
    input,
    read: () => input.value.normalize("NFKC").trim(),
  };
}
