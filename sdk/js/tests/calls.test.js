/** What all calls have in common: promise and callbacks, signal and timeout, parameters, errors. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { mp, MpError } from '../src/index.js';
import { createMockHost, schemaMock } from '../src/testing.js';

let host;
beforeEach(() => {
  host = createMockHost({ user: { openid: 'o_1' }, graphql: schemaMock({ Loans: ({ first }) => ({ data: { first, phone: null }, withheld: ['Citizen.phone'] }) }) });
});
afterEach(() => {
  host.close();
  vi.useRealTimers();
});

test('a call made before the host has answered waits for it', async () => {
  expect(await mp.login()).toEqual({ code: 'lc_mock_o_1_1', expiresIn: 300 });
  expect(host.calls).toEqual([{ method: 'login', params: {} }]);
});

test('success and complete are told, as wx tells them, and the promise resolves all the same', async () => {
  const told = { success: vi.fn(), fail: vi.fn(), complete: vi.fn() };
  const result = await mp.showActionSheet({ itemList: ['a'], ...told });
  expect(result).toEqual({ tapIndex: 0 });
  expect(told.success).toHaveBeenCalledExactlyOnceWith({ tapIndex: 0, errMsg: 'showActionSheet:ok' });
  expect(told.complete).toHaveBeenCalledExactlyOnceWith({ tapIndex: 0, errMsg: 'showActionSheet:ok' });
  expect(told.fail).not.toHaveBeenCalled();
});

test('fail gets the same typed error as the promise', async () => {
  host.fail('login', 'E_USER_CANCEL');
  const fail = vi.fn();
  const complete = vi.fn();
  const error = await mp.login({ fail, complete }).catch((one) => one);
  expect(fail).toHaveBeenCalledExactlyOnceWith(error);
  expect(complete).toHaveBeenCalledExactlyOnceWith(error);
  expect(error).toBeInstanceOf(MpError);
  expect([error.errMsg, error.errno, error.method]).toEqual(['login:fail user cancel', 1101, 'login']);
});

test('an error carries who said no, and how long to wait', async () => {
  host.fail('getLocation', 'E_RATE_LIMITED', { why: 'quota', retryAfter: 7, message: 'Slowly.', data: { limit: 5 } });
  const error = await mp.getLocation({}).catch((one) => one);
  expect(error).toMatchObject({ why: 'quota', retryAfter: 7, message: 'Slowly.', retryable: true, data: { limit: 5 } });
  expect(error.docs).toMatch(/#E_RATE_LIMITED$/);
});

test('MpError.is knows errors of another copy of the package, and nothing else', () => {
  const foreign = Object.assign(new Error('x'), { name: 'MpError', code: 'E_QUOTA', errno: 1007 });
  expect([MpError.is(foreign), MpError.is(foreign, 'E_QUOTA'), MpError.is(foreign, 'E_TIMEOUT')]).toEqual([true, true, false]);
  expect([MpError.is(new Error('x')), MpError.is(null), MpError.is('E_QUOTA')]).toEqual([false, false, false]);
});

test('a code of a newer host is an internal error, not a hole', async () => {
  host.intercept(() => {
    throw Object.assign(new Error('x'), { name: 'MpError', code: 'E_FROM_THE_FUTURE', errno: 9001, data: {} });
  });
  await expect(mp.login()).rejects.toMatchObject({ code: 'E_INTERNAL' });
});

test('parameters are checked before anything is sent, with the place of the fault', async () => {
  const faults = [
    [() => mp.scanCode({ onlyFromCamera: 'yes' }), '/onlyFromCamera'],
    [() => mp.showToast({ title: 't', icno: 'none' }), '/icno'],
    [() => mp.showToast({}), '/title'],
    [() => mp.showToast('title'), '/title'],
    [() => mp.openURL({ url: 'javascript:alert(1)' }), '/url'],
    [() => mp.showActionSheet({ itemList: [] }), '/itemList'],
    [() => mp.ui.mainButton.set({ texte: 'x' }), '/texte'],
  ];
  for (const [call, path] of faults) await expect(call()).rejects.toMatchObject({ code: 'E_INVALID_PARAM', data: { path } });
  expect(host.calls).toEqual([]);
});

test('what is undefined is left out, and what JSON cannot say is refused', async () => {
  await mp.showToast({ title: 't', icon: undefined });
  expect(host.calls[0].params).toEqual({ title: 't' });
  const loop = {};
  loop.self = loop;
  await expect(mp.graphql('Loans', loop)).rejects.toMatchObject({ code: 'E_INVALID_PARAM' });
  await expect(mp.graphql('Loans', { big: 1n })).rejects.toMatchObject({ code: 'E_INVALID_PARAM' });
  await expect(mp.graphql('Loans', { text: '城'.repeat(90_000) })).rejects.toMatchObject({ code: 'E_TOO_LARGE' });
});

test('a signal calls off; the host is told, and its late answer is nobody’s', async () => {
  let late;
  host.respond('showModal', () => new Promise((resolve) => (late = resolve)));
  const stop = new AbortController();
  const asked = mp.showModal({ title: 't', signal: stop.signal });
  await vi.waitFor(() => expect(late).toBeTypeOf('function'));
  stop.abort(new Error('left'));
  await expect(asked).rejects.toMatchObject({ code: 'E_ABORTED', method: 'showModal', cause: stop.signal.reason });
  late({ confirm: true, cancel: false });
  await expect(mp.showToast({ title: 't', signal: stop.signal })).rejects.toMatchObject({ code: 'E_ABORTED' });
  expect(host.calls.map(({ method }) => method)).toEqual(['showModal']);
});

test('what asks servers has ten seconds, what asks a person has no deadline, and timeout says otherwise', async () => {
  vi.useFakeTimers();
  host.intercept(() => new Promise(() => {}));
  const outcomes = {};
  const watch = (name, call) => call.catch((error) => (outcomes[name] = error.code));
  watch('graphql', mp.graphql('Loans'));
  watch('modal', mp.showModal({ title: 't' }));
  watch('location', mp.getLocation({}));
  watch('hasty', mp.scanCode({ timeout: 50 }));
  await vi.advanceTimersByTimeAsync(50);
  expect(outcomes).toEqual({ hasty: 'E_TIMEOUT' });
  await vi.advanceTimersByTimeAsync(9_949);
  expect(outcomes).toEqual({ hasty: 'E_TIMEOUT' });
  await vi.advanceTimersByTimeAsync(1);
  expect(outcomes).toEqual({ hasty: 'E_TIMEOUT', graphql: 'E_TIMEOUT' });
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(outcomes).toEqual({ hasty: 'E_TIMEOUT', graphql: 'E_TIMEOUT' });
});

test('graphql sends the id of a document alone, and withheld fields are an answer', async () => {
  const Loans = { documentId: 'Loans' };
  expect(await mp.graphql(Loans, { first: 10 })).toEqual({ data: { first: 10, phone: null }, withheld: ['Citizen.phone'] });
  expect(host.calls[0]).toEqual({ method: 'graphql', params: { documentId: 'Loans', variables: { first: 10 } } });
  await expect(mp.graphql('{ citizens { phone } }')).rejects.toMatchObject({ code: 'E_INVALID_PARAM' });
  await expect(mp.graphql('Unknown')).rejects.toMatchObject({ code: 'E_DOC_UNKNOWN' });
});

test('a refusal is an answer of authorize, and an error of the call that needs it', async () => {
  host.close();
  host = createMockHost({ refuses: ['city.device.camera'], grants: ['city.user.phone'] });
  expect(await mp.authorize({ scopes: ['city.device.camera', 'city.user.phone'] })).toEqual({ granted: ['city.user.phone'], denied: ['city.device.camera'] });
  await expect(mp.scanCode()).rejects.toMatchObject({ code: 'E_PERMISSION_DENIED', why: 'consent' });
  expect(await mp.capabilities()).toContainEqual({ name: 'city.device.camera', state: 'denied', why: 'consent' });
});

test('canIUse knows methods, parameters and events, and what this host does not offer', () => {
  host.close();
  host = createMockHost({ env: { unsupported: ['scanCode'] } });
  const asked = ['login', 'showToast.mask', 'openMiniProgram.uri', 'on.update-ready', 'scanCode', 'scanCode.onlyFromCamera', 'showToast.masque', 'storageWrite', 'on.nothing', 'on', 'toString', ''];
  expect(asked.filter(mp.canIUse)).toEqual(['login', 'showToast.mask', 'openMiniProgram.uri', 'on.update-ready']);
});

test('pictures come and go in pieces', async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);
  const stored = String.fromCharCode(...bytes.slice(0, 100_000)) + String.fromCharCode(...bytes.slice(100_000, 200_000)) + String.fromCharCode(...bytes.slice(200_000));
  host.intercept(({ method, params }, next) => {
    if (method === 'mediaChoose') return { files: [{ file: 'f', type: 'image/jpeg', size: stored.length }] };
    if (method === 'tempFileRead') return { data: btoa(stored.slice(params.offset, params.offset + params.length)) };
    return next();
  });
  const { tempFiles } = await mp.chooseMedia({ count: 1, sourceType: ['camera'] });
  expect(tempFiles).toEqual([{ tempFilePath: expect.stringMatching(/^blob:/), fileType: 'image', size: 300_000 }]);
  const seen = new Uint8Array(await (await fetch(tempFiles[0].tempFilePath)).arrayBuffer());
  expect(Buffer.compare(seen, bytes)).toBe(0);
  await mp.saveImageToAlbum({ filePath: tempFiles[0].tempFilePath });
  const written = host.calls.filter(({ method }) => method === 'tempFileWrite').map(({ params }) => atob(params.data));
  expect(written.map((piece) => piece.length)).toEqual([147_456, 147_456, 5_088]);
  expect(written.join('') === stored).toBe(true);
  expect(host.calls.at(-1).method).toBe('albumSave');
  await expect(mp.saveImageToAlbum({ filePath: 'blob:elsewhere' })).rejects.toMatchObject({ code: 'E_INVALID_PARAM', data: { path: '/filePath' } });
});

test('logs are gathered, cut and never fail a program', async () => {
  vi.useFakeTimers();
  const end = mp.log.captureConsole(['warn']);
  const print = vi.spyOn(console, 'error').mockImplementation(() => {});
  const circle = {};
  circle.self = circle;
  mp.log.info('a', { b: 1 }, undefined, circle);
  mp.log.error(new Error('broken'));
  mp.log.info('x'.repeat(10_000));
  end();
  console.error('not captured');
  print.mockRestore();
  await vi.advanceTimersByTimeAsync(1_000);
  const [{ params }] = host.calls.filter(({ method }) => method === 'logWrite');
  expect(params.entries.map(({ level, text }) => [level, text.split('\n')[0].slice(0, 40)])).toEqual([
    ['info', 'a {"b":1} undefined [object Object]'],
    ['error', 'Error: broken'],
    ['info', 'x'.repeat(40)],
  ]);
  expect(params.entries[2].text).toHaveLength(4096);
});
