/** The lives of program and page: every step of the table happens, every other one is dropped and reported. */
import { afterEach, expect, test } from 'vitest';
import { mp } from '../src/index.js';
import { Lifecycle, PAGE, PROGRAM } from '../src/lifecycle.js';
import { createMockHost } from '../src/testing.js';

let host;
afterEach(() => host?.close());

const TABLES = { global: PROGRAM, page: PAGE };
const steps = Object.entries(TABLES).flatMap(([prefix, table]) =>
  Object.keys(table).flatMap((from) => Object.keys(table).filter(Boolean).map((to) => [prefix, from, to, table[from].includes(to)])),
);
/** How to come to a state. */
const WAYS = {
  global: { '': [], launched: ['launched'], shown: ['launched', 'shown'], hidden: ['launched', 'shown', 'hidden'], unloaded: ['launched', 'shown', 'hidden', 'unloaded'] },
  page: { '': [], loaded: ['loaded'], ready: ['loaded', 'ready'], shown: ['loaded', 'ready', 'shown'], hidden: ['loaded', 'ready', 'shown', 'hidden'], unloaded: ['loaded', 'ready', 'shown', 'hidden', 'unloaded'] },
};

test.each(steps)('%s: %s → %s: %s', (prefix, from, to, right) => {
  const dropped = [];
  const life = new Lifecycle(prefix, TABLES[prefix], (sentence) => dropped.push(sentence));
  for (const state of WAYS[prefix][from]) life.enter(state);
  const heard = [];
  life.addEventListener(prefix + to, ({ type }) => heard.push(type));
  life.enter(to);
  expect([life[`${prefix}State`], heard, dropped.length]).toEqual(right ? [to, [prefix + to], 0] : [from, [], 1]);
});

test('an error is told from any state, which then is what it was', () => {
  const life = new Lifecycle('global', PROGRAM, () => {});
  const heard = [];
  life.onglobalerror = (event) => heard.push([life.globalState, event.errorDescription, event.inputObject.errorDescription]);
  for (const state of ['launched', 'shown', 'hidden', 'unloaded']) {
    life.enter(state);
    life.enter('error', { errorDescription: state });
    expect(life.globalState).toBe(state);
  }
  expect(heard).toEqual(['launched', 'shown', 'hidden', 'unloaded'].map((state) => ['error', state, state]));
});

test('a handler is replaced, and taken away, as in the DOM', () => {
  const life = new Lifecycle('page', PAGE, () => {});
  const heard = [];
  life.onpageloaded = () => heard.push('first');
  life.onpageloaded = () => heard.push('second');
  life.onpageready = () => heard.push('ready');
  life.onpageready = 'no function';
  life.enter('loaded');
  life.enter('ready');
  expect([heard, life.onpageready, typeof life.onpageloaded]).toEqual([['second'], null, 'function']);
});

test('a program’s day: launched, shown, hidden, shown again, unloaded', async () => {
  host = createMockHost({ launch: { page: 'pages/loan/loan', query: { id: '7' }, scene: 'program', referrer: { appId: 'org.city.home' } }, env: { lang: 'zh-CN', dir: 'ltr' } });
  const heard = [];
  const stop = new AbortController();
  for (const type of ['globallaunched', 'globalshown', 'globalhidden', 'globalunloaded']) {
    mp.global.addEventListener(type, (event) => heard.push([type, event.pagePath, event.inputObject.referrerInfo]), stop);
  }
  for (const type of ['pageloaded', 'pageready', 'pageshown', 'pagehidden', 'pageunloaded']) {
    mp.page.addEventListener(type, (event) => heard.push([type, event.pageInputQuery, event.inputObject.pageInputQuery]), stop);
  }
  await mp.ready();
  host.emit('apphide').emit('appshow').emit('appunload').emit('apphide').emit('appunload').emit('appshow');
  stop.abort();
  const program = ['pages/loan/loan', { appId: 'org.city.home' }];
  const page = [{ id: '7' }, { id: '7' }];
  expect(heard).toEqual([
    ['globallaunched', ...program], ['pageloaded', ...page], ['pageready', ...page], ['globalshown', ...program], ['pageshown', ...page],
    ['pagehidden', ...page], ['globalhidden', ...program], ['globalshown', ...program], ['pageshown', ...page],
    ['pagehidden', ...page], ['globalhidden', ...program], ['pageunloaded', ...page], ['globalunloaded', ...program],
  ]);
  expect(mp.global.inputObject).toEqual({ pagePath: 'pages/loan/loan', referrerInfo: { appId: 'org.city.home' }, lang: 'zh-CN', dir: 'ltr' });
});

test('one document, several pages: each has a life of its own', async () => {
  host = createMockHost();
  await mp.ready();
  const heard = [];
  const off = mp.on('route', ({ page }) => heard.push(page));
  mp.page.onpageloaded = ({ pageInputQuery }) => heard.push(pageInputQuery);
  host.emit('route', { action: 'navigateTo', page: 'pages/loan/loan', query: { id: '9' }, stack: ['pages/index/index', 'pages/loan/loan'] });
  mp.page.onpageloaded = null;
  off();
  expect(heard).toEqual([{ id: '9' }, 'pages/loan/loan']);
  expect([mp.page.pageState, mp.env.stack]).toEqual(['shown', ['pages/index/index', 'pages/loan/loan']]);
});

test('what the host tells of the citizen’s wishes is current, and cannot be written', async () => {
  host = createMockHost({ env: { theme: 'light', fontScale: 1 } });
  await mp.ready();
  host.emit('themechange', { theme: 'dark' }).emit('fontscale', { fontScale: 1.6, elderMode: true }).emit('localechange', { lang: 'ar', dir: 'rtl' });
  host.emit('networkchange', { isConnected: false, networkType: 'none' });
  expect(mp.env).toMatchObject({ theme: 'dark', fontScale: 1.6, elderMode: true, lang: 'ar', dir: 'rtl', network: 'none' });
  expect(() => (mp.env.theme = 'light')).toThrow(TypeError);
});

test('listening ends by its function, by its signal, by off', async () => {
  host = createMockHost();
  await mp.ready();
  const heard = [];
  const stop = new AbortController();
  const off = mp.on('mainbutton', () => heard.push('a'));
  mp.on('mainbutton', () => heard.push('b'), stop);
  mp.ui.mainButton.onClick(() => heard.push('c'));
  mp.on('mainbutton', () => heard.push('d'), { signal: AbortSignal.abort() });
  host.emit('mainbutton');
  off();
  stop.abort();
  host.emit('mainbutton');
  mp.off('mainbutton');
  host.emit('mainbutton');
  expect(heard).toEqual(['a', 'b', 'c', 'c']);
  expect(() => mp.on('appshown', () => {})).toThrow(expect.objectContaining({ code: 'E_INVALID_PARAM' }));
});

test('a newer version is told of, and started when the program says', async () => {
  host = createMockHost();
  await mp.ready();
  const updates = mp.getUpdateManager();
  const told = [];
  const off = updates.onUpdateReady((update) => told.push(update));
  host.emit('update-ready', { versionName: '1.5.0', versionCode: 15 });
  off();
  await updates.applyUpdate();
  expect([told, host.calls.at(-1)]).toEqual([[{ versionName: '1.5.0', versionCode: 15 }], { method: 'updateApply', params: {} }]);
});
