"""What an act that takes two officers is made of: who looks what it is about, and who does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.errors import Forbidden
from core.mongo import Session
from core.principal import Principal
from identity.staffing.model import Details, StaffAct
from identity.staffing.rules import Subject
from identity.staffing.store import StaffingStore


@dataclass(frozen=True, slots=True)
class Weighed:
    """What an act is about, and its details as they are kept: normal, and with what was found (`Details.found`)."""

    subject: Subject
    details: Details


class Performer(Protocol):
    """Weighs and does acts of one kind, each time in the caller's transaction."""

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        """Look whether the act can be done, as things are now, with `by`'s powers. Asked when it is proposed, and
        again of both officers before it is done. Raises: NotFound, BadInput, what the kind refuses.
        """
        ...

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        """Do it. principal: who agreed to it. Returns the ids of what ended, to be revoked when it is committed."""
        ...


@dataclass(frozen=True, slots=True)
class Agreement:
    """The port `identity.four_eyes.FourEyes`: an act is agreed to within the transaction that does it."""

    store: StaffingStore

    async def require(self, *, principal: Principal, act: str, subject: str, session: Session) -> None:
        """Raises: Forbidden."""
        if not await self.store.agreed(act, subject, approver=principal.actor, session=session):
            raise Forbidden()
