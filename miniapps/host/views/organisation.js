/** One organisation: what I am in it, its members and what each may do, handing it over, suspending it, acting for it. */

import { actFor, askAsMyself, missing, whole } from "../api.js";
import {
  HAND_OVER, KEEP_IT, ORGANISATION, REMOVE_MEMBER, RESUME, SUSPEND, TAKE_OVER,
} from "../documents-family.js";
import { fill, h } from "../dom.js";
import { END_RELATION } from "../documents-street.js";
import { date, when } from "../format.js";
import { t } from "../i18n.js";
import { replace } from "../router.js";
import { actButton } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { forgetAnswers, load, missingPart } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";

/** @type {import("../router.js").View} */
export const organisation = { title: "orgs.one", for: "CITIZEN", back: "/me/organisations", enter };

/** Who decides about whom; the city says no to anything else. */
const BELOW = { OWNER: ["ADMIN", "OPERATOR", "VIEWER"], ADMIN: ["OPERATOR", "VIEWER"] };
export const decidesAbout = (role) => BELOW[role] ?? [];

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  return withOrganisation(screen, ({ data, errors }) => page(screen, data.organisation, errors));
}

/** Ask for the organisation that the address names, and show what the answer gives.
 * @param {import("../router.js").Screen} screen
 */
export function withOrganisation(screen, show) {
  const region = h("div");
  fill(screen.main, region);
  return load(region, {
    key: `organisation ${screen.at.id}`,
    signal: screen.signal,
    ask: () => askAsMyself(ORGANISATION, { id: screen.at.id, after: null }, screen),
    skeleton: () => skeleton("title", "line", "row", "row"),
    show,
  });
}

function page(screen, org, errors) {
  const failed = missing(errors, "organisation", "members");
  const decides = decidesAbout(org.member.role).length > 0;
  return [
    h("h1", { tabindex: "-1" }, org.name),
    h("p.figures.hint-2", null, org.uscc),
    org.suspendedBy
      ? state("warn", "warn", t(`orgs.suspended.${org.suspendedBy}`), "org-state")
      : state("ok", "ok", t("orgs.runs"), "org-state"),
    org.suspensionReason ? h("p.side-note", null, org.suspensionReason) : null,
    mine(screen, org),
    org.handOverUntil ? handingOver(screen, org) : null,
    failed && decides ? missingPart(t("orgs.members.missing"), screen.again, failed) : null,
    org.members ? members(screen, org) : null,
    org.member.role === "OWNER" ? suspending(screen, org) : null,
    org.actings?.nodes.length ? actings(screen, org.actings) : null,
  ];
}

/** A change, and the page as it is after it. */
function change(screen, document, variables, words) {
  return async () => {
    await whole(askAsMyself(document, variables, screen));
    forgetAnswers();
    announce(words);
    if (!screen.signal.aborted) screen.again();
  };
}

function mine(screen, org) {
  const said = h("div");
  const { member } = org;
  const begin = async () => {
    await actFor(member.id);
    announce(t("acting.for", { name: org.name }));
    replace("/home");
  };
  const leave = async () => {
    if (!(await sure(screen, t("orgs.leave.ask", { name: org.name }), t("orgs.leave.text"), t("orgs.leave")))) return false;
    await whole(askAsMyself(END_RELATION, { id: member.id }, screen));
    announce(t("orgs.left", { name: org.name }));
    replace("/me/organisations");
  };
  return h(
    "article.relation",
    { "data-testid": "my-post" },
    h("h2", null, t("orgs.me", { role: member.roleLabel })),
    post(member),
    said,
    h(
      "div.relation-do",
      null,
      org.suspendedBy
        ? null
        : actButton({ words: t("family.act", { name: org.name }), work: begin, said, signal: screen.signal, id: "act-for" }),
      member.role === "OWNER" ? null : actButton({ words: t("orgs.leave"), work: leave, said, signal: screen.signal }),
    ),
  );
}

const post = (member) => [
  h("p.matters", null, member.matterLabels.join(" · ")),
  member.limits.map((limit) => {
    const label = member.matterLabels[member.matters.indexOf(limit.matter)] ?? limit.matter;
    return h("p.hint-2", null, t("orgs.limit", { matter: label, amount: limit.amount.text }));
  }),
  member.until ? h("p.hint-2", null, t("family.until", { day: date(member.until) })) : null,
];

