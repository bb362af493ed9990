/**
 * Only what was signed runs. Before the first page of a release is asked for, its package is fetched once and verified
 * here (developer, city, log; `package.js`), is of the release that the city named, and is no older than the newest of
 * that program which this device has seen. What was verified is kept with the digest of each file.
 *
 * The list of what was revoked is signed too, numbered and good for a while; a list that is older than one seen before
 * counts as none.
 */

import { drop, read, write } from "./kept.js";
import { readRevocations, verifyPackage } from "./package.js";

const KEYS = "/.well-known/mini-jwks.json";
const REVOCATIONS = "/.well-known/mini-revocations.json";
const BYTES_MAX = 12 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

export class Untrusted extends Error {
  /** @param {string} code  UNTRUSTED, OLDER, E_APP_REVOKED, E_VERSION_REVOKED @param {unknown} [cause] */
  constructor(code, cause) {
    super(code, { cause });
    this.code = code;
  }
}

/** @typedef {{ appId: string, versionCode: number, versionName: string, packageUrl: string, packageSha256: string, filesH1: string, origin: string, root: string }} Release */

/**
 * @param {Release} release
 * @param {AbortSignal} [signal]
 * @returns {Promise<Map<string, string>>} the digest of each file, by its path
 * @throws {Untrusted}
 */
export async function verified(release, signal) {
  const { appId, versionCode, packageSha256 } = release;
  if (versionCode < ((await read("seen", appId)) ?? 0)) throw new Untrusted("OLDER");
  const kept = await read("packages", appId);
  if (kept?.packageSha256 === packageSha256) return kept.digests;
  const bytes = await fetched(release, signal);
  const found = await verifyPackage(bytes, { keys: await keys(), now: seconds() }).catch((cause) => {
    throw new Untrusted("UNTRUSTED", cause);
  });
  const same =
    found.appId === appId &&
    found.versionCode === versionCode &&
    found.packageSha256 === packageSha256 &&
    found.filesH1 === release.filesH1;
  if (!same) throw new Untrusted("UNTRUSTED");
  await write("packages", appId, { packageSha256, versionCode, digests: found.digests, bytes });
  await write("seen", appId, versionCode);
  return found.digests;
}

/** @param {string} appId */
export const forgetPackage = (appId) => drop("packages", appId);

/**
 * @param {{ appId: string, versionCode: number }} release
 * @param {{ offline?: boolean }} [how]  offline: by the list that is kept, if it is still good
 * @throws {Untrusted} E_APP_REVOKED, E_VERSION_REVOKED; UNTRUSTED where there is no list that is good
 */
export async function notRevoked({ appId, versionCode }, { offline = false } = {}) {
  const list = offline ? await keptList() : await newestList();
  if (list.apps.has(appId)) throw new Untrusted("E_APP_REVOKED");
  if (list.versions.has(`${appId} ${versionCode}`)) throw new Untrusted("E_VERSION_REVOKED");
}

async function newestList() {
  const kept = await read("lists", "revocations");
  const response = await fetch(REVOCATIONS, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-cache" });
  const text = await response.text();
  const list = await checkedList(text, kept?.sequence ?? 0);
  await write("lists", "revocations", { text, sequence: list.sequence });
  return list;
}

async function keptList() {
  const kept = await read("lists", "revocations");
  if (!kept) throw new Untrusted("UNTRUSTED");
  return checkedList(kept.text, kept.sequence);
}

const checkedList = async (text, seenSequence) =>
  readRevocations(text, { keys: await keys(), now: seconds(), seenSequence }).catch((cause) => {
    throw new Untrusted("UNTRUSTED", cause);
  });

/** The city's keys; those kept where there is no line. */
async function keys() {
  const response = await fetch(KEYS, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => null);
  if (!response?.ok) return (await read("lists", "keys")) ?? [];
  const { keys: found } = await response.json();
  await write("lists", "keys", found);
  return found;
}

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
