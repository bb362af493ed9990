"""Signatures as compact JWS, in the two forms that packages use, by Ed25519 or P-256.

A header has exactly the members that its form has and nothing else, so there is nothing in it to be understood in
another way. Detached signatures are over the payload's own bytes (RFC 7797, `b64: false`). A further algorithm, as SM2,
is a branch of `_algorithm`, `_check` and `_signature`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from .encoding import b64url, canonical, from_b64url, json_object
from .errors import JWS, KEY_UNKNOWN, SIGNATURE, BundleError

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey
Keys = Mapping[str, PublicKey]

_SIGNATURE_BYTES: Final = 64
_P256_BYTES: Final = 32


def sign(payload: bytes, key: PrivateKey, *, typ: str, kid: str) -> str:
    """The compact JWS that holds `payload`."""
    signed = f"{_header(key, typ=typ, kid=kid)}.{b64url(payload)}"
    return f"{signed}.{b64url(_signature(signed.encode(), key))}"


def sign_detached(payload: bytes, key: PrivateKey, *, typ: str, kid: str) -> str:
    """The JWS of `payload`, which goes beside it (RFC 7797)."""
    header = _header(key, typ=typ, kid=kid, b64=False, crit=["b64"])
    return f"{header}..{b64url(_signature(header.encode() + b'.' + payload, key))}"


def verify(jws: str, keys: Keys, *, typ: str) -> bytes:
    """The payload of `jws`, signed by one of `keys` (by `kid`).

    Raises: BundleError JWS, KEY_UNKNOWN, SIGNATURE.
    """
    header, payload, signature = _parts(jws)
    _check(f"{header}.{payload}".encode(), signature, keys, _read(header, {"alg", "kid", "typ"}, typ))
    try:
        return from_b64url(payload)
    except ValueError:
        raise BundleError(JWS, detail="payload") from None


def verify_detached(jws: str, payload: bytes, keys: Keys, *, typ: str) -> None:
    """Raises: BundleError JWS, KEY_UNKNOWN, SIGNATURE unless one of `keys` signed `payload`."""
    header, nothing, signature = _parts(jws)
    read = _read(header, {"alg", "b64", "crit", "kid", "typ"}, typ)
    if nothing or read["b64"] is not False or read["crit"] != ["b64"]:
        raise BundleError(JWS, detail="not detached")
    _check(header.encode() + b"." + payload, signature, keys, read)


def _header(key: PrivateKey, **members: object) -> str:
    return b64url(canonical({"alg": _algorithm(key), **members}))


def _algorithm(key: PrivateKey | PublicKey) -> str:
    if isinstance(key, Ed25519PrivateKey | Ed25519PublicKey):
        return "EdDSA"
    if not isinstance(key.curve, SECP256R1):
        raise ValueError("the city takes keys on Ed25519 and P-256")
    return "ES256"


def _parts(jws: str) -> tuple[str, str, bytes]:
    parts = jws.split(".")
    try:
        header, payload, signature = parts
        return header, payload, from_b64url(signature)
    except ValueError:
        raise BundleError(JWS, detail="not a compact JWS") from None


def _read(header: str, members: set[str], typ: str) -> dict[str, object]:
    try:
        read = json_object(from_b64url(header))
    except ValueError:
        raise BundleError(JWS, detail="header") from None
    if set(read) != members or read["typ"] != typ:
        raise BundleError(JWS, detail="header")
    return read


def _check(signed: bytes, signature: bytes, keys: Keys, header: dict[str, object]) -> None:
    key = keys.get(header["kid"]) if isinstance(header["kid"], str) else None
    if key is None:
        raise BundleError(KEY_UNKNOWN)
    if header["alg"] != _algorithm(key):
        raise BundleError(JWS, detail="alg")
    if len(signature) != _SIGNATURE_BYTES:
        raise BundleError(SIGNATURE)
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            r, s = (int.from_bytes(half) for half in (signature[:_P256_BYTES], signature[_P256_BYTES:]))
            key.verify(encode_dss_signature(r, s), signed, ECDSA(SHA256()))
    except InvalidSignature:
        raise BundleError(SIGNATURE) from None


def _signature(signed: bytes, key: PrivateKey) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(signed)
    r, s = decode_dss_signature(key.sign(signed, ECDSA(SHA256())))
    return r.to_bytes(_P256_BYTES) + s.to_bytes(_P256_BYTES)
