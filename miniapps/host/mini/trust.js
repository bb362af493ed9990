/**
 * Only what was signed runs. Before the first page of a release is asked for, its package is fetched once and verified
 * here (developer, city, log; `package.js`), is of the release that the city named, and is no older than the newest of
 * that program which this device has seen. What was verified is kept, and not fetched again.
 *
 * The list of what was revoked is signed too, numbered and good for a while; a list that is older than one seen before
 * counts as none. Without a line the one that was seen last holds for a week: a device that has been away for longer has
 * to ask first.
 *
 * Keys: `/.well-known/mini-jwks.json`, each with what it is for (`city_purpose`): a key of one kind vouches for nothing
 * of another.
 */

import { read, write } from "./kept.js";
import { checkRevoked, keysOf, logKeyOf, readRevocations, verifyPackage } from "./package.js";
import { BLOCK, split } from "./unzip.js";

const KEYS = "/.well-known/mini-jwks.json";
const REVOCATIONS = "/.well-known/mini-revocations.json";
const BYTES_MAX = 12 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
const AWAY_S_MAX = 7 * 86_400;

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
 * @param {AbortSignal} [signal]
 * @throws {Untrusted}
 */
export async function verified(release, signal) {
  const { appId, versionCode, packageSha256 } = release;
  if (versionCode < ((await read("seen", appId)) ?? 0)) throw new Untrusted("OLDER");
  if ((await read("packages", appId))?.packageSha256 === packageSha256) return;
  const bytes = await fetched(release, signal);
  const { statement } = await vouchedFor(bytes, await keys());
  const same =
    statement.app_id === appId &&
    statement.version.code === versionCode &&
    statement.pkg_sha256 === packageSha256 &&
    statement.files_h1 === release.filesH1;
  if (!same) throw new Untrusted("UNTRUSTED");
  await write("packages", appId, { packageSha256, versionCode, bytes });
  await write("seen", appId, versionCode);
}

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
  if (version.code < ((await read("seen", appId)) ?? 0)) throw new Untrusted("OLDER");
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
 * @param {{ appId: string, versionCode: number }} release
 * @param {{ offline?: boolean, list?: Promise<any> }} [how]  offline: by the list that is kept, if it is still good. list:
 *   the newest one, where it was asked for already
 * @throws {Untrusted} E_APP_REVOKED, E_VERSION_REVOKED; UNTRUSTED where there is no list that is good
 */
export async function notRevoked({ appId, versionCode }, { offline = false, list: asked } = {}) {
  const list = await (offline ? keptList() : (asked ?? newestList()));
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
  await write("lists", "revocations", { text, sequence: list.sequence, at: seconds() });
  return list;
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
  await write("lists", "keys", found);
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
