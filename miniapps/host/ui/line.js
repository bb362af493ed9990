/** Whether there is a line to the city, said once, calmly, above the screen. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { audience } from "../session.js";
import { announce } from "./announce.js";
import { shape } from "./icons.js";

/** @type {HTMLElement} */
let region = h("div");

/** @returns {HTMLElement} */
export function lineNotice() {
  region = h("div.line-notice", { "data-testid": "offline" });
  draw();
  return region;
}

export function watchLine() {
  addEventListener("offline", () => {
    draw();
    announce(t("line.offline"));
  });
  addEventListener("online", () => {
    draw();
    announce(t("line.online"));
  });
}

function draw() {
  if (navigator.onLine) return fill(region);
  return fill(
    region,
    h(
      "p.notice.info",
      null,
      shape("info"),
      h("span", null, h("b", null, t("line.offline")), " ", audience() === "CITIZEN" ? t("line.offline.hint") : null),
    ),
  );
}
