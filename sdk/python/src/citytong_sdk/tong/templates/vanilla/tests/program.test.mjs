import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMockHost } from './kit/testing.js';
import { WORDS, words } from '../program/common/words.js';

test('visits are counted, and the city keeps the count', async () => {
  const host = createMockHost({ storage: { visits: 2 } });
  const { count, visits } = await import('../program/common/visits.js');
  assert.equal(visits(), 2);
  assert.equal(count(), 3);
  await new Promise((resolve) => setImmediate(resolve)); // writes of one turn are one message
  assert.equal(host.storage.visits, 3);
  host.close();
});

test('every language has every word', () => {
  const [first, ...others] = Object.values(WORDS).map((one) => Object.keys(one).sort());
  for (const other of others) assert.deepEqual(other, first);
  assert.equal(words('zh-CN'), WORDS.zh);
  assert.equal(words('fr'), WORDS.en);
});
