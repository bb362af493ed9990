/** Storage that answers at once and is kept by the host, in order. */
import { afterEach, expect, test, vi } from 'vitest';
import { MpError } from '../src/index.js';
import { LARGEST, QUOTA, Storage } from '../src/storage.js';

let storage, sent, lost, answer;

function made(stored) {
  sent = [];
  lost = [];
  answer = null;
  storage = new Storage(
    (batch) => {
      sent.push(structuredClone(batch));
      return answer ? answer(batch) : Promise.resolve({});
    },
    (error) => lost.push(error.code),
  );
  if (stored) storage.fill(stored);
}
const written = () => sent.map(({ clear, removed, put }) => [clear, removed, { ...put }]);
afterEach(() => vi.useRealTimers());

test('one turn is one message; the last word on a key stands', async () => {
  made({ old: 1, gone: 2 });
  storage.set('a', 1, 'm');
  storage.set('a', 2, 'm');
  storage.set('b', { deep: [1] }, 'm');
  storage.remove('gone', 'm');
  storage.remove('b', 'm');
  storage.set('c', null, 'm');
  await storage.kept();
  expect(written()).toEqual([[false, ['b', 'gone'], { a: 2, c: null }]]);
  expect(storage.info('m')).toEqual({ keys: ['old', 'a', 'c'], currentSize: 1, limitSize: 10_240 });
});

test('clear comes before what is written after it', async () => {
  made({ old: 1 });
  storage.set('a', 1, 'm');
  storage.clear('m');
  storage.set('b', 2, 'm');
  await storage.kept();
  expect(written()).toEqual([[true, [], { b: 2 }]]);
  expect(storage.info('m').keys).toEqual(['b']);
});

test('what is written while a batch is on its way goes with the next, never beside it', async () => {
  made({});
  const answers = [];
  answer = () => new Promise((resolve) => answers.push(resolve));
  storage.set('a', 1, 'm');
  const first = storage.kept();
  await Promise.resolve();
  storage.set('b', 1, 'm');
  storage.set('a', 2, 'm');
  const second = storage.kept();
  await Promise.resolve();
  expect(sent).toHaveLength(1);
  answers[0]({});
  await first;
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[1]({});
  await second;
  expect(written()).toEqual([[false, [], { a: 1 }], [false, [], { b: 1, a: 2 }]]);
});

test('values are copied, in and out', () => {
  made({ kept: { n: 1 } });
  const value = { n: 1 };
  storage.set('a', value, 'm');
  value.n = 2;
  storage.get('a').n = 3;
  storage.get('kept').n = 3;
  expect([storage.get('a'), storage.get('kept')]).toEqual([{ n: 1 }, { n: 1 }]);
});

test('ten megabytes and no more; refused before anything is written', async () => {
  made({});
  const piece = 'x'.repeat(LARGEST - 100);
  let count = 0;
  expect(() => {
    for (;;) storage.set(`key-${String(count++).padStart(4, '0')}`, piece, 'setStorageSync');
  }).toThrow(expect.objectContaining({ code: 'E_QUOTA', method: 'setStorageSync', why: 'quota' }));
  const bytes = piece.length + 2 + 8;
  expect(count - 1).toBe(Math.floor(QUOTA / bytes));
  storage.set('key-0000', 'small', 'm');
  storage.set('fits again', piece, 'm');
  await storage.kept();
  expect(Math.max(...sent.map((batch) => JSON.stringify(batch).length))).toBeLessThan(256 * 1024);
  expect(sent.flatMap(({ put }) => Object.keys(put))).toHaveLength(count);
});

test('letters count as they are sent: one value holds 192 KiB of UTF-8', () => {
  made({});
  expect(() => storage.set('k', '城'.repeat(65_536), 'm')).toThrow(expect.objectContaining({ code: 'E_TOO_LARGE' }));
  storage.set('k', '城'.repeat(65_535), 'm');
  expect(storage.get('k')).toHaveLength(65_535);
});

