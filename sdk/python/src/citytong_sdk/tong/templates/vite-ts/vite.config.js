import { defineConfig } from 'vite';

// A program's files stand under a folder that is named by their content: addresses are relative, and nothing is inlined
// as a `data:` address, which a page's policy would not run.
export default defineConfig({
  base: './',
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
