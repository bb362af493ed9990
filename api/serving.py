"""Listening: the city's application on a port, until it is told to stop."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from api.app import City, door

_SHUTDOWN_S: Final = 3.0


class CityUnavailable(Exception):
    """The city cannot be opened here. The message is one sentence that says what to do."""


@asynccontextmanager
async def listening(city: City, *, host: str, port: int) -> AsyncIterator[str]:
    """Answer on `host:port` (0: a free one) while inside; yields the base URL.

    Requests under way get 3 s to end. Raises: CityUnavailable when the port is taken or not ours to take.
    """
    runner = web.AppRunner(door(city), access_log=None, shutdown_timeout=_SHUTDOWN_S, handle_signals=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as fault:
            raise CityUnavailable(_sentence(fault, host, port)) from fault
        bound = runner.addresses[0]
        yield f"http://{host if host != '0.0.0.0' else '127.0.0.1'}:{bound[1]}"
    finally:
        await runner.cleanup()


def _sentence(fault: OSError, host: str, port: int) -> str:
    if fault.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use. Stop what runs there, or choose another with --port or TONG_PORT."
    if fault.errno == errno.EACCES:
        return f"This account may not listen on port {port}. Choose one above 1023 with --port or TONG_PORT."
    return f"{host}:{port} cannot be listened on: {fault.strerror}. Choose another with TONG_HOST and --port."
