"""The GraphQL door of city codes: a subgraph that extends `Citizen` and points to people by their key."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from api.domains.citycode import model
from api.domains.citycode.model import PURPOSE_LABELS, SCAN_SCOPE, ScanPurpose
from api.domains.citycode.service import CityCodes
from core.graph import Connection, Info, build_schema, connection_of, personal
from core.paging import PageRequest

SCAN_SCOPES: Final = [[SCAN_SCOPE]]
WHEREABOUTS: Final = personal("WHEREABOUTS", 3)

strawberry.enum(ScanPurpose, description="Why a person's code is scanned.")


@strawberry.federation.type(description="A personal code, to be shown as a QR and renewed before it expires.")
class CityCode:
    text: str = strawberry.federation.field(authenticated=True, description="What goes into the QR, as it is.")
    issued_at: datetime = strawberry.federation.field(authenticated=True)
    expires_at: datetime = strawberry.federation.field(authenticated=True)
    lifetime_s: int = strawberry.federation.field(authenticated=True, description="From issue to expiry, in seconds.")

    @classmethod
    def of(cls, code: model.CityCode) -> CityCode:
        return cls(text=code.text, issued_at=code.issued_at, expires_at=code.expires_at, lifetime_s=code.lifetime_s)


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("ref"), resolvable=False)], description="What an officer may see of a person."
)
class MaskedPerson:
    ref: strawberry.ID = strawberry.federation.field(authenticated=True, inaccessible=True)


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("ref"), resolvable=False)], description="What a citizen may see of an officer."
)
class StaffCard:
    ref: strawberry.ID = strawberry.federation.field(authenticated=True, inaccessible=True)


@strawberry.federation.type(description="One scan of one person's code by one officer.")
class Scan:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    at: datetime = strawberry.federation.field(authenticated=True, directives=[WHEREABOUTS])
    purpose: ScanPurpose = strawberry.federation.field(authenticated=True)
    person: MaskedPerson = strawberry.federation.field(authenticated=True, directives=[WHEREABOUTS])
    scanner: StaffCard = strawberry.federation.field(authenticated=True)
    code_issued_at: datetime = strawberry.federation.field(authenticated=True)

    @strawberry.federation.field(authenticated=True, description="The purpose in the reader's language.")
    def purpose_label(self, info: Info) -> str:
        return PURPOSE_LABELS[self.purpose].in_(info.context.locale)

    @classmethod
    def of(cls, scan: model.Scan) -> Scan:
        return cls(
            id=strawberry.ID(scan.id),
            at=scan.at,
            purpose=scan.purpose,
            person=MaskedPerson(ref=strawberry.ID(scan.citizen)),
            scanner=StaffCard(ref=strawberry.ID(scan.scanner)),
            code_issued_at=scan.code_issued_at,
        )


@strawberry.federation.type(description="How often the officer scanned for one purpose on one day of the city.")
class ScanTally:
    purpose: ScanPurpose = strawberry.federation.field(requires_scopes=SCAN_SCOPES)
    day: date = strawberry.federation.field(requires_scopes=SCAN_SCOPES)
    count: int = strawberry.federation.field(requires_scopes=SCAN_SCOPES)

    @strawberry.federation.field(requires_scopes=SCAN_SCOPES, description="The purpose in the reader's language.")
    def purpose_label(self, info: Info) -> str:
        return PURPOSE_LABELS[self.purpose].in_(info.context.locale)

    @classmethod
    def of(cls, tally: model.ScanTally) -> ScanTally:
        return cls(purpose=tally.purpose, day=tally.day, count=tally.count)


@strawberry.federation.type(keys=["id"])
class Citizen:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Citizen:
        """Does no work: who may see what is decided by the field that is asked for."""
        return cls(id=id)

    @strawberry.federation.field(authenticated=True, description="A new code, for the citizen alone.")
    async def city_code(self, info: Info) -> CityCode | None:
        code = await info.context.service(CityCodes).issue(principal=info.context.principal, citizen_id=self.id)
        return CityCode.of(code)

    @strawberry.federation.field(
        authenticated=True,
        directives=[WHEREABOUTS],
        description="Who scanned the citizen, when and why; newest first; for the citizen alone.",
    )
    async def scans(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Scan] | None:
        page = await info.context.service(CityCodes).scans(
            principal=info.context.principal, citizen_id=self.id, page=PageRequest.of(first=first, after=after)
        )
        return connection_of(page, Scan.of)


@strawberry.type
class Query:
    @strawberry.federation.field(
        requires_scopes=SCAN_SCOPES,
        directives=[WHEREABOUTS],
        description="What the officer who asks scanned today; newest first.",
    )
    async def staff_scans(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Scan]:
        page = await info.context.service(CityCodes).staff_scans(
            principal=info.context.principal, page=PageRequest.of(first=first, after=after)
        )
        return connection_of(page, Scan.of)

    @strawberry.federation.field(
        requires_scopes=SCAN_SCOPES,
        description="How often the officer who asks scanned today, by purpose. May lag a scan by a moment.",
    )
    async def scan_tallies(self, info: Info) -> list[ScanTally]:
        tallies = await info.context.service(CityCodes).tallies(principal=info.context.principal)
        return [ScanTally.of(tally) for tally in tallies]


@strawberry.input(description="A code that an officer scanned, or read in by hand.")
class ScanCityCodeInput:
    text: str = strawberry.field(description="What the QR says, from `CC1:` on.")
    purpose: ScanPurpose
    client_scan_id: strawberry.ID | None = strawberry.field(
        default=None, description="A name that the device gives this scan, so that it can send it again safely."
    )


@strawberry.type
class Mutation:
    @strawberry.federation.field(
        requires_scopes=SCAN_SCOPES, description="Check a code by machine, and record that it was scanned."
    )
    async def scan_city_code(self, info: Info, input: ScanCityCodeInput) -> Scan:
        scan = await info.context.service(CityCodes).scan(
            principal=info.context.principal,
            text=input.text,
            purpose=input.purpose,
            client_scan_id=input.client_scan_id,
        )
        return Scan.of(scan)


schema = build_schema(query=Query, mutation=Mutation, types=[Citizen])
