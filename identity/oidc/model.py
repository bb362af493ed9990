"""Clients, grants and claims: the nouns of the provider, and the rules that hold for them wherever they are.

- A client's profile decides how it proves itself. PUBLIC has no secret and binds its tokens to a key (DPoP). BASIC is
  OpenID's basic profile with a secret or a key. FAPI2 pushes its requests, proves itself with a key and binds its
  tokens to one.
- A client does nothing before staff approved it, and nothing after they suspended it.
- A grant is one citizen's yes to one client, for named claims. It ends as a whole, with every token that came of it.
- Whoever acts for somebody else lets a client learn that other's name and nothing more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from core.keys import Algorithm
from core.locale import Text

CODE_LIFETIME: Final = timedelta(seconds=60)
PUSHED_LIFETIME: Final = timedelta(seconds=90)
INTERACTION_LIFETIME: Final = timedelta(minutes=10)
DEVICE_LIFETIME: Final = timedelta(minutes=10)
DEVICE_INTERVAL_S: Final = 5
TOKEN_LIFETIME: Final = timedelta(minutes=10)
GRANT_LIFETIME: Final = timedelta(days=90)
# A grant without offline access lasts no longer than its browser stays signed in.
BROWSER_LIFETIME: Final = timedelta(hours=12)
REDIRECT_URIS_MAX: Final = 10
URI_LENGTH_MAX: Final = 512

OPENID: Final = "openid"
OFFLINE_ACCESS: Final = "offline_access"
ACR_PREFIX: Final = "urn:city:rl:"
# What the city vouches for (OpenID Connect for Identity Assurance): the evidence, and each claim that it backs.
VERIFIED: Final = "verified_claims"
VERIFIED_NAME: Final = "verified_claims.name"
VERIFIED_BIRTHDATE: Final = "verified_claims.birthdate"


class Profile(StrEnum):
    PUBLIC = "PUBLIC"
    BASIC = "BASIC"
    FAPI2 = "FAPI2"


class AuthMethod(StrEnum):
    """How a client proves itself. Source: IANA, OAuth Token Endpoint Authentication Methods."""

    NONE = "none"
    SECRET_BASIC = "client_secret_basic"
    SECRET_POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"


# By the certificate of its connection (RFC 8705); served where the city's proxy hands certificates on.
TLS_METHODS: Final = frozenset({AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS})
METHODS_OF: Final[Mapping[Profile, frozenset[AuthMethod]]] = {
    Profile.PUBLIC: frozenset({AuthMethod.NONE}),
    Profile.BASIC: frozenset(AuthMethod) - {AuthMethod.NONE},
    Profile.FAPI2: TLS_METHODS | {AuthMethod.PRIVATE_KEY_JWT},
}


class ClientState(StrEnum):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    SUSPENDED = "SUSPENDED"


class GrantType(StrEnum):
    CODE = "authorization_code"
    REFRESH = "refresh_token"
    DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
    EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
    CLIENT = "client_credentials"


# What serves somebody who is not there, or another service, is not for a client that cannot keep a secret.
CONFIDENTIAL_GRANTS: Final = frozenset({GrantType.EXCHANGE, GrantType.CLIENT})


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a client may learn of a citizen.

    scope: that asks for it. class_, level: its label (GB/T 43697 appendix B).
    """

    name: str
    scope: str
    title: Text
    class_: str
    level: int


CLAIMS: Final[Mapping[str, Claim]] = {
    claim.name: claim
    for claim in (
        Claim("name", "profile", Text(zh="姓名", en="Name"), "IDENTITY", 3),
        Claim("phone_number", "phone", Text(zh="手机号码", en="Phone number"), "CONTACT", 3),
        Claim("phone_number_verified", "phone", Text(zh="手机号码已验证", en="Phone is verified"), "CONTACT", 1),
        Claim("address", "address", Text(zh="常住区", en="Home district"), "WHEREABOUTS", 2),
        Claim("real_name_level", "real_name", Text(zh="实名等级", en="Real-name level"), "IDENTITY", 1),
        Claim(VERIFIED, VERIFIED, Text(zh="实名核验依据", en="How your name was proven"), "IDENTITY", 2),
        Claim(VERIFIED_NAME, VERIFIED, Text(zh="经核验的姓名", en="Name, as proven"), "IDENTITY", 3),
        Claim(VERIFIED_BIRTHDATE, VERIFIED, Text(zh="经核验的出生日期", en="Date of birth, as proven"), "IDENTITY", 3),
    )
}
SCOPES: Final = frozenset({OPENID, OFFLINE_ACCESS, *(claim.scope for claim in CLAIMS.values())})
# Of the one who is acted for; the actor's own are not the client's to know.
OF_ANOTHER: Final = frozenset({"name"})


