/** An act that takes two officers, as the first of them writes it: what, about whom, for how long, why. */

import { CityError, ask, whole } from "../api.js";
import { CLIENTS, MEMBER_ONE, PROPOSE_ACT, PROPOSE_FORM } from "../documents-staff.js";
import { fill, h } from "../dom.js";
import { has, t } from "../i18n.js";
import { replace } from "../router.js";
import { cityNow } from "../session.js";
import { announce } from "../ui/announce.js";
import { choices, empty } from "../ui/list.js";
import { load } from "../ui/load.js";
import { matterTicks } from "../ui/matters.js";
import { reasonField, workForm } from "../ui/reason.js";
import { skeleton } from "../ui/skeleton.js";
import { ROLES, WHOLE_CITY, placeName, roleName, roleNames, select } from "../ui/staff-words.js";
import { textField } from "../ui/text-field.js";

/** What begins with nobody's page, by role. */
export const PROPOSED_HERE = {
  account_officer: ["ORGANISATION_SUSPEND", "ORGANISATION_RESUME"],
  staff_admin: ["STAFF_HIRE"],
  partner_officer: ["OIDC_CLIENT_APPROVE"],
};
/** How long, in days; the city takes no freeze of more than 180. */
const DAYS = { ACCOUNT_FREEZE: [3, 7, 30, 90, 179], ACCOUNT_HOLD: [30, 180, 365, 1095] };
const DAY_MS = 86_400_000;
const OF_MEMBER = new Set(["STAFF_ROLES", "STAFF_MOVE", "STAFF_SUSPEND", "STAFF_REINSTATE"]);

/** @type {import("../router.js").View} */
export const propose = { title: "propose.title", for: "STAFF", back: "/desk/acts", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const { kind } = screen.at;
  if (!has(`act.${kind}`)) return replace("/desk/acts");
  const subject = screen.asked.get("subject") ?? "";
  const region = h("div");
  fill(screen.main, region);
  return load(region, {
    key: `propose ${kind} ${subject}`,
    signal: screen.signal,
    ask: () => ask(...questionOf(kind, subject), screen),
    skeleton: () => skeleton("title", "row", "row"),
    show: ({ data }) => page(screen, kind, subject, data),
  });
}

/** @returns {[string, Record<string, string>]} */
function questionOf(kind, subject) {
  if (OF_MEMBER.has(kind)) return [MEMBER_ONE, { id: subject }];
  return [kind === "OIDC_CLIENT_APPROVE" ? CLIENTS : PROPOSE_FORM, {}];
}

function page(screen, kind, subject, data) {
  const wanted = wantedOf(screen, kind, data);
  const heading = h("h1", { tabindex: "-1" }, t(`act.${kind}`));
  if (!wanted) return [heading, empty(t("propose.nothing"), t("propose.nothing.hint"))];
  const reason = reasonField({ hint: t(readBy(kind)) });
  const work = async () => {
    const { subject: chosen, ...details } = wanted.read();
    const input = { kind, subject: chosen ?? (subject || null), reason: reason.read(), details };
    const { proposeAct } = await whole(ask(PROPOSE_ACT, { input }, screen));
    announce(t("propose.sent"));
    replace(`/desk/acts/${proposeAct.id}`);
  };
  return [
    heading,
    h("p.lead", null, t("propose.lead")),
    about(data.staffMember, subject),
    workForm({ fields: [wanted.el, reason.el], words: t("propose.send"), work, signal: screen.signal, id: "propose" }),
  ];
}

/** Who reads the reason. */
function readBy(kind) {
  if (kind.startsWith("ACCOUNT_")) return "propose.reason.citizen";
  return kind.startsWith("PROGRAM_") ? "propose.reason.program" : "propose.reason.officer";
}

const about = (member, subject) => {
  if (member) return h("p.side-note", null, `${member.displayName} · ${member.badge} · ${roleNames(member.roles)}`);
  return subject ? h("p.hint-2.figures", null, subject) : null;
};

