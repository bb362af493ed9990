"""A client's public keys: as it registered them, or fetched from its `jwks_uri`.

Rules
- An address that a stranger wrote down is called with care: https on port 443, a public address (looked up once, and
  that address called), no redirects, five seconds, 64 KiB, and nothing before staff approved the client.
- What was fetched is good for ten minutes, and for an hour while its server is away. A `kid` that is not there is a new
  key, or a guess: it is looked for once a minute.
"""

from __future__ import annotations

from asyncio import Lock
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import aiohttp
import orjson
from yarl import URL

from core.clock import Clock
from core.jose import Jwk, public_key_fault
from identity.oidc.calling import public_address
from identity.oidc.encrypting import encryption_key_fault
from identity.oidc.model import URI_LENGTH_MAX, Client, ClientState

KEPT: Final = timedelta(minutes=10)
KEPT_WHILE_AWAY: Final = timedelta(hours=1)
ASKED_AGAIN: Final = timedelta(minutes=1)
SET_BYTES_MAX: Final = 64 * 1024
SET_KEYS_MAX: Final = 20
SETS_MAX: Final = 500
_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)


class SetUnavailable(Exception):
    """A key set that could not be fetched. The message is for a log and names no address."""


class Fetch(Protocol):
    """Returns the bytes of a key set, at most `SET_BYTES_MAX`. Raises: SetUnavailable."""

    async def __call__(self, uri: str) -> bytes: ...


@dataclass(slots=True)
class _Set:
    keys: tuple[Jwk, ...] = ()
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """fetch: None where the provider calls nobody; then such a client has no keys."""

    clock: Clock
    fetch: Fetch | None = None
    _sets: dict[str, _Set] = field(default_factory=dict, repr=False)

    async def of(self, client: Client, *, kid: object = None) -> tuple[Jwk, ...]:
        """kid: of the key that is looked for, if it is known."""
        if not client.jwks_uri:
            return client.jwks
        if self.fetch is None or client.state is not ClientState.APPROVED:
            return ()
        held = self._sets.setdefault(client.jwks_uri, _Set())
        if len(self._sets) > SETS_MAX:
            self._sets.pop(next(iter(self._sets)))
        async with held.lock:  # of many who miss a key at once, one asks
            if self._stale(held, kid):
                held.tried_at = self.clock.now()
                try:
                    held.keys = read_set(await self.fetch(client.jwks_uri))
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


def read_set(raw: bytes) -> tuple[Jwk, ...]:
    """The keys of it that can serve; others are passed over (RFC 7517 §5). Raises: SetUnavailable."""
    try:
        found: Any = orjson.loads(raw)
    except ValueError as fault:
        raise SetUnavailable("it is not JSON") from fault
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or len(keys) > SET_KEYS_MAX:
        raise SetUnavailable("it is no key set, or too large a one")
    return tuple(key for key in keys if isinstance(key, dict) and key_fault(key) is None)


def key_fault(key: Mapping[str, Any]) -> str | None:
    """What is wrong with a client's key, or None."""
    return encryption_key_fault(key) if key.get("use") == "enc" else public_key_fault(key)


def set_uri_fault(uri: str) -> str | None:
    """What is wrong with a `jwks_uri`, or None."""
    try:
        url = URL(uri)
        plain = url.scheme == "https" and url.explicit_port in (None, 443) and url.user is None and not url.fragment
    except ValueError:
        return "is not a URL"
    if len(uri) > URI_LENGTH_MAX or not uri.isascii() or not uri.isprintable() or not plain or not url.host:
        return "must be https on port 443, with neither a user nor a fragment"
    return None


def fetching(http: aiohttp.ClientSession) -> Fetch:
    """Over HTTPS, as the rules of this module say."""

    async def fetch(uri: str) -> bytes:
        url = URL(uri)
        host = url.raw_host or ""
        if set_uri_fault(uri) is not None:
            raise SetUnavailable("its address will not do")
        try:
            called = url.with_host(await public_address(host))
            async with http.get(
                called,
                headers={"Host": host, "Accept": "application/jwk-set+json, application/json"},
                server_hostname=host,
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
