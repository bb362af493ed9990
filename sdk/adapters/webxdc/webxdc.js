/**
 * The webxdc API (webxdc.org/docs/spec) for a mini-program, on the public SDK alone. It takes the place of the
 * `webxdc.js` that an app of webxdc loads, as a classic script, and answers before the SDK is there.
 *
 * Rules
 * - The chat is one citizen's: what is sent is kept by the city, comes back to who sent it, and to their other devices
 *   when the program is shown there again. Nobody else is in it, and a realtime channel has no other end.
 * - Serials are the order in which this page has told updates, from 1.
 * - `selfAddr` is a random word of this citizen and this program; `selfName` says "me".
 */
(() => {
  'use strict';

  const UPDATES = 'webxdc/';
  const ADDRESS = 'webxdc.addr';
  const UPDATE_BYTES = 128_000;
  const TITLE_MAX = 40;

  const city = import(new URL('./sdk/index.js', document.currentScript.src).href).then(async ({ mp }) => {
    await mp.ready();
    if (localStorage.getItem(ADDRESS) === null) localStorage.setItem(ADDRESS, address);
    mp.on('appshow', () => tell(mp));
    return mp;
  });
  city.catch(() => {}); // outside of the city's app nothing is kept; who waits for it is told

  const address = `a${crypto.randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const told = new Set();
  let listener = null;
  let serial = 0;
  let sent = 0;

  const keysOf = (mp) => mp.getStorageInfoSync().keys.filter((key) => key.startsWith(UPDATES)).sort();

  /** The listener gets what it has not had yet, in order. */
  function tell(mp) {
    if (!listener) return;
    const fresh = keysOf(mp).filter((key) => !told.has(key));
    const max_serial = serial + fresh.length;
    for (const key of fresh) {
      told.add(key);
      serial += 1;
      const update = mp.getStorageSync(key);
      if (update.document) mp.setNavigationBarTitle({ title: String(update.document).slice(0, TITLE_MAX) }).catch(() => {});
      listener({ ...update, serial, max_serial });
    }
  }

  function sendUpdate({ payload, info, document, summary }) {
    const update = { payload, info, document, summary };
    if (JSON.stringify(update).length > UPDATE_BYTES) throw new Error(`an update is larger than ${UPDATE_BYTES} bytes`);
    const key = `${UPDATES}${String(Date.now()).padStart(15, '0')}-${String((sent += 1)).padStart(6, '0')}-${address.slice(1, 7)}`;
    return city.then((mp) => {
      mp.setStorageSync(key, JSON.parse(JSON.stringify(update)));
      tell(mp);
    });
  }

  /** Resolves when `heard` has got everything that is kept. `known`: so many it had before, and kept by itself. */
  async function setUpdateListener(heard, known = 0) {
    const mp = await city;
    for (const key of keysOf(mp).slice(0, known)) told.add(key);
    serial = told.size;
    listener = heard;
    tell(mp);
  }

  async function sendToChat({ text, file } = {}) {
    const words = [file?.plainText, text].filter(Boolean).join('\n');
    if (!words) throw new Error('only text can be shared from a mini-program');
    const mp = await city;
    await mp.share({ title: file?.name || document.title, text: words });
  }

  /** The browser's own chooser: the page gets what its reader chose, and nothing else. */
  function importFiles({ extensions = [], mimeTypes = [], multiple = false } = {}) {
    const input = Object.assign(document.createElement('input'), { type: 'file', multiple, accept: [...extensions, ...mimeTypes].join(',') });
    return new Promise((resolve) => {
      input.addEventListener('change', () => resolve([...input.files]));
      input.addEventListener('cancel', () => resolve([]));
      input.click();
    });
  }

  globalThis.webxdc = Object.freeze({
    get selfAddr() {
      return localStorage.getItem(ADDRESS) ?? address;
    },
    selfName: navigator.language.startsWith('zh') ? '我' : 'Me',
    sendUpdateInterval: 1000,
    sendUpdateMaxSize: UPDATE_BYTES,
    sendUpdate,
    setUpdateListener,
    getAllUpdates: async () => [], // so says the spec: the listener brings them
    sendToChat,
    importFiles,
    joinRealtimeChannel: () => ({ setListener() {}, send() {}, leave() {} }),
  });
})();
