"""Who is closer to a program than other citizens: those who build it, whom they invited to test it, and officers who
review it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from miniapps.developers.service import Developers
from miniapps.openid.store import OpenidStore
from miniapps.versions.store import VersionStore
from miniapps.versions.trials import TrialStore


class Officers(Protocol):
    async def citizen_of(self, officer: str) -> str | None:
        """The citizen who this member of staff is, as far as the city knows. Raises: Unavailable."""
        ...

    async def in_office(self, officer: str) -> bool:
        """Whether they review programs still. Raises: Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class ProgramCircle:
    """What sessions ask (their protocol `Circle`)."""

    developers: Developers
    openids: OpenidStore
    versions: VersionStore
    trials: TrialStore
    officers: Officers

    async def openid(self, citizen: str, *, app_id: str, organisation: str) -> str:
        """Raises: Unavailable."""
        return (await self.openids.subject(citizen, app_id=app_id, organisation=organisation)).openid

    async def builds(self, citizen: str, *, organisation: str) -> bool:
        """Raises: Unavailable."""
        account = await self.developers.store.account(organisation)
        return account is not None and await self.developers.role_in(account, citizen) is not None

    async def invited(self, openid: str, *, app_id: str) -> bool:
        """Raises: Unavailable."""
        return await self.versions.invited(openid, app_id=app_id)

    async def reviews(self, citizen: str, *, app_id: str) -> str | None:
        """The release of a version that the citizen, as an officer, tries before they decide. Raises: Unavailable."""
        for begun in await self.trials.of_app(app_id):
            if await self.officers.citizen_of(begun.officer) == citizen and await self.officers.in_office(
                begun.officer
            ):
                return begun.release
        return None


@dataclass(frozen=True, slots=True)
class OfficersKin:
    """What the desk and the rating ask (their protocol `Kin`)."""

    circle: ProgramCircle

    async def builds(self, officer: str, *, organisation: str) -> bool:
        """Raises: Unavailable."""
        citizen = await self.citizen_of(officer)
        return citizen is not None and await self.circle.builds(citizen, organisation=organisation)

    async def organisations(self, officer: str) -> frozenset[str]:
        """Raises: Unavailable."""
        citizen = await self.citizen_of(officer)
        return await self.circle.developers.organisations_of(citizen) if citizen is not None else frozenset()

    async def citizen_of(self, officer: str) -> str | None:
        """Raises: Unavailable."""
        return await self.circle.officers.citizen_of(officer)
