/** A code that goes dark in front of an officer is no use. */

/** @param {AbortSignal} signal */
export function keepAwake(signal) {
  /** @type {WakeLockSentinel | null | undefined} */
  let lock;
  const hold = async () => {
    if (document.hidden) return; // the browser lets go of it then
    lock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (signal.aborted) lock?.release();
  };
  document.addEventListener("visibilitychange", hold, { signal });
  signal.addEventListener("abort", () => lock?.release());
  hold();
}
