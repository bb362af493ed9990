/**
 * Who vouches for a package: its developer, the city and the log, each for the same bytes and the same content. The twin
 * of `bundles/{hashing,jws,statement,tlog,revocations,policy}.py`, with the same codes; offline, by WebCrypto alone.
 *
 * What the city's profile stands for was checked by the city: the manifest's members, the layout, the pages. Checked here
 * is what could have changed since: the archive, each hash, each signature, the log's proof, the version, its revocation.
 */

import { BLOCK, BundleError, split, unpack } from "./unzip.js";

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {Map<string, { alg: "EdDSA" | "ES256", key: CryptoKey }>} Keys  by `kid` */
/** @typedef {{ name: string, id: Bytes, key: CryptoKey }} LogKey */
/** @typedef {{ sequence: number, issued_at: number, max_age: number, apps: string[], versions: { app_id: string, code: number }[] }} Revocations */
/** @typedef {{ app_id: string, version: { code: number, name: string }, pkg_sha256: string, files_h1: string, manifest_sha256: string, operations_h1: string | null, built_with: string, created: number }} Statement */
/** @typedef {{ iss: string, iat: number, not_before: number, app_id: string, version_code: number, pkg_sha256: string, files_h1: string, developer_sha256: string, review: string, capabilities: string[], domains: { connect: string[], img: string[] }, quotas: Record<string, number>, trusted_types: boolean }} Profile */

const DEVELOPER_TYP = "mini-package+jws";
const PLATFORM_TYP = "mini-profile+jws";
const REVOCATIONS_TYP = "mini-revocations+jws";
const CLOCK_SKEW_S = 300;
const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const HASHES_MAX = 63;
const PROOF = new RegExp(
  "^(?<head>[^]*?)\\n\\n(?<origin>[^\\n]*)\\n(?<size>[^\\n]*)\\n(?<root>[^\\n]*)\\n" +
    "\\n— (?<name>[^\\s+]+) (?<signature>[^\\n]*)\\n$",
  "u",
);
const ALGORITHMS = {
  EdDSA: { imported: { name: "Ed25519" }, verified: { name: "Ed25519" } },
  ES256: { imported: { name: "ECDSA", namedCurve: "P-256" }, verified: { name: "ECDSA", hash: "SHA-256" } },
};
const utf8 = new TextEncoder();

/**
 * @param {Bytes} bundle
 * @param {{ developerKeys: Keys, platformKeys: Keys, logKey: LogKey, now: number, seenVersionCode?: number,
 *   revocations?: Revocations | null }} known  `now` in seconds
 * @returns {Promise<{ files: Map<string, Bytes>, manifest: any, statement: Statement, profile: Profile, logIndex: number }>}
 * @throws {BundleError}
 */
export async function verifyPackage(bundle, known) {
  const { developerKeys, platformKeys, logKey, now, seenVersionCode = 0, revocations } = known;
  const { unsigned, values } = split(bundle);
  const files = await unpack(unsigned);
  const manifest = manifestOf(files);
  const developer = valueOf(values, BLOCK.developer);
  const statement = await statementOf(developer, developerKeys);
  const expected = await expectedOf(unsigned, files, manifest, statement);
  if (canonical(expected) !== canonical(statement)) throw new BundleError("BUNDLE_HASH", "statement");
  const platform = valueOf(values, BLOCK.platform);
  const profile = profileOf(await verifyJws(latin1(platform), platformKeys, PLATFORM_TYP));
  await checkProfile(profile, statement, developer);
  const entry = await logEntry(statement, developer, platform);
  const logIndex = await checkProof(lossy(valueOf(values, BLOCK.logProof)), entry, logKey);
  if (now < profile.not_before) throw new BundleError("BUNDLE_NOT_YET");
  if (statement.version.code < seenVersionCode) throw new BundleError("BUNDLE_OLDER");
  if (revocations) checkRevoked(revocations, statement.app_id, statement.version.code);
  return { files, manifest, statement, profile, logIndex };
}

