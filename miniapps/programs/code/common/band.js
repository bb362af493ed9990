/**
 * A woven band that moves, drawn from the present code: the next code weaves another one. A picture of a code that
 * somebody filmed stands still, or shows the wrong weave.
 */
import { svg } from './dom.js';

const WIDTH = 360;
const HEIGHT = 40;
const THREADS = 9;

export function band(text) {
  const next = numbers(text);
  const [top, bottom] = [wave(next), wave(next)];
  const threads = Array.from({ length: THREADS }, (_, i) => svg('path', { d: thread(top, bottom, i / (THREADS - 1)) }));
  return svg(
    'svg',
    { class: next() < 0.5 ? 'band' : 'band back', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'xMidYMid slice', 'aria-hidden': 'true' },
    svg('g', {}, threads),
  );
}

/** Whole periods, so that the band meets its own end. */
function wave(next) {
  const [slow, quick] = [2 + Math.floor(next() * 3), 5 + Math.floor(next() * 4)];
  const [a, b] = [next() * 2 * Math.PI, next() * 2 * Math.PI];
  return (x) => 0.65 * Math.sin((2 * Math.PI * slow * x) / WIDTH + a) + 0.35 * Math.sin((2 * Math.PI * quick * x) / WIDTH + b);
}

/** Over two widths: it travels one. */
function thread(top, bottom, share) {
  const points = [];
  for (let x = 0; x <= 2 * WIDTH; x += 6) {
    points.push(`${x} ${(HEIGHT / 2 + (HEIGHT / 2 - 3) * (top(x) * share + bottom(x) * (1 - share))).toFixed(1)}`);
  }
  return `M${points.join('L')}`;
}

/** Numbers in [0, 1) that the text decides (FNV-1a, then xorshift). */
function numbers(text) {
  let state = 2166136261;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 16777619);
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}
