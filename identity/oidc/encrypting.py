"""Signed tokens that only their client can read (JWE in compact form, RFC 7516), around a JWS of ours.

Rules
- The content is always signed first: who encrypts for a client is anybody who knows its public key.
- One key of the client's is taken: `use` must say `enc`, and its kind must fit the way of wrapping. Such a key checks
  no signature anywhere (`core.jose.fits`), and a key for signatures is never encrypted for.
- The content is always under A256GCM.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from core.jose import PRIVATE_MEMBERS, RSA_BITS_MIN, Jwk, unb64
from core.oauth import OAuthError
from identity.oidc.model import KeyWrap

CONTENT: Final = "A256GCM"
_KIND: Final = {KeyWrap.ECDH: "EC", KeyWrap.ECDH_WRAPPED: "EC", KeyWrap.RSA: "RSA"}


def encrypted(signed: str, *, keys: Sequence[Jwk], wrap: KeyWrap) -> str:
    """keys: the client's. Raises: OAuthError when none of them is for this."""
    key = next((one for one in keys if fits(one, wrap)), None)
    if key is None:
        raise OAuthError("invalid_request", "the client has no key that its answer could be encrypted for")
    header = {"alg": wrap.value, "enc": CONTENT, "cty": "JWT"}
    if isinstance(key.get("kid"), str):
        header["kid"] = key["kid"]
    return jwe.encrypt_compact(header, signed, _imported(key), algorithms=[wrap.value, CONTENT])


def fits(key: Jwk, wrap: KeyWrap) -> bool:
    return (
        key.get("use") == "enc"
        and key.get("kty") == _KIND[wrap]
        and key.get("alg", wrap.value) == wrap.value
        and encryption_key_fault(key) is None
    )


def encryption_key_fault(key: Jwk) -> str | None:
    """What is wrong with a key for encryption that a client registers, or None."""
    if PRIVATE_MEMBERS & key.keys():
        return "a key has private members; register its public half"
    if key.get("alg", KeyWrap.ECDH.value) not in list(KeyWrap):
        return "a key for encryption is for none of the ways of wrapping"
    try:
        _imported(key)
        short = key["kty"] == "RSA" and len(unb64(str(key["n"]))) * 8 < RSA_BITS_MIN
    except (JoseError, ValueError, TypeError, KeyError):
        return "a key is malformed, or neither P-256 nor RSA"
    return f"an RSA key must have {RSA_BITS_MIN} bits" if short else None


def _imported(key: Jwk) -> ECKey | RSAKey:
    """Only the members of its kind: what else stands in it is not this library's to judge."""
    kty: Any = key.get("kty")
    if kty == "EC" and key.get("crv") == "P-256":
        return ECKey.import_key({name: str(key[name]) for name in ("kty", "crv", "x", "y")})
    if kty == "RSA":
        return RSAKey.import_key({name: str(key[name]) for name in ("kty", "n", "e")})
    raise ValueError("kty")
