/** Every operation of the desks where staff decide: acts of two officers, accounts, members of staff, identity at a counter. */

const PAGE = `pageInfo { hasNextPage endCursor }`;
const CARD = `organisation badge`;
const ACT_ROW = `id kind about state at expiresAt proposer { ${CARD} }`;
const ACT = `${ACT_ROW} reason note decidedAt decider { ${CARD} }
  details { until hold phone name badge unit department { code name } roles jurisdiction scopes serviceScopes exchangeTo }`;
const MEMBER = `id displayName phone badge organisation department { code name } roles jurisdiction suspended`;
const INTERVENTION = `id kind label reason at until hold officer { ${CARD} } second { ${CARD} }`;
const CLIENT = `id state client { id name operator purpose } profile redirectUris scopes`;
const ME = `staffMe { id badge organisation roles department { code name } jurisdiction { code name } }`;

export const PENDING_ACTS = `query PendingActs($after: String) {
  pendingActs(first: 20, after: $after) { nodes { ${ACT_ROW} } ${PAGE} }
  ${ME}
}`;

export const ACT_ONE = `query ActOne($id: ID!) { act(id: $id) { ${ACT} } ${ME} districts { code name } }`;

export const PROPOSE_ACT = `mutation ProposeAct($input: ProposeActInput!) { proposeAct(input: $input) { id } }`;

export const APPROVE_ACT = `mutation ApproveAct($id: ID!) { approveAct(id: $id) { id state } }`;

export const REJECT_ACT = `mutation RejectAct($id: ID!, $reason: String!) { rejectAct(id: $id, reason: $reason) { id state } }`;

export const WITHDRAW_ACT = `mutation WithdrawAct($id: ID!) { withdrawAct(id: $id) { id state } }`;

export const PROPOSE_FORM = `query ProposeForm { ${ME} districts { code name } }`;

export const MEMBERS = `query Members($after: String) {
  staffMembers(first: 20, after: $after) { nodes { ${MEMBER} } ${PAGE} }
  districts { code name }
}`;

export const MEMBER_ONE = `query MemberOne($id: ID!) { staffMember(id: $id) { ${MEMBER} } ${ME} districts { code name } }`;

export const CLIENTS = `query Clients { oidcClients(first: 100) { nodes { ${CLIENT} } } ${ME} districts { code name } }`;

export const FIND_CITIZEN = `mutation FindCitizen($input: FindCitizenInput!) { findCitizen(input: $input) { id maskedName } }`;

export const ACCOUNT = `query Account($id: ID!, $after: String) {
  accountInterventions(citizenId: $id, first: 20, after: $after) { nodes { ${INTERVENTION} } ${PAGE} }
}`;

export const FREEZE = `mutation Freeze($input: InterventionInput!) { freezeAccount(input: $input) { id until } }`;

export const UNFREEZE = `mutation Unfreeze($input: InterventionInput!) { unfreezeAccount(input: $input) { id } }`;

export const END_SESSIONS = `mutation EndSessions($input: InterventionInput!) { endAccountSessions(input: $input) { id } }`;

export const CONFIRM_AT_COUNTER = `mutation ConfirmAtCounter($input: ConfirmAtCounterInput!) {
  confirmAtCounter(input: $input) { maskedName level validUntil }
}`;

export const INTERVENTIONS = `query Interventions($after: String) {
  interventions(first: 20, after: $after) { nodes { ${INTERVENTION} } ${PAGE} }
}`;
