"""Consents, the access log, copies of one's data and erasure, as the graph shows them to the citizen."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import strawberry

from core.access_log import Access
from core.graph import PUBLIC, Connection, Info, connection_of, personal
from core.ids import is_id
from core.paging import PageRequest
from identity.cards import MaskedPerson, StaffCard
from identity.consents import downloads, erasing, erasures, model, readings, shelf
from identity.consents.catalogue import FIELDS, field_words, purpose_words
from identity.consents.service import Consents

# With whom somebody deals, and for what.
DEALINGS: Final = personal("IDENTITY", 2)

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before the page.")]
Fields = Annotated[
    list[str] | None, strawberry.argument(description="The fields to take back; without it, all of them.")
]

strawberry.enum(model.LegalBasis, name="LegalBasis", description="Why a program may read. PIPL article 13.")
strawberry.enum(model.Act, name="ConsentAct", description="What was done about a consent.")
strawberry.enum(shelf.DownloadState, name="DownloadState", description="How far a copy of one's data is.")
strawberry.enum(erasing.ErasureState, name="ErasureState", description="How far an erasure is.")
strawberry.enum(readings.ExportFormat, name="ExportFormat", description="JSON for programs, CSV for spreadsheets.")


@strawberry.federation.type(description="A personal field, by code and in words.", authenticated=True)
class PersonalField:
    code: str
    name: str = strawberry.federation.field(description="In the request's language.")
    sensitive: bool = strawberry.federation.field(description="Agreed to on its own (PIPL article 29).")

    @classmethod
    def of(cls, code: str, *, info: Info) -> PersonalField:
        known = FIELDS.get(code)
        return cls(
            code=code, name=field_words(code, info.context.locale), sensitive=known is not None and known.sensitive
        )


@strawberry.federation.type(description="One act in the ledger of consents. It never changes.", authenticated=True)
class ConsentEntry:
    id: strawberry.ID
    act: model.Act
    at: datetime
    until: datetime | None
    fields: list[PersonalField] = strawberry.federation.field(directives=[DEALINGS])
    text_hash: str | None = strawberry.federation.field(description="SHA-256 of the text that was shown, in hex.")
    language: str | None = strawberry.federation.field(description="In which it was shown.")
    hash: strawberry.Private[str]

    @strawberry.federation.field(description="What was shown, word by word; null for a withdrawal.")
    async def text(self, info: Info) -> str | None:
        return await info.context.service(Consents).store.text(self.hash) if self.hash else None

    @classmethod
    def of(cls, entry: model.Entry, *, info: Info) -> ConsentEntry:
        return cls(
            id=strawberry.ID(entry.id),
            act=entry.act,
            at=entry.at,
            until=entry.until,
            fields=[PersonalField.of(code, info=info) for code in entry.fields],
            text_hash=entry.text_hash or None,
            language=entry.locale.value if entry.locale else None,
            hash=entry.text_hash,
        )


@strawberry.federation.type(description="What a program may read of you, for what, until when.", authenticated=True)
class Consent:
    id: strawberry.ID
    client_id: strawberry.ID = strawberry.federation.field(directives=[DEALINGS])
    purpose: str = strawberry.federation.field(description="Why, in the program's words.", directives=[DEALINGS])
    basis: model.LegalBasis
    fields: list[PersonalField] = strawberry.federation.field(
        description="What it may read now.", directives=[DEALINGS]
    )
    since: datetime
    until: datetime | None = strawberry.federation.field(description="When the first of the fields ends by itself.")
    withdrawn_at: datetime | None
    whole: strawberry.Private[model.Consent]

    @strawberry.federation.field(description="The program, as people call it.", directives=[DEALINGS])
    async def client_name(self, info: Info) -> str:
        return await info.context.service(Consents).clients.name(self.client_id)

    @strawberry.federation.field(description="Every act, oldest first.")
    async def history(self, info: Info) -> list[ConsentEntry] | None:
        service, principal = info.context.service(Consents), info.context.principal
        entries = await service.history(principal=principal, consent=self.whole)
        return [ConsentEntry.of(entry, info=info) for entry in entries]

    @classmethod
    def of(cls, consent: model.Consent, *, info: Info) -> Consent:
        now = info.context.service(Consents).clock.now()
        live = consent.fields(now)
        return cls(
            id=strawberry.ID(consent.id),
            client_id=strawberry.ID(consent.client),
            purpose=purpose_words(consent.purpose, info.context.locale),
            basis=consent.basis,
            fields=[PersonalField.of(code, info=info) for code in sorted(live)],
            since=consent.since,
            until=min((grant.until for name in live if (grant := consent.grants[name]).until), default=None),
            withdrawn_at=consent.withdrawn_at,
            whole=consent,
        )


@strawberry.federation.type(description="Somebody read something of yours.", authenticated=True)
class AccessEntry:
    id: strawberry.ID
    at: datetime
    fields: list[PersonalField] = strawberry.federation.field(description="What.", directives=[DEALINGS])
    purpose: str = strawberry.federation.field(description="Why, in words.", directives=[DEALINGS])
    reason: str | None = strawberry.federation.field(
        description="In the reader's own words, where they gave any.", directives=[DEALINGS]
    )
    reader: strawberry.Private[str]
    client: strawberry.Private[str]
    for_whom: strawberry.Private[str]

    @strawberry.federation.field(description="Who it was, if a member of staff.")
    async def officer(self, info: Info) -> StaffCard | None:
        if not is_id(self.reader, prefix="stf"):
            return None
        return await StaffCard.resolve_reference(info, strawberry.ID(self.reader))

    @strawberry.federation.field(description="Who it was, if somebody who acted for you.", directives=[DEALINGS])
    async def person(self, info: Info) -> MaskedPerson | None:
        return await _person(info, self.reader)

    @strawberry.federation.field(description="With which program; null for the city's own.", directives=[DEALINGS])
    async def program(self, info: Info) -> str | None:
        return await info.context.service(Consents).clients.name(self.client) if self.client else None

    @strawberry.federation.field(
        description="On whose behalf; null where it was the reader's own office.", directives=[DEALINGS]
    )
    async def on_behalf_of(self, info: Info) -> MaskedPerson | None:
        return await _person(info, self.for_whom)

    @classmethod
    def of(cls, access: Access, *, info: Info) -> AccessEntry:
        return cls(
            id=strawberry.ID(access.id),
            at=access.at,
            fields=[PersonalField.of(code, info=info) for code in access.fields],
            purpose=purpose_words(access.purpose, info.context.locale),
            reason=access.reason.in_(info.context.locale) if access.reason else None,
            reader=access.reader,
            client=access.client,
            for_whom=access.for_whom,
        )


async def _person(info: Info, id_: str) -> MaskedPerson | None:
    return await MaskedPerson.seen(info, id_) if is_id(id_, prefix="cit") else None


@strawberry.federation.type(description="Your access log as a file.", authenticated=True)
class AccessLogExport:
    file_name: str
    content_type: str
    content: str = strawberry.federation.field(description="UTF-8 text.", directives=[DEALINGS])
    entries: int
    complete: bool = strawberry.federation.field(description="False when there are more; these are the newest.")

    @classmethod
    def of(cls, export: readings.Export) -> AccessLogExport:
        return cls(
            file_name=export.name,
            content_type=export.content_type,
            content=export.content,
            entries=export.entries,
            complete=export.complete,
        )


@strawberry.federation.type(description="A copy of everything that the city holds of you.", authenticated=True)
class DataDownload:
    id: strawberry.ID
    state: shelf.DownloadState
    asked_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None
    size: int = strawberry.federation.field(description="Of the file, in bytes; 0 until it is ready.")
    sha256: str | None = strawberry.federation.field(description="Of the file, in hex.")
    url: str | None = strawberry.federation.field(
        description="Where it is fetched with your own access token and a fresh proof; null until it is ready."
    )

    @classmethod
    def of(cls, download: shelf.Download, *, now: datetime) -> DataDownload:
        return cls(
            id=strawberry.ID(download.id),
            state=download.state,
            asked_at=download.asked_at,
            ready_at=download.ready_at,
            expires_at=download.expires_at,
            size=download.size,
            sha256=download.sha256 or None,
            url=f"{downloads.DOWNLOADS_PATH}/{download.id}" if download.fetchable(now) else None,
        )


@strawberry.federation.type(description="What is kept after an erasure, and which law says so.", directives=[PUBLIC])
class RetainedByLaw:
    what: str = strawberry.federation.field(description="In the request's language.")
    why: str = strawberry.federation.field(description="The law, and for how long; in the request's language.")


@strawberry.federation.type(description="What happens when an account is erased.", directives=[PUBLIC])
class ErasureTerms:
    grace_days: int = strawberry.federation.field(description="For so long it can be called off.")
    retained: list[RetainedByLaw]


@strawberry.federation.type(description="The erasure of your account.", authenticated=True)
class Erasure:
    id: strawberry.ID
    state: erasing.ErasureState
    asked_at: datetime
    due_at: datetime = strawberry.federation.field(description="Until then it can be called off.")
    held_until: datetime | None = strawberry.federation.field(
        description="A law makes it wait until then; null where none does."
    )

    @classmethod
    def of(cls, erasure: erasing.Erasure, *, held_until: datetime | None = None) -> Erasure:
        return cls(
            id=strawberry.ID(erasure.id),
            state=erasure.state,
            asked_at=erasure.asked_at,
            due_at=erasure.due_at,
            held_until=held_until,
        )


# --- roots ------------------------------------------------------------------------------------------------------


@strawberry.type
class ConsentsQuery:
    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Your consents, also those that ended, newest first."
    )
    async def consents(self, info: Info) -> list[Consent]:
        found = await info.context.service(Consents).list(principal=info.context.principal)
        return [Consent.of(consent, info=info) for consent in found]

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Who read what of you, newest first. What you read yourself is not."
    )
    async def access_log(self, info: Info, first: First = 20, after: After = None) -> Connection[AccessEntry]:
        request = PageRequest.of(first=first, after=after)
        page = await info.context.service(readings.Readings).page(principal=info.context.principal, request=request)
        return connection_of(page, lambda access: AccessEntry.of(access, info=info))

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Your access log as a file, with the newest 5,000 entries."
    )
    async def export_access_log(
        self, info: Info, format: readings.ExportFormat = readings.ExportFormat.JSON
    ) -> AccessLogExport:
        service, context = info.context.service(readings.Readings), info.context
        return AccessLogExport.of(
            await service.export(principal=context.principal, format=format, locale=context.locale)
        )

    @strawberry.federation.field(requires_scopes=[["citizen"]], description="The copies of your data, newest first.")
    async def data_downloads(self, info: Info) -> list[DataDownload]:
        service = info.context.service(downloads.Downloads)
        now = service.clock.now()
        return [DataDownload.of(one, now=now) for one in await service.list(principal=info.context.principal)]

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="The newest erasure that you asked for; null where you never did."
    )
    async def erasure(self, info: Info) -> Erasure | None:
        standing = await info.context.service(erasures.Erasures).standing(principal=info.context.principal)
        return Erasure.of(standing.erasure, held_until=standing.held_until) if standing else None

    @strawberry.federation.field(directives=[PUBLIC], description="What happens when an account is erased.")
    def erasure_terms(self, info: Info) -> ErasureTerms:
        locale = info.context.locale
        return ErasureTerms(
            grace_days=info.context.service(erasures.Erasures).grace.days,
            retained=[RetainedByLaw(what=one.what.in_(locale), why=one.why.in_(locale)) for one in erasures.RETAINED],
        )


@strawberry.type
class ConsentsMutation:
    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Take a consent back, or some of its fields. The program's tokens end at once.",
    )
    async def revoke_consent(self, info: Info, id: strawberry.ID, fields: Fields = None) -> Consent:
        service, principal = info.context.service(Consents), info.context.principal
        left = await service.withdraw(principal=principal, consent_id=id, fields=fields)
        return Consent.of(left, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Have a copy made of everything that the city holds of you. Needs a fresh proof.",
    )
    async def request_data_download(self, info: Info) -> DataDownload:
        service, context = info.context.service(downloads.Downloads), info.context
        asked = await service.ask(principal=context.principal, locale=context.locale)
        return DataDownload.of(asked, now=service.clock.now())

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Have your account erased when the grace period is over. Needs a fresh proof. See `erasureTerms`.",
    )
    async def erase_account(self, info: Info) -> Erasure:
        standing = await info.context.service(erasures.Erasures).ask(principal=info.context.principal)
        return Erasure.of(standing.erasure, held_until=standing.held_until)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Call off the erasure that you asked for, while it waits."
    )
    async def cancel_erasure(self, info: Info) -> Erasure:
        return Erasure.of(await info.context.service(erasures.Erasures).cancel(principal=info.context.principal))
