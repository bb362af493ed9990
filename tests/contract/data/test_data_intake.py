"""Publishing: one version at a time, whole, once, and by who published it first."""

from __future__ import annotations

import asyncio
import csv
import io
import zlib
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from backends.data.http import INTAKE_BYTES_MAX
from backends.data.model import publication_of
from backends.data.service import Catalogue
from backends.data.shelf import Question
from backends.data.store import CatalogueStore, Draft
from backends.data.vocabulary import Format
from core.clock import FixedClock
from core.mongo import Mongo
from core.paging import PageRequest
from tests.contract.data.conftest import BASE_URL
from tests.contract.data.publishing import OTHER, Door, code
from tests.unit.data.datasets import body, entry, table

ONE = """{ dataset(id: "air") { id title version modified rowCount
    distributions { format downloadURL byteSize checksum } } }"""


async def facts(mongo: Mongo) -> tuple[Any, ...]:
    """Everything that stands in the catalogue."""
    names = ("datasets", "rows", "counts")
    return tuple([await mongo.collection(name).find({}, sort={"_id": 1}).to_list() for name in names])


async def test_a_publication_is_found_and_its_rows_are_served(door: Door) -> None:
    sent = body(table=table([["=1+1", 1], ["乙", -2.5]]))
    assert await door.publish("air", sent) == (200, {"id": "air", "version": 1, "changed": True})
    found = (await door.graphql(ONE))["data"]["dataset"]
    assert (found["title"], found["version"], found["rowCount"]) == ("Air quality", 1, 2)
    forms = {form["format"]: form for form in found["distributions"]}
    assert forms["CSV"]["downloadURL"] == f"{BASE_URL}/datasets/air/rows.csv"
    async with door.session.get("/datasets/air/rows.csv") as response:
        content = await response.read()
        assert response.headers["Content-Disposition"] == 'attachment; filename="air.csv"'
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["ETag"] == f'"{forms["CSV"]["checksum"]}"'
    assert len(content) == forms["CSV"]["byteSize"]
    assert list(csv.reader(io.StringIO(content.decode(), newline=""))) == [
        ["name", "value"],
        ["'=1+1", "1"],
        ["乙", "-2.5"],
    ]
    assert await door.send("GET", "/datasets/air/rows.json") == (200, sent["table"])


async def test_rows_that_are_known_are_not_sent_again(door: Door) -> None:
    await door.publish("air", body())
    async with door.session.get("/datasets/air/rows.csv") as response:
        tag = response.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}'):
        assert await door.send("GET", "/datasets/air/rows.csv", If_None_Match=known) == (304, b"")
    await door.publish("air", body(table=table([["b", 2]])))
    assert (await door.send("GET", "/datasets/air/rows.csv", If_None_Match=tag))[0] == 200


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/datasets/none/rows.csv", "DATA_DATASET_UNKNOWN"),
        ("/datasets/NONE/rows.csv", "DATA_DATASET_UNKNOWN"),
        ("/datasets/bare/rows.json", "DATA_ROWS_UNKNOWN"),
        ("/datasets/bare/rows.xml", "NOT_FOUND"),
    ],
)
async def test_unknown_rows_have_a_code(door: Door, path: str, refusal: str) -> None:
    assert (await door.publish("bare", body(table=None)))[0] == 200
    status, answer = await door.send("GET", path)
    assert (status, code(answer)) == (404, refusal)


async def test_the_same_thing_again_changes_nothing(door: Door, mongo: Mongo, clock: FixedClock) -> None:
    await door.publish("air", body())
    standing = await facts(mongo)
    clock.advance(seconds=60)
    turned = {"table": table(), "dataset": dict(reversed(entry().items()))}
    for again in (body(), turned):
        assert await door.publish("air", again) == (200, {"id": "air", "version": 1, "changed": False})
    assert await facts(mongo) == standing
    assert await door.publish("air", body(table=table([["b", 2]]))) == (
        200,
        {"id": "air", "version": 2, "changed": True},
    )
    found = (await door.graphql(ONE))["data"]["dataset"]
    assert (found["version"], found["modified"]) == (2, "2026-11-22T04:01:00+00:00")


