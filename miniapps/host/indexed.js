/** The browser's database, a transaction at a time: for the shell's pages and its service worker, no window needed. */

/**
 * One request, settled with its transaction.
 * @param {{ name: string, stores: readonly string[] }} database  made with these stores where there is none
 * @param {string} store
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} act
 * @param {IDBTransactionOptions} [options]
 */
export async function transact(database, store, mode, act, options) {
  const open = await opened(database);
  try {
    return await new Promise((resolve, reject) => {
      const transaction = open.transaction(store, mode, options);
      const request = act(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    open.close();
  }
}

/** @returns {Promise<IDBDatabase>} */
const opened = ({ name, stores }) =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => stores.forEach((store) => request.result.createObjectStore(store));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
