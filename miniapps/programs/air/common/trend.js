/** A day as twenty-four bars. What the drawing says stands in its label, and hour by hour in the table below it. */
import { gradeOf, GRADES } from './air.js';
import { h, svg } from './dom.js';
import { clock, t } from './words.js';

const WIDTH = 336;
const HEIGHT = 132;
const LEFT = 30;
const BAR = 9;
const STEP = (WIDTH - LEFT) / 24;

/** @param {{ at: string, aqi: number }[]} hours  by time */
export function trend(hours) {
  const top = Math.max(100, ...hours.map(({ aqi }) => aqi)) * 1.08;
  const y = (aqi) => HEIGHT * (1 - aqi / top);
  const lines = [0, ...GRADES.map(({ most }) => most)].filter((most) => most < top);
  const drawing = svg(
    'svg',
    { class: 'trend', viewBox: `0 -8 ${WIDTH} ${HEIGHT + 28}`, role: 'img', 'aria-label': summary(hours) },
    lines.flatMap((most) => [
      svg('path', { class: 'line', d: `M${LEFT} ${y(most).toFixed(1)}H${WIDTH}` }),
      svg('text', { class: 'scale', x: LEFT - 5, y: (y(most) + 4).toFixed(1), 'text-anchor': 'end' }, String(most)),
    ]),
    hours.map(({ at, aqi }, i) => {
      const x = LEFT + (24 - hours.length + i) * STEP + (STEP - BAR) / 2;
      return svg('path', { class: 'bar', 'data-grade': gradeOf(aqi).name, d: `M${x.toFixed(1)} ${HEIGHT}V${y(aqi).toFixed(1)}h${BAR}V${HEIGHT}z` });
    }),
    hours.flatMap(({ at }, i) =>
      (hours.length - 1 - i) % 6 === 0
        ? svg('text', { class: 'scale', x: (LEFT + (24 - hours.length + i + 0.5) * STEP).toFixed(1), y: HEIGHT + 16, 'text-anchor': i === hours.length - 1 ? 'end' : 'middle' }, clock(at))
        : [],
    ),
  );
  return [drawing, h('details', {}, h('summary', {}, t('station.hours')), table(hours))];
}

function summary(hours) {
  const byIndex = [...hours].sort((one, other) => one.aqi - other.aqi);
  const [low, high] = [byIndex[0], byIndex[byIndex.length - 1]];
  return t('station.trend.label', { n: hours.length, low: low.aqi, lowAt: clock(low.at), high: high.aqi, highAt: clock(high.at) });
}

const table = (hours) =>
  h(
    'table',
    {},
    h('thead', {}, h('tr', {}, ['station.hour', 'air.aqi', 'station.grade'].map((key) => h('th', { scope: 'col' }, t(key))))),
    h(
      'tbody',
      {},
      [...hours].reverse().map(({ at, aqi }) => h('tr', {}, h('th', { scope: 'row' }, clock(at)), h('td', {}, String(aqi)), h('td', {}, t(gradeOf(aqi).name)))),
    ),
  );
