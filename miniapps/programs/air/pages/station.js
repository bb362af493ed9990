/** One station: its air now, the last day, and everything that it measured. */
import { mp } from '../app.js';
import { indexOf, POLLUTANTS } from '../common/air.js';
import { STATION } from '../common/documents.js';
import { h } from '../common/dom.js';
import { latest } from '../common/latest.js';
import { freshness, index, nothing } from '../common/parts.js';
import { trend } from '../common/trend.js';
import { moment, t } from '../common/words.js';

const DAY_MS = 86_400_000;

const page = document.querySelector('#page');
/** Whoever made the link wrote it: it goes to the city as a value, and nowhere else. */
const { code = '' } = mp.launch.query;

function refresh() {
  const to = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 + 3_600_000);
  const asked = { code, from: new Date(to - DAY_MS).toISOString(), to: to.toISOString() };
  return latest(`station ${code.slice(0, 64)}`, STATION, asked, draw);
}

function draw(told) {
  const { data, state } = told;
  if (!data) return page.replaceChildren(h('h1', { class: 'unseen' }, t('station.now', { time: '' })), nothing(state, refresh));
  const { station } = data;
  if (!station) return page.replaceChildren(h('h1', {}, t('station.none')));
  mp.setNavigationBarTitle({ title: station.name });
  document.title = station.name;
  const open = page.querySelector('details')?.open;
  page.replaceChildren(h('h1', { class: 'unseen' }, station.name), ...now(station), ...day(station), ...values(station), freshness(told, refresh));
  if (open) page.querySelector('details').open = true;
}

function now({ district, latest: reading, synthetic, source }) {
  const worst = reading && indexOf(reading.values);
  const primary = worst && reading.values.find(({ property }) => property.id === worst.primary).property.name;
  return [
    h(
      'section',
      { class: 'card' },
      worst ? h('p', { class: 'now' }, ...index(worst.aqi)) : h('p', {}, t('air.none')),
      h(
        'p',
        { class: 'facts' },
        [district?.name, worst?.aqi > 50 && t('air.primary', { name: primary }), reading && t('station.now', { time: moment(reading.observedAt) }), synthetic ? t('air.synthetic') : t('station.source', { source })]
          .filter(Boolean)
          .map((fact) => h('span', {}, fact)),
      ),
    ),
  ];
}

/** The city tells one pollutant at a time; an hour's index is of all that was measured in it. */
function day(station) {
  const byHour = new Map();
  for (const pollutant of POLLUTANTS) {
    for (const { observedAt, values } of station[pollutant].nodes) byHour.set(observedAt, [...(byHour.get(observedAt) ?? []), ...values]);
  }
  const hours = [...byHour].sort().map(([at, values]) => ({ at, aqi: indexOf(values).aqi }));
  return [h('h2', {}, t('station.trend')), ...(hours.length ? trend(hours) : [h('p', {}, t('station.trend.none'))])];
}

function values({ latest: reading }) {
  if (!reading) return [];
  const told = reading.values.map(({ property: { name, unit }, value }) => h('div', {}, h('dt', {}, name), h('dd', {}, `${Math.round(value * 10) / 10} ${unit}`)));
  return [h('h2', {}, t('station.values')), h('dl', {}, told)];
}

mp.on('pulldownrefresh', () => refresh().finally(() => mp.stopPullDownRefresh()));
mp.on('localechange', refresh);
refresh();
