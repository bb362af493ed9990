// Made by `make contract` of sdk/contract/bridge.schema.json; not to be changed by hand.
const ROWS = {
  E_NO_HOST: [1001, "This page does not run in the city's app. Check mp.inHost."],
  E_TIMEOUT: [1002, "No answer came in time. Try again, or give a longer timeout.", 1],
  E_DISCONNECTED: [1003, "The line to the host ended: the page closes or loads anew.", 1],
  E_UNSUPPORTED: [1004, "This host does not offer that. Ask mp.canIUse first."],
  E_INVALID_PARAM: [1005, "A parameter is not as documented; path says which."],
  E_RATE_LIMITED: [1006, "Too many calls. Wait for retryAfter seconds.", 1],
  E_QUOTA: [1007, "A limit is reached. Remove something first."],
  E_ABORTED: [1008, "The program called this off."],
  E_INTERNAL: [1009, "Something failed in the city's app. Try again later.", 1],
  E_TOO_LARGE: [1010, "The message is too large. Send less at once."],
  E_USER_CANCEL: [1101],
  E_PERMISSION_DENIED: [1102],
  E_NOT_DECLARED: [1103],
  E_NOT_GRANTED: [1104],
  E_CONSENT_REQUIRED: [1105],
  E_NEEDS_GESTURE: [1106],
  E_UI_BUSY: [1107, 0, 1],
  E_POLICY: [1108],
  E_NETWORK: [1201, "The network could not be reached. Try again later.", 1],
  E_DOMAIN_NOT_ALLOWED: [1202, "That domain is not in the manifest's city_domains."],
  E_HTTP: [1203, "The server answered with an error; data.status says which."],
  E_DOC_UNKNOWN: [1301],
  E_DOC_REVOKED: [1302],
  E_FIELD_WITHHELD: [1303],
  E_ORDER_INVALID: [1401],
  E_PAY_LIMIT: [1402],
  E_APP_REVOKED: [1501],
  E_VERSION_REVOKED: [1502],
  E_UPDATE_REQUIRED: [1503],
};

export const ERRORS = {};
for (const [code, [errno, message, retryable]] of Object.entries(ROWS)) {
  const words = message || code.slice(2).toLowerCase().replaceAll('_', ' ');
  ERRORS[code] = { errno, message: words, retryable: !!retryable, docs: `https://open.city.example/docs/sdk/bridge#${code}` };
}
