/** Every operation of the provider's pages and of one's own data: who asks, what was agreed, who read, a copy, leaving. */

const ASKED = `id offline level fresh userCode expiresAt
  client { id name operator purpose } claims { name title essential class level forAnother }`;
const FIELD = `code name sensitive`;
const CONSENT_ROW = `id clientName purpose basis since until withdrawnAt fields { ${FIELD} }`;
const DOWNLOAD = `id state askedAt readyAt expiresAt size url`;
const LEAVING = `id state askedAt dueAt heldUntil`;

export const INTERACTION = `query Interaction($id: ID!) { interaction(id: $id) { ${ASKED} } }`;

const MINE = `relations { id kindLabel agency { organisation } subject { maskedName } }`;

export const INTERACTION_MINE = `query InteractionMine($id: ID!) {
  interaction(id: $id) { ${ASKED} ${MINE} }
  me { id maskedName realNameLevel }
}`;

export const ENTER_USER_CODE = `mutation EnterUserCode($userCode: String!) { enterUserCode(userCode: $userCode) { id } }`;

export const APPROVE = `mutation Approve($input: ApproveInteractionInput!) { approveInteraction(input: $input) { redirectTo } }`;

export const DENY = `mutation Deny($id: ID!) { denyInteraction(id: $id) { redirectTo } }`;

export const MY_DATA = `query MyData {
  consents { id withdrawnAt until }
  dataDownloads { id state }
  erasure { ${LEAVING} }
}`;

export const CONSENTS = `query Consents {
  consents { ${CONSENT_ROW} history { id act at until textHash language text fields { ${FIELD} } } }
}`;

export const TAKE_BACK = `mutation TakeBack($id: ID!, $fields: [String!]) {
  revokeConsent(id: $id, fields: $fields) { id withdrawnAt }
}`;

export const ACCESS_LOG = `query AccessLog($after: String) {
  accessLog(first: 20, after: $after) {
    nodes {
      id at purpose reason program fields { ${FIELD} }
      officer { organisation badge } person { maskedName } onBehalfOf { maskedName }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const EXPORT_LOG = `query ExportLog($format: ExportFormat!) {
  exportAccessLog(format: $format) { fileName contentType content entries complete }
}`;

export const DOWNLOADS = `query Downloads { dataDownloads { ${DOWNLOAD} } }`;

export const ASK_DOWNLOAD = `mutation AskDownload { requestDataDownload { id state } }`;

export const LEAVE = `query Leave { erasureTerms { graceDays retained { what why } } erasure { ${LEAVING} } }`;

export const ERASE = `mutation Erase { eraseAccount { ${LEAVING} } }`;

export const STAY = `mutation Stay { cancelErasure { ${LEAVING} } }`;
