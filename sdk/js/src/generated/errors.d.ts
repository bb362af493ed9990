// Made by `make contract` of sdk/contract/bridge.schema.json; not to be changed by hand.
export type ErrorCode =
  /** 1001: This page does not run in the city's app. Check mp.inHost. */
  | 'E_NO_HOST'
  /** 1002: No answer came in time. Try again, or give a longer timeout. */
  | 'E_TIMEOUT'
  /** 1003: The line to the host ended: the page closes or loads anew. */
  | 'E_DISCONNECTED'
  /** 1004: This host does not offer that. Ask mp.canIUse first. */
  | 'E_UNSUPPORTED'
  /** 1005: A parameter is not as documented; path says which. */
  | 'E_INVALID_PARAM'
  /** 1006: Too many calls. Wait for retryAfter seconds. */
  | 'E_RATE_LIMITED'
  /** 1007: A limit is reached. Remove something first. */
  | 'E_QUOTA'
  /** 1008: The program called this off. */
  | 'E_ABORTED'
  /** 1009: Something failed in the city's app. Try again later. */
  | 'E_INTERNAL'
  /** 1010: The message is too large. Send less at once. */
  | 'E_TOO_LARGE'
  /** 1101: The citizen cancelled. */
  | 'E_USER_CANCEL'
  /** 1102: The citizen said no. Go on without it, or offer mp.openSetting. */
  | 'E_PERMISSION_DENIED'
  /** 1103: The manifest does not declare this permission. Add it to req_permissions with a reason. */
  | 'E_NOT_DECLARED'
  /** 1104: The review did not grant this permission to the version. Ask for it with the next submission. */
  | 'E_NOT_GRANTED'
  /** 1105: The citizen has not been asked yet, or took it back. Call mp.authorize. */
  | 'E_CONSENT_REQUIRED'
  /** 1106: This must follow a tap of the citizen, in a program that is shown. */
  | 'E_NEEDS_GESTURE'
  /** 1107: Another sheet of the host is open. Wait until it closes. */
  | 'E_UI_BUSY'
  /** 1108: The city's rules forbid it here: age, guardian or region. */
  | 'E_POLICY'
  /** 1201: The network could not be reached. Try again later. */
  | 'E_NETWORK'
  /** 1202: That domain is not in the manifest's city_domains. */
  | 'E_DOMAIN_NOT_ALLOWED'
  /** 1203: The server answered with an error; data.status says which. */
  | 'E_HTTP'
  /** 1301: That document is not one of this version's. Run tong typegen and submit again. */
  | 'E_DOC_UNKNOWN'
  /** 1302: The city withdrew that document. */
  | 'E_DOC_REVOKED'
  /** 1303: The citizen withholds a field without which there is no answer; withheld says which. */
  | 'E_FIELD_WITHHELD'
  /** 1401: The order is unknown, paid, closed or expired. Create another on your server. */
  | 'E_ORDER_INVALID'
  /** 1402: The payment is above a limit of the citizen or of the program. */
  | 'E_PAY_LIMIT'
  /** 1501: The city took this mini-program out of service. */
  | 'E_APP_REVOKED'
  /** 1502: This version was revoked. Close and open again. */
  | 'E_VERSION_REVOKED'
  /** 1503: A newer version is required. Close and open again. */
  | 'E_UPDATE_REQUIRED';

/** Who said no. */
export type Why = 'consent' | 'context' | 'manifest' | 'policy' | 'quota' | 'review';

export interface ErrorRow {
  errno: number;
  message: string;
  retryable: boolean;
  docs: string;
}
export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>>;
