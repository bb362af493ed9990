/** A code of figures: one input, drawn as cells, so that paste, autofill and screen readers see a single field. */

import { h } from "../dom.js";

/**
 * @param {{ id: string, length: number, describedby: string, onwhole?: () => void }} field
 *   onwhole: all figures are there
 * @returns {{ el: HTMLElement, input: HTMLInputElement }}
 */
export function codeField({ id, length, describedby, onwhole }) {
  const input = /** @type {HTMLInputElement} */ (
    h("input.figures", {
      id,
      type: "text",
      inputmode: "numeric",
      autocomplete: "one-time-code",
      pattern: "[0-9]*",
      required: true,
      "aria-describedby": describedby,
      oninput: ({ target }) => {
        target.removeAttribute("aria-invalid");
        const clean = figures(target.value).slice(0, length);
        if (clean !== target.value) target.value = clean;
        if (clean.length === length) onwhole?.();
      },
    })
  );
  return { el: h("div.cells", { vars: { "--cells": length } }, input), input };
}

const figures = (text) => text.normalize("NFKC").replace(/\D/g, "");
