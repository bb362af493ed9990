/**
 * Only what was signed runs. Before the first page of a release is asked for, its package is fetched once and verified
 * here (developer, city, log; `package.js`), is of the release that the city named, and is no older than the newest of
 * that program which this device has seen and the city has not taken back. What was verified is kept, and not fetched
 * again.
 *
 * The list of what was revoked is signed too, numbered and good for a while; a list that is older than one seen before
 * counts as none. Without a line the one that was seen last holds for a week: a device that has been away for longer has
 * to ask first.
 *
 * Keys: `/.well-known/mini-jwks.json`, each with what it is for (`city_purpose`): a key of one kind vouches for nothing
 * of another.
 */

import { read, write } from "./kept.js";
import { checkRevoked, floorOf, keysOf, logKeyOf, readRevocations, verifyPackage } from "./package.js";
import { BLOCK, split } from "./unzip.js";

const KEYS = "/.well-known/mini-jwks.json";
const REVOCATIONS = "/.well-known/mini-revocations.json";
const BYTES_MAX = 12 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
const AWAY_S_MAX = 7 * 86_400;
/** So many versions of a program are remembered; far more than are ever taken back one after the other. */
const SEEN_MAX = 32;

/** @typedef {{ kid: string, kty: string, crv: string, x: string, city_purpose: string, city_log?: string }} Jwk */

export class Untrusted extends Error {
  /** @param {"UNTRUSTED" | "OLDER" | "E_APP_REVOKED" | "E_VERSION_REVOKED"} code @param {unknown} [cause] */
  constructor(code, cause) {
    super(code, { cause });
    this.code = code;
  }
}

/** @typedef {{ appId: string, versionCode: number, versionName: string, packageUrl: string, packageSha256: string, filesH1: string, origin: string, root: string }} Release */

/**
 * @param {Release} release
 * @param {How} how
 * @param {AbortSignal} [signal]
 * @throws {Untrusted}
 */
export async function verified(release, how, signal) {
  const { appId, versionCode, packageSha256 } = release;
  await checkFloor(appId, versionCode, how);
  if (await verifiedBefore(release)) return;
  const bytes = await fetched(release, signal);
  const { statement } = await vouchedFor(bytes, await keys());
  const same =
    statement.app_id === appId &&
    statement.version.code === versionCode &&
    statement.pkg_sha256 === packageSha256 &&
    statement.files_h1 === release.filesH1;
  if (!same) throw new Untrusted("UNTRUSTED");
  await write("seen", appId, [...new Set([versionCode, ...(await seenOf(appId))])].slice(0, SEEN_MAX));
  if (await write("packages", appId, { packageSha256, versionCode, bytes })) await write("seen", ofPackage(appId), packageSha256);
}

/** The versions of a program that ran here, the last one first. @param {string} appId @returns {Promise<number[]>} */
const seenOf = async (appId) => [(await read("seen", appId)) ?? []].flat();

/** @param {string} appId @param {number} versionCode @param {How} how @throws {Untrusted} */
async function checkFloor(appId, versionCode, how) {
  const seen = await seenOf(appId);
  // Only who goes back waits for the list.
  if (versionCode >= Math.max(0, ...seen)) return;
  if (versionCode < floorOf(await listOf(how), appId, seen)) throw new Untrusted("OLDER");
}

/** Was just this package the last of its program that was verified and kept here? @param {Release} release */
export async function verifiedBefore({ appId, packageSha256 }) {
  if (here.get(appId) === packageSha256) return true;
  const kept = await read("seen", ofPackage(appId));
  if (kept === packageSha256) here.set(appId, packageSha256);
  return kept === packageSha256;
}

/** The newest package of each program that was found good since the page came. @type {Map<string, string>} */
const here = new Map();

/** Beside its bytes, which are long to read. @param {string} appId */
const ofPackage = (appId) => `${appId} package`;

/**
 * The package that is kept, read and verified again, by the keys that are kept.
 * @param {string} appId @param {string} packageSha256
 * @throws {Untrusted} also where there is none
 */
export async function keptPackage(appId, packageSha256) {
  const kept = await read("packages", appId);
  if (kept?.packageSha256 !== packageSha256) throw new Untrusted("UNTRUSTED");
  const found = await vouchedFor(kept.bytes, await keptKeys());
  const { app_id: name, pkg_sha256: sha256, version } = found.statement;
  if (name !== appId || sha256 !== packageSha256) throw new Untrusted("UNTRUSTED");
  await checkFloor(appId, version.code, { offline: true });
  return found;
}

