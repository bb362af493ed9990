/** What staff did to an account: what, why, who, until when. */

import { h } from "../dom.js";
import { dayAndClock } from "../format.js";
import { t } from "../i18n.js";
import { officerName } from "./staff-words.js";

/** @param {any} one @param {import("../dom.js").Child} [more] */
export const interventionRow = (one, more) =>
  h(
    "li.piece",
    { "data-testid": "intervention", "data-kind": one.kind },
    h("p", null, h("b", null, one.label)),
    h("p", null, one.reason),
    h("p.hint-2", null, [officerName(one.officer), one.second ? officerName(one.second) : "", dayAndClock(one.at)].filter(Boolean).join(" · ")),
    one.until ? h("p.hint-2", null, t("interventions.until", { when: dayAndClock(one.until) })) : null,
    h("p.case-number.figures", null, one.id),
    more,
  );
