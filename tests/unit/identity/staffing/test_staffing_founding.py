"""The first staff of a department: added at the machine, until two of them can hire."""

from __future__ import annotations

import asyncio
from typing import Any

from core.departments import GOVERNMENT_SERVICES, HAIDIAN_MANAGEMENT, HEALTH
from core.principal import Principal
from identity.model import Audience
from identity.staffing.model import ActState, Kind
from tests.unit.identity.room import outcome
from tests.unit.identity.staffing.bureau import ADMIN, Bureau

FIRST, SECOND, THIRD = "13900000091", "13900000092", "13900000093"


def typed(phone: str, **changes: str) -> dict[str, Any]:
    told = {"name": "常青", "badge": f"WJ-{phone[-2:]}", "unit": "人事处", "jurisdiction": "110000"}
    return {**told, "phone": phone, "department": HEALTH.code, **changes}


async def test_two_begin_and_then_two_officers_hire(bureau: Bureau) -> None:
    founding, room = bureau.staffing.founding, bureau.room
    first = await founding.add(**typed(FIRST))
    assert (first.roles, first.suspended) == (("staff_admin",), False)
    # Of two at once one is too many.
    at_once = await asyncio.gather(*(outcome(founding.add(**typed(phone))) for phone in (SECOND, THIRD)))
    assert sorted(at_once) == ["STAFF_ADMINS_SUFFICE", "ok"]
    second = SECOND if at_once[0] == "ok" else THIRD
    entries = await room.audited("staff.founded")
    assert [entry["actor"] for entry in entries] == ["operator"] * 2
    assert first.id in {entry["subject"] for entry in entries}
    told = str(entries) + str([event.payload for event in await room.events("identity.staff_changed")])
    assert not any(text in told for text in ("常青", FIRST, "WJ-91"))

    async def sign_in(phone: str) -> Principal:
        return await bureau.prove(await room.principal(await room.sign_in(phone, audience=Audience.STAFF)))

    one, another = await sign_in(FIRST), await sign_in(second)
    details = await bureau.hired("13900000094", role="health_officer", department=HEALTH.code)
    act = await bureau.staffing.acts.propose(
        principal=one, kind=Kind.STAFF_HIRE, subject="", reason="卫健委新录用", details=details
    )
    assert (await bureau.approve(another, act)).state is ActState.DONE


async def test_what_is_refused_adds_nobody(bureau: Bureau) -> None:
    founding, store = bureau.staffing.founding, bureau.staffing.store
    before = (await store.members(department=None, within=None, request=bureau.page())).rows
    for wrong, code in [
        (typed(FIRST, department=GOVERNMENT_SERVICES.code), "STAFF_ADMINS_SUFFICE"),
        (typed(ADMIN), "STAFF_PHONE_TAKEN"),
        (typed("123"), "AUTH_PHONE_INVALID"),
        (typed(FIRST, department="11110000000099999X"), "BAD_USER_INPUT"),
        (typed(FIRST, jurisdiction="310000"), "BAD_USER_INPUT"),
        (typed(FIRST, badge=""), "BAD_USER_INPUT"),
    ]:
        assert await outcome(founding.add(**wrong)) == code, wrong
    assert (await store.members(department=None, within=None, request=bureau.page())).rows == before
    assert await bureau.room.audited("staff.founded") == []
    # Who answers for a district does not stand in the way of who is to answer for the city; who is suspended neither.
    district = {"department": HAIDIAN_MANAGEMENT.code, "jurisdiction": "110108"}
    there = [await founding.add(**typed(phone, **district)) for phone in (FIRST, SECOND)]
    assert await outcome(founding.add(**typed(THIRD, **district))) == "STAFF_ADMINS_SUFFICE"
    await founding.add(**typed(THIRD, **{**district, "jurisdiction": "110000"}))
    now = bureau.room.clock.now()

    async def suspend(session: Any) -> None:
        for one in there:
            await store.change_member(one.id, {"suspended": True}, by=(), now=now, session=session)

    await store.transaction(suspend)
    assert await outcome(founding.add(**typed("13900000095", **district))) == "ok"
