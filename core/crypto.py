"""Sealing personal fields, finding them again, and telling secrets apart in constant time.

A field is sealed with AES-256-GCM under a key derived for its purpose; the purpose and the owner are bound in as
associated data, so a sealed value moved to another row or column does not open. It is found again by a blind
index: HMAC-SHA256 under another derived key, which outlives master keys (core.index_root).
Source: NIST SP 800-38D (GCM), RFC 5869 (HKDF).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MASTER_KEY_BYTES = 32
_NONCE_BYTES = 12


class UnsealError(Exception):
    """A sealed value was made with another key, for another place, or was changed. Never shown to a caller."""


@dataclass(frozen=True, slots=True)
class FieldCipher:
    """Seals the fields of one room.

    master_key: 32 bytes, from the settings; each purpose gets a key of its own derived from it. previous_keys: what
    they sealed opens too.
    """

    master_key: bytes = field(repr=False)
    previous_keys: tuple[bytes, ...] = field(default=(), repr=False)
    # What blind indexes are drawn from, when that is not the master key.
    _index_root: bytearray = field(default_factory=bytearray, repr=False, compare=False)
    # Purposes are few and fixed; deriving a key costs more than using it.
    _keys: dict[tuple[bytes, str], bytes] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if any(len(key) != MASTER_KEY_BYTES for key in (self.master_key, *self.previous_keys)):
            raise ValueError("a master key must be 32 bytes")

    def index_from(self, root: bytes) -> None:
        """Draw blind indexes from `root` (32 bytes) from now on. Indexes from another root are never found again."""
        self._index_root[:] = root

    def seal(self, plain: bytes, *, purpose: str, owner: str) -> bytes:
        """nonce (12) + ciphertext + tag (16). `purpose` names the field, `owner` the row."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._key(self.master_key, f"seal:{purpose}")).encrypt(nonce, plain, owner.encode())

    def open(self, sealed: bytes, *, purpose: str, owner: str) -> bytes:
        """Raises: UnsealError."""
        return self._opened(sealed, purpose=purpose, owner=owner)[0]

    def reseal(self, sealed: bytes, *, purpose: str, owner: str) -> bytes | None:
        """What a previous key sealed, sealed with the master key of now; None when that did seal it.

        Raises: UnsealError when none of the keys did.
        """
        plain, key = self._opened(sealed, purpose=purpose, owner=owner)
        return None if key == self.master_key else self.seal(plain, purpose=purpose, owner=owner)

    def sealing_key(self, sealed: bytes, *, purpose: str, owner: str) -> bytes:
        """Which of the master keys sealed this. Raises: UnsealError."""
        return self._opened(sealed, purpose=purpose, owner=owner)[1]

    def blind_index(self, plain: str, *, purpose: str) -> bytes:
        """32 bytes that are equal for equal values and tell nothing else."""
        root = bytes(self._index_root) or self.master_key
        return hmac.digest(self._key(root, f"index:{purpose}"), plain.encode(), "sha256")

    def _opened(self, sealed: bytes, *, purpose: str, owner: str) -> tuple[bytes, bytes]:
        for key in (self.master_key, *self.previous_keys):
            try:
                aead = AESGCM(self._key(key, f"seal:{purpose}"))
                return aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner.encode()), key
            except (InvalidTag, ValueError) as fault:
                last = fault
        raise UnsealError(purpose) from last

    def _key(self, root: bytes, purpose: str) -> bytes:
        key = self._keys.get((root, purpose))
        if key is None:
            key = self._keys[root, purpose] = derive_key(root, purpose)
        return key


def derive_key(master_key: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"citytong:" + purpose.encode()).derive(master_key)


def digest(secret: str) -> bytes:
    """What is stored instead of a random secret of at least 128 bits."""
    return hashlib.sha256(secret.encode()).digest()


def same(a: bytes, b: bytes) -> bool:
    """Equality in constant time."""
    return hmac.compare_digest(a, b)
