import { createMockHost } from '@citytong/sdk/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { count, visits } from '../src/visits';
import { words } from '../src/words';

let host: ReturnType<typeof createMockHost>;
afterEach(() => host?.close());

test('visits are counted, and the city keeps the count', async () => {
  host = createMockHost({ storage: { visits: 2 } });
  expect(visits()).toBe(2);
  expect(count()).toBe(3);
  await vi.waitFor(() => expect(host.storage.visits).toBe(3));
});

test('the program speaks Chinese and English', () => {
  expect(words('zh-CN').title).toBe('您好');
  expect(words('fr').title).toBe('Hello');
});
