"""How a program knows a citizen, and what its backend is handed for that.

- An openid is one citizen's in one program, a unionid one citizen's with one organisation. Both are random and kept:
  nobody can compute them, and they go when their person does. Source: OpenID Connect Core 1.0 §8.1.
- A login code and a phone code are 128 random bits, good once, for five minutes, for the program and the session that
  they were made in. What is kept of them is a hash.
- A launch token is a JWS of five minutes that the program's backend checks offline; its audience is the program.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from core.clock import epoch_s
from core.jose import b64
from miniapps.sessions.model import Session

OPENID_PREFIX: Final = "o"
UNIONID_PREFIX: Final = "u"
CODE_LIFE: Final = timedelta(minutes=5)
TOKEN_LIFE: Final = timedelta(minutes=5)
TOKEN_TYPE: Final = "mp-launch+jwt"
# The name of EdDSA that backends' libraries know (RFC 8037); the newer one is Ed25519 (RFC 9864).
ALGORITHM: Final = "EdDSA"
_RANDOM_BYTES: Final = 16

RandomBytes = Callable[[int], bytes]


class CodeKind(StrEnum):
    """Each by what its codes begin with."""

    LOGIN = "lc"
    PHONE = "pc"


@dataclass(frozen=True, slots=True)
class Subject:
    """How a program knows a citizen. union: how all programs of its organisation do."""

    openid: str
    unionid: str


@dataclass(frozen=True, slots=True)
class Code:
    """What a citizen's host is handed for the program. text: shown once."""

    text: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True)
class Issued:
    """What is remembered of a code. version_code: of the release that asked."""

    kind: CodeKind
    app_id: str
    session_id: str
    version_code: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """What a program's backend learns for a login code. scopes: what the program may do now."""

    openid: str
    unionid: str
    session_id: str
    scopes: tuple[str, ...]
    version_name: str
    version_code: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LaunchToken:
    text: str = field(repr=False)
    expires_at: datetime


def new_subject(prefix: str, random: RandomBytes) -> str:
    """`o_` or `u_` and 128 random bits in base32."""
    return f"{prefix}_{base64.b32encode(random(_RANDOM_BYTES)).decode().rstrip('=').lower()}"


def new_code(kind: CodeKind, random: RandomBytes) -> str:
    return f"{kind.value}_{b64(random(_RANDOM_BYTES))}"


def launch_claims(session: Session, *, openid: str, issuer: str, id: str, now: datetime) -> dict[str, Any]:
    """`ref` is there where another program led here; by the city's word (T20)."""
    claims = {
        "iss": issuer,
        "aud": session.app_id,
        "sub": openid,
        "sid": session.id,
        "ver": session.version_code,
        "scn": session.way.scene,
        "jti": id,
        "iat": epoch_s(now),
        "exp": epoch_s(now + TOKEN_LIFE),
    }
    return claims | ({"ref": session.way.referrer} if session.way.referrer else {})
