/**
 * Seconds left, as the city draws a ring: a road around a square, closing from the axis at the top.
 */

import { s } from "../dom.js";

const ROAD = "M50 1.500H93.500a5 5 0 0 1 5 5V93.500a5 5 0 0 1-5 5H6.500a5 5 0 0 1-5-5V6.500a5 5 0 0 1 5-5Z";

/** @returns {{ el: SVGElement, set: (share: number) => void }} share: what is left of the whole, 0 to 1 */
export function ring() {
  const left = s("path.ring-left", { d: ROAD, pathLength: 100 });
  const el = s(
    "svg.ring",
    { viewBox: "0 0 100 100", "aria-hidden": "true" },
    s("path.ring-road", { d: ROAD }),
    left,
    s("path.ring-gate", { d: "M50 0v4" }),
  );
  return { el, set: (share) => left.style.setProperty("stroke-dashoffset", String(100 * (1 - share))) };
}
