/**
 * The moving band: guilloche lines, as on a licence, computed from the present code.
 *
 * A look-alike page that films or copies one code shows the band of that code: the next code has another one, with
 * another weave, direction and pace. It proves nothing to a machine and is never checked by eye; it makes a still obvious.
 */

import { s } from "../dom.js";

const WIDTH = 360;
const HEIGHT = 56;
const STEP = 6;
const LINES = 11;

/** @param {string} text  the code @returns {SVGElement} */
export function band(text) {
  const next = numbers(text);
  const edges = [wave(next), wave(next)];
  const lines = Array.from({ length: LINES }, (_, i) => s("path", { d: line(edges, i / (LINES - 1)) }));
  return s(
    "svg.band",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "xMidYMid slice",
      "aria-hidden": "true",
      "data-testid": "band",
      vars: { "--pace": `${7 + next() * 6}s`, "--way": next() < 0.5 ? "normal" : "reverse" },
    },
    s("g.band-lines", null, lines),
  );
}

/** A sum of two sines with whole periods, so that the band meets its own end. */
function wave(next) {
  const [a, b] = [2 + Math.floor(next() * 3), 5 + Math.floor(next() * 4)];
  const [pa, pb] = [next() * Math.PI * 2, next() * Math.PI * 2];
  const share = 0.55 + next() * 0.3;
  return (x) =>
    share * Math.sin((2 * Math.PI * a * x) / WIDTH + pa) + (1 - share) * Math.sin((2 * Math.PI * b * x) / WIDTH + pb);
}

/** One thread between the two edges; drawn over two widths, so that it can travel one. */
function line([top, bottom], share) {
  const points = [];
  for (let x = 0; x <= 2 * WIDTH; x += STEP) {
    const y = HEIGHT / 2 + (HEIGHT / 2 - 4) * (top(x) * share + bottom(x) * (1 - share));
    points.push(`${x} ${y.toFixed(1)}`);
  }
  return `M${points.join("L")}`;
}

/** A stream of numbers in [0, 1) that the code decides (FNV-1a, then xorshift). @param {string} text */
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
