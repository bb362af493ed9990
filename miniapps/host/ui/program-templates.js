/**
 * What a program may write to citizens, kind by kind and in both languages, as officers decide about it: taken or refused
 * by itself, banned and allowed again. Those who build it are told why.
 */

import { ask, whole } from "../api.js";
import { BAN_TEMPLATE, DECIDE_TEMPLATE } from "../documents-desk-program.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { actButton } from "./act.js";
import { announce } from "./announce.js";
import { forgetAnswers } from "./load.js";
import { reasonSheet } from "./reason.js";
import { state } from "./state.js";

/** @type {Record<string, [tone: any, shape: string]>} */
const LOOKS = {
  WRITTEN: ["plain", "blank"], WAITING: ["info", "clock"], APPROVED: ["ok", "ok"], REFUSED: ["stop", "stop"], BANNED: ["stop", "stop"],
};
const LANGUAGES = ["zh-CN", "en"];

/**
 * @param {import("../router.js").Screen} screen @param {string} appId @param {any[]} all
 * @param {{ decides: boolean, bans: boolean }} may
 */
export const templateRows = (screen, appId, all, may) => [
  h("h2.section", null, t("programs.templates")),
  h(
    "ul.rows",
    { "data-testid": "templates" },
    all.map((one) => templateRow(screen, appId, one, may)),
  ),
];

/**
 * @param {import("../router.js").Screen} screen @param {string} appId @param {any} one
 * @param {{ decides: boolean, bans: boolean }} may @param {import("../dom.js").Child} [head]  whose it is, where it stands among others'
 */
export const templateRow = (screen, appId, one, { decides, bans }, head = null) =>
  h(
    "li.release",
    { "data-testid": "template", "data-state": one.state },
    head,
    templateWords(one),
    decides && one.state === "WAITING" ? deciding(screen, appId, one) : null,
    bans ? banning(screen, appId, one) : null,
  );

const templateWords = ({ name, state: now, handedIn, approved, refusedBecause, bannedBecause }) => [
  h("p.case-what.figures", null, name),
  state(...LOOKS[now], t(`programs.template.${now}`), "template-state"),
  refusedBecause ? h("p.hint-2", null, t("programs.template.refused.why", { reason: refusedBecause })) : null,
  bannedBecause ? h("p.hint-2", null, t(now === "BANNED" ? "programs.template.banned.why" : "programs.template.allowed.why", { reason: bannedBecause })) : null,
  handedIn && !alike(handedIn, approved) ? said("programs.template.new", handedIn) : null,
  approved ? said("programs.template.now", approved) : null,
  handedIn || approved ? null : h("p.hint-2", null, t("programs.template.none")),
];

const alike = (one, other) => JSON.stringify(one) === JSON.stringify(other);

const said = (when, { titles, bodies }) => [
  h("p.hint-2", null, t(when)),
  LANGUAGES.map((lang) => h("blockquote.template", { lang }, h("b", null, titles[lang]), h("span", null, bodies[lang]))),
];

/** Said, and shown as it is now. */
function after(screen, words) {
  forgetAnswers();
  announce(words);
  if (!screen.signal.aborted) screen.again();
}

function deciding(screen, appId, { name, revision }) {
  const place = h("div");
  const decide = async (accepted, reason) => {
    await whole(ask(DECIDE_TEMPLATE, { appId, name, revision, accepted, reason }, screen));
    after(screen, t(`programs.template.done.${accepted ? "take" : "refuse"}`));
  };
  const refuse = () =>
    reasonSheet({
      title: t("programs.template.refuse"),
      text: t("programs.template.refuse.next"),
      hint: t("programs.reason.builder"),
      signal: screen.signal,
      work: (reason) => decide(false, reason),
    });
  const [yes, no] = [t("programs.template.take"), t("programs.template.refuse")];
  return [
    place,
    h(
      "div.side-by-side",
      null,
      actButton({ words: yes, work: () => decide(true, ""), said: place, signal: screen.signal, name: `${yes}: ${name}`, id: "take-template" }),
      h("button.second", { type: "button", onclick: refuse, "aria-label": `${no}: ${name}`, "data-testid": "refuse-template" }, no),
    ),
  ];
}

function banning(screen, appId, { name, banned }) {
  const words = t(banned ? "programs.template.allow" : "programs.template.ban");
  const change = () =>
    reasonSheet({
      title: words,
      text: t(banned ? "programs.template.allow.next" : "programs.template.ban.next"),
      hint: t("programs.reason.builder"),
      signal: screen.signal,
      work: async (reason) => {
        await whole(ask(BAN_TEMPLATE, { appId, name, banned: !banned, reason }, screen));
        after(screen, t("programs.template.done"));
      },
    });
  return h("button.second", { type: "button", onclick: change, "aria-label": `${words}: ${name}`, "data-testid": "ban-template" }, words);
}
