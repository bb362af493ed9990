// @vitest-environment jsdom
/** In a page: how the line begins, and what the page itself notices and does. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const HAND = Symbol.for('citytong.mp');
const ENV = {
  platform: 'web', hostVersion: '1.0.0', protocol: 1, appId: 'org.example.library', version: { name: '1.0.0', code: 1 }, lang: 'zh-CN', dir: 'ltr',
  theme: 'dark', safeArea: { top: 0, right: 0, bottom: 34, left: 0 }, fontScale: 1, elderMode: false, network: 'wifi', style: 'spa',
  pages: ['pages/index/index'], stack: ['pages/index/index'], connect: [], unsupported: [],
};
const welcome = (more) => ({ mp: 'welcome', protocol: 1, session: 'mps_1', launch: { page: 'pages/index/index', query: {}, scene: 'home' }, env: ENV, storage: { kept: 1 }, ...more });

/** The SDK as a page of its own would load it. */
async function load() {
  vi.resetModules();
  return import('../src/index.js');
}
const port = () => ({ said: [], postMessage(message) { this.said.push(message); }, close() { this.closed = true; }, onmessage: null, onclose: null });

/** A welcome as the window brings it; jsdom's MessageEvent takes no ports of ours. */
function message(data, source, through) {
  const event = new Event('message');
  Object.assign(event, { data, source, ports: through ? [through] : [] });
  window.dispatchEvent(event);
}
beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  delete globalThis[HAND];
  document.body.replaceChildren();
});

function framed() {
  const parent = { postMessage: vi.fn() };
  const shell = { postMessage: vi.fn() };
  vi.stubGlobal('parent', parent);
  vi.stubGlobal('top', shell);
  return { parent, shell };
}

test('a page of its own has no host, at once', async () => {
  const { mp } = await load();
  await expect(mp.login()).rejects.toMatchObject({ code: 'E_NO_HOST' });
  expect(mp.inHost).toBe(false);
});

test('a framed page says hello, once, and nothing else through the window', async () => {
  const { parent, shell } = framed();
  const { mp } = await load();
  const through = port();
  const call = mp.login();
  message(welcome(), parent, through);
  message(welcome({ storage: { kept: 2 } }), parent, port());
  expect(await mp.ready()).toEqual(ENV);
  expect(parent.postMessage.mock.calls).toEqual([[{ mp: 'hello', protocols: [1], sdk: 'js/1.0.0' }, '*']]);
  expect(shell.postMessage).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(0);
  expect(through.said).toEqual([{ id: 1, m: 'login', p: {} }]);
  through.onmessage({ data: { id: 1, ok: { code: 'lc_1', expiresIn: 300 } } });
  expect(await call).toEqual({ code: 'lc_1', expiresIn: 300 });
  expect([mp.getStorageSync('kept'), mp.inHost, mp.env.theme]).toEqual([1, true, 'dark']);
});

test('only windows above may welcome: others forge nothing, before and after', async () => {
  const { parent } = framed();
  const { mp } = await load();
  const forged = port();
  for (const source of [window, { postMessage() {} }, null]) message(welcome(), source, forged);
  message(welcome(), parent, null);
  message({ mp: 'hello' }, parent, forged);
  expect(mp.inHost).toBe(false);
  const right = port();
  message(welcome(), parent, right);
  await mp.ready();
  const heard = vi.fn();
  mp.on('mainbutton', heard);
  message({ ev: 'mainbutton', d: {} }, parent, null);
  expect([heard.mock.calls.length, forged.onmessage]).toEqual([0, null]);
  right.onmessage({ data: { ev: 'mainbutton', d: {} } });
  expect(heard).toHaveBeenCalledOnce();
});

test('nobody answers: after three seconds everybody is told, and a host that comes late is welcome', async () => {
  const { parent } = framed();
  const { mp } = await load();
  const outcomes = [];
  for (const call of [mp.ready(), mp.login(), mp.showModal({ title: 't' }), mp.setStorage({ key: 'k', data: 1 }), mp.fetch('/x')]) call.catch((error) => outcomes.push(error.code));
  await vi.advanceTimersByTimeAsync(2_999);
  expect(outcomes).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(outcomes).toEqual(Array(5).fill('E_NO_HOST'));
  await expect(mp.login()).rejects.toMatchObject({ code: 'E_NO_HOST' });
  message(welcome(), parent, port());
  await vi.advanceTimersByTimeAsync(0);
  expect(await mp.ready()).toEqual(ENV);
  expect(mp.getStorageSync('kept')).toBe(1);
});

