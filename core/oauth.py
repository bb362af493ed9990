"""What OAuth's endpoints share, whichever room they are of: errors, forms, device codes, assertions.

An `OAuthError` is an answer, not a fault: its code and sentence go to the client as RFC 6749 §5.2 writes them. The
sentence says what was wrong with the request and never what the city knows about a person or another client.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from core import jose
from core.clock import epoch_s

FORM_BYTES_MAX: Final = 32 * 1024
PARAMETERS_MAX: Final = 64
_FORM: Final = "application/x-www-form-urlencoded"
# Those that are not 400 (RFC 6749 §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2).
_STATUS: Final = {
    "invalid_client": 401,
    "invalid_token": 401,
    "insufficient_scope": 403,
    "temporarily_unavailable": 503,
    "server_error": 500,
}


@dataclass(eq=False)
class OAuthError(Exception):
    """code: from the OAuth registry. suspicious: an attack looks like this, so it goes into the audit.

    status: of the answer, where the code does not decide it. headers: of the answer.
    """

    code: str
    description: str
    status: int = 0
    suspicious: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.code)
        self.status = self.status or _STATUS.get(self.code, 400)

    @property
    def body(self) -> dict[str, str]:
        return {"error": self.code, "error_description": self.description}


# --- forms


async def read_form(request: web.Request) -> dict[str, str]:
    """Raises: OAuthError: another type, too large, or a parameter given twice (RFC 6749 §3.2)."""
    if request.content_type != _FORM:
        if not request.can_read_body:
            return {}
        raise OAuthError("invalid_request", f"the body must be {_FORM}")
    return once_each((await read_body(request)).decode("utf-8", errors="replace"))


async def read_body(request: web.Request) -> bytes:
    """Raises: OAuthError: it is too large."""
    found = bytearray()
    async for chunk in request.content.iter_chunked(8192):
        found += chunk
        if len(found) > FORM_BYTES_MAX:
            raise OAuthError("invalid_request", "the body is too large", status=413)
    return bytes(found)


def once_each(query: str) -> dict[str, str]:
    """Raises: OAuthError."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
    except ValueError as fault:
        raise OAuthError("invalid_request", "there are too many parameters") from fault
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OAuthError("invalid_request", "a parameter is given twice")
    return {name: value for name, value in found.items() if value != ""}


# --- codes that people copy from one screen to another (RFC 8628)

# No vowels and nothing that looks like something else: no words, no doubts (RFC 8628 §6.1). 20^8 codes.
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE_LENGTH: Final = 8


def new_user_code() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(USER_CODE_LENGTH))


def shown_user_code(code: str) -> str:
    """As a device shows it."""
    return f"{code[:4]}-{code[4:]}"


def typed_user_code(text: str) -> str:
    """As people type it: in any case, with or without the hyphen."""
    return text.upper().replace("-", "").replace(" ", "")[:32]


# --- clients that sign for themselves (RFC 7523)

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE_MAX_S: Final = 300
ASSERTION_LEEWAY_S: Final = 10
_JTI_LENGTH_MAX: Final = 128


class AssertionFault(Exception):
    """An assertion that proves nothing. The message is for a log and holds no token."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """One that holds, but for whether it was shown before. expires_at: seconds since 1970."""

    jti: str
    expires_at: int


def check_assertion(
    token: jose.Unverified, keys: Sequence[jose.Jwk], *, allowed: Sequence[str], audience: str, now: datetime
) -> Assertion:
    """allowed: algorithms. audience: whom it must be for, and nobody else (one string: FAPI 2.0 §5.3.3.1).

    Raises: AssertionFault.
    """
    try:
        jose.check_with_one_of(token, keys, allowed=allowed)
    except jose.TokenFault as fault:
        raise AssertionFault("it is not signed by the client") from fault
    claims, at = token.claims, epoch_s(now)
    expires, jti = claims.get("exp"), claims.get("jti")
    if not (isinstance(jti, str) and 0 < len(jti) <= _JTI_LENGTH_MAX and type(expires) is int):
        raise AssertionFault("it has no jti or no exp")
    if claims.get("aud") != audience or not _timely(claims, expires, at):
        raise AssertionFault("it is for somebody else, or for another time")
    return Assertion(jti, expires)


def _timely(claims: Mapping[str, object], expires: int, at: int) -> bool:
    begun = [claims.get(name, at) for name in ("iat", "nbf")]
    return at - ASSERTION_LEEWAY_S < expires <= at + ASSERTION_LIFE_MAX_S + ASSERTION_LEEWAY_S and all(
        type(time) is int and time <= at + ASSERTION_LEEWAY_S for time in begun
    )
