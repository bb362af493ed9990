/** What the reader chose about the look: kept on this device, applied to <html>, never sent anywhere. */

import { device, parsed } from "./storage.js";

const KEY = "citytong.prefs";

/** @typedef {{ locale: "zh-CN" | "en", theme: "system" | "light" | "dark", mode: "standard" | "elder", text: "normal" | "large" | "larger" }} Prefs */

const ALLOWED = {
  locale: ["zh-CN", "en"],
  theme: ["system", "light", "dark"],
  mode: ["standard", "elder"],
  text: ["normal", "large", "larger"],
};

const dark = matchMedia("(prefers-color-scheme: dark)");
const watchers = new Set();

/** @type {Prefs} */
let current = read();

/** @returns {Readonly<Prefs>} */
export const prefs = () => current;

/** @param {Partial<Prefs>} change */
export function setPrefs(change) {
  current = { ...current, ...change };
  device.set(KEY, JSON.stringify(current));
  applyPrefs();
  for (const watch of watchers) watch(current);
}

/** @param {(prefs: Prefs) => void} watch */
export const onPrefs = (watch) => void watchers.add(watch);

export function applyPrefs() {
  const root = document.documentElement;
  root.lang = current.locale;
  root.dataset.theme = current.theme === "system" ? (dark.matches ? "dark" : "light") : current.theme;
  root.dataset.mode = current.mode;
  root.dataset.text = current.text;
  const paper = getComputedStyle(root).getPropertyValue("--paper").trim();
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", paper);
}

dark.addEventListener("change", applyPrefs);
addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  current = read();
  applyPrefs();
  for (const watch of watchers) watch(current);
});

/** @returns {Prefs} */
function read() {
  const start = {
    locale: navigator.language.startsWith("zh") ? "zh-CN" : "en",
    theme: "system",
    mode: "standard",
    text: "normal",
  };
  const kept = Object.entries(parsed(device.get(KEY)));
  const valid = kept.filter(([key, value]) => Object.hasOwn(ALLOWED, key) && ALLOWED[key].includes(value));
  return /** @type {Prefs} */ ({ ...start, ...Object.fromEntries(valid) });
}