const sure = (screen, title, text, yes) =>
  confirmSheet({ title, body: h("p", null, text), yes, no: t("sheet.no"), signal: screen.signal });

function handingOver(screen, org) {
  const said = h("div");
  const owner = org.member.role === "OWNER";
  const words = t(owner ? "orgs.handover.keep" : "orgs.handover.take");
  const work = change(screen, owner ? KEEP_IT : TAKE_OVER, { id: org.id }, t(owner ? "orgs.kept" : "orgs.taken"));
  return h(
    "article.relation",
    { "data-testid": "hand-over" },
    h("p", null, t(owner ? "orgs.handover.offered" : "orgs.handover.yours", { day: date(org.handOverUntil) })),
    said,
    h("div.relation-do", null, actButton({ words, work, said, signal: screen.signal, id: "take-over" })),
  );
}

const members = (screen, org) => [
  h("h2.section", null, t("orgs.members")),
  h("div", { "data-testid": "members" }, org.members.map((one) => memberCard(screen, org, one))),
  org.suspendedBy
    ? null
    : h("a.second.wide.spaced", { href: `#/me/organisations/${org.id}/invite`, "data-testid": "invite-member" }, t("orgs.invite")),
];

function memberCard(screen, org, one) {
  const said = h("div");
  const name = one.person?.maskedName ?? t("family.somebody");
  const theirs = one.id !== org.member.id && decidesAbout(org.member.role).includes(one.role);
  return h(
    "article.relation",
    { "data-testid": "member" },
    h("h3", null, name),
    h("p.hint-2", null, one.roleLabel),
    post(one),
    said,
    theirs ? h("div.relation-do", null, memberActs(screen, org, one, { name, said })) : null,
  );
}

function memberActs(screen, org, one, { name, said }) {
  const remove = async () => {
    if (!(await sure(screen, t("orgs.remove.ask", { name }), t("orgs.remove.text"), t("orgs.remove")))) return false;
    await change(screen, REMOVE_MEMBER, { id: one.id }, t("orgs.removed", { name }))();
  };
  const offer = async () => {
    if (!(await sure(screen, t("orgs.handover.ask", { name }), t("orgs.handover.text"), t("orgs.handover")))) return false;
    await change(screen, HAND_OVER, { id: org.id, member: one.id }, t("orgs.offered", { name }))();
  };
  const button = (key, work) =>
    actButton({ words: t(key), name: `${t(key)} · ${name}`, work, said, signal: screen.signal, id: key });
  return [
    h("a.second", { href: `#/me/organisations/${org.id}/${one.id}`, "aria-label": `${t("orgs.change")} · ${name}` }, t("orgs.change")),
    org.member.role === "OWNER" && !org.handOverUntil ? button("orgs.handover", offer) : null,
    button("orgs.remove", remove),
  ];
}

function suspending(screen, org) {
  if (org.suspendedBy === "CITY") return null;
  const said = h("div");
  const off = async () => {
    if (!(await sure(screen, t("orgs.suspend.ask", { name: org.name }), t("orgs.suspend.text"), t("orgs.suspend")))) return false;
    await change(screen, SUSPEND, { id: org.id }, t("orgs.suspended"))();
  };
  const on = change(screen, RESUME, { id: org.id }, t("orgs.runs"));
  return [
    h("h2.section", null, t("orgs.pause")),
    said,
    actButton({ words: t(org.suspendedBy ? "orgs.resume" : "orgs.suspend"), work: org.suspendedBy ? on : off, said, signal: screen.signal, look: "second.wide", id: "suspend" }),
  ];
}

function actings(screen, connection) {
  const rows = h("ul.rows", { "data-testid": "org-actings" });
  const foot = pages(connection, {
    place: (one) =>
      rows.append(
        h(
          "li.acting-row",
          null,
          h("p", null, one.actor?.maskedName ?? t("family.somebody")),
          h("p.hint-2", null, `${when(one.at)} · ${one.matterLabels.join(" · ")}`),
        ),
      ),
    ask: async (after) => (await whole(askAsMyself(ORGANISATION, { id: screen.at.id, after }, screen))).organisation.actings,
    signal: screen.signal,
  });
  return [h("h2.section", null, t("family.actings")), rows, foot];
}
