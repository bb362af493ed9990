"""The GraphQL door of reporting: cases for those who may see them, figures for all."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from api.domains.reports import model, statistics
from api.domains.reports import workflow as rules
from api.domains.reports.categories import CATEGORIES, Urgency
from api.domains.reports.categories import Category as CategoryFact
from api.domains.reports.model import HANDLE_SCOPE
from api.domains.reports.photos import PhotoFacts, Size
from api.domains.reports.service import NewReport, Reports
from api.domains.reports.workflow import STATUS_LABELS, Action, Status
from core.graph import PUBLIC, Connection, GeoPoint, GeoPointInput, Info, build_schema, connection_of, personal
from core.loading import DataLoader
from core.locale import Text
from core.paging import PageRequest

HANDLER: Final = [[HANDLE_SCOPE]]
WHEREABOUTS: Final = personal("WHEREABOUTS", 3)
ADDRESS: Final = personal("WHEREABOUTS", 3, mask="ADDRESS")
# What people write says what it says: it is treated as if it named them.
FREE_TEXT: Final = personal("IDENTITY", 2)

strawberry.enum(Status, name="CaseStatus", description="Where a case stands.")
strawberry.enum(Action, name="CaseAction", description="A step that somebody takes with a case.")
strawberry.enum(Urgency, name="CaseUrgency", description="How fast a kind of matter has to be dealt with.")
strawberry.enum(model.EntryKind, name="CaseEntryKind", description="What a line of a timeline tells.")
strawberry.enum(rules.By, name="CaseParty", description="Who took a step.")


@strawberry.federation.type(keys=[Key(fields=FieldSet("code"), resolvable=False)], directives=[PUBLIC])
class Place:
    code: strawberry.ID


@strawberry.federation.type(name="ReportCategory", description="Something that can be reported.", directives=[PUBLIC])
class Category:
    code: strawberry.ID
    urgency: Urgency
    due_within_s: int = strawberry.federation.field(description="By when the city owes a result, in seconds.")
    photo_expected: bool = strawberry.federation.field(description="What is wrong can be photographed.")
    fact: strawberry.Private[CategoryFact]

    @strawberry.federation.field(description="In the request's language.")
    def name(self, info: Info) -> str:
        return self.fact.name.in_(info.context.locale)

    @strawberry.federation.field(description="What it belongs to, in the request's language.")
    def group(self, info: Info) -> str:
        return self.fact.group.in_(info.context.locale)

    @classmethod
    def of(cls, fact: CategoryFact) -> Category:
        return cls(
            code=strawberry.ID(fact.code),
            urgency=fact.urgency,
            due_within_s=int(fact.due_within.total_seconds()),
            photo_expected=fact.visible,
            fact=fact,
        )


@strawberry.federation.type(description="A photo of a case. Its links live for some minutes.", authenticated=True)
class ReportPhoto:
    id: strawberry.ID
    url: str = strawberry.federation.field(description="At most 1600 pixels a side.", directives=[FREE_TEXT])
    thumbnail_url: str = strawberry.federation.field(description="At most 320 pixels a side.", directives=[FREE_TEXT])
    width: int
    height: int

    @classmethod
    def of(cls, photo: PhotoFacts, info: Info) -> ReportPhoto:
        links = info.context.service(Reports).links
        return cls(
            id=strawberry.ID(photo.id),
            url=links.of(photo.id, Size.FULL),
            thumbnail_url=links.of(photo.id, Size.THUMBNAIL),
            width=photo.width,
            height=photo.height,
        )


async def _photos(ids: tuple[str, ...], info: Info) -> list[ReportPhoto]:
    """This request's photos, found with one query however many cases ask."""

    async def load(keys: list[str]) -> list[PhotoFacts | None]:
        found = await info.context.service(Reports).photo_facts(keys)
        return [found.get(key) for key in keys]

    loader: DataLoader[str, PhotoFacts | None] = info.context.once("reports.photos", lambda: DataLoader(load_fn=load))
    return [ReportPhoto.of(photo, info) for photo in await loader.load_many(list(ids)) if photo]


