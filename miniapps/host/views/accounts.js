/** A citizen's account, as an officer intervenes in it: found as at a counter, frozen for a day, signed out, its history. */

import { ask, whole } from "../api.js";
import { ACCOUNT, END_SESSIONS, FIND_CITIZEN, FREEZE, UNFREEZE } from "../documents-staff.js";
import { fill, h } from "../dom.js";
import { audits } from "../duties.js";
import { dayAndClock } from "../format.js";
import { t } from "../i18n.js";
import { cityNow, onSessionChange } from "../session.js";
import { announce } from "../ui/announce.js";
import { interventionRow } from "../ui/intervention.js";
import { empty, linkRow } from "../ui/list.js";
import { forgetAnswers, load } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { reasonField, reasonSheet, workForm } from "../ui/reason.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";
import { textField } from "../ui/text-field.js";

/** Whom this officer found, by id: an address has no name. @type {Map<string, string>} */
const found = new Map();
onSessionChange(() => found.clear());

const PROPOSALS = ["ACCOUNT_FREEZE", "ACCOUNT_HOLD", "ACCOUNT_END"];

/** @type {import("../router.js").View} */
export const accounts = { title: "accounts.title", for: "STAFF", dock: true, enter: enterFind };

/** @type {import("../router.js").View} */
export const account = { title: "accounts.one", for: "STAFF", back: "/desk/accounts", enter: enterOne };

/** @param {import("../router.js").Screen} screen */
function enterFind(screen) {
  const name = textField({ id: "their-name", words: t("accounts.name"), autocomplete: "off", maxlength: 60 });
  const phone = textField({ id: "their-phone", words: t("accounts.phone"), type: "tel", autocomplete: "off", figures: true, maxlength: 18 });
  const reason = reasonField({ hint: t("accounts.find.hint") });
  const work = async () => {
    const input = { name: name.read(), phone: phone.read(), reason: reason.read() };
    const { findCitizen } = await whole(ask(FIND_CITIZEN, { input }, screen));
    found.set(findCitizen.id, findCitizen.maskedName);
    screen.go(`/desk/accounts/${findCitizen.id}`);
  };
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("accounts.title")),
    h("p.lead", null, t("accounts.lead")),
    workForm({ fields: [name.el, phone.el, reason.el], words: t("accounts.find"), work, signal: screen.signal, id: "find" }),
  );
}

/** @param {import("../router.js").Screen} screen */
function enterOne(screen) {
  const region = h("div");
  const page = (after) => ask(ACCOUNT, { id: screen.at.id, after }, screen);
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, found.get(screen.at.id) ?? t("accounts.one")),
    h("p.hint-2.figures", null, screen.at.id),
    region,
  );
  return load(region, {
    key: `account ${screen.at.id}`,
    signal: screen.signal,
    ask: () => page(null),
    skeleton: () => skeleton("line", "row", "row"),
    show: ({ data }) => shown(screen, data.accountInterventions, page),
  });
}

/** Until when it is frozen, as the newest of these says; null where it is not. */
function frozenUntil(all) {
  const last = all.find(({ kind }) => ["FROZEN", "ENDING", "UNFROZEN"].includes(kind));
  return last?.until && Date.parse(last.until) > cityNow() ? last.until : null;
}

function shown(screen, first, page) {
  const until = frozenUntil(first.nodes);
  return [
    until
      ? state("stop", "stop", t("accounts.frozen", { when: dayAndClock(until) }), "account-state")
      : state("ok", "ok", t("accounts.open"), "account-state"),
    audits() ? null : [intervening(screen, until), proposing(screen, until)],
    h("h2.section", null, t("accounts.history")),
    history(screen, first, page),
  ];
}

function intervening(screen, until) {
  const one = (name, document) => {
    const work = async (reason) => {
      await whole(ask(document, { input: { citizenId: screen.at.id, reason } }, screen));
      forgetAnswers();
      announce(t(`accounts.${name}.done`));
      if (!screen.signal.aborted) screen.again();
    };
    const sheet = () =>
      reasonSheet({ title: t(`accounts.${name}`), text: t(`accounts.${name}.text`), hint: t("propose.reason.citizen"), signal: screen.signal, work });
    return h("button.second.wide.spaced", { type: "button", onclick: sheet, "data-testid": name }, t(`accounts.${name}`));
  };
  return [until ? one("unfreeze", UNFREEZE) : one("freeze", FREEZE), one("end", END_SESSIONS)];
}

const proposing = (screen, until) => [
  h("h2.section", null, t("accounts.two")),
  h(
    "ul.rows",
    { "data-testid": "proposals" },
    [...PROPOSALS, ...(until ? ["ACCOUNT_UNFREEZE"] : [])].map((kind) =>
      linkRow({ to: `/desk/propose/${kind}?subject=${screen.at.id}`, title: t(`act.${kind}`) }),
    ),
  ),
];

function history(screen, first, page) {
  if (!first.nodes.length) return empty(t("accounts.none"), t("accounts.none.hint"));
  const rows = h("ul.rows", { "data-testid": "history" });
  const lift = (one) =>
    one.kind === "HELD" && !audits()
      ? h("a.second", { href: `#/desk/propose/ACCOUNT_HOLD_LIFT?subject=${screen.at.id}&hold=${one.hold}` }, t("act.ACCOUNT_HOLD_LIFT"))
      : null;
  const foot = pages(first, {
    place: (one) => rows.append(interventionRow(one, lift(one))),
    ask: async (after) => (await whole(page(after))).accountInterventions,
    signal: screen.signal,
  });
  return [rows, foot];
}
