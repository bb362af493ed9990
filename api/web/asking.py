"""From an HTTP request to a `Context`: who asks, in which language, from where, under which id."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol, TypeAlias

from aiohttp import web

from api.web.errors import ProofRequired
from core import logs
from core.errors import SignInRequired
from core.graph import Client, Context
from core.locale import negotiate
from core.principal import ANONYMOUS, Principal

Authenticate: TypeAlias = Callable[[str], Awaitable[Principal]]


class Possession(Protocol):
    """Checks a proof that a request came with (RFC 9449)."""

    async def __call__(self, proof: str, *, method: str, path: str, token: str | None) -> str:
        """The thumbprint of the key that the caller holds. token: the access token that the proof is to name.

        Raises: DomainError, of kind UNAUTHENTICATED, for one that is not good here and now.
        """
        ...


REQUEST_ID = web.RequestKey("request_id", str)
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_DEVICE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_IDS = random.Random()
# Browsers of one language send the same few headers.
language = lru_cache(maxsize=256)(negotiate)
_client = lru_cache(maxsize=1024)(Client)


class Asked(NamedTuple):
    """One HTTP request, whichever way it came in.

    headers: by lower-case name; several lines of one name are one list (RFC 9110 §5.3). remote: the peer's address.
    method, path: what the lean way in answers, unless aiohttp says otherwise.
    """

    headers: Mapping[str, str]
    remote: str
    request_id: str
    method: str = "POST"
    path: str = "/graphql"

    @classmethod
    def of(cls, request: web.Request) -> Asked:
        lines: dict[str, str] = {}
        for name, value in request.headers.items():
            name = name.lower()
            lines[name] = f"{lines[name]}, {value}" if name in lines else value
        return cls(lines, request.remote or "", request[REQUEST_ID], request.method, request.path)


@dataclass(frozen=True, slots=True)
class Asking:
    """Makes the context of each request.

    authenticate: access token → principal; raises a DomainError (UNAUTHENTICATED kind) for a bad one.
    services: each room's service, by its type.
    trusted_proxies: how many entries of X-Forwarded-For our own proxies wrote.
    possession: None where no token is bound to a key; a token that is opens nothing then.
    """

    authenticate: Authenticate
    services: Mapping[type, object]
    trusted_proxies: int
    possession: Possession | None = None

    async def context(self, asked: Asked) -> Context:
        """Raises: ProofRequired; what `authenticate` and `possession` raise."""
        principal, jkt = await self._caller(asked)
        return Context(
            request_id=asked.request_id,
            principal=principal,
            locale=language(asked.headers.get("accept-language")),
            client=_client(self.address(asked), _device_id(asked), jkt),
            services=self.services,
        )

    async def renewed(self, asked: Asked, before: Context) -> Context:
        """The same caller's next context, where their token is still good: a proof is asked for when a stream begins.

        Raises: what `authenticate` raises.
        """
        principal = before.principal
        if principal.authenticated:
            principal = await self.authenticate(asked.headers["authorization"].partition(" ")[2].strip())
        return Context(before.request_id, principal, before.locale, before.client, before.services)

    async def context_of(self, request: web.Request) -> Context:
        """The same for what is asked beside the graph. Raises: what `authenticate` raises."""
        return await self.context(Asked.of(request))

    def sameness(self, context: Context) -> Hashable:
        """Who asks, for whom, by which session, in which language. Not from where: only mutations look at that."""
        return (context.principal, context.locale)

    async def _caller(self, asked: Asked) -> tuple[Principal, str]:
        """Who asks, and the thumbprint of the key that they proved to hold."""
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        scheme, jkt = scheme.lower(), ""
        by_key = scheme == "dpop"
        if "dpop" in asked.headers and self.possession is not None:
            named = token.strip() if by_key and token.isascii() else None
            jkt = await self.possession(asked.headers["dpop"], method=asked.method, path=asked.path, token=named)
        if not token or not (by_key or scheme == "bearer"):
            return ANONYMOUS, jkt
        # Whatever is no token at all is not looked at: bytes outside ASCII included.
        if not token.isascii():
            raise SignInRequired()
        principal = await self.authenticate(token.strip())
        # A bound token opens nothing without its key, nor is a token that is bound to none shown as if it were.
        if principal.jkt != (jkt if by_key else "") or (by_key and not jkt):
            raise ProofRequired()
        return principal, jkt

    def address(self, asked: Asked) -> str:
        """The client's address as the outermost proxy that we trust saw it; never what the client claims."""
        if self.trusted_proxies:
            claimed = [hop.strip() for hop in asked.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
            if len(claimed) >= self.trusted_proxies:
                return claimed[-self.trusted_proxies][:64]
        return asked.remote

    def address_of(self, request: web.Request) -> str:
        """The same for what is asked beside the graph."""
        return self.address(Asked.of(request))


def _device_id(asked: Asked) -> str:
    wanted = asked.headers.get("x-device-id", "")
    return wanted if _DEVICE_ID.fullmatch(wanted) else ""


def begin(wanted: str) -> str:
    """The request's id, for its log too: the caller's if it is well-formed, else a new one."""
    # An id is no secret: it need not cost a call of the kernel.
    chosen = wanted if _REQUEST_ID.fullmatch(wanted) else f"{_IDS.getrandbits(96):024x}"
    logs.request_id.set(chosen)
    return chosen