@strawberry.federation.type(description="One line of what happened with a case.", authenticated=True)
class CaseEntry:
    at: datetime
    kind: model.EntryKind
    action: Action | None
    by: rules.By | None = strawberry.federation.field(description="The side that acted; nobody's name.")
    status: Status = strawberry.federation.field(description="The state after it.")
    note: str | None = strawberry.federation.field(directives=[FREE_TEXT])
    fact: strawberry.Private[model.Entry]

    @strawberry.federation.field(description="What happened, in the request's language.")
    def label(self, info: Info) -> str:
        return self.fact.label.in_(info.context.locale)

    @strawberry.federation.field(description="The state after it, in the request's language.")
    def status_label(self, info: Info) -> str:
        return STATUS_LABELS[self.status].in_(info.context.locale)

    @strawberry.federation.field(description="The unit it was sent to or comes from, in the request's language.")
    def unit(self, info: Info) -> str | None:
        return _said(self.fact.unit, info)

    @strawberry.federation.field()
    async def photos(self, info: Info) -> list[ReportPhoto]:
        return await _photos(self.fact.photos, info)

    @classmethod
    def of(cls, entry: model.Entry) -> CaseEntry:
        return cls(
            at=entry.at,
            kind=entry.kind,
            action=entry.action,
            by=entry.by,
            status=entry.status,
            note=entry.note or None,
            fact=entry,
        )


@strawberry.federation.type(description="A step that the caller may take with a case now.", authenticated=True)
class CaseStep:
    action: Action
    note_required: bool
    photo_allowed: bool
    photo_required: bool

    @strawberry.federation.field(description="In the request's language.")
    def label(self, info: Info) -> str:
        return rules.ACTION_LABELS[self.action].in_(info.context.locale)

    @classmethod
    def of(cls, rule: rules.Rule, case: model.Case) -> CaseStep:
        return cls(
            action=rule.action,
            note_required=rule.note is rules.Need.MUST,
            photo_allowed=rule.photo is not rules.Need.NO,
            photo_required=case.photo_required(rule),
        )


@strawberry.federation.type(description="What the reporter thinks of the result.", authenticated=True)
class CaseRating:
    stars: int = strawberry.federation.field(description="1 to 5.")
    comment: str | None = strawberry.federation.field(directives=[FREE_TEXT])
    at: datetime

    @classmethod
    def of(cls, rating: model.Rating) -> CaseRating:
        return cls(stars=rating.stars, comment=rating.comment or None, at=rating.at)


