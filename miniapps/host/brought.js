/**
 * What a browser brings back from the page of a provider: `/real-name/face#check=…&result=…`. What stands behind a `#` is
 * sent to nobody, so no log and no referrer has it. Here it leaves the address, and with it the history, before anything
 * else happens; from then on it lives in this page alone.
 */

const AT = "/real-name/face";

/** @type {{ check: string, result: string } | null} */
let held = taken();

export const brought = () => held;

/** It is good once. */
export const usedUp = () => void (held = null);

function taken() {
  if (location.pathname !== AT) return null;
  const told = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, "", `/#${AT}`);
  const [check, result] = [told.get("check"), told.get("result")];
  return check && result ? { check, result } : null;
}
