/**
 * What a member of staff does here, by their roles: which desks stand in the dock, and where they begin. Only signposts:
 * the city checks each act by itself. Kept for the tab, and only for the session that asked.
 */

import { ask } from "./api.js";
import { STAFF_ROLES } from "./documents-street.js";
import { sessionId } from "./session.js";
import { parsed, tab } from "./storage.js";

const KEY = "citytong.roles";

/** @returns {string[] | null}  null: not asked yet */
export function roles() {
  const kept = parsed(tab.get(KEY));
  return kept.session === sessionId() && Array.isArray(kept.roles) ? kept.roles : null;
}

/** @param {{ signal: AbortSignal }} screen */
export async function learnRoles({ signal }) {
  const { data } = await ask(STAFF_ROLES, {}, { signal });
  tab.set(KEY, JSON.stringify({ session: sessionId(), roles: data.staffMe.roles }));
}

const has = (...some) => Boolean(roles()?.some((role) => some.includes(role)));

export const inspects = () => has("inspector");
export const handles = () => has("case_handler");
export const verifies = () => has("counter_clerk");
/** Proposes and approves what takes two officers, or looks at it. */
export const decides = () => has("account_officer", "staff_admin", "partner_officer", "program_officer", "auditor");
export const intervenes = () => has("account_officer");
export const manages = () => has("staff_admin");
/** Reads everything, and does nothing. */
export const audits = () => has("auditor");
/** Lets programs in, or does not. */
export const reviewsPrograms = () => has("program_reviewer");
/** Rates who builds programs, and has them taken back. */
export const governsPrograms = () => has("program_officer");
