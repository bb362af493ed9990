/** A button that does something at the city: busy while it does, its complaint beside it, and on with what comes after. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { busy } from "./busy.js";
import { forgetAnswers } from "./load.js";
import { complain } from "./trouble.js";

/**
 * @param {{
 *   words: string,
 *   work: () => Promise<unknown>,
 *   said: HTMLElement,
 *   signal: AbortSignal,
 *   look?: string,
 *   name?: string,
 *   id?: string,
 * }} act  work: false from it means that nothing was done. said: where a complaint goes. name: where `words` alone do not say of what
 */
export function actButton({ words, work, said, signal, look = "second", name, id }) {
  const button = h(`button.${look}`, { type: "button", "aria-label": name, "data-testid": id }, words);
  button.addEventListener("click", () => busy(button, t("state.doing"), () => attempt(work, { said, signal })));
  return button;
}

/** Do it, and say beside it what went wrong. @param {() => Promise<unknown>} work @param {{ said: HTMLElement, signal: AbortSignal }} at */
export async function attempt(work, { said, signal }) {
  said.replaceChildren();
  try {
    if ((await work()) !== false) forgetAnswers();
  } catch (error) {
    if (!signal.aborted) complain(said, error);
  }
}
