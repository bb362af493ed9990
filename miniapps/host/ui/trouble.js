/** What is wrong with what was just entered or pressed: beside it, in words, with a shape. */

import { NOT_PROVEN } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { leadsTo } from "../router.js";
import { announce } from "./announce.js";
import { shape } from "./icons.js";
import { errorWords } from "./load.js";

/** Where something can be done about it. */
const ONWARD = {
  IDENTITY_ID_NUMBER_TAKEN: ["/security/merge", "merge.onward"],
  IDENTITY_PHONE_HAS_ACCOUNT: ["/security/merge", "merge.onward"],
  IDENTITY_RECOVERY_UNDER_WAY: ["/security/claims", "claim.onward"],
  IDENTITY_REAL_NAME_NEEDED: ["/me/real-name", "prove.onward"],
};

/** @param {Record<string, unknown>} props @param {...import("../dom.js").Child} words */
export const trouble = (props, ...words) => h("p.trouble", props, shape("stop"), h("span", null, words));

/** @param {HTMLElement} place @param {any} error */
export function complain(place, error) {
  if (error.code === NOT_PROVEN) return fill(place); // their own no: the page is as it was
  const { code, title, hint } = errorWords(error);
  const [to, words] = ONWARD[code] ?? ["", ""];
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
    to && leadsTo(to) ? h("a.second.onward", { href: `#${to}`, "data-testid": "onward" }, t(words)) : null,
  );
  announce(`${title} ${hint}`);
}
