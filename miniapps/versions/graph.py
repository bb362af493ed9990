"""Versions as the graph shows them: those who build a program hand them in and let them out."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import strawberry
from strawberry.scalars import JSON

from core.graph import Connection, Info, connection_of
from core.locale import Locale
from core.paging import PageRequest
from miniapps.developers.rating import Grade
from miniapps.releases.model import WHOLE, Rollout
from miniapps.versions import difference as differing
from miniapps.versions import loading, model
from miniapps.versions.records import Asked, Builder, Records
from miniapps.versions.rollouts import TESTERS, Rollouts
from miniapps.versions.service import Versions
from miniapps.versions.trying import Trying

BUILDERS: Final = [["citizen"], ["developer"]]
# Those, and runs of CI systems that a program's publishers let in: they hand in, and see what they handed in.
SUBMITTERS: Final = [*BUILDERS, ["publisher"]]
REVIEWERS: Final = [["miniapps:review"]]

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before the page.")]
Percent = Annotated[float, strawberry.argument(description="Of citizens, above 0 to 100; hundredths count.")]
Reason = Annotated[str, strawberry.argument(description="1 to 500 characters; citizens may be told.")]

strawberry.enum(Grade, name="DeveloperGrade", description="How far the city trusts who builds.")
strawberry.enum(model.State, name="MiniVersionState", description="How far a version is on its way to citizens.")
strawberry.enum(model.Who, name="MiniVersionActor", description="Who took a step, or found something.")
strawberry.enum(model.Severity, name="MiniFindingSeverity", description="An error refuses a version.")
strawberry.enum(model.Act, name="MiniVersionAct", description="What moved a version on.")


@strawberry.federation.type(description="What was found in a version.", authenticated=True)
class MiniFinding:
    rule: str = strawberry.federation.field(description="`R-…`; empty for an officer's own.")
    severity: model.Severity
    path: str | None = strawberry.federation.field(description="Of the package; null for all of it.")
    line: int | None
    column: int | None
    message: str
    advice: str
    docs: str = strawberry.federation.field(description="Where the rule is explained; empty for an officer's own.")
    by: model.Who

    @classmethod
    def of(cls, one: model.Finding, locale: Locale) -> MiniFinding:
        return cls(
            rule=one.rule,
            severity=one.severity,
            path=one.where or None,
            line=one.line or None,
            column=one.column or None,
            message=one.message.in_(locale),
            advice=one.advice.in_(locale),
            docs=one.docs,
            by=one.by,
        )


@strawberry.federation.type(description="One step of a version.", authenticated=True)
class MiniVersionStep:
    act: model.Act
    state: model.State = strawberry.federation.field(description="What the version was then.")
    by: model.Who
    at: datetime
    note: str

    @classmethod
    def of(cls, step: model.Step) -> MiniVersionStep:
        return cls(act=step.act, state=step.state, by=step.by, at=step.at, note=step.note)


@strawberry.federation.type(description="What came and what went.", authenticated=True)
class MiniSides:
    added: list[str]
    removed: list[str]

    @classmethod
    def of(cls, sides: differing.Sides) -> MiniSides:
        return cls(added=list(sides.added), removed=list(sides.removed))


@strawberry.federation.type(description="A file that changed.", authenticated=True)
class MiniFileChange:
    path: str
    before: int | None = strawberry.federation.field(description="Bytes; null where it was not there.")
    after: int | None = strawberry.federation.field(description="Bytes; null where it is gone.")
    lines: list[str] = strawberry.federation.field(
        description="As `diff -u` shows them; empty for what is no text or too long."
    )


@strawberry.federation.type(description="A member of the manifest that changed.", authenticated=True)
class MiniManifestChange:
    name: str
    before: JSON | None
    after: JSON | None


@strawberry.federation.type(description="What a version changes.", authenticated=True)
class MiniVersionDifference:
    manifest: list[MiniManifestChange]
    permissions: MiniSides
    domains: MiniSides
    operations: MiniSides = strawberry.federation.field(description="Documents of the graph.")
    files: list[MiniFileChange]
    cut: bool = strawberry.federation.field(description="More files changed than are listed.")

    @classmethod
    def of(cls, found: differing.Difference) -> MiniVersionDifference:
        return cls(
            manifest=[
                MiniManifestChange(
                    name=one.name,
                    before=None if one.before is None else JSON(one.before),
                    after=None if one.after is None else JSON(one.after),
                )
                for one in found.members
            ],
            permissions=MiniSides.of(found.permissions),
            domains=MiniSides.of(found.domains),
            operations=MiniSides.of(found.operations),
            files=[
                MiniFileChange(path=one.name, before=one.before, after=one.after, lines=list(one.lines))
                for one in found.files
            ],
            cut=found.cut,
        )


@strawberry.federation.type(description="Who gets a version before everybody does.", authenticated=True)
class MiniRollout:
    percent: float = strawberry.federation.field(description="Of citizens, by a draw that stays.")
    cohort: str | None = strawberry.federation.field(description="`testers`: those who build it and whom they invited.")
    paused: bool = strawberry.federation.field(description="Nobody more gets it; who has it keeps it.")
    version_code: int

    @classmethod
    def of(cls, found: Rollout | None) -> MiniRollout | None:
        if found is None:
            return None
        return cls(
            percent=0 if found.testers else found.share * 100 / WHOLE,
            cohort=TESTERS if found.testers else None,
            paused=found.paused,
            version_code=found.version_code,
        )


@strawberry.federation.type(description="Who builds a program, as officers see it.", authenticated=True)
class BuilderRecord:
    id: strawberry.ID
    name: str
    verified: bool = strawberry.federation.field(description="By the register of organisations.")
    person: bool = strawberry.federation.field(description="Somebody who builds in their own name.")
    blocked: str | None = strawberry.federation.field(
        description="Why nothing may be built for it now: `officer`, `frozen`; null where it may."
    )
    rated_because: str | None = strawberry.federation.field(description="An officer's reason, where one set the grade.")
    grade: Grade | None = strawberry.federation.field(description="How far the city trusts it; null for the city.")
    row: strawberry.Private[Builder]

    @classmethod
    def of(cls, one: Builder, locale: Locale) -> BuilderRecord:
        return cls(
            id=strawberry.ID(one.id),
            name=one.names[locale],
            verified=one.verified,
            person=one.person,
            blocked=one.blocked or None,
            rated_because=one.rated_because or None,
            grade=one.rating.grade if one.rating else None,
            row=one,
        )


@strawberry.federation.type(description="A permission that a version asks for, and why.", authenticated=True)
class MiniAsked:
    name: str
    required: bool = strawberry.federation.field(description="The program does not run without it.")
    reason_zh: str
    reason_en: str

    @classmethod
    def of(cls, one: Asked) -> MiniAsked:
        zh, en = one.reasons[Locale.ZH_CN], one.reasons[Locale.EN]
        return cls(name=one.name, required=one.required, reason_zh=zh, reason_en=en)


@strawberry.federation.type(
    description="The run of a CI system that handed a version in, and signed it by a key of its own.",
    authenticated=True,
)
class MiniVersionOrigin:
    publisher: strawberry.ID = strawberry.federation.field(description="Who let it in, `mtp_…`.")
    issuer: str
    claims: JSON = strawberry.federation.field(description="What its ID token said: which code, by which workflow.")

    @classmethod
    def of(cls, one: model.Origin) -> MiniVersionOrigin:
        return cls(publisher=strawberry.ID(one.publisher), issuer=one.issuer, claims=JSON(dict(one.claims)))


@strawberry.federation.type(description="A version of a mini-program, from a draft on.", authenticated=True)
class MiniVersion:
    id: strawberry.ID
    app_id: str
    version_name: str
    version_code: int
    state: model.State
    package_sha256: str = strawberry.federation.field(description="Of the package without its signing block, in hex.")
    files_h1: str
    bytes: int
    notes: str
    created_at: datetime
    not_before: datetime | None = strawberry.federation.field(description="It may run from then on.")
    asked: list[str] = strawberry.federation.field(description="Permissions and domains of its manifest.")
    granted: list[str] = strawberry.federation.field(description="Those of them that it was given at review.")
    findings: list[MiniFinding] = strawberry.federation.field(description="The worst first.")
    steps: list[MiniVersionStep]
    origin: MiniVersionOrigin | None = strawberry.federation.field(description="Null where a person handed it in.")
    row: strawberry.Private[model.Version]

    @strawberry.federation.field(requires_scopes=REVIEWERS, description="As the program was registered.")
    async def program_name(self, info: Info) -> str:
        return (await loading.programs(info).load(self.row.app_id)).names[info.context.locale]

    @strawberry.federation.field(requires_scopes=REVIEWERS, description="Who builds it.")
    async def builder(self, info: Info) -> BuilderRecord:
        return BuilderRecord.of(await loading.builders(info).load(self.row.organisation), info.context.locale)

    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="Permissions of its manifest, those that it needs first."
    )
    async def permissions(self, info: Info) -> list[MiniAsked]:
        return [MiniAsked.of(one) for one in await info.context.service(Records).asked(self.row)]

    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="It runs, and was drawn by chance to be looked at again."
    )
    def second_look(self) -> bool:
        return self.row.drawn

    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="It is of an organisation of yours: you decide nothing about it."
    )
    async def own(self, info: Info) -> bool:
        return await loading.own(info).load(self.row.organisation)

    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="You may open it now, as the citizen of the same phone."
    )
    async def tried(self, info: Info) -> bool:
        return await info.context.service(Trying).tries(principal=info.context.principal, version=self.row)

    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="What reviewers sign in with, as the developer wrote it."
    )
    def test_account(self) -> str | None:
        return self.row.test_account or None

    @strawberry.federation.field(
        authenticated=True, description="What it changes against another version; against none: what runs now."
    )
    async def difference(
        self,
        info: Info,
        from_: Annotated[strawberry.ID | None, strawberry.argument(name="from", description="A version's id.")] = None,
    ) -> MiniVersionDifference | None:
        found = await info.context.service(Versions).difference(
            principal=info.context.principal, version=self.row, against=from_
        )
        return MiniVersionDifference.of(found)

    @strawberry.federation.field(authenticated=True, description="While it is being rolled out.")
    async def rollout(self, info: Info) -> MiniRollout | None:
        return MiniRollout.of(await info.context.service(Rollouts).rollout(self.row))

    @classmethod
    def of(cls, version: model.Version, locale: Locale) -> MiniVersion:
        return cls(
            id=strawberry.ID(version.id),
            app_id=version.app_id,
            version_name=version.version_name,
            version_code=version.version_code,
            state=version.state,
            package_sha256=version.package,
            files_h1=version.files_h1,
            bytes=version.size,
            notes=version.notes,
            created_at=version.created_at,
            not_before=version.not_before,
            asked=sorted(version.asked | version.domains),
            granted=sorted(version.granted | version.allowed),
            findings=[MiniFinding.of(one, locale) for one in version.findings],
            steps=[MiniVersionStep.of(step) for step in version.steps],
            origin=MiniVersionOrigin.of(version.origin) if version.origin else None,
            row=version,
        )


@strawberry.type
class VersionsQuery:
    @strawberry.federation.field(
        requires_scopes=[*SUBMITTERS, *REVIEWERS], description="One that you build, or review."
    )
    async def mini_version(self, info: Info, id: strawberry.ID) -> MiniVersion:
        found = await info.context.service(Versions).version(principal=info.context.principal, id=id)
        return MiniVersion.of(found, info.context.locale)


@strawberry.type
class VersionsMutation:
    @strawberry.federation.field(
        requires_scopes=SUBMITTERS, description="Make a draft of a package that was uploaded (`PUT /open/packages`)."
    )
    async def create_version(
        self,
        info: Info,
        app_id: str,
        upload: Annotated[str, strawberry.argument(description="SHA-256 of the package, as the upload answered it.")],
        notes: Annotated[
            str | None, strawberry.argument(description="For reviewers, 4,000 characters at most.")
        ] = None,
    ) -> MiniVersion:
        made = await info.context.service(Versions).create(
            principal=info.context.principal, app_id=app_id, upload=upload, notes=notes
        )
        return MiniVersion.of(made, info.context.locale)

    @strawberry.federation.field(requires_scopes=SUBMITTERS, description="Hand a draft in for review.")
    async def submit_version(
        self,
        info: Info,
        id: strawberry.ID,
        notes: str | None = None,
        test_account: Annotated[
            str | None, strawberry.argument(description="What reviewers need beside a citizen's account.")
        ] = None,
    ) -> MiniVersion:
        done = await info.context.service(Versions).submit(
            principal=info.context.principal, id=id, notes=notes, test_account=test_account
        )
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(requires_scopes=BUILDERS, description="Take back what runs nowhere yet.")
    async def withdraw_version(self, info: Info, id: strawberry.ID) -> MiniVersion:
        done = await info.context.service(Versions).withdraw(principal=info.context.principal, id=id)
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=BUILDERS,
        description="Let those who build it open a draft (`openMiniProgram` with the scene `trial`); nobody else can.",
    )
    async def try_version(self, info: Info, id: strawberry.ID) -> MiniVersion:
        done = await info.context.service(Versions).try_out(principal=info.context.principal, id=id)
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="Countersign and log an approved version, and let some citizens have it."
    )
    async def start_rollout(
        self,
        info: Info,
        id: strawberry.ID,
        percent: Percent,
        cohort: Annotated[str | None, strawberry.argument(description="`testers`, or nothing for a draw.")] = None,
    ) -> MiniVersion:
        done = await info.context.service(Rollouts).start(
            principal=info.context.principal, id=id, percent=percent, cohort=cohort
        )
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(requires_scopes=BUILDERS, description="Let more citizens have it; never fewer.")
    async def change_rollout(self, info: Info, id: strawberry.ID, percent: Percent) -> MiniVersion:
        done = await info.context.service(Rollouts).widen(principal=info.context.principal, id=id, percent=percent)
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(requires_scopes=BUILDERS, description="Nobody more gets it; who has it keeps it.")
    async def pause_rollout(self, info: Info, id: strawberry.ID) -> MiniVersion:
        done = await info.context.service(Rollouts).pause(principal=info.context.principal, id=id)
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(requires_scopes=BUILDERS, description="More citizens get it again.")
    async def resume_rollout(self, info: Info, id: strawberry.ID) -> MiniVersion:
        done = await info.context.service(Rollouts).resume(principal=info.context.principal, id=id)
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(requires_scopes=BUILDERS, description="Everybody gets it.")
    async def promote_version(self, info: Info, id: strawberry.ID) -> MiniVersion:
        done = await info.context.service(Rollouts).promote(principal=info.context.principal, id=id)
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="Take it from everybody; citizens go back to the version before."
    )
    async def roll_back(self, info: Info, id: strawberry.ID, reason: Reason) -> MiniVersion:
        done = await info.context.service(Rollouts).roll_back(principal=info.context.principal, id=id, reason=reason)
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="Take it back for good; nothing runs in its place."
    )
    async def revoke_version(self, info: Info, id: strawberry.ID, reason: Reason) -> MiniVersion:
        done = await info.context.service(Rollouts).revoke(principal=info.context.principal, id=id, reason=reason)
        return MiniVersion.of(done, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="Who tests it besides those who build it; all of them, as openids."
    )
    async def invite_tester(
        self,
        info: Info,
        app_id: str,
        openid: Annotated[str, strawberry.argument(description="How the program knows the citizen.")],
        invited: bool = True,
    ) -> list[str]:
        return await info.context.service(Rollouts).invite(
            principal=info.context.principal, app_id=app_id, openid=openid, invited=invited
        )


@strawberry.type
class AppOfVersions:
    """Fields of `DeveloperApp`."""

    app_id: strawberry.Private[str]

    @strawberry.federation.field(authenticated=True, description="The last made first.")
    async def versions(self, info: Info, first: First = 20, after: After = None) -> Connection[MiniVersion]:
        request, locale = PageRequest.of(first=first, after=after), info.context.locale
        found = await info.context.service(Versions).versions(
            principal=info.context.principal, app_id=self.app_id, request=request
        )
        return connection_of(found, lambda version: MiniVersion.of(version, locale))

    @strawberry.federation.field(authenticated=True, description="Whom you invited, as openids.")
    async def testers(self, info: Info) -> list[str]:
        return await info.context.service(Rollouts).testers(principal=info.context.principal, app_id=self.app_id)
