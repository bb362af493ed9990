/** Recovery codes: how many are left, and new ones in place of the old. */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { RENEW_RECOVERY_CODES, SIGN_IN_METHODS } from "../documents-security.js";
import { t } from "../i18n.js";
import { replace, toHeading } from "../router.js";
import { busy } from "../ui/busy.js";
import { forgetAnswers, load } from "../ui/load.js";
import { recoverySheet } from "../ui/recovery-codes.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";
import { complain } from "../ui/trouble.js";

/** Fewer than this, and it is time for new ones. */
const FEW = 3;

/** @type {import("../router.js").View} */
export const securityRecovery = { title: "recovery.title", for: "SIGNED_IN", back: "/security", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("recovery.title")), region);
  return load(region, {
    key: "security",
    signal: screen.signal,
    ask: () => ask(SIGN_IN_METHODS, {}, screen),
    skeleton: () => skeleton("line", "row"),
    show: ({ data }) => standing(screen, region, data.signInMethods),
  });
}

function standing(screen, region, { recoveryCodesLeft: n, totp, passkeys }) {
  if (!totp && !passkeys.length) return h("p.lead", { "data-testid": "empty" }, t("recovery.needs"));
  const place = h("div", { role: "status" });
  const renew = h("button.primary.wide", { type: "button", "data-testid": "renew" }, t(n ? "recovery.renew" : "recovery.make"));
  renew.addEventListener("click", async () => {
    if (n && !(await sure(screen))) return;
    await busy(renew, t("password.saving"), () => renewAll(screen, region, place));
  });
  const few = n < FEW;
  return [
    state(few ? "warn" : "ok", few ? "warn" : "ok", n ? t("recovery.left", { n }) : t("recovery.none"), "codes-left"),
    h("p.lead", null, t("recovery.lead")),
    place,
    renew,
  ];
}

const sure = ({ signal }) =>
  confirmSheet({
    title: t("recovery.renew.ask"),
    body: h("p", null, t("recovery.renew.text")),
    yes: t("recovery.renew"),
    no: t("sheet.no"),
    signal,
  });

async function renewAll(screen, region, place) {
  fill(place);
  try {
    const { renewRecoveryCodes: made } = await whole(ask(RENEW_RECOVERY_CODES, {}, screen));
    forgetAnswers();
    const onkept = () => replace("/security");
    fill(region, recoverySheet(made.recoveryCodes, { next: t("recovery.done"), onkept }));
    toHeading();
  } catch (error) {
    if (!screen.signal.aborted) complain(place, error);
  }
}
