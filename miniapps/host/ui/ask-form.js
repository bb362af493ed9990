/** A form of a few fields and one button: busy while the city works, its complaint above the button, the focus where it helps. */

import { lineBroke } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { busy } from "./busy.js";
import { forgetAnswers } from "./load.js";
import { complain } from "./trouble.js";

/**
 * @param {{
 *   fields: import("../dom.js").Child,
 *   focus: (error: any) => HTMLElement | null,
 *   words: string,
 *   work: () => Promise<unknown>,
 *   signal: AbortSignal,
 *   id: string,
 *   doing?: string,
 * }} form  focus: what is to be mended after an error of the city's; null where nothing that was typed is wrong.
 *   work: false from it means that nothing was done. Fields are described by "trouble"
 */
export function askForm({ fields, focus, words, work, signal, id, doing = t("state.doing") }) {
  const said = h("div", { id: "trouble" });
  const send = h("button.primary.wide", { type: "submit" }, words);
  const attempt = async () => {
    said.replaceChildren();
    try {
      if ((await work()) !== false) forgetAnswers();
    } catch (error) {
      if (signal.aborted) return;
      const wrong = lineBroke(error) ? null : focus(error);
      wrong?.setAttribute("aria-invalid", "true");
      complain(said, error);
      wrong?.focus();
    }
  };
  const onsubmit = (event) => {
    event.preventDefault();
    busy(send, doing, attempt);
  };
  const oninput = ({ target }) => target.removeAttribute("aria-invalid");
  const el = h("form.form", { novalidate: true, onsubmit, oninput, "data-testid": id }, fields, said, send);
  return { el, submit: () => busy(send, doing, attempt) };
}
