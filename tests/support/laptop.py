"""A developer's machine in a journey: `tong` at a desk of its own, against a city that listens."""

from __future__ import annotations

import asyncio
import io
import json
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from citytong_sdk.tong import cli
from citytong_sdk.tong.desk import Desk

from core.clock import Clock
from core.embedded import Stores
from core.mongo import Mongo
from tests.support.city import JSON, OpenCity, open_demo_city, settings

_LET_IN: Final = """mutation($code: String!, $for: ID!) {
  approveDeveloperDevice(userCode: $code, organisation: $for) { id }
}"""


@dataclass
class Laptop:
    """env: besides a home, a path and the city."""

    city: OpenCity
    home: Path
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def desk(self, out: io.StringIO, err: io.StringIO, sleep: Callable[[float], None] = lambda _: None) -> Desk:
        return Desk(
            env={
                "HOME": str(self.home),
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "TONG_CITY": self.city.base,
                **self.env,
            },
            folder=self.folder,
            out=out,
            err=err,
            now=lambda: self.city.clock.now().timestamp(),
            sleep=sleep,
            secret=lambda _: "",
        )

    async def tong(self, *words: str, meanwhile: Callable[[str], Any] | None = None) -> JSON:
        """The result of a command that must go well. meanwhile: awaited with what was said, each time that it waits."""
        status, out, err = await self.tried(*words, meanwhile=meanwhile)
        assert status == 0, f"tong {' '.join(words)}: {out}{err}"
        found: JSON = json.loads(out)["result"]
        return found

    async def tried(self, *words: str, meanwhile: Callable[[str], Any] | None = None) -> tuple[int, str, str]:
        """The status of a command, and what it said on both streams."""
        out, err, loop = io.StringIO(), io.StringIO(), asyncio.get_running_loop()

        def waits(seconds: float) -> None:
            if meanwhile is not None:
                asyncio.run_coroutine_threadsafe(meanwhile(err.getvalue()), loop).result(timeout=60)

        status = await asyncio.to_thread(cli.main, [*words, "--json"], self.desk(out, err, waits))
        return status, out.getvalue(), err.getvalue()

    async def sign_in(self, citizen: str, *, organisation: str) -> JSON:
        """`tong login`, let in by a citizen (their token) on another screen, to build for an organisation."""

        async def let_in(said: str) -> None:
            code = re.findall(r"[A-Z]{4}-[A-Z]{4}", said)[-1]
            await self.city.ask(_LET_IN, token=citizen, **{"code": code, "for": organisation})

        return await self.tong("login", meanwhile=let_in)


@asynccontextmanager
async def city_that_listens(
    stores: Stores, mongo: Mongo, clock: Clock, beside: Mapping[str, str], **more: str
) -> AsyncIterator[OpenCity]:
    """One whose address is where it listens: tools check that it is. more: settings."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = asked.getsockname()[1]
    told = settings(
        mongo_url=stores.mongo_url,
        redis_url=stores.redis_url,
        database=mongo.database.name,
        departments=beside,
        TONG_PUBLIC_URL=f"http://127.0.0.1:{port}",
        **more,
    )
    async with open_demo_city(told, clock, port=port) as opened:
        yield opened
