/** Says a result to a screen reader, once. Countdowns and clocks stay silent. */

/** An open sheet, the last of them, makes the rest of the page inert, so it has a region of its own. @param {string} words */
export function announce(words) {
  const sheets = document.querySelectorAll("dialog[open] .announce");
  const region = sheets[sheets.length - 1] ?? document.getElementById("announce");
  if (!region) return;
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = words)); // the same words twice are two results
}
