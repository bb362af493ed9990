/** Let somebody act for me, or ask to act for them. The answer is the same whether there is such a person. */

import { askAsMyself, whole } from "../api.js";
import { DELEGATION_RULES, INVITE } from "../documents-family.js";
import { fill, h } from "../dom.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { cityNow } from "../session.js";
import { go } from "../router.js";
import { attempt } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { icon } from "../ui/icons.js";
import { choices } from "../ui/list.js";
import { load } from "../ui/load.js";
import { matterTicks } from "../ui/matters.js";
import { skeleton } from "../ui/skeleton.js";
import { textField } from "../ui/text-field.js";
import { trouble } from "../ui/trouble.js";

const DAY_MS = 86_400_000;
/** Days from now; the longest is under the city's year, whatever the clocks say. */
const TERMS = ["30", "90", "364"];

/** @type {import("../router.js").View} */
export const invite = { title: "family.invite", for: "CITIZEN", back: "/me/family", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("family.invite")), h("p.lead", null, t("invite.lead")), region);
  return load(region, {
    key: "delegation-rules",
    signal: screen.signal,
    ask: () => askAsMyself(DELEGATION_RULES, {}, screen),
    skeleton: () => skeleton("row", "row", "block"),
    show: ({ data }) => form(screen, data.delegationRules),
  });
}

function form(screen, rules) {
  const chosen = { side: "SUBJECT", kind: "PROXY", days: TERMS[0] };
  const pick = (key) => (value) => (chosen[key] = value);
  const said = h("div", { id: "trouble" });
  const name = textField({ id: "other-name", words: t("invite.name"), autocomplete: "off" });
  const phone = textField({ id: "other-phone", words: t("invite.phone"), type: "tel", autocomplete: "off", figures: true, maxlength: 18 });
  const matters = matterTicks({ legend: t("invite.matters"), matters: rules.matters });
  const once = h("input", { type: "checkbox" });
  const send = h("button.primary.wide", { type: "submit" }, t("invite.send"));
  const work = async () => {
    if (!name.read() || !phone.read() || !matters.read().length) return lacking(said);
    const input = {
      phone: phone.read(),
      name: name.read(),
      kind: chosen.kind,
      side: chosen.side,
      matters: matters.read(),
      until: new Date(cityNow() + Number(chosen.days) * DAY_MS).toISOString(),
      onceOnly: /** @type {HTMLInputElement} */ (once).checked,
    };
    await whole(askAsMyself(INVITE, { input }, screen));
    announce(t("invite.sent", { n: rules.invitationDays }));
    go("/me/family");
  };
  const submit = (event) => {
    event.preventDefault();
    busy(send, t("state.doing"), () => attempt(work, { said, signal: screen.signal }));
  };
  const radio = (legend, key, options) =>
    choices({ legend: t(legend), name: key, value: chosen[key], options, onpick: pick(key) });
  return h(
    "form.form",
    { novalidate: true, onsubmit: submit, "data-testid": "invite" },
    radio("invite.side", "side", [
      ["SUBJECT", t("invite.side.SUBJECT")],
      ["ACTOR", t("invite.side.ACTOR")],
    ]),
    name.el,
    phone.el,
    radio("invite.kind", "kind", [
      ["PROXY", t("invite.kind.PROXY")],
      ["CARER", t("invite.kind.CARER")],
    ]),
    matters.el,
    radio("invite.term", "days", TERMS.map((days) => [days, t("invite.days", { n: days, day: date(cityNow() + Number(days) * DAY_MS) })])),
    h("label.choice.tick", null, once, h("span", null, t("invite.once")), icon("check")),
    never(rules.never),
    h("p.hint-2", null, t("invite.most", { actor: rules.asActorMax, subject: rules.asSubjectMax })),
    said,
    send,
  );
}

/** @param {HTMLElement} said */
function lacking(said) {
  fill(said, trouble({ role: "alert" }, t("invite.lacking")));
  return false;
}

const never = (all) =>
  h(
    "details.fold",
    { "data-testid": "never" },
    h("summary", null, t("invite.never")),
    h("ul.bullets", null, all.map(({ label }) => h("li", null, label))),
  );
