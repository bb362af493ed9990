/** Proving who one is, getting a lost account back, two accounts that become one. */

import { TOKENS } from "./selections.js";

const KNOWN = `id realNameLevel`;
const RECOVERY = `id state expiresAt dueAt checkUrl`;

// --- who one is

export const CONFIRM_DOCUMENT = `mutation ConfirmDocument($input: ConfirmDocumentInput!) { confirmDocument(input: $input) { ${KNOWN} } }`;

export const BEGIN_FACE_CHECK = `mutation BeginFaceCheck { beginFaceCheck { id url expiresAt } }`;

export const FINISH_FACE_CHECK = `mutation FinishFaceCheck($id: ID!, $result: String!) {
  finishFaceCheck(id: $id, result: $result) { ${KNOWN} }
}`;

export const CONFIRM_NET_ID = `mutation ConfirmNetId($credential: String!) { confirmNetId(credential: $credential) { ${KNOWN} } }`;

export const COUNTER_TICKET = `mutation CounterTicket { issueCounterTicket { code expiresAt } }`;

// --- a lost phone

export const BEGIN_RECOVERY = `mutation BeginRecovery($input: BeginRecoveryInput!) { beginRecovery(input: $input) { ${RECOVERY} } }`;

export const CONFIRM_RECOVERY = `mutation ConfirmRecovery($id: ID!, $code: String!) {
  confirmRecovery(id: $id, code: $code) { ${RECOVERY} }
}`;

export const PROVE_RECOVERY = `mutation ProveRecovery($id: ID!, $result: String!) {
  proveRecovery(id: $id, result: $result) { ${RECOVERY} }
}`;

export const FINISH_RECOVERY = `mutation FinishRecovery($id: ID!, $deviceName: String!) {
  finishRecovery(id: $id, deviceName: $deviceName) { ${TOKENS} }
}`;

export const RECOVERIES = `query Recoveries { recoveries { id state askedAt dueAt maskedPhone } }`;

export const STOP_RECOVERY = `mutation StopRecovery($id: ID!) { stopRecovery(id: $id) { id state } }`;

// --- a number that had another holder

export const WAKE_ACCOUNT = `mutation WakeAccount($input: WakeAccountInput!) { wakeAccount(input: $input) { ${TOKENS} } }`;

export const BEGIN_ANEW = `mutation BeginAnew($pendingId: ID!, $deviceName: String!) {
  beginAnew(pendingId: $pendingId, deviceName: $deviceName) { ${TOKENS} }
}`;

// --- two accounts

export const BEGIN_MERGE = `mutation BeginMerge($phone: String!) { beginMerge(phone: $phone) { id expiresAt } }`;

export const CONFIRM_MERGE = `mutation ConfirmMerge($id: ID!, $code: String!) { confirmMerge(id: $id, code: $code) }`;
