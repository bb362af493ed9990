import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

// A page's policy makes no markup of text (Trusted Types). Vue does so for parts of a template that never change: its
// compiler makes elements of them instead, Vue asks for no policy of its own, and the one line that is left goes.
const noMarkupOfText = {
  name: 'no-markup-of-text',
  transform: {
    filter: { id: /@vue\/runtime-dom\// },
    handler: (code) => code.replace('templateContainer.innerHTML = ', 'throw '),
  },
};

// A program's files stand under a folder that is named by their content: addresses are relative, and nothing is inlined
// as a `data:` address, which a page's policy would not run.
export default defineConfig({
  base: './',
  plugins: [vue({ template: { compilerOptions: { hoistStatic: false } } }), noMarkupOfText],
  define: { 'window.trustedTypes': 'undefined' },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
