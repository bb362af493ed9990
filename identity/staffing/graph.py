"""Staff in the graph: members, acts that take two officers, interventions in citizens' accounts."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import strawberry

from core.graph import Connection, DepartmentType, Info, connection_of, personal
from core.locale import Text
from core.paging import PageRequest
from identity.cards import CONTACT_PHONE, StaffCard
from identity.model import Staff
from identity.staffing import model
from identity.staffing.rules import AUDIT, CLIENTS, HOLD, INTERVENE, MANAGE, PROGRAMS, SUSPEND
from identity.staffing.service import Staffing

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before the page.")]

_MANAGERS: Final = [[MANAGE], [AUDIT]]
_OFFICERS: Final = [[INTERVENE], [AUDIT]]
_OF_ACTS: Final = [[INTERVENE], [HOLD], [SUSPEND], [MANAGE], [CLIENTS], [PROGRAMS]]
_IN_WORDS: Final = personal("IDENTITY", 2)
_NAME: Final = personal("IDENTITY", 3, mask="NAME")

_KIND_LABELS: Final = {
    model.InterventionKind.FROZEN: Text(zh="账号已冻结", en="Account frozen"),
    model.InterventionKind.UNFROZEN: Text(zh="账号已解冻", en="Account unfrozen"),
    model.InterventionKind.SESSIONS_ENDED: Text(zh="已退出所有设备", en="Signed out everywhere"),
    model.InterventionKind.ENDING: Text(zh="账号将被注销", en="Account to be erased"),
    model.InterventionKind.HELD: Text(zh="账号依法保留", en="Account kept as the law wants"),
    model.InterventionKind.HOLD_LIFTED: Text(zh="账号不再依法保留", en="Account no longer kept"),
}

strawberry.enum(model.Kind, name="StaffActKind", description="What takes two officers.")
strawberry.enum(
    model.ActState, name="StaffActState", description="AGREED is never seen: it is done in the same transaction."
)
strawberry.enum(model.InterventionKind, description="What staff did to an account.")


# --- types


@strawberry.federation.type(description="A member of staff, as those see them who manage them.")
class StaffRecord:
    id: strawberry.ID = strawberry.federation.field(requires_scopes=_MANAGERS)
    display_name: str = strawberry.federation.field(requires_scopes=_MANAGERS, directives=[_NAME])
    phone: str = strawberry.federation.field(
        requires_scopes=_MANAGERS, directives=[CONTACT_PHONE], description="In E.164."
    )
    badge: str = strawberry.federation.field(requires_scopes=_MANAGERS)
    organisation: str = strawberry.federation.field(
        requires_scopes=_MANAGERS, description="The unit, in the request's language."
    )
    department: DepartmentType | None = strawberry.federation.field(requires_scopes=_MANAGERS)
    roles: list[str] = strawberry.federation.field(requires_scopes=_MANAGERS)
    jurisdiction: str = strawberry.federation.field(
        requires_scopes=_MANAGERS, description="Code of the division that they answer for (GB/T 2260, GB/T 10114)."
    )
    suspended: bool = strawberry.federation.field(requires_scopes=_MANAGERS)

    @classmethod
    def of(cls, member: Staff, *, info: Info) -> StaffRecord:
        locale = info.context.locale
        return cls(
            id=strawberry.ID(member.id),
            display_name=member.display_name,
            phone=member.phone,
            badge=member.badge,
            organisation=member.organisation.in_(locale),
            department=DepartmentType.of(member.department, locale) if member.department else None,
            roles=list(member.roles),
            jurisdiction=member.jurisdiction.code,
            suspended=member.suspended,
        )


@strawberry.federation.type(description="What an act is to do; what its kind says nothing of is null or empty.")
class StaffActDetails:
    until: datetime | None = strawberry.federation.field(requires_scopes=[["staff"]])
    hold: strawberry.ID | None = strawberry.federation.field(
        requires_scopes=[["staff"]], description="Of a legal hold that is to be lifted."
    )
    phone: str | None = strawberry.federation.field(requires_scopes=[["staff"]], directives=[CONTACT_PHONE])
    name: str | None = strawberry.federation.field(requires_scopes=[["staff"]], directives=[_NAME])
    badge: str | None = strawberry.federation.field(requires_scopes=[["staff"]])
    unit: str | None = strawberry.federation.field(requires_scopes=[["staff"]])
    department: DepartmentType | None = strawberry.federation.field(requires_scopes=[["staff"]])
    roles: list[str] = strawberry.federation.field(requires_scopes=[["staff"]])
    jurisdiction: str | None = strawberry.federation.field(requires_scopes=[["staff"]])
    scopes: list[str] = strawberry.federation.field(requires_scopes=[["staff"]])
    service_scopes: list[str] = strawberry.federation.field(requires_scopes=[["staff"]])
    exchange_to: list[str] = strawberry.federation.field(requires_scopes=[["staff"]])

    @classmethod
    def of(cls, told: model.Details, *, info: Info) -> StaffActDetails:
        locale = info.context.locale
        unit = Text(zh=told.unit, en=told.unit_en or told.unit)
        return cls(
            until=told.until,
            hold=strawberry.ID(told.hold) if told.hold else None,
            phone=told.phone or None,
            name=told.name or None,
            badge=told.badge or None,
            unit=unit.in_(locale) or None,
            department=DepartmentType.of(told.department, locale) if told.department else None,
            roles=list(told.roles),
            jurisdiction=told.jurisdiction or None,
            scopes=list(told.scopes),
            service_scopes=list(told.service_scopes),
            exchange_to=list(told.exchange_to),
        )


@strawberry.federation.type(description="An act that takes two officers.")
class StaffAct:
    id: strawberry.ID = strawberry.federation.field(requires_scopes=[["staff"]])
    kind: model.Kind = strawberry.federation.field(requires_scopes=[["staff"]])
    about: strawberry.ID = strawberry.federation.field(
        requires_scopes=[["staff"]],
        description="Whom or what it is about: an account, an organisation, a client, a mini-program.",
    )
    reason: str = strawberry.federation.field(
        requires_scopes=[["staff"]], directives=[_IN_WORDS], description="As the one who proposed it wrote."
    )
    details: StaffActDetails = strawberry.federation.field(requires_scopes=[["staff"]])
    state: model.ActState = strawberry.federation.field(requires_scopes=[["staff"]])
    at: datetime = strawberry.federation.field(requires_scopes=[["staff"]])
    expires_at: datetime = strawberry.federation.field(requires_scopes=[["staff"]])
    decided_at: datetime | None = strawberry.federation.field(requires_scopes=[["staff"]])
    note: str | None = strawberry.federation.field(
        requires_scopes=[["staff"]], directives=[_IN_WORDS], description="Why it was rejected."
    )
    proposed_by: strawberry.Private[str]
    decided_by: strawberry.Private[str]

    @strawberry.federation.field(requires_scopes=[["staff"]], description="Who proposed it.")
    async def proposer(self, info: Info) -> StaffCard | None:
        return await StaffCard.resolve_reference(info, strawberry.ID(self.proposed_by))

    @strawberry.federation.field(requires_scopes=[["staff"]], description="Who approved, rejected or withdrew it.")
    async def decider(self, info: Info) -> StaffCard | None:
        return await StaffCard.resolve_reference(info, strawberry.ID(self.decided_by)) if self.decided_by else None

    @classmethod
    def of(cls, act: model.StaffAct, *, info: Info) -> StaffAct:
        return cls(
            id=strawberry.ID(act.id),
            kind=act.kind,
            about=strawberry.ID(act.subject),
            reason=act.reason,
            details=StaffActDetails.of(act.details, info=info),
            state=act.state,
            at=act.at,
            expires_at=act.expires_at,
            decided_at=act.decided_at,
            note=act.note or None,
            proposed_by=act.proposer,
            decided_by=act.decided_by,
        )


@strawberry.federation.type(description="Staff intervened in an account.", authenticated=True)
class Intervention:
    id: strawberry.ID = strawberry.federation.field(description="To be quoted at a service counter.")
    kind: model.InterventionKind
    label: str = strawberry.federation.field(description="What was done, in the request's language.")
    reason: str = strawberry.federation.field(description="As the officer wrote it.", directives=[_IN_WORDS])
    at: datetime
    until: datetime | None = strawberry.federation.field(description="When it ends by itself.")
    hold: strawberry.ID | None = strawberry.federation.field(description="The legal hold that it is about.")
    by: strawberry.Private[str]
    second_by: strawberry.Private[str]

    @strawberry.federation.field(description="Who decided it.")
    async def officer(self, info: Info) -> StaffCard | None:
        return await StaffCard.resolve_reference(info, strawberry.ID(self.by))

    @strawberry.federation.field(description="Who agreed; null where one officer was enough.")
    async def second(self, info: Info) -> StaffCard | None:
        return await StaffCard.resolve_reference(info, strawberry.ID(self.second_by)) if self.second_by else None

    @classmethod
    def of(cls, made: model.Intervention, *, info: Info) -> Intervention:
        return cls(
            id=strawberry.ID(made.id),
            kind=made.kind,
            label=_KIND_LABELS[made.kind].in_(info.context.locale),
            reason=made.reason,
            at=made.at,
            until=made.until,
            hold=strawberry.ID(made.hold) if made.hold else None,
            by=made.officer,
            second_by=made.second,
        )


@strawberry.input(description="What an act is to do: of these, what its kind needs, and nothing else.")
class StaffActDetailsInput:
    until: datetime | None = strawberry.field(default=None, description="Of a freeze, of a legal hold.")
    hold: strawberry.ID | None = strawberry.field(default=None, description="Of a legal hold that is to be lifted.")
    phone: str | None = strawberry.field(default=None, description="Of who is hired; so are name to unitEn.")
    name: str | None = None
    badge: str | None = None
    unit: str | None = None
    unit_en: str | None = None
    department: str | None = strawberry.field(default=None, description="Code of a department (GB 32100).")
    roles: list[str] = strawberry.field(default_factory=list, description="All that they are to have.")
    jurisdiction: str | None = strawberry.field(default=None, description="Code of a division of the city.")
    scopes: list[str] = strawberry.field(
        default_factory=list, description="Of a client: those of its scopes that it gets; none said, all of them."
    )
    service_scopes: list[str] = strawberry.field(default_factory=list, description="What a client may do as itself.")
    exchange_to: list[str] = strawberry.field(
        default_factory=list, description="Clients for whom a client may exchange tokens."
    )

    def details(self) -> model.Details:
        return model.Details(
            until=self.until,
            hold=self.hold or "",
            phone=self.phone or "",
            name=self.name or "",
            badge=self.badge or "",
            unit=self.unit or "",
            unit_en=self.unit_en or "",
            department=self.department or "",
            roles=tuple(self.roles),
            jurisdiction=self.jurisdiction or "",
            scopes=tuple(self.scopes),
            service_scopes=tuple(self.service_scopes),
            exchange_to=tuple(self.exchange_to),
        )


@strawberry.input
class ProposeActInput:
    kind: model.Kind
    subject: strawberry.ID | None = strawberry.field(
        default=None, description="Whom or what it is about; nothing for a hire."
    )
    reason: str = strawberry.field(description="4 to 200 characters; a citizen whom it concerns reads it.")
    details: StaffActDetailsInput = strawberry.field(default_factory=StaffActDetailsInput)


@strawberry.input
class InterventionInput:
    citizen_id: strawberry.ID
    reason: str = strawberry.field(description="4 to 200 characters; the citizen reads it.")


# --- roots


def _staffing(info: Info) -> Staffing:
    return info.context.service(Staffing)


@strawberry.type
class StaffingQuery:
    @strawberry.federation.field(requires_scopes=_MANAGERS, description="Those whom you manage, newest first.")
    async def staff_members(self, info: Info, first: First = 20, after: After = None) -> Connection[StaffRecord]:
        request = PageRequest.of(first=first, after=after)
        page = await _staffing(info).members.page(principal=info.context.principal, request=request)
        return connection_of(page, lambda row: StaffRecord.of(row, info=info))

    @strawberry.federation.field(requires_scopes=_MANAGERS, description="One whom you manage.")
    async def staff_member(self, info: Info, id: strawberry.ID) -> StaffRecord:
        found = await _staffing(info).members.one(principal=info.context.principal, staff_id=id)
        return StaffRecord.of(found, info=info)

    @strawberry.federation.field(
        requires_scopes=[*_OF_ACTS, [AUDIT]],
        description="Acts that wait for a second officer and that you may decide, newest first.",
    )
    async def pending_acts(self, info: Info, first: First = 20, after: After = None) -> Connection[StaffAct]:
        request = PageRequest.of(first=first, after=after)
        page = await _staffing(info).acts.pending(principal=info.context.principal, request=request)
        return connection_of(page, lambda row: StaffAct.of(row, info=info))

    @strawberry.federation.field(requires_scopes=[*_OF_ACTS, [AUDIT]], description="An act that you may decide.")
    async def act(self, info: Info, id: strawberry.ID) -> StaffAct:
        return StaffAct.of(await _staffing(info).acts.one(principal=info.context.principal, act_id=id), info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="What staff did to your account, newest first."
    )
    async def interventions(self, info: Info, first: First = 20, after: After = None) -> Connection[Intervention]:
        request = PageRequest.of(first=first, after=after)
        page = await _staffing(info).accounts.own(principal=info.context.principal, request=request)
        return connection_of(page, lambda row: Intervention.of(row, info=info))

    @strawberry.federation.field(
        requires_scopes=_OFFICERS,
        description="What staff did to a citizen's account, newest first. The citizen sees that you looked.",
    )
    async def account_interventions(
        self, info: Info, citizen_id: strawberry.ID, first: First = 20, after: After = None
    ) -> Connection[Intervention]:
        page = await _staffing(info).accounts.of_account(
            principal=info.context.principal,
            citizen_id=citizen_id,
            request=PageRequest.of(first=first, after=after),
        )
        return connection_of(page, lambda row: Intervention.of(row, info=info))


@strawberry.type
class StaffingMutation:
    @strawberry.federation.field(
        requires_scopes=_OF_ACTS, description="Propose what takes two officers; another one has a day to approve it."
    )
    async def propose_act(self, info: Info, input: ProposeActInput) -> StaffAct:
        act = await _staffing(info).acts.propose(
            principal=info.context.principal,
            kind=input.kind,
            subject=input.subject or "",
            reason=input.reason,
            details=input.details.details(),
        )
        return StaffAct.of(act, info=info)

    @strawberry.federation.field(
        requires_scopes=_OF_ACTS, description="Agree to what another officer proposed: it is done at once."
    )
    async def approve_act(self, info: Info, id: strawberry.ID) -> StaffAct:
        return StaffAct.of(await _staffing(info).acts.approve(principal=info.context.principal, act_id=id), info=info)

    @strawberry.federation.field(requires_scopes=_OF_ACTS, description="Refuse what another officer proposed.")
    async def reject_act(self, info: Info, id: strawberry.ID, reason: str) -> StaffAct:
        rejected = await _staffing(info).acts.reject(principal=info.context.principal, act_id=id, reason=reason)
        return StaffAct.of(rejected, info=info)

    @strawberry.federation.field(requires_scopes=_OF_ACTS, description="Take back what you proposed.")
    async def withdraw_act(self, info: Info, id: strawberry.ID) -> StaffAct:
        return StaffAct.of(await _staffing(info).acts.withdraw(principal=info.context.principal, act_id=id), info=info)

    @strawberry.federation.field(
        requires_scopes=[[INTERVENE]],
        description="Freeze an account for a day: nobody signs in to it or acts for it. For longer, propose it.",
    )
    async def freeze_account(self, info: Info, input: InterventionInput) -> Intervention:
        made = await _staffing(info).accounts.freeze_for_a_day(
            principal=info.context.principal, citizen_id=input.citizen_id, reason=input.reason
        )
        return Intervention.of(made, info=info)

    @strawberry.federation.field(
        requires_scopes=[[INTERVENE]],
        description="Let an account go on that you froze yourself. What others decided, propose to undo.",
    )
    async def unfreeze_account(self, info: Info, input: InterventionInput) -> Intervention:
        made = await _staffing(info).accounts.unfreeze_own(
            principal=info.context.principal, citizen_id=input.citizen_id, reason=input.reason
        )
        return Intervention.of(made, info=info)

    @strawberry.federation.field(
        requires_scopes=[[INTERVENE]], description="End an account's sessions on every device."
    )
    async def end_account_sessions(self, info: Info, input: InterventionInput) -> Intervention:
        made = await _staffing(info).accounts.end_sessions(
            principal=info.context.principal, citizen_id=input.citizen_id, reason=input.reason
        )
        return Intervention.of(made, info=info)
