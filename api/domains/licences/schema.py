"""The GraphQL door of licences: a subgraph that extends `Citizen` and points to people by their key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Final

import strawberry

from api.domains.licences import forms, model
from api.domains.licences.forms import FieldKind, FieldSpec
from api.domains.licences.issuing import Issuing
from api.domains.licences.model import (
    ISSUE_SCOPE,
    NATIONAL_CODES,
    STATUS_LABELS,
    VERIFY_SCOPE,
    Ending,
    LicenceStatus,
    VerificationResult,
)
from api.domains.licences.service import Licences
from core.divisions import division_name
from core.errors import BadInput
from core.graph import (
    PUBLIC,
    Connection,
    DepartmentType,
    Info,
    MaskedPersonKey,
    StaffCardKey,
    build_schema,
    connection_of,
    personal,
)
from core.loading import DataLoader
from core.locale import Locale
from core.paging import PageRequest

VERIFY_SCOPES: Final = [[VERIFY_SCOPE]]
ISSUE_SCOPES: Final = [[ISSUE_SCOPE]]
IDENTITY: Final = personal("IDENTITY", 3)
WHEREABOUTS: Final = personal("WHEREABOUTS", 3)

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before the page.")]

strawberry.enum(LicenceStatus, description="What a licence is worth today.")
strawberry.enum(FieldKind, name="LicenceFieldKind", description="Words, a date (YYYY-MM-DD), or a choice.")
strawberry.enum(
    Ending,
    name="LicenceEnding",
    description="How a licence is ended: as a penalty, because it should not have been issued, or with its cause.",
)
strawberry.enum(
    VerificationResult,
    name="LicenceVerificationResult",
    description="What a check of a genuine code came to: the licence is valid now, or it is not.",
)


@strawberry.federation.type(description="One of the values that a field may have.", directives=[PUBLIC])
class LicenceFieldChoice:
    value: str
    label: str = strawberry.federation.field(description="In the request's language.")


@strawberry.federation.type(description="A field that licences of a type have.", directives=[PUBLIC])
class LicenceFieldType:
    name: str
    label: str = strawberry.federation.field(description="In the request's language.")
    kind: FieldKind
    personal_level: int = strawberry.federation.field(description="0 for nothing personal, else 1 to 4 (GB/T 43697).")
    showable: bool = strawberry.federation.field(description="Whether its holder can show it.")
    shown_by_default: bool = strawberry.federation.field(description="Shown when the holder chooses nothing.")
    required: bool
    choices: list[LicenceFieldChoice]

    @classmethod
    def of(cls, spec: FieldSpec, locale: Locale) -> LicenceFieldType:
        return cls(
            name=spec.name,
            label=spec.label.in_(locale),
            kind=spec.kind,
            personal_level=spec.level,
            showable=spec.showable,
            shown_by_default=spec.by_default,
            required=spec.required,
            choices=[LicenceFieldChoice(value=v, label=label.in_(locale)) for v, label in spec.choices.items()],
        )


@strawberry.federation.type(description="A type of licence, in one version.", keys=["code"], directives=[PUBLIC])
class LicenceType:
    code: strawberry.ID = strawberry.federation.field(description="21 characters (GB/T 36904).")
    version: int
    name: str = strawberry.federation.field(description="In the request's language.")
    issuer: DepartmentType
    valid_months: int | None = strawberry.federation.field(description="Null for as long as the holder lives.")
    renewable_before_days: int = strawberry.federation.field(description="Renewed from so many days before its end.")
    renewable_after_days: int = strawberry.federation.field(description="Renewed until so many days after its end.")
    fields: list[LicenceFieldType]

    @classmethod
    def of(cls, kind: forms.LicenceType, locale: Locale) -> LicenceType:
        return cls(
            code=strawberry.ID(kind.code),
            version=kind.version,
            name=kind.name.in_(locale),
            issuer=DepartmentType.of(kind.issuer, locale),
            valid_months=kind.valid_months,
            renewable_before_days=kind.renewable_before_days,
            renewable_after_days=kind.renewable_after_days,
            fields=[LicenceFieldType.of(spec, locale) for spec in kind.fields],
        )

    @classmethod
    def resolve_reference(cls, info: Info, code: strawberry.ID) -> LicenceType | None:
        kind = info.context.service(Licences).catalogue.latest(code)
        return cls.of(kind, info.context.locale) if kind else None


@strawberry.federation.type(description="A field of a licence with its value.", authenticated=True)
class LicenceField:
    name: str
    label: str = strawberry.federation.field(description="In the request's language.")
    value: str = strawberry.federation.field(
        directives=[IDENTITY], description="As people read it: a choice is in the request's language."
    )

    @classmethod
    def all_of(cls, kind: forms.LicenceType, values: Mapping[str, str], locale: Locale) -> list[LicenceField]:
        """In the type's order."""
        return [
            cls(name=spec.name, label=spec.label.in_(locale), value=spec.text_of(values[spec.name], locale))
            for spec in kind.fields
            if spec.name in values
        ]


