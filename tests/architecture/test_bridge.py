"""The bridge's contract: what is made of it is current, and it says all that the specification of the SDK says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from sdk.contract.generate import ROOT, contract, generated
from sdk.contract.generate.model import parsed
from sdk.contract.generate.shapes import ContractError

GENERATED: Final = generated()
RAW: Final[dict[str, Any]] = json.loads((ROOT / "sdk/contract/bridge.schema.json").read_text(encoding="utf-8"))
SPECIFIED: Final = """
1001 E_NO_HOST 1002 E_TIMEOUT 1003 E_DISCONNECTED 1004 E_UNSUPPORTED 1005 E_INVALID_PARAM 1006 E_RATE_LIMITED
1007 E_QUOTA 1008 E_ABORTED 1009 E_INTERNAL 1010 E_TOO_LARGE 1101 E_USER_CANCEL 1102 E_PERMISSION_DENIED
1103 E_NOT_DECLARED 1104 E_NOT_GRANTED 1105 E_CONSENT_REQUIRED 1106 E_NEEDS_GESTURE 1107 E_UI_BUSY 1108 E_POLICY
1201 E_NETWORK 1202 E_DOMAIN_NOT_ALLOWED 1203 E_HTTP 1301 E_DOC_UNKNOWN 1302 E_DOC_REVOKED 1303 E_FIELD_WITHHELD
1401 E_ORDER_INVALID 1402 E_PAY_LIMIT 1501 E_APP_REVOKED 1502 E_VERSION_REVOKED 1503 E_UPDATE_REQUIRED
"""
# The API groups of release 1, and the events (reference: the compact specification of the SDK, §2).
CALLS: Final = """
login checkSession getLaunchToken authorize getSetting openSetting getUserProfile getPhoneNumber graphql request fetch
uploadFile downloadFile getStorageSync setStorageSync removeStorageSync clearStorageSync getStorageInfoSync getStorage
setStorage removeStorage clearStorage getStorageInfo navigateTo redirectTo switchTab reLaunch navigateBack
openMiniProgram navigateBackMiniProgram exitMiniProgram openURL showToast hideToast showLoading hideLoading showModal
showActionSheet setNavigationBarTitle setNavigationBarColor stopPullDownRefresh pageScrollTo enableAlertBeforeUnload
setTabBarBadge getLocation scanCode chooseMedia previewImage saveImageToAlbum setClipboardData getClipboardData
vibrateShort makePhoneCall share requestPayment requestSubscribeMessage getSystemInfoSync getWindowInfo getAppBaseInfo
getAccountInfoSync getUpdateManager reportEvent capabilities
"""
EVENTS: Final = """
appshow apphide apperror appunload themechange localechange fontscale networkchange memorywarning capabilitychange
update-ready mainbutton backbutton pulldownrefresh reachbottom resize
"""


@pytest.mark.parametrize("file", GENERATED, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_is_made_of_the_contract_is_current(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == GENERATED[file], "run `make contract` and commit what changed"


def test_no_other_file_stands_among_the_generated() -> None:
    folders = {file.parent for file in GENERATED if file.parent.name == "generated"}
    standing = {one for folder in folders for one in folder.iterdir() if one.name != "__pycache__"}
    assert standing - set(GENERATED) == set()


def test_every_error_of_the_specification_has_its_number() -> None:
    words = SPECIFIED.split()
    specified = {code: int(errno) for errno, code in zip(words[::2], words[1::2], strict=True)}
    assert {one.code: one.errno for one in contract().errors} == specified


def test_every_call_and_event_of_the_specification_is_there() -> None:
    read = contract()
    public = {one.name for one in read.methods if not one.internal}
    assert public - set(CALLS.split()) == {"disableAlertBeforeUnload"}, "an API of programs is an API for ever"
    assert set(CALLS.split()) - public == set()
    told = {one.name for one in read.events if not one.internal}
    assert told - set(EVENTS.split()) == {"settingsbutton"}
    assert set(EVENTS.split()) - told == set()


def test_addresses_that_reach_the_host_are_checked_as_addresses() -> None:
    """A host that opens what it is told to open runs `javascript:` in its own name (CVE-2024-33905)."""
    formats: dict[str, str] = {}
    for name, method in RAW["methods"].items():
        if not method.get("local"):
            flat = json.dumps(method.get("params", {}))
            for member, shape in re.findall(r'"(\w*(?:[uU]rl|URL|[uU]ri|href|src))": (\{[^{}]*\})', flat):
                reference = json.loads(shape).get("$ref", "").removeprefix("#/$defs/")
                formats[f"{name}.{member}"] = (RAW["$defs"][reference] if reference else json.loads(shape))["format"]
    assert formats == {
        "navigateTo.url": "page-path",
        "redirectTo.url": "page-path",
        "switchTab.url": "page-path",
        "reLaunch.url": "page-path",
        "openMiniProgram.uri": "uri-miniapp",
        "openURL.url": "https-url",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"methods": {"login": {"params": {"type": "string", "minlength": 1}}}}, "minlength"),
        ({"methods": {"login": {"params": {"$ref": "#/$defs/nobody"}}}}, "nobody"),
        ({"methods": {"login": {"params": {"type": "object", "properties": {}}}}}, "closed"),
        ({"methods": {"login": {"errors": ["E_TIRED"]}}}, "E_TIRED"),
        ({"methods": {"login": {"permission": "city.user.shoe"}}}, "login"),
        ({"methods": {"login": {"sync": True}}}, "wire"),
        ({"methods": {"getLocation": {"deadline_ms": 30000}}}, "deadline"),
        ({"errors": {"E_NO_HOST": {"errno": 1002}}}, "1002"),
        ({"errors": {"E_NO_HOST": {"message": {"en": "x"}}}}, "zh-CN"),
    ],
)
def test_a_contract_that_nobody_would_understand_is_refused(change: dict[str, Any], said: str) -> None:
    wrong = json.loads(json.dumps(RAW))
    for part, entries in change.items():
        for name, members in entries.items():
            wrong[part][name] |= members
    with pytest.raises(ContractError, match=said):
        parsed(wrong)
