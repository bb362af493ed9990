/** What a member is and may do: of somebody who is invited, or of one who is there already. */

import { askAsMyself, whole } from "../api.js";
import { CHANGE_ROLE, INVITE_MEMBER } from "../documents-family.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { replace } from "../router.js";
import { attempt } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { choices } from "../ui/list.js";
import { matterTicks } from "../ui/matters.js";
import { textField } from "../ui/text-field.js";
import { decidesAbout, withOrganisation } from "./organisation.js";

/** What money is spent in, and what nobody does for an organisation. */
const PAYING = "payments:pay";
const NOT_FOR_ORGANISATIONS = "health:read";

/** @type {import("../router.js").View} */
export const organisationInvite = { title: "orgs.invite", for: "CITIZEN", back: "/me/organisations", enter };

/** @type {import("../router.js").View} */
export const organisationMember = { title: "orgs.change", for: "CITIZEN", back: "/me/organisations", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  return withOrganisation(screen, ({ data }) => form(screen, data));
}

function form(screen, { organisation: org, delegationRules }) {
  const member = org.members?.find(({ id }) => id === screen.at.member) ?? null;
  const said = h("div", { id: "trouble" });
  const whom = member ? null : invitee();
  const post = postOf(org, delegationRules.matters.filter(({ code }) => code !== NOT_FOR_ORGANISATIONS), member);
  const send = h("button.primary.wide", { type: "submit" }, t(member ? "orgs.change.do" : "invite.send"));
  const work = async () => {
    if (member) await whole(askAsMyself(CHANGE_ROLE, { id: member.id, post: post.read() }, screen));
    else await whole(askAsMyself(INVITE_MEMBER, { input: { organisationId: org.id, ...whom.read(), post: post.read() } }, screen));
    announce(t(member ? "orgs.changed" : "orgs.invited"));
    replace(`/me/organisations/${org.id}`);
  };
  const submit = (event) => {
    event.preventDefault();
    busy(send, t("state.doing"), () => attempt(work, { said, signal: screen.signal }));
  };
  return [
    h("h1", { tabindex: "-1" }, member ? (member.person?.maskedName ?? t("orgs.change")) : t("orgs.invite")),
    h("p.lead", null, member ? t("orgs.change.lead") : org.name),
    h("form.form", { novalidate: true, onsubmit: submit, "data-testid": "post" }, whom?.el, post.el, said, send),
  ];
}

function invitee() {
  const name = textField({ id: "other-name", words: t("invite.name"), autocomplete: "off" });
  const phone = textField({ id: "other-phone", words: t("invite.phone"), type: "tel", autocomplete: "off", figures: true, maxlength: 18 });
  return { el: [name.el, phone.el], read: () => ({ name: name.read(), phone: phone.read() }) };
}

/** Only an operator's matters are chosen; up to which amount, where they may pay. */
function postOf(org, matters, member) {
  const roles = decidesAbout(org.member.role);
  let role = member && roles.includes(member.role) ? member.role : "OPERATOR";
  const ticks = matterTicks({ legend: t("invite.matters"), matters, chosen: member?.matters ?? [] });
  const most = textField({ id: "limit", words: t("orgs.most"), hint: t("orgs.most.hint"), autocomplete: "off", inputmode: "decimal", figures: true });
  most.input.required = false;
  const known = member?.limits.find(({ matter }) => matter === PAYING);
  if (known) most.input.value = String(known.amount.amount / 100);
  const paying = () => (most.el.hidden = !ticks.read().includes(PAYING));
  ticks.el.addEventListener("change", paying);
  const chosen = h("div", { hidden: role !== "OPERATOR" }, ticks.el, most.el);
  paying();
  const onpick = (value) => {
    role = value;
    chosen.hidden = value !== "OPERATOR";
  };
  const options = roles.map((one) => [one, t(`orgs.role.${one}`)]);
  return {
    el: [choices({ legend: t("orgs.role"), name: "role", value: role, options, onpick }), chosen],
    read() {
      if (role !== "OPERATOR") return { role };
      const fen = Math.round(Number(most.read()) * 100);
      const limited = ticks.read().includes(PAYING) && fen > 0;
      return { role, matters: ticks.read(), limits: limited ? [{ matter: PAYING, amountFenMax: fen }] : [] };
    },
  };
}
