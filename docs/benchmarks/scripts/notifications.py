"""What telling a citizen costs, and Google's library by bare POSTs: python -m docs.benchmarks.scripts.notifications.

An embedded MongoDB and the carriers' stand-in, each a process of its own. CPU time is this process's alone; the rates
are of the machine with all three on it, so what counts is the ratio.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp
import orjson
import uvloop

from core import embedded
from core.clock import SystemClock
from core.crypto import FieldCipher
from core.events import Event, seal_facts
from core.ids import Ids
from core.locale import Locale
from core.mongo import Mongo
from core.paging import PageRequest
from core.principal import Principal, PrincipalKind
from notifications.channels import Parcel, Taken
from notifications.dispatcher import Dispatcher
from notifications.model import Channel, Lane, Platform, Priority, TargetKind
from notifications.outgoing import DeliveryStore
from notifications.push import CHUNK, FcmCarrier
from notifications.reach import ReachStore
from notifications.service import Notifications
from notifications.store import MessageStore

ROUNDS: Final = 5
EVENTS: Final = 400
PUSHES: Final = 400
AT_ONCE: Final = 16
CIPHER: Final = FieldCipher(bytes(range(32)))
CLOCK: Final = SystemClock()
Work = Callable[[int], Awaitable[int]]


def citizen(n: int) -> Principal:
    id_ = f"cit_{n:026d}"
    return Principal(PrincipalKind.CITIZEN, actor=id_, subject=id_, scopes=frozenset({"citizen"}))


def bill(n: int, *, who: str) -> Event:
    facts = {
        "title": {"zh": "十一月电费", "en": "Electricity, November"},
        "amount_fen": 8640,
        "due_on": "2026-12-05",
        "biller": {"zh": "北京市城市管理委员会", "en": "Beijing Commission of City Management"},
        "days": n,
    }
    payload = {"citizen": who, "bill": f"bil_{n}", "facts": seal_facts(facts, owner=who, cipher=CIPHER)}
    return Event(f"evt_{n}", "payments.bill_due", CLOCK.now(), payload)


def parcel(n: int) -> Parcel:
    return Parcel(
        f"dlv_{n}", TargetKind.FID, f"installation-{n}", Locale.ZH_CN, "您有一份账单还有3天到期", "", "/bills/bil_1",
        Priority.IMPORTANT, 3600,
    )  # fmt: skip


async def in_parallel(work: Callable[[int], Awaitable[object]], count: int) -> int:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(n: int) -> None:
        async with slots:
            await work(n)

    await asyncio.gather(*map(one, range(count)))
    return count


class Bench:
    """The measures; each returns how many it did."""

    def __init__(self, room: Notifications, fcm: FcmCarrier, session: aiohttp.ClientSession, project: str) -> None:
        self.room, self.fcm, self.session = room, fcm, session
        self.path = f"/v1/projects/{project}/messages:send"
        self.sender = Dispatcher(room=room, carriers={Channel.PUSH: fcm})

    async def told(self, round_: int) -> int:
        """Events of citizens without a phone: the inbox alone."""
        return await self._tell(round_, first=1000)

    async def told_and_planned(self, round_: int) -> int:
        """Events of citizens with a phone: the inbox and a delivery."""
        return await self._tell(round_, first=0)

    async def _tell(self, round_: int, *, first: int) -> int:
        async def one(n: int) -> None:
            event = bill(round_ * EVENTS + n, who=citizen(first + n % 100).subject)
            await self.room.store.transaction(lambda session: self.room.tell(event, session=session))

        return await in_parallel(one, EVENTS)

    async def dispatched(self, _: int) -> int:
        """What was planned, claimed and sent through the library."""
        done = 0
        while sent := await self.sender.send_due(tuple(Lane)):
            done += sent
        return done

    async def read(self, _: int) -> int:
        """First pages of twenty, with the count of what is unread, in words."""

        async def one(n: int) -> None:
            who = citizen(n % 100)
            page = await self.room.inbox(principal=who, citizen_id=who.subject, page=PageRequest(first=20))
            await self.room.unread_count(principal=who, citizen_id=who.subject)
            assert [self.room.read(message, locale=Locale.EN) for message in page.rows]

        return await in_parallel(one, EVENTS)

    async def pushed(self, _: int) -> int:
        """Google's library, in chunks of twenty."""
        outcomes = await self.fcm.send([parcel(n) for n in range(PUSHES)])
        assert outcomes == [Taken()] * PUSHES
        return PUSHES

    async def posted(self, _: int) -> int:
        """The same messages as bare POSTs, twenty at once."""
        headers = {"Authorization": f"Bearer {self.fcm._credential.token}"}
        for start in range(0, PUSHES, CHUNK):
            await asyncio.gather(*(self._post(n, headers) for n in range(start, start + CHUNK)))
        return PUSHES

    async def _post(self, n: int, headers: dict[str, str]) -> None:
        message = {"fid": f"installation-{n}", "notification": {"title": "您有一份账单还有3天到期"}}
        async with self.session.post(self.path, json={"message": message}, headers=headers) as response:
            assert response.status == 200
            await response.read()