async function vouchedFor(bytes, known) {
  try {
    const [developerKeys, platformKeys, logKey] = await Promise.all([
      keysFor(known, "mini-developer"),
      keysFor(known, "mini-platform"),
      logKeyFor(known, bytes),
    ]);
    return await verifyPackage(bytes, { developerKeys, platformKeys, logKey, now: seconds() });
  } catch (cause) {
    throw new Untrusted("UNTRUSTED", cause);
  }
}

/**
 * Which list is asked. offline: the one that is kept, if it is still good. list: the newest one, where it was asked for
 * already.
 * @typedef {{ offline?: boolean, list?: Promise<any> }} How
 */

/** @param {How} how */
const listOf = ({ offline = false, list } = {}) => (offline ? keptList() : (list ?? newestList()));

/**
 * @param {{ appId: string, versionCode: number }} release
 * @param {How} [how]
 * @throws {Untrusted} E_APP_REVOKED, E_VERSION_REVOKED; UNTRUSTED where there is no list that is good
 */
export async function notRevoked({ appId, versionCode }, how) {
  const list = await listOf(how);
  try {
    checkRevoked(list, appId, versionCode);
  } catch (cause) {
    throw new Untrusted(list.apps.includes(appId) ? "E_APP_REVOKED" : "E_VERSION_REVOKED", cause);
  }
}

/** The city's list of now; asked for while the city is asked for a session. */
export async function newestList() {
  const [kept, known, response] = await Promise.all([
    read("lists", "revocations"),
    keys(),
    fetch(REVOCATIONS, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-cache" }),
  ]);
  const text = await response.text();
  const list = await checkedList(text, known, kept?.sequence ?? 0, seconds());
  void write("lists", "revocations", { text, sequence: list.sequence, at: seconds() });
  latest = list;
  return list;
}

/** Since the page came. @type {any} */
let latest = null;

/** The one that was seen last, as long as it is good where there is a line. @throws {Untrusted} */
export async function goodList() {
  if (latest && seconds() <= latest.issued_at + latest.max_age) return latest;
  const [kept, known] = await Promise.all([read("lists", "revocations"), keptKeys()]);
  if (!kept) throw new Untrusted("UNTRUSTED");
  return checkedList(kept.text, known, kept.sequence, seconds());
}

async function keptList() {
  const kept = await read("lists", "revocations");
  if (!kept || Math.abs(seconds() - kept.at) > AWAY_S_MAX) throw new Untrusted("UNTRUSTED");
  return checkedList(kept.text, await keptKeys(), kept.sequence, kept.at);
}

async function checkedList(text, known, seenSequence, now) {
  try {
    return await readRevocations(text, { keys: await keysFor(known, "mini-revocations"), now, seenSequence });
  } catch (cause) {
    throw new Untrusted("UNTRUSTED", cause);
  }
}

/** The city's keys; those kept where there is no line. @returns {Promise<Jwk[]>} */
async function keys() {
  const response = await fetch(KEYS, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => null);
  if (!response?.ok) return keptKeys();
  const { keys: found } = await response.json();
  void write("lists", "keys", found);
  return found;
}

const keptKeys = async () => (await read("lists", "keys")) ?? [];

const keysFor = (known, purpose) => keysOf({ keys: known.filter((one) => one.city_purpose === purpose) });

/** Of the log's keys, the one that the package's proof names (C2SP signed-note: four bytes before the signature). */
async function logKeyFor(known, bytes) {
  const proof = new TextDecoder().decode(split(bytes).values.get(BLOCK.logProof));
  const [, sealed = ""] = /— \S+ (\S+)\n$/u.exec(proof) ?? [];
  const named = atob(sealed).slice(0, 4);
  for (const { x, city_log: log } of known.filter((one) => one.city_purpose === "mini-log")) {
    const key = `\u0001${atob(x.replaceAll("-", "+").replaceAll("_", "/"))}`;
    const sum = await crypto.subtle.digest("SHA-256", binary(`${log}\n${key}`));
    const id = String.fromCharCode(...new Uint8Array(sum, 0, 4));
    if (id === named) return logKeyOf(`${log}+${hex(id)}+${btoa(key)}`);
  }
  throw new Untrusted("UNTRUSTED");
}

/** @param {string} text  a byte each */
const binary = (text) => Uint8Array.from(text, (one) => one.charCodeAt(0));
const hex = (text) => Array.from(binary(text), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {Release} release */
async function fetched({ packageUrl }, signal) {
  const address = new URL(packageUrl, location.origin);
  if (address.origin !== location.origin) throw new Untrusted("UNTRUSTED");
  const until = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])]);
  const response = await fetch(address, { signal: until, credentials: "omit" });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (!response.ok || bytes.length > BYTES_MAX) throw new Untrusted("UNTRUSTED");
  return bytes;
}

const seconds = () => Math.floor(Date.now() / 1000);
