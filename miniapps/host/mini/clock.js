/**
 * Time, as the runtime is given it: tests give another.
 * @typedef {{ now: () => number, after: (ms: number, work: () => void) => () => void }} Clock
 *   now: milliseconds, any beginning. after: once, later; what it returns calls it off
 */

/** @type {Clock} */
export const CLOCK = {
  now: () => performance.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};