/**
 * @param {string} text  as `/.well-known/mini-revocations.json` gives it
 * @param {{ keys: Keys, now: number, seenSequence?: number }} known
 * @returns {Promise<Revocations>}
 * @throws {BundleError}
 */
export async function readRevocations(text, { keys, now, seenSequence = 0 }) {
  const list = objectOf(await verifyJws(text, keys, REVOCATIONS_TYP), "revocations");
  const { sequence, issued_at: issuedAt, max_age: maxAge, apps, versions } = list;
  const listed = texts(apps) && Array.isArray(versions) && versions.every(isVersion);
  const sound = listed && integers(sequence, issuedAt, maxAge);
  if (!sound) throw new BundleError("BUNDLE_STATEMENT", "revocations");
  const fresh = issuedAt - CLOCK_SKEW_S <= now && now <= issuedAt + maxAge;
  if (sequence < seenSequence || !fresh) throw new BundleError("BUNDLE_REVOCATIONS_STALE");
  return list;
}

const isVersion = (item) => typeof item?.app_id === "string" && integers(item.code);

/**
 * The lowest version that may still run where these ran: the highest of them that was not taken back. So citizens go back
 * from a version that was rolled back, and from nothing else.
 * @param {Pick<Revocations, "versions">} revocations @param {string} appId @param {number[]} seen
 */
export const floorOf = ({ versions }, appId, seen) =>
  Math.max(0, ...seen.filter((seenOne) => !versions.some((one) => one.app_id === appId && one.code === seenOne)));

/** @param {Revocations} revocations @param {string} appId @param {number} code @throws {BundleError} */
export function checkRevoked(revocations, appId, code) {
  const version = revocations.versions.some((one) => one.app_id === appId && one.code === code);
  if (version || revocations.apps.includes(appId)) throw new BundleError("BUNDLE_REVOKED", appId);
}

/** @param {{ keys: { kid: string, kty: string, crv: string }[] }} jwks @returns {Promise<Keys>} those that are understood */
export async function keysOf({ keys }) {
  /** @type {Keys} */
  const known = new Map();
  for (const { kid, kty, crv, x, y } of /** @type {any[]} */ (keys)) {
    const alg = crv === "Ed25519" ? "EdDSA" : crv === "P-256" ? "ES256" : null;
    if (!alg) continue;
    const jwk = alg === "EdDSA" ? { kty, crv, x } : { kty, crv, x, y };
    known.set(kid, { alg, key: await crypto.subtle.importKey("jwk", jwk, ALGORITHMS[alg].imported, false, ["verify"]) });
  }
  return known;
}

/** The key of a log from its C2SP text, name+id+key. @param {string} text @returns {Promise<LogKey>} */
export async function logKeyOf(text) {
  const [name, id, ...key] = text.split("+");
  const raw = fromBase64(key.join("+"));
  const expected = (await sha256(joined(utf8.encode(`${name}\n`), raw))).slice(0, 4);
  if (raw[0] !== 1 || hex(expected) !== id) throw new TypeError("not a log's key of Ed25519");
  return { name, id: expected, key: await crypto.subtle.importKey("raw", raw.slice(1), "Ed25519", false, ["verify"]) };
}

// Hashes of a package.

/** @param {Bytes} data @returns {Promise<Bytes>} */
export const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));

/** The hash of the content: of the lines "hex  path\n", sorted by the paths' bytes. @param {Map<string, Bytes>} files */
export async function filesH1(files) {
  const lines = [];
  for (const [path, content] of files) lines.push([utf8.encode(path), hex(await sha256(content)), path]);
  lines.sort(([one], [other]) => compare(one, other));
  const listing = lines.map(([, digest, path]) => `${digest}  ${path}\n`).join("");
  return `h1:${toBase64(await sha256(utf8.encode(listing)))}`;
}

/** The folder that a program's files are served from. @param {string} h1 */
export const rootPrefix = (h1) => base32(fromBase64(h1.slice(3))).slice(0, 16);

