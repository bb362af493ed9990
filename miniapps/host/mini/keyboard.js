/**
 * Who has the keyboard. A frame of another process takes the focus by `focus()` whenever it likes: also behind a modal
 * dialog, inert, or not rendered at all (measured in Chromium 156), and then hears what a person types for the city: a
 * password, a code. No attribute and no policy that browsers have forbids it.
 *
 * So the shell looks at each loss of its focus. A program may have it while it is before the person and no sheet is up;
 * otherwise the focus goes back to where it was at once, and a program that takes it again and again is closed.
 */

const TAKEN_MAX = 3;
const FORGIVEN_AFTER_MS = 10_000;

/** @param {() => Iterable<import("./program.js").Program>} programs  that are alive */
export function guardKeyboard(programs) {
  /** @type {HTMLElement | null} */
  let last = null;
  addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLElement && target.tagName !== "IFRAME") last = target;
  });
  const look = () => {
    const frame = document.activeElement;
    if (frame?.tagName !== "IFRAME") return;
    for (const program of programs()) {
      if (program.opening.mount.contains(frame) && !mayHave(program)) giveBack(program, frame, last);
    }
  };
  // Not while it happens: what is focused within the event is undone by what the event tells of.
  addEventListener("blur", () => setTimeout(look));
}

const sheet = () => document.querySelector("dialog[open]");

const mayHave = (program) => program.shown && !program.asking && !sheet();

function giveBack(program, frame, last) {
  /** @type {HTMLElement} */ (frame).blur();
  const back = last?.isConnected ? last : /** @type {HTMLElement | null} */ (sheet());
  back?.focus({ preventScroll: true });
  const now = program.clock.now();
  program.taken = [...program.taken.filter((at) => now - at < FORGIVEN_AFTER_MS), now];
  if (program.taken.length > TAKEN_MAX) program.close("SEIZED");
}
