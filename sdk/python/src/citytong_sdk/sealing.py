"""Claims sealed to one key: a compact JWE, ECDH-ES+A256KW with A256GCM, on P-256 or X25519.

One form, so that there is nothing to choose and nothing to confuse: the header has exactly the members below. What is
inside is a JWS, for anybody can encrypt to a public key.
Sources: RFC 7516; RFC 7518 §4.6, §5.3; RFC 8037 §3.2; RFC 3394; NIST SP 800-56A (Concat KDF).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from .bundles.encoding import b64url, canonical, from_b64url, json_object
from .errors import Reason, SealInvalid
from .keys import DecryptionKey, Jwk, OpeningKey, encryption_key, public_jwk

LENGTH_MAX: Final = 8192
_ALG: Final = "ECDH-ES+A256KW"
_ENC: Final = "A256GCM"
_MEMBERS: Final = frozenset({"alg", "enc", "cty", "kid", "epk"})
_KEY_BYTES: Final = 32
_IV_BYTES: Final = 12
_TAG_BYTES: Final = 16


def seal(text: str, *, to: Jwk, random: Callable[[int], bytes], ephemeral: OpeningKey | None = None) -> str:
    """`text`, a JWS, for the holder of the key `to` (with its `kid`). ephemeral: of the same curve; a new one if none
    is given, as none but test vectors should.
    """
    recipient = encryption_key(to)
    own = ephemeral or _like(recipient)
    header = {"alg": _ALG, "enc": _ENC, "cty": "JWT", "kid": to["kid"], "epk": public_jwk(own.public_key())}
    protected = b64url(canonical(header))
    key, iv = random(_KEY_BYTES), random(_IV_BYTES)
    wrapped = aes_key_wrap(_agreed(own, recipient), key)
    sealed = AESGCM(key).encrypt(iv, text.encode(), protected.encode())
    parts = (wrapped, iv, sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:])
    return ".".join((protected, *map(b64url, parts)))


def unseal(jwe: str, keys: Mapping[str, DecryptionKey]) -> str:
    """The text that was sealed to one of `keys` (by `kid`). Raises: SealInvalid."""
    if len(jwe) > LENGTH_MAX:
        raise SealInvalid(Reason.MALFORMED)
    try:
        protected, *rest = jwe.split(".")
        wrapped, iv, ciphertext, tag = map(from_b64url, rest)
        header = json_object(from_b64url(protected))
    except ValueError:
        raise SealInvalid(Reason.MALFORMED) from None
    if len(iv) != _IV_BYTES or len(tag) != _TAG_BYTES:
        raise SealInvalid(Reason.MALFORMED)
    own, sender = _parties(header, keys)
    try:
        key = aes_key_unwrap(_agreed(own, sender), wrapped)
        return AESGCM(key).decrypt(iv, ciphertext + tag, protected.encode()).decode()
    except (InvalidUnwrap, InvalidTag, ValueError):
        # One reason for all, so that nobody learns how far a forgery came.
        raise SealInvalid(Reason.SIGNATURE) from None


def _parties(
    header: Mapping[str, Any], keys: Mapping[str, DecryptionKey]
) -> tuple[OpeningKey, X25519PublicKey | EllipticCurvePublicKey]:
    if header.keys() != _MEMBERS or (header["alg"], header["enc"], header["cty"]) != (_ALG, _ENC, "JWT"):
        raise SealInvalid(Reason.MALFORMED)
    own = keys.get(header["kid"]) if isinstance(header["kid"], str) else None
    if own is None:
        raise SealInvalid(Reason.KEY_UNKNOWN)
    try:
        sender = encryption_key(header["epk"])
    except ValueError:
        raise SealInvalid(Reason.MALFORMED) from None
    if isinstance(own.private, X25519PrivateKey) is not isinstance(sender, X25519PublicKey):
        raise SealInvalid(Reason.MALFORMED)
    return own.private, sender


def _agreed(own: OpeningKey, other: X25519PublicKey | EllipticCurvePublicKey) -> bytes:
    """The key that wraps the key. Raises: ValueError for a point of small order, or two curves."""
    if isinstance(own, X25519PrivateKey) and isinstance(other, X25519PublicKey):
        shared = own.exchange(other)
    elif isinstance(own, EllipticCurvePrivateKey) and isinstance(other, EllipticCurvePublicKey):
        shared = own.exchange(ECDH(), other)
    else:
        raise ValueError("keys of two curves")
    return ConcatKDFHash(algorithm=SHA256(), length=_KEY_BYTES, otherinfo=_OTHER_INFO).derive(shared)


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


# AlgorithmID, PartyUInfo, PartyVInfo, SuppPubInfo (RFC 7518 §4.6.2).
_OTHER_INFO: Final = _sized(_ALG.encode()) + _sized(b"") + _sized(b"") + (_KEY_BYTES * 8).to_bytes(4)


def _like(recipient: X25519PublicKey | EllipticCurvePublicKey) -> OpeningKey:
    return X25519PrivateKey.generate() if isinstance(recipient, X25519PublicKey) else generate_private_key(SECP256R1())