/** The name of a program's host. @param {string} appId @param {string} organisationKeyId */
export const appKey = async (appId, organisationKeyId) =>
  base32(await sha256(utf8.encode(`${appId}\0${organisationKeyId}`))).slice(0, 26);

/**
 * A page with the host's script before everything else that could run: after the doctype that it begins with, else at its
 * beginning. Bytes in, bytes out, as the city does it (`policy.inject`).
 * @param {Bytes} html @param {string} src
 */
export function inject(html, src) {
  const [mark] = /^(?:\xef\xbb\xbf)?/.exec(latin1(html.subarray(0, 3)));
  const doctype = /^(?:\xef\xbb\xbf)?[\t\n\f\r ]*<!doctype[^>]*>/i.exec(latin1(html));
  const at = doctype ? doctype[0].length : mark.length;
  return joined(html.subarray(0, at), utf8.encode(`<script src="${src}"></script>`), html.subarray(at));
}

// What was signed.

/** @param {Map<string, Bytes>} files */
function manifestOf(files) {
  const raw = files.get("manifest.json");
  if (!raw) throw new BundleError("BUNDLE_LAYOUT_MISSING", "manifest.json");
  try {
    const manifest = JSON.parse(strict(raw));
    if (isObject(manifest) && isObject(manifest.version)) return manifest;
  } catch {
    // As for what is no object.
  }
  throw new BundleError("BUNDLE_MANIFEST_JSON", "manifest.json");
}

/** @param {Bytes} developer @param {Keys} keys @returns {Promise<Statement>} */
async function statementOf(developer, keys) {
  const end = developer.indexOf(0x0a);
  const signature = end < 0 ? developer : developer.slice(0, end);
  const said = end < 0 ? new Uint8Array() : developer.slice(end + 1);
  await verifyDetached(latin1(signature), said, keys, DEVELOPER_TYP);
  const found = objectOf(said, "statement");
  const { version, operations_h1: operations } = found;
  const hashes = [found.pkg_sha256, found.files_h1, found.manifest_sha256];
  const named = texts([found.app_id, version?.name, ...hashes, found.built_with]);
  const optional = operations === null || typeof operations === "string";
  if (!named || !optional || !integers(version.code, found.created)) throw new BundleError("BUNDLE_STATEMENT", "statement");
  if (canonical(found) !== strict(said)) throw new BundleError("BUNDLE_HASH", "statement");
  return found;
}

