"""Staff as one service: its members, the acts that take two of them, and what they do to citizens' accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from identity.revocations import Revocations
from identity.staffing.accounts import Accounts
from identity.staffing.acts import Acts
from identity.staffing.elsewhere import (
    ApproveClient,
    Clients,
    EndAccount,
    FreezeForLonger,
    Holds,
    LiftHold,
    Organisations,
    PlaceHold,
    Programs,
    RevokeProgram,
    SuspendOrganisation,
    Unfreeze,
)
from identity.staffing.founding import Founding
from identity.staffing.members import ChangeRoles, Hire, Members, Move, Suspend
from identity.staffing.model import Kind
from identity.staffing.performing import Performer
from identity.staffing.store import StaffingStore


@dataclass(frozen=True, slots=True)
class Staffing:
    store: StaffingStore
    members: Members
    acts: Acts
    accounts: Accounts
    founding: Founding

    @classmethod
    def at(
        cls,
        accounts: Accounts,
        *,
        holds: Holds,
        organisations: Organisations,
        clients: Clients,
        revocations: Revocations,
    ) -> Staffing:
        """holds, organisations, clients: who does what two officers agreed to."""
        outbox, audit, clock = accounts.outbox, accounts.audit, accounts.clock
        members = Members(accounts.store, accounts.people, accounts.sessions, outbox, audit, clock)
        performers: Mapping[Kind, Performer] = {
            Kind.ACCOUNT_FREEZE: FreezeForLonger(accounts),
            Kind.ACCOUNT_UNFREEZE: Unfreeze(accounts),
            Kind.ACCOUNT_END: EndAccount(accounts),
            Kind.ACCOUNT_HOLD: PlaceHold(accounts, holds),
            Kind.ACCOUNT_HOLD_LIFT: LiftHold(accounts, holds),
            Kind.ORGANISATION_SUSPEND: SuspendOrganisation(organisations, suspended=True),
            Kind.ORGANISATION_RESUME: SuspendOrganisation(organisations, suspended=False),
            Kind.STAFF_HIRE: Hire(members),
            Kind.STAFF_ROLES: ChangeRoles(members),
            Kind.STAFF_MOVE: Move(members),
            Kind.STAFF_SUSPEND: Suspend(members, suspended=True),
            Kind.STAFF_REINSTATE: Suspend(members, suspended=False),
            Kind.OIDC_CLIENT_APPROVE: ApproveClient(clients),
        }
        acts = Acts(accounts.store, performers, revocations, outbox, audit, accounts.ids, clock, accounts.hours)
        founding = Founding(accounts.store, accounts.people, outbox, audit, accounts.ids, clock)
        return cls(accounts.store, members, acts, accounts, founding)

    def with_programs(self, programs: Programs) -> Staffing:
        """The same, with who takes mini-programs back: a room that stands on identity, so it is joined afterwards."""
        performers: Mapping[Kind, Performer] = {
            **self.acts.performers,
            Kind.PROGRAM_VERSION_REVOKE: RevokeProgram(programs, whole=False),
            Kind.PROGRAM_REVOKE: RevokeProgram(programs, whole=True),
        }
        return replace(self, acts=replace(self.acts, performers=performers))

    async def open(self) -> None:
        """Make the indexes."""
        await self.store.open()
