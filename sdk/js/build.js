/**
 * Makes `dist/`, the published form: one small file for each way in, no dependency, nothing that is evaluated. `wx.js` and
 * `testing.js` import `./index.js`, so that a page has one line to its host whatever it imports. `published.json` has the
 * SHA-256 of each file of each version, by which reviews know a copy that nobody altered.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** @returns {Promise<Record<string, string>>} file names and their texts */
export async function built() {
  const files = {};
  for (const name of ['index', 'wx', 'testing']) {
    const bundle = await rolldown({
      input: here(`src/${name}.js`),
      platform: 'neutral',
      external: (id) => name !== 'index' && /(^|\/)index\.js$/.test(id),
    });
    const { output } = await bundle.generate({ format: 'esm', minify: true, paths: () => './index.js' });
    files[`${name}.js`] = output[0].code;
    await bundle.close();
  }
  return files;
}

/** @returns {Promise<object>} what `published.json` holds with `files` as the version of `package.json`: others stay */
export async function published(files) {
  const [{ version }, before] = await Promise.all(
    ['package.json', 'published.json'].map(async (name) => JSON.parse(await readFile(here(name), 'utf-8'))),
  );
  const hashed = ([name, text]) => [name, createHash('sha256').update(text).digest('hex')];
  return { ...before, [version]: Object.fromEntries(Object.entries(files).map(hashed)) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = await built();
  await mkdir(here('dist'), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(here(`dist/${name}`), text);
  await writeFile(here('published.json'), `${JSON.stringify(await published(files), null, 2)}\n`);
}
