/** How the host looks and speaks at this moment, as programs are told it. */

import { onPrefs, prefs } from "../prefs.js";

const TOKENS = [
  ...["ink", "ink-2", "ink-3", "paper", "paper-2", "line", "edge", "city", "on-city", "ok", "warn", "stop", "info"],
  ...["air-1", "air-2", "air-3", "air-4", "air-5", "air-6", "r-mark", "r-card", "r-sheet", "r-pill"],
  ...["s-1", "s-2", "s-3", "s-4", "s-5", "s-6", "s-7", "t-13", "t-15", "t-17", "t-22", "t-28", "t-40"],
  ...["l-13", "l-15", "l-17", "l-22", "l-28", "l-40", "target", "font", "t-in", "t-sheet", "ease"],
].map((name) => `--${name}`);

const SCALES = { normal: 1, large: 1.125, larger: 1.3125 };

/** Who reads elder mode reads larger, whatever else they chose. */
const ELDER_SCALE = 1.5;

/** @typedef {{ theme: "light" | "dark", mode: "standard" | "elder", fontScale: number, tokens: Record<string, string> }} Look */

/** @returns {Look}  for the preload: `fontScale` is of the root's size, which tokens in rem follow */
export function look() {
  const { dataset } = document.documentElement;
  const style = getComputedStyle(document.documentElement);
  const tokens = Object.fromEntries(TOKENS.map((name) => [name, style.getPropertyValue(name).trim()]));
  return { theme: theme(), mode: prefs().mode, fontScale: SCALES[dataset.text ?? "normal"] ?? 1, tokens };
}

export const theme = () => (document.documentElement.dataset.theme === "dark" ? "dark" : "light");

/** What a program that knows nothing of tokens multiplies its sizes by. */
export const fontScale = () => Math.max(SCALES[prefs().text], prefs().mode === "elder" ? ELDER_SCALE : 1);

export const network = () => (navigator.onLine ? networkKind() : "none");

function networkKind() {
  const kind = /** @type {any} */ (navigator).connection?.type;
  return kind === "wifi" ? "wifi" : "unknown";
}

/** @returns the part of `env` in the welcome that is the host's own */
export const surroundings = () => ({
  platform: "web",
  hostVersion: /\/v-([0-9a-f]{16})\//.exec(import.meta.url)?.[1] ?? "unversioned",
  protocol: 1,
  lang: prefs().locale,
  dir: "ltr",
  theme: theme(),
  safeArea: { top: 0, right: 0, bottom: 0, left: 0 }, // the bars around the frame are the host's
  fontScale: fontScale(),
  elderMode: prefs().mode === "elder",
  network: network(),
});

/**
 * @param {(type: string, data: object) => void} emit   to every page of a program
 * @param {(look: Look) => void} show
 * @param {AbortSignal} signal
 */
export function watchLook(emit, show, signal) {
  let before = surroundings();
  const check = () => {
    if (signal.aborted) return;
    const now = surroundings();
    if (now.theme !== before.theme) emit("themechange", { theme: now.theme });
    if (now.lang !== before.lang) emit("localechange", { lang: now.lang, dir: now.dir });
    if (now.fontScale !== before.fontScale || now.elderMode !== before.elderMode) {
      emit("fontscale", { fontScale: now.fontScale, elderMode: now.elderMode });
    }
    if (now.network !== before.network) {
      emit("networkchange", { isConnected: now.network !== "none", networkType: now.network });
    }
    before = now;
    show(look());
  };
  onPrefs(check);
  for (const kind of ["online", "offline"]) addEventListener(kind, check, { signal });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", check, { signal });
}
