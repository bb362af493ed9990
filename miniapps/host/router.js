/**
 * Screens by address: `#/code` is the code. An address is a link like any other: back, forward, reload and sharing work.
 *
 * A view says what it needs; the router checks who is signed in, builds the frame, and hands the view a `Screen`.
 */

import { frame } from "./ui/frame.js";
import { audience } from "./session.js";
import { t } from "./i18n.js";
import { hush } from "./ui/speak.js";

/**
 * @typedef {{
 *   main: HTMLElement,
 *   signal: AbortSignal,
 *   go: (path: string) => void,
 *   again: () => void,
 * }} Screen  `signal` aborts when the reader leaves: requests, timers and listeners hang on it
 *
 * @typedef {{
 *   title: string,
 *   for: "ANYONE" | "NOBODY" | "CITIZEN" | "STAFF" | "SIGNED_IN",
 *   back?: string,
 *   dock?: boolean,
 *   enter: (screen: Screen) => void | Promise<void>,
 * }} View  `title` is a key of the word tables
 */

/** @type {Record<string, View>} */
let views = {};
/** @type {AbortController | null} */
let leaving = null;

/** @param {Record<string, View>} table */
export function start(table) {
  views = table;
  addEventListener("hashchange", () => show(true));
  show(false);
}

/** @param {string} path */
export function go(path) {
  if (location.hash === `#${path}`) show(true);
  else location.hash = path;
}

/** Draw the present screen anew: the language or the session changed. */
export const redraw = () => show(false);

/** Where a person starts. */
export const startPath = () => ({ CITIZEN: "/home", STAFF: "/desk" })[audience() ?? ""] ?? "/sign-in";

/** @param {boolean} focus  move the focus to the heading, so that a screen reader says where we are */
function show(focus) {
  const path = location.hash.slice(1);
  const view = views[path];
  if (!view || !allowed(view)) return location.replace(`#${startPath()}`);
  leaving?.abort();
  hush();
  leaving = new AbortController();
  const { signal } = leaving;
  document.title = `${t(view.title)} · ${t("city.app")}`;
  const y = focus ? 0 : scrollY;
  const main = frame(view, path);
  view.enter({ main, signal, go, again: redraw });
  scrollTo(0, y);
  if (focus) (main.querySelector("h1") ?? main).focus({ preventScroll: true });
}

function allowed(view) {
  const who = audience();
  if (view.for === "ANYONE") return true;
  if (view.for === "NOBODY") return who === null;
  return view.for === "SIGNED_IN" ? who !== null : view.for === who;
}
