/**
 * For whom this tab acts. The token lives in this module and dies with the tab or the sign-out; it is never stored.
 *
 * It opens what its matters name and nothing else, lives ten minutes and cannot be renewed: `api.js` begins again by
 * the same relation while the tab goes on.
 */

import { cityNow, onSessionChange } from "./session.js";

/**
 * @typedef {{ relation: string, name: string, matters: string[], token: string, until: number }} Acting
 *   relation: by which it was begun. name: of whom it is done for: a person's is masked. until: on the city's clock
 */

/** @type {Acting | null} */
let present = null;
const watchers = new Set();

/** @returns {Readonly<Acting> | null} */
export const acting = () => present;

/** Still has ten seconds to live. @param {Acting} one */
export const fresh = (one) => one.until - cityNow() > 10_000;

/**
 * Begin, or go on, with what the city gave.
 * @param {string} relation
 * @param {{ accessToken: string, accessTokenExpiresAt: string, matters: string[], agency?: { organisation: string } | null, subject: { maskedName: string } | null }} given
 */
export function keepActing(relation, given) {
  const before = present?.relation;
  present = {
    relation,
    name: given.agency?.organisation ?? given.subject?.maskedName ?? present?.name ?? "",
    matters: given.matters,
    token: given.accessToken,
    until: Date.parse(given.accessTokenExpiresAt),
  };
  if (before !== relation) tell();
}

export function stopActing() {
  if (!present) return;
  present = null;
  tell();
}

/** Called when this tab begins to act for somebody, or ends it: nothing that was on screen is theirs. @param {() => void} watch */
export const onActingChange = (watch) => void watchers.add(watch);

const tell = () => watchers.forEach((watch) => watch());

onSessionChange(() => (present = null));
