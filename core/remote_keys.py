"""Public keys that others publish at an address of their own, fetched with care and kept for a while.

Rules
- An address that a stranger wrote down is called with care: https on port 443, a public address (looked up once, and
  that address called), no redirects, five seconds, 64 KiB.
- What was fetched is good for ten minutes, and for an hour while its server is away. A `kid` that is not there is a new
  key, or a guess: it is looked for once a minute.
Source: docs/decisions/0045-a-clients-keys-may-be-fetched.md
"""

from __future__ import annotations

from asyncio import Lock
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeAlias

import aiohttp
import orjson
from yarl import URL

from core.calling import on_this_machine, public_address
from core.clock import Clock
from core.jose import Jwk, public_key_fault

KEPT: Final = timedelta(minutes=10)
KEPT_WHILE_AWAY: Final = timedelta(hours=1)
ASKED_AGAIN: Final = timedelta(minutes=1)
SET_BYTES_MAX: Final = 64 * 1024
SET_KEYS_MAX: Final = 20
SETS_MAX: Final = 500
URI_LENGTH_MAX: Final = 512
_DISCOVERY: Final = "/.well-known/openid-configuration"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)

KeyFault: TypeAlias = Callable[[Mapping[str, Any]], str | None]


class SetUnavailable(Exception):
    """A key set that could not be fetched. The message is for a log and names no address."""


class Fetch(Protocol):
    """Returns the bytes at an address, at most `SET_BYTES_MAX`. Raises: SetUnavailable."""

    async def __call__(self, uri: str) -> bytes: ...


@dataclass(slots=True)
class _Set:
    keys: tuple[Jwk, ...] = ()
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True, slots=True)
class RemoteKeys:
    """Key sets by the names that their owners have here, as many as `SETS_MAX`."""

    clock: Clock
    _sets: dict[str, _Set] = field(default_factory=dict, repr=False)

    async def of(
        self, name: str, *, kid: object = None, load: Callable[[], Awaitable[tuple[Jwk, ...]]]
    ) -> tuple[Jwk, ...]:
        """kid: of the key that is looked for, if it is known. load: fetches the set; raises SetUnavailable."""
        held = self._sets.setdefault(name, _Set())
        if len(self._sets) > SETS_MAX:
            self._sets.pop(next(iter(self._sets)))
        async with held.lock:  # of many who miss a key at once, one asks
            if self._stale(held, kid):
                held.tried_at = self.clock.now()
                try:
                    held.keys = await load()
                    held.fetched_at = held.tried_at
                except SetUnavailable:
                    pass
        old = held.fetched_at is None or self.clock.now() - held.fetched_at > KEPT_WHILE_AWAY
        return () if old else held.keys

    def _stale(self, held: _Set, kid: object) -> bool:
        now = self.clock.now()
        if held.tried_at is not None and now - held.tried_at < ASKED_AGAIN:
            return False
        if held.fetched_at is None or now - held.fetched_at >= KEPT:
            return True
        return kid is not None and all(key.get("kid") != kid for key in held.keys)


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """What OpenID providers sign ID tokens with. Source: OpenID Connect Discovery 1.0 §4."""

    fetch: Fetch
    kept: RemoteKeys

    async def of(self, issuer: str, *, kid: object) -> tuple[Jwk, ...]:
        """Empty where its keys cannot be had."""

        async def load() -> tuple[Jwk, ...]:
            told = _json(await self.fetch(f"{issuer.rstrip('/')}{_DISCOVERY}"))
            uri = told.get("jwks_uri")
            # One that calls itself otherwise may be anybody's (§4.3).
            if told.get("issuer") != issuer or not isinstance(uri, str):
                raise SetUnavailable("it is not the document of this issuer")
            return read_set(await self.fetch(uri))

        return await self.kept.of(issuer, kid=kid, load=load)


def read_set(raw: bytes, *, fault: KeyFault = public_key_fault) -> tuple[Jwk, ...]:
    """The keys of it that can serve; others are passed over (RFC 7517 §5). Raises: SetUnavailable."""
    keys = _json(raw).get("keys")
    if not isinstance(keys, list) or len(keys) > SET_KEYS_MAX:
        raise SetUnavailable("it is no key set, or too large a one")
    return tuple(key for key in keys if isinstance(key, dict) and fault(key) is None)


def uri_fault(uri: str) -> str | None:
    """What is wrong with an address to fetch keys from, or None."""
    try:
        url = URL(uri)
        plain = url.scheme == "https" and url.explicit_port in (None, 443) and url.user is None and not url.fragment
    except ValueError:
        return "is not a URL"
    if len(uri) > URI_LENGTH_MAX or not uri.isascii() or not uri.isprintable() or not plain or not url.host:
        return "must be https on port 443, with neither a user nor a fragment"
    return None


def fetching(http: aiohttp.ClientSession, *, inside: bool = False) -> Fetch:
    """As the rules of this module say. inside: a city for demonstrations calls this machine by its address, too."""

    async def fetch(uri: str) -> bytes:
        here = inside and on_this_machine(uri)
        if not here and uri_fault(uri) is not None:
            raise SetUnavailable("its address will not do")
        url = URL(uri)
        host = url.raw_host or ""
        try:
            called = url.with_host(await public_address(host, port=url.port or 443, inside=here))
            async with http.get(
                called,
                headers={"Host": url.host_port_subcomponent or host, "Accept": "application/json, */*;q=0.5"},
                server_hostname=host if url.scheme == "https" else None,
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as response:
                raw = bytearray()
                async for chunk in response.content.iter_chunked(8192):
                    raw += chunk
                    if len(raw) > SET_BYTES_MAX:
                        raise SetUnavailable("it is too large")
                if response.status != 200:
                    raise SetUnavailable("its server refuses it")
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            raise SetUnavailable(type(fault).__name__) from fault
        return bytes(raw)

    return fetch


def _json(raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except ValueError as fault:
        raise SetUnavailable("it is not JSON") from fault
    return found if isinstance(found, dict) else {}
