"""Whether staff froze a citizen's account: in its row, so that signing in and freezing write the same thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.mongo import Collection, Document, Session, answering
from identity.errors import AccountFrozen
from identity.model import Freeze


@dataclass(frozen=True, slots=True)
class Freezes:
    """citizens: their rows."""

    citizens: Collection

    async def set(self, citizen_id: str, freeze: Freeze | None, *, session: Session) -> None:
        """Freeze an account that is held, or let it go on."""
        row = {"until": freeze.until, "by": freeze.by} if freeze else None
        await self.citizens.update_one({"_id": citizen_id}, {"$set": {"freeze": row}}, session=session)

    async def of(self, citizen_id: str, *, now: datetime, session: Session | None = None) -> Freeze | None:
        """The one that holds now."""
        if session is not None:
            return freeze_of(await self.citizens.find_one({"_id": citizen_id}, session=session), now)
        async with answering():
            return freeze_of(await self.citizens.find_one({"_id": citizen_id}), now)


def check_not_frozen(row: Document | None, now: datetime) -> None:
    """row: of a citizen. Raises: AccountFrozen."""
    if freeze := freeze_of(row, now):
        raise AccountFrozen(until=freeze.until, reference=freeze.by)


def freeze_of(row: Document | None, now: datetime) -> Freeze | None:
    """The one that holds now. row: of a citizen."""
    found = row.get("freeze") if row else None
    return Freeze(**found) if found and now < found["until"] else None
