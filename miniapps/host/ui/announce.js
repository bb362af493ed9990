/** Says a result to a screen reader, once. Countdowns and clocks stay silent. */

/** @param {string} words */
export function announce(words) {
  const region = document.getElementById("announce");
  if (region && region.textContent !== words) region.textContent = words;
}
