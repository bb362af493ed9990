"""What takes two officers, in the whole city: an account frozen for longer and let go on, a partner let in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson

from core.clock import FixedClock
from tests.support.city import REQUEST_CODE, SIGN_IN, Answer, OpenCity, answered, did
from tests.support.waiting import until

ALEXANDER, NAME = "13800000002", "Alexander Montgomery-Featherstonehaugh"
OFFICER, OTHER = "13900000011", "13900000012"
PARTNERS, OTHER_PARTNERS = "13900000010", "13900000016"
FIND = "mutation($input: FindCitizenInput!) { findCitizen(input: $input) { id } }"
PROPOSE = "mutation($input: ProposeActInput!) { proposeAct(input: $input) { id } }"
WAITING = "{ pendingActs { nodes { id kind about reason proposer { badge } details { until } } } }"
APPROVE = "mutation($id: ID!) { approveAct(id: $id) { state decider { badge } } }"
MINE = "{ interventions { nodes { kind label reason until officer { badge organisation } second { badge } } } }"
LOG = "{ accessLog(first: 20) { nodes { purpose reason officer { badge } } } }"
REGISTER = "mutation($metadata: String!) { registerOidcClient(input: {metadata: $metadata}) { record { id } } }"
FREEZE, LET_GO_ON = "涉嫌冒用他人身份，案号 2026-118", "案件已查清，与本人无关"


async def _two(city: OpenCity, one: str, other: str, **act: Any) -> dict[str, Any]:
    """Proposed by the one, who cannot approve it; found and approved by the other. Returns what the other read."""
    proposed = await did(city, PROPOSE, one, input=act)
    assert (await city.ask(APPROVE, token=one, id=proposed["id"])).codes == ["STAFF_OWN_MATTER"]
    (waits,) = (await did(city, WAITING, other))["nodes"]
    assert waits["id"] == proposed["id"]
    assert (await did(city, APPROVE, other, id=waits["id"]))["state"] == "DONE"
    read: dict[str, Any] = waits
    return read


async def _sign_in(city: OpenCity, clock: FixedClock, phone: str) -> Answer:
    clock.advance(seconds=61)  # so that the next code may be asked for
    given = {"phone": phone, "audience": "CITIZEN", "deviceId": "test"}
    asked = await did(city, REQUEST_CODE, "", input=given)
    return await city.ask(SIGN_IN, input={**given, "code": await city.sms(phone, asked=asked), "deviceName": "x"})


async def test_two_officers_freeze_an_account_and_let_it_go_on(city: OpenCity, clock: FixedClock) -> None:
    citizen = await city.token(ALEXANDER)
    one, other = await city.token(OFFICER, audience="STAFF"), await city.token(OTHER, audience="STAFF")
    found = await did(city, FIND, one, input={"phone": ALEXANDER, "name": NAME, "reason": "公安机关来函"})
    week = (city.clock.now() + timedelta(days=7)).isoformat()
    read = await _two(
        city, one, other, kind="ACCOUNT_FREEZE", subject=found["id"], reason=FREEZE, details={"until": week}
    )
    assert (read["reason"], read["proposer"]["badge"]) == (FREEZE, "ZS-0201")

    async def ended() -> bool:
        return (await city.ask("{ me { id } }", token=citizen)).codes == ["AUTH_TOKEN_INVALID"]

    await until(ended, what="the end of the citizen's session")
    refused = await _sign_in(city, clock, ALEXANDER)
    assert refused.codes == ["AUTH_ACCOUNT_FROZEN"]
    assert refused.errors[0]["extensions"]["reference"].startswith("itv_")

    await _two(city, other, one, kind="ACCOUNT_UNFREEZE", subject=found["id"], reason=LET_GO_ON)
    again = await _sign_in(city, clock, ALEXANDER)
    assert again.errors == [] and again.data is not None
    citizen = again.data["signIn"]["accessToken"]
    (mine,) = (await answered(city, MINE, citizen)).values()
    unfrozen, frozen = mine["nodes"]
    assert (unfrozen["kind"], unfrozen["reason"], unfrozen["officer"]["badge"]) == ("UNFROZEN", LET_GO_ON, "ZS-0202")
    assert (frozen["kind"], frozen["label"], frozen["reason"]) == ("FROZEN", "账号已冻结", FREEZE)
    assert (frozen["officer"]["badge"], frozen["second"]["badge"]) == ("ZS-0201", "ZS-0202")
    logged = {row["reason"] for row in (await did(city, LOG, citizen))["nodes"]}
    assert {FREEZE, LET_GO_ON, "公安机关来函"} <= logged

    # Who lets partners in reads why the other one would.
    one, other = await city.token(PARTNERS, audience="STAFF"), await city.token(OTHER_PARTNERS, audience="STAFF")
    metadata = {
        "client_name": "城市图书馆",
        "redirect_uris": ["https://library.example/callback"],
        "scope": "openid",
        "operator_name": "市图书馆",
        "purpose": "办理借书证",
    }
    registered = await did(city, REGISTER, one, metadata=orjson.dumps(metadata).decode())
    client = registered["record"]["id"]
    why = "合同 2026-77，已核对回调地址"
    assert (await _two(city, one, other, kind="OIDC_CLIENT_APPROVE", subject=client, reason=why))["reason"] == why
