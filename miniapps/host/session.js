/**
 * Who is signed in on this device.
 *
 * The access token lives in memory and dies with the tab. The refresh token is kept on the device (`vault.js`), because
 * a citizen signs in once; it works once, so tabs take turns (Web Locks) and read it again when their turn comes.
 * localStorage holds only which session that is and on which side of the counter, so that tabs follow each other, and
 * a tab that slept through a change of person neither speaks for the new one nor ends the session of theirs.
 *
 * A page that is left hands its access token to the page that follows in the same tab, which takes it out of
 * sessionStorage at once: a reload costs no refresh, and none is cut off between the city's yes and our hearing it.
 */

import { device, parsed, tab } from "./storage.js";
import { dropToken, readToken, writeToken } from "./vault.js";

const SIDE = "citytong.session";
const SESSION = "citytong.session-id";
const ENROLLING = "citytong.enrolling";
const DEVICE = "citytong.device";
const HANDED_ON = "citytong.handed-on";
const LOCK = "citytong.refresh";

/** @typedef {"CITIZEN" | "STAFF"} Audience */

/** @type {{ token: string, until: number, session: string } | null} */
let access = null;
let offsetMs = 0;
let ended = false;
takeOver();
const watchers = new Set();

/** @returns {Audience | null} */
export function audience() {
  const side = device.get(SIDE);
  return side === "CITIZEN" || side === "STAFF" ? side : null;
}

/** Which session this device holds: nothing that was meant for another one may touch it. */
export function sessionId() {
  return device.get(SESSION);
}

/** Staff who have no second factor yet: all they can do is get one. */
export const enrolling = () => device.get(ENROLLING) !== null;

/** Did the city end the session that was here last, rather than its owner? */
export const wasEnded = () => ended;

export const refreshToken = readToken;

/** The access token if it belongs to the session that this device holds, and still has ten seconds to live. */
export const accessToken = () =>
  access && access.session === sessionId() && access.until - Date.now() > 10_000 ? access.token : null;

/**
 * @typedef {{
 *   accessToken: string, accessTokenExpiresAt: string, refreshToken: string,
 *   session: { id: string, audience: Audience, lastSeenAt: string, enrolling: boolean },
 * }} SignInResult
 */

/**
 * Keep what the city gave. The session was last seen at the very moment that these tokens were made, so the same
 * answer tells what time it is in the city: a phone may be minutes wrong, and a token lives ten.
 * @param {SignInResult} result
 * @param {number} askedAt  this device's clock when the question left
 */
export async function keep(result, askedAt) {
  const { id, audience: side, lastSeenAt } = result.session;
  const made = Date.parse(lastSeenAt);
  offsetMs = made - (askedAt + Date.now()) / 2;
  access = {
    token: result.accessToken,
    until: askedAt + (Date.parse(result.accessTokenExpiresAt) - made),
    session: id,
  };
  ended = false;
  await writeToken(result.refreshToken);
  if (result.session.enrolling) device.set(ENROLLING, "yes");
  else device.drop(ENROLLING);
  device.set(SIDE, side);
  device.set(SESSION, id);
}

/** The city's clock, as well as this device knows it. */
export const cityNow = () => Date.now() + offsetMs;

/** Set it by the `Date` of an answer that has just come; that one tells no parts of a second. @param {string | null} date */
export function learnTime(date) {
  const told = Date.parse(date ?? "");
  if (Number.isFinite(told)) offsetMs = told + 500 - Date.now();
}

function takeOver() {
  const handed = parsed(tab.get(HANDED_ON));
  tab.drop(HANDED_ON);
  const fits = typeof handed.access?.token === "string" && Number.isFinite(handed.access.until + handed.offsetMs);
  if (fits && handed.access.session === sessionId()) ({ access, offsetMs } = handed);
}

addEventListener("pagehide", () => access && tab.set(HANDED_ON, JSON.stringify({ access, offsetMs })));
addEventListener("pageshow", () => tab.drop(HANDED_ON));

export function dropAccess() {
  access = null;
}

/**
 * This device holds no session any more.
 * @param {{ only?: string | null, byCity?: boolean }} [why]
 *   only: forget that session; when somebody else has signed in meanwhile, nothing happens. byCity: its owner did not ask
 */
export async function forget({ only = sessionId(), byCity = false } = {}) {
  if (only !== sessionId()) return;
  access = null;
  ended = byCity;
  device.drop(SIDE);
  device.drop(SESSION);
  device.drop(ENROLLING);
  await dropToken();
  for (const watch of watchers) watch();
}

/** Called when this tab or another one signs in as someone else, or out; or when another one has enrolled. @param {() => void} watch */
export const onSessionChange = (watch) => void watchers.add(watch);

addEventListener("storage", (event) => {
  if (event.key !== null && event.key !== SESSION && event.key !== ENROLLING) return;
  access = null;
  ended = false;
  for (const watch of watchers) watch();
});

/** One at a time over all tabs of this device. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
export const alone = (work) => (navigator.locks ? navigator.locks.request(LOCK, work) : work());

/** A random name for this device, so that the city can tell a citizen's devices apart. */
export function deviceId() {
  const known = device.get(DEVICE);
  if (known) return known;
  const made = randomId("dev");
  device.set(DEVICE, made);
  return made;
}

/** 128 random bits under a prefix; also where the page is not a secure context. @param {string} prefix */
export function randomId(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `${prefix}_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** "Chrome · Android": what a citizen recognises in the list of devices. */
export function deviceName() {
  const agent = navigator.userAgent;
  const browser = [
    ["Edg/", "Edge"],
    ["MicroMessenger", "微信"],
    ["Firefox/", "Firefox"],
    ["Chrome/", "Chrome"],
    ["Safari/", "Safari"],
  ];
  const system = [
    ["Android", "Android"],
    ["HarmonyOS", "HarmonyOS"],
    ["iPhone", "iPhone"],
    ["iPad", "iPad"],
    ["Mac OS", "Mac"],
    ["Windows", "Windows"],
    ["Linux", "Linux"],
  ];
  const pick = (table) => table.find(([mark]) => agent.includes(mark))?.[1];
  return [pick(browser), pick(system)].filter(Boolean).join(" · ") || "Web";
}
