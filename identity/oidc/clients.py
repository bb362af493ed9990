"""How a client proves which one it is, at every endpoint that only a client calls.

Rules
- It proves itself in one way, and in the one that it is registered for: no falling back to a weaker one.
- An unknown client, a wrong secret and a wrong key get the same answer, after the same work.
- A secret that was renewed may be good beside the new one for a while, so that its client can change over.
- An assertion (RFC 7523) is for us alone (`aud` is the issuer, one string: FAPI 2.0 §5.3.3.1), lives minutes, and is
  good once.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import unquote_plus

from core import jose
from core.crypto import digest, same
from core.oauth import ASSERTION_TYPE, Assertion, AssertionFault, OAuthError, check_assertion
from identity.oidc.certificates import Certificates
from identity.oidc.model import TLS_METHODS, AuthMethod, Client, ClientState, Profile

_ID_LENGTH_MAX: Final = 128
_DECOY_DIGEST: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request says of its client. assertion: taken apart, not checked. certificate: of its connection (DER).

    method: NONE also for a client that its certificate alone proves: it says no more than its id.
    """

    client_id: str
    method: AuthMethod
    secret: str = field(default="", repr=False)
    assertion: jose.Unverified | None = field(default=None, repr=False)
    certificate: bytes = field(default=b"", repr=False)


def presented(form: Mapping[str, str], authorization: str) -> Presented:
    """Raises: OAuthError (invalid_client, invalid_request)."""
    scheme, _, rest = authorization.partition(" ")
    ways = [scheme.lower() == "basic", "client_secret" in form, "client_assertion" in form]
    if sum(ways) > 1:
        raise OAuthError("invalid_request", "a client proves itself in one way (RFC 6749 §2.3)")
    if ways[0]:
        return _basic(rest, form)
    if ways[2]:
        return _assertion(form)
    client_id = form.get("client_id", "")
    if not client_id or len(client_id) > _ID_LENGTH_MAX:
        raise not_proven()
    if ways[1]:
        return Presented(client_id, AuthMethod.SECRET_POST, secret=form["client_secret"])
    return Presented(client_id, AuthMethod.NONE)


def prove(
    shown: Presented,
    client: Client | None,
    *,
    keys: Sequence[jose.Jwk],
    certificates: Certificates,
    issuer: str,
    now: datetime,
) -> Assertion | None:
    """Returns the assertion whose `jti` is still to be looked at, if there is one. Raises: OAuthError.

    keys: the client's. certificates: what is known of them here.
    """
    method = shown.method
    if shown.method in (AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST):
        right = _secret_fits(shown.secret, client, now)
    elif client is not None and shown.method is AuthMethod.NONE and client.auth_method in TLS_METHODS:
        method, right = client.auth_method, certificates.prove(shown.certificate, client, keys, now=now)
    else:
        right = True
    if client is None or client.auth_method is not method or not right:
        raise not_proven(suspicious=client is not None)
    found = None
    if shown.assertion is not None:
        found = _check_assertion(shown.assertion, client, keys, issuer=issuer, now=now)
    if client.state is not ClientState.APPROVED:
        raise OAuthError("unauthorized_client", "this client is not approved")
    return found


def _secret_fits(secret: str, client: Client | None, now: datetime) -> bool:
    """Both digests are always compared."""
    shown = digest(secret)
    right = same(shown, (client.secret_digest if client else b"") or _DECOY_DIGEST)
    until = client.old_secret_until if client else None
    before = same(shown, (client.old_secret_digest if client else b"") or _DECOY_DIGEST)
    return right or (before and until is not None and now < until)


def not_proven(*, suspicious: bool = False) -> OAuthError:
    headers = {"WWW-Authenticate": 'Basic realm="CityTong", charset="UTF-8"'}
    return OAuthError("invalid_client", "the client did not prove itself", headers=headers, suspicious=suspicious)


def _basic(credentials: str, form: Mapping[str, str]) -> Presented:
    """RFC 6749 §2.3.1: both halves are form-encoded before they are joined."""
    try:
        client_id, found, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as fault:
        raise not_proven() from fault
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if not found or len(client_id) > _ID_LENGTH_MAX:
        raise not_proven()
    if form.get("client_id", client_id) != client_id:
        raise OAuthError("invalid_request", "client_id differs from the Authorization header")
    return Presented(client_id, AuthMethod.SECRET_BASIC, secret=secret)


def _assertion(form: Mapping[str, str]) -> Presented:
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise OAuthError("invalid_request", "client_assertion_type is not supported")
    try:
        token = jose.take_apart(form["client_assertion"])
    except jose.TokenFault as fault:
        raise not_proven() from fault
    client_id = token.claims.get("sub")
    if not isinstance(client_id, str) or len(client_id) > _ID_LENGTH_MAX or token.claims.get("iss") != client_id:
        raise not_proven()
    if form.get("client_id", client_id) != client_id:
        raise OAuthError("invalid_request", "client_id differs from the assertion")
    return Presented(client_id, AuthMethod.PRIVATE_KEY_JWT, assertion=token)


def _check_assertion(
    token: jose.Unverified, client: Client, keys: Sequence[jose.Jwk], *, issuer: str, now: datetime
) -> Assertion:
    allowed = jose.ANY_ALGORITHM if client.profile is Profile.BASIC else jose.STRONG_ALGORITHMS
    try:
        return check_assertion(token, keys, allowed=allowed, audience=issuer, now=now)
    except AssertionFault as fault:
        raise not_proven(suspicious=True) from fault
