/** A page of one document: asked for, drawn, and asked for again when something was done or the city is back. */
import { mp } from '../app.js';
import { asking } from './asking.js';
import { offline } from './city.js';
import { h } from './dom.js';
import { t } from './words.js';

const place = document.querySelector('#page');

/**
 * @param {string} documentId
 * @param {() => object} variables
 * @param {(data: any) => (Node | null)[]} draw
 * @returns {{ refresh: (done?: string) => Promise<void> }}  done: what to say once it is drawn again
 */
export function page(documentId, variables, draw) {
  /** How often the city was asked, and which of its answers stands on the page. */
  let [asks, shown] = [0, 0];
  /** What stands there, as the city said it. */
  let said = '';

  /**
   * @param {boolean} [gently]  nobody asked for it: what is half entered stays, and the page with it; what says the same
   *   is not drawn anew, since a finger may be on it
   */
  async function refresh(done = '', gently = false) {
    if (gently && !unchanged()) return;
    const mine = ++asks;
    /** Is this to be drawn? Not what was asked for before that which stands there. */
    const turn = (now) => {
      if (mine < shown || (gently && (now === said || !unchanged()))) return false;
      [shown, said] = [mine, now];
      return true;
    };
    const instead = (section) => turn(section.outerHTML) && place.replaceChildren(section);
    try {
      const { data, errors, withheld } = await mp.graphql(documentId, variables());
      const [first] = errors ?? [];
      if (withheld.length) instead(await asking(() => refresh('', true)));
      else if (first) instead(trouble(first.message));
      else if (turn(JSON.stringify(data))) show(data);
    } catch (error) {
      if (gently && place.querySelector('.head')) return; // what stands there is better than nothing
      instead(trouble(t(offline(error) ? 'load.offline' : 'load.failed')));
    }
    if (done) mp.showToast({ title: done });
  }

  /** Whatever was open, and whatever was in focus, is so again. */
  function show(data) {
    const open = [...place.querySelectorAll('details[open]')].map(({ id }) => id);
    const focused = document.activeElement?.id;
    place.replaceChildren(...draw(data).flat().filter(Boolean));
    for (const id of open) if (id) document.getElementById(id)?.setAttribute('open', '');
    if (focused) document.getElementById(focused)?.focus();
  }

  const trouble = (words) =>
    h('section', { class: 'ask', role: 'status' }, h('p', {}, words), h('button', { type: 'button', class: 'main', click: () => refresh() }, t('load.again')));

  place.replaceChildren(h('div', { class: 'skeleton', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')));
  const again = () => refresh('', true);
  mp.on('appshow', again);
  mp.on('networkchange', ({ isConnected }) => isConnected && again());
  mp.on('capabilitychange', again);
  mp.on('localechange', () => refresh()); // names and findings come from the city in the reader's language
  mp.on('pulldownrefresh', () => refresh().finally(() => mp.stopPullDownRefresh()));
  refresh();
  return { refresh };
}

/** Nothing was entered that drawing anew would lose. */
const unchanged = () => [...place.querySelectorAll('input, textarea')].every((field) => field.value === field.defaultValue);

/** The page's name: in the host's bar, for whoever hears it, and at the top. */
export function heading(words, ...below) {
  document.title = words;
  mp.setNavigationBarTitle({ title: words });
  return h('header', { class: 'head' }, h('h1', {}, words), ...below);
}

/** Whatever a link says is a value for the city, and nothing else. */
export const asked = (name) => String(mp.launch.query[name] ?? '').slice(0, 200);

/** To another page of the program, which comes back here. */
export const go = (name, query) => mp.navigateTo({ url: `pages/${name}?${new URLSearchParams(query)}` });
