import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMockHost } from './kit/testing.js';
import { ITEMS, WORDS, known, words } from '../program/common/words.js';

test('each language names and describes each item', () => {
  for (const say of Object.values(WORDS)) {
    assert.deepEqual(Object.keys(say.items), ITEMS);
    assert.deepEqual(Object.keys(say.about), ITEMS);
  }
  assert.equal(words('zh-CN'), WORDS.zh);
});

test('a query that names no item is none', () => {
  assert.equal(known('river'), 'river');
  assert.equal(known('<b>'), undefined);
  assert.equal(known(undefined), undefined);
});

test('the host is told where to go', async () => {
  const host = createMockHost({ env: { pages: ['pages/list/list', 'pages/item/item'] } });
  const { mp } = await import('../program/sdk/index.js');
  await mp.navigateTo({ url: 'pages/item/item?id=river' });
  assert.deepEqual(host.calls.at(-1), { method: 'navigateTo', params: { url: 'pages/item/item?id=river' } });
  host.close();
});
