/** A password that its owner may look at while they type it. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";

/**
 * @param {{ id: string, label: string, autocomplete: "current-password" | "new-password", describedby: string }} field
 * @returns {{ el: import("../dom.js").Child, input: HTMLInputElement }}
 */
export function passwordField({ id, label, autocomplete, describedby }) {
  const input = /** @type {HTMLInputElement} */ (
    h("input", {
      id,
      type: "password",
      autocomplete,
      required: true,
      maxlength: 128,
      autocapitalize: "none",
      spellcheck: "false",
      "aria-describedby": describedby,
      oninput: ({ target }) => target.removeAttribute("aria-invalid"),
    })
  );
  const look = h("button.quiet.look", { type: "button", "aria-pressed": "false", "aria-controls": id }, t("password.show"));
  look.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    look.setAttribute("aria-pressed", String(shown));
    fill(look, t(shown ? "password.hide" : "password.show"));
  });
  return { el: [h("label", { for: id }, label), h("div.field", null, input, look)], input };
}
