/** What the citizen has not agreed to: said kindly, with the way to agree. */
import { mp } from '../app.js';
import { h } from './dom.js';
import { t } from './words.js';

/**
 * @param {string} words  of `WORDS`: what it is for
 * @param {string[]} scopes  what to ask for, in one sheet of the host; the first is what cannot be done without
 * @param {() => void} answered  they said something
 */
export async function asking(words, scopes, answered) {
  const [needed] = (await mp.capabilities()).filter(({ name }) => name === scopes[0]);
  const refused = needed?.state === 'denied'; // asking again would show nothing: their settings alone can change it
  const ask = () => (refused ? mp.openSetting() : mp.authorize({ scopes })).then(answered, () => {}); // a sheet that was closed is an answer, too
  return h(
    'section',
    { class: 'ask' },
    h('p', {}, t(refused ? 'ask.settings' : words)),
    h('button', { type: 'button', class: 'main', click: ask }, t(refused ? 'ask.open' : 'ask.yes')),
  );
}
