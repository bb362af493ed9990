/**
 * The air quality index of an hour at one station, by HJ 633-2012: the worst of what its pollutants make. The city computes
 * it for districts; this is the same table, for one station. Every grade has a word and a shape beside its colour.
 */
import { svg } from './dom.js';

const LEVELS = [0, 50, 100, 150, 200, 300, 400, 500];
/** Concentrations at those levels: µg/m³, CO in tenths of mg/m³, so that all are whole. */
const BREAKPOINTS = {
  pm2_5: [0, 35, 75, 115, 150, 250, 350, 500],
  pm10: [0, 50, 150, 250, 350, 420, 500, 600],
  so2: [0, 150, 500, 650, 800, 1600, 2100, 2620],
  no2: [0, 100, 200, 700, 1200, 2340, 3090, 3840],
  co: [0, 50, 100, 350, 600, 900, 1200, 1500],
  o3: [0, 160, 200, 300, 400, 800, 1000, 1200],
};

export const POLLUTANTS = Object.keys(BREAKPOINTS);

/** From a full circle to a closed-off cross, heavier as it gets worse. */
export const GRADES = [
  { name: 'EXCELLENT', most: 50, shape: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z' },
  { name: 'GOOD', most: 100, shape: 'M8 3.5h8a4.5 4.5 0 0 1 4.5 4.5v8a4.5 4.5 0 0 1-4.5 4.5H8A4.5 4.5 0 0 1 3.5 16V8A4.5 4.5 0 0 1 8 3.5z' },
  { name: 'LIGHTLY_POLLUTED', most: 150, shape: 'M12 3 22 20.5H2z' },
  { name: 'MODERATELY_POLLUTED', most: 200, shape: 'M12 2 22 12 12 22 2 12z' },
  { name: 'HEAVILY_POLLUTED', most: 300, shape: 'M7 3.3h10L22 12l-5 8.7H7L2 12z' },
  { name: 'SEVERELY_POLLUTED', most: 500, shape: 'M8.5 2h7v6.5H22v7h-6.5V22h-7v-6.5H2v-7h6.5z' },
];

export const gradeOf = (aqi) => GRADES.find(({ most }) => aqi <= most);

export const gradeShape = ({ shape }) => svg('svg', { class: 'shape', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: shape }));

/**
 * @param {{ property: { id: string }, value: number }[]} values  hourly means
 * @returns {{ aqi: number, primary: string } | null} null: no pollutant was measured
 */
export function indexOf(values) {
  let worst = null;
  for (const { property, value } of values) {
    const steps = BREAKPOINTS[property.id];
    const aqi = steps && onTheLine(steps, halfEven(property.id === 'co' ? value * 10 : value));
    if (steps && aqi > (worst?.aqi ?? -1)) worst = { aqi, primary: property.id };
  }
  return worst;
}

function onTheLine(steps, concentration) {
  const at = steps.findIndex((step) => concentration <= step);
  if (at < 0) return 500;
  if (at === 0) return 0;
  const share = ((LEVELS[at] - LEVELS[at - 1]) * (concentration - steps[at - 1])) / (steps[at] - steps[at - 1]);
  return LEVELS[at - 1] + Math.ceil(share);
}

/** Concentrations are reported as whole numbers, half to even (GB/T 8170). */
const halfEven = (value) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));
