/**
 * What a run tells those who build it: what it wrote down, what it counted, and the errors that its calls ended with. It
 * goes to the city in batches, which cuts, redacts and samples it (`noteMiniLogs`), and says nobody's name.
 *
 * It is never worth a line of its own: one batch in ten seconds, whatever a program writes; what does not fit is
 * dropped, the oldest first, and so is what could not be sent.
 */

const SEND_EVERY_MS = 10_000;
/** As the city takes them. */
const ENTRIES_MAX = 50;
const TEXT_MAX = 1_000;
const DAY_MS = 86_400_000;

/** Nothing that went wrong: somebody chose so, or there is too much of it to count. */
const NO_FAULTS = new Set(["E_USER_CANCEL", "E_ABORTED", "E_RATE_LIMITED", "E_DISCONNECTED"]);

/** @typedef {{ level: "INFO" | "WARN" | "ERROR", at: string, text?: string, code?: string, event?: string }} Entry */

export class Told {
  /**
   * @param {object} around
   * @param {(entries: Entry[]) => Promise<unknown>} around.send
   * @param {import("./clock.js").Clock} around.clock
   */
  constructor({ send, clock }) {
    Object.assign(this, { send, clock });
    /** @type {Entry[]} */
    this.waiting = [];
    /** @type {(() => void) | null} */
    this.calledOff = null;
  }

  /** @param {"info" | "warn" | "error"} level @param {string} text  of the program @param {number} at  Unix, in milliseconds */
  wrote(level, text, at) {
    const kept = text.slice(0, TEXT_MAX).replace(/[\ud800-\udbff]$/, ""); // no half of a sign
    if (kept) this.#add({ level: /** @type {Entry["level"]} */ (level.toUpperCase()), at: instant(at), text: kept });
  }

  /** @param {string} event  of the program */
  counted(event) {
    this.#add({ level: "INFO", at: instant(Date.now()), event });
  }

  /** A call ended so. @param {string} code  of the contract */
  failed(code) {
    if (!NO_FAULTS.has(code)) this.#add({ level: "ERROR", at: instant(Date.now()), code });
  }

  /** What waits is sent now; settles when it was, or could not be. */
  async flush() {
    this.calledOff?.();
    this.calledOff = null;
    const entries = this.waiting;
    this.waiting = [];
    if (entries.length) await this.send(entries).catch(() => null);
  }

  #add(entry) {
    this.waiting = [...this.waiting.slice(1 - ENTRIES_MAX), entry];
    this.calledOff ??= this.clock.after(SEND_EVERY_MS, () => void this.flush());
  }
}

/** A page may say any number; what is not of this day is now. @param {number} at */
const instant = (at) => new Date(Math.abs(at - Date.now()) < DAY_MS ? at : Date.now()).toISOString();
