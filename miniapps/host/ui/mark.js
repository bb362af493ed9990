/** The city mark: a gate under its eaves, and the axis that runs through it. 城 and 通 in one seal. */

import { s } from "../dom.js";

export const mark = () =>
  s(
    "svg.mark",
    { viewBox: "0 0 64 64", "aria-hidden": "true" },
    s("rect.mark-seal", { width: 64, height: 64, rx: 14 }),
    s("path.mark-gate", {
      d: "M32 9.500 35 15h13.500c1.600 0 2.900-.7 4-2 .2 4-1.600 7-5 8.200L46 21.600V26H18v-4.400L16.500 21.200c-3.400-1.200-5.200-4.200-5-8.200 1.100 1.300 2.400 2 4 2H29z",
    }),
    s("path.mark-gate", { "fill-rule": "evenodd", d: "M12 30h40v19H12zM25.500 49V41.500a6.500 6.500 0 0 1 13 0V49z" }),
    s("path.mark-gate", { d: "M31 44h2v11h-2zM12 52h15v3H12zM37 52h15v3H37z" }),
  );
