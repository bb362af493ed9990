// Made by `make contract` of sdk/contract/bridge.schema.json; not to be changed by hand.
const row = (errno, message, retryable = false) => ({ errno, message, retryable });

export const ERRORS = {
  E_NO_HOST: row(1001, "This page does not run in the city's app. Check mp.inHost, or use @citytong/sdk/testing."),
  E_TIMEOUT: row(1002, "No answer came in time. Try again, or give a longer timeout.", true),
  E_DISCONNECTED: row(1003, "The connection to the host ended. The page is being closed or loaded anew.", true),
  E_UNSUPPORTED: row(1004, "This host does not offer that. Ask mp.canIUse first."),
  E_INVALID_PARAM: row(1005, "A parameter is not as documented; path says which."),
  E_RATE_LIMITED: row(1006, "Too many calls. Wait for retryAfter seconds.", true),
  E_QUOTA: row(1007, "A limit is reached. Remove something, or ask for a higher quota."),
  E_ABORTED: row(1008, "The program itself called this off."),
  E_INTERNAL: row(1009, "Something failed in the city's app. Try again later.", true),
  E_TOO_LARGE: row(1010, "The message is too large. Send less at once."),
  E_USER_CANCEL: row(1101, "The citizen cancelled."),
  E_PERMISSION_DENIED: row(1102, "The citizen said no. Go on without it, or offer mp.openSetting."),
  E_NOT_DECLARED: row(1103, "The manifest does not declare this permission. Add it to req_permissions with a reason."),
  E_NOT_GRANTED: row(1104, "The review did not grant this permission to the version. Ask for it with the next submission."),
  E_CONSENT_REQUIRED: row(1105, "The citizen has not been asked yet, or took it back. Call mp.authorize."),
  E_NEEDS_GESTURE: row(1106, "This must follow a tap of the citizen, in a program that is shown."),
  E_UI_BUSY: row(1107, "Another sheet of the host is open. Wait until it closes.", true),
  E_POLICY: row(1108, "The city's rules forbid it here: age, guardian or region."),
  E_NETWORK: row(1201, "The network could not be reached. Try again when the line is back.", true),
  E_DOMAIN_NOT_ALLOWED: row(1202, "That domain is not among city_domains of the manifest."),
  E_HTTP: row(1203, "The server answered with an error; data.status says which."),
  E_DOC_UNKNOWN: row(1301, "That document is not one of this version's. Run tong typegen and submit again."),
  E_DOC_REVOKED: row(1302, "The city withdrew that document."),
  E_FIELD_WITHHELD: row(1303, "The citizen withholds a field without which there is no answer; withheld says which."),
  E_ORDER_INVALID: row(1401, "The order is unknown, paid, closed or expired. Create another on your server."),
  E_PAY_LIMIT: row(1402, "The payment is above a limit of the citizen or of the program."),
  E_APP_REVOKED: row(1501, "The city took this mini-program out of service."),
  E_VERSION_REVOKED: row(1502, "This version was revoked. Close and open again."),
  E_UPDATE_REQUIRED: row(1503, "A newer version is required. Close and open again."),
};

for (const code of Object.keys(ERRORS)) ERRORS[code].docs = `https://open.city.example/docs/sdk/bridge#${code}`;
