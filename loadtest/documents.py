"""What the journeys ask: the questions of the shell's screens, as a phone sends them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

A_DAY: Final = (Path(__file__).parents[1] / "docs" / "a-day.graphql").read_text()

REQUEST_CODE: Final = """
mutation Request($input: RequestSignInCodeInput!) { requestSignInCode(input: $input) { expiresAt } }"""
SIGN_IN: Final = "mutation SignIn($input: SignInInput!) { signIn(input: $input) { accessToken } }"
COMPLETE_SIGN_IN: Final = (
    "mutation Complete($input: CompleteSignInInput!) { completeSignIn(input: $input) { accessToken } }"
)
HOME_DISTRICT: Final = 'mutation District { setHomeDistrict(code: "110101") { id } }'

HOME: Final = """
query Home {
  me {
    id maskedName unreadCount
    homeDistrict { code name airQuality { aqi categoryLabel advice observedAt synthetic } }
    healthStatus { colour label }
    licences { id status expiresInDays type { name } }
    bills(status: UNPAID, first: 3) { nodes { id title amount { text } dueOn overdue } }
    cases(first: 1) { nodes { id number statusLabel } }
    scans(first: 1) { nodes { at purposeLabel scanner { organisation badge } } }
  }
}"""
INBOX: Final = """
query Inbox { me { id unreadCount inbox(first: 20) { nodes { id subject category at readAt link sender } } } }"""
MARK_READ: Final = "mutation MarkRead($ids: [ID!]!) { markMessagesRead(ids: $ids) { unreadCount } }"
HEALTH: Final = """
query Health { me { id maskedName healthStatus { colour label reason advice validUntil basis { label at } } } }"""

CODE: Final = "query Code { me { maskedName cityCode { text expiresAt } } }"
SCANS: Final = "query Scans { me { scans(first: 20) { nodes { id at purposeLabel scanner { organisation badge } } } } }"
SCAN: Final = """
mutation Scan($input: ScanCityCodeInput!) {
  scanCityCode(input: $input) { id at purposeLabel person { maskedName realNameLevel } }
}"""

LICENCES: Final = "query Licences { me { id licences { id status type { name } } } }"
SHARE: Final = """
mutation Share($input: ShareLicenceInput!) { shareLicence(input: $input) { id text expiresAt fields { label } } }"""
VERIFY: Final = """
mutation Verify($input: VerifyLicenceInput!) {
  verifyLicence(input: $input) { id result status fields { label value } holder { maskedName } type { name } }
}"""
LICENCE_TYPES: Final = "query LicenceTypes { licenceTypes { code name } }"
ISSUE_LICENCE: Final = "mutation Issue($input: IssueLicenceInput!) { issueLicence(input: $input) { id status } }"

BILLS: Final = """
query Bills {
  me {
    id wallet { available { amount text } }
    bills(status: UNPAID, first: 20) { nodes { id title amount { amount text } dueOn statusLabel biller { name } } }
  }
}"""
PAY: Final = "mutation Pay($input: PayBillInput!) { payBill(input: $input) { id paidAt receipt { number } } }"
TOP_UP: Final = "mutation TopUp($input: TopUpWalletInput!) { topUpWallet(input: $input) { available { text } } }"
ISSUE_BILL: Final = "mutation Bill($input: IssueBillInput!) { issueBill(input: $input) { id number } }"

READ_CODE: Final = """
query ReadCode($text: String!) { readCode(text: $text) { code name actions { kind label } active reportCategory } }"""
CHECK_IN: Final = "mutation CheckIn($input: CheckInInput!) { checkIn(input: $input) { id at place { name } } }"
REGISTER: Final = "mutation Register($input: RegisterPlaceInput!) { registerPlace(input: $input) { code plate } }"

REPORT: Final = """
mutation Report($input: CreateReportInput!) {
  createReport(input: $input) { id number version statusLabel dueAt category { name } }
}"""
CASE: Final = """
query Case($id: ID!) {
  case(id: $id) {
    id number status statusLabel version description dueAt place { name } photos { url }
    timeline { kind status note at }
    actions { action noteRequired photoRequired }
  }
}"""
ACT: Final = "mutation Act($input: ActOnCaseInput!) { actOnCase(input: $input) { id statusLabel version } }"
STAFF_CASES: Final = """
query StaffCases { staffCases(first: 20) { nodes { id number statusLabel category { name } dueAt overdue } } }"""

RELATIONS: Final = "query Relations { me { relations { id side subject { maskedName } } } }"
ACT_FOR: Final = "mutation ActFor($id: ID!) { actFor(relationId: $id) { accessToken } }"
HERS: Final = """
query Hers {
  acting { subject { maskedName } }
  me { id maskedName healthStatus { colour label reason } bills(status: UNPAID, first: 5) { nodes { id title } } }
}"""

DATASETS: Final = """
query Datasets($search: String) {
  datasets(search: $search, first: 20) { totalCount nodes { id title publisher { name } } }
}"""
EVENTS: Final = "query Events { cityEvents(first: 20) { nodes { number category status district { code name } } } }"
STATISTICS: Final = """
query Statistics { reportStatistics { byDistrict { district { code name } total open } byCategory { total } } }"""