@strawberry.federation.type(
    keys=["id"],
    description="One matter that was reported; for its reporter and the handlers of its district.",
    authenticated=True,
)
class Case:
    id: strawberry.ID
    number: str = strawberry.federation.field(description="As people read it out: day, sequence, check digit.")
    description: str = strawberry.federation.field(directives=[FREE_TEXT])
    location: GeoPoint = strawberry.federation.field(directives=[WHEREABOUTS])
    address: str | None = strawberry.federation.field(directives=[ADDRESS])
    status: Status
    created_at: datetime
    updated_at: datetime
    due_at: datetime = strawberry.federation.field(
        description="By when the city owes a result; moves while it waits for the reporter."
    )
    supporters: int = strawberry.federation.field(description="How many others follow it.")
    version: int = strawberry.federation.field(description="Counts the steps; a step names the one it was decided on.")
    fact: strawberry.Private[model.Case]

    @strawberry.federation.field()
    def category(self) -> Category:
        return Category.of(self.fact.category)

    @strawberry.federation.field()
    def district(self) -> District:
        return District(code=strawberry.ID(self.fact.district))

    @strawberry.federation.field(description="The place whose code was scanned.")
    def place(self) -> Place | None:
        return Place(code=strawberry.ID(self.fact.place)) if self.fact.place else None

    @strawberry.federation.field(description="In the request's language.")
    def status_label(self, info: Info) -> str:
        return STATUS_LABELS[self.status].in_(info.context.locale)

    @strawberry.federation.field()
    def overdue(self, info: Info) -> bool:
        return self.fact.overdue(info.context.service(Reports).clock.now())

    @strawberry.federation.field(description="The unit that it was sent to, in the request's language.")
    def unit(self, info: Info) -> str | None:
        return _said(self.fact.unit, info)

    @strawberry.federation.field(description="The reporter's, of the report itself.")
    async def photos(self, info: Info) -> list[ReportPhoto]:
        return await _photos(self.fact.photos, info)

    @strawberry.federation.field(description="What happened so far, oldest first.")
    def timeline(self) -> list[CaseEntry]:
        return [CaseEntry.of(entry) for entry in self.fact.timeline if not entry.internal]

    @strawberry.federation.field(requires_scopes=HANDLER, description="What handlers wrote for each other.")
    def internal_notes(self) -> list[CaseEntry]:
        return [CaseEntry.of(entry) for entry in self.fact.timeline if entry.internal]

    @strawberry.federation.field(
        requires_scopes=HANDLER, description="A photo was taken more than 500 m from the point of the report."
    )
    def location_doubtful(self) -> bool:
        return self.fact.doubtful

    @strawberry.federation.field(description="What the caller may do with it now.")
    def actions(self, info: Info) -> list[CaseStep]:
        allowed = info.context.service(Reports).open_to(principal=info.context.principal, case=self.fact)
        return [CaseStep.of(rule, self.fact) for rule in allowed]

    @strawberry.federation.field()
    def rating(self) -> CaseRating | None:
        return CaseRating.of(self.fact.rating) if self.fact.rating else None

    @classmethod
    def of(cls, case: model.Case) -> Case:
        return cls(
            id=strawberry.ID(case.id),
            number=case.number,
            description=case.description,
            location=GeoPoint.of(case.location),
            address=case.address or None,
            status=case.status,
            created_at=case.created_at,
            updated_at=case.updated_at,
            due_at=case.due_at,
            supporters=case.supporters,
            version=case.version,
            fact=case,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Case | None:
        """For whoever may see it; null for all others."""

        async def load(keys: list[str]) -> list[model.Case | None]:
            found = await info.context.service(Reports).visible_cases(principal=info.context.principal, ids=keys)
            return [found.get(key) for key in keys]

        loader: DataLoader[str, model.Case | None] = info.context.once(
            "reports.cases", lambda: DataLoader(load_fn=load, max_batch_size=100)
        )
        case = await loader.load(id)
        return cls.of(case) if case else None


@strawberry.federation.type(
    description="An open case nearby that a report might repeat: no text, no photo, no point.", authenticated=True
)
class SimilarCase:
    id: strawberry.ID = strawberry.federation.field(description="To follow it by.")
    number: str
    status: Status
    created_at: datetime
    distance_m: int = strawberry.federation.field(description="To the next ten metres.")
    supporters: int
    photo_similarity: float | None = strawberry.federation.field(
        description="0 to 1, of the photos that were given; 0.87 and more is the same picture, 0.5 two others."
    )
    fact: strawberry.Private[model.SimilarCase]

    @strawberry.federation.field()
    def category(self) -> Category:
        return Category.of(self.fact.category)

    @strawberry.federation.field(description="In the request's language.")
    def status_label(self, info: Info) -> str:
        return STATUS_LABELS[self.status].in_(info.context.locale)

    @classmethod
    def of(cls, case: model.SimilarCase) -> SimilarCase:
        return cls(
            id=strawberry.ID(case.id),
            number=case.number,
            status=case.status,
            created_at=case.created_at,
            distance_m=case.distance_m,
            supporters=case.supporters,
            photo_similarity=case.photo_similarity,
            fact=case,
        )


@strawberry.federation.type(
    description="Somebody else's case that a citizen follows: how it stands, not what it says.", authenticated=True
)
class SupportedCase:
    id: strawberry.ID
    number: str
    status: Status
    since: datetime
    updated_at: datetime
    supporters: int
    fact: strawberry.Private[model.Case]

    @strawberry.federation.field()
    def category(self) -> Category:
        return Category.of(self.fact.category)

    @strawberry.federation.field()
    def district(self) -> District:
        return District(code=strawberry.ID(self.fact.district))

    @strawberry.federation.field(description="In the request's language.")
    def status_label(self, info: Info) -> str:
        return STATUS_LABELS[self.status].in_(info.context.locale)

    @classmethod
    def of(cls, support: model.Support) -> SupportedCase:
        case = support.case
        return cls(
            id=strawberry.ID(case.id),
            number=case.number,
            status=case.status,
            since=support.since,
            updated_at=case.updated_at,
            supporters=case.supporters,
            fact=case,
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
        directives=[WHEREABOUTS],
        description="The citizen's reports, newest first; for them and whoever may act for them in `reports:read`.",
    )
    async def cases(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Case] | None:
        page = await info.context.service(Reports).cases_of(
            principal=info.context.principal, citizen_id=self.id, page=PageRequest.of(first=first, after=after)
        )
        return connection_of(page, Case.of)

    @strawberry.federation.field(
        authenticated=True, directives=[WHEREABOUTS], description="The cases that the citizen follows, newest first."
    )
    async def supported_cases(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> Connection[SupportedCase] | None:
        page = await info.context.service(Reports).supported_by(
            principal=info.context.principal, citizen_id=self.id, page=PageRequest.of(first=first, after=after)
        )
        return connection_of(page, SupportedCase.of)


@strawberry.federation.type(keys=["code"], directives=[PUBLIC])
class District:
    code: strawberry.ID

    @classmethod
    def resolve_reference(cls, code: strawberry.ID) -> District:
        return cls(code=code)

    @strawberry.federation.field(description="Cases that the city has still to settle; at most a minute old.")
    async def open_case_count(self, info: Info) -> int | None:
        figures = await info.context.service(Reports).figures()
        return figures.by_district.get(self.code, statistics.Count()).open


@strawberry.federation.type(description="How many cases of one district.", directives=[PUBLIC])
class DistrictReports:
    district: District
    total: int
    open: int
    median_resolved_s: int | None = strawberry.federation.field(description="From report to result, in seconds.")


@strawberry.federation.type(description="How many cases of one category.", directives=[PUBLIC])
class CategoryReports:
    category: Category
    total: int
    open: int


@strawberry.federation.type(description="How many cases stand in one status.", directives=[PUBLIC])
class StatusReports:
    status: Status
    count: int

    @strawberry.federation.field(description="In the request's language.")
    def status_label(self, info: Info) -> str:
        return STATUS_LABELS[self.status].in_(info.context.locale)


@strawberry.federation.type(description="The public figures, counted at most once a minute.", directives=[PUBLIC])
class ReportStatistics:
    at: datetime = strawberry.federation.field(description="When they were counted.")
    total: int
    open: int
    median_resolved_s: int | None = strawberry.federation.field(
        description="From report to result, in seconds, of the latest 10,000 cases that were resolved."
    )
    fact: strawberry.Private[statistics.Figures]

    @strawberry.federation.field()
    def by_district(self) -> list[DistrictReports]:
        medians = self.fact.median_s_by_district
        return [
            DistrictReports(
                district=District(code=strawberry.ID(code)),
                total=count.total,
                open=count.open,
                median_resolved_s=int(medians[code]) if code in medians else None,
            )
            for code, count in self.fact.by_district.items()
        ]

    @strawberry.federation.field()
    def by_category(self) -> list[CategoryReports]:
        return [
            CategoryReports(category=Category.of(CATEGORIES[code]), total=count.total, open=count.open)
            for code, count in self.fact.by_category.items()
        ]

    @strawberry.federation.field()
    def by_status(self) -> list[StatusReports]:
        return [StatusReports(status=status, count=count) for status, count in self.fact.by_status.items()]

    @classmethod
    def of(cls, figures: statistics.Figures) -> ReportStatistics:
        return cls(
            at=figures.at,
            total=figures.all.total,
            open=figures.all.open,
            median_resolved_s=None if figures.median_s is None else int(figures.median_s),
            fact=figures,
        )


@strawberry.input(description="A report that somebody is about to write.")
class SimilarCasesInput:
    category_code: strawberry.ID
    location: GeoPointInput
    photo_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description="Of own uploads, at most 5.")


@strawberry.input(description="What is broken, and where.")
class CreateReportInput:
    client_report_id: strawberry.ID = strawberry.field(
        description="A name that the device gives this report, so that it can send it again safely."
    )
    description: str = strawberry.field(description="At most 4000 characters.")
    category_code: strawberry.ID | None = None
    location: GeoPointInput | None = strawberry.field(
        default=None, description="A place code knows better where it is, and is followed."
    )
    address: str | None = strawberry.field(default=None, description="In words, at most 200 characters.")
    place_code: strawberry.ID | None = strawberry.field(default=None, description="Fills in what is not said.")
    photo_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description="Of own uploads, at most 5.")


