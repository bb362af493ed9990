/** Ticks for what somebody may do. */

import { h } from "../dom.js";
import { icon } from "./icons.js";

/** @param {{ legend: string, matters: { code: string, label: string }[], chosen?: string[] }} all */
export function matterTicks({ legend, matters, chosen = [] }) {
  const boxes = matters.map(({ code }) =>
    /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", name: "matter", value: code, checked: chosen.includes(code) })),
  );
  const el = h(
    "fieldset.ticks",
    { "data-testid": "matters" },
    h("legend", null, legend),
    matters.map(({ label }, i) => h("label.choice.tick", null, boxes[i], h("span", null, label), icon("check"))),
  );
  return { el, read: () => boxes.filter((box) => box.checked).map((box) => box.value) };
}
