"""Acting for others, being looked up at a counter, and how a name is known, as the graph shows them."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import strawberry

from core.graph import PUBLIC, Info, MoneyType, personal
from core.locale import Locale
from core.money import Money
from identity import levels, model, relations
from identity.acting import ActingSession as Begun
from identity.cards import CONTACT_PHONE, IDENTITY_MASKED, MaskedPerson, StaffCard, loader
from identity.guardianship import Child as RegisteredChild
from identity.relations import (
    AS_ACTOR_MAX,
    AS_SUBJECT_MAX,
    DELEGATED_FOR_MAX,
    INVITATION_LIFETIME,
    KIND_LABELS,
    MATTERS,
    NEVER_DELEGATED,
    matter_words,
    source_label,
)
from identity.service import Identity

# Who belongs to whose family, and who acts for whom.
FAMILY: Final = personal("IDENTITY", 2)

strawberry.enum(
    relations.RelationKind,
    name="RelationKind",
    description="GUARDIAN of a minor, CARER of an elder, PROXY of a relative or friend, AGENT of an organisation.",
)
strawberry.enum(
    relations.Role,
    name="OrganisationRole",
    description="OWNER answers for it; ADMIN decides about operators and viewers; OPERATOR acts in chosen matters; "
    "VIEWER reads.",
)
strawberry.enum(relations.InvitationState, name="InvitationState", description="WAITING for an answer, or what became.")
strawberry.enum(relations.Side, name="RelationSide", description="ACTOR may act, SUBJECT is acted for.")


def _labels(matters: Iterable[str], locale: Locale) -> list[str]:
    return [matter_words(matter, locale) for matter in sorted(matters)]


async def _party(info: Info, citizen_id: str) -> MaskedPerson | None:
    person = await loader(info, info.context.service(Identity).acting.parties).load(citizen_id)
    return MaskedPerson.of(person, info=info) if person else None


@strawberry.federation.type(description="In this matter up to this amount, and no further.", authenticated=True)
class AmountLimit:
    matter: str
    amount: MoneyType

    @classmethod
    def of(cls, ceiling: relations.Ceiling) -> AmountLimit:
        return cls(matter=ceiling.matter, amount=MoneyType.of(Money(ceiling.amount_fen_max)))


@strawberry.federation.type(description="What acting for an organisation adds.", authenticated=True)
class Agency:
    organisation: str = strawberry.federation.field(description="Its name.")
    role: relations.Role
    limits: list[AmountLimit] = strawberry.federation.field(description="None for a matter: there is no limit.")

    @classmethod
    def of(cls, agency: relations.Agency | None) -> Agency | None:
        if agency is None:
            return None
        return cls(
            organisation=agency.organisation,
            role=agency.role,
            limits=[AmountLimit.of(ceiling) for ceiling in agency.ceilings],
        )


@strawberry.federation.type(
    description="Somebody may act for somebody else, as a register has proven or both have agreed.", authenticated=True
)
class Relation:
    id: strawberry.ID
    kind: relations.RelationKind = strawberry.federation.field(directives=[FAMILY])
    kind_label: str = strawberry.federation.field(description="In the request's language.", directives=[FAMILY])
    side: relations.Side = strawberry.federation.field(description="Which side of it is the one who asks.")
    matters: list[str] = strawberry.federation.field(description="What may be done: licences:read, payments:pay, …")
    matter_labels: list[str] = strawberry.federation.field(description="The matters in the request's language.")
    proven_by: str = strawberry.federation.field(description="The source, in the request's language.")
    since: datetime
    until: datetime | None = strawberry.federation.field(
        description="When it ends by itself: a guardian's on the child's 18th birthday.", directives=[FAMILY]
    )
    ended_at: datetime | None
    once_only: bool = strawberry.federation.field(description="Good for one use.")
    paused: bool = strawberry.federation.field(description="Nobody acts by it until it goes on.")
    agency: Agency | None = strawberry.federation.field(description="Where it is an organisation that is acted for.")
    parties: strawberry.Private[tuple[str, str]]

    @strawberry.federation.field(description="Who may act.", directives=[FAMILY])
    async def actor(self, info: Info) -> MaskedPerson | None:
        return await _party(info, self.parties[0])

    @strawberry.federation.field(description="Who is acted for; null for an organisation.", directives=[FAMILY])
    async def subject(self, info: Info) -> MaskedPerson | None:
        return await _party(info, self.parties[1])

    @classmethod
    def of(cls, relation: relations.Relation, *, info: Info) -> Relation:
        locale = info.context.locale
        return cls(
            id=strawberry.ID(relation.id),
            kind=relation.kind,
            kind_label=KIND_LABELS[relation.kind].in_(locale),
            side=relation.side(info.context.principal.actor),
            matters=sorted(relation.matters),
            matter_labels=_labels(relation.matters, locale),
            proven_by=source_label(relation.proof.source, locale),
            since=relation.since,
            until=relation.until,
            ended_at=relation.ended_at,
            once_only=relation.once_only,
            paused=relation.paused,
            agency=Agency.of(relation.agency),
            parties=(relation.actor, relation.subject),
        )


@strawberry.federation.type(
    description="One time that somebody began to act for somebody else: both see it.", authenticated=True
)
class Acting:
    id: strawberry.ID
    kind: relations.RelationKind = strawberry.federation.field(directives=[FAMILY])
    kind_label: str = strawberry.federation.field(description="In the request's language.", directives=[FAMILY])
    matters: list[str]
    matter_labels: list[str] = strawberry.federation.field(description="The matters in the request's language.")
    at: datetime
    expires_at: datetime
    agency: Agency | None = strawberry.federation.field(description="Where it is an organisation that is acted for.")
    parties: strawberry.Private[tuple[str, str]]

    @strawberry.federation.field(description="Who acts.", directives=[FAMILY])
    async def actor(self, info: Info) -> MaskedPerson | None:
        return await _party(info, self.parties[0])

    @strawberry.federation.field(description="For whom.", directives=[FAMILY])
    async def subject(self, info: Info) -> MaskedPerson | None:
        return await _party(info, self.parties[1])

    @classmethod
    def of(cls, acting: relations.Acting, *, info: Info) -> Acting:
        locale = info.context.locale
        return cls(
            id=strawberry.ID(acting.id),
            kind=acting.kind,
            kind_label=KIND_LABELS[acting.kind].in_(locale),
            matters=sorted(acting.matters),
            matter_labels=_labels(acting.matters, locale),
            at=acting.at,
            expires_at=acting.expires_at,
            agency=Agency.of(acting.agency),
            parties=(acting.actor, acting.subject),
        )


@strawberry.federation.type(
    description="A token to act for somebody else with. It cannot be renewed: begin again.", authenticated=True
)
class ActingSession:
    access_token: str
    access_token_expires_at: datetime
    matters: list[str] = strawberry.federation.field(description="What it opens; nothing else.")
    matter_labels: list[str] = strawberry.federation.field(description="The matters in the request's language.")
    agency: Agency | None = strawberry.federation.field(description="Where it is an organisation that is acted for.")
    party: strawberry.Private[str]

    @strawberry.federation.field(description="For whom; null for an organisation.", directives=[FAMILY])
    async def subject(self, info: Info) -> MaskedPerson | None:
        return await _party(info, self.party)

    @classmethod
    def of(cls, begun: Begun, *, info: Info) -> ActingSession:
        matters = begun.acting.matters
        return cls(
            access_token=begun.access.text,
            access_token_expires_at=begun.access.expires_at,
            matters=sorted(matters),
            matter_labels=_labels(matters, info.context.locale),
            agency=Agency.of(begun.acting.agency),
            party=begun.acting.subject,
        )


@strawberry.federation.type(description="An officer looked you up at a counter.", authenticated=True)
class LookUp:
    id: strawberry.ID
    at: datetime
    reason: str = strawberry.federation.field(description="As the officer wrote it.", directives=[FAMILY])
    by: strawberry.Private[str]

    @strawberry.federation.field(description="Who it was.")
    async def officer(self, info: Info) -> StaffCard | None:
        return await StaffCard.resolve_reference(info, strawberry.ID(self.by))

    @classmethod
    def of(cls, look_up: model.LookUp) -> LookUp:
        return cls(id=strawberry.ID(look_up.id), at=look_up.at, reason=look_up.reason, by=look_up.officer)


@strawberry.federation.type(description="The citizen who stands at the counter.", requires_scopes=[["citizens:find"]])
class FoundCitizen:
    id: strawberry.ID
    masked_name: str = strawberry.federation.field(directives=[IDENTITY_MASKED])
    phone: str | None = strawberry.federation.field(
        description="In E.164, for who calls those whom they find.", directives=[CONTACT_PHONE]
    )

    @classmethod
    def of(cls, citizen: model.Citizen, *, info: Info) -> FoundCitizen:
        masked_name = citizen.masked_name(info.context.locale)
        return cls(id=strawberry.ID(citizen.id), masked_name=masked_name, phone=citizen.phone)


strawberry.enum(
    levels.EvidenceKind,
    description="FORM: level 2. REGISTER, DOCUMENT: 3. FACE, NET_ID: 4. COUNTER: 5.",
)
strawberry.enum(
    levels.DocumentType,
    description="RESIDENCE_PERMIT: of residents of Hong Kong, Macao and Taiwan. HOME_RETURN_PERMIT, TAIWAN_PERMIT: "
    "with which they travel to the mainland. PERMANENT_RESIDENCE: of foreigners.",
)


@strawberry.federation.type(description="Why a name, or a person, is believed.", authenticated=True)
class RealNameEvidence:
    kind: levels.EvidenceKind
    source: str = strawberry.federation.field(description="Who said so, in the request's language.")
    document: levels.DocumentType | None = strawberry.federation.field(
        description="What kind of document was shown.", directives=[personal("IDENTITY", 2)]
    )
    at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, evidence: levels.NameEvidence, *, info: Info) -> RealNameEvidence:
        return cls(
            kind=evidence.kind,
            source=source_label(evidence.source, info.context.locale),
            document=evidence.document,
            at=evidence.at,
            expires_at=evidence.expires_at,
        )


@strawberry.input
class FindCitizenInput:
    phone: str
    name: str = strawberry.field(description="The whole name, as the person says it.")
    reason: str = strawberry.field(description="Why, 4 to 200 characters: the citizen will read it.")


@strawberry.input
class ConfirmRealNameInput:
    name: str
    id_number: str = strawberry.field(description="Of 18 characters (GB 11643).")


# --- invitations and children -----------------------------------------------------------------------------------


@strawberry.federation.type(
    description="Somebody asks for a relation. To who sends it it looks the same whether it reaches anybody.",
    authenticated=True,
)
class Invitation:
    id: strawberry.ID
    kind: relations.RelationKind = strawberry.federation.field(directives=[FAMILY])
    kind_label: str = strawberry.federation.field(description="In the request's language.", directives=[FAMILY])
    sent: bool = strawberry.federation.field(description="By the one who asks; false where they are invited.")
    side: relations.Side = strawberry.federation.field(description="Which side of it would be the one who asks.")
    addressee: str | None = strawberry.federation.field(
        description="Of one that was sent: to whom, masked, as it was written.", directives=[IDENTITY_MASKED]
    )
    matters: list[str]
    matter_labels: list[str] = strawberry.federation.field(description="The matters in the request's language.")
    until: datetime | None = strawberry.federation.field(description="Of the relation.")
    once_only: bool
    agency: Agency | None = strawberry.federation.field(description="Where it is an organisation that invites.")
    state: relations.InvitationState
    created_at: datetime
    expires_at: datetime
    inviter: strawberry.Private[str]

    @strawberry.federation.field(description="Who sent it.", directives=[FAMILY])
    async def sender(self, info: Info) -> MaskedPerson | None:
        return await _party(info, self.inviter)

    @classmethod
    def of(cls, invitation: relations.Invitation, *, info: Info) -> Invitation:
        locale, caller = info.context.locale, info.context.principal.actor
        sent = invitation.inviter == caller
        # Of one that reached nobody the other side is empty, so whose side it is follows from the known one.
        acts = invitation.actor == caller if invitation.actor else False
        return cls(
            id=strawberry.ID(invitation.id),
            kind=invitation.kind,
            kind_label=KIND_LABELS[invitation.kind].in_(locale),
            sent=sent,
            side=relations.Side.ACTOR if acts else relations.Side.SUBJECT,
            addressee=invitation.addressee if sent else None,
            matters=sorted(invitation.matters),
            matter_labels=_labels(invitation.matters, locale),
            until=invitation.until,
            once_only=invitation.once_only,
            agency=Agency.of(invitation.agency),
            state=invitation.state(info.context.service(Identity).clock.now()),
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
            inviter=invitation.inviter,
        )


@strawberry.federation.type(description="Something that may be done.", directives=[PUBLIC])
class Matter:
    code: str
    label: str = strawberry.federation.field(description="In the request's language.")


@strawberry.federation.type(description="What may be delegated, and for how long.", directives=[PUBLIC])
class DelegationRules:
    matters: list[Matter]
    never: list[Matter] = strawberry.federation.field(description="What people do themselves or not at all.")
    days_max: int = strawberry.federation.field(description="How long a relation lasts until it is renewed.")
    as_actor_max: int = strawberry.federation.field(description="For how many people one may act by invitation.")
    as_subject_max: int = strawberry.federation.field(description="How many people may act for one by invitation.")
    invitation_days: int = strawberry.federation.field(description="How long an invitation waits.")


@strawberry.federation.type(description="A child of yours, as the population register has them.", authenticated=True)
class Child:
    masked_name: str = strawberry.federation.field(directives=[FAMILY])
    masked_id_number: str = strawberry.federation.field(directives=[FAMILY])
    born: date = strawberry.federation.field(directives=[FAMILY])

    @classmethod
    def of(cls, child: RegisteredChild) -> Child:
        return cls(masked_name=child.masked_name, masked_id_number=child.masked_id_number, born=child.born)


@strawberry.input
class InviteDelegateInput:
    phone: str
    name: str = strawberry.field(description="The whole name of the other.")
    kind: relations.RelationKind = strawberry.field(description="CARER or PROXY.")
    matters: list[str]
    until: datetime = strawberry.field(description="Within a year.")
    once_only: bool = strawberry.field(default=False, description="Good for one use.")
    side: relations.Side = strawberry.field(
        default=relations.Side.SUBJECT, description="Yours: SUBJECT lets the other act, ACTOR asks to act for them."
    )


@strawberry.input
class OpenChildAccountInput:
    name: str = strawberry.field(description="The child's whole name.")
    id_number: str = strawberry.field(description="Of 18 characters (GB 11643).")


@strawberry.type
class DelegationQuery:
    @strawberry.federation.field(directives=[PUBLIC])
    def delegation_rules(self, info: Info) -> DelegationRules:
        locale = info.context.locale
        return DelegationRules(
            matters=[Matter(code=code, label=label.in_(locale)) for code, label in MATTERS.items()],
            never=[Matter(code=code, label=label.in_(locale)) for code, label in NEVER_DELEGATED.items()],
            days_max=DELEGATED_FOR_MAX.days,
            as_actor_max=AS_ACTOR_MAX,
            as_subject_max=AS_SUBJECT_MAX,
            invitation_days=INVITATION_LIFETIME.days,
        )

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Those that you sent in the last weeks, and those that wait for your answer; newest first.",
    )
    async def invitations(self, info: Info) -> list[Invitation]:
        found = await info.context.service(Identity).delegating.invitations(principal=info.context.principal)
        return [Invitation.of(invitation, info=info) for invitation in found]


@strawberry.type
class DelegationMutation:
    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Let somebody act for you, or ask to act for them. The answer never says whether there is such a "
        "person. Needs a fresh sign-in and a confirmed name.",
    )
    async def invite_delegate(self, info: Info, input: InviteDelegateInput) -> Invitation:
        invitation = await info.context.service(Identity).delegating.invite(
            principal=info.context.principal,
            phone=input.phone,
            name=input.name,
            kind=input.kind,
            matters=input.matters,
            until=input.until,
            once_only=input.once_only,
            side=input.side,
        )
        return Invitation.of(invitation, info=info)

    @strawberry.federation.field(requires_scopes=[["citizen"]], description="Say no to an invitation.")
    async def decline_invitation(self, info: Info, id: strawberry.ID) -> Invitation:
        delegating = info.context.service(Identity).delegating
        declined = await delegating.decline(principal=info.context.principal, invitation_id=id)
        return Invitation.of(declined, info=info)

    @strawberry.federation.field(requires_scopes=[["citizen"]], description="Take back an invitation that you sent.")
    async def withdraw_invitation(self, info: Info, id: strawberry.ID) -> Invitation:
        delegating = info.context.service(Identity).delegating
        withdrawn = await delegating.withdraw(principal=info.context.principal, invitation_id=id)
        return Invitation.of(withdrawn, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Let somebody who acts for you by invitation do so until another day. Needs a fresh sign-in.",
    )
    async def renew_relation(self, info: Info, id: strawberry.ID, until: datetime) -> Relation:
        delegating = info.context.service(Identity).delegating
        renewed = await delegating.renew(principal=info.context.principal, relation_id=id, until=until)
        return Relation.of(renewed, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Your children who are minors, asked of the population register. Needs a fresh sign-in.",
    )
    async def find_children(self, info: Info) -> list[Child]:
        found = await info.context.service(Identity).guardianship.find(principal=info.context.principal)
        return [Child.of(child) for child in found]

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Your child's account, which is made where there is none, and your relation to it.",
    )
    async def open_child_account(self, info: Info, input: OpenChildAccountInput) -> Relation:
        relation = await info.context.service(Identity).guardianship.open_account(
            principal=info.context.principal, name=input.name, id_number=input.id_number
        )
        return Relation.of(relation, info=info)
