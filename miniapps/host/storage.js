/**
 * What the browser keeps for us between pages. Where it keeps nothing (storage blocked or full), the page remembers for
 * as long as it lives: a citizen signs in more often, and everything else works.
 */

/** @param {() => Storage} open  asking for a blocked storage throws */
function kept(open) {
  const memory = new Map();
  const reach = (act) => {
    try {
      return act(open());
    } catch {
      return undefined;
    }
  };
  return {
    /** @param {string} key @returns {string | null} */
    get: (key) => memory.get(key) ?? reach((storage) => storage.getItem(key)) ?? null,
    /** @param {string} key @param {string} value */
    set(key, value) {
      memory.set(key, value);
      reach((storage) => (storage.setItem(key, value), memory.delete(key)));
    },
    /** @param {string} key */
    drop(key) {
      memory.delete(key);
      reach((storage) => storage.removeItem(key));
    },
  };
}

/** On this device, in all tabs. */
export const device = kept(() => localStorage);
/** In this tab, over reloads. */
export const tab = kept(() => sessionStorage);

/** What was written as JSON; a damaged entry is as good as none. @param {string | null} text @returns {Record<string, any>} */
export function parsed(text) {
  try {
    const value = JSON.parse(text ?? "{}");
    return value !== null && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}