@contextlib.asynccontextmanager
async def stand_in(folder: Path) -> AsyncIterator[dict[str, Any]]:
    argv = ["-m", "backends.carriers", "serve", "--credentials", str(folder / "account.json")]
    process = await asyncio.create_subprocess_exec(sys.executable, *argv, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield orjson.loads(await asyncio.wait_for(process.stdout.readline(), 30))
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    stores = await embedded.start(folder, redis=False)
    mongo = Mongo.connect(url=stores.mongo_url, database="bench", timeout_s=20)
    try:
        async with stand_in(folder) as ready, aiohttp.ClientSession(ready["fcm"]) as session:
            room = Notifications(
                store=MessageStore(mongo=mongo),
                reach=ReachStore(mongo=mongo),
                deliveries=DeliveryStore(mongo=mongo),
                cipher=CIPHER,
                ids=Ids(CLOCK),
                clock=CLOCK,
                zone=ZoneInfo("Asia/Shanghai"),
                channels=frozenset({Channel.PUSH}),
            )
            await room.open()
            for n in range(100):
                await room.prefer(principal=citizen(n), quiet=None)
                await room.register_push(
                    principal=citizen(n), kind=TargetKind.FID, value=f"installation-{n}", platform=Platform.ANDROID,
                    language=Locale.ZH_CN,
                )  # fmt: skip
            credentials = Path(ready["credentials"])
            fcm = FcmCarrier(url=ready["fcm"], project=ready["project"], credentials_file=credentials, clock=CLOCK)
            yield Bench(room, fcm, session, ready["project"])
            await fcm.close()
    finally:
        await mongo.close()
        await stores.stop()


async def measure() -> dict[str, tuple[float, float]]:
    """Per second, and milliseconds of this process's CPU for each; medians of the rounds, which take turns."""
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="citytong-bench-", ignore_cleanup_errors=True) as folder:
        async with bench(Path(folder)) as measured:
            work: dict[str, Work] = {
                "event → inbox": measured.told,
                "event → inbox and a planned push": measured.told_and_planned,
                "planned push → claimed, sent, ended": measured.dispatched,
                "first page of an inbox and its unread count": measured.read,
                "push through firebase-admin": measured.pushed,
                "push as a bare aiohttp POST": measured.posted,
            }
            for round_ in range(ROUNDS):
                for name, run in work.items():
                    wall, cpu = time.perf_counter(), time.process_time()
                    count = await run(round_)
                    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                    found.setdefault(name, []).append((count / wall, 1000 * cpu / count))
    return {
        name: (statistics.median(r for r, _ in rows), statistics.median(c for _, c in rows))
        for name, rows in found.items()
    }


def main() -> None:
    sys.stdout.write("| what | /s | CPU of the city, ms each |\n|---|---:|---:|\n")
    for name, (per_s, cpu_ms) in uvloop.run(measure()).items():
        sys.stdout.write(f"| {name} | {per_s:,.0f} | {cpu_ms:.2f} |\n")


if __name__ == "__main__":
    main()
