/**
 * The states of a program and of its pages (W3C MiniApp Lifecycle, with the transition table that it lacks).
 *
 * A transition that is not in the table is dropped and told to whoever listens: the runtime's own mistake must not reach
 * a program as a state that cannot be.
 */

/** @type {Readonly<Record<string, readonly string[]>>} */
const GLOBAL = {
  launched: ["shown", "error", "unloaded"],
  shown: ["hidden", "error", "unloaded"],
  hidden: ["shown", "error", "unloaded"],
  unloaded: [],
};

/** @type {Readonly<Record<string, readonly string[]>>} */
const PAGE = {
  loaded: ["ready", "unloaded"],
  ready: ["shown", "hidden", "unloaded"],
  shown: ["hidden", "unloaded"],
  hidden: ["shown", "unloaded"],
  unloaded: [],
};

/** How long a program that nobody sees lives. */
export const HIDDEN_MS_MAX = 5 * 60_000;

class States {
  /** @param {typeof GLOBAL} table @param {string} first @param {(from: string, to: string) => void} dropped */
  constructor(table, first, dropped) {
    this.table = table;
    this.state = first;
    this.dropped = dropped;
  }

  /** @param {string} next @returns {boolean} whether it came to be */
  to(next) {
    if (!this.table[this.state].includes(next)) {
      this.dropped(this.state, next);
      return false;
    }
    if (next !== "error") this.state = next; // an error passes: the program is then what it was
    return true;
  }
}

/** @param {(from: string, to: string) => void} dropped */
export const programStates = (dropped) => new States(GLOBAL, "launched", dropped);

/** @param {(from: string, to: string) => void} dropped */
export const pageStates = (dropped) => new States(PAGE, "loaded", dropped);
