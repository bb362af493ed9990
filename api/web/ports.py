"""An application on a port, until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from api.web.lean import IDLE_S, LEAN, Listener

_SHUTDOWN_S: Final = 3.0
_WAITING_MAX: Final = 1024
# How aiohttp serves a door: it unpacks no body (a small one may be a large one), writes no access log, and waits no
# longer for a head than for the next request.
SERVER: Final[Mapping[str, Any]] = {"access_log": None, "auto_decompress": False, "keepalive_timeout": IDLE_S}


class PortUnavailable(Exception):
    """The port is taken, or not ours to take. The message is one sentence that says what to do."""


def bound(*, host: str, port: int) -> socket.socket:
    """A socket that holds `host:port` (0: a free one), so that a taken port is known before anything is started.

    Raises: PortUnavailable.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((host, port))
        held.listen(_WAITING_MAX)
    except OSError as fault:
        held.close()
        raise PortUnavailable(_sentence(fault, host, port)) from fault
    return held


@asynccontextmanager
async def answering(app: web.Application, held: socket.socket) -> AsyncIterator[str]:
    """Answer on a bound socket while inside; yields the base URL. Requests under way get 3 s to end.

    Connections begin lean (`lean.py`). Who hangs up ends their query; what changes something goes on to its end.
    """
    runner = web.AppRunner(app, shutdown_timeout=_SHUTDOWN_S, handle_signals=False, handler_cancellation=True, **SERVER)
    await runner.setup()
    if runner.server is None:
        raise RuntimeError("aiohttp's runner was set up without a server")
    listener = Listener(app[LEAN], runner.server)
    server = await asyncio.get_running_loop().create_server(listener, sock=held, backlog=_WAITING_MAX)
    listener.sweep()
    try:
        host, port = held.getsockname()[:2]
        yield f"http://{_reached_as(host)}:{port}"
    finally:
        server.close()
        await asyncio.gather(listener.close(within_s=_SHUTDOWN_S), runner.cleanup())


def _reached_as(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _sentence(fault: OSError, host: str, port: int) -> str:
    if fault.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use. Stop what runs there, or choose another with --port or TONG_PORT."
    if fault.errno == errno.EACCES:
        return f"This account may not listen on port {port}. Choose one above 1023 with --port or TONG_PORT."
    return f"{host}:{port} cannot be listened on: {fault.strerror}. Choose another with TONG_HOST and --port."