@strawberry.federation.type(description="A field that was shown, without its value.", authenticated=True)
class ShownLicenceField:
    name: str
    label: str = strawberry.federation.field(description="In the request's language.")


def _loader(info: Info) -> DataLoader[str, model.Licence | None]:
    """This request's licences: what is asked for in one turn is found with one query."""

    async def load(ids: list[str]) -> list[model.Licence | None]:
        found = await info.context.service(Licences).licences(principal=info.context.principal, ids=ids)
        return [found.get(name) for name in ids]

    return info.context.once("licences.licences", lambda: DataLoader(load_fn=load))


async def _licence(info: Info, licence_id: str) -> Licence | None:
    licence = await _loader(info).load(licence_id)
    return Licence.of(licence, info) if licence else None


@strawberry.federation.type(description="One version of a person's licence.", keys=["id"], authenticated=True)
class Licence:
    id: strawberry.ID
    identifier: str = strawberry.federation.field(
        directives=[IDENTITY], description="GB/T 36904, with its check character."
    )
    type: LicenceType
    version: int = strawberry.federation.field(description="1 when first issued, one more with each renewal.")
    issuer: DepartmentType
    issued_at: datetime
    valid_from: date
    valid_until: date | None = strawberry.federation.field(
        description="The last day on which it is valid; null for a licence without an end."
    )
    expires_in_days: int | None = strawberry.federation.field(
        description="Days to the last valid day: 0 on it, negative after it."
    )
    status: LicenceStatus
    status_code: str = strawberry.federation.field(description="The status in the national interface: 01 to 07, 99.")
    renewable: bool = strawberry.federation.field(description="True on the days on which it can be renewed.")
    fields: list[LicenceField]
    ended_at: datetime | None
    ended_reason: str | None = strawberry.federation.field(
        directives=[IDENTITY], description="In the department's words."
    )
    replaces_id: strawberry.Private[str | None]

    @strawberry.federation.field(description="In the request's language.")
    def status_label(self, info: Info) -> str:
        return STATUS_LABELS[self.status].in_(info.context.locale)

    @strawberry.federation.field(description="The version before this one.")
    async def replaces(self, info: Info) -> Licence | None:
        return await _licence(info, self.replaces_id) if self.replaces_id else None

    @classmethod
    def of(cls, licence: model.Licence, info: Info) -> Licence:
        today, locale = info.context.service(Licences).today(), info.context.locale
        status = licence.status(today)
        return cls(
            id=strawberry.ID(licence.id),
            identifier=licence.identifier.text,
            type=LicenceType.of(licence.type, locale),
            version=licence.version,
            issuer=DepartmentType.of(licence.issuer, locale),
            issued_at=licence.issued_at,
            valid_from=licence.valid_from,
            valid_until=licence.valid_until,
            expires_in_days=licence.days_left(today),
            status=status,
            status_code=NATIONAL_CODES[status],
            renewable=licence.renewable(today),
            fields=LicenceField.all_of(licence.type, licence.values, locale),
            ended_at=licence.ended.at if licence.ended else None,
            ended_reason=licence.ended.reason if licence.ended else None,
            replaces_id=licence.replaces,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Licence | None:
        return await _licence(info, id)


@strawberry.federation.type(
    description="A code that shows a licence once, to be put into a QR before it expires.", authenticated=True
)
class LicenceShare:
    id: strawberry.ID = strawberry.federation.field(description="The showing that checking the code makes has this id.")
    text: str = strawberry.federation.field(directives=[IDENTITY], description="What goes into the QR, as it is.")
    expires_at: datetime
    lifetime_s: int = strawberry.federation.field(description="From issue to expiry, in seconds.")
    purpose: str = strawberry.federation.field(directives=[IDENTITY])
    fields: list[LicenceField] = strawberry.federation.field(description="What whoever checks the code will see.")

    @classmethod
    def of(cls, share: model.Share, locale: Locale) -> LicenceShare:
        return cls(
            id=strawberry.ID(share.id),
            text=share.text,
            expires_at=share.expires_at,
            lifetime_s=share.lifetime_s,
            purpose=share.purpose,
            fields=LicenceField.all_of(share.licence.type, share.values, locale),
        )


@strawberry.federation.type(description="What a check of a genuine code came to.", requires_scopes=VERIFY_SCOPES)
class LicenceVerification:
    id: strawberry.ID
    at: datetime = strawberry.federation.field(directives=[WHEREABOUTS])
    result: VerificationResult
    status: LicenceStatus = strawberry.federation.field(description="The licence's, when it was checked.")
    type: LicenceType
    fields: list[LicenceField] = strawberry.federation.field(
        description="What its holder chose to show; nothing when the licence is not valid."
    )
    purpose: str = strawberry.federation.field(directives=[IDENTITY], description="In the holder's words.")
    holder: MaskedPersonKey = strawberry.federation.field(directives=[WHEREABOUTS])
    valid_until: date | None

    @strawberry.federation.field(requires_scopes=VERIFY_SCOPES, description="In the request's language.")
    def status_label(self, info: Info) -> str:
        return STATUS_LABELS[self.status].in_(info.context.locale)

    @classmethod
    def of(cls, verification: model.Verification, locale: Locale) -> LicenceVerification:
        showing = verification.showing
        return cls(
            id=strawberry.ID(showing.id),
            at=showing.at,
            result=showing.result,
            status=showing.status,
            type=LicenceType.of(showing.type, locale),
            fields=LicenceField.all_of(showing.type, verification.values, locale),
            purpose=showing.purpose,
            holder=MaskedPersonKey(ref=strawberry.ID(showing.holder)),
            valid_until=verification.licence.valid_until,
        )


@strawberry.federation.type(description="One check of one of a person's licences by one officer.", authenticated=True)
class LicenceShowing:
    id: strawberry.ID
    at: datetime = strawberry.federation.field(directives=[WHEREABOUTS])
    type: LicenceType
    verifier: StaffCardKey
    jurisdiction_code: str | None = strawberry.federation.field(
        directives=[WHEREABOUTS], description="The part of the city that the officer answers for (GB/T 2260)."
    )
    purpose: str = strawberry.federation.field(directives=[IDENTITY], description="In the holder's own words.")
    fields: list[ShownLicenceField]
    result: VerificationResult
    status: LicenceStatus = strawberry.federation.field(description="The licence's, when it was checked.")
    licence_id: strawberry.Private[str]

    @strawberry.federation.field(description="In the request's language.")
    def status_label(self, info: Info) -> str:
        return STATUS_LABELS[self.status].in_(info.context.locale)

    @strawberry.federation.field(
        directives=[WHEREABOUTS], description="The officer's part of the city, in the request's language."
    )
    def jurisdiction_name(self, info: Info) -> str | None:
        name = division_name(self.jurisdiction_code) if self.jurisdiction_code else None
        return name.in_(info.context.locale) if name else self.jurisdiction_code

    @strawberry.federation.field(description="The licence as it is now.")
    async def licence(self, info: Info) -> Licence | None:
        return await _licence(info, self.licence_id)

    @classmethod
    def of(cls, showing: model.Showing, locale: Locale) -> LicenceShowing:
        specs = [spec for spec in showing.type.fields if spec.name in showing.names]
        return cls(
            id=strawberry.ID(showing.id),
            at=showing.at,
            type=LicenceType.of(showing.type, locale),
            verifier=StaffCardKey(ref=strawberry.ID(showing.verifier)),
            jurisdiction_code=showing.jurisdiction or None,
            purpose=showing.purpose,
            fields=[ShownLicenceField(name=spec.name, label=spec.label.in_(locale)) for spec in specs],
            result=showing.result,
            status=showing.status,
            licence_id=showing.licence,
        )


@strawberry.federation.type(keys=["id"])
class Citizen:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Citizen:
        """Does no work: who may see what is decided by the field that is asked for."""
        return cls(id=id)

    @strawberry.federation.field(
        authenticated=True,
        directives=[IDENTITY],
        description="The wallet: valid licences first, of those what ends soonest; without versions that were "
        "replaced. For the citizen, and who acts for them in licences:read.",
    )
    async def licences(self, info: Info) -> list[Licence] | None:
        wallet = await info.context.service(Licences).wallet(principal=info.context.principal, citizen_id=self.id)
        return [Licence.of(licence, info) for licence in wallet]

    @strawberry.federation.field(
        authenticated=True,
        directives=[WHEREABOUTS],
        description="Who checked the citizen's licences, when, where, for what and which fields; newest first. "
        "For the citizen, and who acts for them in licences:read.",
    )
    async def licence_showings(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[LicenceShowing] | None:
        page = await info.context.service(Licences).showings(
            principal=info.context.principal, citizen_id=self.id, page=PageRequest.of(first=first, after=after)
        )
        return connection_of(page, lambda showing: LicenceShowing.of(showing, info.context.locale))


@strawberry.type
class Query:
    @strawberry.federation.field(directives=[PUBLIC], description="The types of licence that the city knows.")
    def licence_types(self, info: Info) -> list[LicenceType]:
        return [LicenceType.of(kind, info.context.locale) for kind in info.context.service(Licences).types()]

    @strawberry.federation.field(
        authenticated=True,
        directives=[IDENTITY],
        description="For its holder, who acts for them in licences:read, and clerks of the department that issued it.",
    )
    async def licence(self, info: Info, id: strawberry.ID) -> Licence | None:
        service = info.context.service(Licences)
        return Licence.of(await service.licence(principal=info.context.principal, licence_id=id), info)

    @strawberry.federation.field(
        requires_scopes=ISSUE_SCOPES,
        directives=[IDENTITY],
        description="What a citizen holds or held of the types that the clerk's own department issues.",
    )
    async def issued_licences(self, info: Info, holder_id: strawberry.ID) -> list[Licence]:
        found = await info.context.service(Issuing).issued(principal=info.context.principal, holder_id=holder_id)
        return [Licence.of(licence, info) for licence in found]


@strawberry.input(description="A licence of one's own, and what of it is shown for what.")
class ShareLicenceInput:
    licence_id: strawberry.ID
    fields: list[str] | None = strawberry.field(
        default=None, description="Names of the type's fields, 1 to 32; its default set when none are given."
    )
    purpose: str = strawberry.field(description="1 to 60 characters; whoever checks the code reads it.")


@strawberry.input(description="A code that an officer scanned, or read in by hand.")
class VerifyLicenceInput:
    text: str = strawberry.field(description="What the QR says, from `CL1:` on.")
    client_verification_id: strawberry.ID | None = strawberry.field(
        default=None, description="A name that the device gives this check, so that it can send it again safely."
    )


@strawberry.input(description="A field with its value.")
class LicenceFieldInput:
    name: str
    value: str = strawberry.field(description="1 to 80 characters; a date as YYYY-MM-DD; a choice by its value.")


@strawberry.input(description="A licence of the clerk's own department for one citizen.")
class IssueLicenceInput:
    holder_id: strawberry.ID
    type_code: strawberry.ID
    fields: list[LicenceFieldInput]
    valid_from: date | None = strawberry.field(default=None, description="Today when none is given, never later.")
    valid_until: date | None = strawberry.field(default=None, description="By the type's rule when none is given.")


@strawberry.input(description="A licence to be replaced with its next version.")
class RenewLicenceInput:
    licence_id: strawberry.ID
    fields: list[LicenceFieldInput] | None = strawberry.field(
        default=None, description="What has changed; the rest is taken over."
    )
    valid_until: date | None = strawberry.field(default=None, description="By the type's rule when none is given.")


@strawberry.input(description="A licence to be ended for good.")
class RevokeLicenceInput:
    licence_id: strawberry.ID
    reason: str = strawberry.field(description="1 to 200 characters; its holder reads it.")
    ending: Ending = Ending.REVOKED


def _values(fields: Sequence[LicenceFieldInput]) -> dict[str, str]:
    """Raises: BadInput when there are too many, or one stands twice."""
    if len(fields) > forms.FIELDS_MAX:
        raise BadInput(field="fields", problem=f"must be at most {forms.FIELDS_MAX}")
    values = {field.name: field.value for field in fields}
    if len(values) < len(fields):
        raise BadInput(field="fields", problem="must not name a field twice")
    return values


@strawberry.type
class Mutation:
    @strawberry.federation.field(
        authenticated=True,
        description="Make a code that shows one's own licence, once and within a minute. For the holder alone.",
    )
    async def share_licence(self, info: Info, input: ShareLicenceInput) -> LicenceShare:
        share = await info.context.service(Licences).share(
            principal=info.context.principal,
            licence_id=input.licence_id,
            fields=input.fields,
            purpose=input.purpose,
        )
        return LicenceShare.of(share, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=VERIFY_SCOPES, description="Check a code by machine, and record that it was checked."
    )
    async def verify_licence(self, info: Info, input: VerifyLicenceInput) -> LicenceVerification:
        verification = await info.context.service(Licences).verify(
            principal=info.context.principal,
            text=input.text,
            client_verification_id=input.client_verification_id,
        )
        return LicenceVerification.of(verification, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=ISSUE_SCOPES, description="Issue a licence to a citizen who holds none of its type."
    )
    async def issue_licence(self, info: Info, input: IssueLicenceInput) -> Licence:
        licence = await info.context.service(Issuing).issue(
            principal=info.context.principal,
            holder_id=input.holder_id,
            type_code=input.type_code,
            values=_values(input.fields),
            valid_from=input.valid_from,
            valid_until=input.valid_until,
        )
        return Licence.of(licence, info)

    @strawberry.federation.field(
        requires_scopes=ISSUE_SCOPES, description="Replace a licence with its next version, under the same serial."
    )
    async def renew_licence(self, info: Info, input: RenewLicenceInput) -> Licence:
        licence = await info.context.service(Issuing).renew(
            principal=info.context.principal,
            licence_id=input.licence_id,
            values=_values(input.fields or []),
            valid_until=input.valid_until,
        )
        return Licence.of(licence, info)

    @strawberry.federation.field(
        requires_scopes=ISSUE_SCOPES, description="End a licence for good; its holder is told why."
    )
    async def revoke_licence(self, info: Info, input: RevokeLicenceInput) -> Licence:
        licence = await info.context.service(Issuing).revoke(
            principal=info.context.principal,
            licence_id=input.licence_id,
            reason=input.reason,
            ending=input.ending,
        )
        return Licence.of(licence, info)


schema = build_schema(query=Query, mutation=Mutation, types=[Citizen])
