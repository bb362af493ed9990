/** The few signs of the shell, drawn on a 24 grid with one line width. Always beside a word, so hidden from readers. */

import { s } from "../dom.js";

const PATHS = {
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  home: "M3.500 11.500 12 4.500l8.500 7M6 10v9.500h12V10M10 19.500v-5.500h4v5.500",
  me: "M12 12.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20c1-3.600 3.900-5.500 7.500-5.500s6.500 1.900 7.500 5.500",
  code: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.500v2.500H14zM20 14v3M17 20h3",
  scan: "M4 8.500V4h4.500M15.500 4H20v4.500M20 15.500V20h-4.500M8.500 20H4v-4.500M4 12h16",
  mail: "M3.500 6h17v12.500h-17zM3.500 6.500 12 13l8.500-6.500",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500 20 20",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M18.700 5.300l-1.400 1.400M6.700 17.300l-1.400 1.400",
  sound: "M4 9.500h3.500L12 6v12l-4.500-3.500H4zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11",
  stop: "M7 7h10v10H7z",
  check: "M5 12.500l4.500 4.500L19 7.500",
  family: "M8.500 11.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM16.500 12.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM3 19c.6-3.200 2.700-5 5.500-5s4.900 1.800 5.500 5M15.500 15c2.800-.4 4.900 1.200 5.500 4",
  camera: "M4 8h3.500L9 5.500h6L16.500 8H20v11H4zM12 16.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7z",
  pin: "M12 21s6.500-6.800 6.500-11.500a6.500 6.500 0 0 0-13 0C5.500 14.200 12 21 12 21zM12 11.500a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  cases: "M6 3.500h12v17H6zM9 8h6M9 12h6M9 16h3.500",
  cross: "M6 6l12 12M18 6 6 18",
  star: "M12 3.500l2.600 5.400 5.900.8-4.300 4.100 1 5.900-5.200-2.800-5.200 2.800 1-5.900L3.500 9.700l5.900-.8z",
  key: "M8.500 15.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12.500 11.500H21M18 11.500v3.500",
  dots: "M3.500 7.500h17v9h-17zM7.500 12h.100M12 12h.100M16.500 12h.100",
  more: "M5 12h.010M12 12h.010M19 12h.010",
  programs: "M4 4h6.500v6.500H4zM13.500 4H20v6.500h-6.500zM4 13.500h6.500V20H4zM16.750 13.500V20M13.500 16.750H20",
  seal: "M5 5h14v14H5zM8.500 12l2.500 2.500 4.500-5",
};

/** @param {keyof typeof PATHS} name */
export const icon = (name) =>
  s("svg.icon", { viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: PATHS[name] }));

/** A state's own shape, so that colour is never alone. */
const SHAPES = {
  ok: "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zM7.500 12.300l3.200 3.200 6-6.500",
  info: "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zM12 11v6M12 7v.500",
  warn: "M12 3 22.500 21h-21zM12 10v5M12 17.500v.500",
  stop: "M8 2h8l6 6v8l-6 6H8l-6-6V8zM8.500 8.500l7 7M15.500 8.500l-7 7",
  dot: "M12 6a6 6 0 1 1 0 12 6 6 0 0 1 0-12zM12 9.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5z",
  back: "M9 5 4 10l5 5M4 10h10a6 6 0 0 1 0 12h-4",
  clock: "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zM12 6.500V12l3.800 2.500",
  twice: "M3 3h12v12H3zM9 15v6h12V9h-6",
  elsewhere: "M12 2c4 0 7 3 7 7 0 5-7 13-7 13S5 14 5 9c0-4 3-7 7-7zM9.500 6.500l5 5M14.500 6.500l-5 5",
  half: "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zM12 2v20M15 5v14M18 7.500v9",
  round: "M19.500 8A8.500 8.500 0 1 0 20.500 13M20 3v5.500h-5.500",
  blank: "M7 3h10M21 7v10M17 21H7M3 17V7",
  away: "M4 12h16M13 5l7 7-7 7",
  torn: "M4 3h16v8l-4 2-3-3-3 4-3-3-3 2zM4 17l3-2 3 3 3-4 3 3 4-2v6H4z",
  key: "M8 4a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9zM11 11.500l9 9M16 16.500l2.500-2.500M19 19.500l2-2",
};

/** @param {keyof typeof SHAPES} name */
export const shape = (name) =>
  s("svg.shape", { viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: SHAPES[name] }));

/** The air's six shapes: from a full circle to a closed-off square, heavier as it gets worse. */
const AIR = {
  EXCELLENT: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z",
  GOOD: "M8 3.500h8a4.500 4.500 0 0 1 4.500 4.500v8a4.500 4.500 0 0 1-4.500 4.500H8A4.500 4.500 0 0 1 3.500 16V8A4.500 4.500 0 0 1 8 3.500z",
  LIGHTLY_POLLUTED: "M12 3 22 20.500H2z",
  MODERATELY_POLLUTED: "M12 2 22 12 12 22 2 12z",
  HEAVILY_POLLUTED: "M7 3.300h10L22 12l-5 8.700H7L2 12z",
  SEVERELY_POLLUTED: "M8.500 2h7v6.500H22v7h-6.500V22h-7v-6.500H2v-7h6.500z",
};

/** @param {string} category */
export const airShape = (category) =>
  s("svg.air-shape", { viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: AIR[category] }));
