"""Listening: the city's application on a port, until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.app import City, door
from api.web.ports import SERVER, answering, bound

__all__ = ["SERVER", "bound", "listening"]


@asynccontextmanager
async def listening(city: City, held: socket.socket) -> AsyncIterator[str]:
    """Answer on a bound socket while inside; yields the base URL. Requests under way get 3 s to end.

    Who hangs up ends their query; what changes something goes on to its end.
    """
    async with answering(door(city), held) as address:
        yield address
