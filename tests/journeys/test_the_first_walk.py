"""The first walk through the city, over /graphql alone: sign in, see home, show a code, be scanned, see by whom."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.clock import FixedClock
from tests.support.city import OpenCity
from tests.support.waiting import until

CITIZEN, OTHER, OFFICER, OTHER_OFFICER = "13800000001", "13800000003", "13900000001", "13900000002"

HOME = """query {
  me {
    name maskedName maskedPhone realNameLevel
    homeDistrict { code name airQuality { aqi category categoryLabel advice synthetic source observedAt } }
    cityCode { text issuedAt expiresAt lifetimeS }
    scans(first: 1) { nodes { at } pageInfo { hasNextPage } }
  }
}"""
SCAN = """mutation($input: ScanCityCodeInput!) {
  scanCityCode(input: $input) {
    id at purpose purposeLabel codeIssuedAt
    person { maskedName realNameLevel }
    scanner { organisation badge }
  }
}"""
SCANS = "query { me { scans { nodes { id at purposeLabel person { maskedName } scanner { organisation badge } } } } }"
TALLIES = "query { scanTallies { purpose count } }"


@pytest.fixture
def city(same_city: OpenCity) -> OpenCity:
    """One for all: nobody else scans the citizen of the first walk."""
    return same_city


async def test_a_citizen_is_scanned_and_sees_who_it_was(city: OpenCity) -> None:
    citizen = await city.token(CITIZEN)
    officer = await city.token(OFFICER, audience="STAFF")

    home = await city.ask(HOME, token=citizen)
    assert home.status == 200 and home.errors == []
    assert home.data is not None
    me = home.data["me"]
    assert (me["name"], me["maskedName"], me["maskedPhone"], me["realNameLevel"]) == (
        "张丽华",
        "张*华",
        "138****0001",
        4,
    )
    assert me["homeDistrict"]["name"] == "东城区"
    air = me["homeDistrict"]["airQuality"]
    assert 0 <= air["aqi"] <= 500 and air["synthetic"] is True
    assert air["observedAt"].startswith("2026-11-22T04:00:00")
    assert me["scans"] == {"nodes": [], "pageInfo": {"hasNextPage": False}}
    code = me["cityCode"]
    assert code["text"].startswith("CC1:") and code["lifetimeS"] == 60

    scan = await city.ask(SCAN, token=officer, input={"text": code["text"], "purpose": "VENUE_ENTRY"})
    assert scan.errors == [] and scan.data is not None
    result = scan.data["scanCityCode"]
    assert result["person"] == {"maskedName": "张*华", "realNameLevel": 4}
    assert datetime.fromisoformat(result["at"]) == city.clock.now()
    assert result["scanner"] == {"organisation": "东城区综合执法局", "badge": "DC-0312"}

    seen = await city.ask(SCANS, token=citizen)
    assert seen.errors == [] and seen.data is not None
    assert seen.data["me"]["scans"]["nodes"] == [
        {
            "id": result["id"],
            "at": result["at"],
            "purposeLabel": result["purposeLabel"],
            "person": {"maskedName": "张*华"},
            "scanner": {"organisation": "东城区综合执法局", "badge": "DC-0312"},
        }
    ]

    async def counted() -> bool:
        tallies = await city.ask(TALLIES, token=officer)
        assert tallies.data is not None
        return {"purpose": "VENUE_ENTRY", "count": 1} in tallies.data["scanTallies"]

    assert await until(counted, what="the tally of the scan")


async def test_the_same_walk_in_english(city: OpenCity) -> None:
    citizen = await city.token("13800000002")
    home = await city.ask(HOME, token=citizen, language="en-GB")
    assert home.errors == [] and home.data is not None
    me = home.data["me"]
    assert me["name"] == "Alexander Montgomery-Featherstonehaugh"
    assert me["homeDistrict"]["name"] == "Chaoyang"
    assert me["homeDistrict"]["airQuality"]["categoryLabel"].isascii()


async def test_a_spoilt_code_is_refused_and_nothing_is_recorded(city: OpenCity) -> None:
    citizen = await city.token(OTHER)
    officer = await city.token(OFFICER, audience="STAFF")
    home, before = await city.ask(HOME, token=citizen), await city.ask(SCANS, token=citizen)
    assert home.data is not None and before.data is not None
    text = home.data["me"]["cityCode"]["text"]
    spoilt = {
        text[:-3] + ("000" if text[-3:] != "000" else "111"): "CITYCODE_FORGED",
        "CC1:" + "A" * 30: "CITYCODE_MALFORMED",
        "https://example.org/": "CITYCODE_MALFORMED",
        text * 1000: "CITYCODE_MALFORMED",
    }
    for said, code in spoilt.items():
        scan = await city.ask(SCAN, token=officer, input={"text": said, "purpose": "TRANSIT"})
        assert scan.codes == [code] and scan.errors[0]["path"] == ["scanCityCode"]
    seen = await city.ask(SCANS, token=citizen)
    assert seen.data == before.data


async def test_a_code_is_good_once_and_for_a_minute(city: OpenCity) -> None:
    clock = city.clock
    assert isinstance(clock, FixedClock)
    citizen = await city.token(OTHER)
    officer = await city.token(OFFICER, audience="STAFF")
    other = await city.token(OTHER_OFFICER, audience="STAFF")

    async def show() -> str:
        home = await city.ask(HOME, token=citizen)
        assert home.data is not None
        text: str = home.data["me"]["cityCode"]["text"]
        return text

    async def scan(token: str, text: str) -> list[str]:
        return (await city.ask(SCAN, token=token, input={"text": text, "purpose": "CLINIC"})).codes

    async def scans() -> int:
        seen = await city.ask(SCANS, token=citizen)
        assert seen.data is not None
        return len(seen.data["me"]["scans"]["nodes"])

    before, first = await scans(), await show()
    assert await scan(officer, first) == []
    assert await scan(other, first) == ["CITYCODE_REPLAYED"]
    assert await scan(officer, first) == ["CITYCODE_REPLAYED"]
    clock.advance(seconds=30)
    second = await show()
    assert second != first
    clock.advance(seconds=200)
    assert await scan(officer, second) == ["CITYCODE_EXPIRED"]
    assert await scans() == before + 1


async def test_who_may_not_ask_gets_no_answer(city: OpenCity) -> None:
    citizen = await city.token(CITIZEN)
    officer = await city.token(OFFICER, audience="STAFF")
    nobody = await city.ask(HOME)
    assert nobody.codes == ["UNAUTHENTICATED"] and nobody.errors[0]["path"] == ["me"]
    assert nobody.data is None or nobody.data.get("me") is None
    as_citizen = await city.ask(SCAN, token=citizen, input={"text": "CC1:0", "purpose": "TRANSIT"})
    assert as_citizen.codes == ["FORBIDDEN"]
    as_officer = await city.ask(HOME, token=officer)
    assert as_officer.codes == ["FORBIDDEN"]
    forged = await city.ask(HOME, token="not.a.token")
    assert forged.status == 401 and forged.codes == ["AUTH_TOKEN_INVALID"]


async def test_an_operator_sees_what_was_refused(city: OpenCity) -> None:
    async def figures() -> dict[str, float]:
        async with city.http.get(f"{city.base}/metrics") as response:
            lines = [line.rsplit(" ", 1) for line in (await response.text()).splitlines() if not line.startswith("#")]
        return {name: float(figure) for name, figure in lines}

    before = await figures()
    await city.ask(HOME)
    await city.ask("{ nothing }")
    after = await figures()
    for code in ("UNAUTHENTICATED", "GRAPHQL_VALIDATION_FAILED"):
        name = f'tong_graphql_errors_total{{code="{code}",service=""}}'
        assert after[name] == before.get(name, 0) + 1
    assert after["tong_store_up"] == 1
