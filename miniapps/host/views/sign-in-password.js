/** Signing in with a password, for who has set one. */

import { CityError } from "../api.js";
import { fill, h } from "../dom.js";
import { SIGN_IN_WITH_PASSWORD } from "../documents-security.js";
import { draft } from "../draft.js";
import { enterBy } from "../entering.js";
import { t } from "../i18n.js";
import { deviceId, deviceName } from "../session.js";
import { busy } from "../ui/busy.js";
import { passwordField } from "../ui/password-field.js";
import { complain } from "../ui/trouble.js";
import { ground, MOBILE, phoneInput } from "./sign-in.js";

/** @type {import("../router.js").View} */
export const signInPassword = { title: "signin.password.heading", for: "NOBODY", back: "/sign-in", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const place = h("div", { id: "trouble" });
  const phone = phoneInput(draft().phone, { autocomplete: "username" });
  const label = t("proof.password.label");
  const password = passwordField({ id: "password", label, autocomplete: "current-password", describedby: "trouble" });
  const send = h("button.primary.wide", { type: "submit" }, t("signin.enter"));
  const submit = (event) => {
    event.preventDefault();
    busy(send, t("signin.entering"), () => finish(phone, password.input, place));
  };
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("signin.password.heading")),
    h("p.lead", null, t("signin.password.lead")),
    h(
      "form.sign-in-form",
      { novalidate: true, onsubmit: submit },
      h("label", { for: "phone" }, t("signin.phone")),
      h("div.field", null, h("span.field-lead", { "aria-hidden": "true" }, "+86"), phone),
      password.el,
      place,
      send,
    ),
    h("div.sign-in-other", null, h("a.quiet", { href: "#/sign-in" }, t("signin.password.forgot"))),
    ground(),
  );
  (draft().phone ? password.input : phone).focus();
}

async function finish(phone, password, place) {
  fill(place);
  const { phone: number, audience } = draft();
  try {
    if (!MOBILE.test(number)) throw new CityError("AUTH_PHONE_INVALID", "");
    if (!password.value) throw new CityError("CLIENT_PROOF_EMPTY", "");
    const given = { phone: number, password: password.value, audience };
    await enterBy(SIGN_IN_WITH_PASSWORD, { ...given, deviceId: deviceId(), deviceName: deviceName() });
  } catch (error) {
    const wrong = error.code === "AUTH_PHONE_INVALID" ? phone : password;
    if (error.code?.startsWith("AUTH_") || error.code === "CLIENT_PROOF_EMPTY") wrong.setAttribute("aria-invalid", "true");
    complain(place, error);
    wrong.focus();
  }
}
