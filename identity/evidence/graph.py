"""Real-name levels as the graph shows them, and the ways to prove who one is."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import date, datetime

import strawberry

from core.graph import Info, personal
from identity import faces, levels
from identity.cards import IDENTITY_MASKED
from identity.evidence import model
from identity.evidence.service import Asking, Entered, Evidences
from identity.graph_of_acting import RealNameEvidence
from identity.model import Citizen as Account

IDENTITY_HOW = personal("IDENTITY", 2)


@strawberry.federation.type(description="One way to prove who you are.", authenticated=True)
class RealNameWay:
    kind: levels.EvidenceKind
    level: int = strawberry.federation.field(description="That it leads to.")
    available: bool = strawberry.federation.field(
        description="False where the city does not offer it, where it needs a lower level first, and where you came by "
        "net-ID and it asks for your name in clear, which you may give but are not asked for."
    )

    @classmethod
    def of(cls, way: model.Way) -> RealNameWay:
        return cls(kind=way.kind, level=way.level, available=way.available)


@strawberry.federation.type(description="How well you are known, why, and how to be known better.", authenticated=True)
class RealNameStanding:
    level: int = strawberry.federation.field(description="1 to 5 (urn:city:rl:N), as the next access token says.")
    valid_until: datetime | None = strawberry.federation.field(
        description="When the level falls to what other evidence supports; null for level 1."
    )
    evidence: list[RealNameEvidence] = strawberry.federation.field(
        description="What has not expired, the strongest first.", directives=[IDENTITY_HOW]
    )
    ways: list[RealNameWay]

    @classmethod
    def of(cls, standing: model.Standing, *, info: Info) -> RealNameStanding:
        return cls(
            level=standing.level,
            valid_until=standing.until,
            evidence=[RealNameEvidence.of(one, info=info) for one in standing.evidence],
            ways=[RealNameWay.of(way) for way in standing.ways],
        )


@strawberry.federation.type(description="A real-person check that was begun.", authenticated=True)
class FaceCheck:
    id: strawberry.ID
    url: str = strawberry.federation.field(
        description="Of the provider's page. It goes on to the app's `/real-name/face`, with `#check=…&result=…`."
    )
    expires_at: datetime

    @classmethod
    def of(cls, check: faces.FaceCheck) -> FaceCheck:
        return cls(id=strawberry.ID(check.id), url=check.url, expires_at=check.expires_at)


@strawberry.federation.type(description="For an officer at a counter, who verifies you with it.", authenticated=True)
class CounterTicket:
    code: str = strawberry.federation.field(description="Eight digits, good once; a newer ticket replaces it.")
    expires_at: datetime

    @classmethod
    def of(cls, ticket: model.Ticket) -> CounterTicket:
        return cls(code=ticket.code, expires_at=ticket.expires_at)


@strawberry.federation.type(description="Whom you verified.", requires_scopes=[[model.VERIFY_SCOPE]])
class VerifiedPerson:
    masked_name: str = strawberry.federation.field(directives=[IDENTITY_MASKED])
    level: int
    valid_until: datetime | None

    @classmethod
    def of(cls, citizen: Account, *, info: Info) -> VerifiedPerson:
        until = max((one.expires_at for one in citizen.in_force if one.level == citizen.real_name_level), default=None)
        masked = citizen.masked_name(info.context.locale)
        return cls(masked_name=masked, level=citizen.real_name_level, valid_until=until)


@strawberry.input
class ConfirmDocumentInput:
    type: levels.DocumentType
    name: str = strawberry.field(description="As the document has it.")
    number: str
    nationality: str | None = strawberry.field(default=None, description="Of a passport: ISO 3166-1, three letters.")
    birth_date: date | None = None
    expires_on: date | None = strawberry.field(default=None, description="Its last day; the evidence expires with it.")
    mrz: str | None = strawberry.field(
        default=None, description="Of a passport: both lines of its machine-readable zone, with a line break between."
    )

    def entered(self) -> Entered:
        return Entered(
            self.type,
            self.name,
            self.number,
            nationality=self.nationality or "",
            born=self.birth_date,
            expires_on=self.expires_on,
            mrz=self.mrz or "",
        )


@strawberry.input
class ConfirmAtCounterInput:
    ticket: str = strawberry.field(description="Eight digits, as the person shows them.")
    type: levels.DocumentType
    number: str
    name: str = strawberry.field(description="As the document has it, which you see.")
    nationality: str | None = strawberry.field(default=None, description="Of a passport: ISO 3166-1, three letters.")
    birth_date: date | None = None
    expires_on: date | None = None
    reason: str = strawberry.field(description="4 to 200 characters: the citizen will read it.")

    def entered(self) -> Entered:
        return Entered(
            self.type,
            self.name,
            self.number,
            nationality=self.nationality or "",
            born=self.birth_date,
            expires_on=self.expires_on,
        )


def asking(info: Info) -> Asking:
    """The caller, and from where they ask."""
    client = info.context.client
    return Asking(info.context.principal, client.device_id, client.address)


@strawberry.type
class EvidenceQuery:
    @strawberry.federation.field(requires_scopes=[["citizen"]], description="Your real-name level, and why.")
    async def real_name(self, info: Info) -> RealNameStanding:
        found = await info.context.service(Evidences).standing(principal=info.context.principal)
        return RealNameStanding.of(found, info=info)


@strawberry.type
class EvidenceMutation:
    """What answers with the citizen stands in `identity.schema`, which knows what a citizen looks like."""

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Begin a check of whether you are who your name says (level 4). Asks for a fresh proof.",
    )
    async def begin_face_check(self, info: Info) -> FaceCheck:
        return FaceCheck.of(await info.context.service(Evidences).begin_face_check(asking=asking(info)))

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="For an officer at a counter (level 5). Asks for a fresh proof. Show it to nobody else.",
    )
    async def issue_counter_ticket(self, info: Info) -> CounterTicket:
        return CounterTicket.of(await info.context.service(Evidences).issue_ticket(asking=asking(info)))

    @strawberry.federation.field(
        requires_scopes=[[model.VERIFY_SCOPE]],
        description="You see the person of this ticket and their document (level 5). The person sees that you did.",
    )
    async def confirm_at_counter(self, info: Info, input: ConfirmAtCounterInput) -> VerifiedPerson:
        verified = await info.context.service(Evidences).confirm_at_counter(
            asking=asking(info), ticket=input.ticket, entered=input.entered(), reason=input.reason
        )
        return VerifiedPerson.of(verified, info=info)
