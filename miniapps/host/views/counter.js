/** At a counter: the person stands here, shows a document and a number of eight digits; the officer says so to the city. */

import { ask, whole } from "../api.js";
import { CONFIRM_AT_COUNTER } from "../documents-staff.js";
import { fill, h } from "../dom.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { announce } from "../ui/announce.js";
import { reasonField, workForm } from "../ui/reason.js";
import { select } from "../ui/staff-words.js";
import { state } from "../ui/state.js";
import { textField } from "../ui/text-field.js";

const TYPES = ["RESIDENT_ID", "RESIDENCE_PERMIT", "HOME_RETURN_PERMIT", "TAIWAN_PERMIT", "PERMANENT_RESIDENCE", "PASSPORT"];

/** @type {import("../router.js").View} */
export const counter = { title: "counter.title", for: "STAFF", dock: true, enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const form = h("div");
  const done = h("div", { role: "status", "data-testid": "verified" });
  const next = () => fill(form, fields(screen, (verified) => (fill(done, outcome(verified)), next())));
  next();
  fill(screen.main, h("h1", { tabindex: "-1" }, t("counter.title")), h("p.lead", null, t("counter.lead")), done, form);
}

const outcome = ({ maskedName, level, validUntil }) => {
  const words = t("counter.done", { name: maskedName, level: t(`level.${level}`), day: validUntil ? date(validUntil) : "" });
  announce(words);
  return state("ok", "ok", words, "verdict");
};

function fields(screen, ondone) {
  const ticket = textField({ id: "ticket", words: t("counter.ticket"), hint: t("counter.ticket.hint"), inputmode: "numeric", autocomplete: "off", maxlength: 9, figures: true });
  const type = select("type", t("counter.type"), TYPES.map((code) => [code, t(`counter.type.${code}`)]), TYPES[0]);
  const number = textField({ id: "number", words: t("counter.number"), autocomplete: "off", maxlength: 18, figures: true });
  const name = textField({ id: "their-name", words: t("counter.name"), autocomplete: "off", maxlength: 60 });
  const nationality = textField({ id: "nationality", words: t("counter.nationality"), hint: t("counter.nationality.hint"), autocomplete: "off", maxlength: 3 });
  const born = textField({ id: "born", words: t("counter.born"), type: "date" });
  const expires = textField({ id: "expires", words: t("counter.expires"), type: "date" });
  const reason = reasonField({ hint: t("propose.reason.citizen") });
  const only = h("div", null, nationality.el, born.el);
  const abroad = () => (only.hidden = !["PASSPORT", "PERMANENT_RESIDENCE"].includes(type.read()));
  type.el.addEventListener("change", abroad);
  for (const { input } of [nationality, born, expires]) input.required = false;
  abroad();
  const work = async () => {
    const input = {
      ticket: ticket.read().replace(/\D/g, ""),
      type: type.read(),
      number: number.read().toUpperCase(),
      name: name.read(),
      reason: reason.read(),
      nationality: only.hidden ? null : nationality.read().toUpperCase() || null,
      birthDate: only.hidden ? null : born.read() || null,
      expiresOn: expires.read() || null,
    };
    const { confirmAtCounter } = await whole(ask(CONFIRM_AT_COUNTER, { input }, screen));
    if (!screen.signal.aborted) ondone(confirmAtCounter);
  };
  const all = [ticket, type, number, name].map(({ el }) => el);
  return workForm({ fields: [all, only, expires.el, reason.el], words: t("counter.send"), work, signal: screen.signal, id: "counter" });
}
