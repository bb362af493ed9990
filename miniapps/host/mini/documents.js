/** What the runtime asks the city's graph. */

const CAPABILITY = "name state why reason";

const SESSION = `
  id page query scene referrerAppId trial storage storageRevision
  program {
    appId name shortName iconUrl versionName
    organisation { id name verified }
  }
  release {
    id appId versionName versionCode packageUrl packageSha256 filesH1 origin root manifest
  }
  capabilities { ${CAPABILITY} }
`;

export const OPEN = `
  mutation OpenMiniProgram($appId: String!, $page: String, $query: JSON, $scene: String, $referrer: ID) {
    openMiniProgram(appId: $appId, page: $page, query: $query, scene: $scene, referrerSession: $referrer) { ${SESSION} }
  }
`;

export const CLOSE = `
  mutation CloseMiniProgram($session: ID!) { closeMiniProgram(session: $session) }
`;

/** How a session stands, and whether there is a newer version: polled. */
export const STANDING = `
  query MiniSession($session: ID!, $appId: String!) {
    miniSession(session: $session) { ended capabilities { ${CAPABILITY} } }
    miniProgram(appId: $appId) { versionName versionCode }
  }
`;

export const STORE = `
  mutation WriteMiniStorage($session: ID!, $revision: Int!, $put: JSON, $removed: [String!], $clear: Boolean) {
    writeMiniStorage(session: $session, revision: $revision, put: $put, removed: $removed, clear: $clear) { revision }
  }
`;

export const LOGIN = `
  mutation MiniLogin($session: ID!) { miniLogin(session: $session) { code expiresIn } }
`;

export const LAUNCH_TOKEN = `
  mutation MiniLaunchToken($session: ID!) { miniLaunchToken(session: $session) { token expiresAt } }
`;

export const PHONE_CODE = `
  mutation MiniPhoneCode($session: ID!) { miniPhoneCode(session: $session) { code expiresIn } }
`;

export const ANSWER = `
  mutation AnswerMiniPermissions($session: ID!, $granted: [String!]!, $denied: [String!]!, $text: String!) {
    answerMiniPermissions(session: $session, granted: $granted, denied: $denied, text: $text) { ${CAPABILITY} }
  }
`;

export const SUBSCRIPTIONS_WANTED = `
  query MiniSubscriptionsWanted($session: ID!, $templates: [String!]!) {
    miniSubscriptionsWanted(session: $session, templates: $templates) { name choice words { title body } }
  }
`;

export const SUBSCRIBE = `
  mutation AnswerMiniSubscriptions(
    $session: ID!, $accepted: [String!]!, $refused: [String!]!, $always: Boolean!, $text: String!
  ) {
    answerMiniSubscriptions(
      session: $session, accepted: $accepted, refused: $refused, always: $always, text: $text
    ) { name choice }
  }
`;

export const NOTE = `
  mutation NoteMiniLogs($session: ID!, $entries: [MiniLogEntry!]!) { noteMiniLogs(session: $session, entries: $entries) }
`;

export const SETTLE = `
  mutation SetMiniPermission($appId: String!, $name: String!, $state: MiniPermissionChoice!) {
    setMiniPermission(appId: $appId, name: $name, state: $state) { ${CAPABILITY} }
  }
`;