/** The statement that fits these bytes. */
async function expectedOf(unsigned, files, manifest, { built_with, created }) {
  const operations = manifest.city_operations?.replace(/^\.\//, "").replace(/^\//, "");
  const read = operations ? files.get(operations) : null;
  if (operations && !read) throw new BundleError("BUNDLE_LAYOUT_FILE", operations);
  return {
    app_id: manifest.app_id,
    version: { code: Math.max(manifest.version.code, 1), name: manifest.version.name?.trim() },
    pkg_sha256: hex(await sha256(unsigned)),
    files_h1: await filesH1(files),
    manifest_sha256: hex(await sha256(files.get("manifest.json"))),
    operations_h1: read ? await filesH1(new Map([[operations, read]])) : null,
    built_with,
    created,
  };
}

/** @param {Bytes} said @returns {Profile} */
function profileOf(said) {
  const found = objectOf(said, "profile");
  const { app_id: appId, pkg_sha256: sha, files_h1: h1, developer_sha256: developer, domains, quotas } = found;
  const sound =
    texts([found.iss, appId, sha, h1, developer, found.review]) &&
    integers(found.iat, found.not_before, found.version_code) &&
    texts(found.capabilities) &&
    texts(domains?.connect) &&
    texts(domains?.img) &&
    isObject(quotas) &&
    integers(...Object.values(quotas)) &&
    typeof found.trusted_types === "boolean";
  if (!sound) throw new BundleError("BUNDLE_STATEMENT", "profile");
  return found;
}

/** @param {Profile} profile @param {Statement} statement @param {Bytes} developer */
async function checkProfile(profile, statement, developer) {
  const same =
    profile.app_id === statement.app_id &&
    profile.version_code === statement.version.code &&
    profile.pkg_sha256 === statement.pkg_sha256 &&
    profile.files_h1 === statement.files_h1 &&
    profile.developer_sha256 === hex(await sha256(developer));
  if (!same) throw new BundleError("BUNDLE_HASH", "profile");
}

/** @param {Statement} statement @param {Bytes} developer @param {Bytes} platform */
const logEntry = async (statement, developer, platform) =>
  utf8.encode(
    canonical({
      app_id: statement.app_id,
      version_code: statement.version.code,
      pkg_sha256: statement.pkg_sha256,
      developer_sha256: hex(await sha256(developer)),
      profile_sha256: hex(await sha256(platform)),
    }),
  );

/** @param {Map<number, Bytes>} values @param {number} id */
function valueOf(values, id) {
  const found = values.get(id);
  if (!found) throw new BundleError("BUNDLE_UNSIGNED");
  return found;
}

// Signatures (RFC 7515, RFC 7797).

/** The payload of a compact JWS. @param {string} jws @param {Keys} keys @param {string} typ @throws {BundleError} */
export async function verifyJws(jws, keys, typ) {
  const { header, payload, signature } = partsOf(jws);
  const read = headerOf(header, ["alg", "kid", "typ"], typ);
  await checkSignature(utf8.encode(`${header}.${payload}`), signature, keys, read);
  return orRefused(() => fromBase64Url(payload));
}

/** @param {string} jws @param {Bytes} payload @param {Keys} keys @param {string} typ @throws {BundleError} */
async function verifyDetached(jws, payload, keys, typ) {
  const { header, payload: nothing, signature } = partsOf(jws);
  const read = headerOf(header, ["alg", "b64", "crit", "kid", "typ"], typ);
  if (nothing || read.b64 !== false || JSON.stringify(read.crit) !== '["b64"]') throw new BundleError("BUNDLE_JWS");
  await checkSignature(joined(utf8.encode(`${header}.`), payload), signature, keys, read);
}

function partsOf(jws) {
  const parts = jws.split(".");
  if (parts.length !== 3) throw new BundleError("BUNDLE_JWS");
  return { header: parts[0], payload: parts[1], signature: orRefused(() => fromBase64Url(parts[2])) };
}

/** Exactly these members: there is nothing in a header to be understood in another way. */
function headerOf(header, members, typ) {
  const read = orRefused(() => JSON.parse(strict(fromBase64Url(header))));
  const exact = isObject(read) && Object.keys(read).sort().join() === members.join() && read.typ === typ;
  if (!exact) throw new BundleError("BUNDLE_JWS");
  return read;
}

async function checkSignature(signed, signature, keys, { alg, kid }) {
  const known = typeof kid === "string" ? keys.get(kid) : undefined;
  if (!known) throw new BundleError("BUNDLE_KEY_UNKNOWN");
  if (alg !== known.alg) throw new BundleError("BUNDLE_JWS");
  const { verified } = ALGORITHMS[alg];
  const holds = signature.length === 64 && (await crypto.subtle.verify(verified, known.key, signature, signed));
  if (!holds) throw new BundleError("BUNDLE_SIGNATURE");
}

function orRefused(read) {
  try {
    return read();
  } catch {
    throw new BundleError("BUNDLE_JWS");
  }
}

// The log's proof (C2SP tlog-proof, RFC 9162 §2.1.3.2), without extra data and with the log's signature alone.

/** @param {string} text @param {Bytes} entry @param {LogKey} logKey @returns {Promise<number>} the entry's index */
export async function checkProof(text, entry, logKey) {
  const parts = PROOF.exec(text);
  if (!parts) throw new BundleError("BUNDLE_LOG");
  const { head, origin, size, root, name, signature } = /** @type {Record<string, string>} */ (parts.groups);
  const [header, line, ...hashes] = head.split("\n");
  const index = /^index (0|[1-9][0-9]{0,18})$/.exec(line ?? "");
  const number = /^(0|[1-9][0-9]{0,18})$/.test(size);
  if (header !== PROOF_HEADER || !index || !number || hashes.length > HASHES_MAX) throw new BundleError("BUNDLE_LOG");
  const signed = utf8.encode(`${origin}\n${size}\n${root}\n`);
  const [path, expected, sealed] = logged(() => [hashes.map(fromBase64), fromBase64(root), fromBase64(signature)]);
  const named = origin === logKey.name && name === logKey.name && compare(sealed.slice(0, 4), logKey.id) === 0;
  const holds = named && (await crypto.subtle.verify("Ed25519", logKey.key, sealed.slice(4), signed));
  if (!holds || [expected, ...path].some((hash) => hash.length !== 32)) throw new BundleError("BUNDLE_LOG");
  const leaf = await sha256(joined(Uint8Array.of(0), entry));
  if (!(await included(leaf, BigInt(index[1]), BigInt(size), path, expected))) throw new BundleError("BUNDLE_LOG");
  return Number(index[1]);
}

/** @param {Bytes} leaf @param {bigint} index @param {bigint} size @param {Bytes[]} path @param {Bytes} root */
async function included(leaf, index, size, path, root) {
  if (index >= size) return false;
  let [first, last, found] = [index, size - 1n, leaf];
  for (const sibling of path) {
    if (last === 0n) return false;
    const right = (first & 1n) === 1n || first === last;
    found = await sha256(joined(Uint8Array.of(1), ...(right ? [sibling, found] : [found, sibling])));
    while (right && (first & 1n) === 0n && first !== 0n) [first, last] = [first >> 1n, last >> 1n];
    [first, last] = [first >> 1n, last >> 1n];
  }
  return last === 0n && compare(found, root) === 0;
}

function logged(read) {
  try {
    return read();
  } catch {
    throw new BundleError("BUNDLE_LOG");
  }
}

// Bytes and texts, each in one spelling.

/** @param {Bytes} said @param {string} what */
function objectOf(said, what) {
  try {
    const found = JSON.parse(strict(said));
    if (isObject(found)) return found;
  } catch {
    // As for what is no object.
  }
  throw new BundleError("BUNDLE_STATEMENT", what);
}

/** JSON with its members sorted and no spaces. @returns {string} */
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? "null";
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
};

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const integers = (...values) => values.every(Number.isInteger);
const texts = (values) => Array.isArray(values) && values.every((value) => typeof value === "string");

