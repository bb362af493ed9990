/**
 * What a program may do, at this moment: declared ∩ granted ∩ consented ∩ policy ∩ context.
 *
 * The city says the first four (`MiniCapability`) and checks them again wherever data is its own; the host keeps what the
 * city said, asks the person, and adds the context that only it knows: is the program before the person, and did they
 * just touch something. What the city did not name was not declared. Nothing is remembered here that the city did not
 * answer.
 *
 * Who is asked too often says yes to be left alone: of a session there are few sheets, and what was refused twice, or
 * closed without an answer twice, is for the settings only.
 */

import { BridgeError, refusal } from "./errors.js";

const SHEETS_MAX = 6;
const SHEETS_PER_MINUTE = 3;
const REFUSALS_MAX = 2;

/** @typedef {import("./chrome.js").Capability} Capability */

const UNAVAILABLE = /** @type {const} */ ("UNAVAILABLE");

export class Gate {
  /**
   * @param {object} around
   * @param {Capability[]} around.capabilities  as the city said them when the session began
   * @param {(wanted: Capability[], signal: AbortSignal) => Promise<import("./chrome.js").PermissionAnswer | null>} around.ask
   * @param {(answer: import("./chrome.js").PermissionAnswer) => Promise<Capability[]>} around.tell  the city
   * @param {() => boolean} around.shown
   * @param {() => boolean} around.touched  a person did something within the last seconds
   * @param {(capabilities: Capability[]) => void} around.changed   those whose state is another
   * @param {import("./clock.js").Clock} around.clock
   */
  constructor({ capabilities, ask, tell, shown, touched, changed, clock }) {
    Object.assign(this, { ask, tell, shown, touched, changed, clock });
    this.keep(capabilities);
    /** @type {number[]} */
    this.sheets = [];
    /** @type {Map<string, number>} */
    this.refusals = new Map();
    /** One sheet at a time. @type {Promise<unknown>} */
    this.asking = Promise.resolve();
  }

  /** What the city says now. @param {Capability[]} capabilities */
  keep(capabilities) {
    const before = this.known;
    /** @type {Map<string, Capability>} */
    this.known = new Map(capabilities.map((one) => [one.name, one]));
    if (!before) return;
    const gone = [...before.values()].filter(({ name }) => !this.known.has(name));
    const now = [...capabilities, ...gone.map((one) => ({ ...one, state: UNAVAILABLE, why: "review" }))];
    const changed = now.filter(({ name, state }) => before.get(name)?.state !== state);
    if (changed.length > 0) this.changed(changed);
  }

  /** @returns {Capability[]} */
  all() {
    return [...this.known.values()];
  }

  /** @param {string} name @returns {Capability["state"] | null} null: not declared */
  state(name) {
    return this.known.get(name)?.state ?? null;
  }

  /**
   * Before a call that needs one of the capabilities: the person is asked if they were not yet.
   * @param {string[]} names  one of them will do; the first is asked for
   * @param {AbortSignal} signal
   * @throws {BridgeError}
   */
  async need(names, signal) {
    if (names.some((name) => this.state(name) === "GRANTED")) return;
    const name = names.find((one) => this.state(one) === "PROMPT") ?? names[0];
    this.#refuse(name);
    const answered = await this.#turn([name], signal);
    if (this.state(name) === "GRANTED") return;
    throw new BridgeError(answered ? "E_PERMISSION_DENIED" : "E_USER_CANCEL", answered ? { why: "consent" } : {});
  }

  /** @param {string} name @throws {BridgeError} unless a person can still be asked */
  #refuse(name) {
    const one = this.known.get(name);
    if (!one) throw new BridgeError("E_NOT_DECLARED", { why: "manifest" });
    if (one.state === "DENIED") throw new BridgeError("E_PERMISSION_DENIED", { why: "consent" });
    if (one.state === "UNAVAILABLE") throw refusal(one.why ?? "policy");
  }

  /**
   * One sheet for all that can still be asked.
   * @param {string[]} names
   * @param {AbortSignal} signal
   * @returns {Promise<{ granted: string[], denied: string[] }>} of what was wanted; a refusal is no error
   * @throws {BridgeError} what was not declared, or too many sheets
   */
  async authorize(names, signal) {
    for (const name of names) if (!this.known.has(name)) throw new BridgeError("E_NOT_DECLARED", { why: "manifest" });
    await this.#turn(names, signal);
    const granted = names.filter((name) => this.state(name) === "GRANTED");
    return { granted, denied: names.filter((name) => !granted.includes(name)) };
  }

  #turn(names, signal) {
    const turn = this.asking.then(() => this.#sheet(names, signal));
    this.asking = turn.catch(() => null);
    return turn;
  }

  /** @returns {Promise<boolean>} false: it was closed without an answer */
  async #sheet(names, signal) {
    const open = names.filter((name) => this.state(name) === "PROMPT" && this.#askable(name));
    if (open.length === 0) return true;
    if (signal.aborted) throw new BridgeError("E_ABORTED");
    if (!this.shown()) throw new BridgeError("E_CONSENT_REQUIRED", { why: "context" });
    this.#countSheet();
    const wanted = open.map((name) => /** @type {Capability} */ (this.known.get(name)));
    const answer = await this.ask(wanted, signal);
    if (answer === null) {
      for (const name of open) this.#refused(name);
      return false;
    }
    const within = (list) => list.filter((name) => open.includes(name));
    const said = { granted: within(answer.granted), denied: within(answer.denied), text: answer.text };
    for (const name of said.denied) this.#refused(name);
    this.keep(await this.tell(said));
    return true;
  }

  #askable(name) {
    return (this.refusals.get(name) ?? 0) < REFUSALS_MAX;
  }

  #refused(name) {
    this.refusals.set(name, (this.refusals.get(name) ?? 0) + 1);
  }

  #countSheet() {
    const now = this.clock.now();
    const recent = this.sheets.filter((at) => now - at < 60_000);
    if (this.sheets.length >= SHEETS_MAX) throw new BridgeError("E_PERMISSION_DENIED", { why: "quota" });
    if (recent.length >= SHEETS_PER_MINUTE) {
      throw new BridgeError("E_RATE_LIMITED", { why: "quota", retryAfterMs: 60_000 - (now - recent[0]) });
    }
    this.sheets.push(now);
  }

  /** @throws {BridgeError} unless the program is before a person who just touched something */
  needTouch() {
    if (!this.shown() || !this.touched()) throw new BridgeError("E_NEEDS_GESTURE", { why: "context" });
  }
}

/** As programs know it. @param {import("./chrome.js").Capability} capability */
export const toProgram = ({ name, state, why, reason }) => ({
  name,
  state: state.toLowerCase(),
  why: state === "GRANTED" ? null : why || null,
  ...(reason && { reason: reason.slice(0, 512) }),
});
