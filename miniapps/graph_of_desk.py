"""A program as the city's officers see it: who builds it, what runs, what it may, and where it is filed.

It stands above the wings because a record is made of what several of them know.
"""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Final

import strawberry
from strawberry.scalars import JSON

from core.graph import Connection, Info, connection_of
from core.paging import PageRequest
from miniapps.backends.graph import MiniTemplate
from miniapps.backends.subscribing import Subscribing
from miniapps.graph_of_building import DeveloperRating
from miniapps.releases.graph import MiniCategory
from miniapps.releases.model import Release, ReleaseState
from miniapps.versions import loading
from miniapps.versions.blocked import Blocking
from miniapps.versions.graph import REVIEWERS, After, BuilderRecord, First, MiniRollout, MiniVersion
from miniapps.versions.graph_of_officers import MiniFiling, MiniQuota
from miniapps.versions.quotas import Quotas
from miniapps.versions.records import Record, Records

OFFICERS: Final = [["miniapps:review"], ["miniapps:rate"], ["miniapps:revoke"]]

strawberry.enum(ReleaseState, name="MiniReleaseState", description="What became of a release.")


@strawberry.federation.type(description="A release of a program, as officers see it.", authenticated=True)
class ReleaseRecord:
    version_name: str
    version_code: int
    state: ReleaseState
    at: datetime
    because: str | None = strawberry.federation.field(description="Why it was taken back.")

    @classmethod
    def of(cls, one: Release) -> ReleaseRecord:
        return cls(
            version_name=one.version_name,
            version_code=one.version_code,
            state=one.state,
            at=one.at,
            because=one.because or None,
        )


@strawberry.federation.type(description="A program, as officers see it.", authenticated=True)
class ProgramRecord:
    app_id: str
    name: str
    category: MiniCategory
    builder: BuilderRecord
    own: bool = strawberry.federation.field(
        description="It is of an organisation of yours: you decide nothing about it."
    )
    running: int | None = strawberry.federation.field(description="The version code that runs for all.")
    revoked: bool = strawberry.federation.field(description="It was taken back as a whole.")
    given: list[str] = strawberry.federation.field(description="Permissions given beside its versions.")
    taken: list[str] = strawberry.federation.field(description="Permissions that no version of it has any more.")
    rollout: MiniRollout | None
    releases: list[ReleaseRecord] = strawberry.federation.field(description="The newest 50, the last first.")

    @strawberry.federation.field(authenticated=True, description="How far the city trusts who builds it.")
    def rating(self, info: Info) -> DeveloperRating | None:
        found = self.builder.row.rating
        return DeveloperRating.of(found, info.context.locale) if found else None

    @strawberry.federation.field(authenticated=True, description="The last made first.")
    async def versions(self, info: Info, first: First = 20, after: After = None) -> Connection[MiniVersion]:
        found = await info.context.service(Records).versions(
            principal=info.context.principal,
            app_id=self.app_id,
            request=PageRequest.of(first=first, after=after),
        )
        return connection_of(found, lambda version: MiniVersion.of(version, info.context.locale))

    @strawberry.federation.field(
        authenticated=True, description="What its backend may ask in a day; empty for the city's own."
    )
    async def quotas(self, info: Info) -> list[MiniQuota]:
        if self.builder.row.rating is None:
            return []
        return [MiniQuota.of(one) for one in await info.context.service(Quotas).of(self.app_id)]

    @strawberry.federation.field(
        authenticated=True,
        description="What browsers said in 30 days that its pages tried and their policy forbade, by version code: how "
        "often, by directive and kind of address. Anybody can say so.",
    )
    async def blocked(self, info: Info) -> JSON:
        found = await info.context.service(Blocking).of(principal=info.context.principal, app_id=self.app_id)
        return JSON({str(code): dict(counts) for code, counts in found.items()})

    @strawberry.federation.field(authenticated=True, description="The districts that it is of; none: the whole city.")
    async def filings(self, info: Info) -> list[MiniFiling]:
        found = await info.context.service(Records).filings_of(principal=info.context.principal, app_id=self.app_id)
        return [MiniFiling.of(one) for one in found]

    @classmethod
    def of(cls, one: Record, info: Info) -> ProgramRecord:
        locale = info.context.locale
        return cls(
            app_id=one.app_id,
            name=one.names[locale],
            category=one.category,
            builder=BuilderRecord.of(one.builder, locale),
            own=one.own,
            running=one.running,
            revoked=one.revoked,
            given=sorted(one.terms.given),
            taken=sorted(one.terms.taken),
            rollout=MiniRollout.of(one.rollout),
            releases=[ReleaseRecord.of(release) for release in one.releases],
        )


@strawberry.federation.type(
    description="Words of a program's messages that an officer has to decide about.", authenticated=True
)
class MiniTemplateWaiting:
    app_id: str
    template: MiniTemplate

    @strawberry.federation.field(authenticated=True, description="As the program was registered.")
    async def program_name(self, info: Info) -> str:
        return (await loading.programs(info).load(self.app_id)).names[info.context.locale]

    @strawberry.federation.field(authenticated=True, description="Who builds the program.")
    async def builder(self, info: Info) -> BuilderRecord:
        organisation = (await loading.programs(info).load(self.app_id)).organisation
        return BuilderRecord.of(await loading.builders(info).load(organisation), info.context.locale)

    @strawberry.federation.field(
        authenticated=True, description="It is of an organisation of yours: you decide nothing about it."
    )
    async def own(self, info: Info) -> bool:
        return await loading.own(info).load((await loading.programs(info).load(self.app_id)).organisation)


@strawberry.type
class DeskQuery:
    @strawberry.federation.field(
        requires_scopes=REVIEWERS, description="Words of messages that wait for an officer, the longest first."
    )
    async def mini_templates_waiting(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[MiniTemplateWaiting]:
        request, locale = PageRequest.of(first=first, after=after), info.context.locale
        found = await info.context.service(Subscribing).waiting(principal=info.context.principal, request=request)
        return connection_of(
            found, lambda one: MiniTemplateWaiting(app_id=one.app_id, template=MiniTemplate.of(one, locale))
        )

    @strawberry.federation.field(requires_scopes=OFFICERS, description="A program, for officers.")
    async def program_record(self, info: Info, app_id: str) -> ProgramRecord:
        found = await info.context.service(Records).record(principal=info.context.principal, app_id=app_id)
        return ProgramRecord.of(found, info)
