/** Every operation of what happens outdoors: plates, reports, cases, health, acting for others, the desks. */

const PAGE = `pageInfo { hasNextPage endCursor }`;
const PHOTO = `id url thumbnailUrl width height`;
const PLACE_FACTS = `code kind kindLabel name active reportCategory location { longitude latitude } district { code name }
  actions { kind label }`;
const CASE_ROW = `id number status statusLabel createdAt updatedAt dueAt overdue supporters version
  category { code name } district { code name }`;
const CASE_WHOLE = `${CASE_ROW} description address unit place { code name }
  photos { ${PHOTO} }
  timeline { at kind action by status statusLabel label note unit photos { ${PHOTO} } }
  actions { action label noteRequired photoAllowed photoRequired }
  rating { stars comment at }
  cityEvent { id statusLabel levelLabel unit { name } dispatches { unit { name } at } }`;

export const READ_PLATE = `query ReadPlate($text: String!) { readCode(text: $text) { ${PLACE_FACTS} } }`;

export const PLACE = `query Place($code: ID!) { place(code: $code) { ${PLACE_FACTS} } }`;

export const CHECK_IN = `mutation CheckIn($input: CheckInInput!) { checkIn(input: $input) { id at } }`;

export const REPORT_FORM = `query ReportForm {
  reportCategories { code name group photoExpected dueWithinS }
  districts { code name }
}`;

export const SIMILAR_CASES = `query SimilarCases($input: SimilarCasesInput!) {
  similarCases(input: $input) { id number statusLabel status createdAt distanceM supporters category { name } }
}`;

export const CREATE_REPORT = `mutation CreateReport($input: CreateReportInput!) { createReport(input: $input) { id number } }`;

export const SUPPORT_CASE = `mutation SupportCase($id: ID!) { supportCase(id: $id) { id number } }`;

export const CASES = `query Cases($after: String) {
  me {
    id
    cases(first: 20, after: $after) { nodes { ${CASE_ROW} } ${PAGE} }
    supportedCases(first: 20) {
      nodes { id number status statusLabel since updatedAt supporters category { code name } district { code name } }
    }
  }
}`;

export const CASE = `query Case($id: ID!) { case(id: $id) { ${CASE_WHOLE} } }`;

export const STAFF_CASE = `query StaffCase($id: ID!) {
  case(id: $id) {
    ${CASE_WHOLE} location { longitude latitude } locationDoubtful
    internalNotes { at kind label note photos { ${PHOTO} } }
  }
}`;

export const ACT_ON_CASE = `mutation ActOnCase($input: ActOnCaseInput!) { actOnCase(input: $input) { id version } }`;

export const REOPEN_CASE = `mutation ReopenCase($input: ReopenCaseInput!) { reopenCase(input: $input) { id version } }`;

export const RATE_CASE = `mutation RateCase($input: RateCaseInput!) { rateCase(input: $input) { id version } }`;

export const HEALTH = `query Health($after: String) {
  healthOrder { id until reason department { name } }
  me {
    id maskedName
    healthStatus { colour label reason advice rulesVersion computedAt validUntil basis { kind label at } }
    healthLooks(first: 10, after: $after) {
      nodes { id at by purposeLabel officer { organisation badge } delegate { maskedName } } ${PAGE}
    }
  }
}`;

export const DECLARE_HEALTH = `mutation DeclareHealth($input: DeclareHealthInput!) { declareHealth(input: $input) { id } }`;

export const ACT_FOR = `mutation ActFor($id: ID!) {
  actFor(relationId: $id) {
    accessToken accessTokenExpiresAt matters agency { organisation } subject { maskedName }
  }
}`;

export const END_RELATION = `mutation EndRelation($id: ID!) { endRelation(id: $id) { id endedAt } }`;

export const STAFF_ROLES = `query StaffRoles { staffMe { id roles } }`;

export const STAFF_CASES = `query StaffCases(
  $status: [CaseStatus!], $category: ID, $overdue: Boolean!, $after: String
) {
  reportCategories { code name }
  staffCases(status: $status, categoryCode: $category, overdue: $overdue, first: 20, after: $after) {
    nodes { ${CASE_ROW} address place { code name } } ${PAGE}
  }
}`;

export const SCAN_FOR_HEALTH = `mutation ScanForHealth($input: ScanCityCodeInput!) {
  scanCityCode(input: $input) {
    id at purpose purposeLabel codeIssuedAt person { maskedName realNameLevel }
    health { colour label validUntil }
  }
}`;

export const VERIFY_LICENCE = `mutation VerifyLicence($input: VerifyLicenceInput!) {
  verifyLicence(input: $input) {
    id at result status statusLabel purpose validUntil
    type { name } fields { name label value } holder { maskedName realNameLevel }
  }
}`;
