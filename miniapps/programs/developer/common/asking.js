/** What the citizen has not agreed to: said kindly, with the way to agree. */
import { mp } from '../app.js';
import { h } from './dom.js';
import { t } from './words.js';

const SCOPE = 'city.data.developer';

/** @param {() => void} answered  they said something */
export async function asking(answered) {
  const { state } = (await mp.capabilities()).find(({ name }) => name === SCOPE) ?? { state: 'unavailable' };
  const refused = state === 'denied'; // asking again would show nothing: their settings alone can change it
  const words = state === 'unavailable' ? 'ask.unavailable' : refused ? 'ask.settings' : 'ask.needed';
  const ask = () => (refused ? mp.openSetting() : mp.authorize({ scopes: [SCOPE] })).then(() => answered(), () => {}); // a sheet that was closed is an answer, too
  return h(
    'section',
    { class: 'ask' },
    h('h1', {}, t('program')),
    h('p', {}, t(words)),
    state === 'unavailable' ? null : h('button', { type: 'button', class: 'main', click: ask }, t(refused ? 'ask.open' : 'ask.yes')),
  );
}
