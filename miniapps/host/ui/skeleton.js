/** The shape of what is coming. Still under reduced motion; never a spinner. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/** @param {...("title" | "line" | "short" | "block" | "row" | "square")} parts */
export const skeleton = (...parts) =>
  h(
    "div.skeleton",
    { "data-testid": "skeleton" },
    h("span.unseen", null, t("state.loading")),
    parts.map((part) => h(`div.bone.${part}`, { "aria-hidden": "true" })),
  );
