"""The provider's own tokens: ID tokens, access tokens for partners, logout tokens.

Rules
- They are signed with rings of their own and say another `aud` than the city's own tokens: none of them opens the
  graph, and no token of the city opens what is here.
- An access token (RFC 9068) names its grant; whoever takes one here asks whether the grant still runs.
- An ID token that comes back as a hint may have expired; it must still be ours, and for that client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from core import jose
from core.clock import Clock, epoch_s
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from identity.oidc.binding import bound_by, confirmation
from identity.oidc.model import TOKEN_LIFETIME, Client, Grant, acr_of

ACCESS_TYPE: Final = "at+jwt"
LOGOUT_TYPE: Final = "logout+jwt"
INTROSPECTION_TYPE: Final = "token-introspection+jwt"
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_LOGOUT_LIFETIME: Final = timedelta(minutes=2)
_LEEWAY_S: Final = 5


@dataclass(frozen=True, slots=True)
class Named:
    """A citizen as one client knows them. subject: of whom; actor: who acts for them, empty for nobody.

    browser: the client's own name for the browser session (`sid`), empty for a device.
    """

    subject: str
    actor: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class ReadAccess:
    """An access token of ours that has not expired. grant_id: empty for a client's own."""

    claims: Mapping[str, Any]
    jti: str
    client_id: str
    subject: str
    audience: str
    scopes: frozenset[str]
    grant_id: str
    bound: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """rings: one for each algorithm. Access and logout tokens are signed with ES256."""

    rings: Mapping[Algorithm, KeyRing]
    issuer: str
    ids: Ids
    clock: Clock

    @property
    def userinfo_audience(self) -> str:
        return f"{self.issuer}/oidc/userinfo"

    async def open(self) -> None:
        for ring in self.rings.values():
            await ring.open()

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        return {"keys": [key for ring in self.rings.values() for key in ring.jwks()["keys"]]}

    def id_token(
        self, grant: Grant, client: Client, named: Named, *, nonce: str | None, access: str, released: Mapping[str, Any]
    ) -> str:
        """released: the citizen's claims that it holds. Source: OpenID Connect Core §2."""
        algorithm = client.id_token_alg
        told: dict[str, Any] = {
            **released,
            "iss": self.issuer,
            "sub": named.subject,
            "aud": client.id,
            **self._times(TOKEN_LIFETIME),
            "auth_time": epoch_s(grant.authenticated_at),
            "acr": acr_of(grant.level),
            "amr": sorted(grant.methods),
            "at_hash": jose.half_hash(access, algorithm.value),
            "nonce": nonce,
            "sid": named.browser or None,
            "act": {"sub": named.actor} if named.actor else None,
        }
        return self._sign(told, algorithm, "JWT")

    def access(
        self,
        *,
        client_id: str,
        subject: str,
        audience: str,
        scopes: frozenset[str],
        grant: Grant | None = None,
        bound: str = "",
        act: Mapping[str, Any] | None = None,
        until: int | None = None,
    ) -> tuple[str, int]:
        """The token, and in how many seconds it expires. Source: RFC 9068, RFC 8693 §4.1 (act), RFC 9449 §6.1 and
        RFC 8705 §3.1 (cnf).
        """
        times = self._times(TOKEN_LIFETIME)
        if until is not None:
            times["exp"] = min(times["exp"], until)
        told = {
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "client_id": client_id,
            **times,
            "jti": self.ids.new("tok"),
            "scope": " ".join(sorted(scopes)),
            "grant": grant.id if grant else None,
            "acr": acr_of(grant.level) if grant else None,
            "auth_time": epoch_s(grant.authenticated_at) if grant else None,
            "act": act,
            "cnf": confirmation(bound),
        }
        return self._sign(told, Algorithm.ES256, ACCESS_TYPE), times["exp"] - times["iat"]

    def logout(self, client: Client, named: Named) -> str:
        """Source: OpenID Connect Back-Channel Logout §2.4."""
        told: dict[str, Any] = {
            "iss": self.issuer,
            "aud": client.id,
            **self._times(_LOGOUT_LIFETIME),
            "jti": self.ids.new("tok"),
            "sub": named.subject or None,
            "sid": named.browser or None,
            "events": {LOGOUT_EVENT: {}},
        }
        return self._sign(told, client.id_token_alg, LOGOUT_TYPE)

    def response(self, client: Client, answer: Mapping[str, str | None]) -> str:
        """What the authorization endpoint answers, signed for its client (JARM §2.1)."""
        told = {**answer, "iss": self.issuer, "aud": client.id, **self._times(TOKEN_LIFETIME)}
        return self._sign(told, client.response_alg, "JWT")

    def userinfo(self, client: Client, answer: Mapping[str, Any], algorithm: Algorithm) -> str:
        """Source: OpenID Connect Core §5.3.2."""
        return self._sign({**answer, "iss": self.issuer, "aud": client.id}, algorithm, "JWT")

    def introspection(self, client: Client, answer: Mapping[str, Any]) -> str:
        """Source: RFC 9701 §5."""
        told = {"iss": self.issuer, "aud": client.id, "iat": epoch_s(self.clock.now()), "token_introspection": answer}
        return self._sign(told, Algorithm.ES256, INTROSPECTION_TYPE)

    async def read_access(self, text: str) -> ReadAccess | None:
        """None for whatever is no access token of ours, or has expired."""
        claims = await self._read(text, ACCESS_TYPE, (Algorithm.ES256,))
        if claims is None or claims["exp"] + _LEEWAY_S <= epoch_s(self.clock.now()):
            return None
        return ReadAccess(
            claims=claims,
            jti=claims["jti"],
            client_id=claims["client_id"],
            subject=claims["sub"],
            audience=claims["aud"],
            scopes=frozenset(claims["scope"].split()),
            grant_id=claims.get("grant", ""),
            bound=bound_by(claims),
            expires_at=claims["exp"],
        )

    async def read_hint(self, text: str) -> Mapping[str, Any] | None:
        """The claims of an ID token of ours, also an expired one; None for anything else.

        Not every token of ours whose type is JWT is one: answers of userinfo and of the authorization endpoint are not.
        """
        claims = await self._read(text, "JWT", tuple(self.rings))
        return claims if claims is not None and {"sub", "auth_time", "at_hash"} <= claims.keys() else None

    async def _read(self, text: str, typ: str, algorithms: tuple[Algorithm, ...]) -> Mapping[str, Any] | None:
        try:
            token = jose.take_apart(text)
            header = token.header
            if header.keys() != {"alg", "kid", "typ"} or header["typ"] != typ or header["alg"] not in algorithms:
                return None
            key = await self.rings[Algorithm(header["alg"])].find(str(header["kid"]))
            if key is None or key.algorithm.value != header["alg"]:
                return None
            jose.check(token, key.jwk(), allowed=(header["alg"],))
        except jose.TokenFault:
            return None
        return token.claims if token.claims.get("iss") == self.issuer else None

    def _times(self, life: timedelta) -> dict[str, int]:
        now = epoch_s(self.clock.now())
        return {"iat": now, "exp": now + int(life.total_seconds())}

    def _sign(self, told: Mapping[str, Any], algorithm: Algorithm, typ: str) -> str:
        claims = {name: value for name, value in told.items() if value is not None}
        return jose.sign(claims, key=self.rings[algorithm].active, typ=typ)
