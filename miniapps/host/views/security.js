/** Security: what my account is proven with, and each thing that can be done about it. */

import { ask } from "../api.js";
import { fill, h } from "../dom.js";
import { SIGN_IN_METHODS } from "../documents-security.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { audience } from "../session.js";
import { gate } from "../ui/gate.js";
import { linkRow } from "../ui/list.js";
import { load } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";
import { claimNotice } from "./security-claims.js";

/** @type {import("../router.js").View} */
export const security = { title: "security.title", for: "SIGNED_IN", back: "/me", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const [notice, region] = [h("div"), h("div")];
  fill(screen.main, h("h1", { tabindex: "-1" }, t("security.title")), notice, region);
  if (audience() === "CITIZEN") claimNotice(notice, screen);
  return load(region, {
    key: "security",
    signal: screen.signal,
    ask: () => ask(SIGN_IN_METHODS, {}, screen),
    skeleton: () => skeleton("block", "row", "row", "row"),
    show: ({ data }) => [standing(data.signInMethods), rows(data.signInMethods)],
  });
}

/** Staff always take a second step; citizens where they have an app, or want their passkey asked for. */
const twoSteps = ({ totp, secondStepByPasskey }) =>
  totp !== null || secondStepByPasskey || audience() === "STAFF";

function standing(held) {
  const bolts = 1 + [held.hasPassword, held.passkeys.length > 0, held.totp !== null].filter(Boolean).length;
  const safe = twoSteps(held);
  const strong = held.passkeys.length > 0 || held.totp !== null;
  const how = safe ? "two" : strong ? "strong" : "one";
  return h(
    "section.person.keyring",
    { "data-testid": "standing" },
    gate(bolts),
    h(
      "div",
      null,
      state(strong ? "ok" : "info", strong ? "ok" : "info", t(`security.stands.${how}`)),
      h("p", null, t(`security.stands.${how}.hint`)),
    ),
  );
}

const rows = (held) =>
  h(
    "ul.rows",
    { "data-testid": "ways-in" },
    linkRow({ to: "/security/passkeys", title: t("passkeys.title"), fact: count(held.passkeys.length, "passkeys.fact") }),
    linkRow({ to: "/security/app", title: t("app.title"), fact: t(held.totp ? "security.on" : "security.off") }),
    held.totp || held.passkeys.length
      ? linkRow({
          to: "/security/recovery",
          title: t("recovery.title"),
          fact: count(held.recoveryCodesLeft, "recovery.fact"),
        })
      : null,
    linkRow({
      to: "/security/password",
      title: t("password.title"),
      fact: held.hasPassword ? t("password.since", { day: date(held.passwordChangedAt) }) : t("security.off"),
    }),
    audience() === "CITIZEN" ? linkRow({ to: "/scan", title: t("link.title"), fact: t("link.scan") }) : null,
    linkRow({ to: "/security/devices", title: t("gear.title") }),
    audience() === "CITIZEN"
      ? [
          linkRow({ to: "/security/phone", title: t("number.title") }),
          linkRow({ to: "/security/merge", title: t("merge.title") }),
          linkRow({ to: "/security/claims", title: t("claim.title") }),
        ]
      : null,
  );

const count = (n, words) => (n ? t(words, { n }) : t("security.none"));
