"""Organisations as the graph shows them; and the answer to an invitation of any kind."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry

from core.graph import Connection, Info, Int64, connection_of
from core.paging import PageRequest
from identity import relations
from identity.cards import MaskedPerson, loader
from identity.graph_of_acting import FAMILY, Acting, AmountLimit, Invitation, Relation
from identity.organisations import model
from identity.organisations.service import Membership, Organisations
from identity.relations import MATTERS, Ceiling
from identity.service import Identity

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before the page.")]

strawberry.enum(
    model.OrganisationKind,
    description="By its code (GB 32100). DEPARTMENT: one of this city's, which publishes.",
)
strawberry.enum(
    model.Suspender, name="OrganisationSuspender", description="Who suspended it, and who may let it go on."
)


@strawberry.federation.type(description="A member of an organisation.", authenticated=True)
class OrganisationMember:
    id: strawberry.ID
    role: relations.Role
    role_label: str = strawberry.federation.field(description="In the request's language.")
    matters: list[str]
    matter_labels: list[str] = strawberry.federation.field(description="The matters in the request's language.")
    limits: list[AmountLimit]
    since: datetime
    until: datetime | None
    citizen: strawberry.Private[str]

    @strawberry.federation.field(directives=[FAMILY])
    async def person(self, info: Info) -> MaskedPerson | None:
        person = await loader(info, info.context.service(Identity).acting.parties).load(self.citizen)
        return MaskedPerson.of(person, info=info) if person else None

    @classmethod
    def of(cls, member: relations.Relation, *, info: Info) -> OrganisationMember:
        locale, role = info.context.locale, model.role_of(member)
        return cls(
            id=strawberry.ID(member.id),
            role=role,
            role_label=model.ROLE_LABELS[role].in_(locale),
            matters=sorted(member.matters),
            matter_labels=[MATTERS[matter].in_(locale) for matter in sorted(member.matters)],
            limits=[AmountLimit.of(one) for one in member.agency.ceilings] if member.agency else [],
            since=member.since,
            until=member.until,
            citizen=member.actor,
        )


@strawberry.federation.type(description="An organisation that one is a member of.", authenticated=True)
class Organisation:
    id: strawberry.ID
    uscc: str = strawberry.federation.field(description="Unified social credit code (GB 32100).")
    name: str
    kind: model.OrganisationKind
    suspended_by: model.Suspender | None = strawberry.federation.field(description="Null while people act for it.")
    suspension_reason: str | None = strawberry.federation.field(description="Where the city suspended it.")
    member: OrganisationMember = strawberry.federation.field(
        description="You: `actFor` takes its id, as that of any relation."
    )
    hand_over_until: datetime | None = strawberry.federation.field(
        description="You may take it over until then, or have offered it until then."
    )

    @strawberry.federation.field(description="All of them; for owner and administrators.")
    async def members(self, info: Info) -> list[OrganisationMember] | None:
        found = await info.context.service(Organisations).members(
            principal=info.context.principal, organisation_id=self.id
        )
        return [OrganisationMember.of(member, info=info) for member in found]

    @strawberry.federation.field(
        description="Each time that somebody began to act for it, newest first; for owner and administrators."
    )
    async def actings(self, info: Info, first: First = 20, after: After = None) -> Connection[Acting] | None:
        page = await info.context.service(Organisations).actings(
            principal=info.context.principal,
            organisation_id=self.id,
            request=PageRequest.of(first=first, after=after),
        )
        return connection_of(page, lambda row: Acting.of(row, info=info))

    @classmethod
    def of(cls, membership: Membership, *, info: Info) -> Organisation:
        one, now = membership.organisation, info.context.service(Identity).clock.now()
        offered, own = one.hand_over, membership.member.actor
        concerns = offered is not None and own in (offered.by, offered.to) and now < offered.expires_at
        return cls(
            id=strawberry.ID(one.id),
            uscc=one.uscc,
            name=one.name,
            kind=one.kind,
            suspended_by=one.suspended_by,
            suspension_reason=one.reason or None,
            member=OrganisationMember.of(membership.member, info=info),
            hand_over_until=offered.expires_at if offered and concerns else None,
        )


@strawberry.federation.type(description="Whether people act for an organisation.", authenticated=True)
class OrganisationState:
    id: strawberry.ID
    suspended_by: model.Suspender | None

    @classmethod
    def of(cls, organisation: model.Organisation) -> OrganisationState:
        return cls(id=strawberry.ID(organisation.id), suspended_by=organisation.suspended_by)


@strawberry.input
class AmountLimitInput:
    matter: str
    amount_fen_max: Int64


@strawberry.input
class PostInput:
    role: relations.Role
    matters: list[str] = strawberry.field(default_factory=list, description="For an operator: in which to act.")
    limits: list[AmountLimitInput] = strawberry.field(
        default_factory=list, description="Up to which amounts, in matters that have such."
    )

    def post(self) -> model.Post:
        return model.Post.of(self.role, matters=self.matters, ceilings=_ceilings(self.limits))


@strawberry.input
class InviteMemberInput:
    organisation_id: strawberry.ID
    phone: str
    name: str = strawberry.field(description="The whole name of the other.")
    post: PostInput
    until: datetime | None = strawberry.field(default=None, description="Within a year; null for no end.")


def _ceilings(limits: Iterable[AmountLimitInput]) -> list[Ceiling]:
    return [Ceiling(one.matter, int(one.amount_fen_max)) for one in limits]


def _organisations(info: Info) -> Organisations:
    return info.context.service(Organisations)


@strawberry.type
class OrganisationsQuery:
    @strawberry.federation.field(requires_scopes=[["citizen"]], description="Those that you are a member of.")
    async def organisations(self, info: Info) -> list[Organisation]:
        found = await _organisations(info).own(principal=info.context.principal)
        return [Organisation.of(membership, info=info) for membership in found]

    @strawberry.federation.field(requires_scopes=[["citizen"]], description="One that you are a member of.")
    async def organisation(self, info: Info, id: strawberry.ID) -> Organisation:
        found = await _organisations(info).one(principal=info.context.principal, organisation_id=id)
        return Organisation.of(found, info=info)


@strawberry.type
class OrganisationsMutation:
    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Accept an invitation, of a person or of an organisation."
    )
    async def accept_invitation(self, info: Info, id: strawberry.ID) -> Relation:
        relation = await _organisations(info).accept(principal=info.context.principal, invitation_id=id)
        return Relation.of(relation, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Become the owner of the organisation whose legal representative you are, by the register.",
    )
    async def register_organisation(self, info: Info, uscc: str, name: str) -> Organisation:
        found = await _organisations(info).registered(principal=info.context.principal, uscc=uscc, name=name)
        return Organisation.of(found, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Ask somebody to join. The answer never says whether there is such a person.",
    )
    async def invite_member(self, info: Info, input: InviteMemberInput) -> Invitation:
        invitation = await _organisations(info).invite(
            principal=info.context.principal,
            organisation_id=input.organisation_id,
            phone=input.phone,
            name=input.name,
            post=input.post.post(),
            until=input.until,
        )
        return Invitation.of(invitation, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Give a member another role; they get another id, and what they do in the old one ends.",
    )
    async def change_member_role(self, info: Info, member_id: strawberry.ID, post: PostInput) -> OrganisationMember:
        changed = await _organisations(info).change_role(
            principal=info.context.principal, member_id=member_id, post=post.post()
        )
        return OrganisationMember.of(changed, info=info)

    @strawberry.federation.field(requires_scopes=[["citizen"]], description="Let a member be one no longer.")
    async def remove_member(self, info: Info, member_id: strawberry.ID) -> bool:
        await _organisations(info).remove(principal=info.context.principal, member_id=member_id)
        return True

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Offer it to another member, who takes it over within a week."
    )
    async def hand_over(self, info: Info, organisation_id: strawberry.ID, member_id: strawberry.ID) -> Organisation:
        offered = await _organisations(info).hand_over(
            principal=info.context.principal, organisation_id=organisation_id, member_id=member_id
        )
        return Organisation.of(offered, info=info)

    @strawberry.federation.field(requires_scopes=[["citizen"]], description="Take back the offer.")
    async def withdraw_hand_over(self, info: Info, organisation_id: strawberry.ID) -> Organisation:
        found = await _organisations(info).withdraw_hand_over(
            principal=info.context.principal, organisation_id=organisation_id
        )
        return Organisation.of(found, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Become the owner, as the owner has offered."
    )
    async def take_over(self, info: Info, organisation_id: strawberry.ID) -> Organisation:
        taken = await _organisations(info).take_over(principal=info.context.principal, organisation_id=organisation_id)
        return Organisation.of(taken, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Nobody acts for it until it goes on: for its owner."
    )
    async def suspend_organisation(self, info: Info, id: strawberry.ID) -> OrganisationState:
        suspended = await _organisations(info).suspend(principal=info.context.principal, organisation_id=id)
        return OrganisationState.of(suspended)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Let it go on. What the city suspended the city alone resumes.",
    )
    async def resume_organisation(self, info: Info, id: strawberry.ID) -> OrganisationState:
        resumed = await _organisations(info).resume(principal=info.context.principal, organisation_id=id)
        return OrganisationState.of(resumed)
