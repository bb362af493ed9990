/** How far a version is laid: twenty bricks in two courses, each of five per cent of the citizens. */
import { svg } from './dom.js';
import { percent as figure, t } from './words.js';

const COURSE = 10;
const WIDTH = 32;
const HEIGHT = 14;
const GAP = 2;

/** @param {number} percent @param {boolean} paused */
export function bricks(percent, paused) {
  const laid = (Math.min(100, Math.max(0, percent)) / 100) * 2 * COURSE;
  const shapes = [...Array(2 * COURSE).keys()].flatMap((i) => {
    const upper = i >= COURSE;
    const x = (i % COURSE) * (WIDTH + GAP) + (upper ? (WIDTH + GAP) / 2 : 0);
    const y = upper ? 1 : HEIGHT + GAP + 1;
    const part = Math.min(1, Math.max(0, laid - i));
    return [
      svg('rect', { class: 'bed', x, y, width: WIDTH, height: HEIGHT }),
      part > 0 ? svg('rect', { class: 'brick', x, y, width: Math.max(1.5, WIDTH * part).toFixed(1), height: HEIGHT }) : null,
    ];
  });
  const label = t('version.bricks', { percent: figure(percent) }) + (paused ? ` · ${t('version.paused')}` : '');
  const wide = COURSE * (WIDTH + GAP) + WIDTH / 2;
  return svg('svg', { class: 'bricks', viewBox: `0 0 ${wide} ${2 * HEIGHT + GAP + 2}`, role: 'img', 'aria-label': label, 'data-paused': paused ? '' : null }, shapes);
}
