/** What goes wrong for a program, with the codes of the bridge's contract (`E_…`): stable, shared with SDK and server. */

import { CityError, lineBroke, NOT_PROVEN } from "../api.js";
import { prefs } from "../prefs.js";
import { ERRORS } from "./generated/bridge.js";

export class BridgeError extends Error {
  /**
   * @param {string} code
   * @param {{ why?: "manifest" | "review" | "consent" | "policy" | "context" | "quota", path?: string, retryAfterMs?: number, message?: string }} [more]
   *   path: of the parameter at fault, as a JSON pointer. message: in place of the contract's words
   */
  constructor(code, more = {}) {
    super(more.message ?? code);
    this.code = code;
    this.more = more;
  }
}

/** Which rule said no, and what the program hears. */
export const REFUSALS = {
  manifest: "E_NOT_DECLARED",
  review: "E_NOT_GRANTED",
  policy: "E_POLICY",
  context: "E_POLICY",
  quota: "E_QUOTA",
  consent: "E_CONSENT_REQUIRED",
};

/** The city's codes, as a program knows them; the rest by their kind. @type {Record<string, (error: CityError) => BridgeError>} */
const OF_CITY = {
  [NOT_PROVEN]: () => new BridgeError("E_USER_CANCEL"),
  UNAUTHENTICATED: () => new BridgeError("E_DISCONNECTED"),
  MINIAPPS_SESSION_OVER: ({ extensions }) => new BridgeError(ENDINGS[String(extensions.because)] ?? "E_DISCONNECTED"),
  MINIAPPS_NOT_PERMITTED: ({ extensions }) => refusal(String(extensions.why)),
  MINIAPPS_STORAGE_FULL: () => new BridgeError("E_QUOTA", { why: "quota" }),
  MINIAPPS_DOCUMENT_UNKNOWN: () => new BridgeError("E_DOC_UNKNOWN", { why: "review" }),
  MINIAPPS_DOCUMENT_REVOKED: () => new BridgeError("E_DOC_REVOKED", { why: "policy" }),
  MINIAPPS_FIELD_WITHHELD: () => new BridgeError("E_FIELD_WITHHELD", { why: "consent" }),
};

/** Why a session ended, where that is more than that it did. */
export const ENDINGS = { VERSION_REVOKED: "E_VERSION_REVOKED", PROGRAM_REVOKED: "E_APP_REVOKED" };

/** @param {string} why  one of REFUSALS */
export const refusal = (why) =>
  Object.hasOwn(REFUSALS, why)
    ? new BridgeError(REFUSALS[why], { why: /** @type {any} */ (why) })
    : new BridgeError("E_POLICY", { why: "policy" });

/**
 * Any error as one of the contract's; what nobody foresaw is E_INTERNAL and keeps its words to itself.
 * @param {any} error
 * @returns {BridgeError}
 */
export function bridgeError(error) {
  if (error instanceof BridgeError) return error;
  if (error?.name === "AbortError") return new BridgeError("E_ABORTED");
  if (!(error instanceof CityError)) return new BridgeError("E_INTERNAL");
  if (lineBroke(error)) return new BridgeError("E_NETWORK");
  if (Object.hasOwn(OF_CITY, error.code)) return OF_CITY[error.code](error);
  if (error.extensions.kind === "LIMITED") {
    return new BridgeError("E_RATE_LIMITED", { why: "quota", retryAfterMs: 1000 * Number(error.extensions.retry_after_s ?? 1) });
  }
  return new BridgeError(error.extensions.kind === "UNAVAILABLE" ? "E_NETWORK" : "E_INTERNAL");
}

/** As it goes over the port. @param {BridgeError} error */
export function onWire({ code, more }) {
  const { errno, message, docs } = ERRORS[code];
  return {
    code,
    errno,
    message: more.message ?? message[prefs().locale] ?? message.en,
    ...(more.why && { why: more.why }),
    ...(more.path !== undefined && { path: more.path }),
    ...(more.retryAfterMs && { retryAfter: Math.ceil(more.retryAfterMs / 1000) }),
    docs,
  };
}
