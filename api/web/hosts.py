"""Hosts at this door that are not the city's: whatever is asked of them, others answer, and never the city."""

from __future__ import annotations

from typing import Protocol

from aiohttp import hdrs, web


class OtherHosts(Protocol):
    """What else answers behind this port."""

    def owns(self, host: str) -> bool:
        """host: as a client wrote it, with or without a port."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """With every header of its own: the door adds those that name the request and the server alone."""


def is_for(others: OtherHosts | None, request: web.Request) -> bool:
    """Whether it names one of their hosts anywhere: in its first line, or in any line of its head."""
    if others is None:
        return False
    return others.owns(request.host) or any(map(others.owns, request.headers.getall(hdrs.HOST, ())))
