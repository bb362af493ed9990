"""What belongs to one person, sealed with a key of their own: destroy the key, and nobody reads any of it again.

Rules
- Each person has one data key, made by libmongocrypt, kept in MongoDB wrapped with the city's master key. What is
  sealed says whose it is and what for, and opens for nothing else.
- `shred` deletes the key: whatever was sealed with it, in any collection, any event and any backup, stays sealed. A
  process that used the key lately may still hold it for `KEY_KEPT`.
- What is opened for somebody who has not proven anything is opened by the `forgetful` one: the key is fetched, whether
  or not it was used lately, so that how long it takes tells nobody whose that was.
- A new master key only wraps the data keys anew (`rewrap`); what they seal stays as it is. Until that is done, both
  master keys must be given. A key that is destroyed meanwhile stays destroyed.
Source: MongoDB Client-Side Field Level Encryption, explicit encryption; AEAD_AES_256_CBC_HMAC_SHA_512-Random.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from bson.binary import Binary
from bson.codec_options import CodecOptions
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.encryption import AsyncClientEncryption
from pymongo.errors import DuplicateKeyError, EncryptionError

from core.crypto import UnsealError
from core.errors import Unavailable
from core.mongo import Mongo, answering, ensure_indexes

KEYS: Final = "personal_keys"
KEY_KEPT: Final = timedelta(seconds=60)
# Long enough for the fields of one row.
KEY_KEPT_FORGETFULLY: Final = timedelta(milliseconds=10)
REWRAPPED_AT_ONCE: Final = 500
_PROVIDER_KEY_BYTES: Final = 96
_INDEXES: Final = {
    KEYS: [
        IndexModel(
            [("keyAltNames", ASCENDING)],
            name="one_per_person",
            unique=True,
            partialFilterExpression={"keyAltNames": {"$exists": True}},
        )
    ]
}
_ALGORITHM: Final = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"
_MISSING: Final = "not all keys requested were satisfied"


@dataclass(slots=True)
class PersonalCipher:
    """Seals and opens. master_key: 32 bytes; previous_keys: those before, while keys are wrapped anew.

    kept: how long a key that was used is held.
    """

    mongo: Mongo
    master_key: bytes = field(repr=False)
    previous_keys: tuple[bytes, ...] = field(default=(), repr=False)
    kept: timedelta = KEY_KEPT
    _encryption: AsyncClientEncryption[dict[str, Any]] | None = field(default=None, init=False, repr=False)
    _forgetful: PersonalCipher | None = field(default=None, init=False, repr=False)

    @property
    def forgetful(self) -> PersonalCipher:
        """The same, which holds keys no longer than it takes to open one row."""
        if self._forgetful is None:
            self._forgetful = PersonalCipher(self.mongo, self.master_key, self.previous_keys, KEY_KEPT_FORGETFULLY)
        return self._forgetful

    async def open_vault(self) -> None:
        """Make the index that gives each person one key."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    async def seal(self, fields: Mapping[str, str], *, owner: str, purpose: str) -> bytes:
        """All of `fields` in one sealed value. The first one of a person makes their key. Raises: Unavailable."""
        plain = {"owner": owner, "purpose": purpose, "fields": dict(fields)}
        try:
            return await self._sealed(plain, owner)
        except EncryptionError as fault:
            _raise_outage(fault)
            if _MISSING not in str(fault):
                raise
        await self._make_key(owner)
        return await self._sealed(plain, owner)

    async def open(self, sealed: bytes, *, owner: str, purpose: str) -> dict[str, str]:
        """Raises: UnsealError (another's, for something else, changed, or its key is gone), Unavailable."""
        try:
            plain = await self._vault.decrypt(Binary(sealed, 6))
        except EncryptionError as fault:
            _raise_outage(fault)
            raise UnsealError(purpose) from fault
        if not isinstance(plain, dict) or (plain.get("owner"), plain.get("purpose")) != (owner, purpose):
            raise UnsealError(purpose)
        return dict(plain["fields"])

    async def shred(self, owner: str) -> bool:
        """Destroy a person's key; False when they had none. Raises: Unavailable."""
        async with answering():
            gone = await self.mongo.collection(KEYS).delete_one({"keyAltNames": owner})
        await self.close()  # with it goes what was remembered here
        return gone.deleted_count == 1

    async def rewrap(self) -> AsyncIterator[int]:
        """Wrap data keys with the master key of now, `REWRAPPED_AT_ONCE` at a time; yields how many each time.

        Broken off, it goes on with those that are left. Raises: Unavailable.
        """
        old: dict[str, Any] = {"masterKey.provider": {"$in": [_provider(key) for key in self.previous_keys]}}
        last: dict[str, Any] = {}
        while ids := await self._key_ids({**old, **last}):
            which = {**old, "_id": {"$in": ids}}
            try:
                done = await self._vault.rewrap_many_data_key(which, provider=_provider(self.master_key))
            except EncryptionError as fault:
                _raise_outage(fault)
                raise
            yield done.bulk_write_result.modified_count if done.bulk_write_result else 0
            last = {"_id": {"$gt": ids[-1]}}

    async def left(self) -> int:
        """How many data keys another master key than that of now wraps. Raises: Unavailable."""
        async with answering():
            other = {"masterKey.provider": {"$ne": _provider(self.master_key)}}
            return await self.mongo.collection(KEYS).count_documents(other)

    async def _key_ids(self, which: Mapping[str, Any]) -> list[Any]:
        async with answering():
            found = self.mongo.collection(KEYS).find(which, {"_id": 1}).sort("_id", ASCENDING)
            return [row["_id"] for row in await found.limit(REWRAPPED_AT_ONCE).to_list(None)]

    async def close(self) -> None:
        if self._encryption is not None:
            held, self._encryption = self._encryption, None
            await held.close()
        if self._forgetful is not None:
            forgetful, self._forgetful = self._forgetful, None
            await forgetful.close()

    @property
    def _vault(self) -> AsyncClientEncryption[dict[str, Any]]:
        if self._encryption is None:
            masters = [self.master_key, *self.previous_keys]
            self._encryption = AsyncClientEncryption(
                {_provider(key): {"key": _provider_key(key)} for key in masters},
                f"{self.mongo.database.name}.{KEYS}",
                self.mongo.client,
                CodecOptions(tz_aware=True),
                key_expiration_ms=int(self.kept.total_seconds() * 1000),
            )
        return self._encryption

    async def _sealed(self, plain: Mapping[str, Any], owner: str) -> bytes:
        return bytes(await self._vault.encrypt(plain, _ALGORITHM, key_alt_name=owner))

    async def _make_key(self, owner: str) -> None:
        try:
            await self._vault.create_data_key(_provider(self.master_key), key_alt_names=[owner])
        except DuplicateKeyError:
            return
        except EncryptionError as fault:
            _raise_outage(fault)
            if not isinstance(fault.cause, DuplicateKeyError):
                raise


def _provider(master_key: bytes) -> str:
    """What a data key's row calls the master key that wraps it: tells keys apart and nothing of them."""
    return f"local:{hashlib.sha256(b'citytong:provider:' + master_key).hexdigest()[:12]}"


def _provider_key(master_key: bytes) -> bytes:
    info = b"citytong:personal"
    return HKDF(algorithm=SHA256(), length=_PROVIDER_KEY_BYTES, salt=None, info=info).derive(master_key)


def _raise_outage(fault: EncryptionError) -> None:
    """Raises: Unavailable when the vault could not be read."""
    cause = fault.cause
    if getattr(cause, "timeout", False) or type(cause).__name__ in {"AutoReconnect", "ServerSelectionTimeoutError"}:
        raise Unavailable() from fault
