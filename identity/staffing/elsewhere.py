"""What two officers decide about citizens' accounts, organisations, the OpenID provider's clients and mini-programs:
the performers of such acts, and what they ask of other wings and rooms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from core.clock import to_ms
from core.divisions import CITY_CODE
from core.errors import BadInput, NotFound
from core.mongo import Session
from core.principal import Principal
from identity.staffing.accounts import Accounts
from identity.staffing.errors import NothingChanges
from identity.staffing.model import FREEZE_MAX, FREEZE_OF_ENDED, Details, InterventionKind, StaffAct
from identity.staffing.performing import Weighed
from identity.staffing.rules import Subject

# --- citizens' accounts


@dataclass(frozen=True, slots=True)
class FreezeForLonger:
    accounts: Accounts

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        now = self.accounts.clock.now()
        if details.until is None or not now < details.until <= now + FREEZE_MAX:
            raise BadInput(field="until", problem=f"must lie within {FREEZE_MAX.days} days")
        about = await self.accounts.weigh(subject, by=by, session=session)
        frozen = await self.accounts.people.freezes.of(subject, now=now, session=session)
        if frozen is not None and details.until <= frozen.until:
            raise NothingChanges()
        return Weighed(about, replace(details, until=to_ms(details.until)))

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        made = self.accounts.made(InterventionKind.FROZEN, act, until=act.details.until)
        return await self.accounts.freeze(made, session=session)


@dataclass(frozen=True, slots=True)
class Unfreeze:
    accounts: Accounts

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        about = await self.accounts.weigh(subject, by=by, session=session)
        found = (await self.accounts.freeze_of(subject, session)).by
        return Weighed(about, replace(details, found=found))

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        await self.accounts.unfreeze(self.accounts.made(InterventionKind.UNFROZEN, act), session=session)
        return ()


@dataclass(frozen=True, slots=True)
class EndAccount:
    accounts: Accounts

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        return Weighed(await self.accounts.weigh(subject, by=by, session=session), details)

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        until = to_ms(self.accounts.clock.now() + FREEZE_OF_ENDED)
        return await self.accounts.end(self.accounts.made(InterventionKind.ENDING, act, until=until), session=session)


# --- legal holds


class Hold(Protocol):
    @property
    def id(self) -> str: ...


class Holds(Protocol):
    """Who keeps accounts from being erased, while the law wants them kept."""

    async def hold(
        self, *, principal: Principal, citizen: str, reason: str, until: datetime, session: Session
    ) -> Hold: ...

    async def lift(self, *, principal: Principal, hold_id: str, session: Session) -> None: ...

    async def holds(self, citizen: str) -> Sequence[Hold]: ...


@dataclass(frozen=True, slots=True)
class PlaceHold:
    accounts: Accounts
    holds: Holds

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        about = await self.accounts.weigh(subject, by=by, session=session)
        until = to_ms(details.until) if details.until else None
        return Weighed(about, replace(details, until=until))

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        assert act.details.until is not None, "a hold has an end"
        placed = await self.holds.hold(
            principal=principal, citizen=act.subject, reason=act.reason, until=act.details.until, session=session
        )
        made = self.accounts.made(InterventionKind.HELD, act, until=act.details.until, hold=placed.id)
        await self.accounts.record(made, session=session)
        return ()


@dataclass(frozen=True, slots=True)
class LiftHold:
    accounts: Accounts
    holds: Holds

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        about = await self.accounts.weigh(subject, by=by, session=session)
        if details.hold not in {one.id for one in await self.holds.holds(subject)}:
            raise NotFound(thing="hold")
        return Weighed(about, details)

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        await self.holds.lift(principal=principal, hold_id=act.details.hold, session=session)
        made = self.accounts.made(InterventionKind.HOLD_LIFTED, act, hold=act.details.hold)
        await self.accounts.record(made, session=session)
        return ()


# --- organisations


class Organisation(Protocol):
    """suspended: by whom; None while people act for it."""

    @property
    def id(self) -> str: ...

    @property
    def uscc(self) -> str: ...

    @property
    def suspended_by(self) -> str | None: ...


class Organisations(Protocol):
    """Organisations, as the city suspends them."""

    async def of_the_city(self, organisation_id: str, *, session: Session) -> Organisation: ...

    async def suspend_for_city(
        self, *, principal: Principal, organisation_id: str, reason: str, session: Session
    ) -> Sequence[str]: ...

    async def resume_for_city(self, *, principal: Principal, organisation_id: str, session: Session) -> None: ...


# As `Organisation.suspended_by` has it.
_BY_CITY = "CITY"


@dataclass(frozen=True, slots=True)
class SuspendOrganisation:
    """suspended: what it is to be."""

    organisations: Organisations
    suspended: bool

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        found = await self.organisations.of_the_city(subject, session=session)
        if (found.suspended_by == _BY_CITY) is self.suspended:
            raise NothingChanges()
        # Where it is registered stands in its code (GB 32100: characters 3 to 8).
        place = found.uscc[2:8] if found.uscc[2:8].isdecimal() else CITY_CODE
        return Weighed(Subject(found.id, place), details)

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        verbs, id_ = self.organisations, act.subject
        if self.suspended:
            return await verbs.suspend_for_city(
                principal=principal, organisation_id=id_, reason=act.reason, session=session
            )
        await verbs.resume_for_city(principal=principal, organisation_id=id_, session=session)
        return ()


# --- clients of the OpenID provider


class Client(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def review_digest(self) -> str: ...


class Clients(Protocol):
    """Who lets clients in."""

    async def to_approve(self, client_id: str, *, scopes: frozenset[str] | None, session: Session) -> Client: ...

    async def approve(
        self,
        *,
        principal: Principal,
        client_id: str,
        service_scopes: frozenset[str],
        exchange_to: frozenset[str],
        scopes: frozenset[str] | None,
        session: Session,
    ) -> object: ...


@dataclass(frozen=True, slots=True)
class ApproveClient:
    """A client that changes while it waits is looked through anew."""

    clients: Clients

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        found = await self.clients.to_approve(subject, scopes=_scopes(details), session=session)
        return Weighed(Subject(found.id), replace(details, found=found.review_digest))

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        told = act.details
        await self.clients.approve(
            principal=principal,
            client_id=act.subject,
            service_scopes=frozenset(told.service_scopes),
            exchange_to=frozenset(told.exchange_to),
            scopes=_scopes(told),
            session=session,
        )
        return ()


def _scopes(details: Details) -> frozenset[str] | None:
    return frozenset(details.scopes) or None


# --- mini-programs


class Programs(Protocol):
    """Who takes programs back, and versions of them. subject: `org.example.library`, `org.example.library@14`."""

    async def weigh(self, subject: str, *, officer: str, session: Session) -> None:
        """That there is something to take back, and that it is no matter of the officer's own. Raises: NotFound, what
        refuses it.
        """
        ...

    async def take_back(self, subject: str, *, reason: str, officer: str, session: Session) -> None: ...


@dataclass(frozen=True, slots=True)
class RevokeProgram:
    """whole: the program, and not one version of it."""

    programs: Programs
    whole: bool

    async def weigh(self, subject: str, details: Details, *, by: Principal, session: Session) -> Weighed:
        if ("@" in subject) is self.whole:
            raise NotFound(thing="mini-program")
        await self.programs.weigh(subject, officer=by.actor, session=session)
        return Weighed(Subject(subject), details)

    async def perform(self, act: StaffAct, *, principal: Principal, session: Session) -> Sequence[str]:
        await self.programs.take_back(act.subject, reason=act.reason, officer=principal.actor, session=session)
        return ()
