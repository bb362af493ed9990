"""The verbs of the room, on real MongoDB."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import base45
import pymongo
import pytest
import pytest_asyncio
from nacl.signing import SigningKey, VerifyKey

from api.domains.citycode import cc1
from api.domains.citycode.errors import (
    CodeExpired,
    CodeForeign,
    CodeForged,
    CodeKeyUnknown,
    CodeMalformed,
    CodeNotYetValid,
    CodeReplayed,
    ScanIdReused,
)
from api.domains.citycode.model import Scan, ScanPurpose, ScanTally
from api.domains.citycode.service import CityCodes
from api.domains.citycode.store import CityCodeStore
from api.domains.citycode.worker import subscriptions
from core.clock import FixedClock
from core.embedded import Stores
from core.errors import BadInput, DomainError, Forbidden, NotFound, SignInRequired, Unavailable
from core.events import Backbone, Limits
from core.mongo import Mongo
from core.paging import PageRequest
from core.principal import ANONYMOUS, Principal
from core.redis import Redis
from tests.unit.citycode.people import (
    ANNA,
    BEN,
    COLLEAGUE,
    OFFICER,
    SHANGHAI,
    Build,
    carer,
    citizen,
    everything,
    officer,
)

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # the still clock: noon in Beijing
FIRST_PAGE = PageRequest(first=20)


async def shown(codes: CityCodes, account: str = ANNA) -> str:
    return (await codes.issue(principal=citizen(account), citizen_id=account)).text


async def scanned(codes: CityCodes, text: str, *, by: str = OFFICER, as_: str | None = None) -> Scan:
    return await codes.scan(principal=officer(by), text=text, purpose=ScanPurpose.VENUE_ENTRY, client_scan_id=as_)


def resigned(text: str, codes: CityCodes, **changes: Any) -> str:
    """The same code with other values, signed by the city."""
    key = codes.keys.active.private
    assert isinstance(key, SigningKey)
    return cc1.issue(replace(cc1.parse(text).body, **changes), key=key)


# Showing


async def test_a_citizen_is_given_a_code_for_a_minute(codes: CityCodes) -> None:
    code = await codes.issue(principal=citizen(), citizen_id=ANNA)
    body = cc1.parse(code.text).body
    assert (code.issued_at, code.expires_at, code.lifetime_s) == (NOON, NOON + timedelta(seconds=60), 60)
    assert (body.city, body.real_name_level, body.issued_at, body.ttl_s) == ("110000", 4, NOON, 60)
    assert body.kid == codes.keys.active.kid


async def test_a_code_is_for_the_citizen_alone(codes: CityCodes) -> None:
    with pytest.raises(NotFound):
        await codes.issue(principal=citizen(ANNA), citizen_id=BEN)
    with pytest.raises(Forbidden):
        await codes.issue(principal=officer(), citizen_id=ANNA)
    with pytest.raises(Forbidden):
        await codes.issue(principal=carer("licences:read", "health:read"), citizen_id=ANNA)
    with pytest.raises(Forbidden):
        await codes.scans(principal=carer("licences:read", "health:read"), citizen_id=ANNA, page=FIRST_PAGE)
    with pytest.raises(SignInRequired):
        await codes.issue(principal=ANONYMOUS, citizen_id=ANNA)


async def test_the_pseudonym_changes_at_the_city_s_midnight_and_only_then(codes: CityCodes, clock: FixedClock) -> None:
    async def pseudonym(account: str = ANNA) -> bytes:
        return cc1.parse(await shown(codes, account)).body.pseudonym

    at_noon = await pseudonym()
    clock.advance(seconds=12 * 3600 - 1)
    before_midnight, of_another = await pseudonym(), await pseudonym(BEN)
    clock.advance(seconds=1)
    after_midnight = await pseudonym()
    assert at_noon == before_midnight
    assert len({before_midnight, after_midnight, of_another}) == 3


async def test_a_code_shown_before_midnight_scans_after_it(codes: CityCodes, clock: FixedClock) -> None:
    clock.advance(seconds=12 * 3600 - 1)
    text = await shown(codes)
    clock.advance(seconds=30)
    assert (await scanned(codes, text)).citizen == ANNA


async def test_issuing_asks_mongodb_once_a_day(build: Build, stores: Stores, mongo: Mongo, clock: FixedClock) -> None:
    own = Mongo.connect(url=stores.mongo_url, database=mongo.database.name)
    room = build(own)
    await room.open()
    first = await shown(room)
    await own.close()
    clock.advance(seconds=60)
    assert await shown(room) != first
    assert await mongo.collection("citycode_pseudonyms").count_documents({}) == 1


async def test_what_is_kept_in_memory_is_bounded(mongo: Mongo) -> None:
    store = CityCodeStore(mongo=mongo, zone=SHANGHAI, remembered_max=3)
    for number in range(10):
        await store.remember(bytes([number]) * 10, citizen=f"cit_{number}", day=date(2026, 11, 22))
    assert len(store._remembered) == 3
    assert await store.citizen_of(bytes([0]) * 10) == "cit_0"


async def test_a_pseudonym_never_comes_to_mean_somebody_else(codes: CityCodes) -> None:
    await codes.store.remember(b"0123456789", citizen=ANNA, day=date(2026, 11, 22))
    with pytest.raises(RuntimeError):
        await codes.store.remember(b"0123456789", citizen=BEN, day=date(2026, 11, 22))
    assert await codes.store.citizen_of(b"0123456789") == ANNA


async def test_when_mongodb_does_not_answer_in_time_the_room_is_unavailable(
    codes: CityCodes, clock: FixedClock
) -> None:
    clock.advance(seconds=2)
    text = await shown(codes)
    of_a_new_key = resigned(text, codes, kid="AAAA")
    with pymongo.timeout(1e-6):
        for attempt in (
            codes.issue(principal=citizen(BEN), citizen_id=BEN),
            codes.scan(principal=officer(), text=text, purpose=ScanPurpose.TRANSIT),
            codes.scan(principal=officer(), text=of_a_new_key, purpose=ScanPurpose.TRANSIT),
            codes.scans(principal=citizen(), citizen_id=ANNA, page=FIRST_PAGE),
            codes.staff_scans(principal=officer(), page=FIRST_PAGE),
            codes.tallies(principal=officer()),
        ):
            with pytest.raises(Unavailable):
                await attempt
    assert (await scanned(codes, text)).citizen == ANNA


# Scanning


async def test_a_scan_is_recorded_whole(codes: CityCodes, clock: FixedClock) -> None:
    text = await shown(codes)
    clock.advance(seconds=5.123456)
    scan = await codes.scan(principal=officer(), text=text, purpose=ScanPurpose.IDENTITY_CHECK, client_scan_id="first")
    assert scan == Scan(
        id=scan.id,
        at=NOON + timedelta(seconds=5, milliseconds=123),
        purpose=ScanPurpose.IDENTITY_CHECK,
        scanner=OFFICER,
        citizen=ANNA,
        code=cc1.parse(text).raw,
        code_issued_at=NOON,
        jurisdiction="110101",
        client_scan_id="first",
    )
    assert scan.id.startswith("scn_")
    assert list((await codes.scans(principal=citizen(), citizen_id=ANNA, page=FIRST_PAGE)).rows) == [scan]


@pytest.mark.parametrize("after_s", [0, 59.9])
async def test_a_code_scans_while_it_lives(codes: CityCodes, clock: FixedClock, after_s: float) -> None:
    text = await shown(codes)
    clock.advance(seconds=after_s)
    assert (await scanned(codes, text)).citizen == ANNA


async def refusals(codes: CityCodes) -> dict[str, tuple[str, type[DomainError]]]:
    text = await shown(codes)
    code = cc1.parse(text)
    forged = cc1.PREFIX + base45.b45encode(code.raw + bytes(64)).decode()
    return {
        "garbage": ("hello", CodeMalformed),
        "a megabyte": ("CC1:" + "A" * 2**20, CodeMalformed),
        "cut": (text[:-1], CodeMalformed),
        "of another city": (resigned(text, codes, city="420100"), CodeForeign),
        "of an unknown key": (resigned(text, codes, kid="AAAA"), CodeKeyUnknown),
        "forged": (forged, CodeForged),
        "for nobody": (resigned(text, codes, pseudonym=b"0123456789"), CodeForged),
        "from the future": (resigned(text, codes, issued_at=NOON + timedelta(seconds=31)), CodeNotYetValid),
        "expired": (resigned(text, codes, issued_at=NOON - timedelta(seconds=60)), CodeExpired),
    }


async def test_each_bad_code_has_its_own_refusal_that_changes_nothing(codes: CityCodes, mongo: Mongo) -> None:
    cases = await refusals(codes)
    before = await everything(mongo)
    for text, refusal in cases.values():
        with pytest.raises(refusal) as raised:
            await scanned(codes, text, as_="first")
        assert set(raised.value.extensions) == {"code", "kind", "retryable"}
    assert await everything(mongo) == before
    assert [before["citycode_scans"], before["citycode_tallies"]] == [[], []]


@pytest.mark.parametrize(
    ("principal", "refusal"),
    [
        (ANONYMOUS, SignInRequired),
        (citizen(), Forbidden),
        (officer(scopes=frozenset({"staff"})), Forbidden),
    ],
    ids=["nobody", "citizen", "staff without the scope"],
)
async def test_only_an_officer_with_the_scope_may_scan(
    codes: CityCodes, mongo: Mongo, principal: Principal, refusal: type[DomainError]
) -> None:
    text = await shown(codes)
    before = await everything(mongo)
    with pytest.raises(refusal):
        await codes.scan(principal=principal, text=text, purpose=ScanPurpose.TRANSIT)
    with pytest.raises(refusal):
        await codes.staff_scans(principal=principal, page=FIRST_PAGE)
    with pytest.raises(refusal):
        await codes.tallies(principal=principal)
    assert await everything(mongo) == before


# Once


async def test_a_code_is_used_up_by_one_scan(codes: CityCodes, build: Build, mongo: Mongo) -> None:
    text = await shown(codes)
    await scanned(codes, text, as_="first")
    before = await everything(mongo)
    restarted = build(mongo)
    await restarted.open()
    for room in (codes, restarted):
        for by, as_ in ((OFFICER, None), (OFFICER, "second"), (COLLEAGUE, "first"), (COLLEAGUE, None)):
            with pytest.raises(CodeReplayed):
                await scanned(room, text, by=by, as_=as_)
    with pytest.raises(CodeReplayed):
        await scanned(codes, f"  {text}\n", by=COLLEAGUE)
    assert await everything(mongo) == before


async def test_of_scans_at_one_moment_one_wins(codes: CityCodes, build: Build, mongo: Mongo) -> None:
    text = await shown(codes)
    other = build(mongo)
    await other.open()
    outcomes = await asyncio.gather(
        *(scanned(room, text, by=f"stf_{n}") for n in range(8) for room in (codes, other)), return_exceptions=True
    )
    won = [o for o in outcomes if isinstance(o, Scan)]
    assert len(won) == 1
    assert [type(o) for o in outcomes if o is not won[0]] == [CodeReplayed] * 15
    assert await mongo.collection("citycode_scans").count_documents({}) == 1


async def test_an_officer_who_asks_again_gets_the_recorded_scan(
    codes: CityCodes, mongo: Mongo, clock: FixedClock
) -> None:
    text = await shown(codes)
    outcomes = await asyncio.gather(*(scanned(codes, text, as_="first") for _ in range(8)))
    before = await everything(mongo)
    clock.advance(seconds=120)
    late = await scanned(codes, text, as_="first")
    assert {scan.id for scan in outcomes} == {late.id}
    assert await everything(mongo) == before
    with pytest.raises(CodeExpired):
        await scanned(codes, text, as_="second")


async def test_asking_again_for_another_purpose_is_a_replay(codes: CityCodes) -> None:
    text = await shown(codes)
    await scanned(codes, text, as_="first")
    with pytest.raises(CodeReplayed):
        await codes.scan(principal=officer(), text=text, purpose=ScanPurpose.LAW_ENFORCEMENT, client_scan_id="first")


async def test_one_client_scan_id_does_not_name_two_scans(codes: CityCodes, mongo: Mongo) -> None:
    await scanned(codes, await shown(codes, ANNA), as_="first")
    text = await shown(codes, BEN)
    before = await everything(mongo)
    with pytest.raises(ScanIdReused):
        await scanned(codes, text, as_="first")
    assert await everything(mongo) == before
    assert (await scanned(codes, text, by=COLLEAGUE, as_="first")).citizen == BEN


@pytest.mark.parametrize("client_scan_id", ["", "x" * 65])
async def test_a_client_scan_id_is_bounded(codes: CityCodes, client_scan_id: str) -> None:
    with pytest.raises(BadInput):
        await scanned(codes, await shown(codes), as_=client_scan_id)


# Keys


async def test_codes_outlive_the_rotation_of_their_key(codes: CityCodes, clock: FixedClock) -> None:
    text = await shown(codes)
    old_kid = cc1.parse(text).body.kid
    await codes.keys.rotate()
    clock.advance(seconds=59)
    assert (await scanned(codes, text)).citizen == ANNA
    clock.advance(seconds=5 * 60 - 59)
    with pytest.raises(CodeKeyUnknown):
        await scanned(codes, text)
    assert old_kid not in {key["kid"] for key in codes.keys.jwks()["keys"]}


async def test_a_process_learns_keys_that_another_one_made(
    codes: CityCodes, build: Build, mongo: Mongo, clock: FixedClock
) -> None:
    other = build(mongo)
    await other.open()
    clock.advance(seconds=2)
    await other.keys.rotate()
    await other.keys.rotate()
    assert (await scanned(codes, await shown(other))).citizen == ANNA


async def test_the_published_keys_verify_a_code(codes: CityCodes) -> None:
    code = cc1.parse(await shown(codes))
    keys = codes.keys.jwks()["keys"]
    assert [sorted(key) for key in keys] == [["alg", "crv", "kid", "kty", "use", "x"]] * 2
    published = {key["kid"]: base64.urlsafe_b64decode(key["x"] + "=") for key in keys}
    code.check_signature(VerifyKey(published[code.body.kid]))


# Lists and counts


async def test_the_list_is_stable_while_scans_come_in(codes: CityCodes, clock: FixedClock) -> None:
    made = []
    for _ in range(5):
        made.append(await scanned(codes, await shown(codes)))
        clock.advance(seconds=1)
    newest_first = made[::-1]
    first = await codes.scans(principal=citizen(), citizen_id=ANNA, page=PageRequest(first=2))
    await scanned(codes, await shown(codes))
    second = await codes.scans(principal=citizen(), citizen_id=ANNA, page=PageRequest(2, first.keys[-1]))
    third = await codes.scans(principal=citizen(), citizen_id=ANNA, page=PageRequest(2, second.keys[-1]))
    assert [*first.rows, *second.rows, *third.rows] == newest_first
    assert [(p.has_previous, p.has_next) for p in (first, second, third)] == [
        (False, True),
        (True, True),
        (True, False),
    ]


async def test_scans_of_one_millisecond_are_each_listed_once(codes: CityCodes) -> None:
    accounts = [f"cit_{n}" for n in range(7)]
    made = [await scanned(codes, await shown(codes, account)) for account in accounts]
    seen: list[str] = []
    after = None
    for _ in range(4):
        page = await codes.staff_scans(principal=officer(), page=PageRequest(2, after))
        seen += [scan.id for scan in page.rows]
        after = page.keys[-1]
    assert seen == sorted((scan.id for scan in made), reverse=True)


async def test_each_sees_only_their_own(codes: CityCodes) -> None:
    of_anna = await scanned(codes, await shown(codes, ANNA), by=OFFICER)
    of_ben = await scanned(codes, await shown(codes, BEN), by=COLLEAGUE)
    for account, scan in ((ANNA, of_anna), (BEN, of_ben)):
        assert list((await codes.scans(principal=citizen(account), citizen_id=account, page=FIRST_PAGE)).rows) == [scan]
    for account, scan in ((OFFICER, of_anna), (COLLEAGUE, of_ben)):
        assert list((await codes.staff_scans(principal=officer(account), page=FIRST_PAGE)).rows) == [scan]
    with pytest.raises(NotFound):
        await codes.scans(principal=citizen(ANNA), citizen_id=BEN, page=FIRST_PAGE)
    with pytest.raises(Forbidden):
        await codes.scans(principal=officer(), citizen_id=ANNA, page=FIRST_PAGE)


async def test_an_officer_s_list_is_of_the_city_s_day(codes: CityCodes, clock: FixedClock) -> None:
    await scanned(codes, await shown(codes))
    clock.advance(seconds=12 * 3600)
    today = await scanned(codes, await shown(codes))
    assert list((await codes.staff_scans(principal=officer(), page=FIRST_PAGE)).rows) == [today]
    assert len((await codes.scans(principal=citizen(), citizen_id=ANNA, page=FIRST_PAGE)).rows) == 2


async def counted(codes: CityCodes) -> None:
    """Wait until the outbox has nothing left to hand out."""
    async with asyncio.timeout(20):
        while (await codes.outbox.backlog()).waiting:  # noqa: ASYNC110 what is waited for is in a database
            await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def two_processes(
    codes: CityCodes, build: Build, mongo: Mongo, redis: Redis, stores: Stores, clock: FixedClock
) -> AsyncIterator[None]:
    """Two processes of the city that work on its events side by side."""
    other = build(mongo)
    await other.open()
    backbones = [
        Backbone(
            mongo=mongo,
            redis_url=stores.redis_url,
            clock=clock,
            subscriptions=subscriptions(room),
            limits=Limits(poll_s=0.05),
            queue=mongo.database.name,
        )
        for room in (codes, other)
    ]
    await backbones[0].prepare()
    running = [asyncio.create_task(backbone.run()) for backbone in backbones]
    yield
    for task in running:
        task.cancel()
    assert [type(end) for end in await asyncio.gather(*running, return_exceptions=True)] == [asyncio.CancelledError] * 2


@pytest.mark.usefixtures("two_processes")
async def test_each_scan_is_counted_once_however_often_it_is_sent(codes: CityCodes, clock: FixedClock) -> None:
    texts = [await shown(codes, f"cit_{number}") for number in range(6)]
    again_and_again = [scanned(codes, text, as_=f"scan {n}") for n, text in enumerate(texts) for _ in range(3)]
    assert len({scan.id for scan in await asyncio.gather(*again_and_again)}) == 6
    with pytest.raises(CodeReplayed):
        await scanned(codes, texts[0], by=COLLEAGUE)
    await counted(codes)

    day = date(2026, 11, 22)
    assert await codes.tallies(principal=officer()) == [
        ScanTally(purpose, day, 6 if purpose is ScanPurpose.VENUE_ENTRY else 0) for purpose in ScanPurpose
    ]
    assert {tally.count for tally in await codes.tallies(principal=officer(COLLEAGUE))} == {0}
    clock.advance(seconds=12 * 3600)
    assert {(t.day, t.count) for t in await codes.tallies(principal=officer())} == {(date(2026, 11, 23), 0)}


async def test_the_event_of_a_scan_does_not_say_who_was_scanned(codes: CityCodes, mongo: Mongo) -> None:
    scan = await scanned(codes, await shown(codes))
    (event,) = (await everything(mongo))["events"]
    assert event["payload"] == {
        "scan": scan.id,
        "scanner": OFFICER,
        "purpose": "VENUE_ENTRY",
        "day": "2026-11-22",
    }
