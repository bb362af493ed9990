"""Access tokens: what a request proves itself with for ten minutes.

Rules
- A token is a JWT signed with ES256 (RFC 7519, RFC 9068): header exactly {alg, kid, typ: at+jwt}. A header that
  brings more (`jwk`, `jku`, `x5u`, `crit`, `b64`) is refused before anything in it is believed.
- The key comes from our own ring by `kid`, must say `use: sig` and `alg: ES256` itself (PyJWT does not look), and
  is tried with that one algorithm, so a token cannot choose how it is checked (RFC 8725 §3.1).
- Times are judged by the city's clock, with a small leeway between machines.
- A token of a bound session names its key (`cnf`, `jkt`); who takes tokens sees that the key is proven with it.
- A verified token may be remembered until it expires: the same text always means the same principal. Revocation is
  asked separately, each time.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from jwt.algorithms import ECAlgorithm

from core.clock import Clock, epoch_s, from_epoch_s
from core.crypto import digest
from core.ids import Ids
from core.keys import RingKey
from core.principal import Jurisdiction, Principal, PrincipalKind
from identity.errors import TokenExpired, TokenInvalid
from identity.model import ACCESS_TOKEN_LIFETIME
from identity.relations import GUARDIAN_MATTERS, ORGANISATION_MATTERS, ActingPrincipal, Ceiling

ALGORITHM: Final = "ES256"
TOKEN_TYPE: Final = "at+jwt"
LEEWAY_S: Final = 5
TOKEN_LENGTH_MAX: Final = 4096
REMEMBERED_MAX: Final = 20_000

_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEADER_MEMBERS: Final = frozenset({"alg", "kid", "typ"})
_LEVEL: Final = re.compile(r"urn:city:rl:([1-5])")
# Claims of somebody who acts for somebody else, and claims that such a token never has.
_DELEGATION: Final = frozenset({"act", "rel", "acting", "ceilings"})
# By the kind of whom they act for: how its ids begin, and what there is to do for it.
_ACTED_FOR: Final = {
    PrincipalKind.CITIZEN: ("cit_", GUARDIAN_MATTERS),
    PrincipalKind.ORGANISATION: ("org_", ORGANISATION_MATTERS),
}
_STAFF_CLAIMS: Final = frozenset({"jurisdiction", "dept"})
_OPTIONS: Final[Any] = {
    "require": ["iss", "aud", "sub", "sid", "iat", "exp", "jti", "scope", "kind"],
    "strict_aud": True,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class Keys(Protocol):
    """Where keys come from (core.keys.KeyRing)."""

    @property
    def active(self) -> RingKey: ...

    async def find(self, kid: str) -> RingKey | None: ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    text: str = field(repr=False)
    expires_at: datetime


class AccessTokens:
    """Makes and checks access tokens.

    issuer, audience: the `iss` and `aud` of every token; a token for anything else is refused.
    """

    def __init__(self, *, keys: Keys, issuer: str, audience: str, clock: Clock, ids: Ids) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._ids = ids
        self._remembered: OrderedDict[bytes, tuple[Principal, int]] = OrderedDict()
        self._public: dict[str, EllipticCurvePublicKey] = {}

    def issue(self, principal: Principal, *, until: datetime | None = None) -> AccessToken:
        """A token that says what `principal` says, for ten minutes and never beyond `until`.

        A delegated principal is an `ActingPrincipal`: a token that could not be ended with its relation is not made.
        """
        now = epoch_s(self._clock.now())
        expires = now + int(ACCESS_TOKEN_LIFETIME.total_seconds())
        if until is not None:
            expires = min(expires, epoch_s(until))
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now,
            "exp": expires,
            "jti": self._ids.new("tok"),
            **_claims(principal),
        }
        key = self._keys.active
        headers = {"kid": key.kid, "typ": TOKEN_TYPE}
        text = jwt.encode(claims, key.private, algorithm=ALGORITHM, headers=headers)  # type: ignore[arg-type]
        return AccessToken(text, from_epoch_s(expires))

    async def verify(self, text: str) -> Principal:
        """Whom the token speaks for. Raises: TokenInvalid, TokenExpired."""
        if len(text) > TOKEN_LENGTH_MAX:
            raise TokenInvalid()
        name = digest(text)
        known = self._remembered.get(name)
        if known is None:
            known = await self._check(text)
            self._remember(name, known)
        principal, expires = known
        if epoch_s(self._clock.now()) >= expires + LEEWAY_S:
            self._remembered.pop(name, None)
            raise TokenExpired()
        return principal

    async def _check(self, text: str) -> tuple[Principal, int]:
        key = await self._key(_header(text))
        try:
            claims = jwt.decode(
                text, key, algorithms=[ALGORITHM], audience=self._audience, issuer=self._issuer, options=_OPTIONS
            )
        except jwt.PyJWTError as fault:
            raise TokenInvalid() from fault
        issued, expires = claims["iat"], claims["exp"]
        if type(issued) is not int or type(expires) is not int:
            raise TokenInvalid()
        if issued > epoch_s(self._clock.now()) + LEEWAY_S:
            raise TokenInvalid()
        return _principal(claims), expires

    async def _key(self, header: Mapping[str, Any]) -> EllipticCurvePublicKey:
        if set(header) != _HEADER_MEMBERS or header["typ"] != TOKEN_TYPE or header["alg"] != ALGORITHM:
            raise TokenInvalid()
        kid = header["kid"]
        key = await self._keys.find(kid) if isinstance(kid, str) else None
        if key is None:
            raise TokenInvalid()
        if kid not in self._public:
            self._public[kid] = verification_key(key.jwk())
        return self._public[kid]

    def _remember(self, name: bytes, known: tuple[Principal, int]) -> None:
        self._remembered[name] = known
        while len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)


def verification_key(jwk: Mapping[str, Any]) -> EllipticCurvePublicKey:
    """The public key of a JWK that is for checking ES256 signatures and for nothing else.

    Raises: TokenInvalid.
    Source: RFC 7517 §4.2-4.4, RFC 7518 §6.2.
    """
    fits = (
        jwk.get("kty") == "EC"
        and jwk.get("crv") == "P-256"
        and jwk.get("use") == "sig"
        and jwk.get("alg") == ALGORITHM
        and "verify" in jwk.get("key_ops", ["verify"])
        and "d" not in jwk
    )
    if not fits:
        raise TokenInvalid()
    try:
        key = ECAlgorithm.from_jwk(dict(jwk))
    except (jwt.InvalidKeyError, ValueError) as fault:
        raise TokenInvalid() from fault
    assert isinstance(key, EllipticCurvePublicKey)
    return key


def _header(text: str) -> Mapping[str, Any]:
    if not _COMPACT.fullmatch(text):
        raise TokenInvalid()
    try:
        return jwt.get_unverified_header(text)
    except jwt.PyJWTError as fault:
        raise TokenInvalid() from fault


def _claims(principal: Principal) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "sub": principal.subject,
        "sid": principal.session_id,
        "scope": " ".join(sorted(principal.scopes)),
        "kind": principal.kind.value,
    }
    if principal.real_name_level:
        claims["acr"] = f"urn:city:rl:{principal.real_name_level}"
    if principal.methods:
        claims["amr"] = sorted(principal.methods)  # RFC 8176
    if principal.authenticated_at is not None:
        claims["auth_time"] = epoch_s(principal.authenticated_at)
    if principal.jkt:
        claims["cnf"] = {"jkt": principal.jkt}  # RFC 7800 §3, RFC 9449 §6.1
    if principal.cooling_until is not None:
        claims["cooling"] = epoch_s(principal.cooling_until)
    if principal.jurisdiction is not None:
        claims["jurisdiction"] = principal.jurisdiction.code
    if principal.department:
        claims["dept"] = principal.department
    if principal.delegated:
        if not isinstance(principal, ActingPrincipal):
            raise TypeError("somebody who acts for somebody else does so by a relation")
        claims["act"] = {"sub": principal.actor}  # RFC 8693 §4.1
        claims["rel"], claims["acting"] = principal.relation_id, principal.acting_id
        if principal.ceilings:
            claims["ceilings"] = {one.matter: one.amount_fen_max for one in principal.ceilings}
    return claims


def _principal(claims: Mapping[str, Any]) -> Principal:
    """Signed by us, so only what our own versions might disagree on is judged here."""
    try:
        return _delegate(claims) if _DELEGATION & claims.keys() else _as_themself(claims)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise TokenInvalid() from fault


def _as_themself(claims: Mapping[str, Any]) -> Principal:
    jurisdiction, kind = claims.get("jurisdiction"), PrincipalKind(claims["kind"])
    if kind is PrincipalKind.ORGANISATION:
        raise TokenInvalid()  # somebody always acts for it
    return Principal(
        kind=kind,
        actor=claims["sub"],
        subject=claims["sub"],
        session_id=claims["sid"],
        scopes=frozenset(claims["scope"].split()),
        real_name_level=_level(claims),
        jurisdiction=Jurisdiction(jurisdiction) if jurisdiction else None,
        department=claims.get("dept", ""),
        **_proof(claims),
    )


def _delegate(claims: Mapping[str, Any]) -> ActingPrincipal:
    """Somebody who acts for somebody else, by a relation, in its matters alone. Raises: TokenInvalid, KeyError, …"""
    act, matters = claims["act"], frozenset(claims["scope"].split())
    kind = PrincipalKind(claims["kind"])
    prefix, open_to_them = _ACTED_FOR[kind]
    ceilings = tuple(Ceiling(matter, most) for matter, most in claims.get("ceilings", {}).items())
    fits = (
        claims["sub"].startswith(prefix)
        and set(act) == {"sub"}  # an actor of the actor would be a chain
        and act["sub"] != claims["sub"]
        and matters <= open_to_them
        and all(one.matter in matters and type(one.amount_fen_max) is int for one in ceilings)
        and not _STAFF_CLAIMS & claims.keys()
        and all(type(claims[name]) is str for name in ("sub", "rel", "acting"))
        and type(act["sub"]) is str
    )
    if not fits:
        raise TokenInvalid()
    return ActingPrincipal(
        kind=kind,
        actor=act["sub"],
        subject=claims["sub"],
        session_id=claims["sid"],
        scopes=matters,
        real_name_level=_level(claims),
        relation_id=claims["rel"],
        acting_id=claims["acting"],
        ceilings=ceilings,
        **_proof(claims),
    )


def _proof(claims: Mapping[str, Any]) -> dict[str, Any]:
    """How and when the one who acts proved themself, and on which device."""
    at, cooling, confirmation = claims.get("auth_time"), claims.get("cooling"), claims.get("cnf")
    if confirmation is not None and (set(confirmation) != {"jkt"} or type(confirmation["jkt"]) is not str):
        raise TokenInvalid()  # bound in a way that this version does not check
    return {
        "jkt": confirmation["jkt"] if confirmation is not None else "",
        "cooling_until": None if cooling is None else from_epoch_s(cooling),
        "methods": frozenset(claims.get("amr", ())),
        "authenticated_at": None if at is None else from_epoch_s(at),
    }


def _level(claims: Mapping[str, Any]) -> int:
    level = _LEVEL.fullmatch(claims["acr"]) if "acr" in claims else None
    return int(level[1]) if level else 0
