/** Every operation that the shell sends: one for each screen. A test checks them against the city's schema. */

import { TOKENS } from "./selections.js";

const SCAN = `id at purpose purposeLabel scanner { organisation badge }`;
const MINI = `appId name shortName iconUrl`;
const SEEN = `id at purpose purposeLabel codeIssuedAt person { maskedName realNameLevel }`;
const SESSIONS = `sessions(first: 20, after: $after) {
  nodes { id deviceName createdAt lastSeenAt current revokedAt }
  pageInfo { hasNextPage endCursor }
}`;

export const SIGN_IN_RULES = `query SignInRules { signInRules { codeLength codeLifetimeS resendAfterS } }`;

export const REQUEST_CODE = `mutation RequestCode($input: RequestSignInCodeInput!) {
  requestSignInCode(input: $input) { expiresAt resendAfterS }
}`;

export const SIGN_IN = `mutation SignIn($input: SignInInput!) { signIn(input: $input) { ${TOKENS} } }`;

export const REFRESH = `mutation Refresh($refreshToken: String!) { refreshSession(refreshToken: $refreshToken) { ${TOKENS} } }`;

export const SIGN_OUT = `mutation SignOut { signOut }`;

export const HOME = `query Home($district: String) {
  me {
    id name maskedName maskedPhone
    homeDistrict {
      code name
      airQuality {
        observedAt aqi category categoryLabel advice stationCount synthetic source
        primaryPollutant { name }
      }
    }
    scans(first: 1) { nodes { ${SCAN} } }
    unreadCount
    inbox(first: 10, unreadOnly: true) { nodes { id category subject link } }
    licences { id status validUntil expiresInDays type { code name } }
    bills(status: UNPAID, first: 100) { nodes { id title amount { amount text } dueOn status overdue } }
    cases(first: 1) { nodes { id statusLabel } }
    healthStatus { colour label }
    relations { id side }
    recentMiniPrograms(first: 4) { ${MINI} }
  }
  miniPrograms(first: 8, district: $district) { nodes { ${MINI} } }
}`;

export const CODE = `query Code {
  me {
    id maskedName realNameLevel
    cityCode { text issuedAt expiresAt lifetimeS }
    scans(first: 1) { nodes { ${SCAN} } }
  }
}`;

/** Of a child, for the guardian who shows it: who scanned is the child's own to know. */
export const CODE_FOR = `query CodeFor {
  me { id maskedName realNameLevel cityCode { text issuedAt expiresAt lifetimeS } }
}`;

export const SCANS = `query Scans($after: String) {
  me { id scans(first: 20, after: $after) { nodes { ${SCAN} } pageInfo { hasNextPage endCursor } } }
}`;

export const ME = `query Me { me { id name maskedName maskedPhone realNameLevel homeDistrict { code name } } }`;

export const STAFF_ME = `query StaffMe { staffMe { id displayName badge organisation jurisdiction { code name } } }`;

export const DEVICES = `query Devices($after: String) { me { id ${SESSIONS} } }`;

export const STAFF_DEVICES = `query StaffDevices($after: String) { staffMe { id ${SESSIONS} } }`;

export const REVOKE = `mutation Revoke($id: ID!) { revokeSession(id: $id) { id revokedAt } }`;

export const DISTRICTS = `query Districts { districts { code name } me { id homeDistrict { code } } }`;

export const SET_DISTRICT = `mutation SetDistrict($code: ID!) { setHomeDistrict(code: $code) { id homeDistrict { code name } } }`;

export const DESK = `query Desk($after: String) {
  staffMe { id displayName badge organisation jurisdiction { name } }
  scanTallies { purpose purposeLabel day count }
  staffScans(first: 20, after: $after) { nodes { ${SEEN} } pageInfo { hasNextPage endCursor } }
}`;

export const SCAN_CODE = `mutation ScanCode($input: ScanCityCodeInput!) { scanCityCode(input: $input) { ${SEEN} } }`;
