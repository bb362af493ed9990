/**
 * The lives of a program and of its page (W3C MiniApp Lifecycle), with the state table that the draft leaves out:
 *
 *     program   launched → shown ⇄ hidden → unloaded
 *     page      loaded → ready → shown ⇄ hidden → unloaded
 *     both      any → error → what it was
 *
 * A step that the table does not have is dropped and reported; no event is fired for it. Events carry what they are about
 * as `event.inputObject` (the draft's examples) and as fields of their own (its IDL).
 */
export const PROGRAM = { '': ['launched'], launched: ['shown'], shown: ['hidden'], hidden: ['shown', 'unloaded'], unloaded: [] };
export const PAGE = { '': ['loaded'], loaded: ['ready'], ready: ['shown'], shown: ['hidden'], hidden: ['shown', 'unloaded'], unloaded: [] };

export class Lifecycle extends EventTarget {
  #prefix;
  #table;
  #drop;
  #handlers = new Map();

  /**
   * @param {'global' | 'page'} prefix of its events and of its state's name
   * @param {Record<string, string[]>} table
   * @param {(sentence: string) => void} drop told of steps that are not in the table
   */
  constructor(prefix, table, drop) {
    super();
    this.#prefix = prefix;
    this.#table = table;
    this.#drop = drop;
    this[`${prefix}State`] = '';
    for (const state of new Set([...Object.values(table).flat(), 'error'])) this.#handler(`on${prefix}${state}`);
  }

  /** Goes to `state`, and tells who listens. `about`: what the event carries. */
  enter(state, about = {}) {
    const name = `${this.#prefix}State`;
    const was = this[name];
    if (state !== 'error' && !this.#table[was].includes(state)) {
      this.#drop(`${this.#prefix}: ${was || 'new'} → ${state} is not a step of its life; dropped`);
      return;
    }
    this[name] = state;
    this.dispatchEvent(Object.assign(new Event(this.#prefix + state), { inputObject: about }, about));
    if (state === 'error') this[name] = was;
  }

  /** Begins again, for the next host (tests). */
  restart() {
    this[`${this.#prefix}State`] = '';
  }

  #handler(name) {
    const handlers = this.#handlers;
    this.addEventListener(name.slice(2), (event) => handlers.get(name)?.call(this, event));
    Object.defineProperty(this, name, {
      enumerable: true,
      get: () => handlers.get(name) ?? null,
      set: (handler) => handlers.set(name, typeof handler === 'function' ? handler : null),
    });
  }
}
