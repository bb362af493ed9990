"""What `tong` asks of the city's graph. Tests hold these texts against the graph as it is."""

from __future__ import annotations

from typing import Final

_VERSION: Final = """
fragment V on MiniVersion {
  id appId versionName versionCode state packageSha256 bytes notes createdAt notBefore asked granted
  rollout { percent cohort paused }
  findings { rule severity path line column message advice docs by }
  steps { act state by at note }
  origin { publisher issuer claims }
}
"""
_PAGE: Final = "versions(first: 20) { nodes { ...V } }"

WHO: Final = "query Who { developer { id organisations { id name role } } }"
VERSIONS: Final = f"query Versions($app: String!) {{ developerApp(appId: $app) {{ {_PAGE} }} }} {_VERSION}"
VERSION: Final = f"query Version($id: ID!) {{ miniVersion(id: $id) {{ ...V }} }} {_VERSION}"
EVENTS: Final = f"""
subscription Events($app: String!) {{ miniVersionEvents(appId: $app) {{ version {{ ...V }} }} }} {_VERSION}"""
LOGS: Final = """
query Logs($app: String!, $first: Int!, $level: MiniLogLevel, $version: Int) {
  developerApp(appId: $app) {
    logs(first: $first, level: $level, versionCode: $version) { nodes { id level at versionCode text code } }
  }
}
"""
STATISTICS: Final = """
query Statistics($app: String!, $days: Int!) {
  developerApp(appId: $app) { statistics(days: $days) { day opens people versions errors events } }
}
"""

CREATE: Final = f"""
mutation Create($app: String!, $upload: String!, $notes: String) {{
  done: createVersion(appId: $app, upload: $upload, notes: $notes) {{ ...V }}
}} {_VERSION}"""
SUBMIT: Final = f"""
mutation Submit($id: ID!, $notes: String, $account: String) {{
  done: submitVersion(id: $id, notes: $notes, testAccount: $account) {{ ...V }}
}} {_VERSION}"""
START: Final = f"""
mutation Start($id: ID!, $percent: Float!, $cohort: String) {{
  done: startRollout(id: $id, percent: $percent, cohort: $cohort) {{ ...V }}
}} {_VERSION}"""
WIDEN: Final = f"""
mutation Widen($id: ID!, $percent: Float!) {{
  done: changeRollout(id: $id, percent: $percent) {{ ...V }}
}} {_VERSION}"""


def _of_one(field: str) -> str:
    return f"mutation Act($id: ID!) {{ done: {field}(id: $id) {{ ...V }} }} {_VERSION}"


def _for_a_reason(field: str) -> str:
    return (
        f"mutation Act($id: ID!, $reason: String!) {{ done: {field}(id: $id, reason: $reason) {{ ...V }} }} {_VERSION}"
    )


END_DEVICE: Final = "mutation EndDevice($id: ID!) { done: endDeveloperDevice(id: $id) }"
ADD_KEY: Final = """
mutation AddKey($organisation: ID!, $jwk: JSON!, $proof: String!) {
  done: addDeveloperKey(organisation: $organisation, jwk: $jwk, proof: $proof) { id }
}
"""
ROTATE_KEY: Final = """
mutation RotateKey($organisation: ID!, $jwk: JSON!, $proof: String!, $retires: ID!) {
  done: rotateDeveloperKey(organisation: $organisation, jwk: $jwk, proof: $proof, retires: $retires) { id }
}
"""
APP: Final = "query App($app: String!) { developerApp(appId: $app) { appId } }"
_CITIZEN: Final = "id name phone idNumber bornOn age homeDistrict realNameLevel createdAt"
CITIZENS: Final = f"query Citizens {{ testCitizens {{ {_CITIZEN} }} }}"
CITIZEN_CODE: Final = "query CitizenCode($id: ID!) { testCitizen(id: $id) { signInCode { code expiresAt } } }"
NEW_CITIZEN: Final = f"""
mutation NewCitizen($input: CreateTestCitizenInput!) {{ done: createTestCitizen(input: $input) {{ {_CITIZEN} }} }}
"""
RESET_CITIZEN: Final = "mutation Reset($id: ID!, $app: String!) { done: resetTestCitizen(id: $id, appId: $app) { id } }"
REMOVE_CITIZEN: Final = "mutation Remove($id: ID!) { done: removeTestCitizen(id: $id) }"
PUBLISHERS: Final = """
query Publishers($app: String!) { developerApp(appId: $app) { publishers { id issuer claims addedAt } } }
"""
ADD_PUBLISHER: Final = """
mutation AddPublisher($app: String!, $issuer: String!, $claims: JSON!) {
  done: addTrustedPublisher(appId: $app, issuer: $issuer, claims: $claims) { id issuer claims addedAt }
}
"""
REMOVE_PUBLISHER: Final = """
mutation RemovePublisher($id: ID!) { done: removeTrustedPublisher(id: $id) { id issuer claims addedAt } }
"""
WITHDRAW: Final = _of_one("withdrawVersion")
PROMOTE: Final = _of_one("promoteVersion")
PAUSE: Final = _of_one("pauseRollout")
RESUME: Final = _of_one("resumeRollout")
ROLL_BACK: Final = _for_a_reason("rollBack")
REVOKE: Final = _for_a_reason("revokeVersion")

DOCUMENTS: Final = (
    WHO,
    VERSIONS,
    VERSION,
    EVENTS,
    LOGS,
    STATISTICS,
    CREATE,
    SUBMIT,
    START,
    WIDEN,
    END_DEVICE,
    ADD_KEY,
    ROTATE_KEY,
    PUBLISHERS,
    ADD_PUBLISHER,
    REMOVE_PUBLISHER,
    APP,
    CITIZENS,
    CITIZEN_CODE,
    NEW_CITIZEN,
    RESET_CITIZEN,
    REMOVE_CITIZEN,
    WITHDRAW,
    PROMOTE,
    PAUSE,
    RESUME,
    ROLL_BACK,
    REVOKE,
)
