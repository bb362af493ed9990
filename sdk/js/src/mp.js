/**
 * The object that a program holds: every call of the contract, joined to one line, one storage, one life.
 *
 * Rules: making it never throws and waits for nothing. Calls made before the host has answered wait for it, three seconds
 * at most; after that they fail with `E_NO_HOST` at once, until a host answers after all.
 */
import { call, checked, within } from './calls.js';
import { button, Log, updateManager } from './controls.js';
import { knock, PROTOCOLS } from './door.js';
import { MpError } from './errors.js';
import { Events } from './events.js';
import { accountInfo, baseInfo, canIUse, CHANGES, noEnv, NO_LAUNCH, systemInfo, windowInfo } from './facts.js';
import { Files } from './files.js';
import { EVENTS, METHODS, SDK } from './generated/methods.js';
import { Lifecycle, PAGE, PROGRAM } from './lifecycle.js';
import { Line } from './line.js';
import { Network } from './network.js';
import { scrollTo, showPictures, watchPage } from './screen.js';
import { Storage } from './storage.js';

const READY_MS = 3000;

/** Looks for a host (again): for `@citytong/sdk/testing`, whose host comes after the import. */
export const CONNECT = Symbol.for('citytong.mp.connect');

export function createMp() {
  let env = Object.freeze(noEnv());
  let launch = NO_LAUNCH;
  let preloaded = false;
  let begun = false;
  let attempt = 0;
  let arrived = () => {};
  let arrival = Promise.resolve();

  const line = new Line(heard, (why) => {
    storage.lose(why);
    arrived();
  });
  const log = new Log((entries) => ask('logWrite', { entries }));
  const storage = new Storage(
    (batch) => ask('storageWrite', batch),
    (error) => log.error(`storage: what was written is not kept (${error.code})`),
  );
  const events = new Events();
  const program = new Lifecycle('global', PROGRAM, log.warn);
  const page = new Lifecycle('page', PAGE, log.warn);
  const files = new Files();
  const network = new Network(
    (signal) => line.ask('getLaunchToken', {}, signal),
    async (method) => {
      await arrival;
      if (line.ended) throw new MpError(line.ended.code, { ...line.ended, method });
      return env.connect;
    },
    files,
  );

  const on = (type, listener, options) => events.on(type, listener, options);
  const ask = (method, params) =>
    within(method, METHODS[method].deadline_ms, undefined, async (signal) => line.ask(method, checked(method, params), signal));
  function write(method, { key, data }) {
    if (method[0] === 's') storage.set(key, data, method);
    else if (method[0] === 'r') storage.remove(key, method);
    else storage.clear(method);
  }

  const written = (method) => async (params) => {
    write(method, params);
    await storage.kept();
    return {};
  };

  async function read({ key }) {
    await arrival;
    const data = storage.get(key, 'getStorage');
    if (data === undefined) throw new MpError('E_INVALID_PARAM', { method: 'getStorage', path: '/key', message: 'Nothing is stored under this key.' });
    return { data };
  }

  /** What the host says. What this version does not know is dropped: a newer host may say more. */
  function heard(type, data) {
    if (!EVENTS[type]) return;
    if (CHANGES[type]) env = Object.freeze({ ...env, ...CHANGES[type](data) });
    LIVES[type]?.(data);
    events.fire(type, data);
  }

  /** What the page notices by itself. */
  function noticed(type, detail) {
    if (type === 'pagehide') {
      storage.hurry();
      log.flush();
    } else if (type === 'fault') {
      if (!preloaded) heard('apperror', { errorDescription: String(detail).slice(0, 1024), lang: env.lang, dir: env.dir });
    } else if (type === 'resize') {
      const { windowWidth, windowHeight, safeArea } = windowInfo(env);
      heard('resize', { windowWidth, windowHeight, safeArea });
    } else heard(type, {});
  }

  const LIVES = {
    appshow(shown) {
      program.enter('shown', inputOf(shown));
      page.enter('shown', page.pageInputObject);
    },
    apphide() {
      page.enter('hidden', page.pageInputObject);
      program.enter('hidden', program.inputObject);
    },
    appunload() {
      page.enter('unloaded', page.pageInputObject);
      program.enter('unloaded', program.inputObject);
      noticed('pagehide');
    },
    apperror(error) {
      program.lifecycleError = error;
      program.enter('error', error);
    },
    route({ query }) {
      if (page.pageState === 'shown') page.enter('hidden', page.pageInputObject);
      if (page.pageState === 'hidden') page.enter('unloaded', page.pageInputObject);
      beginPage(query);
      if (program.globalState === 'shown') page.enter('shown', page.pageInputObject);
    },
    storagechange: (change) => storage.merge(change),
    capabilitychange: () => network.forget(),
  };

  const inputOf = ({ page: pagePath, referrer: referrerInfo }) => ({ pagePath, referrerInfo, lang: env.lang, dir: env.dir });

  function beginPage(query) {
    page.restart();
    page.pageInputObject = { pageInputQuery: query };
    page.enter('loaded', page.pageInputObject);
    page.enter('ready', page.pageInputObject);
  }

  function begin(port) {
    if (!begun) {
      begun = true;
      program.inputObject = inputOf(launch);
      program.enter('launched', program.inputObject);
      beginPage(launch.query);
    }
    line.start(port);
  }

  function welcome({ port, welcome: said }) {
    if (!PROTOCOLS.includes(said.protocol)) return line.end({ code: 'E_UPDATE_REQUIRED' });
    env = Object.freeze({ ...noEnv(), ...said.env });
    launch = Object.freeze(said.launch);
    storage.fill(said.storage);
    line.renew();
    // A moment later, so that who imports this has said what it listens to.
    queueMicrotask(() => begin(port));
    arrived();
  }

  function connect() {
    const mine = ++attempt;
    if (line.open) line.end({ code: 'E_DISCONNECTED' });
    line.renew();
    network.forget();
    program.restart();
    begun = false;
    arrival = new Promise((resolve) => (arrived = resolve));
    const door = knock(`js/${SDK}`);
    preloaded = door?.preloaded ?? false;
    if (!door) return line.end({ code: 'E_NO_HOST' });
    if (!(door.opened instanceof Promise)) return welcome(door.opened);
    const patience = setTimeout(() => mine === attempt && line.end({ code: 'E_NO_HOST' }), READY_MS);
    door.opened.then((opened) => {
      clearTimeout(patience);
      if (mine === attempt) welcome(opened);
    });
  }

  const mp = {
    get inHost() {
      return preloaded || begun;
    },
    get env() {
      return env;
    },
    get launch() {
      return launch;
    },
    global: program,
    page,
    log,
    /** Resolves with `env` when a host has answered; rejects `E_NO_HOST` where none has within `timeout` milliseconds. */
    ready({ timeout = READY_MS, signal } = {}) {
      return within('ready', timeout, signal, async () => {
        await arrival;
        if (line.ended) throw new MpError(line.ended.code, { ...line.ended, method: 'ready' });
        return env;
      }).catch((error) => {
        throw error.code === 'E_TIMEOUT' ? new MpError('E_NO_HOST', { method: 'ready' }) : error;
      });
    },
    on,
    off: (type, listener) => events.off(type, listener),
    canIUse: (name) => canIUse(name, env),
    ui: {
      mainButton: button('uiMainButtonSet', 'mainbutton', ask, on),
      backButton: button('uiBackButtonSet', 'backbutton', ask, on),
      settingsButton: button('uiSettingsButtonSet', 'settingsbutton', ask, on),
    },
  };

  const sent = (method) => (params, signal) => line.ask(method, params, signal);
  const answeredHere = {
    getLaunchToken: (_, signal) => network.token(signal),
    request: (params, signal) => network.request(params, signal),
    uploadFile: (params, signal) => network.uploadFile(params, signal),
    downloadFile: (params, signal) => network.downloadFile(params, signal),
    getStorage: read,
    getStorageInfo: () => arrival.then(() => storage.info('getStorageInfo')),
    setStorage: written('setStorage'),
    removeStorage: written('removeStorage'),
    clearStorage: written('clearStorage'),
    pageScrollTo: scrollTo,
    previewImage: showPictures,
    chooseMedia: (params, signal) => files.choose(params, (method, asked) => line.ask(method, asked, signal, 'chooseMedia')),
    saveImageToAlbum: (params, signal) => files.save(params, (method, asked) => line.ask(method, asked, signal, 'saveImageToAlbum')),
  };
  for (const [name, { internal, sync }] of Object.entries(METHODS)) {
    if (!internal && !sync) mp[name] = (options) => call(name, files.named(options), answeredHere[name] || sent(name));
  }

  Object.assign(mp, {
    graphql: (document, variables, options) =>
      call('graphql', { ...options, documentId: document?.documentId ?? document, variables }, sent('graphql')),
    reportEvent: (eventId, data, options) => call('reportEvent', { ...options, eventId, data }, sent('reportEvent')),
    fetch: (url, init) => network.fetch(url, init),
    getStorageSync: (key) => storage.get(checked('getStorageSync', { key }).key, 'getStorageSync') ?? '',
    setStorageSync: (key, data) => write('setStorageSync', checked('setStorageSync', { key, data })),
    removeStorageSync: (key) => write('removeStorageSync', checked('removeStorageSync', { key })),
    clearStorageSync: () => write('clearStorageSync', {}),
    getStorageInfoSync: () => storage.info('getStorageInfoSync'),
    getSystemInfoSync: () => systemInfo(env),
    getWindowInfo: () => windowInfo(env),
    getAppBaseInfo: () => baseInfo(env),
    getAccountInfoSync: () => accountInfo(env),
    getUpdateManager: () => updateManager(on, ask),
  });
  Object.defineProperty(mp, CONNECT, { value: connect });

  watchPage(noticed);
  connect();
  return mp;
}