const strict = (data) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
const lossy = (data) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);

/** One character for each byte. @param {Bytes} data */
function latin1(data) {
  let text = "";
  for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
  return text;
}

const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const toBase64 = (data) => btoa(latin1(data));

/** @param {string} text @returns {Bytes} @throws unless it is the one spelling of its bytes */
function fromBase64(text) {
  const data = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  if (toBase64(data) !== text) throw new TypeError("not canonical");
  return data;
}

function fromBase64Url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new TypeError("not base64url");
  const padded = text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4);
  return fromBase64(padded);
}

function base32(data) {
  let [text, bits, held] = ["", 0, 0];
  for (const byte of data) {
    [held, bits] = [(held << 8) | byte, bits + 8];
    for (; bits >= 5; bits -= 5) text += "abcdefghijklmnopqrstuvwxyz234567"[(held >>> (bits - 5)) & 31];
    held &= 31;
  }
  return bits ? text + "abcdefghijklmnopqrstuvwxyz234567"[(held << (5 - bits)) & 31] : text;
}

/** @param {Bytes} one @param {Bytes} other */
function compare(one, other) {
  for (let i = 0; i < Math.min(one.length, other.length); i += 1) if (one[i] !== other[i]) return one[i] - other[i];
  return one.length - other.length;
}

/** @param {...Bytes} parts @returns {Bytes} */
function joined(...parts) {
  const data = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return data;
}