@strawberry.input(description="A step with a case.")
class ActOnCaseInput:
    case_id: strawberry.ID
    version: int = strawberry.field(description="Of the case that the decision was made on.")
    action: Action
    note: str | None = strawberry.field(default=None, description="At most 1000 characters.")
    photo_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description="Of own uploads, at most 5.")
    duplicate_of: str | None = strawberry.field(
        default=None, description="For MARK_DUPLICATE: the number of the case that this one repeats."
    )


@strawberry.input(description="Why a settled case has to be done again.")
class ReopenCaseInput:
    case_id: strawberry.ID
    reason: str = strawberry.field(description="At most 1000 characters.")
    photo_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description="Of own uploads, at most 5.")


@strawberry.input(description="What the result is worth.")
class RateCaseInput:
    case_id: strawberry.ID
    stars: int = strawberry.field(description="1 to 5.")
    comment: str | None = strawberry.field(default=None, description="At most 1000 characters.")


@strawberry.type
class Query:
    @strawberry.federation.field(directives=[PUBLIC], description="What can be reported.")
    def report_categories(self) -> list[Category]:
        return [Category.of(fact) for fact in CATEGORIES.values()]

    @strawberry.federation.field(directives=[PUBLIC])
    async def report_statistics(self, info: Info) -> ReportStatistics:
        return ReportStatistics.of(await info.context.service(Reports).figures())

    @strawberry.federation.field(authenticated=True)
    async def case(self, info: Info, id: strawberry.ID) -> Case:
        return Case.of(await info.context.service(Reports).case(principal=info.context.principal, case_id=id))

    @strawberry.federation.field(
        requires_scopes=HANDLER,
        description="The cases of the handler's jurisdiction: the open ones unless told otherwise; due first, first.",
    )
    async def staff_cases(
        self,
        info: Info,
        status: list[Status] | None = None,
        category_code: strawberry.ID | None = None,
        district_code: strawberry.ID | None = None,
        overdue: bool = False,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Case]:
        page = await info.context.service(Reports).staff_cases(
            principal=info.context.principal,
            page=PageRequest.of(first=first, after=after),
            statuses=status,
            category=category_code,
            district=district_code,
            overdue=overdue,
        )
        return connection_of(page, Case.of)

    @strawberry.federation.field(
        authenticated=True,
        description="Open cases of the category within 250 m and 30 days, nearest first: to follow instead.",
    )
    async def similar_cases(self, info: Info, input: SimilarCasesInput) -> list[SimilarCase]:
        found = await info.context.service(Reports).similar(
            principal=info.context.principal,
            category=input.category_code,
            location=input.location.point(),
            photo_ids=input.photo_ids,
        )
        return [SimilarCase.of(case) for case in found]


