/**
 * The shell's service worker (`sw.js`): registered once the first screen is there, so that it takes nothing from it. Where
 * the browser has none, or will not, the shell needs a line at each start.
 */

/** The one Trusted Types policy of the shell: it lets one address through, and nobody can make it a second time. */
const POLICY = "city#worker";
const WORKER = "/sw.js";

/** Of the files of this page. */
const [, version = null] = /\/v-([0-9a-f]{16})\//.exec(import.meta.url) ?? [];

export function keepShell() {
  if (!("serviceWorker" in navigator)) return;
  if (document.readyState === "complete") void register();
  else addEventListener("load", () => void register(), { once: true });
}

async function register() {
  try {
    const registration = await navigator.serviceWorker.register(address(), { type: "module", updateViaCache: "none" });
    tell(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const { installing } = registration;
      installing?.addEventListener("statechange", () => tell(registration.waiting));
    });
  } catch {
    // Blocked, or no line: at another time.
  }
}

/** A worker that waits for the old version's pages to go learns that one of its own is here. */
const tell = (waiting) => waiting?.postMessage({ newest: version });

function address() {
  const { trustedTypes } = /** @type {any} */ (globalThis);
  const policy = trustedTypes?.createPolicy(POLICY, { createScriptURL: () => WORKER });
  return policy ? policy.createScriptURL("") : WORKER;
}
