/**
 * The horizon: roofs, and the Western Hills behind them. People of this city judge the air by whether they can see
 * the hills, so the drawing shows as many ridges as the air of today would. The words beside it say the same.
 */

import { s } from "../dom.js";

const HILLS = [
  [
    "hill-3",
    "M0 74C30 52 52 60 78 44c22-13 38 8 60-6 20-12 34-22 56-8 18 12 30 2 52-8 24-10 40 14 62 10 30-6 52 16 82 4v100H0z",
  ],
  ["hill-2", "M0 86c24-14 50-8 76-22 20-10 42 10 70-2 26-12 46 8 74 0 30-8 44-18 72-4 32 16 60 2 98 12v90H0z"],
  ["hill-1", "M0 98c40-16 66 0 104-10 34-8 60 10 96 2 40-8 66 8 106-2 30-8 54 2 84-2v74H0z"],
];

/** @param {{ aqi: number | null, hour: number }} sky  aqi null: nothing known, the hills stay away */
export function horizon({ aqi, hour }) {
  const clear = aqi === null ? 0 : clamp(1 - (aqi - 30) / 190);
  const seen = [clear ** 1.7, clear ** 1.1, aqi === null ? 0.25 : 0.2 + 0.8 * clear];
  return s(
    "svg.horizon",
    { viewBox: "0 0 390 140", preserveAspectRatio: "xMidYMax slice", "aria-hidden": "true" },
    light(hour, clear),
    HILLS.map(([name, d], i) => s(`path.${name}`, { d, opacity: seen[i].toFixed(2) })),
    s("g.roofs", null, roofline()),
  );
}

/** The sun crosses from east to west; at night a thin moon. */
function light(hour, clear) {
  const day = hour >= 6 && hour < 19;
  const [x, y] = day ? [350 - ((hour - 6) / 13) * 250, 30 - Math.sin(((hour - 6) / 13) * Math.PI) * 14] : [318, 22];
  const d = day
    ? `M${x - 9} ${y}a9 9 0 1 1 18 0a9 9 0 1 1-18 0`
    : `M${x} ${y - 9}a9 9 0 1 0 9 11a7.500 7.500 0 0 1-9-11`;
  return s("path.sky-light", { d, opacity: (0.15 + 0.85 * clear).toFixed(2) });
}

/** From left to right: courtyards, the white pagoda, courtyards, the gate on the axis, courtyards. */
function roofline() {
  const low = [
    [12, 46, 12],
    [52, 38, 10],
    [92, 44, 13],
    [168, 40, 11],
    [206, 34, 9],
    [330, 42, 12],
    [370, 40, 10],
  ];
  return [
    ...low.map(([x, w, height]) => s("path", { d: house(x, 140, w, height) })),
    ...[
      [34, 122, 8],
      [146, 124, 7],
      [188, 121, 9],
      [312, 122, 8],
      [350, 124, 7],
    ].map(([cx, cy, r]) => s("circle.tree", { cx, cy, r })),
    s("path", { d: pagoda(124, 140) }),
    s("path", { "fill-rule": "evenodd", d: gate(262, 140) }),
    s("path", { d: "M0 131h390v9H0z" }),
  ];
}

/** A roof with raised eaves, its middle at x and its eaves at y. */
const roof = (x, y, w, height, ridge = 0.56) =>
  `M${x - w / 2 - 4} ${y - 3}Q${x - w / 2 + w * 0.14} ${y - height * 0.12} ${x - (w / 2) * ridge} ${y - height}` +
  `h${w * ridge}Q${x + w / 2 - w * 0.14} ${y - height * 0.12} ${x + w / 2 + 4} ${y - 3}L${x + w / 2} ${y + 2}h${-w}z`;

const house = (x, base, w, height) =>
  roof(x, base - 10, w, height) + `M${x - w / 2 + 4} ${base - 10}h${w - 8}v10h${-(w - 8)}z`;

/** A white pagoda: steps, the round vessel, the ringed spire under its canopy. */
const pagoda = (x, base) =>
  `M${x - 20} ${base}v-8h5v-5h5v-4h20v4h5v5h5v8z` +
  `M${x - 8} ${base - 17}c-7-7-8-15-3-20 3-3 7-4 11-4s8 1 11 4c5 5 4 13-3 20z` +
  `M${x - 5} ${base - 40}h10v-4h-10z` +
  `M${x - 4} ${base - 44}l2.500-15h3l2.500 15zM${x - 5} ${base - 58}q5-4 10 0v1.500h-10zM${x - 0.8} ${base - 65}h1.600v6h-1.600z`;

const gate = (x, base) =>
  `M${x - 42} ${base}l3-26h78l3 26zM${x - 8} ${base}v-10a8 8 0 0 1 16 0v10z` +
  `M${x - 27} ${base - 26}v-12h54v12z` +
  roof(x, base - 38, 64, 11, 0.8) +
  `M${x - 23} ${base - 49}v-8h46v8z` +
  roof(x, base - 56, 58, 16, 0.6);

const clamp = (value) => Math.min(1, Math.max(0, value));
