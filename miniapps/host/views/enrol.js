/**
 * Staff who have no second factor yet: their session opens this page and nothing else. A passkey or an authenticator
 * app, then on to the desk.
 */

import { renewed, signOut } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { passkeysHere } from "../passkeys.js";
import { proceed } from "../router.js";
import { enrolling } from "../session.js";
import { problem } from "../ui/load.js";
import { enrolTotp } from "../ui/totp-enrolment.js";
import { addButton, notHere } from "./security-passkeys.js";

/** @type {import("../router.js").View} */
export const enrol = { title: "enrol.title", for: "ENROLLING", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  const place = h("div", { role: "status" });
  const on = () => goOn(screen, region);
  const app = h("button.second.wide", { type: "button", "data-testid": "begin-app" }, t("enrol.app"));
  app.addEventListener("click", () => enrolTotp(region, { signal: screen.signal, next: t("enrol.on"), onkept: on }));
  fill(
    region,
    passkeysHere() ? [h("p.proof-lead", null, t("enrol.passkey.hint")), addButton(place, on)] : notHere(),
    place,
    h("p.proof-lead", null, t("enrol.app.hint")),
    app,
  );
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("enrol.heading")),
    h("p.lead", null, t("enrol.lead")),
    region,
    h("div.sign-in-other", null, h("button.quiet", { type: "button", onclick: () => signOut() }, t("enrol.leave"))),
  );
}

/** The next tokens hold what their roles give. */
async function goOn(screen, region) {
  try {
    if (enrolling()) await renewed();
    proceed();
  } catch (error) {
    if (screen.signal.aborted) return;
    fill(
      region,
      problem(error, () => goOn(screen, region)),
    );
  }
}
