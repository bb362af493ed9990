/** `wx` for porting: the same calls, and names that are not there say so. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { METHODS } from '../src/generated/methods.js';
import { mp } from '../src/index.js';
import { createMockHost } from '../src/testing.js';
import { wx } from '../src/wx.js';

let host;
beforeEach(() => (host = createMockHost({ launch: { page: 'pages/loan/loan', query: { id: '7' }, scene: 'scan' } })));
afterEach(() => host.close());

test('it has the calls of mp, and no other', () => {
  const named = Object.keys(wx).filter((name) => !/^(on|off)[A-Z]/.test(name));
  expect(named.sort()).toEqual([...Object.keys(METHODS).filter((name) => !METHODS[name].internal), 'canIUse', 'getLaunchOptionsSync'].sort());
  for (const name of named.filter((one) => one !== 'getLaunchOptionsSync')) expect(wx[name]).toBe(mp[name]);
});

test('ported code with callbacks runs', async () => {
  const code = await new Promise((success, fail) => wx.login({ success: ({ code }) => success(code), fail }));
  expect(code).toBe('lc_mock_o_mock_1');
  wx.setStorageSync('session', { code });
  expect([wx.getStorageSync('session'), wx.getStorageSync('nothing')]).toEqual([{ code }, '']);
  expect(wx.getLaunchOptionsSync()).toEqual({ path: 'pages/loan/loan', query: { id: '7' }, scene: 'scan', referrerInfo: {} });
  expect(await wx.getStorage({ key: 'session' })).toEqual({ data: { code } });
  const missing = await new Promise((fail) => wx.getStorage({ key: 'nothing', fail }));
  expect(missing.errMsg).toBe('getStorage:fail invalid param');
});

test.each([
  ['getStorgeSync', 'getStorageSync'],
  ['requestPaymnet', 'requestPayment'],
  ['scancode', 'scanCode'],
  ['onAppShown', 'onAppShow'],
  ['createRewardedVideoAd', expect.any(String)],
])('wx.%s names %s', (wrong, near) => {
  let error;
  try {
    wx[wrong]();
  } catch (one) {
    error = one;
  }
  expect([error.code, error.message]).toEqual(['E_UNSUPPORTED', typeof near === 'string' ? `There is no wx.${wrong} here. The nearest is wx.${near}.` : near]);
  expect([wrong in wx, wx.canIUse(wrong)]).toEqual([false, false]);
});

test('it can be printed, awaited and looked at, and not changed', async () => {
  expect(String(Object.prototype.toString.call(wx))).toBe('[object Object]');
  expect(await wx).toBe(wx);
  expect(JSON.parse(JSON.stringify(wx))).toEqual({});
  expect(() => (wx.login = null)).toThrow(TypeError);
});

test('events go by the names of wx', async () => {
  await mp.ready();
  const heard = vi.fn();
  wx.onThemeChange(heard);
  host.emit('themechange', { theme: 'dark' });
  wx.offThemeChange(heard);
  host.emit('themechange', { theme: 'light' });
  expect(heard).toHaveBeenCalledExactlyOnceWith({ theme: 'dark' });
});
