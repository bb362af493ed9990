/**
 * Where the refresh token and the key of this device lie: IndexedDB.
 *
 * It works once, so every tab must see what the tab before it wrote. localStorage does not promise that: each process
 * has a copy, and a copy may be old for a moment (measured: of six times four tabs, four times a token was spent twice
 * and the city ended the session). A transaction of IndexedDB is seen by whoever begins after it.
 */

import { transact } from "./indexed.js";

const STORE = "kept";
const TOKEN = "refresh-token";
const KEY = "device-key";

/** Where the browser keeps nothing for us: as long as this page lives. @type {string | undefined} */
let unkept;

/** @returns {Promise<string | undefined>} */
export const readToken = () => within("readonly", (store) => store.get(TOKEN)).catch(() => unkept);

/** @param {string} token */
export async function writeToken(token) {
  unkept = undefined;
  await within("readwrite", (store) => store.put(token, TOKEN)).catch(() => (unkept = token));
}

export async function dropToken() {
  unkept = undefined;
  await within("readwrite", (store) => store.delete(TOKEN)).catch(() => null);
}

/** @returns {Promise<import("./device-key.js").DeviceKey | null>} */
export const readKey = async () => (await within("readonly", (store) => store.get(KEY))) ?? null;

/** Keep the key, unless there is one: the one that is kept. @param {import("./device-key.js").DeviceKey} key */
export async function oneKey(key) {
  await within("readwrite", (store) => {
    const asked = store.count(KEY);
    asked.onsuccess = () => asked.result || store.put(key, KEY);
    return asked;
  });
  return readKey();
}

export const dropKey = () => within("readwrite", (store) => store.delete(KEY)).catch(() => null);

/** Settled when it is on disk. @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} act */
const within = (mode, act) =>
  transact({ name: "citytong", stores: [STORE] }, STORE, mode, act, { durability: "strict" });