/** What the kind asks for: fields, and what was entered in them. null: there is nothing to decide about. */
function wantedOf(screen, kind, data) {
  switch (kind) {
    case "ACCOUNT_FREEZE":
    case "ACCOUNT_HOLD":
      return lasting(DAYS[kind]);
    case "ACCOUNT_HOLD_LIFT":
      return { el: null, read: () => ({ hold: screen.asked.get("hold") }) };
    case "ORGANISATION_SUSPEND":
    case "ORGANISATION_RESUME":
      return organisation();
    case "STAFF_HIRE":
      return person(data);
    case "STAFF_ROLES":
      return rolesOf(data.staffMember.roles);
    case "STAFF_MOVE":
      return placeOf(data, data.staffMember.jurisdiction);
    case "OIDC_CLIENT_APPROVE":
      return clientOf(data.oidcClients.nodes.filter(({ state }) => state === "PENDING"));
    default:
      return { el: null, read: () => ({}) };
  }
}

function lasting(days) {
  let chosen = days[0];
  const options = days.map((n) => [String(n), t("propose.days", { n })]);
  const el = choices({ legend: t("propose.long"), name: "days", value: String(chosen), options, onpick: (n) => (chosen = Number(n)), columns: true });
  return { el, read: () => ({ until: new Date(cityNow() + chosen * DAY_MS).toISOString() }) };
}

function organisation() {
  const field = textField({ id: "organisation", words: t("propose.organisation"), hint: t("propose.organisation.hint"), autocomplete: "off", maxlength: 40, figures: true });
  return { el: field.el, read: () => ({ subject: field.read() }) };
}

function rolesOf(held) {
  const ticks = matterTicks({ legend: t("members.roles"), matters: ROLES.map((code) => ({ code, label: roleName(code) })), chosen: held });
  return { el: ticks.el, read: () => ({ roles: ticks.read() }) };
}

function placeOf({ districts }, held) {
  const codes = [...new Set([WHOLE_CITY, ...districts.map(({ code }) => code), held])];
  const place = select("place", t("members.place"), codes.map((code) => [code, placeName(code, districts)]), held);
  return { el: place.el, read: () => ({ jurisdiction: place.read() }) };
}

/** Into one's own department: the city takes no other. */
function person(data) {
  const { department, jurisdiction } = data.staffMe;
  const field = (id, more = {}) => textField({ id, words: t(`members.${id}`), autocomplete: "off", maxlength: 60, ...more });
  const fields = { name: field("name"), phone: field("phone", { type: "tel", figures: true }), badge: field("badge"), unit: field("unit") };
  const [roles, place] = [rolesOf([]), placeOf(data, jurisdiction.code)];
  return {
    el: [h("p.hint-2", null, department?.name), Object.values(fields).map(({ el }) => el), roles.el, place.el],
    read: () => ({
      ...Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, one.read()])),
      department: department?.code,
      ...roles.read(),
      ...place.read(),
    }),
  };
}

/** Of the one that is chosen: who it is, and which of what it asks for it gets. */
function clientOf(waiting) {
  if (!waiting.length) return null;
  let chosen = waiting[0];
  let ticks;
  const facts = h("div");
  const show = () => {
    ticks = matterTicks({ legend: t("clients.gets"), matters: chosen.scopes.map((code) => ({ code, label: code })), chosen: chosen.scopes });
    fill(facts, h("p.side-note", null, `${chosen.client.operator} · ${chosen.client.purpose}`), ticks.el);
  };
  const onpick = (id) => ((chosen = waiting.find((one) => one.id === id)), show());
  const options = waiting.map((one) => [one.id, one.client.name]);
  show();
  const pick = choices({ legend: t("clients.which"), name: "client", value: chosen.id, options, onpick });
  return { el: [pick, facts], read: () => ({ subject: chosen.id, scopes: some(ticks.read()) }) };
}

/** To the city no scopes mean all of them: that is never what nothing ticked means. */
function some(scopes) {
  if (!scopes.length) throw new CityError("CLIENT_NO_SCOPES", "");
  return scopes;
}