@strawberry.type
class Mutation:
    @strawberry.federation.field(authenticated=True, description="Report something; once a `clientReportId`.")
    async def create_report(self, info: Info, input: CreateReportInput) -> Case:
        report = NewReport(
            client_report_id=input.client_report_id,
            description=input.description,
            category=input.category_code,
            location=input.location.point() if input.location else None,
            address=input.address or "",
            place=input.place_code,
            photo_ids=input.photo_ids,
        )
        return Case.of(await info.context.service(Reports).create(principal=info.context.principal, report=report))

    @strawberry.federation.field(authenticated=True, description="Follow an open case instead of reporting it again.")
    async def support_case(self, info: Info, id: strawberry.ID) -> SupportedCase:
        return SupportedCase.of(
            await info.context.service(Reports).support(principal=info.context.principal, case_id=id)
        )

    @strawberry.federation.field(
        authenticated=True, description="Take a step with a case, as its reporter or a handler of its district."
    )
    async def act_on_case(self, info: Info, input: ActOnCaseInput) -> Case:
        case = await info.context.service(Reports).act(
            principal=info.context.principal,
            case_id=input.case_id,
            version=input.version,
            action=input.action,
            note=input.note or "",
            photo_ids=input.photo_ids,
            duplicate_of=input.duplicate_of,
        )
        return Case.of(case)

    @strawberry.federation.field(authenticated=True, description="Have a settled case done again, within 15 days.")
    async def reopen_case(self, info: Info, input: ReopenCaseInput) -> Case:
        case = await info.context.service(Reports).reopen(
            principal=info.context.principal, case_id=input.case_id, reason=input.reason, photo_ids=input.photo_ids
        )
        return Case.of(case)

    @strawberry.federation.field(authenticated=True, description="Say once what the result is worth.")
    async def rate_case(self, info: Info, input: RateCaseInput) -> Case:
        case = await info.context.service(Reports).rate(
            principal=info.context.principal, case_id=input.case_id, stars=input.stars, comment=input.comment or ""
        )
        return Case.of(case)


def _said(text: Text | None, info: Info) -> str | None:
    return text.in_(info.context.locale) if text else None


schema = build_schema(query=Query, mutation=Mutation, types=[Citizen, District, Case, Place])
