/**
 * Makes `dist/`, the published form: one small file for each way in, no dependency, nothing that is evaluated. `wx.js` and
 * `testing.js` import `./index.js`, so that a page has one line to its host whatever it imports.
 */
import { writeFile, mkdir } from 'node:fs/promises';
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(here('dist'), { recursive: true });
  for (const [name, text] of Object.entries(await built())) await writeFile(here(`dist/${name}`), text);
}
