/** My password: made, changed, taken away. */

import { ask, CityError, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { REMOVE_PASSWORD, SET_PASSWORD, SIGN_IN_METHODS } from "../documents-security.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { back } from "../router.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { forgetAnswers, load } from "../ui/load.js";
import { passwordField } from "../ui/password-field.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { complain } from "../ui/trouble.js";

/** The city's own; it says the rest. */
const LENGTH_MIN = 10;

/** @type {import("../router.js").View} */
export const securityPassword = { title: "password.title", for: "SIGNED_IN", back: "/security", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("password.title")), region);
  return load(region, {
    key: "security",
    signal: screen.signal,
    ask: () => ask(SIGN_IN_METHODS, {}, screen),
    skeleton: () => skeleton("line", "row", "row"),
    show: ({ data }) => form(screen, data.signInMethods),
  });
}

function form(screen, held) {
  const place = h("div", { id: "trouble" });
  const label = t(held.hasPassword ? "password.new" : "password.choose");
  const field = passwordField({ id: "password", label, autocomplete: "new-password", describedby: "rules trouble" });
  const save = h("button.primary.wide", { type: "submit" }, t(held.hasPassword ? "password.change" : "password.set"));
  const submit = (event) => {
    event.preventDefault();
    busy(save, t("password.saving"), () => set(field.input, place));
  };
  const since = held.hasPassword ? t("password.stands", { day: date(held.passwordChangedAt) }) : t("password.lead");
  return [
    h("p.lead", { "data-testid": "password-stands" }, since),
    h(
      "form.sign-in-form",
      { novalidate: true, onsubmit: submit },
      field.el,
      h("p.hint", { id: "rules" }, t("password.rules", { n: LENGTH_MIN })),
      place,
      save,
    ),
    held.hasPassword ? removeButton(screen, place) : null,
  ];
}

async function set(input, place) {
  fill(place);
  try {
    if (input.value.length < LENGTH_MIN) throw new CityError("CLIENT_PASSWORD_SHORT", "");
    await whole(ask(SET_PASSWORD, { password: input.value }));
    forgetAnswers();
    announce(t("password.saved"));
    back("/security");
  } catch (error) {
    if (/PASSWORD/.test(error.code ?? "")) input.setAttribute("aria-invalid", "true");
    complain(place, error);
    input.focus();
  }
}

function removeButton(screen, place) {
  const button = h("button.quiet", { type: "button", "data-testid": "remove" }, t("password.remove"));
  button.addEventListener("click", async () => {
    const sure = await confirmSheet({
      title: t("password.remove.ask"),
      body: h("p", null, t("password.remove.text")),
      yes: t("password.remove"),
      no: t("sheet.no"),
      signal: screen.signal,
    });
    if (!sure) return;
    await busy(button, t("password.saving"), async () => {
      try {
        await whole(ask(REMOVE_PASSWORD, {}, screen));
        forgetAnswers();
        announce(t("password.removed"));
        screen.again();
      } catch (error) {
        if (!screen.signal.aborted) complain(place, error);
      }
    });
  });
  return button;
}
