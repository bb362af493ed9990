"""A stranger's name server: it says another address each time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import pytest


def leads(monkeypatch: pytest.MonkeyPatch, host: str, *answers: Sequence[str]) -> list[Sequence[str]]:
    """What `host` leads to, look by look; returns the answers that are left.

    Other names lead where they did: clients that the whole run shares may connect anew on this loop at any time.
    """
    loop = asyncio.get_running_loop()
    of_others, left = loop.getaddrinfo, list(answers)

    async def look_up(name: str, port: int, **more: Any) -> list[Any]:
        if name != host:
            return await of_others(name, port, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in left.pop(0)]

    monkeypatch.setattr(loop, "getaddrinfo", look_up)
    return left
