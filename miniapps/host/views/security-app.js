/** The authenticator app: made known, or taken away. */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { REMOVE_TOTP, SIGN_IN_METHODS } from "../documents-security.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { replace, toHeading } from "../router.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { forgetAnswers, load } from "../ui/load.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";
import { enrolTotp } from "../ui/totp-enrolment.js";
import { complain } from "../ui/trouble.js";

/** @type {import("../router.js").View} */
export const securityApp = { title: "app.title", for: "SIGNED_IN", back: "/security", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("app.title")), region);
  let begun = false;
  return load(region, {
    key: "security",
    signal: screen.signal,
    ask: () => ask(SIGN_IN_METHODS, {}, screen),
    skeleton: () => skeleton("line", "row"),
    show: ({ data }) => (begun ? [...region.childNodes] : shown(screen, region, data.signInMethods, () => (begun = true))),
  });
}

function shown(screen, region, { totp }, onbegin) {
  const place = h("div", { role: "status" });
  if (totp) {
    return [
      state("ok", "ok", t("app.on", { day: date(totp.confirmedAt) })),
      h("p.lead", null, t("app.on.hint")),
      place,
      removeButton(screen, place),
    ];
  }
  const begin = h("button.primary.wide", { type: "button", "data-testid": "begin-app" }, t("app.begin"));
  begin.addEventListener("click", () => {
    onbegin();
    toHeading();
    enrolTotp(region, { signal: screen.signal, next: t("recovery.done"), onkept: kept });
  });
  return [h("p.lead", null, t("app.lead")), begin];
}

function kept() {
  forgetAnswers();
  replace("/security");
}

function removeButton(screen, place) {
  const button = h("button.second.wide", { type: "button", "data-testid": "remove" }, t("app.remove"));
  button.addEventListener("click", async () => {
    const sure = await confirmSheet({
      title: t("app.remove.ask"),
      body: h("p", null, t("app.remove.text")),
      yes: t("app.remove"),
      no: t("sheet.no"),
      signal: screen.signal,
    });
    if (!sure) return;
    await busy(button, t("password.saving"), async () => {
      fill(place);
      try {
        await whole(ask(REMOVE_TOTP, {}, screen));
        forgetAnswers();
        announce(t("app.removed"));
        screen.again();
      } catch (error) {
        if (!screen.signal.aborted) complain(place, error);
      }
    });
  });
  return button;
}
