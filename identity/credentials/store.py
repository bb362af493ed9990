"""Keychains in MongoDB: one row for each account.

Rules
- What is secret or personal in it (the password's hash, the secret of one-time passwords, passkeys' names) is sealed
  together, with the account's own key; recovery codes stand as keyed digests.
- A change reads and writes the row in one transaction: of two at once one begins again.
- For an account without a row a decoy is read and opened, with the same work; for whoever has not proven anything yet
  also with the same fetching of keys (`core.personal`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bson.binary import Binary
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.personal import PersonalCipher
from identity.credentials.errors import PasskeyRefused
from identity.credentials.model import Keychain, Passkey, Password, Totp
from identity.model import DECOY

KEYCHAINS: Final = "identity_keychains"
_PURPOSE: Final = "identity.keychain"
_INDEXES: Final = {
    KEYCHAINS: [
        IndexModel(
            [("passkeys.credential_id", ASCENDING)],
            name="of_passkey",
            unique=True,
            partialFilterExpression={"passkeys.credential_id": {"$exists": True}},
        )
    ]
}


class KeychainStore:
    """Everything that credentials must not forget."""

    def __init__(self, *, mongo: Mongo, personal: PersonalCipher) -> None:
        self._mongo = mongo
        self._personal = personal
        self._decoy: Document = {}

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self._mongo, _INDEXES)
        self._decoy = await self._row_of(Keychain(DECOY.id))

    async def of(self, account_id: str, *, session: Session | None = None, for_anybody: bool = False) -> Keychain:
        """What this account holds; an empty one where it holds nothing. for_anybody: who asks has proven nothing."""
        rows = self._mongo.collection(KEYCHAINS)
        if session is not None:
            row = await rows.find_one({"_id": account_id}, session=session)
        else:
            async with answering():
                row = await rows.find_one({"_id": account_id})
        keychain = await self._keychain(row or self._decoy, self._personal.forgetful if for_anybody else self._personal)
        return keychain if row else Keychain(account_id)

    async def of_passkey(self, credential_id: bytes) -> Keychain | None:
        """The one that holds this passkey."""
        async with answering():
            row = await self._mongo.collection(KEYCHAINS).find_one({"passkeys.credential_id": Binary(credential_id)})
        return await self._keychain(row, self._personal) if row else None

    async def put(self, keychain: Keychain, *, session: Session) -> None:
        """In the transaction that read it. Raises: PasskeyRefused (another account holds this passkey)."""
        row = await self._row_of(keychain)
        try:
            await self._mongo.collection(KEYCHAINS).replace_one(
                {"_id": keychain.account_id}, row, upsert=True, session=session
            )
        except DuplicateKeyError as fault:
            raise PasskeyRefused() from fault

    async def forget(self, account_id: str, *, session: Session | None = None) -> None:
        """Delete everything that an account proved itself with. Raises: Unavailable."""
        rows = self._mongo.collection(KEYCHAINS)
        if session is not None:
            await rows.delete_one({"_id": account_id}, session=session)
            return
        async with answering():
            await rows.delete_one({"_id": account_id})

    async def _row_of(self, keychain: Keychain) -> Document:
        password, totp = keychain.password, keychain.totp
        secrets = {f"name:{one.id}": one.name for one in keychain.passkeys}
        if password:
            secrets["password"] = password.hash
        if totp:
            secrets["totp"] = totp.secret
        row: Document = {
            "_id": keychain.account_id,
            "sealed": await self._personal.seal(secrets, owner=keychain.account_id, purpose=_PURPOSE),
            "password_changed_at": password.changed_at if password else None,
            "totp": _totp_row(totp) if totp else None,
            "recovery": list(keychain.recovery),
            "second_by_passkey": keychain.second_by_passkey,
        }
        # Without passkeys there is no such member: an empty list would stand in the unique index.
        return {**row, "passkeys": [_passkey_row(one) for one in keychain.passkeys]} if keychain.passkeys else row

    async def _keychain(self, row: Document, personal: PersonalCipher) -> Keychain:
        secrets = await personal.open(row["sealed"], owner=row["_id"], purpose=_PURPOSE)
        changed_at, totp = row["password_changed_at"], row["totp"]
        return Keychain(
            account_id=row["_id"],
            password=Password(secrets["password"], changed_at) if changed_at else None,
            passkeys=tuple(_passkey(one, secrets) for one in row.get("passkeys", ())),
            totp=Totp(secrets["totp"], **totp) if totp else None,
            recovery=tuple(map(bytes, row["recovery"])),
            second_by_passkey=row["second_by_passkey"],
        )


def _totp_row(totp: Totp) -> Document:
    known_to_all = {"published": True} if totp.published else {}
    return {"confirmed_at": totp.confirmed_at, "last_step": totp.last_step, **known_to_all}


def _passkey_row(passkey: Passkey) -> Document:
    return {
        "id": passkey.id,
        "credential_id": passkey.credential_id,
        "public_key": passkey.public_key,
        "sign_count": passkey.sign_count,
        "transports": list(passkey.transports),
        "backup_eligible": passkey.backup_eligible,
        "synced": passkey.synced,
        "created_at": passkey.created_at,
        "last_used_at": passkey.last_used_at,
    }


def _passkey(row: Mapping[str, Any], secrets: Mapping[str, str]) -> Passkey:
    return Passkey(
        id=row["id"],
        credential_id=bytes(row["credential_id"]),
        public_key=bytes(row["public_key"]),
        sign_count=row["sign_count"],
        name=secrets[f"name:{row['id']}"],
        transports=tuple(row["transports"]),
        backup_eligible=row["backup_eligible"],
        synced=row["synced"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
    )
