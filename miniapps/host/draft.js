/** What a person has given on the way in: over reloads, back and a change of language, until they are in. */

import { parsed, tab } from "./storage.js";

const KEY = "citytong.sign-in";

/**
 * @typedef {{
 *   phone: string,
 *   audience: import("./session.js").Audience,
 *   sent?: { expiresAt: string, againAt: number },
 *   pending?: { id: string, methods: string[], until: number },
 *   sleeps?: { id: string, proven: boolean, until: number },
 * }} Draft  `sent`: the code that is on its way; `againAt`, by this device's clock, the next may be asked for.
 *   `pending`: the second step that is due, with what it may be taken, and until when by this device's clock.
 *   `sleeps`: the number's account was not used for long; proven: its name is asked for
 */

/** @returns {Draft} */
export function draft() {
  const { phone, audience, sent, pending, sleeps } = parsed(tab.get(KEY));
  const whole = typeof sent?.expiresAt === "string" && Number.isFinite(sent.againAt);
  return {
    phone: /^\d{1,11}$/.test(phone) ? phone : "",
    audience: audience === "STAFF" ? "STAFF" : "CITIZEN",
    sent: whole ? sent : undefined,
    pending:
      typeof pending?.id === "string" && Array.isArray(pending.methods) && Number.isFinite(pending.until)
        ? pending
        : undefined,
    sleeps: typeof sleeps?.id === "string" && Number.isFinite(sleeps.until) ? sleeps : undefined,
  };
}

/** @param {Partial<Draft>} change */
export const setDraft = (change) => tab.set(KEY, JSON.stringify({ ...draft(), ...change }));

export const dropDraft = () => tab.drop(KEY);
