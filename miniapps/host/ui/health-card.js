/** A health status as an object: its word, its own shape, its ground; the colour only besides. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { shape } from "./icons.js";

const SHAPES = { GREEN: "ok", YELLOW: "warn", RED: "stop", GREY: "blank" };

/** @param {{ colour: string, label: string }} status @param {...import("../dom.js").Child} below */
export const healthCard = ({ colour, label }, ...below) =>
  h(
    "section.health-card",
    { "data-colour": colour, "data-testid": "health-card", "aria-label": t("health.title") },
    h("p.health-word", null, shape(SHAPES[colour] ?? "blank"), h("span", null, label)),
    below,
  );
