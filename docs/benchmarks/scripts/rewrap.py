"""How long a new master key takes: rows that the city's key seals, and keys of persons. Prints a line for each.

`python -m docs.benchmarks.scripts.rewrap [ROWS] [PERSONS]`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
import uuid
from pathlib import Path

from bson.binary import Binary

from core import embedded
from core.crypto import FieldCipher
from core.mongo import Mongo
from core.personal import KEYS, PersonalCipher
from core.resealing import SealedField, reseal, with_cipher

OLD, NEW = bytes(32), bytes(range(32))
FIELD = SealedField("rows", "said", "said")


async def main(rows: int, persons: int) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        stores = await embedded.start(Path(folder))
        try:
            mongo = Mongo.connect(url=stores.mongo_url, database="rewrap", timeout_s=60)
            await _rows(mongo, rows)
            await _persons(mongo, persons)
            await mongo.close()
        finally:
            await stores.stop()


async def _rows(mongo: Mongo, count: int) -> None:
    old = FieldCipher(OLD)
    for start in range(0, count, 5_000):
        ids = [f"row_{number:08}" for number in range(start, min(start + 5_000, count))]
        made = [{"_id": id_, "said": old.seal(os.urandom(200), purpose="said", owner=id_)} for id_ in ids]
        await mongo.collection("rows").insert_many(made)
    both = with_cipher(FieldCipher(NEW, (OLD,)))
    for what in ("rows sealed anew", "rows looked at"):
        wall, cpu = time.perf_counter(), time.process_time()
        renewed = [step async for step in reseal(mongo, (FIELD,), both)][-1].renewed
        _say(what, count, wall, cpu, renewed)


async def _persons(mongo: Mongo, count: int) -> None:
    before = PersonalCipher(mongo, OLD)
    await before.open_vault()
    await before.seal({"name": "x"}, owner="cit_0", purpose="x")
    row = await mongo.collection(KEYS).find_one({})
    assert row is not None
    # The same wrapped key under other names: wrapping it anew costs what another would.
    for start in range(1, count, 5_000):
        many = [
            {**row, "_id": Binary(uuid.uuid4().bytes, 4), "keyAltNames": [f"cit_{number}"]}
            for number in range(start, min(start + 5_000, count))
        ]
        await mongo.collection(KEYS).insert_many(many)
    both = PersonalCipher(mongo, NEW, (OLD,))
    wall, cpu = time.perf_counter(), time.process_time()
    renewed = sum([some async for some in both.rewrap()])
    _say("keys of persons", count, wall, cpu, renewed)
    assert await both.left() == 0
    await both.close()
    await before.close()


def _say(what: str, count: int, wall: float, cpu: float, renewed: int) -> None:
    took, worked = time.perf_counter() - wall, time.process_time() - cpu
    sys.stdout.write(
        f"{what:18} {count:8}  {renewed:8} renewed  {count / took:8.0f}/s  {worked / count * 1e6:6.1f} µs CPU each\n"
    )


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    asyncio.run(main(*(given or [100_000, 5_000])))
