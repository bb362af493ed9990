/**
 * Programs, run by the shell. This is all that a screen needs:
 *
 *     const running = await openProgram({ appId, page, query, scene, referrer, mount, chrome, signal });
 *     running.hide();  running.show();  running.back();  running.close();
 *
 * How it goes together:
 * - `openProgram` asks the city for a session and frames the player at the same time, has the package verified, and
 *   begins with the first page. It rejects with a `CityError` (the city said no, or there is no line), with
 *   `PlayerUnavailable`, or with `Untrusted` (`code` is one of `Closing`'s); nothing is left in `mount` then.
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
 *                              pages.js/page.js (which page is seen) · storage.js · lifecycle.js · trust.js · kept.js
 *
 * Loaded only when a program is opened: `import("./mini/runtime.js")`.
 */

import { lineBroke } from "../api.js";
import { onSessionChange, sessionId } from "../session.js";
import { begin } from "./city.js";
import { CLOCK } from "./clock.js";
import { KeptPlayer, Player, PlayerUnavailable } from "./frame.js";
import { guardKeyboard } from "./keyboard.js";
import { drop, read, write } from "./kept.js";
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
  const framed = Player.open(opening.mount, opening.appId, until);
  const list = newestList();
  for (const one of [framed, list]) one.catch(() => null); // told below, unless the session fails first
  try {
    const { answer, offline } = await session(opening, until);
    const [kept, player] = await Promise.all([
      stored(answer),
      offline ? keptPlayer(opening, answer, until) : framed,
      trusted(answer.release, { offline, list }, until),
    ]);
    if (until.aborted) throw until.reason;
    const program = new Program({ answer, opening, player, kept, offline, clock, ended });
    make(program, clock);
    return handles(program);
  } catch (error) {
    around.abort(error);
    throw error;
  }
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
  program.start();
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
  hide: () => program.hide("home"),
  back: () => program.back(),
  home: () => program.home(),
  tab: (index) => program.tab(index),
  press: (name) => program.press(name),
  pull: () => program.pull(),
  settings: () => program.settings(),
  reload: () => program.close("UPDATE"),
  close: () => program.close("LEFT"),
});

function ended(program) {
  if (alive.get(program.facts.appId) === program) alive.delete(program.facts.appId);
  if (!program.returned) return;
  const opener = [...alive.values()].find((one) => one.session === program.opening.referrer);
  opener?.returnedTo(program.returned);
}

/** The city's answer; without a line, what it said the last time. */
async function session(opening, signal) {
  const key = ownKey(opening.appId);
  try {
    const answer = await begin(opening, signal);
    void write("runs", key, answer);
    return { answer, offline: false };
  } catch (error) {
    const last = lineBroke(error) ? await read("runs", key) : null;
    if (last) return { answer: asAsked(last, opening), offline: true };
    if (!lineBroke(error)) await drop("runs", key);
    throw error;
  }
}

const asAsked = (last, { page, query, scene }) => ({
  ...last,
  page: page ?? last.release.manifest.pages[0],
  query: query ?? {},
  scene: scene ?? "home",
  referrerAppId: null,
});

/**
 * What waits on this device to be sent is laid over what the city has. A run that has just ended may have sent its last
 * words after the city was asked: then what is here is the newer.
 */
async function stored({ release, storage, storageRevision }) {
  const here = await read("storage", ownKey(release.appId));
  if (here && here.revision > storageRevision) return here;
  return { values: storage, revision: storageRevision, waiting: here?.waiting ?? null };
}

async function trusted(release, how, signal) {
  if (release.origin === location.origin) throw new Untrusted("UNTRUSTED");
  await Promise.all([verified(release, signal), notRevoked(release, how)]);
}

/** Besides its session, which the city ends: what is signed holds whoever speaks for the city. */
function watchList(program, clock) {
  const stop = clock.after(LIST_EVERY_MS, async () => {
    watchList(program, clock);
    await notRevoked(program.release).catch((error) => error instanceof Untrusted && program.close(error.code));
  });
  program.life.signal.addEventListener("abort", stop, { once: true });
}

guardKeyboard(() => [...alive.values()]);

onSessionChange(() => {
  for (const program of [...alive.values()]) if (program.person !== sessionId()) program.close("SIGNED_OUT");
});
