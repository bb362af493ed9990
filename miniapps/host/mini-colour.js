/** Whether two colours can be read on each other (WCAG 2.2, relative luminance). */

/** For small text. */
const READABLE = 4.5;

/** @param {string} colour  `#rrggbb` */
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Black or white, as is wanted where that can be read; one of the two always can. @param {string} background @param {"black" | "white"} wanted */
export function frontOn(background, wanted) {
  const light = luminance(background);
  const contrast = { black: (light + 0.05) / 0.05, white: 1.05 / (light + 0.05) };
  if (contrast[wanted] >= READABLE) return wanted;
  return contrast.black > contrast.white ? "black" : "white";
}
