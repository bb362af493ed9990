/**
 * A start before the city has answered, for a program that this device ran before: the city is asked for a session, and
 * meanwhile the first page loads, told what the last run was told. It has no port, so it can ask the host for nothing, and
 * nothing that it writes is kept, before the city has said that it is so (`Program.confirm`). If the city says no, or names
 * another release, page, or newer storage, the frame is thrown away, and the program starts on the city's word alone.
 *
 * - What loads is served by the program's own host at that moment: of a revoked release that is nothing.
 * - It begins only where its very package was verified here, and the list of revocations seen last is still good and does
 *   not name it. Both, and the newest list, are asked again before it is confirmed.
 */

import { sessionId } from "../session.js";
import { read } from "./kept.js";
import { ownKey } from "./owned.js";
import { goodList, notRevoked, verifiedBefore } from "./trust.js";

/** @typedef {import("./program.js").Program} Program */

/** What has begun and waits for the city. @type {Set<Ahead>} */
const waiting = new Set();

/** @returns {Program[]} */
export const beginning = () => [...waiting].flatMap(({ program }) => program ?? []);

export class Ahead {
  /**
   * @param {import("./chrome.js").Opening} opening
   * @param {Promise<LastRun | null>} last
   * @param {(run: LastRun) => Promise<Program>} make  not sure, not started
   */
  constructor(opening, last, make) {
    /** @type {any} */
    this.told = null;
    /** @type {Program | null} */
    this.program = null;
    this.off = false;
    this.begun = this.#begin(opening, last, make).catch(() => null); // it starts as if it had never been here
  }

  async #begin(opening, last, make) {
    if (opening.referrer || opening.extraData) return; // what another program hands over is the city's to say
    const found = await last;
    const run = found && found.person === sessionId() && { ...found, answer: asAsked(found.answer, opening) };
    const program = run && !this.off ? await make(run) : null;
    if (!program || this.off) return;
    this.told = run;
    this.program = program;
    waiting.add(this);
    program.start();
  }

  /** @param {any} answer  of the city @returns {Promise<Program | null>} the program, if it began as the city says */
  async cameTrue(answer) {
    await this.begun;
    waiting.delete(this);
    const { program, told } = this;
    if (!program || program.person !== sessionId() || !same(told.answer, answer)) return null;
    return unchanged(told.kept, await stored(answer)) ? program : null;
  }

  drop() {
    this.off = true;
    waiting.delete(this);
    this.program?.drop();
    this.program = null;
  }
}

/** Nothing that the page was told is otherwise. */
function same(told, answer) {
  const said = ({ release: { id, packageSha256, origin, root }, page, query, scene, referrerAppId }) =>
    JSON.stringify([id, packageSha256, origin, root, page, Object.entries(query).sort(), scene, referrerAppId]);
  return said(told) === said(answer);
}

/** Nor was anything stored meanwhile: on another device, or by a run that was just ending. */
const unchanged = (before, now) =>
  before.revision === now.revision && JSON.stringify(before.waiting) === JSON.stringify(now.waiting);

/** @typedef {{ person: string | null, answer: any, kept: import("./storage.js").Kept }} LastRun  person: whose it was */

/**
 * What a start may begin with; null where it has to wait for the city.
 * @param {string} appId
 * @returns {Promise<LastRun | null>}
 * @throws {import("./trust.js").Untrusted}
 */
export async function lastRun(appId) {
  const person = sessionId();
  const [answer, list] = await Promise.all([lastAnswer(appId), goodList()]);
  if (!answer) return null;
  const [kept, verified] = await Promise.all([stored(answer), verifiedBefore(answer.release), notRevoked(answer.release, { list })]);
  return verified ? { person, answer, kept } : null;
}

/** What the city said the last time. @param {string} appId */
export const lastAnswer = (appId) => read("runs", ownKey(appId));

/** The same, for what is asked now. @param {any} answer @param {import("./chrome.js").Opening} opening */
export const asAsked = (answer, { page, query, scene }) => ({
  ...answer,
  page: page ?? answer.release.manifest.pages[0],
  query: query ?? {},
  scene: scene ?? "home",
  referrerAppId: null,
});

/**
 * What waits on this device to be sent is laid over what the city has. A run that has just ended may have sent its last
 * words after the city was asked: then what is here is the newer.
 * @returns {Promise<import("./storage.js").Kept>}
 */
export async function stored({ release, storage, storageRevision }) {
  const here = await read("storage", ownKey(release.appId));
  if (here && here.revision > storageRevision) return here;
  return { values: storage, revision: storageRevision, waiting: here?.waiting ?? null };
}
