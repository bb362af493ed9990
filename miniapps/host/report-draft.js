/**
 * A report on its way: over reloads, lost lines and a change of language, until the city has it.
 *
 * `id` is made once and sent with every try, so that a report whose answer was lost is not made twice.
 */

import { onSessionChange, randomId, sessionId } from "./session.js";
import { parsed, tab } from "./storage.js";

const KEY = "citytong.report";

/**
 * @typedef {{ id: string, thumbnailUrl: string }} SentPhoto
 * @typedef {{
 *   id: string, session: string | null, place: string, category: string, words: string, address: string,
 *   district: string, point: { longitude: number, latitude: number } | null, photos: SentPhoto[],
 * }} Report
 *   place: the 21 digits of a plate. point: where the device is. district: chosen where the device does not say
 */

const START = { place: "", category: "", words: "", address: "", district: "", point: null, photos: [] };

/** The draft, if it is this session's and about this place; else a new one. @param {string} place @returns {Report} */
export function reportDraft(place) {
  const kept = parsed(tab.get(KEY));
  const mine = typeof kept.id === "string" && kept.session === sessionId() && kept.place === place;
  if (mine) return /** @type {Report} */ ({ ...START, ...kept });
  return { ...START, id: randomId("report"), session: sessionId(), place };
}

/** @param {Report} report */
export const keepReport = (report) => tab.set(KEY, JSON.stringify(report));

export const dropReport = () => tab.drop(KEY);

onSessionChange(dropReport);
