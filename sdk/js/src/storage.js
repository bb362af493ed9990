/**
 * Storage that answers at once. The host sends all of it with the welcome (per citizen and program), reads are answered
 * from here, and writes go through in order: those made while one batch is on its way make up the next.
 *
 * Rules: 10 MiB of keys and JSON together, else `E_QUOTA` before anything is written; 192 KiB for one key and value, else
 * `E_TOO_LARGE` (a message of the bridge holds no more). Values are copied, in and out. What is written before the welcome
 * wins over what the welcome brings; what is read before it, and was not written before it, throws `E_NO_HOST`.
 */
import { MpError } from './errors.js';
import { bytesOf } from './line.js';

export const QUOTA = 10 * 1024 * 1024;
export const LARGEST = 192 * 1024;
const REMOVED = 4096;
const ATTEMPTS = 5;

export class Storage {
  #texts = new Map();
  #bytes = 0;
  #known = false;
  #gone = null;
  #batch = null;
  #sending = false;
  #write;
  #lost;

  /**
   * @param {(batch: { put?: object, removed?: string[], clear?: boolean }) => Promise<unknown>} write
   * @param {(error: MpError) => void} lost told when a write that nobody waits for has failed
   */
  constructor(write, lost) {
    this.#write = write;
    this.#lost = lost;
  }

  /** The host's copy has come. */
  fill(stored) {
    const early = this.#batch;
    if (!early) this.#forgetAll();
    this.merge({ put: stored, removed: [] });
    this.#known = true;
    this.#gone = null;
    this.#send();
  }

  /** Another page or device of the same citizen wrote. What was written here and is not sent yet will win there, too. */
  merge({ put, removed, clear }) {
    for (const key of clear ? [...this.#texts.keys()] : removed) if (!this.#ours(key)) this.#keep(key);
    for (const [key, value] of Object.entries(put)) if (!this.#ours(key)) this.#keep(key, JSON.stringify(value));
  }

  /** There is no host, or no more: nothing can be stored. What was read can still be read. */
  lose(why) {
    this.#gone = why;
    const batch = this.#batch;
    this.#batch = null;
    if (batch) this.#failed(batch, new MpError(why.code, { ...why, method: 'setStorage' }));
  }

  /** What stands at `key`, or undefined. */
  get(key, method) {
    const text = this.#texts.get(key);
    if (text !== undefined) return JSON.parse(text);
    if (!this.#known && !this.#ours(key)) this.#needHost(method);
    return undefined;
  }

  set(key, value, method) {
    this.#mayWrite(method);
    const text = JSON.stringify(value);
    if (text === undefined) throw new MpError('E_INVALID_PARAM', { method, path: '/data', message: 'Only JSON can be stored.' });
    const bytes = bytesOf(key) + bytesOf(text);
    if (bytes > LARGEST) throw new MpError('E_TOO_LARGE', { method, why: 'quota' });
    if (this.#bytes - this.#sizeOf(key) + bytes > QUOTA) throw new MpError('E_QUOTA', { method, why: 'quota' });
    this.#keep(key, text);
    this.#open().changes.set(key, text);
  }

  remove(key, method) {
    this.#mayWrite(method);
    this.#keep(key);
    this.#open().changes.set(key);
  }

  clear(method) {
    this.#mayWrite(method);
    this.#forgetAll();
    const batch = this.#open();
    batch.changes.clear();
    batch.clear = true;
  }

  /** Sizes in KiB, as `wx` counts. */
  info(method) {
    if (!this.#known) this.#needHost(method);
    return { keys: [...this.#texts.keys()], currentSize: Math.ceil(this.#bytes / 1024), limitSize: QUOTA / 1024 };
  }

  /** Settles when the host has kept what was written until now. */
  kept() {
    if (!this.#batch) return Promise.resolve();
    return new Promise((resolve, reject) => this.#batch.waiters.push({ resolve, reject }));
  }

  /** The page is about to go: what is left is sent without waiting. */
  hurry() {
    while (this.#known && this.#batch) this.#sendPart();
  }

  #mayWrite(method) {
    if (this.#gone) throw new MpError(this.#gone.code, { ...this.#gone, method });
  }

  #needHost(method) {
    this.#mayWrite(method);
    throw new MpError('E_NO_HOST', { method, message: 'The host has not answered yet: await mp.ready() before reading storage.' });
  }

  #sizeOf(key) {
    const text = this.#texts.get(key);
    return text === undefined ? 0 : bytesOf(key) + bytesOf(text);
  }

  /** Whether a write that is not sent yet decides what stands at `key`. */
  #ours(key) {
    return this.#batch && (this.#batch.clear || this.#batch.changes.has(key));
  }

  /** Without `text`: not any more. */
  #keep(key, text) {
    this.#bytes -= this.#sizeOf(key);
    if (text === undefined) this.#texts.delete(key);
    else this.#texts.set(key, text);
    this.#bytes += this.#sizeOf(key);
  }

  #forgetAll() {
    this.#texts.clear();
    this.#bytes = 0;
  }

  #open() {
    if (!this.#batch) {
      this.#batch = { clear: false, changes: new Map(), waiters: [] };
      queueMicrotask(() => this.#send());
    }
    return this.#batch;
  }

  /** As much of what is to be written as one message holds; who waits, waits for the last part. */
  #part() {
    const batch = this.#batch;
    const message = { clear: batch.clear, removed: [], put: Object.create(null) };
    let room = LARGEST;
    for (const [key, text] of batch.changes) {
      room -= bytesOf(key + text);
      if (room < 0 || message.removed.length === REMOVED) break;
      batch.changes.delete(key);
      if (text === undefined) message.removed.push(key);
      else message.put[key] = JSON.parse(text);
    }
    batch.clear = false;
    if (batch.changes.size) return { message, waiters: [] };
    this.#batch = null;
    return { message, waiters: batch.waiters };
  }

  async #send() {
    if (this.#sending || !this.#known) return;
    this.#sending = true;
    while (this.#batch) await this.#sendPart();
    this.#sending = false;
  }

  async #sendPart() {
    const part = this.#part();
    try {
      await this.#persist(part.message);
      for (const { resolve } of part.waiters) resolve();
    } catch (error) {
      this.#failed(part, error);
    }
  }

  /** A host that is asked too often says when to come again. */
  async #persist(message) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#write(message);
      } catch (error) {
        if (!MpError.is(error, 'E_RATE_LIMITED') || attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, (error.retryAfter || 1) * 1000));
      }
    }
  }

  #failed(part, error) {
    for (const { reject } of part.waiters) reject(error);
    if (!part.waiters.length) this.#lost(error);
  }
}
