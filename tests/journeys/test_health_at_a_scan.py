"""Health at a scan: an officer who scans for it sees the colour, and the citizen sees that they looked."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import pytest_asyncio

from core.clock import FixedClock
from tests.support.city import JSON, OpenCity

ZHANG, INSPECTOR = "13800000001", "13900000001"

CODE = "{ me { cityCode { text } } }"
SCAN = """mutation($input: ScanCityCodeInput!) {
  scanCityCode(input: $input) { id purposeLabel person { maskedName } health { colour label validUntil } }
}"""
SCANS = "{ me { scans(first: 1) { nodes { id health { colour } } } } }"
LOOKS = """{ me { healthLooks(first: 10) {
  nodes { by purposeLabel officer { organisation badge } delegate { maskedName } } } } }"""


@dataclass(frozen=True)
class Door:
    """Where the inspector stands and 张丽华 comes by. zhang, inspector: their access tokens."""

    city: OpenCity
    zhang: str
    inspector: str

    async def scan(self, *, purpose: str, client_scan_id: str | None = None, text: str | None = None) -> JSON:
        """What the inspector's phone gets: the scan, and what is refused in it."""
        given = {"text": text or await self.code(), "purpose": purpose, "clientScanId": client_scan_id}
        answer = await self.city.ask(SCAN, token=self.inspector, input=given)
        assert answer.data is not None, answer.errors
        return {**answer.data["scanCityCode"], "refused": answer.errors}

    async def code(self) -> str:
        answer = await self.city.ask(CODE, token=self.zhang)
        assert answer.data is not None, answer.errors
        text: str = answer.data["me"]["cityCode"]["text"]
        return text

    async def looks(self) -> list[JSON]:
        """Who looked at her health, as she reads it."""
        answer = await self.city.ask(LOOKS, token=self.zhang)
        assert answer.errors == [] and answer.data is not None
        nodes: list[JSON] = answer.data["me"]["healthLooks"]["nodes"]
        return nodes


@pytest_asyncio.fixture
async def door(same_city: OpenCity) -> Door:
    zhang, inspector = await same_city.token(ZHANG), await same_city.token(INSPECTOR, audience="STAFF")
    return Door(same_city, zhang, inspector)


def refusals(scan: JSON) -> list[str]:
    assert all(error["path"] == ["scanCityCode", "health"] for error in scan["refused"])
    return [error["extensions"]["code"] for error in scan["refused"]]


async def test_who_scans_for_a_health_check_sees_the_colour_and_is_seen(door: Door) -> None:
    before = await door.looks()
    scan = await door.scan(purpose="HEALTH_CHECK")
    assert scan["refused"] == []
    assert (scan["person"], scan["purposeLabel"]) == ({"maskedName": "张*华"}, "健康核验")
    assert (scan["health"]["colour"], scan["health"]["label"]) == ("GREEN", "绿码")
    assert scan["health"]["validUntil"] > door.city.clock.now().isoformat()
    look = {
        "by": "STAFF",
        "purposeLabel": "健康核验",
        "officer": {"organisation": "东城区综合执法局", "badge": "DC-0312"},
        "delegate": None,
    }
    assert await door.looks() == [look, *before]


@pytest.mark.parametrize("purpose", ["IDENTITY_CHECK", "VENUE_ENTRY"])
async def test_who_scans_for_something_else_sees_no_colour_and_has_not_looked(door: Door, purpose: str) -> None:
    before = await door.looks()
    scan = await door.scan(purpose=purpose)
    assert scan["person"] == {"maskedName": "张*华"} and scan["health"] is None
    assert refusals(scan) == ["HEALTH_WRONG_PURPOSE"]
    assert await door.looks() == before


async def test_a_scan_sent_again_counts_as_one_look_and_for_five_minutes(door: Door) -> None:
    clock = door.city.clock
    assert isinstance(clock, FixedClock)
    before, text = await door.looks(), await door.code()
    once = await door.scan(purpose="HEALTH_CHECK", client_scan_id="at-the-door", text=text)
    again = await door.scan(purpose="HEALTH_CHECK", client_scan_id="at-the-door", text=text)
    assert (again["id"], again["health"]["colour"]) == (once["id"], "GREEN")
    assert len(await door.looks()) == len(before) + 1
    clock.advance(seconds=300)
    late = await door.scan(purpose="HEALTH_CHECK", client_scan_id="at-the-door", text=text)
    assert (late["id"], late["health"], refusals(late)) == (once["id"], None, ["HEALTH_SCAN_TOO_OLD"])
    assert len(await door.looks()) == len(before) + 1


async def test_the_citizen_reads_her_scans_and_no_officer_s_answer_in_them(door: Door) -> None:
    await door.scan(purpose="HEALTH_CHECK")
    before = await door.looks()
    asked = await door.city.ask(SCANS, token=door.zhang)
    assert asked.codes == ["FORBIDDEN"]
    assert await door.looks() == before
