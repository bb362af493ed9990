/** What only a demo city shows at sign-in, in a dashed frame and named "Demo". */

import { DEMO_ACCOUNTS } from "../demo.js";
import { h } from "../dom.js";
import { phoneGroups } from "../format.js";
import { t } from "../i18n.js";

/** @param {string} code @param {HTMLInputElement} input */
export const demoFill = (code, input) =>
  h(
    "p.demo",
    { "data-testid": "demo-code" },
    h("b", null, t("demo.mark")),
    h(
      "button.quiet",
      { type: "button", onclick: () => ((input.value = code), input.dispatchEvent(new Event("input"))) },
      t("demo.fill", { code }),
    ),
  );

/** @param {import("../session.js").Audience} audience @param {(phone: string) => void} pick */
export const demoAccounts = (audience, pick) =>
  h(
    "details.demo",
    { "data-testid": "demo-accounts" },
    h("summary", null, h("b", null, t("demo.mark")), t("demo.accounts")),
    h(
      "ul",
      null,
      DEMO_ACCOUNTS[audience].map(([phone, name]) =>
        h(
          "li",
          null,
          h(
            "button.demo-account",
            { type: "button", onclick: () => pick(phone) },
            h("span.figures", null, phoneGroups(phone)),
            h("span", null, name),
          ),
        ),
      ),
    ),
  );
