/** How a program is used: opens by day, people, errors by code, which versions. Never who. */
import { h } from '../common/dom.js';
import { dayBars, shares } from '../common/bars.js';
import { FIGURES } from '../common/documents.js';
import { asked, heading, page } from '../common/page.js';
import { choice, folded, note, section } from '../common/parts.js';
import { dayBefore, dayOf, number, t } from '../common/words.js';

const app = asked('app');
const PERIODS = [7, 14, 30];
let days = 14;
const { refresh } = page(FIGURES, () => ({ app, days }), draw);

function draw({ developerApp: { name, statistics: told } }) {
  const all = [...Array(days).keys()].reverse().map((before) => {
    const day = dayBefore(before);
    return told.find((one) => one.day === day) ?? { day, opens: 0, people: '0', versions: {}, errors: {}, events: {}, blocked: {} };
  });
  const total = all.reduce((sum, { opens }) => sum + opens, 0);
  return [heading(t('figures.title'), h('p', {}, name)), period(), ...(total ? figures(all, total) : [note(t('figures.none'), 'lead')])];
}

const period = () =>
  choice('days', t('figures.days'), String(days), PERIODS.map((n) => [String(n), t('figures.days.n', { n })]), (n) => {
    days = Number(n);
    refresh();
  });

function figures(all, total) {
  const most = all.reduce((one, other) => (other.opens > one.opens ? other : one));
  const label = t('figures.bars', { n: all.length, total, most: most.opens, day: dayOf(most.day) });
  const errors = summed(all, 'errors');
  const events = summed(all, 'events');
  const versions = summed(all, 'versions').map(([code, count]) => [t('figures.version', { code }), count]);
  return [
    section('opens', t('figures.opens'), note(t('figures.total', { total })), dayBars(all, label), folded('by-day', t('figures.table'), byDay(all)), note(t('figures.few'))),
    shares('by-version', t('figures.by.version'), versions, t('app.versions')),
    errors.length ? shares('by-code', t('figures.by.code'), errors, t('figures.code')) : null,
    events.length ? shares('by-event', t('figures.by.event'), events, t('figures.event')) : null,
    ...refused(all),
  ];
}

/** What browsers say that pages tried and their policy forbade: a directive and a kind of address, never an address. */
function refused(all) {
  const sums = new Map();
  for (const { blocked } of all)
    for (const [code, counts] of Object.entries(blocked))
      for (const [tried, count] of Object.entries(counts)) {
        const [directive, kind] = tried.split(' ');
        const name = `${t('figures.version', { code })} · ${directive} · ${t(`tried.${kind}`)}`;
        sums.set(name, (sums.get(name) ?? 0) + count);
      }
  return sums.size ? [shares('by-refused', t('figures.refused'), [...sums], t('figures.tried')), note(t('figures.refused.why'))] : [];
}

/** @returns {[string, number][]} */
function summed(all, what) {
  const sums = new Map();
  for (const day of all) for (const [name, count] of Object.entries(day[what])) sums.set(name, (sums.get(name) ?? 0) + count);
  return [...sums];
}

const byDay = (all) =>
  h(
    'table',
    {},
    h('thead', {}, h('tr', {}, ['figures.day', 'figures.opens', 'figures.people', 'figures.errors'].map((key) => h('th', { scope: 'col' }, t(key))))),
    h(
      'tbody',
      {},
      [...all].reverse().map(({ day, opens, people, errors }) =>
        h('tr', {}, h('th', { scope: 'row' }, dayOf(day)), h('td', {}, number(opens)), h('td', {}, people), h('td', {}, number(Object.values(errors).reduce((sum, n) => sum + n, 0)))),
      ),
    ),
  );
