/** The operations of a citizen's papers: messages, licences, bills and money. */

const MONEY = `amount text`;
const PAGE = `pageInfo { hasNextPage endCursor }`;
const LETTER = `id subject category at readAt link sender`;
const BILL = `id title amount { ${MONEY} } dueOn status statusLabel overdue biller { code name }`;
const WORTH = `id status statusLabel validUntil expiresInDays type { code name issuer { code name } }`;
const SHOWING = `id at type { code name } verifier { organisation badge } purpose result fields { name label }`;
const ENTRIES = `entries(first: 20, after: $after) {
  nodes { id at kind kindLabel amount { ${MONEY} } payment { id bill { id title } } }
  ${PAGE}
}`;
const REACH = `notificationPreferences {
  pushAvailable emailAvailable
  categories { category label push email }
  quietHours { start end }
  pushTargets { id }
  email { address }
  unconfirmedEmail { address codeExpiresAt }
}`;

export const UNREAD = `query Unread { me { id unreadCount } }`;

export const INBOX = `query Inbox($after: String) {
  me { id unreadCount inbox(first: 20, after: $after) { nodes { ${LETTER} } ${PAGE} } }
}`;

export const MESSAGE = `query Message($id: ID!) { message(id: $id) { ${LETTER} body priority } }`;

export const MARK_READ = `mutation MarkRead($ids: [ID!]!) { markMessagesRead(ids: $ids) { unreadCount } }`;

export const MARK_ALL_READ = `mutation MarkAllRead($upTo: ID) { markAllMessagesRead(upTo: $upTo) { unreadCount } }`;

export const REACHED = `query Reached { me { id ${REACH} } }`;

export const SET_REACHED = `mutation SetReached($input: NotificationPreferencesInput!) {
  setNotificationPreferences(input: $input) { categories { category push email } quietHours { start end } }
}`;

export const SET_EMAIL = `mutation SetEmail($input: SetNotificationEmailInput!) {
  setNotificationEmail(input: $input) { address codeExpiresAt }
}`;

export const CONFIRM_EMAIL = `mutation ConfirmEmail($code: String!) { confirmNotificationEmail(code: $code) { address } }`;

export const REMOVE_EMAIL = `mutation RemoveEmail { removeNotificationEmail }`;

export const WALLET = `query Wallet {
  me { id maskedName licences { ${WORTH} } wallet { available { ${MONEY} } } }
}`;

export const LICENCE = `query Licence($id: ID!) {
  me { id maskedName licenceShowings(first: 50) { nodes { ${SHOWING} licence { id } } } }
  licence(id: $id) {
    ${WORTH} identifier version issuedAt validFrom renewable endedReason fields { name label value }
  }
}`;

export const TO_SHOW = `query ToShow($id: ID!) {
  me { id maskedName }
  licence(id: $id) {
    ${WORTH} type { fields { name showable shownByDefault } } fields { name label value }
  }
}`;

export const SHARE = `mutation Share($input: ShareLicenceInput!) {
  shareLicence(input: $input) { id text expiresAt lifetimeS purpose fields { name label } }
}`;

export const LAST_SHOWING = `query LastShowing { me { id licenceShowings(first: 1) { nodes { ${SHOWING} } } } }`;

export const BILLS = `query Bills($after: String) {
  me {
    id
    due: bills(status: UNPAID, first: 100) { nodes { ${BILL} } }
    bills(first: 20, after: $after) { nodes { ${BILL} } ${PAGE} }
  }
}`;

export const BILL_PAGE = `query Bill($id: ID!) {
  bill(id: $id) {
    ${BILL} number issuedAt
    payment {
      id amount { ${MONEY} } paidAt
      receipt { number issuedAt }
      paidBy { maskedName }
      refund { id amount { ${MONEY} } reason refundedAt }
    }
  }
  me { id wallet { available { ${MONEY} } topUpOpen } }
}`;

export const PAY = `mutation Pay($input: PayBillInput!) { payBill(input: $input) { id paidAt receipt { number } } }`;

export const PURSE = `query Purse { me { id wallet { available { ${MONEY} } topUpOpen } } }`;

export const TOP_UP = `mutation TopUp($input: TopUpWalletInput!) {
  topUpWallet(input: $input) { available { ${MONEY} } topUpOpen }
}`;

export const MONEY_PAGE = `query Money($after: String) {
  me { id wallet { balance { ${MONEY} } available { ${MONEY} } topUpOpen ${ENTRIES} } }
}`;
