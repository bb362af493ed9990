"""The department's counter, on real MongoDB."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from api.domains.licences.catalogue import DRIVING_LICENCE, RESIDENCE_PERMIT, SENIOR_CARD
from api.domains.licences.demo import load_demo
from api.domains.licences.errors import AlreadyHeld, LicenceNotValid, NotRenewable, RenewalTooEarly
from api.domains.licences.identifiers import parse
from api.domains.licences.issuing import Issuing
from api.domains.licences.model import Ending, Licence, LicenceStatus
from api.domains.licences.worker import chores
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.departments import PUBLIC_SECURITY
from core.errors import BadInput, DomainError, Forbidden, NotFound, SignInRequired
from core.events import open_facts
from core.mongo import Mongo
from core.principal import ANONYMOUS, Principal
from core.tasks import going_on
from tests.support.waiting import until
from tests.unit.licences.licence_people import (
    ANNA,
    BEN,
    CLERK,
    DRIVER,
    OTHER_CLERK,
    TODAY,
    Build,
    Room,
    citizen,
    clerk,
    delegate,
    everything,
    officer,
)

DRIVING_NAME = {"zh": "机动车驾驶证", "en": "Driving licence"}
DAY_S = 86_400


async def told(mongo: Mongo, cipher: FieldCipher, name: str) -> list[dict[str, Any]]:
    """Every event of this name, its facts opened."""
    rows = await mongo.collection("events").find({"name": name}).sort("_id", 1).to_list(None)
    payloads = [row["payload"] for row in rows]
    return [{**p, "facts": open_facts(p["facts"], owner=p["citizen"], cipher=cipher)} for p in payloads]


# Issuing


async def test_a_licence_is_issued_with_an_identifier_and_said(room: Room, mongo: Mongo, cipher: FieldCipher) -> None:
    made = await room.driving()
    assert (made.holder, made.issued_by, made.version) == (ANNA, CLERK, 1)
    assert (made.valid_from, made.valid_until) == (TODAY, date(2032, 11, 22))
    identifier = parse(made.identifier.text)
    assert (identifier.type_code, identifier.issuer) == (DRIVING_LICENCE.code, PUBLIC_SECURITY.code)
    assert await room.licences.wallet(principal=citizen(), citizen_id=ANNA) == [made]
    assert await told(mongo, cipher, "licences.issued") == [
        {"citizen": ANNA, "licence": made.id, "facts": {"type": DRIVING_NAME, "valid_until": "2032-11-22"}}
    ]


async def test_a_licence_without_an_end(room: Room, mongo: Mongo, cipher: FieldCipher) -> None:
    card = {"name": "刘秀英", "sex": "F", "born": "1948-09-05", "number": "SYNTHETIC-3"}
    made = await room.issuing.issue(principal=OTHER_CLERK, holder_id=BEN, type_code=SENIOR_CARD.code, values=card)
    assert (made.valid_until, made.days_left(TODAY), made.status(date(2099, 1, 1))) == (None, None, LicenceStatus.VALID)
    (event,) = await told(mongo, cipher, "licences.issued")
    assert event["facts"]["valid_until"] is None
    assert await room.issuing.announce_expiring() == 0


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"principal": OTHER_CLERK}, Forbidden),
        ({"principal": clerk(scopes=frozenset({"staff"}))}, Forbidden),
        ({"principal": clerk("")}, Forbidden),
        ({"principal": officer()}, Forbidden),
        ({"principal": citizen()}, Forbidden),
        ({"principal": delegate("licences:issue")}, Forbidden),
        ({"principal": ANONYMOUS}, SignInRequired),
        ({"type_code": SENIOR_CARD.code}, Forbidden),
        ({"type_code": "11110000000021000D999"}, NotFound),
        ({"holder_id": CLERK}, BadInput),
        ({"values": {}}, BadInput),
        ({"values": {**DRIVER, "class": "Z"}}, BadInput),
        ({"valid_from": TODAY + timedelta(days=1)}, BadInput),
        ({"valid_until": TODAY - timedelta(days=1)}, BadInput),
        ({"valid_until": date(2032, 11, 23)}, BadInput),
        ({"valid_from": date(2019, 1, 1)}, BadInput),
    ],
)
async def test_who_may_not_issue_and_what_changes_nothing(
    room: Room, mongo: Mongo, changes: dict[str, Any], refusal: type[DomainError]
) -> None:
    before = await everything(mongo)
    asked = {"principal": clerk(), "holder_id": ANNA, "type_code": DRIVING_LICENCE.code, "values": DRIVER}
    with pytest.raises(refusal):
        await room.issuing.issue(**{**asked, **changes})
    assert await everything(mongo) == before


async def test_a_person_holds_one_licence_of_a_type(room: Room, mongo: Mongo, clock: FixedClock) -> None:
    first = await room.driving(valid_until=TODAY)
    before = await everything(mongo)
    with pytest.raises(AlreadyHeld):
        await room.driving()
    assert await everything(mongo) == before
    clock.advance(seconds=DAY_S)
    second = await room.driving()
    assert second.serial != first.serial
    wallet = await room.licences.wallet(principal=citizen(), citizen_id=ANNA)
    assert [(one.id, one.status(room.licences.today())) for one in wallet] == [
        (second.id, LicenceStatus.VALID),
        (first.id, LicenceStatus.EXPIRED),
    ]
    with pytest.raises(NotRenewable):
        await room.issuing.renew(principal=clerk(), licence_id=first.id)


async def test_of_five_clerks_who_issue_at_once_one_does(build: Build, room: Room, mongo: Mongo) -> None:
    other = build(mongo)
    made = await asyncio.gather(*((room, other)[n % 2].driving() for n in range(5)), return_exceptions=True)
    assert len([one for one in made if isinstance(one, Licence)]) == 1
    assert len([one for one in made if isinstance(one, AlreadyHeld)]) == 4
    assert await mongo.collection("licences").count_documents({}) == 1
    assert await mongo.collection("events").count_documents({"name": "licences.issued"}) == 1


async def test_a_clerk_finds_what_their_own_department_issued(room: Room) -> None:
    made = await room.driving()
    assert await room.issuing.issued(principal=clerk(), holder_id=ANNA) == [made]
    assert await room.issuing.issued(principal=OTHER_CLERK, holder_id=ANNA) == []
    for principal in (officer(), citizen(), clerk(scopes=frozenset({"staff"}))):
        with pytest.raises(Forbidden):
            await room.issuing.issued(principal=principal, holder_id=ANNA)
    with pytest.raises(BadInput):
        await room.issuing.issued(principal=clerk(), holder_id="cit_")


# Renewing


async def test_a_renewed_licence_is_the_next_version_of_the_same(
    room: Room, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    old = await room.driving(valid_until=TODAY + timedelta(days=90))
    clock.advance(seconds=DAY_S)
    today = room.licences.today()
    new = await room.issuing.renew(principal=clerk(), licence_id=old.id, values={"address": "示例路9号"})
    assert (new.serial, new.version, new.replaces) == (old.serial, 2, old.id)
    assert (new.valid_from, new.valid_until) == (today, date(2033, 2, 20)), "counted from the old one's last day"
    assert new.values == {**DRIVER, "address": "示例路9号"}
    assert new.identifier.text != old.identifier.text
    assert await room.licences.wallet(principal=citizen(), citizen_id=ANNA) == [new]
    replaced = await room.licences.licence(principal=citizen(), licence_id=old.id)
    assert (replaced.status(today), dict(replaced.values)) == (LicenceStatus.REPLACED, DRIVER)
    assert await told(mongo, cipher, "licences.renewed") == [
        {"citizen": ANNA, "licence": new.id, "facts": {"type": DRIVING_NAME, "valid_until": "2033-02-20"}}
    ]


async def test_an_expired_licence_is_renewed_from_today(room: Room, clock: FixedClock) -> None:
    old = await room.driving(valid_until=TODAY)
    clock.advance(seconds=10 * DAY_S)
    new = await room.issuing.renew(principal=clerk(), licence_id=old.id)
    assert (new.valid_from, new.valid_until) == (date(2026, 12, 2), date(2032, 12, 2))


async def test_a_licence_is_not_renewed_before_its_window(room: Room, mongo: Mongo) -> None:
    old = await room.driving(valid_until=TODAY + timedelta(days=91))
    before = await everything(mongo)
    with pytest.raises(RenewalTooEarly) as refusal:
        await room.issuing.renew(principal=clerk(), licence_id=old.id)
    assert refusal.value.renewable_from == "2026-11-23"
    assert await everything(mongo) == before


async def test_of_five_renewals_at_once_one_is_made(build: Build, room: Room, mongo: Mongo) -> None:
    old = await room.driving(valid_until=TODAY)
    other = build(mongo)
    work = ((room, other)[n % 2].issuing.renew(principal=clerk(), licence_id=old.id) for n in range(5))
    made = await asyncio.gather(*work, return_exceptions=True)
    assert len([one for one in made if isinstance(one, Licence)]) == 1
    assert len([one for one in made if isinstance(one, NotRenewable)]) == 4
    assert await mongo.collection("licences").count_documents({"held": True}) == 1
    assert await mongo.collection("licences").count_documents({}) == 2


# Ending


@pytest.mark.parametrize("ending", Ending)
async def test_a_licence_is_ended_and_its_holder_told_why(
    room: Room, mongo: Mongo, cipher: FieldCipher, ending: Ending
) -> None:
    made = await room.driving(valid_until=TODAY + timedelta(days=30))
    ended = await room.issuing.revoke(principal=clerk(), licence_id=made.id, reason=" 记满12分 ", ending=ending)
    assert (ended.status(TODAY), ended.held) == (ending.status, False)
    assert ended.ended is not None
    assert (ended.ended.by, ended.ended.reason) == (CLERK, "记满12分")
    assert await room.licences.wallet(principal=citizen(), citizen_id=ANNA) == [ended]
    assert await told(mongo, cipher, "licences.revoked") == [
        {"citizen": ANNA, "licence": made.id, "facts": {"type": DRIVING_NAME, "reason": "记满12分"}}
    ]
    assert "记满12分" not in repr(await everything(mongo))
    assert await room.issuing.announce_expiring() == 0, "of what was ended no notice comes"
    again = await room.driving()
    assert again.version == 1


async def test_what_was_ended_or_has_expired_is_not_ended_again(room: Room, mongo: Mongo, clock: FixedClock) -> None:
    made, expiring = await room.driving(), await room.driving(BEN, valid_until=TODAY)
    await room.issuing.revoke(principal=clerk(), licence_id=made.id, reason="示例")
    clock.advance(seconds=DAY_S)
    before = await everything(mongo)
    for licence, status in ((made, "REVOKED"), (expiring, "EXPIRED")):
        with pytest.raises(LicenceNotValid) as refusal:
            await room.issuing.revoke(principal=clerk(), licence_id=licence.id, reason="示例")
        assert refusal.value.status == status
    with pytest.raises(NotRenewable):
        await room.issuing.renew(principal=clerk(), licence_id=made.id)
    assert await everything(mongo) == before


async def test_a_licence_is_either_renewed_or_ended(build: Build, room: Room, mongo: Mongo) -> None:
    made = await room.driving(valid_until=TODAY)
    other = build(mongo)
    ended = await asyncio.gather(
        room.issuing.renew(principal=clerk(), licence_id=made.id),
        other.issuing.revoke(principal=clerk(), licence_id=made.id, reason="示例"),
        return_exceptions=True,
    )
    assert len([one for one in ended if isinstance(one, Licence)]) == 1
    assert len([one for one in ended if isinstance(one, LicenceNotValid | NotRenewable)]) == 1


@pytest.mark.parametrize(
    ("principal", "refusal"),
    [
        (OTHER_CLERK, NotFound),
        (clerk(scopes=frozenset({"staff"})), Forbidden),
        (officer(), Forbidden),
        (citizen(), Forbidden),
        (ANONYMOUS, SignInRequired),
    ],
)
async def test_another_department_s_licence_is_not_there(
    room: Room, mongo: Mongo, principal: Principal, refusal: type[DomainError]
) -> None:
    made = await room.driving(valid_until=TODAY)
    before = await everything(mongo)
    with pytest.raises(refusal):
        await room.issuing.renew(principal=principal, licence_id=made.id)
    with pytest.raises(refusal):
        await room.issuing.revoke(principal=principal, licence_id=made.id, reason="示例")
    assert await everything(mongo) == before


@pytest.mark.parametrize("reason", ["", "x" * 201])
async def test_an_end_has_a_reason_of_bounded_length(room: Room, mongo: Mongo, reason: str) -> None:
    made = await room.driving()
    before = await everything(mongo)
    with pytest.raises(BadInput):
        await room.issuing.revoke(principal=clerk(), licence_id=made.id, reason=reason)
    assert await everything(mongo) == before


# Notices


async def test_a_licence_s_end_is_announced_at_each_threshold_once(
    room: Room, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    made = await room.driving(valid_until=TODAY + timedelta(days=31))
    days = []
    for _ in range(34):
        given = await room.issuing.announce_expiring()
        assert await room.issuing.announce_expiring() == 0
        days += [made.days_left(room.licences.today())] * given
        clock.advance(seconds=DAY_S)
    assert days == [30, 7, 1, -1]
    assert await told(mongo, cipher, "licences.expiring") == [
        {
            "citizen": ANNA,
            "licence": made.id,
            "facts": {"type": DRIVING_NAME, "valid_until": "2026-12-23", "days": left},
        }
        for left in days
    ]


@pytest.mark.parametrize(("away_days", "days"), [(26, 5), (31, 0), (40, -1)])
async def test_a_city_that_was_away_gives_one_notice_and_not_all_that_it_missed(
    room: Room, mongo: Mongo, cipher: FieldCipher, clock: FixedClock, away_days: int, days: int
) -> None:
    await room.driving(valid_until=TODAY + timedelta(days=31))
    clock.advance(seconds=away_days * DAY_S)
    assert await room.issuing.announce_expiring() == 1
    assert await room.issuing.announce_expiring() == 0
    assert [event["facts"]["days"] for event in await told(mongo, cipher, "licences.expiring")] == [days]


async def test_a_renewed_licence_s_old_version_is_not_announced(room: Room) -> None:
    made = await room.driving(valid_until=TODAY)
    await room.issuing.renew(principal=clerk(), licence_id=made.id)
    assert await room.issuing.announce_expiring() == 0


async def test_many_processes_announce_each_notice_once(build: Build, room: Room, mongo: Mongo) -> None:
    holders = [f"cit_01KAMP000000000000000000{n:02d}" for n in range(12)]
    for holder in holders:
        await room.driving(holder, valid_until=TODAY + timedelta(days=7))
    given = await asyncio.gather(*(build(mongo).issuing.announce_expiring() for _ in range(4)))
    assert sum(given) == 12
    rows = await mongo.collection("events").find({"name": "licences.expiring"}).to_list(None)
    assert sorted(row["payload"]["citizen"] for row in rows) == holders


async def test_a_call_gives_a_bounded_number_of_notices(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.domains.licences.issuing.NOTICES_AT_ONCE", 2)
    for n in range(5):
        await room.driving(f"cit_01KAMP000000000000000000{n:02d}", valid_until=TODAY + timedelta(days=7))
    assert [await room.issuing.announce_expiring() for _ in range(4)] == [2, 2, 1, 0]


async def test_the_chore_announces(room: Room, mongo: Mongo) -> None:
    await room.driving(valid_until=TODAY + timedelta(days=1))

    async def announced() -> bool:
        return await mongo.collection("events").count_documents({"name": "licences.expiring"}) == 1

    async with going_on(chores(room.issuing)):
        await until(announced, what="the notice")


# The demonstration


async def test_the_demonstration_is_loaded_once(
    build: Build, room: Room, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    people = {"zhang": ANNA, "liu": BEN, "ouyang": "cit_01KAMP0000000000000000000F", "wang": CLERK}
    loads = await asyncio.gather(*(load_demo(issuing=of, people=people) for of in (room.issuing, other(build, mongo))))
    assert sum(loads) == 4
    before = await everything(mongo)
    clock.advance(seconds=3600)
    assert await load_demo(issuing=room.issuing, people=people) == 0
    assert await everything(mongo) == before

    wallet = await room.licences.wallet(principal=citizen(), citizen_id=ANNA)
    assert [(one.type.code, one.days_left(TODAY), one.renewable(TODAY)) for one in wallet] == [
        (RESIDENCE_PERMIT.code, 30, True),
        (DRIVING_LICENCE.code, 2192, False),
    ]
    (card,) = await room.licences.wallet(principal=citizen(BEN), citizen_id=BEN)
    assert (card.type.code, card.valid_until) == (SENIOR_CARD.code, None)
    assert len(await told(mongo, cipher, "licences.issued")) == 4
    assert await room.issuing.announce_expiring() == 1
    (notice,) = await told(mongo, cipher, "licences.expiring")
    assert (notice["citizen"], notice["facts"]["days"], notice["facts"]["type"]["en"]) == (
        ANNA,
        30,
        "Beijing residence permit",
    )


async def test_what_the_demonstration_s_clerk_ended_stays_ended(room: Room) -> None:
    people = {"ouyang": BEN}
    assert await load_demo(issuing=room.issuing, people=people) == 1
    (licence,) = await room.licences.wallet(principal=citizen(BEN), citizen_id=BEN)
    await room.issuing.revoke(principal=clerk(), licence_id=licence.id, reason="示例")
    assert await load_demo(issuing=room.issuing, people=people) == 0


def other(build: Build, mongo: Mongo) -> Issuing:
    return build(mongo).issuing
