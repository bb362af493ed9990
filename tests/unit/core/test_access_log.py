"""The log of readings: written once, before the answer, and read as one list with what rooms recorded."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from core import logs
from core.access_log import ACCESSES, Access, AccessLog, Place, RoomRecords
from core.clock import FixedClock, epoch_ms
from core.errors import BadInput
from core.ids import Ids, made_at_ms
from core.mongo import Mongo
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind

OFFICER = Principal(kind=PrincipalKind.STAFF, actor="stf_1", subject="stf_1")
CARER = Principal(kind=PrincipalKind.CITIZEN, actor="cit_carer", subject="cit_mother")
FIRST_TEN = PageRequest(10)


async def _log(mongo: Mongo, ids: Ids, clock: FixedClock) -> AccessLog:
    log = AccessLog(mongo=mongo, ids=ids, clock=clock)
    await log.open()
    return log


async def test_a_reading_says_who_what_whom_why_and_for_whom(mongo: Mongo, ids: Ids, clock: FixedClock) -> None:
    log = await _log(mongo, ids, clock)
    await log.read(reader=OFFICER, subject="cit_a", fields=["phone", "name", "name"], purpose="counter")
    await log.read(reader=CARER, subject="cit_a", fields=["name"], purpose="acting", client="cli_x")
    page = await log.page("cit_a", request=FIRST_TEN)
    newest, oldest = page.rows
    assert (oldest.reader, oldest.fields, oldest.purpose, oldest.for_whom) == (
        "stf_1",
        ("name", "phone"),
        "counter",
        "",
    )
    assert (newest.reader, newest.client, newest.for_whom) == ("cit_carer", "cli_x", "cit_mother")
    assert (await log.page("cit_b", request=FIRST_TEN)).rows == []


async def test_ones_own_reading_is_not_logged_but_a_programs_is(mongo: Mongo, ids: Ids, clock: FixedClock) -> None:
    log = await _log(mongo, ids, clock)
    themself = Principal(kind=PrincipalKind.CITIZEN, actor="cit_a", subject="cit_a")
    await log.read(reader=themself, subject="cit_a", fields=["name"], purpose="me")
    assert await mongo.collection(ACCESSES).count_documents({}) == 0
    await log.read(reader=themself, subject="cit_a", fields=["name"], purpose="me", client="cli_x")
    assert await mongo.collection(ACCESSES).count_documents({}) == 1


async def test_one_request_is_one_act_and_a_request_id_used_again_later_is_another(
    mongo: Mongo, ids: Ids, clock: FixedClock
) -> None:
    log = await _log(mongo, ids, clock)
    token = logs.request_id.set("req_1")
    try:
        for subjects in (["cit_a"], ["cit_a", "cit_b"], ["cit_b", "cit_a"]):
            await log.read_each(reader=OFFICER, subjects=subjects, fields=["name"], purpose="counter")
        assert await mongo.collection(ACCESSES).count_documents({}) == 2
        await log.read(reader=OFFICER, subject="cit_a", fields=["phone"], purpose="counter")
        assert await mongo.collection(ACCESSES).count_documents({}) == 3
        clock.advance(seconds=60)
        await log.read(reader=OFFICER, subject="cit_a", fields=["name"], purpose="counter")
        assert await mongo.collection(ACCESSES).count_documents({}) == 4
    finally:
        logs.request_id.reset(token)


@pytest.mark.parametrize("key", ["", "1", "x:acc_1", "1:acc_1", "1:../0000", "99999999999999999:luk_" + "0" * 26])
async def test_what_was_never_a_cursor_is_refused(key: str) -> None:
    with pytest.raises(BadInput):
        Place.of(key)


class _List:
    """A room's own list: by time with keys of both, or by id alone."""

    def __init__(self, rows: Sequence[Access], *, by_time: bool) -> None:
        self.by_time = by_time
        self.rows = sorted(rows, key=self._order, reverse=True)

    def _order(self, row: Access) -> tuple[int, str]:
        return (epoch_ms(row.at), row.id) if self.by_time else (0, row.id)

    async def page(self, subject: str, request: PageRequest) -> Page[Access]:
        rows = [row for row in self.rows if row.subject == subject]
        if request.after is not None:
            ms, _, id_ = request.after.rpartition(":")
            rows = [row for row in rows if self._order(row) < (int(ms or 0), id_)]
        keys = [f"{epoch_ms(row.at)}:{row.id}" if self.by_time else row.id for row in rows]
        return Page.of(rows=rows[: request.limit], keys=keys[: request.limit], request=request)


@pytest.mark.parametrize("seed", range(6))
async def test_page_after_page_shows_every_entry_of_every_room_once_newest_first(
    mongo: Mongo, ids: Ids, clock: FixedClock, seed: int
) -> None:
    chance = random.Random(seed)
    log = await _log(mongo, ids, clock)
    rows: dict[str, list[Access]] = {"scn": [], "luk": [], "lok": [], "aaa": []}
    for _ in range(40):
        kind = chance.choice([*rows, "acc"])
        if kind == "acc":
            await log.read(reader=OFFICER, subject="cit_a", fields=["name"], purpose="counter")
        else:
            # Ids of what is listed by time need not be made at that time: a showing's is its code's.
            early = timedelta(milliseconds=chance.choice([0, 0, 3])) if kind in ("scn", "lok") else timedelta()
            made = Ids(FixedClock(clock.now() - early), chance.randbytes).new(kind)
            rows[kind].append(Access(made, clock.now(), "stf_1", "cit_a", ("x",), "y"))
        clock.advance(seconds=chance.choice([0, 0, 0.001, 5]))
    lists = {kind: _List(made, by_time=kind in ("scn", "lok")) for kind, made in rows.items()}
    sources = [RoomRecords(kind, one.page, lambda row: row, by_time=one.by_time) for kind, one in lists.items()]
    whole = (await log.page("cit_a", sources=sources, request=PageRequest(100))).rows
    assert len(whole) == 40
    places = [(epoch_ms(row.at) if row.id[:3] in ("scn", "lok") else made_at_ms(row.id), row.id) for row in whole]
    assert places == sorted(places, reverse=True)
    for size in (1, 3, 7):
        seen, after = list[Access](), None
        while True:
            page = await log.page("cit_a", sources=sources, request=PageRequest(size, after))
            seen += page.rows
            if not page.has_next:
                break
            after = page.keys[-1]
        assert seen == list(whole)
