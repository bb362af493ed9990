/** A document's number: while it is typed, its form is looked at, and what is seen is said beside it. */

import { CityError } from "../api.js";
import { fill, h } from "../dom.js";
import { judged, tidied } from "../id-numbers.js";
import { t } from "../i18n.js";
import { state } from "./state.js";
import { textField } from "./text-field.js";

/**
 * @param {{ id: string, words: string, hint?: string, type: () => import("../id-numbers.js").DocumentType }} field
 * @returns {{ el: HTMLElement, input: HTMLInputElement, read: () => string, look: () => void }}
 *   read: throws what is wrong with its form. look: again, as another type
 */
export function numberField({ id, words, hint, type }) {
  const field = textField({ id, words, hint, autocomplete: "off", maxlength: 24, figures: true });
  const seen = h("div.number-seen", { role: "status", "data-testid": "number-seen" });
  let last = "";
  const look = () => {
    const verdict = field.input.value.trim() ? judged(type(), field.input.value) : "more";
    if (verdict === last) return; // said once
    last = verdict;
    fill(seen, verdict === "good" ? state("ok", "ok", t("prove.number.good")) : null, verdict === "bad" ? state("warn", "warn", t("prove.number.bad")) : null);
  };
  field.input.addEventListener("input", look);
  field.el.append(seen);
  const read = () => {
    if (judged(type(), field.input.value) !== "good") throw new CityError("CLIENT_NUMBER_FORM", "");
    return tidied(field.input.value);
  };
  return { el: field.el, input: field.input, read, look };
}
