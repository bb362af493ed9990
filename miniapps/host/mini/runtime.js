/**
 * Programs, run by the shell. This is all that a screen needs:
 *
 *     prepareProgram({ appId, mount, signal });
 *     const running = await openProgram({ appId, page, query, scene, referrer, mount, chrome, signal });
 *     running.hide();  running.show();  running.back();  running.close();
 *
 * How it goes together:
 * - `openProgram` asks the city for a session and frames the player at the same time, has the package verified, and
 *   begins with the first page. It rejects with a `CityError` (the city said no, or there is no line), with
 *   `PlayerUnavailable`, or with `Untrusted` (`code` is one of `Closing`'s); nothing is left in `mount` then.
 * - What this device ran before begins before the city has answered (`ahead.js`), and sooner still in a `mount` that was
 *   prepared while a finger was coming down.
 * - Everything that a person sees or answers goes through `chrome` (`chrome.js`, which also says what `mount` is).
 * - Two programs are alive at most, one of them before the person. A third closes the one that was hidden longest. Whoever
 *   opens a program that is alive asks `running(appId)` first, and shows that.
 * - With the person who signed in, every program goes.
 *
 *     player (frame.js: /run/<id>, no script)            shell
 *       page frame (opaque) ── preload.js ── SDK
 *         └── MessagePort ────────────────────────── bridge.js ─ budget.js ─ generated/bridge.js
 *                                                        │
 *                              program.js ── capabilities.js (may it?) ── methods/* (does it) ── city.js, chrome
 *                              pages.js/page.js (which page is seen) · storage.js · told.js · lifecycle.js · ahead.js · trust.js · kept.js
 *
 * Loaded only when a program is opened: `import("./mini/runtime.js")`.
 */

import { lineBroke } from "../api.js";
import { TRIAL } from "../mini-way.js";
import { onSessionChange, sessionId } from "../session.js";
import { Ahead, asAsked, beginning, lastAnswer, lastRun, stored } from "./ahead.js";
import { begin } from "./city.js";
import { CLOCK } from "./clock.js";
import { KeptPlayer, Player, PlayerUnavailable } from "./frame.js";
import { guardKeyboard } from "./keyboard.js";
import { drop, write } from "./kept.js";
import { ownKey } from "./owned.js";
import { Program } from "./program.js";
import { newestList, notRevoked, Untrusted, verified } from "./trust.js";

export { PlayerUnavailable } from "./frame.js";
export { plug } from "./plugs.js";
export { Untrusted } from "./trust.js";

const ALIVE_MAX = 2;
const LIST_EVERY_MS = 60 * 60_000;

/** By id; who was shown last is last. @type {Map<string, Program>} */
const alive = new Map();

/** By id: runs that have ended, whose last words are on their way to the city. @type {Map<string, Program>} */
const leaving = new Map();

/**
 * By mount.
 * @type {WeakMap<HTMLElement, { framed: Promise<Player>, list: Promise<any>, last: Promise<import("./ahead.js").LastRun | null> }>}
 */
const prepared = new WeakMap();

/**
 * What can be made ready before a person has asked for the program, and takes nothing from them if they do not: its
 * player, the newest list, and, where it ran here before, an empty page in the process that its pages will have.
 * Nothing of the program runs, and the city begins no session.
 * @param {{ appId: string, mount: HTMLElement, signal: AbortSignal }} what  mount: to be given to `openProgram`, shown or
 *   `visibility: hidden`. signal: it was not opened
 */
export async function prepareProgram({ appId, mount, signal }) {
  const framed = Player.open(mount, appId, signal);
  const list = newestList();
  const last = lastRun(appId);
  list.catch(() => null); // told by the start
  prepared.set(mount, { framed, list, last });
  try {
    const [player, before] = await Promise.all([framed, last]);
    if (before) await player.warm(before.answer.release.origin);
  } catch {
    prepared.delete(mount); // it is opened as if nothing had been prepared
  }
}

/** @param {string} appId @returns {import("./chrome.js").Running | null} */
export const running = (appId) => {
  const program = alive.get(appId);
  return program ? handles(program) : null;
};

/**
 * @param {import("./chrome.js").Opening} opening
 * @param {import("./clock.js").Clock} [clock]
 * @returns {Promise<import("./chrome.js").Running>}
 */
