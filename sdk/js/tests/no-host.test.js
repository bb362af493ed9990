/** Outside of a host: nothing throws at import, nothing hangs, nothing reaches the network, and everybody is told why. */
import { expect, test, vi } from 'vitest';
import { METHODS } from '../src/generated/methods.js';
import { global, mp, MpError, page } from '../src/index.js';

/** Parameters that are right, where a call needs any. */
const RIGHT = {
  authorize: { scopes: ['city.user.phone'] },
  request: { url: '/x' },
  uploadFile: { url: '/x', filePath: new Blob(['x']), name: 'f' },
  downloadFile: { url: '/x' },
  getStorage: { key: 'k' },
  setStorage: { key: 'k', data: 1 },
  removeStorage: { key: 'k' },
  navigateTo: { url: 'pages/a' },
  redirectTo: { url: 'pages/a' },
  switchTab: { url: 'pages/a' },
  reLaunch: { url: 'pages/a' },
  openMiniProgram: { appId: 'org.example.other' },
  openURL: { url: 'https://a.example/' },
  showToast: { title: 't' },
  showLoading: { title: 't' },
  showActionSheet: { itemList: ['a'] },
  setNavigationBarTitle: { title: 't' },
  setNavigationBarColor: { frontColor: '#ffffff', backgroundColor: '#112233' },
  enableAlertBeforeUnload: { message: 'm' },
  setTabBarBadge: { index: 0, text: '1' },
  previewImage: { urls: ['a.png'] },
  saveImageToAlbum: { filePath: new Blob(['x']) },
  setClipboardData: { data: 'x' },
  makePhoneCall: { phoneNumber: '12345' },
  share: { title: 't' },
  requestPayment: { prepayId: 'p' },
  requestSubscribeMessage: { tmplIds: ['t'] },
};
const BY_HAND = {
  graphql: () => mp.graphql('Doc', {}),
  reportEvent: () => mp.reportEvent('event'),
  fetch: () => mp.fetch('/x'),
};
const NEEDS_NO_HOST = ['pageScrollTo', 'previewImage'];
const promised = Object.keys(METHODS).filter((name) => !METHODS[name].internal && !METHODS[name].sync);
const sync = Object.keys(METHODS).filter((name) => METHODS[name].sync);

test.each(promised)('%s settles', async (name) => {
  const called = BY_HAND[name] ? BY_HAND[name]() : mp[name](RIGHT[name]);
  const outcome = await called.then(() => 'done', (error) => error);
  if (NEEDS_NO_HOST.includes(name)) expect(outcome).toBe('done');
  else {
    expect(outcome).toBeInstanceOf(MpError);
    expect([outcome.code, outcome.method]).toEqual(['E_NO_HOST', name]);
  }
});

test.each(sync)('%s returns or says why not', (name) => {
  const needsHost = name.includes('Storage');
  const called = () => mp[name](...(name.startsWith('set') ? ['k', 1] : ['k']));
  if (needsHost) expect(called).toThrow(expect.objectContaining({ code: 'E_NO_HOST', method: name }));
  else expect(called()).toBeTypeOf('object');
});

test('every call of the contract that is not internal is there, and nothing internal is', () => {
  for (const [name, { internal }] of Object.entries(METHODS)) expect([name, typeof mp[name]]).toEqual([name, internal ? 'undefined' : 'function']);
});

test('the facts are there', async () => {
  expect([mp.inHost, mp.launch, mp.env.protocol, mp.env.appId]).toEqual([false, { page: '', query: {}, scene: '' }, 0, '']);
  expect([global.globalState, page.pageState]).toEqual(['', '']);
  expect(mp.getSystemInfoSync()).toMatchObject({ SDKVersion: '1.0.0', elderMode: false, windowWidth: 0 });
  await expect(mp.ready()).rejects.toMatchObject({ code: 'E_NO_HOST', method: 'ready', retryable: false });
});

test('buttons, logs and updates settle, too', async () => {
  await expect(mp.ui.mainButton.set({ text: 'Go', visible: true })).rejects.toMatchObject({ code: 'E_NO_HOST' });
  await expect(mp.getUpdateManager().applyUpdate()).rejects.toMatchObject({ code: 'E_NO_HOST' });
  const rejected = vi.fn();
  process.on('unhandledRejection', rejected);
  for (let line = 0; line < 600; line++) mp.log.info('lost', { line });
  await new Promise((resolve) => setTimeout(resolve));
  process.off('unhandledRejection', rejected);
  expect(rejected).not.toHaveBeenCalled();
});
