"""The city as one command: what it does when its backend hangs or dies, when its stores are killed, when it stops."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.support.city import Visitor
from tests.support.process import CityProcess, alive, city_process, processes_of
from tests.support.waiting import until

HOME = "query { me { name homeDistrict { name airQuality { aqi } } cityCode { text } } }"
SCAN = "mutation($input: ScanCityCodeInput!) { scanCityCode(input: $input) { id } }"
SCANS = """query($after: String) {
  me { scans(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }
}"""


@pytest_asyncio.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[CityProcess, Visitor]]:
    """One city for the tests after which it is whole again: a start costs more than they do."""
    folder = tmp_path_factory.mktemp("survivor")
    # How often one may ask is not what is asked here, and whoever asks until a store is back asks often.
    async with (
        city_process(folder / "city", TONG_REQUESTS_PER_MINUTE_MAX="0") as process,
        aiohttp.ClientSession() as http,
    ):
        yield process, Visitor(process.base, http)


async def test_a_backend_that_hangs_or_dies_costs_only_its_own_part(
    running: tuple[CityProcess, Visitor],
) -> None:
    process, visitor = running
    token = await visitor.token("13800000001")
    whole = await visitor.ask(HOME, token=token)
    assert whole.errors == [] and whole.data is not None

    process.signal_child("sensor", signal.SIGSTOP)
    asked = time.monotonic()
    partial = await visitor.ask(HOME, token=token)
    assert time.monotonic() - asked < 10, "a hanging backend is waited for no longer than its deadline"
    assert partial.codes == ["SUBGRAPH_TIMEOUT"]
    assert partial.errors[0]["path"] == ["me", "homeDistrict", "airQuality"]
    assert partial.errors[0]["extensions"]["service"] == "sensor"
    assert partial.data is not None
    me = partial.data["me"]
    assert me["name"] == "张丽华" and me["homeDistrict"] == {"name": "东城区", "airQuality": None}
    assert me["cityCode"]["text"].startswith("CC1:")

    process.signal_child("sensor", signal.SIGKILL)

    async def air_is_back() -> bool:
        return not (await visitor.ask(HOME, token=token)).errors

    assert await until(air_is_back, what="the air after the backend was killed", deadline_s=40)


@pytest.mark.parametrize("store", ["mongod", "valkey"])
async def test_a_killed_store_loses_no_acknowledged_scan(running: tuple[CityProcess, Visitor], store: str) -> None:
    process, visitor = running
    citizen = await visitor.token("13800000001")
    officer = await visitor.token("13900000001", audience="STAFF")
    acknowledged: list[str] = []
    refusals: list[str] = []

    async def scan_once() -> None:
        shown = await visitor.ask("query { me { cityCode { text } } }", token=citizen)
        if shown.errors or shown.data is None:
            refusals.extend(shown.codes)
            return
        given = {"text": shown.data["me"]["cityCode"]["text"], "purpose": "VENUE_ENTRY"}
        scan = await visitor.ask(SCAN, token=officer, input=given)
        if scan.errors or scan.data is None:
            refusals.extend(scan.codes)
        else:
            acknowledged.append(scan.data["scanCityCode"]["id"])

    async def scanned_again(more_than: int) -> bool:
        await scan_once()
        return len(acknowledged) > more_than

    async def scanned_first() -> bool:
        return await scanned_again(2)

    await until(scanned_first, what="scans before the kill")
    process.signal_child(store, signal.SIGKILL)
    before = len(acknowledged)

    async def scanned_after() -> bool:
        return await scanned_again(before + 2)

    await until(scanned_after, what=f"scans after {store} was killed", deadline_s=60)
    assert set(refusals) <= {"UNAVAILABLE", "SUBGRAPH_TIMEOUT", "CITYCODE_REPLAYED"}, refusals

    kept: list[str] = []
    after = None
    while True:
        page = await visitor.ask(SCANS, token=citizen, after=after)
        assert page.errors == [] and page.data is not None
        scans = page.data["me"]["scans"]
        kept += [node["id"] for node in scans["nodes"]]
        after = scans["pageInfo"]["endCursor"]
        if not scans["pageInfo"]["hasNextPage"]:
            break
    assert set(acknowledged) <= set(kept) and len(kept) == len(set(kept))

    async def sign_in_works() -> bool:
        try:
            return bool(await asyncio.wait_for(visitor.token("13800000003"), 15))
        except (AssertionError, TimeoutError):
            return False

    assert await until(sign_in_works, what="a new sign-in", deadline_s=60)


async def test_stopping_leaves_no_process_and_a_second_start_keeps_data_and_kill_9_takes_its_children_along(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "city"
    async with aiohttp.ClientSession() as http:
        async with city_process(folder) as process:
            visitor = Visitor(process.base, http)
            token = await visitor.token("13800000002")
            changed = await visitor.ask('mutation { setHomeDistrict(code: "110119") { id } }', token=token)
            assert changed.errors == []
            assert await process.stop() == 0
        assert processes_of(folder) == []
        async with city_process(folder) as process:
            again = Visitor(process.base, http)
            home = await again.ask("query { me { homeDistrict { code } } }", token=token)
            assert home.data == {"me": {"homeDistrict": {"code": "110119"}}}, "keys and data outlive the process"
            process.process.kill()
            await process.process.wait()
            pids = list(process.ready["pids"].values())

            async def gone() -> bool:
                return not any(alive(pid) for pid in pids)

            assert await until(gone, what="the end of the children")
