"""The verbs of the room, on real MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.domains.reports.demo import CASES, load_demo
from api.domains.reports.errors import (
    ActionNotAllowed,
    AlreadyRated,
    CaseChanged,
    CategoryUnknown,
    ClientReportIdReused,
    DuplicateOfUnfit,
    LocationMissing,
    NotYetRateable,
    OutsideCity,
    PhotoBroken,
    PhotoUnknown,
    PhotoUnsupported,
    PlaceUnknown,
    ReopenTermOver,
    TooManyPhotos,
    TooManyReports,
)
from api.domains.reports.model import Case
from api.domains.reports.service import Reports
from api.domains.reports.workflow import Action, Status
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.errors import BadInput, DomainError, Forbidden, NotFound, SignInRequired
from core.events import Event, open_facts
from core.geo import Point
from core.mongo import Mongo, Session
from core.paging import PageRequest
from core.principal import ANONYMOUS, Principal
from tests.unit.reports.reporting import (
    ANNA,
    BEN,
    CARER,
    DONGCHENG,
    HAIDIAN,
    WU,
    ZHOU,
    Build,
    a_report,
    acting,
    citizen,
    everything,
    handler,
    jpeg,
    photographed,
    reported,
    stepped,
    street,
    with_gps,
)

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # the still clock: noon in Beijing
FIRST_PAGE = PageRequest(first=20)
PLACE = "110101000000000000017"


async def events(mongo: Mongo) -> list[dict[str, Any]]:
    return (
        await mongo.collection("events").find({}, {"_id": 0, "name": 1, "payload": 1}).sort("$natural", 1).to_list(None)
    )


async def place_told(room: Reports, mongo: Mongo, *, at: datetime = NOON, event: str = "evt_1", **changes: Any) -> None:
    payload = {
        "place": PLACE,
        "kind": "THING",
        "name": {"zh": "路灯 17 号", "en": "Lamp 17"},
        "category": "street-lamp",
        "district": "110101",
        "longitude": DONGCHENG.longitude,
        "latitude": DONGCHENG.latitude,
        "active": True,
    }

    async def work(session: Session) -> None:
        told = Event(id=event, name="citycode.place_changed", occurred_at=at, payload=payload | changes)
        await room.keep_place(told, session=session)

    await mongo.transaction(work)


# --- reporting -------------------------------------------------------------------------------------------------------


async def test_a_report_becomes_a_case(room: Reports, mongo: Mongo, cipher: FieldCipher) -> None:
    case = await reported(room)
    assert case.number == "20261122-000001-4"
    assert (case.status, case.district, case.due_at) == (Status.SUBMITTED, "110101", NOON + timedelta(days=7))
    assert await room.case(principal=citizen(), case_id=case.id) == case
    [event] = await events(mongo)
    assert (event["name"], event["payload"]["case"], event["payload"]["citizen"]) == ("reports.created", case.id, ANNA)
    assert open_facts(event["payload"]["facts"], owner=ANNA, cipher=cipher) == {
        "number": case.number,
        "category": {"zh": "路灯故障", "en": "Street lamp"},
    }


async def test_what_was_written_is_sealed_where_it_lies(room: Reports, mongo: Mongo) -> None:
    case = await reported(room, description="我家门口", address="某某胡同 9 号")
    await room.act(principal=handler(), case_id=case.id, version=1, action=Action.RETURN, note="请补充门牌")
    stored = repr(await everything(mongo))
    assert all(text not in stored for text in ("我家门口", "某某胡同", "请补充门牌"))
    assert "我家门口" not in repr(await room.case(principal=citizen(), case_id=case.id))


async def test_the_same_report_sent_again_is_the_same_case(room: Reports, mongo: Mongo) -> None:
    photo = await photographed(room)
    first = await reported(room, photo_ids=[photo])
    before = await everything(mongo)
    assert await reported(room, photo_ids=[photo]) == first
    with pytest.raises(ClientReportIdReused):
        await reported(room, description="something else", photo_ids=[photo])
    with pytest.raises(ClientReportIdReused):
        await reported(room)
    assert await everything(mongo) == before
    assert (await reported(room, by=citizen(BEN))).id != first.id


async def test_one_report_sent_many_times_at_once_is_one_case(room: Reports, mongo: Mongo) -> None:
    photo = await photographed(room)
    made = await asyncio.gather(*(reported(room, photo_ids=[photo]) for _ in range(8)))
    assert len({case.id for case in made}) == 1
    assert await mongo.collection("reports_cases").count_documents({}) == 1
    assert len(await events(mongo)) == 1
    counted = await mongo.collection("reports_counters").find_one({"_id": {"$regex": "^report\\|"}})
    assert counted is not None
    assert counted["n"] == 1


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"description": ""}, BadInput),
        ({"description": "x" * 4001}, BadInput),
        ({"address": "x" * 201}, BadInput),
        ({"client_report_id": None}, BadInput),
        ({"client_report_id": "x" * 65}, BadInput),
        ({"category": "nothing"}, CategoryUnknown),
        ({"category": None}, CategoryUnknown),
        ({"location": None}, LocationMissing),
        ({"location": Point(121.47, 31.23)}, OutsideCity),
        ({"location": Point(0.0, 0.0)}, OutsideCity),
        ({"place": PLACE}, PlaceUnknown),
        ({"place": "x" * 10_000}, PlaceUnknown),
        ({"photo_ids": ["pho_01KAMP0000000000000000000A"]}, PhotoUnknown),
        ({"photo_ids": ["x"]}, BadInput),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_report_that_cannot_be_leaves_nothing(
    room: Reports, mongo: Mongo, changes: dict[str, Any], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        await reported(room, **changes)
    assert await everything(mongo) == {}


@pytest.mark.parametrize(
    ("who", "refusal"),
    [(ANONYMOUS, SignInRequired), (handler(), Forbidden), (acting(frozenset({"reports:read"})), Forbidden)],
    ids=["nobody", "staff", "carer"],
)
async def test_only_a_citizen_reports_and_for_themself(
    room: Reports, mongo: Mongo, who: Principal, refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        await room.create(principal=who, report=a_report())
    assert await everything(mongo) == {}


async def test_a_citizen_s_day_has_thirty_reports(room: Reports, mongo: Mongo, clock: FixedClock) -> None:
    for turn in range(30):
        await reported(room, client_report_id=f"r{turn}")
    with pytest.raises(TooManyReports):
        await reported(room, client_report_id="one more")
    assert await mongo.collection("reports_cases").count_documents({}) == 30
    assert len(await events(mongo)) == 30
    await reported(room, by=citizen(BEN))
    clock.advance(seconds=12 * 3600)  # the city's next day
    assert (await reported(room, client_report_id="one more")).number.startswith("20261123-")


# --- place codes -----------------------------------------------------------------------------------------------------


async def test_a_place_code_says_what_and_where(room: Reports, mongo: Mongo) -> None:
    await place_told(room, mongo)
    case = await reported(room, category=None, location=None, place=PLACE)
    assert (case.category.code, case.location, case.place) == ("street-lamp", DONGCHENG, PLACE)
    other = await reported(room, client_report_id="second", category="waste", location=HAIDIAN, place=PLACE)
    assert (other.category.code, other.location, other.district) == ("waste", DONGCHENG, "110101")


async def test_a_place_that_is_retired_is_not_reported_by(room: Reports, mongo: Mongo) -> None:
    await place_told(room, mongo)
    await place_told(room, mongo, at=NOON + timedelta(seconds=1), event="evt_2", active=False)
    with pytest.raises(PlaceUnknown):
        await reported(room, place=PLACE)


async def test_an_older_event_that_comes_later_changes_nothing(room: Reports, mongo: Mongo) -> None:
    await place_told(room, mongo, at=NOON, event="evt_2", active=False)
    before = await everything(mongo)
    await place_told(room, mongo, at=NOON, event="evt_1", active=True)
    await place_told(room, mongo, at=NOON - timedelta(seconds=1), event="evt_3", active=True)
    assert await everything(mongo) == before


async def test_a_place_without_a_category_needs_one(room: Reports, mongo: Mongo) -> None:
    await place_told(room, mongo, category=None)
    with pytest.raises(CategoryUnknown):
        await reported(room, category=None, location=None, place=PLACE)
    assert (await reported(room, location=None, place=PLACE)).location == DONGCHENG


# --- photos ----------------------------------------------------------------------------------------------------------


async def test_a_photo_belongs_to_one_report_of_its_own_person(room: Reports, mongo: Mongo) -> None:
    mine, his = await photographed(room), await photographed(room, by=citizen(BEN))
    before = await everything(mongo)
    with pytest.raises(PhotoUnknown):
        await reported(room, photo_ids=[mine, his])
    assert await everything(mongo) == before
    case = await reported(room, photo_ids=[mine])
    assert case.photos == (mine,)
    with pytest.raises(PhotoUnknown):
        await reported(room, client_report_id="second", photo_ids=[mine])
    row = await mongo.collection("reports_photos").find_one({"_id": mine})
    assert row is not None
    assert (row["case"], "expires_at" in row) == (case.id, False)


async def test_two_reports_at_once_do_not_share_a_photo(room: Reports, mongo: Mongo) -> None:
    photo = await photographed(room)
    made = await asyncio.gather(
        *(reported(room, client_report_id=f"r{turn}", photo_ids=[photo]) for turn in range(4)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in made) == ["Case", "PhotoUnknown", "PhotoUnknown", "PhotoUnknown"]
    assert await mongo.collection("reports_cases").count_documents({}) == 1


async def test_a_photo_that_nobody_used_is_forgotten_after_a_day(
    room: Reports, mongo: Mongo, clock: FixedClock
) -> None:
    photo = await photographed(room)
    [row] = await mongo.collection("reports_photos").find().to_list(None)
    assert row["expires_at"] == NOON + timedelta(hours=24)
    index = (await mongo.collection("reports_photos").index_information())["forget"]
    assert (index["key"], index["expireAfterSeconds"]) == ([("expires_at", 1)], 0)
    clock.advance(seconds=24 * 3600)
    with pytest.raises(PhotoUnknown):
        await reported(room, photo_ids=[photo])


async def test_where_a_photo_was_taken_is_sealed_and_flagged_for_handlers(room: Reports, mongo: Mongo) -> None:
    far, near = with_gps(HAIDIAN, street(1)), with_gps(DONGCHENG, street(2))
    doubtful = await reported(room, photo_ids=[await photographed(room, far)])
    sure = await reported(room, client_report_id="second", photo_ids=[await photographed(room, near)])
    assert (doubtful.doubtful, sure.doubtful) == (True, False)
    for row in await mongo.collection("reports_photos").find({}, {"full": 0, "thumbnail": 0}).to_list(None):
        assert isinstance(row["gps"], bytes)
        assert b"116." not in row["gps"]


async def test_a_person_s_day_has_a_hundred_photos(room: Reports, mongo: Mongo) -> None:
    await mongo.collection("reports_counters").insert_one({"_id": f"photo|{ANNA}|2026-11-22", "n": 99, "at": NOON})
    await photographed(room)
    with pytest.raises(TooManyPhotos):
        await photographed(room)
    assert await mongo.collection("reports_photos").count_documents({}) == 1
    await photographed(room, by=citizen(BEN))


async def test_what_cannot_be_drawn_counts_as_a_try_and_leaves_nothing_else(room: Reports, mongo: Mongo) -> None:
    for _ in range(3):
        with pytest.raises(PhotoBroken):
            await room.add_photo(principal=citizen(), raw=jpeg()[:500])
    with pytest.raises(PhotoUnsupported):
        await room.add_photo(principal=citizen(), raw=b"GIF89a")
    [counter] = (await everything(mongo)).pop("reports_counters")
    assert (counter["_id"], counter["n"]) == (f"photo|{ANNA}|2026-11-22", 3)
    assert set(await everything(mongo)) == {"reports_counters"}


@pytest.mark.parametrize(
    "who", [ANONYMOUS, handler(scopes=frozenset({"staff"})), acting(frozenset({"reports:read"}))], ids=str
)
async def test_who_may_not_upload(room: Reports, mongo: Mongo, who: Principal) -> None:
    with pytest.raises((SignInRequired, Forbidden)):
        await room.add_photo(principal=who, raw=jpeg())
    assert await everything(mongo) == {}


# --- who sees what ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (citizen(ANNA), True),
        (acting(frozenset({"reports:read"})), True),
        (acting(frozenset({"health:read"})), False),
        (acting(frozenset({"reports:read"}), subject=BEN), False),
        (citizen(BEN), False),
        (citizen(CARER), False),
        (handler(ZHOU, "110101"), True),
        (handler(ZHOU, "110000"), True),
        (handler(WU, "110108"), False),
        (handler(ZHOU, "110101", scopes=frozenset({"staff", "citycode:scan"})), False),
        (replace(handler(), jurisdiction=None), False),
    ],
)
async def test_who_sees_a_case(room: Reports, who: Principal, sees: bool) -> None:
    case = await reported(room)
    assert set(await room.visible_cases(principal=who, ids=[case.id])) == ({case.id} if sees else set())
    if sees:
        assert (await room.case(principal=who, case_id=case.id)).id == case.id
    else:
        with pytest.raises(NotFound):
            await room.case(principal=who, case_id=case.id)


async def test_nobody_sees_a_case_that_there_is_not(room: Reports) -> None:
    for case_id in ("", "rep_01KAMP0000000000000000000A", "x" * 10_000):
        with pytest.raises(NotFound):
            await room.case(principal=citizen(), case_id=case_id)
    with pytest.raises(SignInRequired):
        await room.case(principal=ANONYMOUS, case_id="rep_01KAMP0000000000000000000A")


async def test_a_citizen_s_list_is_theirs_newest_first(room: Reports, clock: FixedClock) -> None:
    made = []
    for turn in range(3):
        made.append((await reported(room, client_report_id=f"r{turn}")).id)
        clock.advance(seconds=1)
    await reported(room, by=citizen(BEN))
    page = await room.cases_of(principal=citizen(), citizen_id=ANNA, page=PageRequest(first=2))
    assert ([case.id for case in page.rows], page.has_next) == ([made[2], made[1]], True)
    rest = await room.cases_of(principal=citizen(), citizen_id=ANNA, page=PageRequest(first=2, after=page.keys[-1]))
    assert ([case.id for case in rest.rows], rest.has_next) == ([made[0]], False)


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        (ANONYMOUS, SignInRequired),
        (citizen(BEN), NotFound),
        (handler(), Forbidden),
        (acting(frozenset({"health:read"})), Forbidden),
    ],
    ids=["nobody", "another", "staff", "another-matter"],
)
async def test_a_citizen_s_list_is_for_nobody_else(room: Reports, who: Principal, refusal: type[DomainError]) -> None:
    await reported(room)
    with pytest.raises(refusal):
        await room.cases_of(principal=who, citizen_id=ANNA, page=FIRST_PAGE)
    carer = acting(frozenset({"reports:read"}))
    assert len((await room.cases_of(principal=carer, citizen_id=ANNA, page=FIRST_PAGE)).rows) == 1


async def test_whoever_acts_for_somebody_reads_and_does_nothing(room: Reports, mongo: Mongo) -> None:
    carer = acting(frozenset({"reports:read"}))
    case = await stepped(room, await reported(room), Action.RETURN)
    before = await everything(mongo)
    assert room.open_to(principal=carer, case=case) == []
    with pytest.raises(Forbidden):
        await room.act(principal=carer, case_id=case.id, version=2, action=Action.ANSWER, note="x")
    with pytest.raises(Forbidden):
        await room.rate(principal=carer, case_id=case.id, stars=5)
    assert await everything(mongo) == before


async def test_a_handler_s_list_is_of_their_district_and_due_first(room: Reports, clock: FixedClock) -> None:
    lamp = await reported(room, client_report_id="a")
    manhole = await reported(room, client_report_id="b", category="manhole")
    leak = await reported(room, client_report_id="c", category="water-leak")
    await reported(room, client_report_id="d", location=HAIDIAN)
    await stepped(room, await reported(room, client_report_id="e"), Action.REJECT)
    clock.advance(seconds=3 * 3600)

    async def listed(who: Principal | None = None, **wanted: Any) -> list[str]:
        page = await room.staff_cases(principal=who or handler(), page=FIRST_PAGE, **wanted)
        return [case.id for case in page.rows]

    assert await listed() == [manhole.id, leak.id, lamp.id]
    assert await listed(overdue=True) == [manhole.id]
    assert await listed(category="water-leak") == [leak.id]
    assert await listed(district="110108") == []
    assert len(await listed(statuses=[Status.REJECTED])) == 1
    assert len(await listed(handler(WU, "110108"))) == 1
    assert len(await listed(handler(ZHOU, "110000"))) == 4
    assert await listed(replace(handler(), jurisdiction=None)) == []
    page = await room.staff_cases(principal=handler(), page=PageRequest(first=1))
    rest = await room.staff_cases(principal=handler(), page=PageRequest(first=5, after=page.keys[0]))
    assert [case.id for case in rest.rows] == [leak.id, lamp.id]


@pytest.mark.parametrize("who", [ANONYMOUS, citizen(), handler(scopes=frozenset({"staff"}))], ids=str)
async def test_the_handlers_list_is_for_handlers(room: Reports, who: Principal) -> None:
    with pytest.raises((SignInRequired, Forbidden)):
        await room.staff_cases(principal=who, page=FIRST_PAGE)


# --- steps -----------------------------------------------------------------------------------------------------------


async def test_a_case_goes_its_way_and_says_so(room: Reports, mongo: Mongo, cipher: FieldCipher) -> None:
    case = await stepped(room, await reported(room), Action.ACCEPT, Action.START, Action.RESOLVE)
    assert (case.status, case.version, case.settled_at) == (Status.RESOLVED, 4, NOON)
    assert await room.case(principal=citizen(), case_id=case.id) == case
    assert len(case.timeline[-1].photos) == 1
    closed = await stepped(room, case, Action.CLOSE, by=citizen())
    assert closed.status is Status.CLOSED
    moves = [event["payload"] for event in await events(mongo) if event["name"] == "reports.moved"]
    assert [payload["action"] for payload in moves] == ["ACCEPT", "START", "RESOLVE", "CLOSE"]
    assert open_facts(moves[2]["facts"], owner=ANNA, cipher=cipher) == {
        "number": case.number,
        "category": {"zh": "路灯故障", "en": "Street lamp"},
        "status": {"zh": "已办结", "en": "Resolved"},
        "note": "因为",
    }


async def test_a_step_on_an_old_version_changes_nothing(room: Reports, mongo: Mongo) -> None:
    case = await stepped(room, await reported(room), Action.ACCEPT)
    before = await everything(mongo)
    for version in (1, 3, 0, -1, 2**31):
        with pytest.raises(CaseChanged) as refused:
            await room.act(principal=handler(), case_id=case.id, version=version, action=Action.START)
        assert refused.value.version == 2
    assert await everything(mongo) == before


async def test_of_two_handlers_at_once_one_is_told_that_the_case_changed(
    room: Reports, build: Build, mongo: Mongo
) -> None:
    case = await reported(room)
    rooms = [room, build(mongo)]
    tries = await asyncio.gather(
        *(
            rooms[turn % 2].act(principal=handler(), case_id=case.id, version=1, action=action, note="n")
            for turn, action in enumerate([Action.ACCEPT, Action.REJECT, Action.RETURN, Action.ACCEPT])
        ),
        return_exceptions=True,
    )
    done = [one for one in tries if isinstance(one, Case)]
    refused = [one for one in tries if isinstance(one, CaseChanged)]
    assert (len(done), len(refused)) == (1, 3)
    kept = await room.case(principal=citizen(), case_id=case.id)
    assert (kept.version, kept.status, len(kept.timeline)) == (2, done[0].status, 2)
    assert [event["name"] for event in await events(mongo)] == ["reports.created", "reports.moved"]


@pytest.mark.parametrize(
    ("who", "action", "refusal"),
    [
        (handler(), Action.START, ActionNotAllowed),
        (handler(), Action.WITHDRAW, ActionNotAllowed),
        (citizen(), Action.ACCEPT, ActionNotAllowed),
        (citizen(), Action.NOTE, ActionNotAllowed),
        (handler(WU, "110108"), Action.ACCEPT, NotFound),
        (citizen(BEN), Action.WITHDRAW, NotFound),
        (ANONYMOUS, Action.WITHDRAW, SignInRequired),
    ],
)
async def test_a_step_that_is_not_theirs_changes_nothing(
    room: Reports, mongo: Mongo, who: Principal, action: Action, refusal: type[DomainError]
) -> None:
    case = await reported(room)
    before = await everything(mongo)
    with pytest.raises(refusal):
        await room.act(principal=who, case_id=case.id, version=1, action=action, note="n")
    assert await everything(mongo) == before


async def test_a_handler_s_photo_is_their_own(room: Reports, mongo: Mongo) -> None:
    case = await stepped(room, await reported(room), Action.ACCEPT, Action.START)
    his = await photographed(room)
    before = await everything(mongo)
    with pytest.raises(PhotoUnknown):
        await room.act(
            principal=handler(), case_id=case.id, version=3, action=Action.RESOLVE, note="done", photo_ids=[his]
        )
    assert await everything(mongo) == before


async def test_an_internal_note_tells_nobody(room: Reports, mongo: Mongo) -> None:
    case = await stepped(room, await reported(room), Action.NOTE)
    assert (case.status, case.version, case.timeline[-1].internal) == (Status.SUBMITTED, 2, True)
    assert [event["name"] for event in await events(mongo)] == ["reports.created"]


async def test_a_duplicate_names_what_it_repeats(room: Reports, mongo: Mongo) -> None:
    first = await reported(room)
    second = await reported(room, by=citizen(BEN))
    elsewhere = await reported(room, by=citizen(BEN), client_report_id="x", location=HAIDIAN)

    async def marked(number: str | None) -> Case:
        return await room.act(
            principal=handler(), case_id=second.id, version=1, action=Action.MARK_DUPLICATE, duplicate_of=number
        )

    before = await everything(mongo)
    for number in (None, "", "20261122-000001-5", second.number):
        with pytest.raises(DuplicateOfUnfit):
            await marked(number)
    with pytest.raises(NotFound):
        await marked(elsewhere.number)
    assert await everything(mongo) == before
    after = await marked(first.number)
    assert (after.status, after.duplicate_of) == (Status.DUPLICATE, first.id)
    with pytest.raises(DuplicateOfUnfit):
        await room.act(
            principal=handler(),
            case_id=first.id,
            version=1,
            action=Action.MARK_DUPLICATE,
            duplicate_of=second.number,
        )


async def test_a_case_can_be_reopened_for_fifteen_days(room: Reports, mongo: Mongo, clock: FixedClock) -> None:
    case = await stepped(room, await reported(room), Action.ACCEPT, Action.START, Action.RESOLVE)
    clock.advance(seconds=15 * 86_400)
    reopened = await room.reopen(principal=citizen(), case_id=case.id, reason="又不亮了")
    assert (reopened.status, reopened.due_at) == (Status.REOPENED, NOON + timedelta(days=22))
    again = await stepped(room, reopened, Action.START, Action.RESOLVE)
    clock.advance(seconds=15 * 86_400 + 1)
    before = await everything(mongo)
    with pytest.raises(ReopenTermOver):
        await room.reopen(principal=citizen(), case_id=again.id, reason="又不亮了")
    assert [rule.action for rule in room.open_to(principal=citizen(), case=again)] == [Action.CLOSE]
    assert await everything(mongo) == before


async def test_a_result_is_rated_once_by_its_reporter(room: Reports, mongo: Mongo) -> None:
    case = await reported(room)
    with pytest.raises(NotYetRateable):
        await room.rate(principal=citizen(), case_id=case.id, stars=5)
    case = await stepped(room, case, Action.ACCEPT, Action.START, Action.RESOLVE)
    before = await everything(mongo)
    for stars in (0, 6, -1):
        with pytest.raises(BadInput):
            await room.rate(principal=citizen(), case_id=case.id, stars=stars)
    for who in (handler(), citizen(BEN)):
        with pytest.raises(NotFound):
            await room.rate(principal=who, case_id=case.id, stars=1)
    assert await everything(mongo) == before
    tries = await asyncio.gather(
        *(room.rate(principal=citizen(), case_id=case.id, stars=stars, comment="快") for stars in (4, 5)),
        return_exceptions=True,
    )
    rated = [one for one in tries if isinstance(one, Case)]
    assert (len(rated), [type(one) for one in tries if not isinstance(one, Case)]) == (1, [AlreadyRated])
    kept = await room.case(principal=handler(), case_id=case.id)
    assert kept.rating == rated[0].rating
    assert kept.rating is not None
    assert kept.rating.comment == "快"


# --- figures ---------------------------------------------------------------------------------------------------------


async def test_the_figures_are_counted_and_kept_for_a_minute(room: Reports, clock: FixedClock) -> None:
    empty = await room.figures()
    assert (empty.all.total, empty.median_s, len(empty.by_district)) == (0, None, 16)
    for turn, (where, hours) in enumerate([(DONGCHENG, 1), (DONGCHENG, 2), (HAIDIAN, 6)]):
        case = await reported(room, client_report_id=f"r{turn}", location=where, category="noise")
        clock.advance(seconds=hours * 3600)
        await stepped(room, case, Action.ACCEPT, Action.START, Action.RESOLVE, by=handler(ZHOU, "110000"))
    await reported(room, client_report_id="open")
    await stepped(room, await reported(room, client_report_id="no"), Action.REJECT)
    figures = await room.figures()
    assert (figures.all.total, figures.all.open, figures.median_s) == (5, 1, 2 * 3600)
    assert figures.median_s_by_district == {"110101": 1.5 * 3600, "110108": 6 * 3600}
    assert (figures.by_district["110101"].total, figures.by_district["110101"].open) == (4, 1)
    assert (figures.by_category["noise"].total, figures.by_category["noise"].open) == (3, 0)
    assert {status: count for status, count in figures.by_status.items() if count} == {
        Status.RESOLVED: 3,
        Status.SUBMITTED: 1,
        Status.REJECTED: 1,
    }
    await reported(room, client_report_id="later")
    clock.advance(seconds=59)
    assert (await room.figures()).all.total == 5
    clock.advance(seconds=1)
    assert (await room.figures()).all.total == 6


# --- the demonstration -----------------------------------------------------------------------------------------------


async def test_the_demo_adds_what_is_missing_and_changes_nothing(room: Reports, mongo: Mongo) -> None:
    people = {"zhang": ANNA, "liu": BEN, "alexander": CARER, "zhou": ZHOU, "wu": WU}
    assert await load_demo(service=room, people=people) == len(CASES) - 2
    people["ouyang"] = "cit_01KAMP0000000000000000000F"
    assert await load_demo(service=room, people=people) == 2
    before = await everything(mongo)
    assert await load_demo(service=room, people=people) == 0
    assert await everything(mongo) == before
    mine = await room.cases_of(principal=citizen(ANNA), citizen_id=ANNA, page=FIRST_PAGE)
    assert [(case.status, case.district) for case in mine.rows] == [(Status.RESOLVED, "110101")]
    assert (await room.figures()).by_district["110108"].open == 2
