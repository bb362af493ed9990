/**
 * What stands under a hand stays: what is replaced while a finger is on it takes no tap, or what came in its place takes it;
 * and whoever goes through it by the keyboard loses their place.
 */

/** The click comes when the finger has gone, so long after it on a slow phone. */
const CLICK_MS = 400;

/**
 * Watches from now on: to be called before what is to be changed is waited for.
 * @param {HTMLElement} region  what is to be changed. The focus counts within it, a finger wherever it is on the screen
 * @param {AbortSignal} signal  the screen's
 * @returns {(change: () => void) => void}  does it once no hand is there; never on a screen that was left
 */
export function untouched(region, signal) {
  /** By pointer: one that was lifted counts until its click has come. @type {Map<number, symbol>} */
  const presses = new Map();
  /** @type {(() => void) | null} */
  let due = null;
  const look = () => {
    if (signal.aborted || presses.size || region.contains(document.activeElement)) return;
    due?.();
    due = null;
  };
  const pressed = ({ pointerId: id }) => presses.set(id, Symbol());
  const lifted = ({ pointerId: id }) => {
    const press = presses.get(id);
    setTimeout(() => {
      if (presses.get(id) === press) presses.delete(id); // it may have come down again
      look();
    }, CLICK_MS);
  };
  const everywhere = { signal, capture: true };
  addEventListener("pointerdown", pressed, everywhere);
  addEventListener("pointerup", lifted, everywhere);
  addEventListener("pointercancel", lifted, everywhere);
  region.addEventListener("focusout", () => setTimeout(look), { signal }); // where it goes is known then
  return (change) => {
    due = change;
    look();
  };
}
