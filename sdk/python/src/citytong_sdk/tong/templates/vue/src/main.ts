import { mp } from '@citytong/sdk';
import { createApp } from 'vue';
import App from './App.vue';

await mp.ready();
document.documentElement.lang = mp.env.lang;
createApp(App).mount('#app');
