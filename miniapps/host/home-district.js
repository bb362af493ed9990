/** The district that a citizen chose as theirs (GB/T 2260): programs of a district are listed for its own alone. */

import { ask } from "./api.js";
import { HOME_DISTRICT } from "./documents-mini.js";
import { onSessionChange } from "./session.js";

/** Undefined: nobody asked yet; null: they have none. @type {string | null | undefined} */
let known;

/** The city has just said so. @param {string | null | undefined} code */
export const knowHomeDistrict = (code) => void (known = code ?? null);

/** What was said so far, without asking. @returns {string | null} */
export const knownHomeDistrict = () => known ?? null;

/** @param {{ signal: AbortSignal }} until @returns {Promise<string | null>} null: they have none, or the city did not say */
export async function homeDistrict(until) {
  if (known === undefined) {
    const answer = await ask(HOME_DISTRICT, {}, until).catch(() => null);
    if (answer) knowHomeDistrict(answer.data.me?.homeDistrict?.code);
  }
  return knownHomeDistrict();
}

onSessionChange(() => (known = undefined));
