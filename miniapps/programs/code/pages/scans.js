/** Who scanned the code: the newest first, a page at a time. */
import { mp } from '../app.js';
import { asking } from '../common/asking.js';
import { SCANS } from '../common/documents.js';
import { h } from '../common/dom.js';
import { moment, t } from '../common/words.js';

const SCOPES = ['city.data.scans'];

export function scansView(place) {
  const heading = h('h1', {}, t('scans.title'));
  const list = h('ol', { class: 'rows', 'aria-live': 'polite' });
  const below = h('div', { class: 'below', role: 'status' });
  let over = false;
  let known = [];

  /** The first page again; what was paged through goes. */
  const refresh = () => page(null);

  async function page(after) {
    try {
      const { data, withheld } = await mp.graphql(SCANS, { after });
      if (over) return;
      if (withheld.includes('Citizen.scans')) return await withhold();
      if (!data?.me.scans) return say('state.failed', after);
      const { nodes, pageInfo } = data.me.scans;
      known = after ? [...known, ...nodes] : nodes;
      draw(pageInfo);
    } catch (error) {
      if (!over) say(error.code === 'E_NETWORK' ? 'state.offline' : 'state.failed', after);
    }
  }

  async function withhold() {
    const ask = await asking('ask.scans', SCOPES, refresh);
    if (!over) place.replaceChildren(heading, ask);
  }

  function draw({ hasNextPage, endCursor }) {
    list.replaceChildren(...known.map(row));
    below.replaceChildren(
      ...(known.length ? [] : [t('scans.none')]),
      ...(hasNextPage ? [h('button', { type: 'button', class: 'quiet', click: () => page(endCursor) }, t('scans.more'))] : []),
    );
    place.replaceChildren(heading, list, below);
  }

  function say(words, after) {
    below.replaceChildren(h('p', {}, t(words)), h('button', { type: 'button', class: 'quiet', click: () => page(after) }, t('state.again')));
    place.replaceChildren(heading, list, below);
  }

  place.replaceChildren(heading); // of the other view nothing is left that a finger could meet
  refresh();
  return { refresh, end: () => (over = true) };
}

const row = ({ at, purposeLabel, scanner }) =>
  h(
    'li',
    {},
    h('span', { class: 'name' }, scanner.organisation),
    h('span', { class: 'why' }, purposeLabel),
    h('span', { class: 'when' }, h('time', { datetime: at }, moment(at)), ` · ${scanner.badge}`),
  );
