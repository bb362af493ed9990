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

export const inspects = () => Boolean(roles()?.includes("inspector"));
export const handles = () => Boolean(roles()?.includes("case_handler"));