export async function openProgram(opening, clock = CLOCK) {
  alive.get(opening.appId)?.close("LEFT");
  const around = new AbortController();
  opening.signal?.addEventListener("abort", () => around.abort(opening.signal?.reason), { once: true });
  const until = around.signal;
  const before = prepared.get(opening.mount);
  prepared.delete(opening.mount);
  const framed = player(opening, before, until);
  const list = before?.list ?? newestList();
  const anew = opening.scene === TRIAL || leaving.has(opening.appId);
  const last = anew ? Promise.resolve(null) : (before?.last ?? lastRun(opening.appId));
  const asked = session(opening, until);
  for (const one of [framed, list, last, asked]) one.catch(() => null); // told below
  const ahead = new Ahead(opening, last, (run) => framed.then((one) => program({ ...run, player: one, sure: false })));
  const program = (run) => new Program({ opening, offline: false, clock, ended, ...run });
  try {
    const { answer, offline } = await asked;
    const trust = trusted(answer.release, { offline, list }, until);
    trust.catch(() => null);
    await leaving.get(opening.appId)?.said; // what it kept last is there for this run
    const begun = offline ? null : await ahead.cameTrue(answer);
    if (!begun) ahead.drop();
    const [kept, shown] = await Promise.all([
      begun ? null : stored(answer),
      offline ? keptPlayer(opening, answer, until) : framed,
      trust,
    ]);
    if (until.aborted) throw until.reason;
    const one = begun ?? program({ answer, player: shown, kept, offline });
    make(one, clock);
    if (begun) begun.confirm(answer);
    else one.start();
    return handles(one);
  } catch (error) {
    ahead.drop();
    around.abort(error);
    throw error;
  }
}

/** The one that was prepared, or a new one. */
async function player({ appId, mount }, before, signal) {
  if (!before) return Player.open(mount, appId, signal);
  const framed = await before.framed;
  signal.addEventListener("abort", () => framed.close(), { once: true });
  return framed;
}

/** Nobody answered with a player; what is kept is put together by the shell's service worker. @throws {Untrusted} */
async function keptPlayer({ mount }, { release, page }, signal) {
  mount.replaceChildren();
  const player = new KeptPlayer(mount, release, signal);
  try {
    await player.prepare(page);
  } catch (error) {
    throw error instanceof PlayerUnavailable ? new Untrusted(/** @type {any} */ (error.message)) : error;
  }
  return player;
}

function make(program, clock) {
  for (const other of alive.values()) other.hide("program");
  while (alive.size >= ALIVE_MAX) /** @type {Program} */ (alive.values().next().value).close("PRESSURE");
  alive.set(program.facts.appId, program);
  watchList(program, clock);
}

/** @param {Program} program @returns {import("./chrome.js").Running} */
const handles = (program) => ({
  program: program.facts,
  session: program.session,
  capabilities: () => program.gate.all(),
  show(again) {
    for (const other of alive.values()) if (other !== program) other.hide("program");
    alive.delete(program.facts.appId);
    alive.set(program.facts.appId, program);
    program.show(again ? { query: {}, scene: "link", ...again } : null);
  },
  hide: (reason = "home") => program.hide(reason),
  back: (steps) => program.back(steps),
  home: () => program.home(),
  tab: (index) => program.tab(index),
  press: (name) => program.press(name),
  pull: () => program.pull(),
  settings: () => program.settings(),
  reload: () => program.close("UPDATE"),
  close: () => program.close("LEFT"),
});

function ended(program) {
  const { appId } = program.facts;
  if (alive.get(appId) === program) alive.delete(appId);
  leaving.set(appId, program);
  void program.sent.then(() => leaving.get(appId) === program && leaving.delete(appId));
  if (!program.returned) return;
  const opener = [...alive.values()].find((one) => one.session === program.opening.referrer);
  opener?.returnedTo(program.returned);
}

/** The city's answer; without a line, what it said the last time. What is tried is kept for nothing, and asked for anew. */
async function session(opening, signal) {
  if (opening.scene === TRIAL) return { answer: await begin(opening, signal), offline: false };
  const key = ownKey(opening.appId);
  try {
    const answer = await begin(opening, signal);
    void write("runs", key, answer);
    return { answer, offline: false };
  } catch (error) {
    const last = lineBroke(error) ? await lastAnswer(opening.appId) : null;
    if (last) return { answer: asAsked(last, opening), offline: true };
    if (!lineBroke(error)) await drop("runs", key);
    throw error;
  }
}

async function trusted(release, how, signal) {
  if (release.origin === location.origin) throw new Untrusted("UNTRUSTED");
  await Promise.all([verified(release, how, signal), notRevoked(release, how)]);
}

/** Besides its session, which the city ends: what is signed holds whoever speaks for the city. */
function watchList(program, clock) {
  const stop = clock.after(LIST_EVERY_MS, async () => {
    watchList(program, clock);
    await notRevoked(program.release).catch((error) => error instanceof Untrusted && program.close(error.code));
  });
  program.life.signal.addEventListener("abort", stop, { once: true });
}

guardKeyboard(() => [...alive.values(), ...beginning()]);

onSessionChange(() => {
  for (const program of [...alive.values()]) if (program.person !== sessionId()) program.close("SIGNED_OUT");
});
