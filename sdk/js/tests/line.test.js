/** The line over a real MessagePort: order, bounds, cancelling, signs of life, and how it ends. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Line, plain } from '../src/line.js';

const never = () => new AbortController().signal;
let line, host, said, heard, ended, heardOne;

beforeEach(() => {
  const { port1, port2 } = new MessageChannel();
  said = [];
  heard = [];
  ended = [];
  line = new Line((type, data) => heard.push([type, data]), (why) => ended.push(why.code));
  host = port2;
  port2.onmessage = ({ data }) => {
    said.push(data);
    heardOne?.(data);
  };
  heardOne = null;
  line.start(port1);
});
afterEach(() => {
  host.close();
  line.end({ code: 'E_DISCONNECTED' });
});

/** What the host has heard, when there are `count` messages. */
async function hears(count) {
  while (said.length < count) await new Promise((resolve) => (heardOne = resolve));
  return said;
}
const outcome = (promise) => promise.then((value) => value, (error) => error.code);

test('answers find their calls, whatever their order', async () => {
  const calls = [line.ask('a', { n: 1 }, never()), line.ask('b', {}, never())];
  expect(await hears(2)).toEqual([{ id: 1, m: 'a', p: { n: 1 } }, { id: 2, m: 'b', p: {} }]);
  host.postMessage({ id: 2, ok: 'second' });
  host.postMessage({ id: 1, err: { code: 'E_QUOTA', errno: 1007, message: 'Full.', docs: 'https://a.example/', why: 'quota' } });
  await expect(calls[0]).rejects.toMatchObject({ code: 'E_QUOTA', method: 'a', message: 'Full.', why: 'quota', docs: 'https://a.example/' });
  expect(await calls[1]).toBe('second');
});

test('sixty-four are on the way, the next one goes when one has come back, in order', async () => {
  const calls = Array.from({ length: 66 }, (_, at) => outcome(line.ask(`m${at + 1}`, {}, never())));
  expect((await hears(64)).map(({ id }) => id)).toEqual(Array.from({ length: 64 }, (_, at) => at + 1));
  host.postMessage({ id: 40, ok: 1 });
  expect((await hears(65))[64].m).toBe('m65');
  line.end({ code: 'E_DISCONNECTED' });
  const outcomes = await Promise.all(calls);
  expect([outcomes[39], new Set(outcomes.toSpliced(39, 1))]).toEqual([1, new Set(['E_DISCONNECTED'])]);
});

test('no more than a thousand wait', async () => {
  const calls = Array.from({ length: 1065 }, () => outcome(line.ask('m', {}, never())));
  expect(await calls[1064]).toBe('E_RATE_LIMITED');
  line.end({ code: 'E_DISCONNECTED' });
  expect(await calls[1063]).toBe('E_DISCONNECTED');
});

test('a call that is called off is cancelled at the host, or never sent', async () => {
  const stops = Array.from({ length: 65 }, () => new AbortController());
  const calls = stops.map((stop) => outcome(line.ask('m', {}, stop.signal)));
  stops[64].abort();
  stops[0].abort();
  expect([await calls[64], await calls[0]]).toEqual(['E_ABORTED', 'E_ABORTED']);
  expect((await hears(65)).at(-1)).toEqual({ cancel: 1 });
});

test('pings are answered and events are heard; what is no message is dropped', async () => {
  for (const noise of [null, 'x', 7, [], {}, { id: 99, ok: 1 }]) host.postMessage(noise);
  host.postMessage({ ev: 'themechange', d: { theme: 'dark' } });
  host.postMessage({ ping: 3 });
  expect(await hears(1)).toEqual([{ pong: 3 }]);
  expect(heard).toEqual([['themechange', { theme: 'dark' }]]);
});

test('a host that goes away ends every call, and the next one at once', async () => {
  const call = outcome(line.ask('m', {}, never()));
  await hears(1);
  host.close();
  expect(await call).toBe('E_DISCONNECTED');
  expect([await outcome(line.ask('m', {}, never())), ended, line.open]).toEqual(['E_DISCONNECTED', ['E_DISCONNECTED'], false]);
});

test('a host may say why', async () => {
  const call = line.ask('m', {}, never());
  host.postMessage({ bye: { code: 'E_APP_REVOKED', errno: 1501, message: 'Out of service.' } });
  await expect(call).rejects.toMatchObject({ code: 'E_APP_REVOKED', message: 'Out of service.' });
});

const own = JSON.parse('{"__proto__": {"a": 1}, "b": 2}');
const deep = (levels) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
class Loan {
  constructor() {
    this.title = '城南旧事';
  }
}

test.each([
  ['all that JSON has', { a: [1, -0, 1.5, true, false, null, 'x', '', '市民👩', {}, [], [[]]], b: { c: { d: 'e' } } }],
  ['a member that is not there', { a: undefined, b: 1 }],
  ['a hole, and nothing in a list', { a: [undefined, , 1] }],
  ['no number', { a: [NaN, Infinity] }],
  ['dates, maps and objects of a class', { at: new Date(0), map: new Map([[1, 2]]), loan: new Loan() }],
  ['what says itself how it is written', { a: { toJSON: () => 'said' }, b: [{ toJSON: () => [1] }] }],
  ['functions and symbols', { a() {}, b: Symbol('b'), c: [() => 1], [Symbol('d')]: 1 }],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
  ['a key that is no key', own],
  ['half a pair', { a: '\ud83d', '\udc00': 1 }],
  ['forty lists, one in another', deep(40)],
  ['what grows by being escaped', { a: '\0'.repeat(40_000) }],
  ['what is large', { a: 'x'.repeat(200_000) }],
])('%s is copied as JSON has it', (_, value) => {
  const copied = plain(value, 'm');
  expect(JSON.stringify(copied)).toBe(JSON.stringify(value));
  expect(copied).toStrictEqual(JSON.parse(JSON.stringify(value)));
  expect(Object.getPrototypeOf(copied)).toBe(Object.getPrototypeOf(JSON.parse(JSON.stringify(value))));
  expect(copied).not.toBe(value);
});

test('what JSON cannot say, and what is too large, is refused', () => {
  const cycle = {};
  cycle.self = [cycle];
  const trap = { get a() { throw new RangeError('no'); } };
  const code = (value) => {
    try {
      return plain(value, 'm');
    } catch (error) {
      return error.code;
    }
  };
  expect([cycle, { a: 1n }, trap].map(code)).toEqual(Array(3).fill('E_INVALID_PARAM'));
  expect([{ a: 'x'.repeat(262_144) }, { a: '\0'.repeat(50_000) }, Array(200_000).fill(1)].map(code)).toEqual(Array(3).fill('E_TOO_LARGE'));
  expect([undefined, () => 1].map(code)).toEqual([undefined, undefined]);
});
