"""What reading a new document of an organisation costs it: when the same one is asked for twice at once, and when who
asked has gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import pytest

from api.city_graph import PublishedGraph
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.redis import Redis
from miniapps.asking.errors import NewDocumentsTooCostly, OperationsInvalid
from miniapps.asking.service import READING, Asking, Told
from miniapps.errors import TooOften
from miniapps.limits import Paces
from tests.support.waiting import until

ORGANISATION: Final = "org_1"
OPEN: Final = "{ districts { code } }"
CLOSED: Final = "{ staffMe { displayName } }"
UNITS: Final = 1_000
GRAPH: Final = PublishedGraph()
# Nobody asks it for what is nobody's.
_NO_ONE: Final = cast(Any, object())


class Processor:
    """Each reading takes `UNITS` milliseconds of it; the first waits at the gate. taken: a thread stands there. looks:
    two for each reading.
    """

    def __init__(self) -> None:
        self.gate, self.taken, self.looks = threading.Event(), threading.Event(), 0

    def __call__(self) -> float:
        self.taken.set()
        assert self.gate.wait(20)
        self.looks += 1
        return self.looks * UNITS / 1000

    @property
    def read(self) -> int:
        return self.looks // 2


@dataclass(frozen=True)
class Desk:
    """An organisation's requests to one process."""

    asking: Asking
    processor: Processor

    def asks(self, text: str, organisation: str = ORGANISATION) -> asyncio.Task[Told]:
        asked = self.asking.ask_unpublished(
            organisation=organisation,
            citizen="cit_1",
            app_id="city.tests.one",
            text=text,
            allowed=frozenset(),
            variables=None,
            ask=_answer,
        )
        return asyncio.create_task(asked)

    async def both(self, text: str) -> tuple[asyncio.Task[Told], asyncio.Task[Told]]:
        """Two ask for it, while the first one's is read."""
        tasks = self.asks(text), self.asks(text)

        async def waiting() -> bool:
            return self.asking._reading.shared == 1

        await until(waiting, what="a second who waits for the first")
        return tasks

    async def spent(self, units: int) -> bool:
        """Whether it is this much, to the unit."""
        return await self._less_than(units + 1) and not await self._less_than(units)

    async def _less_than(self, units: int) -> bool:
        most = replace(READING, count_max=units)
        try:
            await self.asking.paces.check(most, ORGANISATION, refused=lambda left_s: TooOften(retry_after_s=left_s))
        except TooOften:
            return False
        return True


async def _answer(text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"data": {"districts": []}}


@pytest.fixture
def desk(redis: Redis, cipher: FieldCipher, clock: FixedClock) -> Desk:
    processor = Processor()
    paces = Paces(redis, cipher, clock, "tests")
    return Desk(Asking(_NO_ONE, _NO_ONE, GRAPH, _NO_ONE, paces, clock, processor), processor)


async def test_the_same_new_document_twice_at_once_is_read_and_paid_for_once(desk: Desk) -> None:
    first, second = await desk.both(OPEN)
    desk.processor.gate.set()
    assert (await first).data == (await second).data == {"districts": []}
    assert desk.processor.read == 1 and await desk.spent(UNITS)


async def test_who_waits_has_the_answer_when_the_first_has_gone(desk: Desk) -> None:
    first, second = await desk.both(OPEN)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    desk.processor.gate.set()
    assert (await second).data == {"districts": []}
    assert desk.processor.read == 1 and await desk.spent(UNITS)


async def test_what_is_read_is_paid_for_also_by_who_has_gone(desk: Desk) -> None:
    asked = desk.asks(OPEN)

    async def begun() -> bool:
        return desk.processor.taken.is_set()

    async def paid() -> bool:
        return await desk.spent(UNITS)

    await until(begun, what="the processor for it")
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert desk.asking._unpublished.locked()  # nobody reads another one beside it
    desk.processor.gate.set()
    await until(paid, what="what was read and paid for")
    assert (await desk.asks(OPEN)).data == {"districts": []}
    assert desk.processor.read == 1 and await desk.spent(UNITS)


async def test_who_waits_is_told_what_is_wrong_with_it_for_nothing(desk: Desk) -> None:
    first, second = await desk.both(CLOSED)
    desk.processor.gate.set()
    for asked in (first, second):
        with pytest.raises(OperationsInvalid):
            await asked
    assert desk.processor.read == 1 and await desk.spent(UNITS)


async def test_what_one_has_spent_is_not_said_to_another(desk: Desk) -> None:
    await desk.asking.paces.spend(READING, ORGANISATION, READING.count_max)
    desk.processor.gate.set()
    spent, free = desk.asks(OPEN), desk.asks(OPEN, "org_2")
    with pytest.raises(NewDocumentsTooCostly):
        await spent
    assert (await free).data == {"districts": []}
