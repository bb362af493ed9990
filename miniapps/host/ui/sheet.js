/**
 * Sheets rise from the bottom and are drawn by the host alone. The browser's own <dialog> keeps the focus inside,
 * closes on Escape and gives the focus back.
 */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/** Long enough that a second tap meant for something else does not confirm. */
const ARMED_AFTER_MS = 800;

let count = 0;

/**
 * @param {{ title: string, body: import("../dom.js").Child, actions?: import("../dom.js").Child, kind?: string, signal: AbortSignal, onclose?: () => void }} sheet
 *   signal: of the screen that asks; when the reader leaves it, the sheet goes too
 * @returns {HTMLDialogElement}
 */
export function openSheet({ title, body, actions, kind = "plain", signal, onclose }) {
  const id = `sheet-${++count}`;
  const dialog = /** @type {HTMLDialogElement} */ (
    h(
      `dialog.sheet.${kind}`,
      { "aria-labelledby": id, "data-testid": "sheet" },
      h("div.sheet-body", null, h("h2", { id, tabindex: "-1", autofocus: true }, title), body),
      h("div.sheet-actions", null, actions ?? closeButton(t("sheet.close"))),
      h("div.announce.unseen", { role: "status" }),
    )
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  signal.addEventListener("abort", () => dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    onclose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** @param {string} words @param {string} [look] */
export const closeButton = (words, look = "second") =>
  h(`button.${look}`, { type: "button", onclick: (event) => event.currentTarget.closest("dialog").close() }, words);

/** A yes that takes no tap that was meant for something else. @param {string} words */
export function armed(words) {
  const agree = h("button.primary.arming", { type: "button", disabled: true, "data-testid": "confirm" }, words);
  setTimeout(() => {
    agree.removeAttribute("disabled");
    agree.classList.remove("arming");
  }, ARMED_AFTER_MS);
  return agree;
}

/**
 * Asks before something that matters. No is as easy as yes, and yes is armed only after a moment.
 * @param {{ title: string, body: import("../dom.js").Child, yes: string, no: string, signal: AbortSignal }} question
 * @returns {Promise<boolean>}
 */
export function confirmSheet({ title, body, yes, no, signal }) {
  return new Promise((resolve) => {
    let said = false;
    const agree = armed(yes);
    const dialog = openSheet({
      title,
      body,
      actions: [agree, closeButton(no)],
      kind: "ask",
      signal,
      onclose: () => resolve(said),
    });
    agree.addEventListener("click", () => {
      said = true;
      dialog.close();
    });
  });
}
