"""Signing keys: made here, kept sealed, published by `kid`, rotated with overlap.

A key ring holds the keys of one purpose (access tokens, city codes). Its life is: *next* (published, so that
verifiers learn it before it signs), *active* (signs), *retired* (verifies until the last thing it signed has
expired), gone. Every process loads the same ring from MongoDB and looks again when it meets a `kid` it does not know.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from nacl.signing import SigningKey as Ed25519Key
from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from core.clock import Clock
from core.crypto import FieldCipher
from core.errors import DomainError, Kind
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.resealing import SealedField

PrivateKey: TypeAlias = EllipticCurvePrivateKey | Ed25519Key | RSAPrivateKey

_COLLECTION = "signing_keys"
_PURPOSE: Final = "signing_key"
SEALED: Final = SealedField(_COLLECTION, "private", _PURPOSE, lambda row, _: str(row["kid"]), needs=("kid",))
# An unknown `kid` may be a new key of another process, or an attacker's: look at most this often.
_RELOAD_INTERVAL = timedelta(seconds=2)
_RSA_BITS: Final = 2048
_RSA_EXPONENT: Final = 65537


# Key sets may be cached for five minutes; a verifier then still has to ask.
PUBLISHED_FOR: Final = timedelta(minutes=10)


class NextKeyTooYoung(DomainError):
    code = "KEYS_NEXT_TOO_YOUNG"
    kind = Kind.CONFLICT
    template = "The next key is not known everywhere yet. Rotate after {ready_at}."
    template_zh = "下一把密钥尚未在各处生效，请在 {ready_at} 之后再轮换。"

    ready_at: datetime


class Algorithm(StrEnum):
    """JOSE names (RFC 7518 §3.1, RFC 9864). RS256: for clients that check nothing else (OpenID Connect Core §15.1)."""

    ES256 = "ES256"
    ED25519 = "Ed25519"
    RS256 = "RS256"


class KeyState(StrEnum):
    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class RingKey:
    """One key. `kid` is four characters, short enough to stand in a QR code."""

    kid: str
    algorithm: Algorithm
    state: KeyState
    private: PrivateKey = field(repr=False)
    verifies_until: datetime | None = None

    @property
    def ed25519(self) -> Ed25519Key:
        """The private key, of a ring whose algorithm is Ed25519."""
        assert isinstance(self.private, Ed25519Key)
        return self.private

    def jwk(self) -> dict[str, str]:
        """The public key (RFC 7517, RFC 8037)."""
        return {"kid": self.kid, "use": "sig", "alg": self.algorithm.value, **_public_members(self.private)}


class KeyRing:
    """The keys of one purpose, in memory, with MongoDB behind them."""

    def __init__(
        self,
        *,
        purpose: str,
        algorithm: Algorithm,
        mongo: Mongo,
        cipher: FieldCipher,
        clock: Clock,
        overlap: timedelta,
    ) -> None:
        """overlap: how long a retired key still verifies; at least the life of what it signs."""
        self.purpose = purpose
        self.algorithm = algorithm
        self._mongo = mongo
        self._cipher = cipher
        self._clock = clock
        self._overlap = overlap
        self._keys: Mapping[str, RingKey] = {}
        self._active: RingKey | None = None
        self._loaded_at: datetime | None = None

    async def open(self) -> None:
        """Load the ring; make its first two keys (active and next) when it is new."""
        await ensure_indexes(
            self._mongo,
            {
                _COLLECTION: [
                    IndexModel(
                        [("purpose", 1), ("state", 1)],
                        name="one_per_state",
                        unique=True,
                        partialFilterExpression={"state": {"$in": [KeyState.NEXT.value, KeyState.ACTIVE.value]}},
                    ),
                    IndexModel([("verifies_until", 1)], name="leaves", expireAfterSeconds=0),
                ]
            },
        )
        await self.reload()
        # Looked first: making an RSA key takes longer than all else that a process does to open.
        there = {key.state for key in self._keys.values()}
        if missing := [state for state in (KeyState.ACTIVE, KeyState.NEXT) if state not in there]:
            for state in missing:
                try:
                    await self._make(state)
                except DuplicateKeyError:
                    continue
            await self.reload()

    @property
    def active(self) -> RingKey:
        """The key that signs."""
        if self._active is None:
            raise RuntimeError(f"the key ring {self.purpose} is not open")
        return self._active

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """All keys that may verify now or soon (RFC 7517 §5)."""
        return {"keys": [key.jwk() for key in self._keys.values() if self._verifies(key)]}

    async def find(self, kid: str) -> RingKey | None:
        """The key of this name if it still verifies; looks again in MongoDB when it is unknown here.

        Raises: Unavailable.
        """
        if kid not in self._keys and self._may_reload():
            await self.reload()
        key = self._keys.get(kid)
        return key if key is not None and self._verifies(key) else None

    async def rotate(self, *, published_for: timedelta = timedelta(0)) -> RingKey:
        """Retire the active key, let the next one sign, publish a new next one. Returns the new active key.

        published_for: how long the next key must have been published, so that verifiers know it.
        Raises: NextKeyTooYoung, Unavailable.
        """

        async def step(session: Session) -> None:
            keys = self._mongo.collection(_COLLECTION)
            now = self._clock.now()
            waiting = await keys.find_one({"purpose": self.purpose, "state": KeyState.NEXT.value}, session=session)
            if waiting is not None and now - waiting["created_at"] < published_for:
                raise NextKeyTooYoung(ready_at=waiting["created_at"] + published_for)
            await keys.update_one(
                {"purpose": self.purpose, "state": KeyState.ACTIVE.value},
                {"$set": {"state": KeyState.RETIRED.value, "verifies_until": now + self._overlap}},
                session=session,
            )
            await keys.update_one(
                {"purpose": self.purpose, "state": KeyState.NEXT.value},
                {"$set": {"state": KeyState.ACTIVE.value}},
                session=session,
            )
            await self._make(KeyState.NEXT, session=session)

        await self._mongo.transaction(step)
        await self.reload()
        return self.active

    async def reload(self) -> None:
        """Read the ring again. Raises: Unavailable."""
        # Noted before waiting: of many who miss a key at once, one asks, and while MongoDB is away few wait for it.
        self._loaded_at = self._clock.now()
        async with answering():
            rows = await self._mongo.collection(_COLLECTION).find({"purpose": self.purpose}).to_list(None)
        keys = [self._of(row) for row in rows]
        self._keys = {key.kid: key for key in keys}
        self._active = next((k for k in keys if k.state is KeyState.ACTIVE), None)

    def _verifies(self, key: RingKey) -> bool:
        return key.verifies_until is None or self._clock.now() < key.verifies_until

    def _may_reload(self) -> bool:
        return self._loaded_at is None or self._clock.now() - self._loaded_at >= _RELOAD_INTERVAL

    async def _make(self, state: KeyState, *, session: Session | None = None) -> None:
        kid = _new_kid()
        row = {
            "_id": f"{self.purpose}:{kid}",
            "purpose": self.purpose,
            "kid": kid,
            "algorithm": self.algorithm.value,
            "state": state.value,
            "created_at": self._clock.now(),
            "private": self._cipher.seal(_new_private(self.algorithm), purpose=_PURPOSE, owner=kid),
        }
        await self._mongo.collection(_COLLECTION).insert_one(row, session=session)

    def _of(self, row: Document) -> RingKey:
        kid = row["kid"]
        algorithm = Algorithm(row["algorithm"])
        plain = self._cipher.open(row["private"], purpose=_PURPOSE, owner=kid)
        return RingKey(kid, algorithm, KeyState(row["state"]), _load(algorithm, plain), row.get("verifies_until"))


def _new_kid() -> str:
    return base64.b32encode(secrets.token_bytes(5)).decode()[:4]


def _new_private(algorithm: Algorithm) -> bytes:
    if algorithm is Algorithm.ED25519:
        return bytes(Ed25519Key.generate())
    key: EllipticCurvePrivateKey | RSAPrivateKey
    if algorithm is Algorithm.RS256:
        key = generate_rsa_key(public_exponent=_RSA_EXPONENT, key_size=_RSA_BITS)
    else:
        key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _load(algorithm: Algorithm, plain: bytes) -> PrivateKey:
    if algorithm is Algorithm.ED25519:
        return Ed25519Key(plain)
    # Made here, and its seal says that it is whole: to prove the primes again takes 35 ms, for each that asks for a
    # `kid` that nobody has.
    key = load_der_private_key(plain, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey)
    return key


def _public_members(private: PrivateKey) -> dict[str, str]:
    if isinstance(private, Ed25519Key):
        return {"kty": "OKP", "crv": "Ed25519", "x": _b64(bytes(private.verify_key))}
    if isinstance(private, RSAPrivateKey):
        return _rsa_members(private.public_key())
    return _ec_members(private.public_key())


def _ec_members(public: EllipticCurvePublicKey) -> dict[str, Any]:
    numbers = public.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _b64(numbers.x.to_bytes(32, "big")),
        "y": _b64(numbers.y.to_bytes(32, "big")),
    }


def _rsa_members(public: RSAPublicKey) -> dict[str, str]:
    numbers = public.public_numbers()
    size = (numbers.e.bit_length() + 7) // 8
    return {
        "kty": "RSA",
        "n": _b64(numbers.n.to_bytes(_RSA_BITS // 8, "big")),
        "e": _b64(numbers.e.to_bytes(size, "big")),
    }


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
