/** Events of the host: who listens to what, by type. One listener that throws does not keep the others from hearing. */
import { MpError } from './errors.js';
import { EVENTS } from './generated/methods.js';

export class Events {
  #listeners = new Map();

  /** Listens until the function that comes back is called, or `signal` aborts. */
  on(type, listener, { signal } = {}) {
    if (!EVENTS[type]) throw unknown(type);
    if (signal?.aborted) return () => {};
    const entry = { listener };
    const all = this.#listeners.get(type) || new Set();
    this.#listeners.set(type, all.add(entry));
    const off = () => {
      all.delete(entry);
      signal?.removeEventListener('abort', off);
    };
    signal?.addEventListener('abort', off, { once: true });
    return off;
  }

  /** Without `listener`: nobody listens to `type` any more. */
  off(type, listener) {
    const all = this.#listeners.get(type) || new Set();
    for (const entry of all) if (!listener || entry.listener === listener) all.delete(entry);
  }

  fire(type, data) {
    for (const { listener } of [...(this.#listeners.get(type) || [])]) {
      try {
        listener(data);
      } catch (error) {
        setTimeout(() => {
          throw error;
        });
      }
    }
  }
}

const unknown = (type) =>
  new MpError('E_INVALID_PARAM', { method: 'on', path: '/type', message: `There is no event "${type}".` });
