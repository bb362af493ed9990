/** Counts as bars: days side by side, and kinds one below the other. The same stands in a table for whoever reads it. */
import { h, svg } from './dom.js';
import { dayOf, number, t } from './words.js';

const WIDTH = 340;
const HEIGHT = 96;
const LEFT = 34;

/** @param {{ day: string, opens: number }[]} days  by time, none left out @param {string} label */
export function dayBars(days, label) {
  const top = Math.max(1, ...days.map(({ opens }) => opens));
  const step = (WIDTH - LEFT) / days.length;
  const bar = Math.max(3, step * 0.7);
  const y = (opens) => HEIGHT * (1 - opens / top);
  const scale = (value) => [
    svg('path', { class: 'line', d: `M${LEFT} ${y(value).toFixed(1)}H${WIDTH}` }),
    svg('text', { class: 'scale', x: LEFT - 5, y: (y(value) + 4).toFixed(1), 'text-anchor': 'end' }, number(value, { notation: 'compact' })),
  ];
  const mark = ({ day }, i) =>
    i === 0 || i === days.length - 1
      ? svg('text', { class: 'scale', x: i ? WIDTH : LEFT, y: HEIGHT + 16, 'text-anchor': i ? 'end' : 'start' }, dayOf(day))
      : null;
  return svg(
    'svg',
    { class: 'days', viewBox: `0 -8 ${WIDTH} ${HEIGHT + 28}`, role: 'img', 'aria-label': label },
    scale(0),
    scale(top),
    days.map(({ opens }, i) => {
      const x = LEFT + i * step + (step - bar) / 2;
      return svg('path', { class: 'bar', d: `M${x.toFixed(1)} ${HEIGHT}V${y(opens).toFixed(1)}h${bar.toFixed(1)}V${HEIGHT}z` });
    }),
    days.map(mark),
  );
}

/** @param {[string, number][]} counts  by name */
export function shares(id, caption, counts, head) {
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const most = Math.max(1, ...counts.map(([, count]) => count));
  const line = ([name, count]) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, name, svg('svg', { class: 'share', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, svg('rect', { class: 'bar', width: ((100 * count) / most).toFixed(1), height: 6 }))),
      h('td', {}, number(count)),
      h('td', {}, number(count / total, { style: 'percent' })),
    );
  const columns = [head, t('figures.times'), t('figures.share')];
  return h(
    'table',
    { id },
    h('caption', {}, caption),
    h('thead', {}, h('tr', {}, columns.map((words) => h('th', { scope: 'col' }, words)))),
    h('tbody', {}, [...counts].sort(([, one], [, other]) => other - one).map(line)),
  );
}
