/**
 * What this device keeps of programs: packages that were verified, which version was seen last, and, for the citizen who
 * is signed in, what the last run was told and what their programs stored. What is a citizen's goes when they sign out.
 *
 * Where the browser keeps nothing for us, nothing is kept: programs then need a line at each start.
 *
 * For the shell's pages and its service worker: nothing here needs a window. Packages: by app id, `{ packageSha256,
 * versionCode, bytes }`, verified.
 */

import { transact } from "../indexed.js";

const STORES = /** @type {const} */ (["packages", "seen", "lists", "runs", "storage"]);
const OF_CITIZEN = /** @type {const} */ (["runs", "storage"]);

/** @typedef {typeof STORES[number]} Store */

/** @param {Store} store @param {string} key @returns {Promise<any>} null when there is none */
export const read = async (store, key) =>
  (await within("readonly", store, (one) => one.get(key)).catch(() => undefined)) ?? null;

/** All whose key begins so. @param {Store} store @param {string} begin @returns {Promise<any[]>} */
export const readAll = (store, begin) =>
  within("readonly", store, (one) => one.getAll(IDBKeyRange.bound(begin, `${begin}\uffff`))).catch(() => []);

/** @param {Store} store @param {string} key @param {any} value @returns {Promise<boolean>} whether it was kept */
export const write = (store, key, value) =>
  within("readwrite", store, (one) => one.put(value, key)).then(
    () => true,
    () => false,
  );

/** @param {Store} store @param {string} key */
export const drop = (store, key) => within("readwrite", store, (one) => one.delete(key)).catch(() => null);

/** Of what citizens have here, all goes but what begins so. @param {string} mine */
export const forgetBut = (mine) =>
  Promise.all(
    OF_CITIZEN.flatMap((store) =>
      [IDBKeyRange.upperBound(mine, true), IDBKeyRange.lowerBound(`${mine}\uffff`)].map((others) =>
        within("readwrite", store, (one) => one.delete(others)).catch(() => null),
      ),
    ),
  );

/** @param {IDBTransactionMode} mode @param {Store} store @param {(store: IDBObjectStore) => IDBRequest} act */
const within = (mode, store, act) => transact({ name: "citytong-mini", stores: STORES }, store, mode, act);
