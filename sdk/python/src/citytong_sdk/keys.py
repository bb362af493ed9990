"""Keys: those that a program proves itself and opens sealed phones with, and those that the city published.

A program has no secret that the city knows: the city holds public halves, named by their thumbprints (RFC 7638).
Files are PKCS#8 in PEM, with a passphrase or without; a key for signatures may stay in hardware (PKCS #11). No key
shows itself in a repr.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from . import hardware
from .bundles import jws
from .bundles.encoding import b64url, canonical, from_b64url
from .bundles.tlog import NoteKey
from .errors import KeyInvalid

Jwk: TypeAlias = Mapping[str, Any]
SigningKey: TypeAlias = Ed25519PrivateKey | EllipticCurvePrivateKey
OpeningKey: TypeAlias = X25519PrivateKey | EllipticCurvePrivateKey

LAUNCH: Final = "mini-launch"
WEBHOOK: Final = "mini-webhook"
OPEN: Final = "mini-open"
PLATFORM: Final = "mini-platform"
REVOCATIONS: Final = "mini-revocations"
LOG: Final = "mini-log"
DEVELOPER: Final = "mini-developer"
PROOF_TYPE: Final = "mini-key-proof+jwt"
_KEYS_MAX: Final = 5_000
_P256_BYTES: Final = 32
_FILE_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """What a program signs with, of Ed25519 or P-256."""

    private: SigningKey = field(repr=False)

    def __post_init__(self) -> None:
        if not _signs(self.private):
            raise KeyInvalid("The city takes keys for signatures of Ed25519 and P-256 alone.")

    @classmethod
    def generate(cls) -> Self:
        """A new one, of Ed25519."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_file(cls, path: str | Path, *, passphrase: str | None = None) -> Self:
        """Raises: KeyInvalid, OSError."""
        return cls.from_pem(_read(path), passphrase=passphrase)

    @classmethod
    def from_pem(cls, pem: bytes, *, passphrase: str | None = None) -> Self:
        """Raises: KeyInvalid."""
        return cls(_loaded(pem, passphrase))

    @classmethod
    def from_uri(cls, uri: str, *, pin: str | None = None) -> Self:
        """The key of a token, by its PKCS #11 URI (RFC 7512); it stays there. pin: else the address names a file of it.

        Needs `citytong-sdk[pkcs11]`. Raises: KeyInvalid.
        """
        return cls(hardware.opened(hardware.Pkcs11Uri.parse(uri), pin=pin))

    @property
    def kid(self) -> str:
        return thumbprint(self.jwk)

    @property
    def jwk(self) -> Jwk:
        """The public half, as it is registered."""
        members = public_jwk(self.private.public_key())
        algorithm = "EdDSA" if members["kty"] == "OKP" else "ES256"
        return {**members, "kid": thumbprint(members), "alg": algorithm, "use": "sig"}

    def pem(self, *, passphrase: str | None = None) -> bytes:
        """Raises: KeyInvalid for one that stays in hardware."""
        return _pem(self.private, passphrase)

    def to_file(self, path: str | Path, *, passphrase: str | None = None) -> None:
        """A new file that its owner alone may read. Raises: FileExistsError, OSError, KeyInvalid."""
        _write(path, self.pem(passphrase=passphrase))

    def proof(self, *, app_id: str | None = None, organisation: str | None = None, now: float | None = None) -> str:
        """Shows, when the key is registered, that you hold it: for one program, or for one organisation's packages.
        Good for five minutes. now: seconds of Unix time.
        """
        if (app_id is None) is (organisation is None):
            raise ValueError("a key is a program's or an organisation's")
        whom = {"app": app_id} if app_id is not None else {"organisation": organisation}
        return self.sign_jwt({**whom, "iat": int(time.time() if now is None else now)}, typ=PROOF_TYPE)

    def sign_jwt(self, claims: Mapping[str, object], *, typ: str = "JWT") -> str:
        """A compact JWS of `claims`, by this key's name."""
        return jws.sign(canonical(claims), self.private, typ=typ, kid=self.kid)


