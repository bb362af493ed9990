/** Why staff do something: in words, which whom it concerns will read. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { attempt } from "./act.js";
import { busy } from "./busy.js";
import { closeButton, openSheet } from "./sheet.js";

/** As the city asks for it. */
const LEAST = 4;
const MOST = 200;

/** @param {{ id?: string, hint: string }} field  hint: who will read it */
export function reasonField({ id = "reason", hint }) {
  const input = /** @type {HTMLTextAreaElement} */ (
    h("textarea", { id, rows: 3, maxlength: MOST, required: true, minlength: LEAST, "aria-describedby": `${id}-hint trouble` })
  );
  return {
    el: h("div.one-line", null, h("label.block", { for: id }, t("acts.reason")), input, h("p.hint-2", { id: `${id}-hint` }, hint)),
    input,
    read: () => input.value.trim(),
  };
}

/**
 * A form that does one thing at the city.
 * @param {{
 *   fields: import("../dom.js").Child, words: string, work: () => Promise<unknown>, signal: AbortSignal, id: string, look?: string,
 * }} form
 */
export function workForm({ fields, words, work, signal, id, look = "primary.wide" }) {
  const said = h("div", { id: "trouble" });
  const send = h(`button.${look}`, { type: "submit" }, words);
  const submit = (event) => {
    event.preventDefault();
    busy(send, t("state.doing"), () => attempt(work, { said, signal }));
  };
  return h("form.form", { novalidate: true, onsubmit: submit, "data-testid": id }, fields, said, send);
}

/**
 * Asks for the reason, and does it. @param {{
 *   title: string, text: string, hint: string, signal: AbortSignal, work: (reason: string) => Promise<unknown>,
 * }} question
 */
export function reasonSheet({ title, text, hint, signal, work }) {
  const reason = reasonField({ hint });
  const said = h("div", { id: "trouble" });
  const send = h("button.primary", { type: "button", "data-testid": "confirm" }, title);
  const dialog = openSheet({
    title,
    body: [h("p", null, text), reason.el, said],
    actions: [send, closeButton(t("sheet.no"))],
    kind: "step",
    signal,
  });
  const done = async () => {
    await work(reason.read());
    dialog.close();
  };
  send.addEventListener("click", () => busy(send, t("state.doing"), () => attempt(done, { said, signal })));
}
