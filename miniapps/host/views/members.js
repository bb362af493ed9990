/** The members of staff whom this officer manages, and what may be proposed about one of them. */

import { ask, whole } from "../api.js";
import { MEMBERS, MEMBER_ONE } from "../documents-staff.js";
import { fill, h } from "../dom.js";
import { manages } from "../duties.js";
import { t } from "../i18n.js";
import { icon } from "../ui/icons.js";
import { empty, linkRow } from "../ui/list.js";
import { load } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { skeleton } from "../ui/skeleton.js";
import { fact, placeName, roleNames } from "../ui/staff-words.js";
import { state } from "../ui/state.js";

/** @type {import("../router.js").View} */
export const members = { title: "members.title", for: "STAFF", dock: true, enter: enterList };

/** @type {import("../router.js").View} */
export const member = { title: "members.one", for: "STAFF", back: "/desk/staff", enter: enterOne };

/** @param {import("../router.js").Screen} screen */
function enterList(screen) {
  const region = h("div");
  const page = (after) => ask(MEMBERS, { after }, screen);
  fill(screen.main, h("h1", { tabindex: "-1" }, t("members.title")), h("p.lead", null, t("members.lead")), region);
  return load(region, {
    key: "members",
    signal: screen.signal,
    ask: () => page(null),
    skeleton: () => skeleton("row", "row", "row"),
    show: ({ data }) => list(screen, data, page),
  });
}

function list(screen, { staffMembers, districts }, page) {
  const hire = manages() ? h("a.second.wide.spaced", { href: "#/desk/propose/STAFF_HIRE", "data-testid": "hire" }, t("act.STAFF_HIRE")) : null;
  if (!staffMembers.nodes.length) return [empty(t("members.none"), t("members.none.hint")), hire];
  const rows = h("ul.rows", { "data-testid": "members" });
  const foot = pages(staffMembers, {
    place: (one) => rows.append(row(one, districts)),
    ask: async (after) => (await whole(page(after))).staffMembers,
    signal: screen.signal,
  });
  return [rows, foot, hire];
}

const row = (one, districts) =>
  h(
    "li",
    { "data-testid": "member" },
    h(
      "a.case-row",
      { href: `#/desk/staff/${one.id}` },
      h(
        "div.case-facts",
        null,
        h("p.case-title", null, one.displayName),
        h("p.hint-2", null, `${one.badge} · ${one.organisation}`),
        h("p.hint-2", null, `${roleNames(one.roles)} · ${placeName(one.jurisdiction, districts)}`),
        one.suspended ? state("stop", "stop", t("members.suspended")) : null,
      ),
      icon("next"),
    ),
  );

/** @param {import("../router.js").Screen} screen */
function enterOne(screen) {
  const region = h("div");
  fill(screen.main, region);
  return load(region, {
    key: `member ${screen.at.id}`,
    signal: screen.signal,
    ask: () => ask(MEMBER_ONE, { id: screen.at.id }, screen),
    skeleton: () => skeleton("title", "row", "row"),
    show: ({ data: { staffMember: one, staffMe, districts } }) => [
      h("h1", { tabindex: "-1" }, one.displayName),
      one.suspended ? state("stop", "stop", t("members.suspended"), "member-state") : state("ok", "ok", t("members.works"), "member-state"),
      h(
        "dl.facts",
        null,
        fact(t("members.badge"), one.badge),
        fact(t("members.unit"), one.organisation),
        fact(t("members.department"), one.department?.name),
        fact(t("members.phone"), h("span.figures", null, one.phone)),
        fact(t("members.roles"), roleNames(one.roles)),
        fact(t("members.place"), placeName(one.jurisdiction, districts)),
      ),
      manages() && one.id !== staffMe.id ? proposals(one) : null,
    ],
  });
}

const proposals = (one) => [
  h("h2.section", null, t("acts.propose")),
  h(
    "ul.rows",
    { "data-testid": "proposals" },
    ["STAFF_ROLES", "STAFF_MOVE", one.suspended ? "STAFF_REINSTATE" : "STAFF_SUSPEND"].map((kind) =>
      linkRow({ to: `/desk/propose/${kind}?subject=${one.id}`, title: t(`act.${kind}`) }),
    ),
  ),
];
