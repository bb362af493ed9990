/** Me: what the city knows of me by name, and the few things I can set. */

import { ask, signOut } from "../api.js";
import { fill, h } from "../dom.js";
import { ME, STAFF_ME } from "../documents.js";
import { nameLang } from "../format.js";
import { t } from "../i18n.js";
import { audience } from "../session.js";
import { icon } from "../ui/icons.js";
import { linkRow } from "../ui/list.js";
import { load } from "../ui/load.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const me = { title: "me.title", for: "SIGNED_IN", dock: true, enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const staff = audience() === "STAFF";
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("me.title")), region, signOutButton(screen));
  return load(region, {
    key: "me",
    signal: screen.signal,
    ask: () => ask(staff ? STAFF_ME : ME, {}, screen),
    skeleton: () => skeleton("block", "row", "row", "row"),
    show: ({ data }) => (staff ? [badge(data.staffMe), staffRows()] : [card(data.me), citizenRows(data.me)]),
  });
}

const card = (person) =>
  h(
    "section.person",
    { "data-testid": "person" },
    h("h2", { lang: nameLang(person.name ?? "") }, person.name ?? person.maskedPhone),
    h("p.figures", null, person.maskedPhone),
    h("p.holder-level", null, icon("seal"), t(`level.${person.realNameLevel}`)),
  );

const badge = (officer) =>
  h(
    "section.person",
    { "data-testid": "person" },
    h("h2", null, officer.displayName),
    h("p", null, officer.organisation),
    h("p.figures", null, t("staff.badge", { badge: officer.badge }), " · ", officer.jurisdiction.name),
  );

const citizenRows = (person) =>
  h(
    "ul.rows",
    null,
    linkRow({ to: "/me/district", title: t("district.title"), fact: person.homeDistrict?.name ?? t("district.none") }),
    linkRow({ to: "/wallet", title: t("wallet.title") }),
    linkRow({ to: "/bills", title: t("bills.title") }),
    linkRow({ to: "/me/family", title: t("family.title") }),
    linkRow({ to: "/me/real-name", title: t("realname.title") }),
    linkRow({ to: "/me/organisations", title: t("orgs.title") }),
    linkRow({ to: "/me/data", title: t("mydata.title") }),
    linkRow({ to: "/scans", title: t("scans.title") }),
    linkRow({ to: "/me/messages", title: t("reach.title") }),
    linkRow({ to: "/security", title: t("security.title") }),
    linkRow({ to: "/me/display", title: t("display.title"), fact: t("display.fact") }),
  );

const staffRows = () =>
  h(
    "ul.rows",
    null,
    linkRow({ to: "/security", title: t("security.title") }),
    linkRow({ to: "/me/display", title: t("display.title"), fact: t("display.fact") }),
  );

function signOutButton(screen) {
  return h("button.second.wide.sign-out", { type: "button", onclick: () => leave(screen) }, t("me.signout"));
}

async function leave({ signal }) {
  const sure = await confirmSheet({
    title: t("me.signout.ask"),
    body: h("p", null, t("me.signout.text")),
    yes: t("me.signout"),
    no: t("sheet.no"),
    signal,
  });
  if (sure) await signOut();
}
