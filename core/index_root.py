"""What blind indexes are drawn from: one secret of the city, drawn once, kept in MongoDB sealed with the master key.

Rules
- It outlives master keys: an index made years ago is found after any number of them. Some of what is drawn from it can
  never be drawn anew, because nobody has its plain text any more (docs/decisions/0043-…).
- A city from before there was one goes on with what it drew from: the master key of that time.
- Who holds another master key cannot open it, so a city with the wrong key does not start.
"""

from __future__ import annotations

import secrets
from typing import Final

from pymongo.errors import DuplicateKeyError

from core.crypto import MASTER_KEY_BYTES, FieldCipher
from core.keys import SEALED as SIGNING_KEYS
from core.mongo import Mongo, answering
from core.resealing import SealedField

CITY_KEYS: Final = "city_keys"
_ID: Final = "index"
_PURPOSE: Final = "index_root"
SEALED: Final = SealedField(CITY_KEYS, "sealed", _PURPOSE)


async def load_index_root(mongo: Mongo, cipher: FieldCipher) -> None:
    """Have `cipher` draw indexes from the city's secret; made the first time. Raises: UnsealError, Unavailable."""
    keys = mongo.collection(CITY_KEYS)
    async with answering():
        row = await keys.find_one({"_id": _ID})
        if row is None:
            root = await _former_root(mongo, cipher) or secrets.token_bytes(MASTER_KEY_BYTES)
            try:
                await keys.insert_one({"_id": _ID, "sealed": cipher.seal(root, purpose=_PURPOSE, owner=_ID)})
            except DuplicateKeyError:
                pass  # another process was first: its secret is the city's
            row = await keys.find_one({"_id": _ID})
    assert row is not None, "written above"
    cipher.index_from(cipher.open(row["sealed"], purpose=_PURPOSE, owner=_ID))


async def _former_root(mongo: Mongo, cipher: FieldCipher) -> bytes | None:
    """The master key under which a city from before sealed its signing keys; None for a new city."""
    row = await mongo.collection(SIGNING_KEYS.collection).find_one({}, sort=[("created_at", 1)])
    if row is None:
        return None
    return cipher.sealing_key(row["private"], purpose=SIGNING_KEYS.purpose, owner=row["kid"])
