"""What a city redeems for programs' backends in a second, through its HTTP door, beside the cryptography that it cannot
do without: `python -m docs.benchmarks.scripts.miniapps_backends`.

A city in this process on an embedded MongoDB and Redis, one core. CPU time of this process; what the client and HTTP
itself take is measured at a door that only answers, in the same rounds, and taken off. Measures take turns; medians.
Commands are those of the call itself, when this process has served the program and the citizen before.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import embedded
from core.clock import SystemClock
from core.principal import Principal, PrincipalKind
from miniapps.openid.model import CODE_LIFE, CodeKind, Issued, new_code
from tests.support.backing import APP, Backing
from tests.support.city import OpenCity, did, open_demo_city, settings
from tests.support.counting import counted
from tests.support.departments import departments

CITIZEN: Final = "13800000003"
PERMISSIONS: Final = ("city.user.openid", "city.user.phone", "city.data.masked_name")
ROUNDS: Final = 5
CALLS: Final = 300
CALLERS: Final = 8
TOKEN_BYTES: Final = 400
ROW_BYTES: Final = 400
_ANSWER: Final = """mutation($id: ID!, $yes: [String!]!) {
  answerMiniPermissions(session: $id, granted: $yes, denied: [], text: "x") { name }
}"""


def bare() -> Callable[[], None]:
    """The signature of an access token, and the seals of a code and of a session opened."""
    key, cipher = Ed25519PrivateKey.generate(), AESGCM(bytes(32))
    token, row = bytes(TOKEN_BYTES), cipher.encrypt(bytes(12), bytes(ROW_BYTES), b"x")
    signature, public = key.sign(token), key.public_key()

    def once() -> None:
        public.verify(signature, token)
        cipher.decrypt(bytes(12), row, b"x")
        cipher.decrypt(bytes(12), row, b"x")

    return once


async def cpu_s(calls: list[Callable[[], Awaitable[None]]]) -> float:
    """Of one of the calls, so many at once."""
    queue, begun = list(calls), time.process_time()

    async def caller() -> None:
        while queue:
            await queue.pop()()

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return (time.process_time() - begun) / len(calls)


class Bench:
    def __init__(self, city: OpenCity, token: str, session: str) -> None:
        self.city, self.session = city, session
        self.headers = {"Authorization": f"Bearer {token}"}

    async def codes(self, count: int) -> list[str]:
        return [await self.code(CodeKind.LOGIN) for _ in range(count)]

    async def code(self, kind: CodeKind) -> str:
        openids, until = self.city.city.rooms.openids, self.city.clock.now() + CODE_LIFE
        text = new_code(kind, openids.ids.random_bytes)
        await openids.codes.put(text, Issued(kind, APP, self.session, 1, until))
        return text

    async def redeem(self, code: str) -> None:
        url = f"{self.city.base}/open/v1/code2session"
        async with self.city.http.post(url, json={"code": code}, headers=self.headers) as response:
            assert response.status == 200, await response.text()
            await response.json()

    async def nothing(self) -> None:
        async with self.city.http.get(f"{self.city.base}/healthz") as response:
            await response.read()

    async def round(self) -> tuple[float, float, float]:
        """CPU seconds of one: a redemption, a door that only answers, the bare cryptography."""
        codes, once = await self.codes(CALLS), bare()
        redeemed = await cpu_s([lambda code=code: self.redeem(code) for code in codes])  # type: ignore[misc]
        idle = await cpu_s([self.nothing] * CALLS)
        begun = time.process_time()
        for _ in range(CALLS):
            once()
        return redeemed, idle, (time.process_time() - begun) / CALLS


async def commands(city: OpenCity, one: Bench, citizen: str) -> dict[str, tuple[int, int]]:
    """What each verb sends to MongoDB and to Redis, the second time."""
    rooms, scopes = city.city.rooms, frozenset({"citizen"})
    who = Principal(kind=PrincipalKind.CITIZEN, actor=citizen, subject=citizen, session_id="ses_bench", scopes=scopes)
    opened = (await rooms.sessions.begin(principal=who, app_id=APP)).session.id
    login, phone = [[await one.code(kind) for _ in range(2)] for kind in (CodeKind.LOGIN, CodeKind.PHONE)]
    verbs: dict[str, Callable[[], Awaitable[object]]] = {
        "code2session": lambda: rooms.backends.code2session(app_id=APP, code=login.pop()),
        "phone": lambda: rooms.backends.phone(app_id=APP, code=phone.pop()),
        "opening a program": lambda: rooms.sessions.begin(principal=who, app_id=APP),
        "a launch token": lambda: rooms.openids.launch_token(principal=who, session_id=opened),
        "a login code": lambda: rooms.openids.login_code(principal=who, session_id=opened),
    }
    found = {}
    for name, verb in verbs.items():
        await verb()
        async with counted(city.city.ground.redis, keys=":mini:") as asked:
            await verb()
        found[name] = len(asked.mongo), len(asked.redis)
    return found


async def bench(folder: Path) -> None:
    stores = await embedded.start(folder / "stores")
    try:
        clock = SystemClock()
        async with departments(mongo_url=stores.mongo_url, database="bench", clock=clock) as beside:
            told = settings(
                mongo_url=stores.mongo_url, redis_url=stores.redis_url, database="bench", departments=beside
            )
            async with open_demo_city(told, clock) as city:
                await measured(city)
    finally:
        await stores.stop()


async def measured(city: OpenCity) -> None:
    backing = await Backing.registered(city)
    await backing.released(permissions=PERMISSIONS)
    citizen = await city.token(CITIZEN)
    session = await backing.opened(citizen)
    await did(city, _ANSWER, citizen, id=session, yes=list(PERMISSIONS))
    token = city.city.rooms.platform.developers.tokens.for_backend(APP)
    one = Bench(city, token, session)
    await one.round()
    rounds = [await one.round() for _ in range(ROUNDS)]
    redeemed, idle, limit = (statistics.median(column) * 1e6 for column in zip(*rounds, strict=True))
    sent = await commands(city, one, (await did(city, "{ me { id } }", citizen))["id"])
    rows = (
        ("code2session, client and HTTP with it", redeemed),
        ("a door that only answers", idle),
        ("code2session without that", redeemed - idle),
        ("limit: bare cryptography", limit),
    )
    lines = [f"{name:42} {us:8.0f} µs {1e6 / us:8.0f} /s" for name, us in rows]
    lines += [f"{name:42} {mongo:8} to MongoDB {redis:4} to Redis" for name, (mongo, redis) in sent.items()]
    sys.stdout.write("\n".join(lines) + "\n")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(bench(Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
