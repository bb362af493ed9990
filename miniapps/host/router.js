/**
 * Screens by address: `#/code` is the code. An address is a link like any other: back, forward, reload and sharing work.
 *
 * A view says what it needs; the router checks who is signed in, builds the frame, and hands the view a `Screen`.
 * Each entry of the history knows how many of our screens lie behind it, so that "back" never leads in a circle.
 *
 * A screen may have levels within itself (`levels`): each is an entry of the history at the screen's own address, so that
 * the system's back goes level by level and then leaves the screen. Forward leads to no level: what was there is gone.
 */

import { OFFLINE, UNREACHABLE } from "./api.js";
import { fill, h } from "./dom.js";
import { frame } from "./ui/frame.js";
import { audience, enrolling } from "./session.js";
import { tab } from "./storage.js";
import { t } from "./i18n.js";
import { problem } from "./ui/load.js";
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
 *
 * @typedef {{ for: View["for"], fetched: () => Promise<View> }} Later  a view whose module comes when it is first opened
 * @typedef {Record<string, View | Later>} Screens  by address
 */

const WANTED = "citytong.wanted";
const START = { CITIZEN: "/home", STAFF: "/desk" };

/** @type {Screens} */
let views = {};
/** How often a screen was shown: what was fetched for one that nobody waits for any more is kept, and not shown. */
let shows = 0;
/** The reader moved to an entry whose screen is not there yet: what they see, and scroll, is the one before. */
let undrawn = false;
/** @type {AbortController | null} */
let leaving = null;
/** Of the entry on screen. */
let depth = 0;
/** The levels of the screen on show. @type {{ hash: string, wanted: number, back: (steps: number) => void } | null} */
let inner = null;
/** We ourselves are going through the history. */
let moving = false;
/** How long a screen has to go a level back before the entry that was left is put back. */
const ANSWER_MS = 300;
/** How far each entry was scrolled when it was left. @type {number[]} */
const scrolled = [];

/**
 * @param {View["for"]} who  the view's own, since who may not see it does not fetch it
 * @param {() => Promise<Record<string, View>>} module
 * @param {string} name  what the module calls it
 * @returns {Later}
 */
export const later = (who, module, name) => ({ for: who, fetched: async () => (await module())[name] });

/** @param {Screens} table */
export function start(table) {
  views = table;
  history.scrollRestoration = "manual";
  depth = history.state?.depth ?? 0;
  addEventListener("hashchange", () => travel());
  addEventListener("popstate", () => stepped());
  addEventListener("click", stay);
  show(false);
}

/** A link to where the reader is already: to its beginning. The browser would empty the state of the entry. */
function stay(event) {
  const link = event.target instanceof Element ? event.target.closest("a[href^='#/']") : null;
  const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (link?.hash !== location.hash || elsewhere || event.defaultPrevented) return;
  event.preventDefault();
  scrollTo(0, 0);
  toHeading();
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
  const { hash } = location;
  const levelsHere = level();
  inner = null;
  if (depth > levelsHere) {
    addEventListener("popstate", () => past(hash, path), { once: true });
    history.go(-levelsHere - 1);
  } else if (levelsHere === 0) replace(path);
  else {
    addEventListener("popstate", () => replace(path), { once: true });
    history.go(-levelsHere);
  }
}

/** A link to a screen that was on show already left two entries of one address: back leads to neither. */
function past(hash, path) {
  if (location.hash !== hash) return;
  depth = history.state?.depth ?? 0;
  back(path);
}

/**
 * The present screen has levels within itself.
 * @param {AbortSignal} signal  the screen's
 * @param {(steps: number) => void} onback  the reader went so many levels back; the screen may not follow
 * @returns {(count: number) => void}  to be told how many levels lie behind what is shown, whenever that changes
 */
export function levels(signal, onback) {
  const mine = { hash: location.hash, wanted: 0, back: onback };
  inner = mine;
  signal.addEventListener("abort", () => inner === mine && (inner = null));
  return (count) => {
    mine.wanted = count;
    settle();
  };
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

/** Of the entry that is on screen. @returns {number} */
const level = () => history.state?.level ?? 0;

/** As many entries as the screen has levels. */
function settle() {
  if (!inner || moving || location.hash !== inner.hash) return;
  const steps = inner.wanted - level();
  moving = steps < 0;
  if (moving) history.go(steps);
  for (let left = steps; left > 0; left -= 1) {
    depth += 1;
    history.pushState({ depth, level: level() + 1 }, "");
  }
}

/** Within one screen: other addresses are `travel`'s. */
function stepped() {
  const ours = moving;
  moving = false;
  if (!inner || location.hash !== inner.hash) return;
  depth = history.state?.depth ?? depth;
  const steps = inner.wanted - level();
  if (ours || steps <= 0) return settle();
  inner.back(steps);
  setTimeout(settle, ANSWER_MS);
}

/** A new entry has no state yet; one that we come back to has. */
function travel() {
  if (!undrawn) scrolled[depth] = scrollY;
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
  history.replaceState({ ...history.state, depth }, "");
  shows += 1;
  if ("fetched" in view) return void fetched(pattern, view, moved || undrawn);
  const asked = new URLSearchParams(path.split("?")[1] ?? "");
  draw(view, pattern, { at, asked }, moved || undrawn);
}

/** @param {View} view @param {Pick<Screen, "at" | "asked">} said  by the address */
function draw(view, pattern, said, moved) {
  document.body.removeAttribute("aria-busy");
  undrawn = false;
  const held = moved || document.activeElement !== document.body;
  leaving?.abort();
  hush();
  leaving = new AbortController();
  const { signal } = leaving;
  document.title = `${t(view.title)} · ${t("city.app")}`;
  const y = moved ? (scrolled[depth] ?? 0) : scrollY;
  const main = frame(view, pattern, () => back(above(view)));
  if (openWhileActing(pattern)) view.enter({ main, signal, go, again: redraw, ...said });
  else actingHub(main, pattern);
  scrollTo(0, y);
  if (held) toHeading();
}

/** What is on screen stays until the next can be drawn. */
async function fetched(pattern, view, moved) {
  const mine = shows;
  undrawn = moved;
  document.body.setAttribute("aria-busy", "true");
  try {
    views[pattern] = await view.fetched();
  } catch {
    if (mine === shows) draw(unreached(view), pattern, { at: {}, asked: new URLSearchParams() }, moved);
    return;
  }
  if (mine === shows) show(moved);
}

/**
 * Some browsers never ask again for a module that did not come, so with a line the page begins anew; without one it would
 * not come back.
 * @returns {View}
 */
function unreached(view) {
  const code = navigator.onLine ? UNREACHABLE : OFFLINE;
  const again = () => (navigator.onLine ? location.reload() : redraw());
  return {
    for: view.for,
    title: `error.${code}`,
    back: startPath(),
    enter({ main, signal }) {
      fill(main, h("h1.unseen", { tabindex: "-1" }, t(`error.${code}`)), problem({ code }, again));
      addEventListener("online", again, { signal, once: true });
    },
  };
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
