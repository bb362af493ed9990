/** Whoever acts for somebody else sees it on every screen: for whom, and how to end it. */

import { acting, stopActing } from "../acting.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { announce } from "./announce.js";
import { icon } from "./icons.js";

/** @returns {HTMLElement | null} */
export function actingBanner() {
  const one = acting();
  if (!one) return null;
  const end = () => {
    stopActing();
    announce(t("acting.over"));
  };
  return h(
    "aside.acting",
    { "aria-label": t("acting.label"), "data-testid": "acting" },
    icon("family"),
    h("p", null, t("acting.for", { name: one.name })),
    h("button.second", { type: "button", onclick: end }, t("acting.end")),
  );
}
