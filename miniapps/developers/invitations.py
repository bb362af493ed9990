"""Invitations to build with somebody who builds in their own name: an owner asks, who is meant answers.

Rules
- Nobody is a member before they accepted: what asks who is one sees nothing of an invitation.
- There is one for a developer and an account. Asked again while it waits, it has the new role and its time begins anew.
- A no stands as long as an invitation waits: nobody is asked until they give in.
- What an owner asks ends with their being one: nobody lets themself in again by whom they asked before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from miniapps.developers.model import Role

INVITATIONS: Final = "mini_member_invitations"
INVITATION_PREFIX: Final = "mdi"
LIFE: Final = timedelta(days=14)
# Those that wait for one developer.
WAITING_MAX: Final = 10
_INDEXES: Final = {
    INVITATIONS: [
        IndexModel([("organisation", ASCENDING), ("developer", ASCENDING)], name="one_each", unique=True),
        IndexModel([("developer", ASCENDING), ("_id", DESCENDING)], name="of_developer"),
        IndexModel([("expires_at", ASCENDING)], name="leaves", expireAfterSeconds=0),
    ]
}


@dataclass(frozen=True, slots=True)
class Invitation:
    """organisation: `mpo_…`. developer: who is asked, `dev_…`. by: the owner who asks."""

    id: str
    organisation: str
    developer: str
    role: Role
    by: str
    at: datetime
    expires_at: datetime
    declined: bool = False


@dataclass(frozen=True, slots=True)
class InvitationStore:
    """What has expired is found by nobody. Every method raises Unavailable when MongoDB does not answer."""

    mongo: Mongo

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    async def of_organisation(
        self, organisation: str, *, now: datetime, session: Session | None = None
    ) -> list[Invitation]:
        """Those that wait or were declined, the newest first."""
        return await self._found({"organisation": organisation}, now, session)

    async def waiting_for(self, developer: str, *, now: datetime, session: Session | None = None) -> list[Invitation]:
        """The newest first."""
        return await self._found({"developer": developer, "declined": False}, now, session)

    async def invitation(self, id: str, *, now: datetime, session: Session | None = None) -> Invitation | None:
        return next(iter(await self._found({"_id": id}, now, session)), None)

    async def put(self, one: Invitation, *, session: Session) -> None:
        """Instead of the one that there was for the same developer and account."""
        mine = {"organisation": one.organisation, "developer": one.developer}
        await self.mongo.collection(INVITATIONS).delete_many(mine, session=session)
        row: Document = {"_id": one.id, "role": one.role.value, "by": one.by, "at": one.at, "declined": one.declined}
        await self.mongo.collection(INVITATIONS).insert_one(
            {**row, **mine, "expires_at": one.expires_at}, session=session
        )

    async def remove(self, id: str, *, session: Session) -> None:
        await self.mongo.collection(INVITATIONS).delete_one({"_id": id}, session=session)

    async def remove_by(self, developer: str, *, organisation: str, session: Session) -> None:
        """Those that wait of whom one developer asked for an account; a no that was said stands."""
        waits = {"organisation": organisation, "by": developer, "declined": False}
        await self.mongo.collection(INVITATIONS).delete_many(waits, session=session)

    async def remove_of(self, *, session: Session, developer: str = "", organisation: str = "") -> None:
        """All that were for a developer, or all of an account."""
        of = {"developer": developer} if developer else {"organisation": organisation}
        await self.mongo.collection(INVITATIONS).delete_many(of, session=session)

    async def _found(self, of: Mapping[str, Any], now: datetime, session: Session | None) -> list[Invitation]:
        async with answering():
            wanted = {**of, "expires_at": {"$gt": now}}
            found = self.mongo.collection(INVITATIONS).find(wanted, session=session).sort("_id", DESCENDING)
            return [_invitation(row) for row in await found.to_list(None)]


def _invitation(row: Document) -> Invitation:
    return Invitation(
        id=row["_id"],
        organisation=row["organisation"],
        developer=row["developer"],
        role=Role(row["role"]),
        by=row["by"],
        at=row["at"],
        expires_at=row["expires_at"],
        declined=row["declined"],
    )
