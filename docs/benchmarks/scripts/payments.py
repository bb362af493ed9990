"""How many bills a second one department is paid, beside the same with a running balance on the department's account:
`python -m docs.benchmarks.scripts.payments`.

The whole verb (`Payments.pay_bill`: key, bill, payment, event, transfers, wallet) on an embedded MongoDB, one process,
many payers at once, one biller. The naive way adds one `$inc` on the receiving account to the same transaction; a payer
who is told UNAVAILABLE sends the same request again. Both take turns in each round; wall time.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

from bson import Int64

from api.domains.payments.books import ACCOUNTS, Books
from api.domains.payments.ledger import Transfer, changes
from api.domains.payments.model import Bill
from api.domains.payments.service import Payments
from core import embedded
from core.clock import SystemClock
from core.crypto import FieldCipher
from core.errors import Unavailable
from core.ids import Ids
from core.money import Money
from core.mongo import Mongo, Session
from tests.unit.payments.people import WASTE, build, citizen, clerk

R = TypeVar("R")
T = TypeVar("T")

ROUNDS: Final = 2
AT_ONCE: Final = 32
PAYERS: Final = 400
PAYMENTS: Final = {"recording": 400, "naive": 40}
FEN: Final = 100


class Counting(Books):
    """The room's books; they count how often a transaction came to its transfers."""

    def __init__(self, *, mongo: Mongo) -> None:
        super().__init__(mongo=mongo)
        self.moves = 0

    async def move(self, transfers: Sequence[Transfer], *, session: Session) -> None:
        self.moves += 1
        await super().move(transfers, session=session)


class Naive(Counting):
    """Books that also keep the receiving account's balance on its document."""

    def __init__(self, *, mongo: Mongo) -> None:
        super().__init__(mongo=mongo)
        self._hot = mongo.collection(ACCOUNTS)

    async def move(self, transfers: Sequence[Transfer], *, session: Session) -> None:
        await super().move(transfers, session=session)
        for account, change in changes(transfers).items():
            if not account.authorizing:
                credited = {"credits_posted": Int64(change.counters.credits_posted)}
                await self._hot.update_one({"_id": account.id}, {"$inc": credited}, session=session)


@dataclass
class Measured:
    """latencies_s: of each payment, tries and all. tries: transactions begun for them."""

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    tries: int = 0

    def add(self, other: Measured) -> None:
        self.seconds += other.seconds
        self.latencies_s += other.latencies_s
        self.tries += other.tries


def payer(number: int) -> str:
    return f"cit_01KAMP00000000000000000{number % PAYERS:03d}"


async def all_of(work: Callable[[T], Awaitable[R]], given: Iterable[T]) -> list[R]:
    """`AT_ONCE` at a time."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(item: T) -> R:
        async with turn:
            return await work(item)

    return await asyncio.gather(*(one(item) for item in given))


async def prepared(room: Payments, count: int) -> list[Bill]:
    """That many unpaid bills of one department."""
    due_on = room.today() + timedelta(days=30)

    async def one(number: int) -> Bill:
        return await room.issue_bill(
            principal=clerk(),
            payer=payer(number),
            title=WASTE,
            amount=Money(FEN),
            due_on=due_on,
            key=room.ids.new("key"),
        )

    return await all_of(one, range(count))


async def measure(room: Payments, books: Counting, count: int) -> Measured:
    bills, measured = await prepared(room, count), Measured()
    before, started = books.moves, time.perf_counter()

    async def pay(bill: Bill) -> None:
        begun, key = time.perf_counter(), room.ids.new("key")
        while True:
            try:
                await room.pay_bill(principal=citizen(bill.payer), bill_id=bill.id, key=key)
                break
            except Unavailable:
                continue
        measured.latencies_s.append(time.perf_counter() - begun)

    await all_of(pay, bills)
    measured.seconds, measured.tries = time.perf_counter() - started, books.moves - before
    return measured


async def compare(mongo: Mongo) -> dict[str, Measured]:
    clock = SystemClock()
    whole = build(mongo=mongo, clock=clock, ids=Ids(clock), cipher=FieldCipher(bytes(32)))
    await whole.open()
    await all_of(
        lambda who: whole.top_up(principal=citizen(who), amount=Money(100_000), key=whole.ids.new("key")),
        [payer(number) for number in range(PAYERS)],
    )
    ways: dict[str, Counting] = {"recording": Counting(mongo=mongo), "naive": Naive(mongo=mongo)}
    found = {name: Measured() for name in ways}
    for _ in range(ROUNDS):
        for name, books in ways.items():
            found[name].add(await measure(replace(whole, books=books), books, PAYMENTS[name]))
    return found


def print_table(found: dict[str, Measured]) -> None:
    sys.stdout.write("| way | payments/s | p50 ms | p99 ms | tries a payment |\n|---|---:|---:|---:|---:|\n")
    for name, one in found.items():
        cuts = statistics.quantiles(one.latencies_s, n=100)
        paid = len(one.latencies_s)
        row = (paid / one.seconds, cuts[49] * 1000, cuts[98] * 1000, one.tries / paid)
        sys.stdout.write(f"| {name} | {row[0]:,.0f} | {row[1]:,.0f} | {row[2]:,.0f} | {row[3]:.2f} |\n")


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="citytong-bench-", ignore_cleanup_errors=True) as folder:
        stores = await embedded.start(Path(folder))
        try:
            mongo = Mongo.connect(url=stores.mongo_url, database="bench", timeout_s=30)
            print_table(await compare(mongo))
            await mongo.close()
        finally:
            await stores.stop()


if __name__ == "__main__":
    asyncio.run(main())
