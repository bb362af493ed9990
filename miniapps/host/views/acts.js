/** What takes two officers: what waits for a second one, one act with what it changes, and saying yes or no to it. */

import { ask, whole } from "../api.js";
import { ACT_ONE, APPROVE_ACT, CLIENTS, MEMBER_ONE, PENDING_ACTS, REJECT_ACT, WITHDRAW_ACT } from "../documents-staff.js";
import { fill, h } from "../dom.js";
import { audits } from "../duties.js";
import { dayAndClock, when } from "../format.js";
import { t } from "../i18n.js";
import { actButton } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { icon } from "../ui/icons.js";
import { empty, linkRow } from "../ui/list.js";
import { forgetAnswers, load } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { reasonSheet } from "../ui/reason.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { fact, officerName, placeName, roleNames } from "../ui/staff-words.js";
import { state } from "../ui/state.js";
import { PROPOSED_HERE } from "./propose.js";

/** @type {import("../router.js").View} */
export const acts = { title: "acts.title", for: "STAFF", dock: true, enter: enterList };

/** @type {import("../router.js").View} */
export const act = { title: "acts.one", for: "STAFF", back: "/desk/acts", enter: enterOne };

/** @type {Record<string, [tone: any, shape: string]>} */
const LOOKS = {
  PENDING: ["info", "clock"], DONE: ["ok", "ok"], REJECTED: ["stop", "stop"], WITHDRAWN: ["plain", "back"], EXPIRED: ["plain", "half"],
};

/** By badge: only a signpost, the city knows who it was. */
const mine = (one, me) => one.proposer?.badge === me.badge && one.proposer?.organisation === me.organisation;

/** @param {import("../router.js").Screen} screen */
function enterList(screen) {
  const region = h("div");
  const page = (after) => ask(PENDING_ACTS, { after }, screen);
  fill(screen.main, h("h1", { tabindex: "-1" }, t("acts.title")), h("p.lead", null, t("acts.lead")), region);
  return load(region, {
    key: "acts",
    signal: screen.signal,
    ask: () => page(null),
    skeleton: () => skeleton("row", "row", "row"),
    show: ({ data }) => [list(screen, data, page), proposals(data.staffMe.roles)],
  });
}

function list(screen, { pendingActs, staffMe }, page) {
  if (!pendingActs.nodes.length) return h("div", { "data-testid": "acts" }, empty(t("acts.none"), t("acts.none.hint")));
  const rows = h("ul.rows", { "data-testid": "acts" });
  const foot = pages(pendingActs, {
    place: (one) => rows.append(row(one, staffMe)),
    ask: async (after) => (await whole(page(after))).pendingActs,
    signal: screen.signal,
  });
  return [rows, foot];
}

const row = (one, me) =>
  h(
    "li",
    { "data-testid": "act" },
    h(
      "a.case-row",
      { href: `#/desk/acts/${one.id}` },
      h(
        "div.case-facts",
        null,
        h("p.case-title", null, t(`act.${one.kind}`)),
        h("p.hint-2", null, mine(one, me) ? t("acts.mine") : officerName(one.proposer)),
        h("p.hint-2", null, `${when(one.at)} · ${t("acts.until", { when: dayAndClock(one.expiresAt) })}`),
      ),
      icon("next"),
    ),
  );

/** What begins with a person or an account begins there. */
function proposals(roles) {
  const kinds = Object.entries(PROPOSED_HERE).flatMap(([role, some]) => (roles.includes(role) ? some : []));
  if (!kinds.length) return null;
  return [
    h("h2.section", null, t("acts.propose")),
    h("ul.rows", { "data-testid": "proposals" }, kinds.map((kind) => linkRow({ to: `/desk/propose/${kind}`, title: t(`act.${kind}`) }))),
  ];
}

/** @param {import("../router.js").Screen} screen */
function enterOne(screen) {
  const region = h("div");
  fill(screen.main, region);
  return load(region, {
    key: `act ${screen.at.id}`,
    signal: screen.signal,
    ask: () => ask(ACT_ONE, { id: screen.at.id }, screen),
    skeleton: () => skeleton("title", "line", "row", "row"),
    show: ({ data }) => page(screen, data),
  });
}

function page(screen, { act: one, staffMe, districts }) {
  const [tone, shape] = LOOKS[one.state];
  return [
    h("h1", { tabindex: "-1" }, t(`act.${one.kind}`)),
    state(tone, shape, t(`act.state.${one.state}`), "act-state"),
    h("blockquote.side-note", { "data-testid": "reason" }, one.reason ?? t("acts.withheld")),
    changes(screen, one, districts),
    h(
      "dl.facts",
      null,
      fact(t("acts.by"), mine(one, staffMe) ? t("acts.mine") : officerName(one.proposer)),
      fact(t("acts.at"), dayAndClock(one.at)),
      one.state === "PENDING" ? fact(t("acts.expires"), dayAndClock(one.expiresAt)) : null,
      one.decider ? fact(t("acts.decided"), `${officerName(one.decider)} · ${dayAndClock(one.decidedAt)}`) : null,
      fact(t("acts.note"), one.note),
    ),
    one.state === "PENDING" && !audits() ? deciding(screen, one, mine(one, staffMe)) : null,
  ];
}

