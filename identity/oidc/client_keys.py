"""A client's public keys: as it registered them, or fetched from its `jwks_uri`, once staff approved the client.

How they are fetched, and for how long they are kept: `core.remote_keys`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.clock import Clock
from core.jose import Jwk, public_key_fault
from core.remote_keys import Fetch, RemoteKeys, read_set
from identity.oidc.encrypting import encryption_key_fault
from identity.oidc.model import Client, ClientState


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """fetch: None where the provider calls nobody; then such a client has no keys."""

    clock: Clock
    fetch: Fetch | None = None
    _kept: RemoteKeys = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_kept", RemoteKeys(self.clock))

    async def of(self, client: Client, *, kid: object = None) -> tuple[Jwk, ...]:
        """kid: of the key that is looked for, if it is known."""
        if not client.jwks_uri:
            return client.jwks
        fetch = self.fetch
        if fetch is None or client.state is not ClientState.APPROVED:
            return ()

        async def load() -> tuple[Jwk, ...]:
            return read_set(await fetch(client.jwks_uri), fault=key_fault)

        return await self._kept.of(client.jwks_uri, kid=kid, load=load)


def key_fault(key: Mapping[str, Any]) -> str | None:
    """What is wrong with a client's key, or None."""
    return encryption_key_fault(key) if key.get("use") == "enc" else public_key_fault(key)
