/**
 * The host's end of one port: what a document of a program may say, and what it hears.
 *
 * - Who speaks is the port. Nothing in a message says who one is.
 * - Only JSON, at most 256 KiB, at most 64 calls under way; parameters, results and events are checked by the contract's
 *   own validator. What is not in the contract is E_UNSUPPORTED.
 * - Every call is answered once: by a result, by an error, or by E_ABORTED when it is cancelled. With the port, calls end.
 * - A program that is told to wait and does not, or sends what is no message, is a flood: `onFlood`, once.
 * - It is asked for a sign of life while it is shown; three that do not come are `onSilent`. Any message is one.
 */

import { BridgeError, bridgeError, onWire } from "./errors.js";
import { LIMITS, METHODS, checkEvent, checkParams, checkResult } from "./generated/bridge.js";
import { weigh } from "./weigh.js";

const BYTES_MAX = LIMITS.messageBytes;
const PING_EVERY_MS = 5_000;

/**
 * @typedef {{ method: string, params: any, signal: AbortSignal }} Call
 * @typedef {object} Hearing  who listens to a bridge
 * @property {(call: Call) => any} call     the result, or a promise of it; throws what `bridgeError` understands
 * @property {(kind: "painted" | "fault", data: any) => void} told   by the preload; a program can say it, too
 * @property {(code: string) => void} onFailed   a call ended with this error
 * @property {() => void} onFlood
 * @property {() => void} onSilent          three signs of life did not come
 * @property {() => void} onAlive           then one came
 */

export class Bridge {
  /**
   * @param {MessagePort} port
   * @param {Hearing} hearing
   * @param {import("./budget.js").Budget} budget
   * @param {import("./clock.js").Clock} clock
   */
  constructor(port, hearing, budget, clock) {
    this.port = port;
    this.hearing = hearing;
    this.budget = budget;
    this.clock = clock;
    /** Calls under way. @type {Map<number, AbortController>} */
    this.calls = new Map();
    this.open = true;
    this.missed = 0;
    this.stopPings = () => {};
    port.onmessage = (event) => this.#hear(event.data);
  }

  /** Something happened. @param {string} type @param {any} [data] */
  emit(type, data = {}) {
    const fault = checkEvent(type, data);
    if (fault) throw new TypeError(`event ${type}: ${fault.path} ${fault.problem}`);
    this.#say({ ev: type, d: data });
  }

  /** For the preload alone. @param {Record<string, any>} message */
  tell(message) {
    this.#say(message);
  }

  /** Ask for signs of life, or not: nobody waits for one of a page that is hidden. @param {boolean} wanted */
  watch(wanted) {
    this.stopPings();
    this.missed = 0;
    if (!wanted || !this.open) return;
    const ping = () => {
      this.stopPings = this.clock.after(PING_EVERY_MS, ping);
      if (this.missed === LIMITS.pingsMissed) this.hearing.onSilent();
      this.missed += 1;
      this.#say({ ping: this.missed });
    };
    this.stopPings = this.clock.after(PING_EVERY_MS, ping);
  }

  /** No port tells its other end that it is closed, so that is said. @param {string} [code]  why */
  close(code = "E_DISCONNECTED") {
    if (!this.open) return;
    this.#say({ bye: onWire(new BridgeError(code)) });
    this.open = false;
    this.stopPings();
    this.port.close();
    for (const call of this.calls.values()) call.abort();
    this.calls.clear();
  }

  #hear(said) {
    if (!this.open) return;
    this.#beat();
    if (said === null || typeof said !== "object" || Array.isArray(said)) return this.#strike();
    if (typeof said.m === "string" && Number.isSafeInteger(said.id)) return this.#asked(said);
    if (Number.isSafeInteger(said.cancel)) return this.calls.get(said.cancel)?.abort();
    if (Number.isSafeInteger(said.pong)) return undefined;
    if (said.h === "painted" || said.h === "fault") return this.#told(said);
    return this.#strike();
  }

  #beat() {
    if (this.missed > LIMITS.pingsMissed) this.hearing.onAlive();
    this.missed = 0;
  }

  #told({ h, d }) {
    if (this.budget.take("ui") > 0) return this.#strike();
    return this.hearing.told(h, d);
  }

  /** Answered at once where that can be: a promise costs more than the whole call. */
  #asked(said) {
    const { id, m: method } = said;
    if (this.calls.has(id)) return this.#strike();
    let under = null;
    try {
      const params = this.#admitted(said);
      under = new AbortController();
      this.calls.set(id, under);
      const answer = this.hearing.call({ method, params, signal: under.signal });
      if (answer instanceof Promise) return void this.#settle(id, method, answer, under.signal);
      this.#answered(id, method, answer);
    } catch (error) {
      this.#failed(id, method, error);
    }
    return undefined;
  }

  async #settle(id, method, promised, signal) {
    try {
      this.#answered(id, method, await abortable(promised, signal));
    } catch (error) {
      this.#failed(id, method, error);
    }
  }

  #admitted({ m: method, p: params = {} }) {
    const spec = Object.hasOwn(METHODS, method) ? METHODS[method] : null;
    const wait = this.budget.take(spec?.rate ?? "ui");
    if (wait > 0 || this.calls.size >= LIMITS.inFlight) {
      this.#strike();
      throw new BridgeError("E_RATE_LIMITED", { retryAfterMs: wait || 100, why: "quota" });
    }
    if (!spec) throw new BridgeError("E_UNSUPPORTED");
    const bytes = weigh(params);
    if (bytes > BYTES_MAX) throw new BridgeError("E_TOO_LARGE");
    const fault = bytes < 0 ? { path: "", problem: "not JSON" } : checkParams(method, params, true);
    if (fault) throw new BridgeError("E_INVALID_PARAM", { path: fault.path, message: `${fault.path}: ${fault.problem}` });
    return params;
  }

  #answered(id, method, result = {}) {
    const bytes = weigh(result);
    if (bytes > BYTES_MAX) throw new BridgeError("E_TOO_LARGE");
    const fault = checkResult(method, result, bytes >= 0);
    if (fault) throw new TypeError(`result of ${method}: ${fault.path} ${fault.problem}`);
    this.calls.delete(id);
    this.#say({ id, ok: result });
  }

  #failed(id, method, error) {
    const known = bridgeError(error);
    if (known.code === "E_INTERNAL") console.error(`mini-program call ${method}:`, error);
    this.calls.delete(id);
    this.hearing.onFailed(known.code);
    this.#say({ id, err: onWire(known) });
  }

  #strike() {
    if (this.budget.take("refusal") === 0) return;
    this.close("E_RATE_LIMITED");
    this.hearing.onFlood();
  }

  #say(message) {
    if (this.open) this.port.postMessage(message);
  }
}

/** Settles when the signal aborts, whatever the work does. @template T @param {Promise<T>} work @param {AbortSignal} signal */
const abortable = (work, signal) =>
  new Promise((resolve, reject) => {
    const stop = () => reject(new BridgeError("E_ABORTED"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject);
  });
