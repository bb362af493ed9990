/** Recovery codes, shown this once: to copy, to print, to write down. */

import { fill, h } from "../dom.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { cityNow } from "../session.js";
import { announce } from "./announce.js";
import { copyButton } from "./copy.js";
import { icon, shape } from "./icons.js";

/**
 * @param {string[]} codes
 * @param {{ next: string, onkept: () => void }} then  next: words of the button that leads on, once they say that they have them
 */
export function recoverySheet(codes, { next, onkept }) {
  const kept = h("input", { type: "checkbox", name: "kept" });
  const place = h("div");
  const go = h("button.primary.wide", { type: "button", "data-testid": "kept" }, next);
  go.addEventListener("click", () => {
    if (kept.checked) return onkept();
    fill(place, h("p.trouble", { role: "alert" }, shape("stop"), h("span", null, t("recovery.first"))));
    kept.focus();
  });
  announce(t("recovery.shown", { n: codes.length }));
  return [
    h("p.lead", null, t("recovery.once")),
    h(
      "section.recovery",
      { "data-testid": "recovery-codes" },
      h("p.recovery-head", null, t("recovery.card"), h("span.figures", null, date(cityNow()))),
      h("ol.recovery-list", null, codes.map((code) => h("li.figures", null, code))),
    ),
    h(
      "div.recovery-do",
      null,
      copyButton(codes.join("\n"), t("recovery.copy")),
      h("button.second", { type: "button", onclick: () => print() }, t("recovery.print")),
    ),
    h("label.choice.tick.boxed", null, kept, h("span", null, t("recovery.kept")), icon("check")),
    place,
    go,
  ];
}
