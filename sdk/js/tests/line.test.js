/** The line over a real MessagePort: order, bounds, cancelling, signs of life, and how it ends. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Line } from '../src/line.js';

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