@dataclass(frozen=True, slots=True)
class DecryptionKey:
    """What a program opens sealed phones with, of P-256 or X25519. Not the key it signs with: one key, one use."""

    private: OpeningKey = field(repr=False)

    def __post_init__(self) -> None:
        if not _opens(self.private):
            raise KeyInvalid("The city seals to keys of P-256 and X25519 alone.")

    @classmethod
    def generate(cls) -> Self:
        """A new one, of P-256."""
        return cls(generate_private_key(SECP256R1()))

    @classmethod
    def from_file(cls, path: str | Path, *, passphrase: str | None = None) -> Self:
        """Raises: KeyInvalid, OSError."""
        return cls.from_pem(_read(path), passphrase=passphrase)

    @classmethod
    def from_pem(cls, pem: bytes, *, passphrase: str | None = None) -> Self:
        """Raises: KeyInvalid."""
        return cls(_loaded(pem, passphrase))

    @property
    def kid(self) -> str:
        return thumbprint(self.jwk)

    @property
    def jwk(self) -> Jwk:
        """The public half, as it is registered."""
        members = public_jwk(self.private.public_key())
        return {**members, "kid": thumbprint(members), "alg": "ECDH-ES+A256KW", "use": "enc"}

    def pem(self, *, passphrase: str | None = None) -> bytes:
        return _pem(self.private, passphrase)

    def to_file(self, path: str | Path, *, passphrase: str | None = None) -> None:
        """A new file that its owner alone may read. Raises: FileExistsError, OSError."""
        _write(path, self.pem(passphrase=passphrase))


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """What the city signs with, by what it is for and by name."""

    by_purpose: Mapping[str, jws.Keys]
    logs: tuple[NoteKey, ...] = ()

    def of(self, purpose: str) -> jws.Keys:
        return self.by_purpose.get(purpose, {})

    @property
    def webhooks(self) -> tuple[Ed25519PublicKey, ...]:
        return tuple(key for key in self.of(WEBHOOK).values() if isinstance(key, Ed25519PublicKey))


def published(jwks: object) -> PublishedKeys:
    """The keys of a JWK set of the city's; those of a kind or purpose that is not known here are passed over.

    Raises: ValueError unless it is a JWK set.
    """
    match jwks:
        case {"keys": list(listed)} if len(listed) <= _KEYS_MAX:
            pass
        case _:
            raise ValueError("not a JWK set")
    found: dict[str, dict[str, jws.PublicKey]] = {}
    logs = []
    for jwk in listed:
        match jwk:
            case {"kid": str(kid), "city_purpose": str(purpose), **rest}:
                key = verification_key(jwk)
            case _:
                continue
        if key is None:
            continue
        found.setdefault(purpose, {})[kid] = key
        if purpose == LOG and isinstance(key, Ed25519PublicKey) and isinstance(origin := rest.get("city_log"), str):
            logs.append(NoteKey(origin, key))
    return PublishedKeys(found, tuple(logs))


def verification_key(jwk: Jwk) -> jws.PublicKey | None:
    """The key of a public JWK, or None for one that signatures of the city's are not checked with."""
    try:
        match jwk:
            case {"kty": "OKP", "crv": "Ed25519", "x": str(x)}:
                return Ed25519PublicKey.from_public_bytes(from_b64url(x))
            case {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y)}:
                return _point(x, y)
    except ValueError:
        pass
    return None


def encryption_key(jwk: Jwk) -> X25519PublicKey | EllipticCurvePublicKey:
    """The key of a public JWK to seal to. Raises: ValueError."""
    match jwk:
        case {"kty": "OKP", "crv": "X25519", "x": str(x)}:
            return X25519PublicKey.from_public_bytes(from_b64url(x))
        case {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y)}:
            return _point(x, y)
    raise ValueError("not a key of P-256 or X25519")


def public_jwk(key: Ed25519PublicKey | X25519PublicKey | EllipticCurvePublicKey) -> dict[str, str]:
    """The members that make the key what it is."""
    if isinstance(key, EllipticCurvePublicKey):
        point = key.public_numbers()
        x, y = (b64url(number.to_bytes(_P256_BYTES)) for number in (point.x, point.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    curve = "Ed25519" if isinstance(key, Ed25519PublicKey) else "X25519"
    return {"kty": "OKP", "crv": curve, "x": b64url(key.public_bytes_raw())}


def thumbprint(jwk: Jwk) -> str:
    """The key's name. Source: RFC 7638 with SHA-256; RFC 8037 §2."""
    members = ("crv", "kty", "x", "y") if jwk["kty"] == "EC" else ("crv", "kty", "x")
    return b64url(hashlib.sha256(canonical({name: jwk[name] for name in members})).digest())


def _point(x: str, y: str) -> EllipticCurvePublicKey:
    """Raises: ValueError, also for a point that is not on the curve."""
    across, up = (int.from_bytes(from_b64url(half)) for half in (x, y))
    return EllipticCurvePublicNumbers(across, up, SECP256R1()).public_key()


def _read(path: str | Path) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(_FILE_BYTES_MAX)


def _write(path: str | Path, pem: bytes) -> None:
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(pem)


def _loaded(pem: bytes, passphrase: str | None) -> Any:
    try:
        return load_pem_private_key(pem, passphrase.encode() if passphrase is not None else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without the cause, whose sentence might quote the file.
        raise KeyInvalid("This is not a private key in PEM, or its passphrase is another.") from None


def _pem(key: SigningKey | OpeningKey, passphrase: str | None) -> bytes:
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase is not None else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def _signs(key: object) -> bool:
    return isinstance(key, Ed25519PrivateKey) or _p256(key)


def _opens(key: object) -> bool:
    return isinstance(key, X25519PrivateKey) or _p256(key)


def _p256(key: object) -> bool:
    return isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)
