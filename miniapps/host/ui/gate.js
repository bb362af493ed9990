/** The gate of one's account: a wall, a door, and a bolt for each thing that is asked for before it opens. */

import { s } from "../dom.js";

const MOST = 4;

/** @param {number} bolts  1 to 4 */
export const gate = (bolts) =>
  s(
    "svg.gate",
    { viewBox: "0 0 96 64", "aria-hidden": "true" },
    s("path.gate-roof", { d: "M48 2 54 9H82c3 0 5-1 7-3 .400 6-2.500 10-8 12V22H15v-4C9.500 16 6.600 12 7 6c2 2 4 3 7 3h28z" }),
    s("path.gate-wall", { d: "M10 26h76v36H10z" }),
    s("path.gate-door", { d: "M30 62V44a18 18 0 0 1 36 0v18z" }),
    s("path.gate-seam", { d: "M48 28v34" }),
    Array.from({ length: Math.min(MOST, bolts) }, (_, n) =>
      s("rect.gate-bolt", { x: 36, y: 36 + n * 6.5, width: 24, height: 3.5, rx: 1.75 }),
    ),
  );
