/** Every operation of acting for others, of organisations, and of who one is. */

const PAGE = `pageInfo { hasNextPage endCursor }`;
const POST = `role roleLabel matters matterLabels limits { matter amount { amount text } } since until`;
const RELATION = `id kind kindLabel side matters matterLabels provenBy since until endedAt onceOnly paused
  agency { organisation role } actor { maskedName } subject { maskedName }`;
const INVITATION = `id kindLabel sent side addressee matterLabels until onceOnly state createdAt expiresAt
  agency { organisation role } sender { maskedName }`;

export const FAMILY = `query Family($after: String) {
  me {
    id
    relations { ${RELATION} }
    actings(first: 10, after: $after) {
      nodes {
        id kindLabel at expiresAt matterLabels
        agency { organisation } actor { maskedName } subject { maskedName }
      } ${PAGE}
    }
  }
  invitations { ${INVITATION} }
}`;

export const RENEW_RELATION = `mutation RenewRelation($id: ID!, $until: DateTime!) {
  renewRelation(id: $id, until: $until) { id until }
}`;

export const DELEGATION_RULES = `query DelegationRules {
  delegationRules { matters { code label } never { code label } daysMax asActorMax asSubjectMax invitationDays }
}`;

export const INVITE = `mutation Invite($input: InviteDelegateInput!) { inviteDelegate(input: $input) { id } }`;

export const ACCEPT = `mutation Accept($id: ID!) { acceptInvitation(id: $id) { id } }`;

export const DECLINE = `mutation Decline($id: ID!) { declineInvitation(id: $id) { id } }`;

export const WITHDRAW_INVITATION = `mutation WithdrawInvitation($id: ID!) { withdrawInvitation(id: $id) { id } }`;

export const FIND_CHILDREN = `mutation FindChildren { findChildren { maskedName maskedIdNumber born } }`;

export const OPEN_CHILD = `mutation OpenChild($input: OpenChildAccountInput!) {
  openChildAccount(input: $input) { id subject { maskedName } }
}`;

export const ORGANISATIONS = `query Organisations {
  organisations { id uscc name kind suspendedBy handOverUntil member { id role roleLabel } }
  developerInvitations { id organisationName role expiresAt }
}`;

export const REGISTER_ORGANISATION = `mutation RegisterOrganisation($uscc: String!, $name: String!) {
  registerOrganisation(uscc: $uscc, name: $name) { id name }
}`;

export const ORGANISATION = `query Organisation($id: ID!, $after: String) {
  organisation(id: $id) {
    id uscc name kind suspendedBy suspensionReason handOverUntil
    member { id ${POST} }
    members { id ${POST} person { maskedName } }
    actings(first: 10, after: $after) { nodes { id at matterLabels actor { maskedName } } ${PAGE} }
  }
  delegationRules { matters { code label } }
}`;

export const INVITE_MEMBER = `mutation InviteMember($input: InviteMemberInput!) { inviteMember(input: $input) { id } }`;

export const CHANGE_ROLE = `mutation ChangeRole($id: ID!, $post: PostInput!) { changeMemberRole(memberId: $id, post: $post) { id } }`;

export const REMOVE_MEMBER = `mutation RemoveMember($id: ID!) { removeMember(memberId: $id) }`;

export const HAND_OVER = `mutation HandOver($id: ID!, $member: ID!) {
  handOver(organisationId: $id, memberId: $member) { id handOverUntil }
}`;

export const KEEP_IT = `mutation KeepIt($id: ID!) { withdrawHandOver(organisationId: $id) { id } }`;

export const TAKE_OVER = `mutation TakeOver($id: ID!) { takeOver(organisationId: $id) { id } }`;

export const SUSPEND = `mutation Suspend($id: ID!) { suspendOrganisation(id: $id) { id suspendedBy } }`;

export const RESUME = `mutation Resume($id: ID!) { resumeOrganisation(id: $id) { id suspendedBy } }`;

export const REAL_NAME = `query RealName {
  realName { level validUntil evidence { kind source at expiresAt } ways { kind level available } }
}`;

export const CONFIRM_NAME = `mutation ConfirmName($input: ConfirmRealNameInput!) {
  confirmRealName(input: $input) { id realNameLevel }
}`;
