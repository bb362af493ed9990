/** SDK and host over a real MessagePort: the host's own end of the line takes what the SDK sends, and the other way round. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Bridge } from '../../../miniapps/host/mini/bridge.js';
import { checkEvent, checkParams } from '../../../miniapps/host/mini/generated/bridge.js';
import { mp } from '../src/index.js';
import { createMockHost } from '../src/testing.js';

/** The shell's way to the city and its preferences begin with a whole page: nothing here goes there. */
vi.mock('../../../miniapps/host/api.js', () => ({ CityError: class extends Error {}, lineBroke: () => false, NOT_PROVEN: '' }));
vi.mock('../../../miniapps/host/prefs.js', () => ({ prefs: () => ({ locale: 'en' }) }));

const HAND = Symbol.for('citytong.mp');
const CONNECT = Symbol.for('citytong.mp.connect');
const unbounded = { take: () => 0 };
const clock = { now: () => 0, after: () => () => {} };
let bridge, hearing, port;

beforeEach(() => {
  const { port1, port2 } = new MessageChannel();
  hearing = { call: vi.fn(() => ({})), told: vi.fn(), onFlood: vi.fn(), onSilent: vi.fn(), onFailed: vi.fn(), onGone: vi.fn() };
  bridge = new Bridge(port1, hearing, unbounded, clock);
  port = port2;
  const welcome = { mp: 'welcome', protocol: 1, session: 'mps_1', launch: { page: 'pages/a', query: {}, scene: 'home' }, env: {}, storage: {} };
  Object.defineProperty(globalThis, HAND, { value: { take: () => ({ port, welcome }) }, configurable: true });
  mp[CONNECT]();
});
afterEach(() => {
  bridge.close();
  delete globalThis[HAND];
  mp[CONNECT]();
});

test('a call goes there and back', async () => {
  hearing.call.mockImplementation(({ method, params }) => (method === 'login' ? { code: 'lc_1', expiresIn: 300 } : { revision: params.put.k.deep[0] }));
  expect(await mp.login()).toEqual({ code: 'lc_1', expiresIn: 300 });
  await mp.setStorage({ key: 'k', data: { deep: [1] } });
  expect(hearing.call.mock.calls.map(([{ method, params }]) => [method, params])).toEqual([
    ['login', {}],
    ['storageWrite', { clear: false, removed: [], put: { k: { deep: [1] } } }],
  ]);
  expect(hearing.onFlood).not.toHaveBeenCalled();
});

test('what the host refuses arrives as it was refused', async () => {
  hearing.call.mockImplementation(() => {
    throw new Error('a fault of the host, with a secret');
  });
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
  const error = await mp.login().catch((one) => one);
  expect([error.code, error.method, error.message.includes('secret')]).toEqual(['E_INTERNAL', 'login', false]);
  printed.mockRestore();
});

test('a call that is called off is called off there', async () => {
  let signal;
  hearing.call.mockImplementation((call) => {
    signal = call.signal;
    return new Promise(() => {});
  });
  const stop = new AbortController();
  const asked = mp.showModal({ title: 't', signal: stop.signal }).catch((error) => error.code);
  await vi.waitFor(() => expect(signal).toBeDefined());
  stop.abort();
  expect(await asked).toBe('E_ABORTED');
  await vi.waitFor(() => expect(signal.aborted).toBe(true));
});

test('a host that hangs up says so: what waits for a person ends, too', async () => {
  hearing.call.mockImplementation(() => new Promise(() => {}));
  const asked = mp.showModal({ title: 't' }).catch((error) => error.code);
  await vi.waitFor(() => expect(hearing.call).toHaveBeenCalledOnce());
  bridge.close();
  expect([await asked, await mp.login().catch((error) => error.code)]).toEqual(['E_DISCONNECTED', 'E_DISCONNECTED']);
});

test('what happens there is heard here', async () => {
  const heard = [];
  const off = mp.on('themechange', (data) => heard.push(data));
  await mp.ready();
  bridge.emit('themechange', { theme: 'dark' });
  await vi.waitFor(() => expect(heard).toEqual([{ theme: 'dark' }]));
  expect(mp.env.theme).toBe('dark');
  off();
});

test('every message that the SDK makes by itself is one that the host takes', async () => {
  const host = createMockHost({ storage: { a: 1 } });
  await mp.ready();
  mp.removeStorageSync('a');
  mp.setStorageSync('b', [1]);
  await mp.clearStorage();
  const { tempFiles } = await mp.chooseMedia({ sourceType: ['camera', 'album'] });
  await mp.saveImageToAlbum({ filePath: tempFiles[0].tempFilePath });
  await mp.ui.mainButton.set({ text: 'Pay', loading: true, disabled: false, visible: true });
  await mp.ui.backButton.set({ visible: true });
  await mp.ui.settingsButton.set({ visible: false });
  await mp.getUpdateManager().applyUpdate();
  await mp.reportEvent('opened', { from: 'home', n: 1, first: true });
  await mp.reportEvent('opened');
  await mp.getLaunchToken();
  mp.log.warn('a', new Error('b'), { c: 1n });
  host.emit('apphide').emit('appunload');
  const internal = ['storageWrite', 'mediaChoose', 'tempFileRead', 'tempFileWrite', 'albumSave', 'uiMainButtonSet', 'uiBackButtonSet', 'uiSettingsButtonSet', 'updateApply', 'logWrite'];
  expect(new Set(host.calls.map(({ method }) => method))).toEqual(new Set([...internal, 'reportEvent', 'getLaunchToken']));
  expect(host.calls.map(({ method, params }) => [method, checkParams(method, params)])).toEqual(host.calls.map(({ method }) => [method, null]));
  host.close();
});

test('events that the page makes by itself are such as a host makes', () => {
  const { windowWidth, windowHeight, safeArea } = mp.getWindowInfo();
  expect(checkEvent('resize', { windowWidth, windowHeight, safeArea })).toBeNull();
});
