"""The GraphQL door of city codes: a subgraph that extends `Citizen` and points to people by their key.

A scan and a place are entities: other rooms add to them. What only rooms need of a scan is `inaccessible`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from api.domains.citycode import model
from api.domains.citycode import place as register
from api.domains.citycode.model import PURPOSE_LABELS, SCAN_SCOPE, ScanPurpose
from api.domains.citycode.place import ACTION_LABELS, KIND_LABELS, REGISTER_SCOPE, PlaceAction, PlaceKind, Registration
from api.domains.citycode.places import Places
from api.domains.citycode.service import CityCodes
from core.access_log import AccessLog
from core.errors import NotFound
from core.graph import (
    PUBLIC,
    Connection,
    GeoPoint,
    GeoPointInput,
    Info,
    MaskedPersonKey,
    StaffCardKey,
    build_schema,
    connection_of,
    personal,
)
from core.loading import DataLoader
from core.locale import Text
from core.paging import PageRequest

SCAN_SCOPES: Final = [[SCAN_SCOPE]]
REGISTER_SCOPES: Final = [[REGISTER_SCOPE]]
WHEREABOUTS: Final = personal("WHEREABOUTS", 3)
# Where somebody was is nobody else's matter: there is none that a relation could give.
ON_OWN_BEHALF: Final = [["on_own_behalf"]]

strawberry.enum(ScanPurpose, description="Why a person's code is scanned.")
strawberry.enum(PlaceKind, description="What carries a plate.")
strawberry.enum(PlaceAction, description="What whoever reads a plate can do there.")


@strawberry.federation.type(description="A personal code, to be shown as a QR and renewed before it expires.")
class CityCode:
    text: str = strawberry.federation.field(authenticated=True, description="What goes into the QR, as it is.")
    issued_at: datetime = strawberry.federation.field(authenticated=True)
    expires_at: datetime = strawberry.federation.field(authenticated=True)
    lifetime_s: int = strawberry.federation.field(authenticated=True, description="From issue to expiry, in seconds.")

    @classmethod
    def of(cls, code: model.CityCode) -> CityCode:
        return cls(text=code.text, issued_at=code.issued_at, expires_at=code.expires_at, lifetime_s=code.lifetime_s)


@strawberry.federation.type(keys=["id"], description="One scan of one person's code by one officer.")
class Scan:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    at: datetime = strawberry.federation.field(authenticated=True, directives=[WHEREABOUTS])
    purpose: ScanPurpose = strawberry.federation.field(authenticated=True)
    person: MaskedPersonKey = strawberry.federation.field(authenticated=True, directives=[WHEREABOUTS])
    scanner: StaffCardKey = strawberry.federation.field(authenticated=True)
    code_issued_at: datetime = strawberry.federation.field(authenticated=True)
    citizen_ref: strawberry.ID = strawberry.federation.field(authenticated=True, inaccessible=True)
    scanner_ref: strawberry.ID = strawberry.federation.field(authenticated=True, inaccessible=True)
    purpose_code: str = strawberry.federation.field(authenticated=True, inaccessible=True)

    @strawberry.federation.field(authenticated=True, description="The purpose in the reader's language.")
    def purpose_label(self, info: Info) -> str:
        return PURPOSE_LABELS[self.purpose].in_(info.context.locale)

    @classmethod
    def of(cls, scan: model.Scan) -> Scan:
        return cls(
            id=strawberry.ID(scan.id),
            at=scan.at,
            purpose=scan.purpose,
            person=MaskedPersonKey(ref=strawberry.ID(scan.citizen)),
            scanner=StaffCardKey(ref=strawberry.ID(scan.scanner)),
            code_issued_at=scan.code_issued_at,
            citizen_ref=strawberry.ID(scan.citizen),
            scanner_ref=strawberry.ID(scan.scanner),
            purpose_code=scan.purpose.value,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Scan | None:
        scan = await _scan_loader(info).load(id)
        return cls.of(scan) if scan else None


def _scan_loader(info: Info) -> DataLoader[str, model.Scan | None]:
    async def load(ids: list[str]) -> list[model.Scan | None]:
        found = await info.context.service(CityCodes).visible_scans(principal=info.context.principal, ids=ids)
        return [found.get(one) for one in ids]

    return info.context.once("citycode.scans", lambda: DataLoader(load_fn=load))


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


@strawberry.federation.type(keys=[Key(fields=FieldSet("code"), resolvable=False)], directives=[PUBLIC])
class District:
    code: strawberry.ID = strawberry.federation.field()


@strawberry.federation.type(description="Something that can be done at a place or thing.", directives=[PUBLIC])
class PlaceOffer:
    kind: PlaceAction

    @strawberry.federation.field(description="In the request's language.")
    def label(self, info: Info) -> str:
        return ACTION_LABELS[self.kind].in_(info.context.locale)


@strawberry.federation.type(
    keys=["code"], description="A place or thing that carries a plate. What the plate says is for everybody."
)
class Place:
    code: strawberry.ID = strawberry.federation.field(directives=[PUBLIC], description="21 digits (CJ/T 553).")
    kind: PlaceKind = strawberry.federation.field(directives=[PUBLIC])
    category: str = strawberry.federation.field(directives=[PUBLIC], description="Class of CJ/T 553, six digits.")
    location: GeoPoint = strawberry.federation.field(directives=[PUBLIC])
    district: District = strawberry.federation.field(directives=[PUBLIC])
    actions: list[PlaceOffer] = strawberry.federation.field(directives=[PUBLIC])
    active: bool = strawberry.federation.field(
        directives=[PUBLIC], description="False when it has been taken out of the register."
    )
    report_category: str | None = strawberry.federation.field(
        directives=[PUBLIC], description="The category that a report about it has; null where nothing is reported."
    )
    plate_issue: int = strawberry.federation.field(
        requires_scopes=REGISTER_SCOPES, description="The number of its present plate; the ones before are refused."
    )
    row: strawberry.Private[register.Place]

    @strawberry.federation.field(directives=[PUBLIC], description="In the request's language.")
    def name(self, info: Info) -> str:
        return self.row.name.in_(info.context.locale)

    @strawberry.federation.field(directives=[PUBLIC], description="The kind in the request's language.")
    def kind_label(self, info: Info) -> str:
        return KIND_LABELS[self.kind].in_(info.context.locale)

    @strawberry.federation.field(
        requires_scopes=REGISTER_SCOPES, description="What goes into the QR of its present plate, as it is."
    )
    def plate(self, info: Info) -> str | None:
        return info.context.service(Places).plate(principal=info.context.principal, place=self.row)

    @classmethod
    def of(cls, row: register.Place) -> Place:
        return cls(
            code=strawberry.ID(row.code),
            kind=row.kind,
            category=row.category,
            location=GeoPoint.of(row.location),
            district=District(code=strawberry.ID(row.district)),
            actions=[PlaceOffer(kind=action) for action in row.actions],
            active=row.active,
            report_category=row.report_category,
            plate_issue=row.issue,
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, code: strawberry.ID) -> Place | None:
        return await _place(info, code)


async def _place(info: Info, code: str) -> Place | None:
    """One of those that are asked for in one turn, which are found with one query."""

    async def load(codes: list[str]) -> list[register.Place | None]:
        found = await info.context.service(Places).places(codes=codes)
        return [found.get(code) for code in codes]

    loader: DataLoader[str, register.Place | None] = info.context.once(
        "citycode.places", lambda: DataLoader(load_fn=load)
    )
    row = await loader.load(code)
    return Place.of(row) if row else None


@strawberry.federation.type(description="One visit of the citizen to a place, as they said themself.")
class CheckIn:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    at: datetime = strawberry.federation.field(authenticated=True, directives=[WHEREABOUTS])
    place_code: strawberry.Private[str]

    @strawberry.federation.field(authenticated=True, directives=[WHEREABOUTS])
    async def place(self, info: Info) -> Place | None:
        return await _place(info, self.place_code)

    @classmethod
    def of(cls, row: register.CheckIn) -> CheckIn:
        return cls(id=strawberry.ID(row.id), at=row.at, place_code=row.place)


@strawberry.federation.type(keys=["id"])
class Citizen:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Citizen:
        """Does no work: who may see what is decided by the field that is asked for."""
        return cls(id=id)

    @strawberry.federation.field(
        authenticated=True, description="A new code, for the citizen; or for the guardian who shows it for their child."
    )
    async def city_code(self, info: Info) -> CityCode | None:
        principal = info.context.principal
        code = await info.context.service(CityCodes).issue(principal=principal, citizen_id=self.id)
        if principal.delegated:
            await info.context.service(AccessLog).read(
                reader=principal, subject=self.id, fields=("city_code",), purpose="citycode.show"
            )
        return CityCode.of(code)

    @strawberry.federation.field(
        authenticated=True,
        policy=ON_OWN_BEHALF,
        directives=[WHEREABOUTS],
        description="Who scanned the citizen, when and why; newest first; for the citizen alone.",
    )
    async def scans(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Scan] | None:
        page = await info.context.service(CityCodes).scans(
            principal=info.context.principal, citizen_id=self.id, page=PageRequest.of(first=first, after=after)
        )
        return connection_of(page, Scan.of)

    @strawberry.federation.field(
        authenticated=True,
        policy=ON_OWN_BEHALF,
        directives=[WHEREABOUTS],
        description="Where the citizen checked in, newest first, for 30 days; for the citizen alone.",
    )
    async def check_ins(self, info: Info, first: int = 20, after: str | None = None) -> Connection[CheckIn] | None:
        page = await info.context.service(Places).check_ins(
            principal=info.context.principal, citizen_id=self.id, page=PageRequest.of(first=first, after=after)
        )
        return connection_of(page, CheckIn.of)


@strawberry.type
class Query:
    @strawberry.federation.field(directives=[PUBLIC], description="What a plate says; its signature is checked.")
    async def read_code(self, info: Info, text: str) -> Place | None:
        return Place.of(await info.context.service(Places).read(text=text))

    @strawberry.federation.field(directives=[PUBLIC], description="A place or thing by its 21 digits.")
    async def place(self, info: Info, code: strawberry.ID) -> Place | None:
        found = await _place(info, code)
        if found is None:
            raise NotFound(thing="place")
        return found

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


@strawberry.input(description="A place whose plate a citizen scanned.")
class CheckInInput:
    text: str = strawberry.field(description="What the QR on the plate says.")
    client_check_in_id: strawberry.ID = strawberry.field(
        description="A name that the device gives this check-in, so that it can send it again safely."
    )


@strawberry.input(description="A place or thing that is to carry a plate.")
class RegisterPlaceInput:
    client_place_id: strawberry.ID = strawberry.field(
        description="A name that the device gives this registration, so that it can send it again safely."
    )
    kind: PlaceKind
    category: str = strawberry.field(description="Class of CJ/T 553, six digits.")
    name_zh: str = strawberry.field(description="1 to 80 characters, in Chinese.")
    name_en: str = strawberry.field(description="1 to 80 characters, in English.")
    location: GeoPointInput
    report_category: str | None = strawberry.field(
        default=None, description="The category that a report about it has; null where nothing is reported."
    )
    check_in: bool = strawberry.field(default=False, description="Whether people may check in; at places only.")

    def registration(self) -> Registration:
        """Raises: BadInput."""
        return Registration(
            kind=self.kind,
            category=self.category,
            name=Text(zh=self.name_zh, en=self.name_en),
            location=self.location.point(),
            report_category=self.report_category,
            check_in=self.check_in,
            client_place_id=self.client_place_id,
        )


@strawberry.input(description="A plate that is lost, broken or copied, and is to be replaced.")
class ReissuePlaceCodeInput:
    code: strawberry.ID
    issue: int = strawberry.field(description="The number of the plate that is replaced: `plateIssue`.")


@strawberry.type
class Mutation:
    @strawberry.federation.field(
        authenticated=True, directives=[WHEREABOUTS], description="The citizen says that they are at this place."
    )
    async def check_in(self, info: Info, input: CheckInInput) -> CheckIn:
        check_in = await info.context.service(Places).check_in(
            principal=info.context.principal, text=input.text, client_check_in_id=input.client_check_in_id
        )
        return CheckIn.of(check_in)

    @strawberry.federation.field(
        requires_scopes=REGISTER_SCOPES, description="Enter a place or thing of one's jurisdiction into the register."
    )
    async def register_place(self, info: Info, input: RegisterPlaceInput) -> Place:
        made = await info.context.service(Places).register(
            principal=info.context.principal, registration=input.registration()
        )
        return Place.of(made)

    @strawberry.federation.field(
        requires_scopes=REGISTER_SCOPES, description="Take a place or thing out of the register."
    )
    async def retire_place(self, info: Info, code: strawberry.ID) -> Place:
        return Place.of(await info.context.service(Places).retire(principal=info.context.principal, code=code))

    @strawberry.federation.field(
        requires_scopes=REGISTER_SCOPES, description="Make a new plate; the one before is refused from now on."
    )
    async def reissue_place_code(self, info: Info, input: ReissuePlaceCodeInput) -> Place:
        changed = await info.context.service(Places).reissue(
            principal=info.context.principal, code=input.code, issue=input.issue
        )
        return Place.of(changed)

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


schema = build_schema(query=Query, mutation=Mutation, types=[Citizen, Scan, Place])