async def test_rows_go_with_a_version_that_has_none(door: Door, mongo: Mongo) -> None:
    await door.publish("air", body())
    await door.publish("air", body(table=None))
    assert await mongo.collection("rows").count_documents({}) == 0
    assert code((await door.send("GET", "/datasets/air/rows.csv"))[1]) == "DATA_ROWS_UNKNOWN"


@pytest.mark.parametrize(
    ("key", "status", "refusal"),
    [
        (None, 401, "DATA_KEY_INVALID"),
        ("wrong", 401, "DATA_KEY_INVALID"),
        ("", 401, "DATA_KEY_INVALID"),
        ("asking-key", 403, "DATA_KEY_MAY_NOT"),
        (OTHER, 409, "DATA_DATASET_TAKEN"),
    ],
)
async def test_who_may_not_publish_changes_nothing(
    door: Door, mongo: Mongo, key: str | None, status: int, refusal: str
) -> None:
    await door.publish("air", body())
    standing = await facts(mongo)
    for method in ("PUT", "DELETE"):
        answered, answer = await door.send(method, "/intake/datasets/air", body(table=None), key=key)
        assert (answered, code(answer)) == (status, refusal)
    assert await facts(mongo) == standing


@pytest.mark.parametrize(
    ("sent", "status", "refusal"),
    [
        (b"{", 400, "DATA_BODY_MALFORMED"),
        (b"[" * 100_000, 400, "DATA_BODY_MALFORMED"),
        (b"[]", 400, "DATA_DATASET_INVALID"),
        (b"{}", 400, "DATA_DATASET_INVALID"),
        (body(table=table([["a", "x"]])), 400, "DATA_DATASET_INVALID"),
        (b" " * (INTAKE_BYTES_MAX + 1), 413, "DATA_BODY_TOO_LARGE"),
    ],
)
async def test_what_is_no_dataset_changes_nothing(
    door: Door, mongo: Mongo, sent: Any, status: int, refusal: str
) -> None:
    await door.publish("air", body())
    standing = await facts(mongo)
    answered, answer = await door.publish("air", sent)
    assert (answered, code(answer)) == (status, refusal)
    assert await facts(mongo) == standing


