/** Says a result to a screen reader, once. Countdowns and clocks stay silent. */

/** An open sheet makes the rest of the page inert, so it has a region of its own. @param {string} words */
export function announce(words) {
  const region = document.querySelector("dialog[open] .announce") ?? document.getElementById("announce");
  if (!region) return;
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = words)); // the same words twice are two results
}
