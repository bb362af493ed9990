/**
 * A code as a picture: QR, error correction M (15 %), four modules of quiet zone, always dark on white.
 *
 * "CC1:" and base45 stay inside QR's alphanumeric mode, which is what keeps the code at version 6 (41 × 41).
 */

import { s } from "./dom.js";
import { encode } from "./vendor/uqr/uqr.js";

const QUIET = 4;

/** @param {string} text @param {string} label  what a screen reader says @returns {SVGElement} */
export function qrPicture(text, label) {
  const { data, size } = encode(text, { ecc: "M", boostEcc: false, border: QUIET });
  return s(
    "svg.qr",
    {
      viewBox: `0 0 ${size} ${size}`,
      role: "img",
      "aria-label": label,
      "shape-rendering": "crispEdges",
      "data-testid": "qr",
      "data-modules": size - 2 * QUIET,
    },
    s("rect", { width: size, height: size, fill: "#ffffff" }),
    s("path", { d: runs(data), fill: "#16181d" }),
  );
}

/** Each run of dark modules in a row is one rectangle: no hairlines between them. @param {boolean[][]} rows */
function runs(rows) {
  let path = "";
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      const start = x;
      while (row[x]) x++;
      if (x > start) path += `M${start} ${y}h${x - start}v1h-${x - start}z`;
    }
  });
  return path;
}
