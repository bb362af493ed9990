/** What both pages draw: an index with its word and shape, and how fresh all of it is. */
import { gradeOf, gradeShape } from './air.js';
import { h, svg } from './dom.js';
import { moment, t } from './words.js';

/** Number, shape and word: the colour is the fourth sign, never the only one. */
export function index(aqi) {
  const grade = gradeOf(aqi);
  return [
    h('span', { class: 'number', title: t('air.aqi') }, String(aqi)),
    h('span', { class: 'grade', 'data-grade': grade.name }, gradeShape(grade), t(grade.name)),
  ];
}

const CLOUD = 'M4 4l16 16M8 18h9M6.5 17.5a4.5 4.5 0 0 1-.6-8.900M9 5.600A6 6 0 0 1 18 10a4 4 0 0 1 2.600 6.600';

/** "14:05 更新" and a way to ask again, or why what is shown is older. */
export function freshness({ at, state }, again) {
  if (state === 'asking') return h('p', { class: 'fresh', role: 'status' }, t('state.asking'));
  const late = state !== 'now';
  return h(
    'p',
    { class: late ? 'fresh late' : 'fresh', role: 'status', 'data-state': state },
    late ? svg('svg', { class: 'sign', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: CLOUD })) : null,
    h('span', {}, t(`state.${state}`, { time: moment(at) })),
    h('button', { type: 'button', class: 'quiet', click: again }, t('state.again')),
  );
}

/** Nothing is known, now or from before. */
export const nothing = (state, again) =>
  state === 'asking'
    ? h('div', { class: 'skeleton', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'), h('i'))
    : h('section', { class: 'card', role: 'status' }, h('p', {}, t('state.nothing')), h('button', { type: 'button', class: 'main', click: again }, t('state.retry')));
