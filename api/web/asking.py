"""From an HTTP request to a `Context`: who asks, in which language, from where, under which id."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import web

from core import logs
from core.errors import SignInRequired
from core.graph import Client, Context
from core.locale import negotiate
from core.principal import ANONYMOUS, Principal

Authenticate: TypeAlias = Callable[[str], Awaitable[Principal]]

REQUEST_ID = web.RequestKey("request_id", str)
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_DEVICE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Asking:
    """Makes the context of each request.

    authenticate: bearer token → principal; raises a DomainError (UNAUTHENTICATED kind) for a bad one.
    services: each room's service, by its type.
    trusted_proxies: how many entries of X-Forwarded-For our own proxies wrote.
    """

    authenticate: Authenticate
    services: Mapping[type, object]
    trusted_proxies: int

    async def context(self, request: web.Request) -> Context:
        """Raises: what `authenticate` raises."""
        return Context(
            request_id=request[REQUEST_ID],
            principal=await self._principal(request),
            locale=negotiate(request.headers.get("Accept-Language")),
            client=Client(address=self.address(request), device_id=_device_id(request)),
            services=self.services,
        )

    def sameness(self, context: Context) -> Hashable:
        """Who asks, in which language, from where: the request's id alone is left out."""
        return (context.principal, context.locale, context.client)

    async def _principal(self, request: web.Request) -> Principal:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return ANONYMOUS
        # Whatever is no token at all is not looked at: bytes outside ASCII included.
        if not token.isascii():
            raise SignInRequired()
        return await self.authenticate(token.strip())

    def address(self, request: web.Request) -> str:
        """The client's address as the outermost proxy that we trust saw it; never what the client claims."""
        claimed = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        if self.trusted_proxies and len(claimed) >= self.trusted_proxies:
            return claimed[-self.trusted_proxies][:64]
        return request.remote or ""


def _device_id(request: web.Request) -> str:
    wanted = request.headers.get("X-Device-Id", "")
    return wanted if _DEVICE_ID.fullmatch(wanted) else ""


def begin(request: web.Request) -> str:
    """Give the request its id: the caller's if it is well-formed, else a new one."""
    wanted = request.headers.get("X-Request-Id", "")
    chosen = wanted if _REQUEST_ID.fullmatch(wanted) else secrets.token_hex(12)
    request[REQUEST_ID] = chosen
    logs.request_id.set(chosen)
    return chosen
