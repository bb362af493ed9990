/** The stations of one district and its neighbours. Which district: the nearest, the one that one lives in, or chosen. */
import { mp } from '../app.js';
import { indexOf } from '../common/air.js';
import { around, nearestTo } from '../common/districts.js';
import { CITY, HOME_DISTRICT } from '../common/documents.js';
import { h } from '../common/dom.js';
import { latest } from '../common/latest.js';
import { freshness, index, nothing } from '../common/parts.js';
import { t } from '../common/words.js';

const LOCATION = 'city.device.location.fuzzy';
const HOME = 'city.data.home_district';
/** So many stations beside the district's own; the others are one tap away. */
const AROUND = 6;

const page = document.querySelector('#page');
let told = { data: null, at: null, state: 'asking' };
let place = mp.getStorageSync('district') || null;
let note = null;
let all = false;

const refresh = () => latest('city', CITY, {}, (now) => draw((told = now)));

function choose(code, why = null) {
  [place, note] = [code, why];
  if (code) mp.setStorageSync('district', code);
  draw();
}

/** One sheet for both. The nearest district; with no location the home district; with neither, one that is chosen. */
async function near() {
  const { granted } = await mp.authorize({ scopes: [LOCATION, HOME] });
  const here = granted.includes(LOCATION) ? await mp.getLocation({ type: 'fuzzy' }).catch(() => null) : null;
  if (here) return choose(nearestTo(here)[0]);
  const { data } = await mp.graphql(HOME_DISTRICT);
  const home = data.me.homeDistrict?.code; // null, too, where the citizen withholds it
  return home ? choose(home, 'place.home') : choose(place, 'place.none');
}

function draw() {
  document.title = t('air.of', { place: '' });
  const { data, state } = told;
  if (!data) return page.replaceChildren(h('h1', { class: 'unseen' }, document.title), nothing(state, refresh));
  const districts = new Map(data.districts.map((district) => [district.code, district]));
  const chosen = districts.get(place);
  const focused = document.activeElement?.id;
  page.replaceChildren(
    ...(chosen ? district(chosen) : begin()),
    picker(data.districts),
    ...(chosen ? lists(data.stations.nodes) : []),
    freshness(told, refresh),
  );
  if (focused) document.getElementById(focused)?.focus();
}

const begin = () => [
  h('h1', {}, t('place.begin')),
  h('p', { class: 'why' }, t('place.begin.why')),
  h('button', { type: 'button', class: 'main', id: 'near', click: near }, t('place.near')),
];

function district({ name, airQuality: air }) {
  const facts = air && [
    air.primaryPollutant && t('air.primary', { name: air.primaryPollutant.name }),
    air.synthetic ? t('air.synthetic') : air.source,
  ];
  return [
    h('h1', {}, t('air.of', { place: name })),
    h(
      'section',
      { class: 'card' },
      air ? h('p', { class: 'now' }, ...index(air.aqi)) : h('p', {}, t('air.none')),
      air ? h('p', { class: 'advice' }, air.advice) : null,
      air ? h('p', { class: 'facts' }, facts.filter(Boolean).map((fact) => h('span', {}, fact))) : null,
    ),
  ];
}

const picker = (districts) =>
  h(
    'div',
    { class: 'place' },
    note ? h('p', { class: 'note', role: 'status' }, t(note)) : null,
    h(
      'label',
      { class: 'field' },
      h('span', {}, t('place.choose')),
      h(
        'select',
        { id: 'district', change: ({ target }) => target.value && choose(target.value) },
        place ? null : h('option', { value: '' }, t('place.pick')),
        districts.map(({ code, name }) => h('option', { value: code, selected: code === place ? '' : null }, name)),
      ),
    ),
    place ? h('button', { type: 'button', class: 'quiet', id: 'near', click: near }, t('place.near.short')) : null,
  );

function lists(stations) {
  const order = around(place);
  const measured = stations
    .map((station) => ({ ...station, index: station.latest && indexOf(station.latest.values) }))
    .filter((station) => station.index && station.district)
    .sort((one, other) => order.indexOf(one.district.code) - order.indexOf(other.district.code));
  const here = measured.filter((station) => station.district.code === place);
  const others = measured.filter((station) => station.district.code !== place);
  const more = others.length > AROUND && !all;
  return [
    ...list('list.here', here),
    ...list('list.around', more ? others.slice(0, AROUND) : others),
    more ? h('button', { type: 'button', class: 'quiet', id: 'more', click: () => draw((all = true)) }, t('list.more', { n: measured.length })) : '',
  ];
}

const list = (title, stations) =>
  stations.length ? [h('h2', {}, t(title)), h('ul', { class: 'rows' }, stations.map(row))] : [];

const row = ({ code, name, index: { aqi } }) =>
  h(
    'li',
    {},
    h(
      'button',
      { type: 'button', class: 'row', id: `station-${code}`, click: () => open(code) },
      h('span', { class: 'name' }, name),
      ...index(aqi),
    ),
  );

let opened = null;

function open(code) {
  opened = `station-${code}`;
  mp.navigateTo({ url: `pages/station?code=${code}` });
}

// Back from a station, when this page is drawn again: where the reader was.
mp.on('appshow', () => requestAnimationFrame(() => document.getElementById(opened)?.focus()));
mp.on('pulldownrefresh', () => refresh().finally(() => mp.stopPullDownRefresh()));
mp.on('localechange', refresh); // names come from the city in the reader's language
mp.on('networkchange', ({ isConnected }) => isConnected && refresh());
refresh();
