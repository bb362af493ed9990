"""A client's request as an object that it signed (RFC 9101; FAPI 2.0 Message Signing §5.3).

Rules
- What the object says is the whole request: what stands beside it counts for nothing, but that `client_id` is the same.
- It is signed by a key that the client registered, is for us, and says from when and until when, an hour at most.
- It is no other token of the client's: its type says so where it has one, and it has no `sub` as an assertion has.
- It holds no further request, by value or by reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from core import jose
from core.clock import epoch_s
from core.oauth import OAuthError
from identity.oidc.model import Client, Profile

OBJECT_TYPE: Final = "oauth-authz-req+jwt"
LIFE_MAX_S: Final = 3600
_LEEWAY_S: Final = 10
_OF_THE_TOKEN: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})


def read_request_object(
    text: str, client: Client, *, keys: Sequence[jose.Jwk], issuer: str, now: datetime
) -> dict[str, str]:
    """The parameters of the request. keys: the client's. Raises: OAuthError (invalid_request_object)."""
    allowed = jose.ANY_ALGORITHM if client.profile is Profile.BASIC else jose.STRONG_ALGORITHMS
    try:
        token = jose.take_apart(text)
        if token.header.get("typ", OBJECT_TYPE) not in (OBJECT_TYPE, "JWT"):
            raise jose.TokenFault("it is of another type")
        jose.check_with_one_of(token, keys, allowed=allowed)
    except jose.TokenFault as fault:
        raise _bad(str(fault), suspicious=True) from fault
    _check(token.claims, client, issuer=issuer, at=epoch_s(now))
    params = {name: _text(value) for name, value in token.claims.items() if name not in _OF_THE_TOKEN}
    if not {"request", "request_uri", "sub"}.isdisjoint(params):
        raise _bad("it holds what a request object must not hold")
    return params


def kid_of(text: str) -> object:
    """Which key it says it is signed with; None where it does not say, or is no token."""
    try:
        return jose.take_apart(text).header.get("kid")
    except jose.TokenFault:
        return None


def _check(claims: Mapping[str, Any], client: Client, *, issuer: str, at: int) -> None:
    if claims.get("iss") != client.id or claims.get("client_id") != client.id:
        raise _bad("iss and client_id must be the client's", suspicious=True)
    audience = claims.get("aud")
    if issuer not in (audience if isinstance(audience, list) else [audience]):
        raise _bad("aud must be the issuer")
    times = (claims.get("nbf"), claims.get("exp"), claims.get("iat", at))
    if not all(type(time) is int for time in times):
        raise _bad("nbf and exp must be there, in seconds")
    begins, ends, issued = (int(str(time)) for time in times)
    if begins > at + _LEEWAY_S or issued > at + _LEEWAY_S or at - begins > LIFE_MAX_S:
        raise _bad("nbf is in the future, or more than an hour ago")
    if ends <= at - _LEEWAY_S or ends - begins > LIFE_MAX_S:
        raise _bad("it has expired, or lives for more than an hour")


def _text(value: object) -> str:
    """As the parameter would be written: numbers and objects (`max_age`, `claims`) have no quotes around them."""
    if isinstance(value, str):
        return value
    if type(value) is int or isinstance(value, dict):
        return orjson.dumps(value).decode()
    raise _bad("a parameter is neither text, a whole number nor an object")


def _bad(description: str, *, suspicious: bool = False) -> OAuthError:
    return OAuthError("invalid_request_object", f"the request object is not good: {description}", suspicious=suspicious)
