/**
 * Who is signed in on this device.
 *
 * The access token lives in memory and dies with the tab. The refresh token is kept on the device (`vault.js`), because
 * a citizen signs in once; it works once, so tabs take turns (Web Locks) and read it again when their turn comes.
 * localStorage holds only which side of the counter this device is signed in for, so that tabs follow each other.
 *
 * A page that is left hands its access token to the page that follows in the same tab, which takes it out of
 * sessionStorage at once: a reload costs no refresh, and none is cut off between the city's yes and our hearing it.
 */

import { dropToken, readToken, writeToken } from "./vault.js";

const KEY = "citytong.session";
const DEVICE = "citytong.device";
const HANDED_ON = "citytong.handed-on";
const LOCK = "citytong.refresh";

/** @typedef {"CITIZEN" | "STAFF"} Audience */

/** @type {{ token: string, until: number } | null} */
let access = null;
let offsetMs = 0;
takeOver();
const watchers = new Set();

/** @returns {Audience | null} */
export function audience() {
  const side = localStorage.getItem(KEY);
  return side === "CITIZEN" || side === "STAFF" ? side : null;
}

export const refreshToken = readToken;

/** The access token if it still has ten seconds to live. */
export const accessToken = () => (access && access.until - Date.now() > 10_000 ? access.token : null);

/**
 * @typedef {{
 *   accessToken: string, accessTokenExpiresAt: string, refreshToken: string,
 *   session: { audience: Audience, lastSeenAt: string },
 * }} SignInResult
 */

/**
 * Keep what the city gave. The session was last seen at the very moment that these tokens were made, so the same
 * answer tells what time it is in the city: a phone may be minutes wrong, and a token lives ten.
 * @param {SignInResult} result
 * @param {number} askedAt  this device's clock when the question left
 */
export async function keep(result, askedAt) {
  const made = Date.parse(result.session.lastSeenAt);
  offsetMs = made - (askedAt + Date.now()) / 2;
  access = { token: result.accessToken, until: askedAt + (Date.parse(result.accessTokenExpiresAt) - made) };
  await writeToken(result.refreshToken);
  localStorage.setItem(KEY, result.session.audience);
}

/** The city's clock, as well as this device knows it. */
export const cityNow = () => Date.now() + offsetMs;

function takeOver() {
  const handed = JSON.parse(sessionStorage.getItem(HANDED_ON) ?? "null");
  sessionStorage.removeItem(HANDED_ON);
  if (handed && audience()) ({ access, offsetMs } = handed);
}

addEventListener("pagehide", () => access && sessionStorage.setItem(HANDED_ON, JSON.stringify({ access, offsetMs })));
addEventListener("pageshow", () => sessionStorage.removeItem(HANDED_ON));

export function dropAccess() {
  access = null;
}

export async function forget() {
  access = null;
  localStorage.removeItem(KEY);
  await dropToken();
  for (const watch of watchers) watch();
}

/** Called when this tab or another one signs in as someone else, or out. @param {() => void} watch */
export const onSessionChange = (watch) => void watchers.add(watch);

addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  access = null;
  for (const watch of watchers) watch();
});

/** One at a time over all tabs of this device. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
export const alone = (work) => (navigator.locks ? navigator.locks.request(LOCK, work) : work());

/** A random name for this device, so that the city can tell a citizen's devices apart. */
export function deviceId() {
  const known = localStorage.getItem(DEVICE);
  if (known) return known;
  const made = randomId("dev");
  localStorage.setItem(DEVICE, made);
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
