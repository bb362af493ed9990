"""What both middlewares do alike: read the token, remember whose request this is, and answer browsers of other
origins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from citytong_sdk.auth import TOKEN_LENGTH_MAX, Claims
from citytong_sdk.errors import CityTongError, Reason, TokenInvalid

SCHEME: Final = "mp"
SESSION: Final[ContextVar[Claims | None]] = ContextVar("citytong_session", default=None)
_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
_KEPT_S: Final = 600


def current_session() -> Claims:
    """Whose request this is. Raises: LookupError outside of a request that showed a good token."""
    found = SESSION.get()
    if found is None:
        raise LookupError("no launch token came with this request: is the path optional, or the middleware missing?")
    return found


def session_or_none() -> Claims | None:
    """The same, for optional paths."""
    return SESSION.get()


@dataclass(frozen=True, slots=True)
class Rules:
    """public: paths that need no token, with `*` for any text; a token that comes there is still checked. headers:
    names of request headers that a front end may send beside `Authorization` and `Content-Type`. expose: of answers'
    that it may read.
    """

    public: Sequence[str] = ()
    headers: Sequence[str] = ()
    expose: Sequence[str] = ()

    def is_public(self, path: str) -> bool:
        return ".." not in path.split("/") and any(fnmatchcase(path, pattern) for pattern in self.public)

    def preflight(self) -> dict[str, str]:
        """The headers that answer a browser that asks whether it may (204)."""
        return {
            "access-control-allow-origin": "*",
            "access-control-allow-methods": _METHODS,
            "access-control-allow-headers": ", ".join(("authorization", "content-type", *self.headers)),
            "access-control-max-age": str(_KEPT_S),
        }

    def shared(self) -> dict[str, str]:
        """The headers that let a page of another origin read an answer."""
        exposed = {"access-control-expose-headers": ", ".join(self.expose)} if self.expose else {}
        return {"access-control-allow-origin": "*", **exposed}


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """headers: names in lower case."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def token_of(authorization: str | None) -> str | None:
    """The launch token in the header, or None where there is none. Raises: TokenInvalid for what cannot be one."""
    kind, _, token = (authorization or "").partition(" ")
    if kind.lower() != SCHEME:
        return None
    if not token.isascii() or not 0 < len(token) <= TOKEN_LENGTH_MAX:
        raise TokenInvalid(Reason.MALFORMED)
    return token


@dataclass(frozen=True, slots=True)
class Refused:
    """What is answered instead of asking the app."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def refused(error: CityTongError | None) -> Refused:
    """error: None when no token came. 503 when it is not the token's fault."""
    unavailable = error is not None and not isinstance(error, TokenInvalid)
    code = "SDK_TOKEN_MISSING" if error is None else error.code
    message = "The city cannot be asked for its keys." if unavailable else "Send `Authorization: MP <launch token>`."
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    headers = {"content-type": "application/json", "cache-control": "no-store", "content-length": str(len(body))}
    if unavailable:
        return Refused(503, {**headers, "retry-after": "5"}, body)
    return Refused(401, {**headers, "www-authenticate": 'MP realm="citytong"'}, body)
