/**
 * Screens by address: `#/code` is the code. An address is a link like any other: back, forward, reload and sharing work.
 *
 * A view says what it needs; the router checks who is signed in, builds the frame, and hands the view a `Screen`.
 * Each entry of the history knows how many of our screens lie behind it, so that "back" never leads in a circle.
 */

import { frame } from "./ui/frame.js";
import { audience, enrolling } from "./session.js";
import { tab } from "./storage.js";
import { t } from "./i18n.js";
import { hush } from "./ui/speak.js";
import { actingHub, openWhileActing } from "./views/acting-hub.js";

/**
 * @typedef {{
 *   main: HTMLElement,
 *   signal: AbortSignal,
 *   go: (path: string) => void,
 *   again: () => void,
 *   at: Record<string, string>,
 *   asked: URLSearchParams,
 * }} Screen  `signal` aborts when the reader leaves: requests, timers and listeners hang on it; `at`: what the address
 *   says for the names in `/bills/:id`; `asked`: what stands behind its question mark
 *
 * @typedef {{
 *   title: string,
 *   for: "ANYONE" | "NOBODY" | "CITIZEN" | "STAFF" | "SIGNED_IN" | "ENROLLING",
 *   back?: string,
 *   dock?: boolean,
 *   enter: (screen: Screen) => void | Promise<void>,
 * }} View  `title` is a key of the word tables; `back`: where back leads when no screen of ours lies behind
 */

const WANTED = "citytong.wanted";
const START = { CITIZEN: "/home", STAFF: "/desk" };

/** @type {Record<string, View>} */
let views = {};
/** @type {AbortController | null} */
let leaving = null;
/** Of the entry on screen. */
let depth = 0;
/** How far each entry was scrolled when it was left. @type {number[]} */
const scrolled = [];

/** @param {Record<string, View>} table */
export function start(table) {
  views = table;
  history.scrollRestoration = "manual";
  depth = history.state?.depth ?? 0;
  addEventListener("hashchange", () => travel());
  show(false);
}

/** @param {string} path */
export function go(path) {
  if (location.hash === `#${path}`) show(true);
  else location.hash = path;
}

/** In place of the present screen: back does not lead here again. @param {string} path */
export function replace(path) {
  history.replaceState({ depth }, "", `#${path}`);
  show(true);
}

/** Where the reader came from, or else to `path`. @param {string} path */
export function back(path) {
  if (depth > 0) history.back();
  else replace(path);
}

/** Draw the present screen anew: the language or the session changed. */
export const redraw = () => show(false);

/** Signed in: on to what they wanted when they were asked to, if it is for them. */
export function proceed() {
  const wanted = viewAt(tab.get(WANTED) ?? "");
  const path = wanted && allowed(wanted) ? tab.get(WANTED) : startPath();
  forgetWanted();
  replace(path);
}

/** To the sign-in, and back to the present screen. */
export function signInFirst() {
  tab.set(WANTED, location.hash.slice(1));
  go("/sign-in");
}

/** What the last person wanted is not the next one's. */
export const forgetWanted = () => tab.drop(WANTED);

const startPath = () => (enrolling() ? "/enrol" : START[audience() ?? ""] ?? "/sign-in");

/** @returns {{ pattern: string, view: View, at: Record<string, string> } | null}  `/bills/:id` is there for `/bills/bil_…` */
function placeAt(path) {
  const steps = path.split("?")[0].split("/");
  for (const [pattern, view] of Object.entries(views)) {
    const names = pattern.split("/");
    if (names.length === steps.length && names.every((name, i) => fits(name, steps[i]))) {
      return { pattern, view, at: Object.fromEntries(names.flatMap((name, i) => named(name, steps[i]))) };
    }
  }
  return null;
}

const named = (name, step) => (name[0] === ":" ? [[name.slice(1), step]] : []);

/** What stands for a name is an id or a code, and goes into documents as it is. */
const fits = (name, step) => (name[0] === ":" ? /^[\w.-]{1,128}$/.test(step) : name === step);

/** Is there a screen at `path` for who is signed in? @param {string} path */
export function leadsTo(path) {
  const view = viewAt(path);
  return view !== null && allowed(view);
}

const viewAt = (path) => placeAt(path)?.view ?? null;

/** A new entry has no state yet; one that we come back to has. */
function travel() {
  scrolled[depth] = scrollY;
  const known = history.state?.depth;
  depth = known ?? depth + 1;
  if (known === undefined) scrolled[depth] = 0;
  show(true);
}

/**
 * The focus goes to the heading, so that a screen reader says where we are; but not when the page has just come.
 * @param {boolean} moved  to another screen
 */
function show(moved) {
  const path = location.hash.slice(1);
  const { pattern, view, at } = placeAt(path) ?? { pattern: "", view: null, at: {} };
  if (!view || !allowed(view)) return toStart(view, path);
  history.replaceState({ depth }, "");
  const held = moved || document.activeElement !== document.body;
  leaving?.abort();
  hush();
  leaving = new AbortController();
  const { signal } = leaving;
  document.title = `${t(view.title)} · ${t("city.app")}`;
  const y = moved ? (scrolled[depth] ?? 0) : scrollY;
  const main = frame(view, pattern, () => back(above(view)));
  const asked = new URLSearchParams(path.split("?")[1] ?? "");
  if (openWhileActing(pattern)) view.enter({ main, signal, go, again: redraw, at, asked });
  else actingHub(main, pattern);
  scrollTo(0, y);
  if (held) toHeading();
}

function toStart(view, path) {
  if (view && audience() === null) tab.set(WANTED, path);
  replace(startPath());
}

/** Some screens are for people who are not signed in, too; what lies above them may not be. */
const above = (view) => (allowed(viewAt(view.back ?? "")) ? view.back : startPath());

/** The focus goes where the screen begins. */
export const toHeading = () =>
  /** @type {HTMLElement | null} */ (document.querySelector("main h1") ?? document.querySelector("main"))?.focus({
    preventScroll: true,
  });

function allowed(view) {
  const who = audience();
  if (view.for === "ANYONE") return true;
  if (view.for === "NOBODY") return who === null;
  if (enrolling()) return view.for === "ENROLLING";
  return view.for === "SIGNED_IN" ? who !== null : view.for === who;
}
