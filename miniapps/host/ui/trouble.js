/** What is wrong with what was just entered or pressed: beside it, in words, with a shape. */

import { NOT_PROVEN } from "../api.js";
import { fill, h } from "../dom.js";
import { announce } from "./announce.js";
import { shape } from "./icons.js";
import { errorWords } from "./load.js";

/** @param {Record<string, unknown>} props @param {...import("../dom.js").Child} words */
export const trouble = (props, ...words) => h("p.trouble", props, shape("stop"), h("span", null, words));

/** @param {HTMLElement} place @param {any} error */
export function complain(place, error) {
  if (error.code === NOT_PROVEN) return fill(place); // their own no: the page is as it was
  const { code, title, hint } = errorWords(error);
  fill(
    place,
    trouble(
      { "data-testid": "trouble", "data-code": code },
      h("b", null, title),
      " ",
      hint,
      " ",
      h("span.code-small", null, code),
    ),
  );
  announce(`${title} ${hint}`);
}
