"""Bytes that strangers send: within a size and a time, and not too many of them at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

_CHUNK: Final = 64 * 1024


async def read_body(
    request: web.Request, *, bytes_max: int, within_s: float, too_large: Exception, too_slow: Exception
) -> bytes:
    """The body of a request; no more of it is held than is taken. Raises: too_large, too_slow."""
    if (request.content_length or 0) > bytes_max:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            while chunk := await request.content.read(_CHUNK):
                body += chunk
                if len(body) > bytes_max:
                    raise too_large
    except TimeoutError as fault:
        raise too_slow from fault
    return bytes(body)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The uploads of this process: `at_once` all together, and `of_one` of one sender, who must not take every place by
    being slow. busy: what is raised for one more.
    """

    at_once: int
    of_one: int
    busy: Callable[[], Exception]
    _by_sender: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def one_more(self, sender: str) -> Iterator[None]:
        """Raises: what `busy` makes."""
        if self._by_sender.total() >= self.at_once or self._by_sender[sender] >= self.of_one:
            raise self.busy()
        self._by_sender[sender] += 1
        try:
            yield
        finally:
            self._by_sender[sender] -= 1
            if not self._by_sender[sender]:
                del self._by_sender[sender]