test('what is written before the welcome wins; what is read before it says so', async () => {
  made();
  storage.set('mine', 1, 'm');
  storage.remove('theirs', 'm');
  expect([storage.get('mine'), storage.get('theirs')]).toEqual([1, undefined]);
  expect(() => storage.get('other', 'getStorageSync')).toThrow(expect.objectContaining({ code: 'E_NO_HOST', message: expect.stringContaining('mp.ready()') }));
  expect(sent).toEqual([]);
  storage.fill({ mine: 'old', theirs: 'old', other: 'old' });
  await storage.kept();
  expect([storage.get('mine'), storage.get('theirs'), storage.get('other')]).toEqual([1, undefined, 'old']);
  expect(written()).toEqual([[false, ['theirs'], { mine: 1 }]]);
});

test('a host that is asked too often is asked again when it says', async () => {
  vi.useFakeTimers();
  made({});
  let refusals = 2;
  answer = async () => {
    if (refusals-- > 0) throw new MpError('E_RATE_LIMITED', { retryAfter: 3 });
  };
  storage.set('a', 1, 'm');
  const kept = storage.kept();
  await vi.advanceTimersByTimeAsync(5_999);
  expect(sent).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  await kept;
  expect([sent.length, lost]).toEqual([3, []]);
});

test('who waits is told that it was not kept; else the log is', async () => {
  made({});
  answer = () => Promise.reject(new MpError('E_NETWORK'));
  storage.set('a', 1, 'm');
  await expect(storage.kept()).rejects.toMatchObject({ code: 'E_NETWORK' });
  expect(lost).toEqual([]);
  storage.set('b', 1, 'm');
  await vi.waitFor(() => expect(lost).toEqual(['E_NETWORK']));
});

test('without a host nothing is stored and who waits is told; what was read stays readable', async () => {
  made({ a: 1 });
  answer = () => new Promise(() => {});
  storage.set('b', 1, 'm');
  await Promise.resolve();
  storage.set('c', 1, 'm');
  const kept = storage.kept();
  storage.lose({ code: 'E_DISCONNECTED' });
  await expect(kept).rejects.toMatchObject({ code: 'E_DISCONNECTED' });
  expect(() => storage.set('d', 1, 'setStorageSync')).toThrow(expect.objectContaining({ code: 'E_DISCONNECTED', method: 'setStorageSync' }));
  expect(storage.get('a')).toBe(1);
});

test('when the page goes everything is sent at once', async () => {
  made({});
  answer = () => new Promise(() => {});
  for (const key of ['a', 'b', 'c']) storage.set(key, 'x'.repeat(150_000), 'm');
  storage.hurry();
  expect(sent.map(({ put }) => Object.keys(put))).toEqual([['a'], ['b'], ['c']]);
});

test('another device’s writes come in, but not over what is on its way from here', () => {
  made({ a: 1, b: 1, c: 1 });
  storage.set('a', 'mine', 'm');
  storage.merge({ put: { a: 'theirs', d: 'theirs' }, removed: ['b'], clear: false });
  expect(['a', 'b', 'c', 'd'].map((key) => storage.get(key))).toEqual(['mine', undefined, 1, 'theirs']);
  storage.merge({ put: { e: 1 }, removed: [], clear: true });
  expect(storage.info('m').keys).toEqual(['a', 'e']);
});

test('any key is a key', async () => {
  made({});
  for (const key of ['__proto__', 'constructor', 'toString', '']) storage.set(key, { x: 1 }, 'm');
  await storage.kept();
  expect(Object.getOwnPropertyNames(sent[0].put)).toEqual(['__proto__', 'constructor', 'toString', '']);
  expect([storage.get('__proto__'), storage.get('hasOwnProperty'), {}.x]).toEqual([{ x: 1 }, undefined, undefined]);
});
