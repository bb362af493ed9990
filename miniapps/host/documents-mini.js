/** Every operation of the screens of mini-programs; what runs one asks by itself (`mini/documents.js`). */

const PROGRAM = `appId name shortName iconUrl organisation { id name verified }`;
const ROW = `${PROGRAM} description category`;
const CAPABILITY = `name state why reason`;

export const MINI_PROGRAMS = `query MiniPrograms($search: String, $category: MiniCategory, $district: String, $after: String) {
  miniPrograms(search: $search, category: $category, district: $district, first: 20, after: $after) {
    nodes { ${ROW} }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const HOME_DISTRICT = `query HomeDistrict { me { id homeDistrict { code } } }`;

export const MINI_PROGRAM = `query MiniProgram($appId: String!) {
  miniProgram(appId: $appId) { ${ROW} versionName }
  miniCapabilities(appId: $appId) { ${CAPABILITY} }
}`;

/** Whom a sheet is about to lead to. */
export const MINI_NAME = `query MiniName($appId: String!) { miniProgram(appId: $appId) { ${PROGRAM} } }`;

export const MINI_PERMITS = `query MiniPermits($after: String) {
  me {
    id
    miniPermits(first: 50, after: $after) {
      nodes { id name givenAt lastUsedAt program { ${PROGRAM} } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;

const SUBSCRIPTION = `template left always words { title body }`;

export const MINI_SUBSCRIPTIONS = `query MiniSubscriptions($appId: String!) {
  miniSubscriptions(appId: $appId) { ${SUBSCRIPTION} }
}`;

export const TAKE_BACK_MINI_SUBSCRIPTION = `mutation TakeBackMiniSubscription($appId: String!, $template: String!) {
  takeBackMiniSubscription(appId: $appId, template: $template) { ${SUBSCRIPTION} }
}`;

export const SET_MINI_PERMISSION = `mutation SetMiniPermissionOutside($appId: String!, $name: String!, $state: MiniPermissionChoice!) {
  setMiniPermission(appId: $appId, name: $name, state: $state) { ${CAPABILITY} }
}`;
