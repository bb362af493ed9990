/**
 * The one line to the host: a MessagePort that carries JSON (docs/sdk/bridge.md, "Wire").
 *
 * Rules: every call settles, by an answer, its signal (`within` of `calls.js`: the deadline, too), or the end of the line. Calls made before the line
 * is open wait in order. No more than 64 are on the way at once, none is larger than 256 KiB, and 1,000 may wait.
 * When the line ends everything fails with why it ended, and so does every later call, until it is opened again.
 */
import { MpError } from './errors.js';
import { DEPTH } from './generated/methods.js';

const ON_THE_WAY = 64;
const WAITING = 1000;
const BYTES = 256 * 1024;

/** Bytes of `text` in UTF-8. */
export const bytesOf = (text) => new TextEncoder().encode(text).length;

const ODD = Symbol('not only JSON');
/** Bytes that may still be copied, taking each for as many as JSON can make of it. */
let room;

/** A copy of what is nothing but JSON and small: a seventh of the time that text takes. Of all else `ODD`. */
function copy(value, depth) {
  if (value === null || typeof value === 'boolean') room -= 6;
  else if (typeof value === 'string') room -= 6 * value.length + 3;
  else if (Number.isFinite(value)) room -= 26;
  else if (typeof value !== 'object' || depth === DEPTH || room < 0) return ODD;
  else return Array.isArray(value) ? list(value, depth + 1) : record(value, depth + 1);
  return room < 0 ? ODD : Object.is(value, -0) ? 0 : value;
}

function list(values, depth) {
  const made = [];
  room -= 3;
  for (let at = 0; at < values.length; at += 1) {
    const one = copy(values[at], depth);
    if (one === ODD) return ODD;
    made.push(one);
  }
  return made;
}

function record(values, depth) {
  if (Object.getPrototypeOf(values) !== Object.prototype) return ODD;
  const made = {};
  room -= 3;
  for (const key of Object.keys(values)) {
    const value = values[key];
    if (value === undefined) continue;
    room -= 6 * key.length + 4;
    const one = key === '__proto__' ? ODD : copy(value, depth);
    if (one === ODD) return ODD;
    made[key] = one;
  }
  return made;
}

/** `value` as the line would carry it: what JSON keeps of it. Throws `E_INVALID_PARAM` for what JSON cannot say. */
export function plain(value, method) {
  let text;
  try {
    room = BYTES - 1024;
    const copied = copy(value, 0);
    if (copied !== ODD) return copied;
    text = JSON.stringify(value);
  } catch (cause) {
    throw new MpError('E_INVALID_PARAM', { method, path: '', message: 'This cannot be written as JSON.', cause });
  }
  if (text === undefined) return undefined;
  if (text.length * 3 > BYTES && bytesOf(text) > BYTES - 1024) throw new MpError('E_TOO_LARGE', { method });
  return JSON.parse(text);
}

export class Line {
  #port = null;
  #ended = null;
  #next = 1;
  #waiting = [];
  #away = new Map();
  #heard;
  #lost;

  /**
   * @param {(type: string, data: any) => void} heard takes the host's events
   * @param {(why: { code: string }) => void} lost told when the line has ended
   */
  constructor(heard, lost) {
    this.#heard = heard;
    this.#lost = lost;
  }

  get open() {
    return this.#port !== null;
  }

  /** Why nothing can be asked, or null. */
  get ended() {
    return this.#ended;
  }

  /** Calls may wait again: somebody may answer. */
  renew() {
    this.#ended = null;
  }

  /** Speaks through `port` from now on; what waits is sent. */
  start(port) {
    if (this.#port) this.end({ code: 'E_DISCONNECTED' });
    this.#ended = null;
    this.#port = port;
    const closed = () => this.#port === port && this.end({ code: 'E_DISCONNECTED' });
    if (port.addEventListener) port.addEventListener('close', closed);
    else port.onclose = closed;
    port.onmessage = ({ data }) => this.#port === port && this.#take(data);
    this.#send();
  }

  /** Everything fails with `why`, from now on. */
  end(why) {
    const port = this.#port;
    this.#port = null;
    this.#ended = why;
    if (port) {
      port.onmessage = null;
      port.close();
    }
    const calls = [...this.#away.values(), ...this.#waiting];
    this.#waiting = [];
    this.#away.clear();
    for (const call of calls) call.fail(why.code, why);
    this.#lost(why);
  }

  /**
   * Asks the host. When `signal` aborts, the host is told that nobody waits any more. `as`: the name in errors.
   * @returns {Promise<any>}
   */
  ask(method, params, signal, as = method) {
    return new Promise((resolve, reject) => {
      const fail = (code, about) => reject(new MpError(code, { ...about, method: as }));
      if (signal.aborted) return fail('E_ABORTED');
      if (this.#ended) return fail(this.#ended.code, this.#ended);
      if (this.#waiting.length >= WAITING) return fail('E_RATE_LIMITED', { why: 'quota', retryAfter: 1 });
      const call = { id: this.#next++, method, params, answer: resolve, fail };
      signal.addEventListener('abort', () => this.#forget(call), { once: true });
      this.#waiting.push(call);
      this.#send();
    });
  }

  #forget(call) {
    const place = this.#waiting.indexOf(call);
    if (place >= 0) this.#waiting.splice(place, 1);
    if (this.#away.get(call.id) === call) {
      this.#away.delete(call.id);
      this.#port.postMessage({ cancel: call.id });
      this.#send();
    }
    call.fail('E_ABORTED');
  }

  #send() {
    while (this.#port && this.#waiting.length && this.#away.size < ON_THE_WAY) {
      const call = this.#waiting.shift();
      this.#away.set(call.id, call);
      this.#port.postMessage({ id: call.id, m: call.method, p: call.params });
    }
  }

  #take(said) {
    if (typeof said !== 'object' || said === null) return;
    if ('ping' in said) this.#port.postMessage({ pong: said.ping });
    else if (said.ev) this.#heard(said.ev, said.d);
    else if (said.bye) this.end(said.bye);
    else {
      const call = this.#away.get(said.id);
      if (!call || !this.#away.delete(said.id)) return;
      if (said.err) call.fail(said.err.code, said.err);
      else call.answer(said.ok);
      this.#send();
    }
  }
}
