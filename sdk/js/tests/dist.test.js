/** The published form: what `dist/` holds is what `build.js` makes, small, and nothing that a page's policy forbids. */
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { built, published } from '../build.js';

const files = await built();
const GZIPPED_MAX = 12 * 1024;

test.each(Object.keys(files))('dist/%s is current: run `make sdk-js` and commit what changed', async (name) => {
  expect(await readFile(new URL(`../dist/${name}`, import.meta.url), 'utf-8')).toBe(files[name]);
});

test('reviews know it by its hash: run `make sdk-js`', async () => {
  const known = JSON.parse(await readFile(new URL('../published.json', import.meta.url), 'utf-8'));
  expect(known).toEqual(await published(files));
});

test('the default entry is one file under 12 KiB, packed', () => {
  expect(files['index.js']).not.toMatch(/\bimport\b/);
  expect(gzipSync(files['index.js'], { level: 9 }).length).toBeLessThan(GZIPPED_MAX);
});

test('the other entries bring the default one, and no other', () => {
  for (const name of ['wx.js', 'testing.js']) {
    const froms = [...files[name].matchAll(/\bfrom\s*["'`]([^"'`]+)/g)].map(([, from]) => from);
    expect(froms).toEqual(['./index.js']);
  }
});

test.each(Object.keys(files))('%s makes no code of text', (name) => {
  expect(files[name]).not.toMatch(/\beval\b|\bFunction\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|importScripts|\bimport\(/);
});
