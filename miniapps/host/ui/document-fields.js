/** What is asked about a document: what it is, then what its kind has printed on it, and no more. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { choices } from "./list.js";
import { numberField } from "./number-field.js";
import { textField } from "./text-field.js";

/** A resident's card is asked for by name and number alone, by the register. */
const TYPES = ["PASSPORT", "HOME_RETURN_PERMIT", "TAIWAN_PERMIT", "RESIDENCE_PERMIT", "PERMANENT_RESIDENCE"];

/** @returns {{ el: HTMLElement, read: () => Record<string, unknown>, wrong: (error: any) => HTMLElement | null }} */
export function documentFields() {
  let type = TYPES[0];
  const name = textField({ id: "doc-name", words: t("prove.doc.name"), hint: t("prove.doc.name.hint"), autocomplete: "name" });
  const number = numberField({ id: "doc-number", words: t("prove.doc.number"), type: () => /** @type {any} */ (type) });
  const hint = h("p.hint-2", { id: "doc-number-hint" });
  number.input.setAttribute("aria-describedby", "doc-number-hint trouble");
  number.input.closest(".field")?.after(hint);
  const nationality = textField({
    id: "doc-nationality", words: t("prove.doc.nationality"), hint: t("prove.doc.nationality.hint"), autocomplete: "off", maxlength: 3, figures: true,
  });
  const optional = { autocomplete: "off", required: false };
  const born = textField({ ...optional, id: "doc-born", words: t("prove.doc.born"), type: "date" });
  const expires = textField({ ...optional, id: "doc-expires", words: t("prove.doc.expires"), type: "date" });
  const zone = h("textarea.zone", { id: "doc-mrz", rows: 2, autocomplete: "off", autocapitalize: "characters", spellcheck: "false", "aria-describedby": "doc-mrz-hint trouble" });
  const zoned = h("div.one-line", null, h("label.block", { for: "doc-mrz" }, t("prove.doc.mrz")), zone, h("p.hint-2", { id: "doc-mrz-hint" }, t("prove.doc.mrz.hint")));
  const passport = () => type === "PASSPORT";
  const show = () => {
    nationality.el.hidden = zoned.hidden = !passport();
    fill(hint, t(`prove.doc.hint.${type}`));
    number.look();
  };
  const onpick = (value) => ((type = value), show());
  const options = TYPES.map((one) => [one, t(`prove.doc.${one}`)]);
  const el = h(
    "div.form",
    null,
    choices({ legend: t("prove.doc.type"), name: "doc-type", value: type, options, onpick }),
    name.el,
    number.el,
    nationality.el,
    h("details.fold", null, h("summary", null, t("prove.doc.more")), h("div.form", null, born.el, expires.el, zoned)),
  );
  show();
  const read = () => ({
    type,
    name: name.read(),
    number: number.read(),
    nationality: passport() ? nationality.read().toUpperCase() : null,
    birthDate: born.read() || null,
    expiresOn: expires.read() || null,
    mrz: passport() && zone.value.trim() ? zone.value.trim() : null,
  });
  const parts = { number: number.input, nationality: nationality.input, birthDate: born.input, mrz: zone };
  const wrong = ({ code, extensions }) => {
    const field = code === "BAD_INPUT" ? name.input : code === "IDENTITY_DOCUMENT_EXPIRED" ? expires.input : (parts[extensions?.part] ?? number.input);
    field.closest("details")?.setAttribute("open", "");
    return field;
  };
  return { el, read, wrong };
}
