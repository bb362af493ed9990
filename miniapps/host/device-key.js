/**
 * The key of this device, and proofs that a request comes from whoever holds it (DPoP, RFC 9449).
 *
 * WebCrypto makes it so that no script can read it, and IndexedDB keeps it, one for all tabs; it stays when somebody
 * signs out, because the city knows the device by it. Whoever carries a token away has nothing without it. A browser that
 * makes or keeps no such key gets sessions without one; so does a page at another address than the city's own (`htu`).
 */

import { cityNow, learnTime, onSessionChange, randomId } from "./session.js";
import { dropKey, oneKey, readKey } from "./vault.js";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNED = { name: "ECDSA", hash: "SHA-256" };
const REFUSED = "AUTH_DPOP_PROOF_INVALID";

/** @typedef {{ privateKey: CryptoKey, jwk: { kty: string, crv: string, x: string, y: string } }} DeviceKey */

/** @type {Promise<DeviceKey | null> | null} */
let held = null;
/** The city took no proof of this page for a session to begin with: none is shown for that any more. */
let untaken = false;

onSessionChange(() => (held = null));

/** Does the token open anything without a key? It says so itself (`cnf`, RFC 9449 §6.1). @param {string} token */
export const isBound = (token) => {
  try {
    return "cnf" in JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
  } catch {
    return false;
  }
};

/** What a new session is bound to, as the city registers it; null where there is no key. @param {string} path */
export async function registration(path) {
  const key = untaken ? null : await made();
  return key && { publicKey: JSON.stringify(key.jwk), proof: await proof(key, { method: "POST", path }) };
}

/** The city is to know this device no more. */
export async function forgetKey() {
  held = null;
  await dropKey();
}

/**
 * @typedef {{ method: string, path: string, token?: string | null, begins?: boolean }} Errand
 *   token: who asks; begins: a session that is to be bound may come of it
 * @typedef {{ code: string | null, date: string | null }} Sent  what the city refused it for; its `Date`
 */

/**
 * Send what shows who asks. A proof that was refused is made once more by the city's clock; where that is no better, a
 * session begins without one.
 * @template {Sent} T
 * @param {Errand} errand
 * @param {(headers: Record<string, string>) => Promise<T>} send
 * @returns {Promise<T>}
 */
export async function sendShown(errand, send) {
  const first = await shown(errand);
  const answer = await send(first);
  if (!first.DPoP || answer.code !== REFUSED) return answer;
  learnTime(answer.date);
  const second = await send(await shown(errand));
  if (errand.token || second.code !== REFUSED) return second;
  untaken = true;
  return send(await shown(errand));
}

/** @param {Errand} errand @returns {Promise<Record<string, string>>} */
async function shown({ method, path, token, begins }) {
  if (!token) {
    const key = begins && !untaken ? await made() : null;
    return key ? { DPoP: await proof(key, { method, path }) } : {};
  }
  if (!isBound(token)) return { Authorization: `Bearer ${token}` };
  const key = await kept();
  const by = key ? { DPoP: await proof(key, { method, path, token }) } : {};
  return { Authorization: `DPoP ${token}`, ...by };
}

/** The key that this device has, or a new one. */
const made = async () => (await kept()) ?? (await (held = generated().catch(() => null)));

const kept = () => (held ??= readKey().catch(() => null));

/** @returns {Promise<DeviceKey>} of two tabs that make one at once, both get the first */
async function generated() {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(CURVE, false, ["sign"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  return oneKey({ privateKey, jwk: { kty, crv, x, y } });
}

/** @param {DeviceKey} key @param {{ method: string, path: string, token?: string }} request */
async function proof({ privateKey, jwk }, { method, path, token }) {
  const claims = {
    jti: randomId("pf"),
    htm: method,
    htu: location.origin + path,
    iat: Math.floor(cityNow() / 1000),
    ...(token ? { ath: base64url(await crypto.subtle.digest("SHA-256", bytes(token))) } : {}),
  };
  const words = [{ typ: "dpop+jwt", alg: "ES256", jwk }, claims].map((part) => base64url(bytes(JSON.stringify(part))));
  const signed = words.join(".");
  return `${signed}.${base64url(await crypto.subtle.sign(SIGNED, privateKey, bytes(signed)))}`;
}

/** @param {string} text */
const bytes = (text) => new TextEncoder().encode(text);

/** @param {ArrayBuffer | Uint8Array} buffer */
const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
