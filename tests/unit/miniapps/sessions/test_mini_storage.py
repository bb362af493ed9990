"""What programs keep for citizens: within bounds, all or nothing, sealed with the citizen's own key."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.crypto import UnsealError
from core.errors import BadInput
from miniapps.errors import SessionOver
from miniapps.sessions.errors import StorageChanged, StorageFull
from miniapps.sessions.shelf import ITEMS, ITEMS_MAX, STORAGES, VALUE_BYTES_MAX, Change
from tests.unit.miniapps.runs import AIR, LIBRARY, ZHANG, Runs, citizen

LIU = citizen("cit_liu", "ses_9")
BIG = "x" * (VALUE_BYTES_MAX - 2)


async def _write(runs: Runs, session: str, revision: int, **change: Any) -> int:
    told = Change.of(put=change.get("put"), removed=change.get("removed"), clear=change.get("clear"))
    return await runs.sessions.write(principal=ZHANG, session_id=session, change=told, revision=revision)


async def _kept(runs: Runs, app_id: str = LIBRARY.app_id) -> dict[str, Any]:
    return dict((await runs.begin(ZHANG, app_id)).kept.values)


async def test_values_come_back_as_they_were_put(runs: Runs) -> None:
    session = (await runs.begin(ZHANG)).session.id
    values = {"loans": [{"id": 7, "due": None}], "名字": "张三", "n": 1.5}
    assert await _write(runs, session, 0, put=values) == 1
    assert await _write(runs, session, 1, put={"n": 2}, removed=["loans", "nothing"]) == 2
    opened = await runs.begin(ZHANG)
    assert (opened.kept.values, opened.kept.revision) == ({"名字": "张三", "n": 2}, 2)
    assert await _write(runs, session, 2, put={"only": True}, clear=True) == 3
    assert await _kept(runs) == {"only": True}
    assert await _kept(runs, AIR.app_id) == {}
    assert (await runs.begin(LIU)).kept.values == {}


async def test_the_first_of_two_writes_for_one_revision_wins(runs: Runs) -> None:
    session = (await runs.begin(ZHANG)).session.id
    found = await asyncio.gather(*(_write(runs, session, 0, put={"who": n}) for n in range(4)), return_exceptions=True)
    assert [one for one in found if not isinstance(one, Exception)] == [1]
    lost = [one for one in found if isinstance(one, Exception)]
    assert all(isinstance(one, StorageChanged) and one.revision == 1 for one in lost)
    assert await _kept(runs) == {"who": found.index(1)}


async def test_what_does_not_fit_changes_nothing(runs: Runs) -> None:
    session = (await runs.begin(ZHANG)).session.id
    revision = await _write(runs, session, 0, put={f"v{n}": BIG for n in range(51)})
    with pytest.raises(StorageFull):
        await _write(runs, session, revision, put={"one more": BIG}, removed=["nothing"])
    assert len(await _kept(runs)) == 51
    revision = await _write(runs, session, revision, put={"one more": BIG}, removed=["v0"])
    assert revision == 2
    await _write(runs, session, revision, clear=True)
    row = await runs.mongo.collection(STORAGES).find_one({})
    assert row is not None and (row["bytes"], row["items"]) == (0, 0)
    assert await runs.mongo.collection(ITEMS).count_documents({}) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"put": ["a"]},
        {"put": {"": 1}},
        {"put": {"x" * 257: 1}},
        {"put": {"big": BIG + "x"}},
        {"removed": [""]},
        {"put": {str(n): n for n in range(ITEMS_MAX + 1)}},
        {"put": ""},
        # As a literal of GraphQL says it; JSON's own reader makes a float of it.
        {"put": {"n": 10**20}},
    ],
)
def test_names_and_values_have_bounds(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Change.of(put=change.get("put"), removed=change.get("removed"), clear=False)


async def test_only_the_open_session_writes(runs: Runs) -> None:
    session = (await runs.begin(ZHANG)).session.id
    await runs.sessions.close(principal=ZHANG, session_id=session)
    with pytest.raises(SessionOver):
        await _write(runs, session, 0, put={"a": 1})
    assert await _kept(runs) == {}


async def test_nothing_of_it_is_readable_without_its_citizens_key(runs: Runs) -> None:
    session = (await runs.begin(ZHANG)).session.id
    await _write(runs, session, 0, put={"diagnosis": "influenza"})
    rows = [await runs.mongo.collection(name).find({}).to_list(None) for name in (STORAGES, ITEMS)]
    assert b"influenza" not in repr(rows).encode() and b"diagnosis" not in repr(rows).encode()
    await runs.personal.shred("cit_zhang")
    with pytest.raises(UnsealError):
        await runs.stores.shelf.read("cit_zhang", LIBRARY.app_id)


async def test_it_goes_with_its_citizen_and_comes_with_a_merge(runs: Runs) -> None:
    shelf = runs.stores.shelf
    await shelf.write("cit_old", LIBRARY.app_id, Change({"a": "old"}), revision=0)
    await shelf.write("cit_old", AIR.app_id, Change({"b": "old"}), revision=0)
    await shelf.write("cit_zhang", LIBRARY.app_id, Change({"a": "mine"}), revision=0)
    for _ in range(2):  # twice is once
        await runs.stores.merging.move("cit_old", "cit_zhang")
    await runs.personal.shred("cit_old")
    assert await shelf.everything("cit_zhang") == {LIBRARY.app_id: {"a": "mine"}, AIR.app_id: {"b": "old"}}
    assert await shelf.everything("cit_old") == {}
    await runs.begin(ZHANG)
    told: Any = await runs.stores.data_source.read("cit_zhang")
    assert [one["appId"] for one in told["programs"]] == [LIBRARY.app_id]
    assert told["kept"][AIR.app_id] == {"b": "old"}
    await runs.stores.forgetting.forget("cit_zhang")
    assert await shelf.everything("cit_zhang") == {}
    assert await runs.mongo.collection(ITEMS).count_documents({}) == 0
    assert await runs.sessions.recent(principal=ZHANG, citizen="cit_zhang", limit=9) == []
