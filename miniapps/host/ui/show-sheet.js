/**
 * What of a licence to show, and for what: drawn by the host, before anything leaves. Who will see it is said first;
 * on no, nothing happens.
 */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { icon } from "./icons.js";
import { choices } from "./list.js";
import { armed, closeButton, openSheet } from "./sheet.js";
import { trouble } from "./trouble.js";

/** In the words that the officer will read. The last is one's own. */
const PURPOSES = ["show.purpose.check", "show.purpose.business", "show.purpose.stay", "show.purpose.travel"];
const OWN = "own";
/** The city takes no more. */
const PURPOSE_LENGTH = 60;

/**
 * @typedef {{ fields: string[], purpose: string }} Shown
 * @param {any} paper  a licence with its type's fields
 * @param {{ signal: AbortSignal, last?: Shown | null }} asked  `last`: what was chosen a moment ago
 * @returns {Promise<Shown | null>}
 */
export function showSheet(paper, { signal, last }) {
  return new Promise((resolve) => {
    let said = null;
    const form = choosing(paper, last);
    const agree = armed(t("show.agree"));
    const dialog = openSheet({
      title: t("show.title", { type: paper.type.name }),
      body: form.el,
      actions: [agree, closeButton(t("sheet.no"))],
      kind: "ask.show-sheet",
      signal,
      onclose: () => resolve(said),
    });
    agree.addEventListener("click", () => {
      said = form.read();
      if (said) dialog.close();
    });
  });
}

function choosing(paper, last) {
  const ticks = showable(paper).map((field) => tick(field, last ? last.fields.includes(field.name) : field.byDefault));
  const purpose = purposeChoice(last?.purpose);
  const place = h("div");
  return {
    el: h(
      "div",
      null,
      h("p.who-sees", null, icon("seal"), t("show.who")),
      h("fieldset.ticks", null, h("legend", null, t("show.what")), ticks),
      purpose.el,
      h("p.hint", null, t("show.on")),
      place,
    ),
    read() {
      const fields = ticks.map((one) => one.querySelector("input")).filter((box) => box.checked);
      const words = purpose.read();
      if (fields.length && words) return { fields: fields.map((box) => box.value), purpose: words };
      fill(place, trouble({ role: "alert" }, t(fields.length ? "show.purpose.first" : "show.what.first")));
      return null;
    },
  };
}

/** What its type lets be shown, in the licence's own order, with what stands there. */
const showable = (paper) =>
  paper.fields.flatMap((field) => {
    const kind = paper.type.fields.find(({ name }) => name === field.name);
    return kind?.showable ? [{ ...field, byDefault: kind.shownByDefault }] : [];
  });

const tick = ({ name, label, value }, checked) =>
  h(
    "label.choice.tick",
    null,
    h("input", { type: "checkbox", name: "field", value: name, checked }),
    h("span", null, h("b", null, label), h("span.tick-value", null, value)),
    icon("check"),
  );

function purposeChoice(last) {
  const known = PURPOSES.map((key) => [t(key), t(key)]);
  const isOwn = Boolean(last) && !known.some(([words]) => words === last);
  let picked = isOwn ? OWN : (last ?? known[0][0]);
  const own = h("input", { type: "text", id: "purpose", maxlength: PURPOSE_LENGTH, value: isOwn ? last : "" });
  const box = h(
    "div.own-purpose",
    { hidden: !isOwn },
    h("label", { for: "purpose" }, t("show.purpose.own.label")),
    h("div.field", null, own),
  );
  const onpick = (value) => {
    picked = value;
    box.hidden = value !== OWN;
    if (value === OWN) own.focus();
  };
  const options = [...known, [OWN, t("show.purpose.own")]];
  const picker = choices({ legend: t("show.purpose"), name: "purpose", value: picked, options, onpick, columns: true });
  return { el: h("div", null, picker, box), read: () => (picked === OWN ? own.value.trim() : picked) };
}
