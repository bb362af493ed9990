"""What officers and builders settle beside a version: decisions, grants, quotas, districts; and what runs tell."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from core.graph import Connection, Info, connection_of
from core.locale import Text
from core.paging import PageRequest
from miniapps.versions import figures as runs
from miniapps.versions import filing, model
from miniapps.versions.figures import Figures
from miniapps.versions.graph import BUILDERS, REVIEWERS, After, First, MiniVersion, Reason
from miniapps.versions.model import FINDING_TEXT_MAX, parse_note
from miniapps.versions.quotas import Quota, Quotas
from miniapps.versions.reviewing import Decision, Reviewing
from miniapps.versions.trying import Trying

strawberry.enum(Decision, name="MiniReviewDecision", description="What an officer decides about a version.")
strawberry.enum(filing.FilingState, name="MiniFilingState", description="Whether a district has filed a program.")
strawberry.enum(runs.Level, name="MiniLogLevel", description="How bad it is.")


@strawberry.input(description="What an officer found.")
class MiniFindingInput:
    message: str
    severity: model.Severity
    path: str | None = None
    line: int | None = None
    advice: str | None = None

    def finding(self) -> model.Finding:
        """Raises: BadInput."""
        message = parse_note(self.message, "message", most=FINDING_TEXT_MAX)
        advice = parse_note(self.advice, "advice", most=FINDING_TEXT_MAX)
        return model.Finding(
            rule="",
            severity=self.severity,
            message=Text(zh=message, en=message),
            advice=Text(zh=advice, en=advice),
            where=(self.path or "")[:FINDING_TEXT_MAX],
            line=self.line or 0,
            by=model.Who.OFFICER,
        )


@strawberry.federation.type(
    description="What a program may do beside what its version was granted.", authenticated=True
)
class MiniTerms:
    given: list[str]
    taken: list[str]


@strawberry.federation.type(description="How much a program's backend may ask in a day.", authenticated=True)
class MiniQuota:
    name: str
    per_day: int
    used: int = strawberry.federation.field(description="Today.")

    @classmethod
    def of(cls, quota: Quota) -> MiniQuota:
        return cls(name=quota.name, per_day=quota.per_day, used=quota.used)


@strawberry.federation.type(description="A program of a district, there (区级应用备案).", authenticated=True)
class MiniFiling:
    app_id: str
    district: str = strawberry.federation.field(description="GB/T 2260.")
    state: filing.FilingState
    asked_at: datetime
    decided_at: datetime | None
    note: str

    @classmethod
    def of(cls, one: filing.Filing) -> MiniFiling:
        return cls(
            app_id=one.app_id,
            district=one.district,
            state=one.state,
            asked_at=one.asked_at,
            decided_at=one.decided_at,
            note=one.note,
        )


@strawberry.federation.type(description="One day of a program.", authenticated=True)
class MiniDay:
    day: str = strawberry.federation.field(description="The city's, ISO 8601.")
    opens: int
    people: str = strawberry.federation.field(description="How many opened it; `<10` for fewer than ten.")
    versions: JSON = strawberry.federation.field(description="Opens by version code.")
    errors: JSON = strawberry.federation.field(description="How often, by code.")
    events: JSON = strawberry.federation.field(description="What the program counted, by name.")
    blocked: JSON = strawberry.federation.field(
        description="What browsers say that its pages tried and their policy forbade, by version code: how often, by "
        "directive and kind of address. Anybody can say so."
    )

    @classmethod
    def of(cls, day: runs.Day) -> MiniDay:
        return cls(
            day=day.day,
            opens=day.opens,
            people=day.people_told,
            versions=JSON({str(code): count for code, count in sorted(day.by_version.items())}),
            errors=JSON(dict(day.errors)),
            events=JSON(dict(day.events)),
            blocked=JSON({str(code): dict(counts) for code, counts in sorted(day.blocked.items())}),
        )


@strawberry.federation.type(description="What a run of a program wrote down, redacted.", authenticated=True)
class MiniLog:
    id: strawberry.ID
    level: runs.Level
    at: datetime
    version_code: int
    text: str
    code: str | None

    @classmethod
    def of(cls, one: runs.Log) -> MiniLog:
        return cls(
            id=strawberry.ID(one.id),
            level=one.level,
            at=one.at,
            version_code=one.version_code,
            text=one.text,
            code=one.code or None,
        )


@strawberry.input(description="What a run wrote down, met or counted.")
class MiniLogEntry:
    level: runs.Level
    at: datetime
    text: str | None = strawberry.field(default=None, description="A thousand characters are kept of it.")
    code: str | None = strawberry.field(default=None, description="Of the error that a call ended with.")
    event: str | None = strawberry.field(default=None, description="What is counted, by its name.")

    def entry(self) -> runs.Entry:
        return runs.Entry(self.level, self.at, self.text or "", self.code or "", self.event or "")


@strawberry.type
class OfficersQuery:
    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="Versions that wait for an officer, the longest first."
    )
    async def review_queue(self, info: Info, first: First = 20, after: After = None) -> Connection[MiniVersion]:
        request, locale = PageRequest.of(first=first, after=after), info.context.locale
        found = await info.context.service(Reviewing).queue(principal=info.context.principal, request=request)
        return connection_of(found, lambda version: MiniVersion.of(version, locale))

    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="Programs that ask to be filed with a district of yours."
    )
    async def mini_filings(self, info: Info) -> list[MiniFiling]:
        found = await info.context.service(Reviewing).filings_that_wait(principal=info.context.principal)
        return [MiniFiling.of(one) for one in found]


@strawberry.type
class OfficersMutation:
    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="Decide about a version; never one of your own organisation."
    )
    async def review_version(
        self,
        info: Info,
        id: strawberry.ID,
        decision: Decision,
        findings: list[MiniFindingInput] | None = None,
        granted: Annotated[
            list[str] | None,
            strawberry.argument(description="Of the permissions and domains that it asks for; without it, all."),
        ] = None,
        not_before: datetime | None = None,
        note: str | None = None,
    ) -> MiniVersion:
        service, principal = info.context.service(Reviewing), info.context.principal
        found, told = [one.finding() for one in findings or ()], parse_note(note, "note")
        if decision is Decision.REJECT:
            done = await service.reject(principal=principal, id=id, findings=found, note=told)
        else:
            done = await service.approve(
                principal=principal, id=id, findings=found, granted=granted, not_before=not_before, note=told
            )
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=REVIEWERS,
        description="Let you, as the citizen of the same phone, open a version under review (`openMiniProgram` with "
        "the scene `trial`) until it is decided; never one of your own organisation.",
    )
    async def try_under_review(self, info: Info, id: strawberry.ID) -> MiniVersion:
        done = await info.context.service(Trying).begin(principal=info.context.principal, id=id)
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="Let a program do what its version was not granted, if it declares it."
    )
    async def grant_capability(self, info: Info, app_id: str, name: str, reason: Reason) -> MiniTerms:
        told = await info.context.service(Reviewing).grant(
            principal=info.context.principal, app_id=app_id, name=name, reason=reason
        )
        return MiniTerms(given=sorted(told.given), taken=sorted(told.taken))

    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="Let no version of a program do this any more, whatever it was granted."
    )
    async def take_capability(self, info: Info, app_id: str, name: str, reason: Reason) -> MiniTerms:
        told = await info.context.service(Reviewing).take(
            principal=info.context.principal, app_id=app_id, name=name, reason=reason
        )
        return MiniTerms(given=sorted(told.given), taken=sorted(told.taken))

    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="Set how much a program's backend may ask in a day."
    )
    async def set_quota(
        self,
        info: Info,
        app_id: str,
        name: str,
        per_day: Annotated[int | None, strawberry.argument(description="Null: what its rating says.")] = None,
    ) -> list[MiniQuota]:
        told = await info.context.service(Quotas).set(
            principal=info.context.principal, app_id=app_id, name=name, per_day=per_day
        )
        return [MiniQuota.of(one) for one in told]

    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="Say that a program is of a district; there alone it runs, once filed."
    )
    async def file_with_district(self, info: Info, app_id: str, district: str) -> MiniFiling:
        told = await info.context.service(Reviewing).file(
            principal=info.context.principal, app_id=app_id, district=district
        )
        return MiniFiling.of(told)

    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="File a program with a district of yours, or refuse to."
    )
    async def decide_filing(self, info: Info, app_id: str, district: str, filed: bool, note: Reason) -> MiniFiling:
        told = await info.context.service(Reviewing).decide_filing(
            principal=info.context.principal, app_id=app_id, district=district, filed=filed, note=note
        )
        return MiniFiling.of(told)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="What a run of yours wrote down for those who build it, redacted and sampled; how many are kept.",
    )
    async def note_mini_logs(self, info: Info, session: strawberry.ID, entries: list[MiniLogEntry]) -> int:
        return await info.context.service(Figures).note(
            principal=info.context.principal, session_id=session, entries=[one.entry() for one in entries]
        )


@strawberry.type
class AppOfFigures:
    """Fields of `DeveloperApp`."""

    app_id: strawberry.Private[str]

    @strawberry.federation.field(authenticated=True, description="What its backend may ask in a day.")
    async def quotas(self, info: Info) -> list[MiniQuota]:
        return [MiniQuota.of(one) for one in await info.context.service(Quotas).of(self.app_id)]

    @strawberry.federation.field(authenticated=True, description="The districts that it is of; none: the whole city.")
    async def filings(self, info: Info) -> list[MiniFiling]:
        found = await info.context.service(Reviewing).filings_of(principal=info.context.principal, app_id=self.app_id)
        return [MiniFiling.of(one) for one in found]

    @strawberry.federation.field(authenticated=True, description="Days on which it was opened, the last first.")
    async def statistics(
        self, info: Info, days: Annotated[int, strawberry.argument(description="1 to 30.")] = 7
    ) -> list[MiniDay]:
        found = await info.context.service(Figures).days(
            principal=info.context.principal, app_id=self.app_id, days=days
        )
        return [MiniDay.of(one) for one in found]

    @strawberry.federation.field(authenticated=True, description="What its runs wrote down in 30 days, the last first.")
    async def logs(
        self,
        info: Info,
        first: First = 50,
        after: After = None,
        level: runs.Level | None = None,
        version_code: int | None = None,
    ) -> Connection[MiniLog]:
        found = await info.context.service(Figures).logs(
            principal=info.context.principal,
            app_id=self.app_id,
            level=level,
            version_code=version_code,
            request=PageRequest.of(first=first, after=after),
        )
        return connection_of(found, MiniLog.of)
