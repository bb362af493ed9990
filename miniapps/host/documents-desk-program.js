/** Every operation of the screens where officers let programs in, and settle what they may. */

const PAGE = `pageInfo { hasNextPage endCursor }`;
const BUILDER = `builder { id name verified person blocked ratedBecause grade }`;
const FINDING = `rule severity path line column message advice docs by`;
const SIDES = `added removed`;
const FILING = `appId district state askedAt decidedAt note`;
const DISTRICTS = `districts { code name }`;
const WORDS = `titles bodies`;
const TEMPLATE = `name state revision handedInAt refusedBecause bannedBecause handedIn { ${WORDS} } approved { ${WORDS} } banned`;
const QUOTA = `name perDay used`;

export const REVIEW_QUEUE = `query ReviewQueue($after: String) {
  reviewQueue(first: 20, after: $after) {
    nodes { id appId versionName versionCode programName secondLook asked ${BUILDER} findings { severity } steps { act at } }
    ${PAGE}
  }
  miniTemplatesWaiting(first: 1) { nodes { appId } }
  miniFilings { ${FILING} }
  ${DISTRICTS}
}`;

export const WORDS_WAITING = `query WordsWaiting($after: String) {
  miniTemplatesWaiting(first: 20, after: $after) {
    nodes { appId programName own ${BUILDER} template { ${TEMPLATE} } }
    ${PAGE}
  }
}`;

export const FIND_PROGRAMS = `query FindPrograms($search: String) {
  miniPrograms(search: $search, first: 20) { nodes { appId name shortName iconUrl organisation { id name verified } } }
}`;

export const VERSION_REVIEWED = `query VersionReviewed($id: ID!) {
  miniVersion(id: $id) {
    id appId versionName versionCode state packageSha256 bytes notes testAccount createdAt notBefore programName own secondLook tried
    asked granted ${BUILDER}
    permissions { name required reasonZh reasonEn }
    findings { ${FINDING} }
    steps { act state by at note }
    origin { publisher issuer claims }
    rollout { percent cohort paused }
    difference {
      manifest { name before after } permissions { ${SIDES} } domains { ${SIDES} } operations { ${SIDES} }
      files { path before after lines } cut
    }
  }
}`;

export const REVIEW_VERSION = `mutation ReviewVersion(
  $id: ID!, $decision: MiniReviewDecision!, $findings: [MiniFindingInput!], $granted: [String!],
  $notBefore: DateTime, $note: String
) {
  reviewVersion(id: $id, decision: $decision, findings: $findings, granted: $granted, notBefore: $notBefore, note: $note) {
    id state
  }
}`;

export const PROGRAM_RECORD = `query ProgramRecord($appId: String!) {
  programRecord(appId: $appId) {
    appId name category own running revoked given taken
    ${BUILDER}
    rating { grade score reasons }
    rollout { percent cohort paused versionCode }
    releases { versionName versionCode state at because }
    versions(first: 20) { nodes { id versionName versionCode state createdAt asked granted } }
    quotas { ${QUOTA} }
    filings { ${FILING} }
    blocked
  }
  ${DISTRICTS}
}`;

/** What reviewers alone are told beside it. */
export const REVIEWERS_RECORD = `query ReviewersRecord($appId: String!) {
  miniFilings { ${FILING} }
  miniTemplates(appId: $appId) { ${TEMPLATE} }
}`;

export const TEMPLATES = `query Templates($appId: String!) { miniTemplates(appId: $appId) { ${TEMPLATE} } }`;

export const BAN_TEMPLATE = `mutation BanTemplate($appId: String!, $name: String!, $banned: Boolean!, $reason: String!) {
  banMiniTemplate(appId: $appId, name: $name, banned: $banned, reason: $reason) { name }
}`;

export const DECIDE_TEMPLATE = `mutation DecideTemplate(
  $appId: String!, $name: String!, $revision: String!, $accepted: Boolean!, $reason: String!
) {
  decideMiniTemplate(appId: $appId, name: $name, revision: $revision, accepted: $accepted, reason: $reason) { name }
}`;

export const TRY_UNDER_REVIEW = `mutation TryUnderReview($id: ID!) { tryUnderReview(id: $id) { id tried } }`;

export const GRANT_CAPABILITY = `mutation GrantCapability($appId: String!, $name: String!, $reason: String!) {
  grantCapability(appId: $appId, name: $name, reason: $reason) { given taken }
}`;

export const TAKE_CAPABILITY = `mutation TakeCapability($appId: String!, $name: String!, $reason: String!) {
  takeCapability(appId: $appId, name: $name, reason: $reason) { given taken }
}`;

export const SET_QUOTA = `mutation SetQuota($appId: String!, $name: String!, $perDay: Int) {
  setQuota(appId: $appId, name: $name, perDay: $perDay) { ${QUOTA} }
}`;

export const DECIDE_FILING = `mutation DecideFiling($appId: String!, $district: String!, $filed: Boolean!, $note: String!) {
  decideFiling(appId: $appId, district: $district, filed: $filed, note: $note) { ${FILING} }
}`;

export const RATE_ORGANISATION = `mutation RateOrganisation($organisation: ID!, $grade: DeveloperGrade, $reason: String!) {
  rateOrganisation(organisation: $organisation, grade: $grade, reason: $reason) { grade }
}`;
