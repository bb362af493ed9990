/**
 * A yes that only a person gives who has seen what they say yes to (threat T15, experiment E30).
 *
 * - It is armed when it has been in full view for 800 ms on end: out of view, behind another tab, or taken away, it
 *   begins anew.
 * - A finger counts that comes down and goes up again inside of it after that; a key that is pressed anew; what a screen
 *   reader presses. The browser's own events alone: no script presses it.
 * - Nothing counts within 500 ms of a tap or a key that was meant for something else, or that came too early. So a double
 *   tap never confirms, however it falls.
 * - It looks as it is: what does not count yet is dimmed, and a line fills until it does.
 */

import { h } from "../dom.js";

const ARMED_AFTER_MS = 800;
const APART_MS = 500;
/** Of the button; rounding takes a hair of it away. */
const IN_VIEW = 0.98;
const PRESSES = new Set(["Enter", " "]);

/**
 * @param {string} words
 * @param {() => void} onyes  called once for each press that counts
 * @param {AbortSignal} signal  of the sheet
 * @returns {HTMLElement}
 */
export function armedButton(words, onyes, signal) {
  const button = h("button.primary", { type: "button", "data-testid": "confirm" }, words);
  const arming = new Arming(button);
  arming.watch(signal);
  button.addEventListener("click", (event) => arming.counts(/** @type {PointerEvent} */ (event)) && onyes());
  return button;
}

class Arming {
  /** @param {HTMLElement} button */
  constructor(button) {
    this.button = button;
    this.armed = false;
    this.inView = true; // until the browser says otherwise
    this.armedAt = 0;
    /** The finger that came down inside, and whether it went up there. @type {{ id: number, up: boolean } | null} */
    this.finger = null;
    /** A key that is down: whether it counts. @type {boolean | null} */
    this.key = null;
    this.timer = 0;
    this.begin();
  }

  begin() {
    this.armedAt = performance.now() + ARMED_AFTER_MS;
    this.wait();
  }

  /** Until it is armed, if it is in view. */
  wait() {
    clearTimeout(this.timer);
    this.armed = false;
    this.finger = this.key = null;
    this.button.setAttribute("aria-disabled", "true");
    this.button.classList.remove("arming");
    if (!this.inView || document.visibilityState !== "visible") return;
    const ms = this.armedAt - performance.now();
    this.button.style.setProperty("--arming", `${ms}ms`);
    void this.button.offsetWidth; // the line that fills begins again
    this.button.classList.add("arming");
    this.timer = setTimeout(() => this.arm(), ms);
  }

  arm() {
    if (!this.button.checkVisibility()) return this.begin();
    this.armed = true;
    this.button.removeAttribute("aria-disabled");
    return this.button.classList.remove("arming");
  }

  /** @param {AbortSignal} signal */
  watch(signal) {
    const seen = new IntersectionObserver(
      (changes) => {
        const inView = changes[changes.length - 1].intersectionRatio >= IN_VIEW;
        if (inView === this.inView) return;
        this.inView = inView;
        this.begin();
      },
      { threshold: IN_VIEW },
    );
    seen.observe(this.button);
    signal.addEventListener("abort", () => {
      seen.disconnect();
      clearTimeout(this.timer);
    });
    const everywhere = { signal, capture: true };
    document.addEventListener("visibilitychange", () => this.begin(), { signal });
    addEventListener("pointerdown", (event) => this.down(event), everywhere);
    addEventListener("pointerup", (event) => this.up(event), everywhere);
    addEventListener("pointercancel", () => (this.finger = null), everywhere);
    addEventListener("keydown", (event) => PRESSES.has(event.key) && this.keyDown(event), everywhere);
    addEventListener("keyup", (event) => PRESSES.has(event.key) && setTimeout(() => (this.key = null)), everywhere);
  }

  down(event) {
    const fine = this.mine(event) && event.isPrimary && event.button === 0 && this.armed;
    this.finger = fine ? { id: event.pointerId, up: false } : null;
    if (!fine) this.stray();
  }

  up(event) {
    if (this.finger?.id !== event.pointerId) return;
    this.finger.up = this.mine(event) && event.isTrusted && within(event, this.button.getBoundingClientRect());
  }

  keyDown(event) {
    if (event.repeat && this.mine(event)) return event.preventDefault();
    const fine = this.mine(event) && event.isTrusted && this.armed;
    if (!fine) this.stray();
    this.key = fine;
    return undefined;
  }

  /** @param {PointerEvent} event  a click on the button */
  counts(event) {
    if (!event.isTrusted || !this.armed) return false;
    if (event.detail > 0) return this.finger?.up === true;
    return this.key ?? true; // no key and no finger: a screen reader
  }

  mine(event) {
    return event.target instanceof Node && this.button.contains(event.target);
  }

  stray() {
    const from = performance.now() + APART_MS;
    if (from <= this.armedAt) return;
    this.armedAt = from;
    this.wait();
  }
}

const within = ({ clientX: x, clientY: y }, box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
