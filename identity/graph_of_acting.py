"""Acting for others, being looked up at a counter, and how a name is known, as the graph shows them."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import strawberry

from core.graph import Info, personal
from core.locale import Locale
from identity import model, relations
from identity.acting import ActingSession as Begun
from identity.cards import CONTACT_PHONE, IDENTITY_MASKED, MaskedPerson, StaffCard, loader
from identity.relations import KIND_LABELS, MATTERS, source_label
from identity.service import Identity

# Who belongs to whose family, and who acts for whom.
FAMILY: Final = personal("IDENTITY", 2)

strawberry.enum(relations.RelationKind, name="RelationKind", description="GUARDIAN of a minor, CARER of an elder.")
strawberry.enum(relations.Side, name="RelationSide", description="ACTOR may act, SUBJECT is acted for.")


def _labels(matters: Iterable[str], locale: Locale) -> list[str]:
    return [MATTERS[matter].in_(locale) if matter in MATTERS else matter for matter in sorted(matters)]


async def _party(info: Info, citizen_id: str) -> MaskedPerson | None:
    person = await loader(info, info.context.service(Identity).acting.parties).load(citizen_id)
    return MaskedPerson.of(person, info=info) if person else None


@strawberry.federation.type(
    description="Somebody may act for somebody else, as a register has proven.", authenticated=True
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
    parties: strawberry.Private[tuple[str, str]]

    @strawberry.federation.field(description="Who may act.", directives=[FAMILY])
    async def actor(self, info: Info) -> MaskedPerson | None:
        return await _party(info, self.parties[0])

    @strawberry.federation.field(description="Who is acted for.", directives=[FAMILY])
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
    party: strawberry.Private[str]

    @strawberry.federation.field(description="For whom.", directives=[FAMILY])
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


@strawberry.federation.type(description="Why a name is believed.", authenticated=True)
class RealNameEvidence:
    source: str = strawberry.federation.field(description="Who said so, in the request's language.")
    at: datetime

    @classmethod
    def of(cls, evidence: model.Evidence, *, info: Info) -> RealNameEvidence:
        return cls(source=source_label(evidence.source, info.context.locale), at=evidence.at)


@strawberry.input
class FindCitizenInput:
    phone: str
    name: str = strawberry.field(description="The whole name, as the person says it.")
    reason: str = strawberry.field(description="Why, 4 to 200 characters: the citizen will read it.")


@strawberry.input
class ConfirmRealNameInput:
    name: str
    id_number: str = strawberry.field(description="Of 18 characters (GB 11643).")
