/** The host of tests: it answers what a host may answer, and does what it is told. */
import { afterEach, expect, test, vi } from 'vitest';
import { checkEvent, checkResult, METHODS as HOST_METHODS } from '../../../miniapps/host/mini/generated/bridge.js';
import { mp, MpError } from '../src/index.js';
import { METHODS } from '../src/generated/methods.js';
import { PERMISSIONS } from '../src/generated/permissions.js';
import { replies } from '../src/replies.js';
import { createMockHost, schemaMock } from '../src/testing.js';

let host;
afterEach(() => host?.close());

const GIVEN = {
  authorize: { scopes: ['city.user.phone'] }, graphql: { documentId: 'D' }, storageWrite: { put: { a: 1 } }, tempFileRead: { file: 'file0', offset: 0, length: 10 },
  tempFileWrite: { data: 'AAAA' }, setClipboardData: { data: 'x' }, requestSubscribeMessage: { tmplIds: ['loan_due'] }, getPhoneNumber: { sealed: true },
};

test.each(Object.keys(METHODS).filter((name) => !METHODS[name].local))('what it answers to %s is what a host may answer', async (name) => {
  const table = replies({ capabilities: () => [], ask: (names) => ({ granted: names, denied: [] }), storage: {} }, { graphql: () => ({ x: 1 }) });
  const answer = JSON.parse(JSON.stringify((await table[name]?.(GIVEN[name] ?? {})) ?? {}));
  expect(checkResult(name, answer)).toBeNull();
});

test('it knows which call needs which permission as the host does', () => {
  const wired = Object.entries(HOST_METHODS).filter(([, { permission }]) => permission);
  expect(PERMISSIONS).toEqual(Object.fromEntries(wired.map(([name, { permission }]) => [name, permission])));
});

test('it never answers what the host’s table does not have', () => {
  const table = replies({}, {});
  expect(Object.keys(table).filter((name) => !HOST_METHODS[name])).toEqual([]);
});

test('respond, fail, intercept, calls', async () => {
  host = createMockHost();
  host.respond('scanCode', { result: 'A1', scanType: 'qrCode' }).fail('login', 'E_USER_CANCEL');
  const seen = [];
  const off = host.intercept(async (request, next) => {
    seen.push(request.method);
    const answer = await next();
    return request.method === 'getClipboardData' ? { data: answer.data.toUpperCase() } : answer;
  });
  expect((await mp.scanCode({ onlyFromCamera: true })).result).toBe('A1');
  await expect(mp.login()).rejects.toMatchObject({ code: 'E_USER_CANCEL' });
  await mp.setClipboardData({ data: 'abc' });
  expect(await mp.getClipboardData()).toEqual({ data: 'ABC' });
  off();
  expect(await mp.getClipboardData()).toEqual({ data: 'abc' });
  host.respond('scanCode', ({ onlyFromCamera }) => ({ result: String(onlyFromCamera), scanType: 'x' }));
  expect((await mp.scanCode({ onlyFromCamera: false })).result).toBe('false');
  expect(seen).toEqual(['scanCode', 'login', 'setClipboardData', 'getClipboardData']);
  expect(host.calls.map(({ method }) => method)).toEqual([...seen, 'getClipboardData', 'scanCode']);
});

test('a typo in a test is named', () => {
  host = createMockHost();
  expect(() => host.respond('scanCod', {})).toThrow('A host is never asked "scanCod". Did you mean "scanCode"?');
  expect(() => host.fail('chooseMedia', 'E_USER_CANCEL')).toThrow(MpError);
  expect(() => host.emit('appshown')).toThrow('Did you mean "appshow"?');
});

test('what it says by itself is what a host may say', async () => {
  host = createMockHost();
  await mp.ready();
  const said = [];
  const types = ['appshow', 'apphide', 'appunload', 'apperror', 'mainbutton', 'pulldownrefresh'];
  const offs = types.map((type) => mp.on(type, (data) => said.push([type, data])));
  for (const type of types) host.emit(type);
  for (const off of offs) off();
  expect(said.map(([type, data]) => [type, checkEvent(type, data)])).toEqual(types.map((type) => [type, null]));
});

test('latency is waited for, by a clock that a test may hold', async () => {
  vi.useFakeTimers();
  host = createMockHost({ latency: 20 });
  const done = vi.fn();
  mp.login().then(done);
  await vi.advanceTimersByTimeAsync(19);
  expect(done).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(done).toHaveBeenCalledOnce();
  vi.useRealTimers();
});

test('the next host begins with nothing of the last one', async () => {
  host = createMockHost({ storage: { a: 1 }, env: { theme: 'dark' } });
  await mp.setStorage({ key: 'b', data: 2 });
  expect(host.storage).toEqual({ a: 1, b: 2 });
  const waiting = mp.showModal({ title: 't' });
  const next = createMockHost({ storage: { c: 3 } });
  await expect(waiting).rejects.toMatchObject({ code: 'E_DISCONNECTED' });
  expect([mp.getStorageInfoSync().keys, mp.env.theme]).toEqual([['c'], 'light']);
  host.close();
  expect(await mp.login()).toMatchObject({ expiresIn: 300 });
  next.close();
  expect(mp.inHost).toBe(false);
  await expect(mp.login()).rejects.toMatchObject({ code: 'E_NO_HOST' });
});

test('a real host is never stood before', () => {
  const hand = Symbol.for('citytong.mp');
  const real = globalThis;
  const standing = vi.spyOn(Object, 'getOwnPropertyDescriptor').mockImplementation((object, name) =>
    object === real && name === hand ? { value: {}, configurable: false } : Reflect.getOwnPropertyDescriptor(object, name),
  );
  expect(() => createMockHost()).toThrow('A real host runs this page');
  standing.mockRestore();
});

test('the graph of a test answers by document, and refuses what it does not have', async () => {
  host = createMockHost({ graphql: schemaMock({ A: { n: 1 }, B: ({ n }) => ({ data: { n }, withheld: ['Citizen.phone'] }) }) });
  expect(await mp.graphql('A')).toEqual({ data: { n: 1 }, withheld: [] });
  expect(await mp.graphql('B', { n: 2 })).toEqual({ data: { n: 2 }, withheld: ['Citizen.phone'] });
  await expect(mp.graphql('C')).rejects.toMatchObject({ code: 'E_DOC_UNKNOWN' });
  host.close();
  host = createMockHost();
  await expect(mp.graphql('A')).rejects.toThrow('createMockHost({ graphql })');
});