def claims_of(scopes: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(scopes)
    return frozenset(claim.name for claim in CLAIMS.values() if claim.scope in wanted)


class KeyWrap(StrEnum):
    """How the content key of a token that is encrypted for a client is agreed on (RFC 7518 §4)."""

    ECDH = "ECDH-ES"
    ECDH_WRAPPED = "ECDH-ES+A256KW"
    RSA = "RSA-OAEP-256"


@dataclass(frozen=True, slots=True)
class CertificateName:
    """Whose certificate `tls_client_auth` takes: exactly one of the two is set (RFC 8705 §2.1.2).

    subject: the whole distinguished name, as RFC 4514 writes it. dns: one of its alternative names.
    """

    subject: str = ""
    dns: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """A program that asks the provider.

    operator: who runs it, as citizens read it. purpose: why it wants what it asks for, likewise.
    sector: whose pairwise subjects it sees; clients of one operator share one. scopes: that staff approved.
    service_scopes: what its client_credentials tokens may say. exchange_to: clients for whom it may exchange a token.
    jwks_uri: where its keys are instead of in `jwks`. response_alg: of what the authorization endpoint signs for it.
    userinfo_alg: with which userinfo answers are signed, None for plain JSON. userinfo_wrap, id_token_wrap: how they
    are encrypted for it, None for not at all. signed_requests: it must sign them (RFC 9101). certificate_bound: its
    tokens are good only over a connection with its certificate.
    secret_digest, registration_digest: of secrets that were told once. old_secret_digest: of the secret before, which
    is good until `old_secret_until`.
    """

    id: str
    name: Text
    operator: Text
    purpose: Text
    profile: Profile
    auth_method: AuthMethod
    sector: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()
    grant_types: frozenset[GrantType] = frozenset({GrantType.CODE})
    scopes: frozenset[str] = frozenset({OPENID})
    service_scopes: frozenset[str] = frozenset()
    exchange_to: frozenset[str] = frozenset()
    jwks: tuple[Mapping[str, Any], ...] = ()
    id_token_alg: Algorithm = Algorithm.ES256
    backchannel_logout_uri: str = ""
    default_max_age_s: int | None = None
    dpop_bound: bool = False
    jwks_uri: str = ""
    response_alg: Algorithm = Algorithm.ES256
    userinfo_alg: Algorithm | None = None
    userinfo_wrap: KeyWrap | None = None
    id_token_wrap: KeyWrap | None = None
    signed_requests: bool = False
    certificate: CertificateName = CertificateName()
    certificate_bound: bool = False
    state: ClientState = ClientState.PENDING
    secret_digest: bytes = field(default=b"", repr=False)
    registration_digest: bytes = field(default=b"", repr=False)
    old_secret_digest: bytes = field(default=b"", repr=False)
    old_secret_until: datetime | None = None
    created_at: datetime | None = None

    @property
    def review_digest(self) -> str:
        """Of everything that staff look through: another one when any of it has changed."""
        told = {one.name: getattr(self, one.name) for one in fields(self) if one.repr}
        return hashlib.sha256(orjson.dumps(told, default=sorted, option=orjson.OPT_SORT_KEYS)).hexdigest()

    @property
    def must_push(self) -> bool:
        return self.profile is Profile.FAPI2

    @property
    def must_bind(self) -> bool:
        """Its tokens are good only with a key of the client's (RFC 9449), or with its certificate (RFC 8705)."""
        return self.profile is not Profile.BASIC or self.dpop_bound or self.certificate_bound

    @property
    def rotates(self) -> bool:
        """FAPI 2.0 §5.3.2.1: no rotation where client and token are bound to keys anyway."""
        return self.profile is not Profile.FAPI2

    def may_use(self, grant: GrantType) -> bool:
        return self.state is ClientState.APPROVED and grant in self.grant_types


def redirect_fault(uri: str) -> str | None:
    """What is wrong with a redirect URI, or None. Compared later character by character, so nothing is normalised.

    Source: RFC 9700 §2.1, RFC 8252 §7.3 (loopback), OpenID Connect Registration §2.
    """
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return "is not a URL"
    if len(uri) > URI_LENGTH_MAX or not uri.isascii() or not uri.isprintable() or any(c in uri for c in ' "<>\\^`{|}*'):
        return "has characters that a redirect URI must not have"
    if "#" in uri or parts.username is not None or parts.password is not None:
        return "must have neither a fragment nor a user"
    if parts.scheme == "https" and host:
        return None
    if parts.scheme == "http" and host in {"127.0.0.1", "::1"}:
        return None
    return "must be https, or http on a loopback address"


@dataclass(frozen=True, slots=True)
class Grant:
    """citizen: who said yes. subject: of whom the claims are, another when the citizen acts by `relation_id`.

    session_id: the city's session it was said in. browser_id: the provider's own (`ops_…`), empty for a device.
    claims: that were consented to, for userinfo; id_token_claims: those of them that the ID token holds too.
    bound: what its tokens are bound to, empty for nothing; as `identity.oidc.binding` writes it.
    """

    id: str
    client_id: str
    citizen: str
    subject: str
    session_id: str
    browser_id: str
    scopes: frozenset[str]
    claims: frozenset[str]
    id_token_claims: frozenset[str]
    level: int
    methods: frozenset[str]
    authenticated_at: datetime
    created_at: datetime
    expires_at: datetime
    relation_id: str = ""
    bound: str = ""
    ended_at: datetime | None = None

    @property
    def delegated(self) -> bool:
        return self.citizen != self.subject

    @property
    def offline(self) -> bool:
        return OFFLINE_ACCESS in self.scopes

    def live(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at


def acr_of(level: int) -> str:
    return f"{ACR_PREFIX}{level}"


def level_of(acr: str) -> int:
    """0 for a class that is not the city's."""
    head, found, tail = acr.partition(ACR_PREFIX)
    return int(tail) if found and not head and tail in {"1", "2", "3", "4", "5"} else 0