test('ready may be asked to wait less, and to stop waiting', async () => {
  framed();
  const { mp } = await load();
  const hasty = expect(mp.ready({ timeout: 10 })).rejects.toMatchObject({ code: 'E_NO_HOST', method: 'ready' });
  await vi.advanceTimersByTimeAsync(10);
  await hasty;
  await expect(mp.ready({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'E_ABORTED' });
});

test('the host’s own first script hands over what has come: env and storage are right at import', async () => {
  const through = port();
  const take = vi.fn().mockReturnValueOnce({ port: through, welcome: welcome() }).mockReturnValue(null);
  Object.defineProperty(globalThis, HAND, { value: { take }, configurable: true });
  const { parent } = framed();
  const { mp, global } = await load();
  expect([mp.inHost, mp.env.appId, mp.getStorageSync('kept'), mp.launch.scene]).toEqual([true, 'org.example.library', 1, 'home']);
  await vi.advanceTimersByTimeAsync(0);
  expect(global.globalState).toBe('launched');
  expect(parent.postMessage).not.toHaveBeenCalled();
  const second = await load();
  await expect(second.mp.ready()).rejects.toMatchObject({ code: 'E_NO_HOST' });
});

test('… or what is to come; a host is certain all the same', async () => {
  const through = port();
  let come;
  Object.defineProperty(globalThis, HAND, { value: { take: () => new Promise((resolve) => (come = resolve)) }, configurable: true });
  const { mp } = await load();
  expect(mp.inHost).toBe(true);
  mp.setStorageSync('early', 1);
  expect(() => mp.getStorageSync('kept')).toThrow(expect.objectContaining({ code: 'E_NO_HOST' }));
  come({ port: through, welcome: welcome() });
  await mp.ready();
  await vi.advanceTimersByTimeAsync(0);
  expect(through.said).toEqual([{ id: 1, m: 'storageWrite', p: { clear: false, removed: [], put: { early: 1 } } }]);
  expect(mp.getStorageSync('kept')).toBe(1);
});

test('a protocol that this version does not speak ends it with its name', async () => {
  const { parent } = framed();
  const { mp } = await load();
  message(welcome({ protocol: 2 }), parent, port());
  await expect(mp.login()).rejects.toMatchObject({ code: 'E_UPDATE_REQUIRED' });
});

async function inMock(options) {
  vi.resetModules();
  const { createMockHost } = await import('../src/testing.js');
  const { mp } = await import('../src/index.js');
  const host = createMockHost(options);
  await mp.ready();
  return { host, mp };
}

test('the page’s own faults and sizes are events, too', async () => {
  const { host, mp } = await inMock({});
  host.close();
  const heard = [];
  const { mp: own } = await load();
  for (const type of ['resize', 'apperror', 'reachbottom']) own.on(type, (data) => heard.push([type, data.errorDescription ?? data.windowWidth]));
  window.innerWidth = 390;
  window.dispatchEvent(new Event('resize'));
  window.dispatchEvent(Object.assign(new Event('error'), { message: 'broken' }));
  window.dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason: new Error('refused') }));
  Object.defineProperty(document.documentElement, 'scrollHeight', { value: 2000, configurable: true });
  for (const y of [0, 1300, 1310, 0, 1300]) {
    window.scrollY = y;
    window.dispatchEvent(new Event('scroll'));
  }
  expect(heard).toEqual([['resize', 390], ['apperror', 'broken'], ['apperror', 'refused'], ['reachbottom', undefined], ['reachbottom', undefined]]);
  expect(mp.inHost).toBe(false);
});

test('what is written when the page goes still arrives', async () => {
  const { host, mp } = await inMock({});
  mp.setStorageSync('draft', 'x');
  mp.log.info('bye');
  window.dispatchEvent(new Event('pagehide'));
  expect(host.calls.map(({ method }) => method)).toEqual(['storageWrite', 'logWrite']);
  await vi.advanceTimersByTimeAsync(0);
  expect(host.storage).toEqual({ draft: 'x' });
  host.close();
});

test('pictures are shown large in the page, by keys and taps, and go away', async () => {
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
    this.dispatchEvent(new Event('close'));
  };
  window.innerWidth = 300;
  const { mp } = await load();
  await mp.previewImage({ urls: ['a.png', 'b.png', 'c.png'], current: 'b.png' });
  const box = document.querySelector('dialog');
  const shown = [];
  const look = () => shown.push([box.firstChild.getAttribute('src'), box.firstChild.alt]);
  look();
  box.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
  look();
  box.dispatchEvent(new MouseEvent('click', { clientX: 290 }));
  look();
  box.dispatchEvent(new MouseEvent('click', { clientX: 10 }));
  look();
  box.dispatchEvent(new MouseEvent('click', { clientX: 150 }));
  expect(shown).toEqual([['b.png', '2 / 3'], ['c.png', '3 / 3'], ['a.png', '1 / 3'], ['c.png', '3 / 3']]);
  expect(document.querySelector('dialog')).toBeNull();
});

test('a page is scrolled to a place or to an element', async () => {
  const { mp } = await load();
  window.scrollTo = vi.fn();
  const scrolled = vi.fn();
  document.body.innerHTML = '<p id="here"></p>';
  document.querySelector('#here').scrollIntoView = scrolled;
  await mp.pageScrollTo({ scrollTop: 120, duration: 0 });
  await mp.pageScrollTo({ selector: '#here' });
  expect([window.scrollTo.mock.calls, scrolled.mock.calls]).toEqual([[[{ top: 120, behavior: 'instant' }]], [[{ behavior: 'smooth' }]]]);
  await expect(mp.pageScrollTo({ selector: '>>' })).rejects.toMatchObject({ code: 'E_INTERNAL', method: 'pageScrollTo' });
});
