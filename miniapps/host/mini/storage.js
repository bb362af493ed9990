/**
 * What a program keeps for a citizen: all of it here while the program runs, the city's soon after (write-behind).
 *
 * A write is there for the program at once and for its other pages by `storagechange`. The city takes changes, key by key,
 * against a revision; where another device wrote in between, ours is sent again against the new one: of two who wrote the
 * same key, the later one at the city is kept. What the other device wrote is read at the next start. Without a line, changes wait, and are on this device
 * (`kept.js`) over a restart.
 */

import { BridgeError } from "./errors.js";
import { LIMITS } from "./generated/bridge.js";

const KEY_MAX = 256;
const SEND_AFTER_MS = 400;
const AGAIN_MS = 5_000;
const AGAIN_MS_MAX = 120_000;

/** @typedef {{ put: Record<string, any>, removed: string[], clear: boolean }} Change  clear, then removed, then put */
/** @typedef {{ values: Record<string, any>, revision: number, waiting: Change | null }} Kept */

/** The city's answer when another device wrote. */
export const CHANGED = "MINIAPPS_STORAGE_CHANGED";

export class ProgramStorage {
  /**
   * @param {object} around
   * @param {Kept} around.kept   the city's copy, or this device's with what still waits to be sent
   * @param {(revision: number, change: Change) => Promise<number>} around.send   the new revision; throws CHANGED
   * @param {(kept: Kept) => Promise<unknown>} around.keep  on this device
   * @param {(change: Change, writer: unknown) => void} around.changed   for every page but the writer's
   * @param {import("./clock.js").Clock} around.clock
   */
  constructor({ kept, send, keep, changed, clock }) {
    Object.assign(this, { send, keep, changed, clock });
    this.revision = kept.revision;
    /** Keys are a stranger's: a map, so that none of them means anything here. @type {Map<string, any>} */
    this.values = new Map(Object.entries(kept.values));
    /** @type {Change | null} */
    this.waiting = null;
    this.sending = null;
    this.delay = AGAIN_MS;
    this.calledOff = () => {};
    if (kept.waiting) this.#apply(kept.waiting);
    this.bytes = total(this.values);
  }

  /** @returns {Record<string, any>} */
  all() {
    return Object.fromEntries(this.values);
  }

  /**
   * @param {Partial<Change>} change
   * @param {unknown} writer  who hears nothing of it
   * @throws {BridgeError} E_QUOTA, E_TOO_LARGE, E_INVALID_PARAM: then nothing was written
   */
  write({ put = {}, removed = [], clear = false }, writer) {
    const change = { put, removed, clear };
    const bytes = this.#fits(change);
    this.#apply(change);
    this.bytes = bytes;
    this.changed(change, writer);
    this.#later(SEND_AFTER_MS);
    return { revision: this.revision };
  }

  /** What waits is sent now; settles when it was, or could not be. */
  async flush() {
    this.calledOff();
    await this.sending;
    if (this.waiting) await this.#send();
  }

  /** @returns {number} bytes of all that is kept once the change is made */
  #fits({ put, removed, clear }) {
    let bytes = clear ? 0 : this.bytes;
    if (!clear) for (const key of new Set(removed)) bytes -= this.#size(key);
    for (const [key, value] of Object.entries(put)) {
      if (key.length > KEY_MAX) throw new BridgeError("E_INVALID_PARAM", { path: "/put" });
      const size = sizeOf(key, value);
      if (size > LIMITS.storageValueBytes) throw new BridgeError("E_TOO_LARGE", { why: "quota" });
      bytes += size - (clear || removed.includes(key) ? 0 : this.#size(key));
    }
    if (bytes > LIMITS.storageBytes) throw new BridgeError("E_QUOTA", { why: "quota" });
    return bytes;
  }

  #size(key) {
    return this.values.has(key) ? sizeOf(key, this.values.get(key)) : 0;
  }

  #apply(change) {
    if (change.clear) this.values.clear();
    for (const key of change.removed) this.values.delete(key);
    for (const [key, value] of Object.entries(change.put)) this.values.set(key, value);
    this.waiting = after(this.waiting, change);
  }

  #later(ms) {
    this.calledOff();
    this.calledOff = this.clock.after(ms, () => void this.flush());
    this.#keepHere();
  }

  #keepHere() {
    const kept = { values: this.all(), revision: this.revision, waiting: this.waiting };
    this.keep(kept).catch(() => null); // a browser that keeps nothing still has the city's copy
  }

  async #send() {
    const change = /** @type {Change} */ (this.waiting);
    this.waiting = null;
    this.sending = this.send(this.revision, change).then(
      (revision) => this.#sent(revision),
      (error) => this.#unsent(error, change),
    );
    await this.sending;
    this.sending = null;
  }

  #sent(revision) {
    this.revision = revision;
    this.delay = AGAIN_MS;
    this.#keepHere();
  }

  #unsent(error, change) {
    this.waiting = after(change, this.waiting ?? { put: {}, removed: [], clear: false });
    const elsewhere = error.code === CHANGED;
    if (elsewhere) this.revision = error.extensions.revision;
    this.#later(elsewhere ? 0 : this.delay);
    if (!elsewhere) this.delay = Math.min(this.delay * 2, AGAIN_MS_MAX);
  }
}

/** Two changes as one. @param {Change | null} first @param {Change} second @returns {Change} */
function after(first, second) {
  if (!first || second.clear) return { ...second, put: { ...second.put } };
  const put = { ...first.put };
  for (const key of second.removed) delete put[key];
  Object.assign(put, second.put);
  const removed = [...new Set([...first.removed, ...second.removed])].filter((key) => !Object.hasOwn(second.put, key));
  return { clear: first.clear, removed, put };
}

const encoder = new TextEncoder();
const sizeOf = (key, value) => encoder.encode(key).length + encoder.encode(JSON.stringify(value)).length;
const total = (values) => [...values].reduce((sum, [key, value]) => sum + sizeOf(key, value), 0);
