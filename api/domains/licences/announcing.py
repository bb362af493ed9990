"""What the room tells the others, with what is personal sealed for the citizen that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from api.domains.licences.model import Licence, Showing
from core.crypto import FieldCipher
from core.events import Outbox, seal_facts
from core.mongo import Session

ISSUED: Final = "licences.issued"
RENEWED: Final = "licences.renewed"
REVOKED: Final = "licences.revoked"
EXPIRING: Final = "licences.expiring"
SHOWN: Final = "licences.shown"


@dataclass(frozen=True, slots=True)
class Announcer:
    """outbox: where events wait, in the caller's transaction. cipher: the one that their readers open them with."""

    outbox: Outbox
    cipher: FieldCipher

    async def issued(self, licence: Licence, *, session: Session) -> None:
        await self._say(ISSUED, licence, session, valid_until=_day(licence))

    async def renewed(self, licence: Licence, *, session: Session) -> None:
        await self._say(RENEWED, licence, session, valid_until=_day(licence))

    async def revoked(self, licence: Licence, *, reason: str, session: Session) -> None:
        await self._say(REVOKED, licence, session, reason=reason)

    async def expiring(self, licence: Licence, *, days: int, session: Session) -> None:
        """days: to its last valid day; 0 on it, -1 once it has expired."""
        await self._say(EXPIRING, licence, session, valid_until=_day(licence), days=days)

    async def shown(self, licence: Licence, showing: Showing, *, session: Session) -> None:
        facts = {"purpose": showing.purpose, "at": showing.at.isoformat()}
        await self._say(SHOWN, licence, session, {"showing": showing.id}, **facts)

    async def _say(
        self, name: str, licence: Licence, session: Session, ids: dict[str, str] | None = None, **facts: Any
    ) -> None:
        facts = {"type": {"zh": licence.type.name.zh, "en": licence.type.name.en}, **facts}
        payload = {
            "citizen": licence.holder,
            "licence": licence.id,
            **(ids or {}),
            "facts": seal_facts(facts, owner=licence.holder, cipher=self.cipher),
        }
        await self.outbox.append(name=name, payload=payload, session=session)


def _day(licence: Licence) -> str | None:
    return licence.valid_until.isoformat() if licence.valid_until else None
