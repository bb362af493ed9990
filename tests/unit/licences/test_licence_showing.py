"""The wallet and the checkpoint, on real MongoDB."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import base45
import pytest
from nacl.signing import SigningKey

from api.domains.licences import cl1
from api.domains.licences.catalogue import DRIVING_LICENCE, RESIDENCE_PERMIT
from api.domains.licences.errors import (
    CodeExpired,
    CodeForeign,
    CodeForged,
    CodeKeyUnknown,
    CodeMalformed,
    CodeNotYetValid,
    CodeReplayed,
    FieldNotShowable,
    LicenceNotValid,
    VerificationIdReused,
)
from api.domains.licences.identifiers import LicenceIdentifier
from api.domains.licences.model import LicenceStatus, Verification, VerificationResult
from core.clock import FixedClock
from core.crypto import FieldCipher, UnsealError
from core.errors import BadInput, DomainError, Forbidden, NotFound, SignInRequired
from core.events import open_facts
from core.mongo import Mongo
from core.paging import PageRequest
from core.principal import ANONYMOUS, Principal
from tests.unit.licences.licence_people import (
    ANNA,
    BEN,
    COLLEAGUE,
    DRIVER,
    OFFICER,
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

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
FIRST_PAGE = PageRequest(first=20)


def resigned(text: str, room: Room, *, kid: str | None = None, key: SigningKey | None = None, **changes: Any) -> str:
    """The same code with other claims, signed by the city unless another key is given."""
    active = room.licences.keys.active
    assert isinstance(active.private, SigningKey)
    claims = replace(cl1.parse(text).claims, **changes)
    return cl1.issue(claims, kid=kid or active.kid, key=key or active.private)


# The wallet


async def test_the_wallet_shows_what_is_valid_first_and_soonest(room: Room, clock: FixedClock) -> None:
    driving = await room.driving()
    clock.advance(seconds=1)
    permit = await room.issuing.issue(
        principal=clerk(),
        holder_id=ANNA,
        type_code=RESIDENCE_PERMIT.code,
        values={
            "name": "安娜",
            "sex": "F",
            "born": "1984-03-12",
            "number": "SYNTHETIC-2",
            "district": "东城区",
            "address": "示例胡同1号",
        },
    )
    wallet = await room.licences.wallet(principal=citizen(), citizen_id=ANNA)
    assert wallet == [permit, driving]
    assert [dict(one.values) for one in wallet][1] == DRIVER
    assert await room.licences.wallet(principal=citizen(BEN), citizen_id=BEN) == []


@pytest.mark.parametrize(
    ("principal", "refusal"),
    [
        (citizen(BEN), NotFound),
        (delegate("health:read"), Forbidden),
        (officer(), Forbidden),
        (clerk(), Forbidden),
        (ANONYMOUS, SignInRequired),
    ],
)
async def test_a_wallet_is_read_by_its_owner_and_who_may_read_for_them(
    room: Room, principal: Principal, refusal: type[DomainError]
) -> None:
    driving = await room.driving()
    for who in (citizen(), delegate("licences:read")):
        assert await room.licences.wallet(principal=who, citizen_id=ANNA) == [driving]
    with pytest.raises(refusal):
        await room.licences.wallet(principal=principal, citizen_id=ANNA)
    with pytest.raises(refusal):
        await room.licences.showings(principal=principal, citizen_id=ANNA, page=FIRST_PAGE)


@pytest.mark.parametrize(
    ("principal", "seen"),
    [
        (citizen(), True),
        (delegate("licences:read"), True),
        (clerk(), True),
        (citizen(BEN), False),
        (delegate("health:read"), False),
        (OTHER_CLERK, False),
        (officer(), False),
        (clerk(scopes=frozenset({"staff"})), False),
    ],
)
async def test_one_licence_is_read_by_its_holder_and_its_department(
    room: Room, principal: Principal, seen: bool
) -> None:
    driving = await room.driving()
    if seen:
        assert await room.licences.licence(principal=principal, licence_id=driving.id) == driving
    else:
        with pytest.raises(NotFound):
            await room.licences.licence(principal=principal, licence_id=driving.id)
    assert await room.licences.licences(principal=principal, ids=[driving.id, "lic_none"]) == (
        {driving.id: driving} if seen else {}
    )


async def test_a_licence_is_for_nobody_who_is_not_signed_in(room: Room) -> None:
    driving = await room.driving()
    with pytest.raises(SignInRequired):
        await room.licences.licence(principal=ANONYMOUS, licence_id=driving.id)
    assert await room.licences.licences(principal=ANONYMOUS, ids=[driving.id]) == {}


async def test_what_a_licence_says_is_sealed_at_rest_and_bound_to_its_row(room: Room, mongo: Mongo) -> None:
    driving = await room.driving()
    await room.checked(await room.shown(driving, purpose="去示例公司租车"))
    kept = repr(await everything(mongo))
    assert [value for value in (*DRIVER.values(), "去示例公司租车") if len(value) > 2 and value in kept] == []
    await mongo.collection("licences").update_one({"_id": driving.id}, {"$set": {"holder": BEN}})
    with pytest.raises(UnsealError):
        await room.licences.wallet(principal=citizen(BEN), citizen_id=BEN)


# Showing


async def test_a_code_lives_a_minute_and_says_what_was_chosen(room: Room) -> None:
    driving = await room.driving()
    share = await room.licences.share(
        principal=citizen(), licence_id=driving.id, fields=["class", "born"], purpose=" 租车 "
    )
    claims = cl1.parse(share.text).claims
    assert (share.issued_at, share.expires_at, share.lifetime_s) == (NOON, NOON + timedelta(seconds=60), 60)
    assert (claims.city, claims.issued_at, claims.expires_at) == ("110000", NOON, NOON + timedelta(seconds=60))
    assert (claims.licence, claims.type_code) == (driving.identifier.text, DRIVING_LICENCE.code)
    assert (claims.purpose, share.purpose) == ("租车", "租车")
    assert claims.fields == share.values == {"born": "1984-03-12", "class": "C1"}
    assert ANNA.encode() not in bytes(base45.b45decode(share.text[4:]))


async def test_two_codes_are_never_the_same(room: Room) -> None:
    driving = await room.driving()
    assert await room.shown(driving) != await room.shown(driving)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"principal": citizen(BEN)}, NotFound),
        ({"principal": delegate("licences:read")}, Forbidden),
        ({"principal": officer()}, Forbidden),
        ({"principal": clerk()}, Forbidden),
        ({"principal": ANONYMOUS}, SignInRequired),
        ({"licence_id": "lic_none"}, NotFound),
        ({"fields": ["fileNumber"]}, FieldNotShowable),
        ({"fields": ["name", "salary"]}, FieldNotShowable),
        ({"fields": []}, BadInput),
        ({"fields": ["name"] * 33}, BadInput),
        ({"purpose": ""}, BadInput),
        ({"purpose": "x" * 61}, BadInput),
    ],
)
async def test_over_asking_and_other_people_s_licences_are_refused(
    room: Room, mongo: Mongo, changes: dict[str, Any], refusal: type[DomainError]
) -> None:
    driving = await room.driving()
    before = await everything(mongo)
    asked = {"principal": citizen(), "licence_id": driving.id, "fields": None, "purpose": "租车", **changes}
    with pytest.raises(refusal):
        await room.licences.share(**asked)
    assert await everything(mongo) == before


async def test_a_licence_that_is_not_valid_is_not_shown(room: Room, clock: FixedClock) -> None:
    ends = await room.driving(valid_until=TODAY)
    revoked = await room.driving(BEN)
    await room.issuing.revoke(principal=clerk(), licence_id=revoked.id, reason="示例")
    with pytest.raises(LicenceNotValid) as refusal:
        await room.shown(revoked)
    assert refusal.value.status == "REVOKED"
    clock.advance(seconds=12 * 3600 - 1)
    await room.shown(ends)
    clock.advance(seconds=1)  # midnight in Beijing
    with pytest.raises(LicenceNotValid) as refusal:
        await room.shown(ends)
    assert refusal.value.status == "EXPIRED"


# Checking


async def test_a_check_answers_with_what_was_shown_and_the_holder_reads_of_it(
    room: Room, mongo: Mongo, cipher: FieldCipher
) -> None:
    driving = await room.driving()
    share = await room.licences.share(principal=citizen(), licence_id=driving.id, fields=None, purpose="租车")
    answer = await room.checked(share.text)
    showing = answer.showing
    assert answer.values == {"name": "安娜", "class": "C1"}
    assert (showing.id, showing.at, showing.result) == (share.id, NOON, VerificationResult.VALID)
    assert (showing.holder, showing.licence, showing.verifier) == (ANNA, driving.id, OFFICER)
    assert (showing.jurisdiction, showing.purpose, showing.names) == ("110101", "租车", ("name", "class"))
    for who in (citizen(), delegate("licences:read")):
        page = await room.licences.showings(principal=who, citizen_id=ANNA, page=FIRST_PAGE)
        assert list(page.rows) == [showing]
    event = await mongo.collection("events").find_one({"name": "licences.shown"})
    assert event is not None
    payload = event["payload"]
    assert {name: payload[name] for name in payload if name != "facts"} == {
        "citizen": ANNA,
        "licence": driving.id,
        "showing": share.id,
    }
    assert open_facts(payload["facts"], owner=ANNA, cipher=cipher) == {
        "type": {"zh": "机动车驾驶证", "en": "Driving licence"},
        "purpose": "租车",
        "at": "2026-11-22T04:00:00+00:00",
    }


Spoil = Callable[[Room, str], str]
STRANGER = SigningKey(bytes(32))


def foreign_licence(room: Room, text: str) -> str:
    licence = LicenceIdentifier(DRIVING_LICENCE.code, DRIVING_LICENCE.issuer, "NOBODYSLICENCE", 1).text
    return resigned(text, room, licence=licence)


@pytest.mark.parametrize(
    ("spoil", "after_s", "refusal"),
    [
        (lambda _, text: text[:-7], 0, CodeMalformed),
        (lambda _, text: "CC1:" + text[4:], 0, CodeMalformed),
        (lambda room, text: resigned(text, room, city="310000"), 0, CodeForeign),
        (lambda room, text: resigned(text, room, city="310000", kid="AAAA", key=STRANGER), 0, CodeForeign),
        (lambda room, text: resigned(text, room, kid="AAAA", key=STRANGER), 0, CodeKeyUnknown),
        (lambda room, text: resigned(text, room, key=STRANGER), 0, CodeForged),
        (lambda room, text: resigned(text, room, key=STRANGER, fields={"class": "A1"}), 0, CodeForged),
        (foreign_licence, 0, CodeForged),
        (lambda _, text: text, -31, CodeNotYetValid),
        (lambda _, text: text, 60, CodeExpired),
    ],
)
async def test_a_code_that_is_not_good_has_its_own_refusal_and_changes_nothing(
    room: Room, mongo: Mongo, clock: FixedClock, spoil: Spoil, after_s: float, refusal: type[DomainError]
) -> None:
    text = spoil(room, await room.shown(await room.driving()))
    clock.advance(seconds=after_s)
    before = await everything(mongo)
    with pytest.raises(refusal):
        await room.checked(text)
    assert await everything(mongo) == before


@pytest.mark.parametrize(
    ("principal", "refusal"),
    [
        (citizen(), Forbidden),
        (officer(scopes=frozenset({"staff"})), Forbidden),
        (clerk(), Forbidden),
        (ANONYMOUS, SignInRequired),
    ],
)
async def test_only_an_officer_with_the_scope_checks(
    room: Room, mongo: Mongo, principal: Principal, refusal: type[DomainError]
) -> None:
    text = await room.shown(await room.driving())
    before = await everything(mongo)
    with pytest.raises(refusal):
        await room.licences.verify(principal=principal, text=text)
    assert await everything(mongo) == before


async def test_the_same_check_sent_again_has_the_same_answer(room: Room, mongo: Mongo, clock: FixedClock) -> None:
    text = await room.shown(await room.driving())
    first = await room.checked(text, as_="first")
    before = await everything(mongo)
    assert await room.checked(text, as_="first") == first
    clock.advance(seconds=120)
    assert await room.checked(text, as_="first") == first
    assert await everything(mongo) == before


async def test_every_other_second_use_is_a_replay(room: Room, mongo: Mongo, clock: FixedClock) -> None:
    driving = await room.driving()
    text = await room.shown(driving)
    await room.checked(text, as_="first")
    before = await everything(mongo)
    for officer_id, name in ((OFFICER, None), (OFFICER, "second"), (COLLEAGUE, "first"), (COLLEAGUE, None)):
        with pytest.raises(CodeReplayed):
            await room.checked(text, by=officer_id, as_=name)
    with pytest.raises(VerificationIdReused):
        await room.checked(await room.shown(driving), as_="first")
    clock.advance(seconds=60)
    with pytest.raises(CodeExpired):
        await room.checked(text, as_="second")
    assert await everything(mongo) == before


@pytest.mark.parametrize("name", ["", "x" * 65])
async def test_a_check_s_name_is_bounded(room: Room, name: str) -> None:
    with pytest.raises(BadInput):
        await room.checked(await room.shown(await room.driving()), as_=name)


async def raced(*work: Coroutine[Any, Any, Verification]) -> tuple[list[Verification], list[BaseException]]:
    ended = await asyncio.gather(*work, return_exceptions=True)
    won = [one for one in ended if isinstance(one, Verification)]
    return won, [one for one in ended if isinstance(one, BaseException)]


async def test_of_ten_who_check_one_code_at_once_one_wins(build: Build, room: Room, mongo: Mongo) -> None:
    text = await room.shown(await room.driving())
    other = build(mongo)
    await other.licences.open()
    officers = [f"stf_01KAMP000000000000000000{n:02d}" for n in range(10)]
    won, lost = await raced(*((room, other)[n % 2].checked(text, by=who) for n, who in enumerate(officers)))
    assert len(won) == 1
    assert [type(fault) for fault in lost] == [CodeReplayed] * 9
    assert await mongo.collection("licences_showings").count_documents({}) == 1
    assert await mongo.collection("events").count_documents({"name": "licences.shown"}) == 1


async def test_one_check_sent_five_times_at_once_has_one_answer(room: Room, mongo: Mongo) -> None:
    text = await room.shown(await room.driving())
    won, lost = await raced(*(room.checked(text, as_="first") for _ in range(5)))
    assert lost == []
    assert won == [won[0]] * 5
    assert await mongo.collection("licences_showings").count_documents({}) == 1


@pytest.mark.parametrize("status", [LicenceStatus.REVOKED, LicenceStatus.REPLACED, LicenceStatus.EXPIRED])
async def test_what_happened_to_the_licence_since_it_was_shown_counts(
    room: Room, clock: FixedClock, status: LicenceStatus
) -> None:
    """Nothing of it is seen, and the holder reads that it was checked."""
    driving = await room.driving(valid_until=TODAY)
    clock.advance(seconds=12 * 3600 - 1)
    text = await room.shown(driving)
    if status is LicenceStatus.REVOKED:
        await room.issuing.revoke(principal=clerk(), licence_id=driving.id, reason="示例")
    elif status is LicenceStatus.REPLACED:
        await room.issuing.renew(principal=clerk(), licence_id=driving.id)
    else:
        clock.advance(seconds=1)
    answer = await room.checked(text, as_="first")
    assert (answer.showing.result, answer.showing.status) == (VerificationResult.NOT_VALID, status)
    assert (answer.values, answer.showing.names) == ({}, ())
    assert await room.checked(text, as_="first") == answer
    page = await room.licences.showings(principal=citizen(), citizen_id=ANNA, page=FIRST_PAGE)
    assert list(page.rows) == [answer.showing]


async def test_a_code_outlives_the_key_that_signed_it(room: Room) -> None:
    text = await room.shown(await room.driving())
    await room.licences.keys.rotate()
    assert (await room.checked(text)).showing.result is VerificationResult.VALID


async def test_another_process_checks_what_this_one_signed_after_a_rotation(
    build: Build, room: Room, mongo: Mongo, clock: FixedClock
) -> None:
    driving = await room.driving()
    other = build(mongo)
    await other.licences.open()
    await room.licences.keys.rotate()
    clock.advance(seconds=3)  # a ring that missed a key may look again
    await room.licences.keys.rotate()
    assert (await other.checked(await room.shown(driving))).showing.result is VerificationResult.VALID


async def test_showings_are_read_in_pages_newest_first(room: Room, clock: FixedClock) -> None:
    driving = await room.driving()
    made = []
    for _ in range(3):
        made.append((await room.checked(await room.shown(driving))).showing)
        clock.advance(seconds=1)
    newest = made[::-1]
    first = await room.licences.showings(principal=citizen(), citizen_id=ANNA, page=PageRequest(first=2))
    assert (list(first.rows), first.has_next) == (newest[:2], True)
    rest = await room.licences.showings(
        principal=citizen(), citizen_id=ANNA, page=PageRequest(first=2, after=first.keys[-1])
    )
    assert (list(rest.rows), rest.has_next) == (newest[2:], False)


async def test_a_licence_is_valid_on_its_last_day_where_the_city_is(room: Room, clock: FixedClock) -> None:
    """Midnight is the city's: at 16:00 in Greenwich the next day has begun."""
    await room.driving(valid_until=date(2026, 11, 22))
    clock.advance(seconds=12 * 3600 - 0.001)
    (licence,) = await room.licences.wallet(principal=citizen(), citizen_id=ANNA)
    assert licence.status(room.licences.today()) is LicenceStatus.VALID
    clock.advance(seconds=0.001)
    assert licence.status(room.licences.today()) is LicenceStatus.EXPIRED
