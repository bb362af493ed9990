/**
 * Methods of the bridge's contract that other rooms of the shell bring: payments, messages. Until one plugs in, the
 * method is E_UNSUPPORTED, and programs know so beforehand (`env.unsupported`, `canIUse`).
 *
 * What plugs in is called as the runtime's own methods are: permission, gesture, and rate are already seen to.
 */

/** @typedef {(call: import("./program.js").MethodCall) => any} Method */

/** @type {Map<string, Method>} */
const plugged = new Map();

/** @param {string} name  of the contract @param {Method} method @returns {() => void} unplugs it */
export function plug(name, method) {
  if (plugged.has(name)) throw new TypeError(`${name} is plugged in already`);
  plugged.set(name, method);
  return () => void plugged.delete(name);
}

/** @param {string} name @returns {Method | null} */
export const pluggedIn = (name) => plugged.get(name) ?? null;
