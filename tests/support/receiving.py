"""A program's backend that hears webhooks: a server on this machine, which answers as it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest
from aiohttp import web

from miniapps.backends import courier

Call = tuple[dict[str, str], bytes]
# How long a city may rest before it looks for what is due: tests wait for each call.
_LOOKED_EVERY_S: Final = 0.05


@dataclass(slots=True)
class Receiver:
    """url: where it hears. status: what it answers. calls: each with its headers and body, those that came in order.

    answers: what came is answered once this is set.
    """

    url: str = ""
    status: int = 204
    location: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: web.Request) -> web.Response:
        self.calls.append((dict(request.headers), await request.read()))
        await self.answers.wait()
        headers = {"Location": self.location} if self.location else {}
        return web.Response(status=self.status, body=b"x" * 100_000 if self.status != 204 else b"", headers=headers)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """While it hears, the cities of this process look for deliveries more often than others do."""
    receiver, app = Receiver(), web.Application()
    receiver.answers.set()
    app.router.add_post("/hook", receiver.hear)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        receiver.url = f"http://127.0.0.1:{port}/hook"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(courier, "POLLED_EVERY_S", _LOOKED_EVERY_S)
            yield receiver
    finally:
        await runner.cleanup()
