"""Rows from before people had keys of their own: sealed with the city's key, they come under their owners'.

`IdentityStore` still opens them; `python -m api rewrap` leaves none.
"""

from __future__ import annotations

from typing import Final

from core.crypto import FieldCipher, UnsealError
from core.mongo import Document
from core.personal import PersonalCipher
from core.resealing import Renew, SealedField
from identity.store import CITIZENS, SESSIONS, STAFF

_DEVICE: Final = "session.device_name"
_ROW_AND_ACCOUNT: Final = "|"


def _session(row: Document, _: Document) -> str:
    return f"{row['_id']}{_ROW_AND_ACCOUNT}{row['account_id']}"


FORMER_ROWS: Final = (
    SealedField(CITIZENS, "phone", "citizen.phone"),
    SealedField(CITIZENS, "name", "citizen.name"),
    SealedField(CITIZENS, "id_number", "citizen.id_number"),
    SealedField(STAFF, "phone", "staff.phone"),
    SealedField(STAFF, "display_name", "staff.display_name"),
    # A device's name was the session's, and is its account's.
    SealedField(SESSIONS, "device_name", _DEVICE, _session, needs=("account_id",)),
)


def under_own_key(cipher: FieldCipher, personal: PersonalCipher) -> Renew:
    """What the city's key sealed becomes its owner's; the rest is somebody's own already."""

    async def renew(place: SealedField, owner: str, sealed: bytes) -> bytes | None:
        row, _, account = owner.partition(_ROW_AND_ACCOUNT)
        try:
            plain = cipher.open(sealed, purpose=place.purpose, owner=row)
        except UnsealError:
            return None
        return await personal.seal({"text": plain.decode()}, owner=account or row, purpose=place.purpose)

    return renew