/** What would be different afterwards; how it is now beside it, where this officer may see that. */
function changes(screen, one, districts) {
  const { details } = one;
  const now = h("div");
  if (one.kind.startsWith("STAFF_") && one.kind !== "STAFF_HIRE") beside(now, screen, MEMBER_ONE, { id: one.about }, ({ staffMember }) => member(staffMember, districts));
  if (one.kind === "OIDC_CLIENT_APPROVE") beside(now, screen, CLIENTS, {}, ({ oidcClients }) => client(oidcClients.nodes.find(({ id }) => id === one.about)));
  return h(
    "section",
    { "data-testid": "changes" },
    h("h2.section", null, t("acts.changes")),
    h(
      "dl.facts",
      null,
      one.kind === "STAFF_HIRE" ? null : fact(t("acts.about"), h("span.figures", null, one.about)),
      details.until ? fact(t("acts.lasts"), dayAndClock(details.until)) : null,
      fact(t("acts.hold"), details.hold),
      fact(t("members.name"), details.name),
      fact(t("members.phone"), details.phone),
      fact(t("members.badge"), details.badge),
      fact(t("members.unit"), details.unit),
      fact(t("members.department"), details.department?.name),
      details.roles.length ? fact(t("acts.newroles"), roleNames(details.roles)) : null,
      details.jurisdiction ? fact(t("acts.newplace"), placeName(details.jurisdiction, districts)) : null,
      fact(t("acts.scopes"), [...details.scopes, ...details.serviceScopes, ...details.exchangeTo].join(" · ")),
    ),
    one.kind.startsWith("PROGRAM_") ? h("ul.rows", null, linkRow({ to: `/desk/programs/app/${one.about.split("@")[0]}`, title: t("programs.record") })) : null,
    one.about.startsWith("cit_") ? h("ul.rows", null, linkRow({ to: `/desk/accounts/${one.about}`, title: t("accounts.history") })) : null,
    now,
  );
}

/** More than the act itself says; where it does not come the act still stands. */
async function beside(region, screen, document, variables, show) {
  const answer = await ask(document, variables, screen).catch(() => null);
  if (answer && !screen.signal.aborted) fill(region, show(answer.data));
}

const member = (one, districts) => [
  h("h2.section", null, t("acts.now")),
  h(
    "dl.facts",
    { "data-testid": "now" },
    fact(t("members.name"), one.displayName),
    fact(t("members.badge"), one.badge),
    fact(t("members.roles"), roleNames(one.roles)),
    fact(t("members.place"), placeName(one.jurisdiction, districts)),
    fact(t("members.standing"), t(one.suspended ? "members.suspended" : "members.works")),
  ),
];

const client = (one) =>
  one && [
    h("h2.section", null, one.client.name),
    h(
      "dl.facts",
      { "data-testid": "now" },
      fact(t("clients.operator"), one.client.operator),
      fact(t("clients.purpose"), one.client.purpose),
      fact(t("clients.asks"), one.scopes.join(" · ")),
      fact(t("clients.back"), one.redirectUris.join(" ")),
    ),
  ];

function deciding(screen, one, own) {
  const said = h("div");
  const after = (words) => {
    forgetAnswers();
    announce(words);
    if (!screen.signal.aborted) screen.again();
  };
  const approve = async () => {
    const title = t("acts.approve.ask");
    const body = h("p", null, t("acts.approve.text", { act: t(`act.${one.kind}`) }));
    if (!(await confirmSheet({ title, body, yes: t("acts.approve"), no: t("sheet.no"), signal: screen.signal }))) return false;
    await whole(ask(APPROVE_ACT, { id: one.id }, screen));
    after(t("acts.approved"));
  };
  const withdraw = async () => {
    await whole(ask(WITHDRAW_ACT, { id: one.id }, screen));
    after(t("acts.withdrawn"));
  };
  const reject = () =>
    reasonSheet({
      title: t("acts.reject"),
      text: t("acts.reject.text"),
      hint: t("acts.reject.hint"),
      signal: screen.signal,
      work: async (reason) => {
        await whole(ask(REJECT_ACT, { id: one.id, reason }, screen));
        after(t("acts.rejected"));
      },
    });
  if (own) {
    return [h("p.hint-2", null, t("acts.own")), said, actButton({ words: t("acts.withdraw"), work: withdraw, said, signal: screen.signal, look: "second.wide.spaced", id: "withdraw" })];
  }
  return [
    said,
    actButton({ words: t("acts.approve"), work: approve, said, signal: screen.signal, look: "primary.wide", id: "approve" }),
    h("button.second.wide.spaced", { type: "button", onclick: reject, "data-testid": "reject" }, t("acts.reject")),
  ];
}
