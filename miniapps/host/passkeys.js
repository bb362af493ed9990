/**
 * Passkeys as a browser makes and shows them (WebAuthn level 3), in the JSON that the city speaks. The bytes are turned
 * by hand: `parseCreationOptionsFromJSON` and `toJSON` are younger than the phones that people have.
 */

import { askOpenly, CityError, whole } from "./api.js";
import { BEGIN_PASSKEY_SIGN_IN } from "./documents-security.js";

/** Closed by its owner, or too slow: browsers do not say which. */
export const PASSKEY_CANCELLED = "CLIENT_PASSKEY_CANCELLED";
const KNOWN = "CLIENT_PASSKEY_KNOWN";
const FAILED = "CLIENT_PASSKEY_FAILED";

/** A passkey belongs to a name: a browser knows none for a number, and none without a lock on the line. */
export const passkeysHere = () =>
  isSecureContext && "PublicKeyCredential" in window && !/^[\d.]+$|^\[/.test(location.hostname);

/** Does the browser offer passkeys where one types a phone number? */
export const offeredWhileTyping = async () =>
  passkeysHere() && Boolean(await PublicKeyCredential.isConditionalMediationAvailable?.());

/** @param {string} options  of the city, as JSON @returns {Promise<string>} what the browser made, as JSON */
export async function makePasskey(options) {
  const asked = JSON.parse(options);
  const publicKey = {
    ...asked,
    challenge: bytes(asked.challenge),
    user: { ...asked.user, id: bytes(asked.user.id) },
    excludeCredentials: (asked.excludeCredentials ?? []).map(withBytes),
  };
  const made = await navigator.credentials.create({ publicKey }).catch(refused);
  const { clientDataJSON, attestationObject } = made.response;
  return told(made, {
    clientDataJSON: text(clientDataJSON),
    attestationObject: text(attestationObject),
    transports: made.response.getTransports?.() ?? [],
  });
}

/**
 * Have a challenge of the city answered with a passkey.
 * @param {{ audience: import("./session.js").Audience, signal?: AbortSignal, whileTyping?: boolean }} how
 *   whileTyping: offered among what the browser fills in, until `signal` aborts, instead of asked for
 * @returns {Promise<{ id: string, credential: string }>}
 */
export async function showPasskey({ audience, signal, whileTyping }) {
  const { beginPasskeySignIn: challenge } = await whole(askOpenly(BEGIN_PASSKEY_SIGN_IN, { audience }));
  const asked = JSON.parse(challenge.options);
  const publicKey = {
    ...asked,
    challenge: bytes(asked.challenge),
    allowCredentials: (asked.allowCredentials ?? []).map(withBytes),
  };
  const mediation = whileTyping ? { mediation: "conditional" } : {};
  const shown = await navigator.credentials.get({ publicKey, signal, ...mediation }).catch(refused);
  const { clientDataJSON, authenticatorData, signature, userHandle } = shown.response;
  const response = {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    ...(userHandle ? { userHandle: text(userHandle) } : {}),
  };
  return { id: challenge.id, credential: told(shown, response) };
}

const told = (credential, response) =>
  JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  });

/** @returns {never} */
function refused(cause) {
  if (cause.name === "InvalidStateError") throw new CityError(KNOWN, "");
  throw new CityError(["NotAllowedError", "AbortError"].includes(cause.name) ? PASSKEY_CANCELLED : FAILED, "");
}

const withBytes = (credential) => ({ ...credential, id: bytes(credential.id) });

/** Base64url, as WebAuthn writes bytes in JSON. @param {string} words */
const bytes = (words) => Uint8Array.from(atob(words.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));

/** @param {ArrayBuffer} buffer */
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