async def test_a_body_of_unknown_length_is_bounded_too(door: Door) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(INTAKE_BYTES_MAX // 65_536 + 2):
            yield b" " * 65_536

    headers = {"Authorization": "Bearer publishing-key"}
    async with door.session.put("/intake/datasets/air", data=parts(), headers=headers) as response:
        assert (response.status, code(orjson.loads(await response.read()))) == (413, "DATA_BODY_TOO_LARGE")


async def test_a_large_table_is_taken_in_one_step(door: Door) -> None:
    rows = [["值" * 20, n] for n in range(50_000)]
    sent = orjson.dumps(body(table=table(rows)))
    assert 3_000_000 < len(sent) < INTAKE_BYTES_MAX
    assert (await door.publish("air", sent))[0] == 200
    status, answer = await door.send("GET", "/datasets/air/rows.json")
    assert (status, answer["rows"]) == (200, rows)


def draft(value: int) -> Draft:
    return Draft.of(publication_of(id="air", body=body(table=table([["v", value]] * 200))))


async def test_two_processes_at_once_leave_one_whole_version(mongo: Mongo, clock: FixedClock) -> None:
    stores = [CatalogueStore(mongo), CatalogueStore(mongo)]
    await asyncio.gather(*(store.prepare() for store in stores))
    puts = (stores[n % 2].put([draft(n % 3)], by="city", now=clock.now()) for n in range(12))
    done = [one for [one] in await asyncio.gather(*puts)]
    changed = sorted(one.version for one in done if one.changed)
    assert changed == list(range(1, len(changed) + 1))  # every version was made once
    reader = Catalogue(stores[0], clock, BASE_URL)
    [found] = await reader.datasets(["air"])
    assert found is not None and found.rows is not None
    assert found.version == len(changed)
    content = orjson.loads(await reader.rows(id="air", format=Format.JSON))
    assert len({row[1] for row in content["rows"]}) == 1  # of one version, not of two
    assert found.rows.json.byte_size == len(orjson.dumps(content))
    [datasets, rows, counts] = await facts(mongo)
    assert (len(datasets), len(rows)) == (1, 1)
    assert counts == [{"_id": "catalogue", "revision": len(changed), "datasets": 1}]


async def test_the_same_body_sent_at_once_is_one_version(door: Door) -> None:
    answers = await asyncio.gather(*(door.publish("air", body()) for _ in range(10)))
    assert [status for status, _ in answers] == [200] * 10
    assert sorted(a["changed"] for _, a in answers) == [False] * 9 + [True]
    assert {a["version"] for _, a in answers} == {1}


async def test_rows_and_what_is_said_of_them_change_together(mongo: Mongo, catalogue: Catalogue) -> None:
    """While versions follow one another, no reader of the database finds half of one."""
    seen = set()

    async def reading() -> None:
        while True:
            async with mongo.client.start_session(snapshot=True) as session:
                said = await mongo.client[mongo.database.name]["datasets"].find_one({"_id": "air"}, session=session)
                rows = await mongo.client[mongo.database.name]["rows"].find_one({"_id": "air"}, session=session)
            assert (said is None) == (rows is None)
            if said is not None and rows is not None:
                content = zlib.decompress(rows["json"])
                assert len(content) == said["rows"]["json"]["byte_size"]
                seen.add(said["version"])

    await catalogue.publish(by="city", id="air", body=orjson.dumps(body()))
    async with asyncio.TaskGroup() as group:
        reader = group.create_task(reading())
        for n in range(25):
            await catalogue.publish(by="city", id="air", body=orjson.dumps(body(table=table([["v" * n, n]] * (n + 1)))))
        reader.cancel()
    assert len(seen) > 1


async def test_a_withdrawn_dataset_is_gone_everywhere_and_may_come_back(
    door: Door, mongo: Mongo, clock: FixedClock
) -> None:
    other = Catalogue(CatalogueStore(mongo), clock, BASE_URL)  # another process
    await door.publish("air", body())
    assert (await other.find(Question())).total == 1
    assert (await door.send("DELETE", "/intake/datasets/air", key="publishing-key"))[0] == 204
    assert (await door.graphql(ONE))["data"] == {"dataset": None}
    assert code((await door.send("GET", "/datasets/air/rows.csv"))[1]) == "DATA_DATASET_UNKNOWN"
    assert code((await door.send("DELETE", "/intake/datasets/air", key="publishing-key"))[1]) == "DATA_DATASET_UNKNOWN"
    clock.advance(seconds=1)
    assert (await other.find(Question())).total == 0
    assert await door.publish("air", body()) == (200, {"id": "air", "version": 2, "changed": True})
    assert (await door.graphql(ONE))["data"]["dataset"]["version"] == 2


async def test_another_process_learns_within_a_second(mongo: Mongo, catalogue: Catalogue, clock: FixedClock) -> None:
    other = Catalogue(CatalogueStore(mongo), clock, BASE_URL)
    assert (await other.find(Question())).total == 0
    await catalogue.publish(by="city", id="air", body=orjson.dumps(body()))
    assert (await catalogue.find(Question())).total == 1
    clock.advance(seconds=1)
    assert [d.id for d in (await other.find(Question())).page(PageRequest(5)).rows] == ["air"]


async def test_a_full_catalogue_takes_no_more_and_still_replaces(mongo: Mongo, clock: FixedClock) -> None:
    store = CatalogueStore(mongo, most=1)
    await store.prepare()
    full = Catalogue(store, clock, BASE_URL)
    sent = orjson.dumps(body())
    await full.publish(by="city", id="one", body=sent)
    standing = await facts(mongo)
    with pytest.raises(Exception, match="takes no more") as refused:
        await full.publish(by="city", id="two", body=sent)
    assert getattr(refused.value, "code", "") == "DATA_CATALOGUE_FULL"
    assert await facts(mongo) == standing
    assert (await full.publish(by="city", id="one", body=orjson.dumps(body(table=None)))).version == 2


async def test_an_entry_of_older_rules_is_left_out_and_takes_nothing_down(mongo: Mongo, catalogue: Catalogue) -> None:
    for id in ("a", "b"):
        await catalogue.publish(by="city", id=id, body=orjson.dumps(body()))
    await mongo.collection("datasets").update_one({"_id": "a"}, {"$set": {"entry.theme": "OLD"}})
    fresh = Catalogue(catalogue.store, catalogue.clock, BASE_URL)
    assert [d.id for d in (await fresh.find(Question())).page(PageRequest(5)).rows] == ["b"]
