"""Access tokens of the open platform: of developers' tools, of programs' backends and of runs of CI systems.

- A token is a JWS of ten minutes (RFC 9068) for the audience `city-open`, which nothing else of the city takes, and
  which takes none of the city's other tokens.
- A developer's token says who builds (`sub`, `dev_…`), for which organisation (`org`) and by which device (`sid`). What
  they may do is asked each time: neither a member who has left nor a device that was ended can do anything with it.
- A backend's token is its program's (`sub` and `client_id`), and no person's.
- A run's token is its publisher's (`sub`, `mtp_…`), for the one program (`run`), and hands in versions alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from core import jose
from core.clock import Clock, epoch_s
from core.errors import SignInRequired
from core.ids import Ids
from core.keys import KeyRing
from core.principal import Principal, PrincipalKind
from miniapps.developers.devices import DeviceStore
from miniapps.developers.model import Developer
from miniapps.developers.store import DeveloperStore

KEY_PURPOSE: Final = "mini-open"
AUDIENCE: Final = "city-open"
TOKEN_TYPE: Final = "at+jwt"
TOKEN_LIFE: Final = timedelta(minutes=10)
# The one tool there is; it is public and proves nothing of itself (RFC 6749 §2.1).
TOOL: Final = "tong"
DEVELOPER: Final = "developer"
BACKEND: Final = "mini-backend"
PUBLISHER: Final = "publisher"
_TOOLS: Final = frozenset({DEVELOPER, PUBLISHER})
# The name of EdDSA that libraries know (RFC 8037); the newer one is Ed25519 (RFC 9864).
_ALGORITHM: Final = "EdDSA"
_LEEWAY_S: Final = 5


@dataclass(frozen=True, slots=True)
class OpenTokens:
    """issuer: the city's public URL."""

    keys: KeyRing
    store: DeveloperStore
    devices: DeviceStore
    issuer: str
    ids: Ids
    clock: Clock

    async def open(self) -> None:
        """Make the indexes and the first key."""
        await self.devices.open()
        await self.keys.open()

    def for_developer(self, *, developer: str, organisation: str, device: str) -> str:
        return self._signed({"sub": developer, "org": organisation, "sid": device, "client_id": TOOL}, DEVELOPER)

    def for_backend(self, app_id: str) -> str:
        return self._signed({"sub": app_id, "client_id": app_id}, BACKEND)

    def for_publisher(self, *, publisher: str, organisation: str, run: str) -> str:
        return self._signed({"sub": publisher, "org": organisation, "run": run, "client_id": TOOL}, PUBLISHER)

    def _signed(self, told: dict[str, Any], scope: str) -> str:
        now = epoch_s(self.clock.now())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + int(TOKEN_LIFE.total_seconds()),
            "jti": self.ids.new("mot"),
            "scope": scope,
            **told,
        }
        return jose.sign(claims, key=self.keys.active, typ=TOKEN_TYPE, alg=_ALGORITHM)

    async def read(self, token: str) -> Principal:
        """Whom a token of any kind speaks for. Raises: SignInRequired, Unavailable."""
        claims = await self._claims(token)
        subject, scope = claims["sub"], claims["scope"]
        if scope in _TOOLS:
            return Principal(
                kind=PrincipalKind.SERVICE,
                actor=subject,
                subject=claims["org"],
                session_id=claims["sid" if scope == DEVELOPER else "run"],
                scopes=frozenset({scope}),
            )
        return Principal(
            kind=PrincipalKind.SERVICE, actor=f"mpb_{subject}", subject=subject, scopes=frozenset({BACKEND})
        )

    async def tool(self, token: str) -> Principal:
        """Whom a developer's or a run's token speaks for; a backend's opens nothing of the graph.

        Raises: SignInRequired, Unavailable.
        """
        principal = await self.read(token)
        if not _TOOLS & principal.scopes:
            raise SignInRequired()
        return principal

    async def backend(self, token: str) -> str:
        """The app whose backend holds it. Raises: SignInRequired, Unavailable."""
        principal = await self.read(token)
        if BACKEND not in principal.scopes:
            raise SignInRequired()
        return principal.subject

    async def developer(self, principal: Principal) -> Developer | None:
        """Who holds a developer's token; None where their device was ended, or they are a developer no longer.

        Raises: Unavailable.
        """
        device = await self.devices.device(principal.session_id)
        if device is None or (device.developer, device.organisation) != (principal.actor, principal.subject):
            return None
        return await self.store.developer(principal.actor) if device.lives(self.clock.now()) else None

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            found = jose.take_apart(token)
            kid = found.header.get("kid")
            key = await self.keys.find(kid) if isinstance(kid, str) else None
            if key is None or found.header.get("typ") != TOKEN_TYPE:
                raise SignInRequired()
            jose.check(found, key.jwk(), allowed=(_ALGORITHM,))
        except jose.TokenFault as fault:
            raise SignInRequired() from fault
        claims, now = dict(found.claims), epoch_s(self.clock.now())
        meant = claims.get("iss") == self.issuer and claims.get("aud") == AUDIENCE
        if not meant or not claims["iat"] - _LEEWAY_S <= now < claims["exp"] + _LEEWAY_S:
            raise SignInRequired()
        return claims
