/** The city code, with a ring of the seconds that it has left. It is renewed before it ends, and rests while nobody looks. */
import { mp } from '../app.js';
import { asking } from '../common/asking.js';
import { band } from '../common/band.js';
import { CODE } from '../common/documents.js';
import { h, svg } from '../common/dom.js';
import { qr } from '../common/qr.js';
import { t } from '../common/words.js';

const SCOPES = ['city.data.city_code'];
const NAME = 'city.data.masked_name';
/** Renewed with so much of its life left. */
const RENEW_AT_S = 10;
const TRY_AGAIN_S = 4;
/** A road around the square, closing from the axis at the top. */
const ROAD = 'M50 1.5H93.5a5 5 0 0 1 5 5V93.5a5 5 0 0 1-5 5H6.5a5 5 0 0 1-5-5V6.5a5 5 0 0 1 5-5Z';

export function codeView(place) {
  const left = svg('path', { class: 'left', d: ROAD, pathLength: 100 });
  const face = h('div', { class: 'face' });
  const count = h('p', { class: 'count' });
  const woven = h('div', { class: 'woven' });
  const who = h('div', { class: 'who' });
  const said = h('p', { class: 'said', role: 'status' });
  const slab = h(
    'section',
    { class: 'slab', 'aria-label': t('code.title') },
    h('div', { class: 'frame' }, svg('svg', { class: 'ring', viewBox: '0 0 100 100', 'aria-hidden': 'true' }, svg('path', { d: ROAD }), left), face),
    count,
    woven,
    who,
  );
  const heading = h('h1', { class: 'unseen' }, t('code.title')); // the host's bar says it above
  let endsAt = 0;
  let lifetimeS = 60;
  let nextAt = 0;
  let busy = false;
  let over = false;

  async function refresh() {
    if (busy || over) return;
    busy = true;
    const askedAt = Date.now();
    try {
      const { data, withheld } = await mp.graphql(CODE);
      if (over) return;
      if (withheld.includes('Citizen.cityCode')) await withhold();
      else if (!data?.me.cityCode) late('state.failed');
      else accept(data.me, askedAt);
    } catch (error) {
      if (!over) late(error.code === 'E_NETWORK' ? 'state.offline' : 'state.failed');
    } finally {
      busy = false;
    }
  }

  function accept({ cityCode: { text, lifetimeS: lives }, maskedName }, askedAt) {
    lifetimeS = lives;
    endsAt = askedAt + lives * 1000; // it was made after we asked, so it lives a little longer than this
    face.replaceChildren(qr(text, t('code.label', { name: maskedName })));
    woven.replaceChildren(band(text));
    who.replaceChildren(...(maskedName ? [h('p', {}, maskedName)] : unnamed()));
    said.replaceChildren();
    if (!slab.isConnected) place.replaceChildren(heading, slab, said);
    tick();
  }

  /** A code shows without a name as well; it is offered, and asked for when they want it. */
  const unnamed = () => [
    h('p', { class: 'unnamed' }, t('code.name')),
    h('button', { type: 'button', class: 'quiet', click: () => mp.authorize({ scopes: [NAME] }).then(refresh, () => {}) }, t('code.name.show')),
  ];

  async function withhold() {
    endsAt = 0;
    const ask = await asking('ask.code', SCOPES, refresh);
    if (!over) place.replaceChildren(heading, ask);
  }

  function late(words) {
    nextAt = Date.now() + TRY_AGAIN_S * 1000;
    said.replaceChildren(t(words));
    if (!slab.isConnected) place.replaceChildren(heading, said, h('button', { type: 'button', class: 'quiet', click: refresh }, t('state.again')));
  }

  function tick() {
    if (!slab.isConnected) return;
    const seconds = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
    left.style.strokeDashoffset = String(100 * (1 - seconds / lifetimeS));
    count.replaceChildren(mp.env.elderMode ? t('code.calm') : t('code.left', { n: seconds }));
    if (seconds === 0) face.replaceChildren(h('p', { class: 'veil' }, t('code.ended')));
    const seen = mp.global.globalState === 'shown';
    if (seconds <= RENEW_AT_S && seen && Date.now() >= nextAt) refresh();
  }

  const timer = setInterval(tick, 1000);
  place.replaceChildren(heading); // of the other view nothing is left that a finger could meet
  refresh();
  return {
    refresh,
    end() {
      over = true;
      clearInterval(timer);
    },
  };
}
