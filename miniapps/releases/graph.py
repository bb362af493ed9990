"""Programs as the graph shows them: which there are, whose they are, and the release that runs."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Annotated, TypeAlias

import strawberry
from strawberry.scalars import JSON

from core.graph import PUBLIC, Connection, Info, connection_of
from core.locale import Locale
from core.paging import PageRequest
from miniapps.releases import model
from miniapps.releases.http import icon_path, package_path
from miniapps.releases.service import Releases

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before the page.")]

strawberry.enum(model.Category, name="MiniCategory", description="What a mini-program is for.")
# By its name in the graph, for whoever else shows it.
MiniCategory: TypeAlias = model.Category


@strawberry.federation.type(description="Who builds mini-programs.", directives=[PUBLIC])
class MiniOrganisation:
    id: strawberry.ID
    name: str = strawberry.federation.field(description="In the request's language.")
    verified: bool = strawberry.federation.field(description="Whether the city knows that it is who it says.")

    @classmethod
    def of(cls, organisation: model.Organisation, locale: Locale) -> MiniOrganisation:
        return cls(id=strawberry.ID(organisation.id), name=organisation.names[locale], verified=organisation.verified)


@strawberry.federation.type(
    keys=["appId"],
    description="A mini-program that runs here. Texts are in the request's language.",
    directives=[PUBLIC],
)
class MiniProgram:
    app_id: str
    name: str
    short_name: str
    description: str
    icon_url: str | None = strawberry.federation.field(description="Of a picture, on the city's own host.")
    category: model.Category
    version_name: str
    version_code: int = strawberry.federation.field(description="Of the version that runs for all.")
    organisation_id: strawberry.Private[str]

    @strawberry.federation.field(description="Who builds it, and answers for it.")
    async def organisation(self, info: Info) -> MiniOrganisation:
        found = await info.context.service(Releases).organisation(self.organisation_id)
        return MiniOrganisation.of(found, info.context.locale)

    @classmethod
    def of(cls, program: model.Program, locale: Locale) -> MiniProgram:
        words = program.in_(locale)
        return cls(
            app_id=program.app_id,
            name=words.name,
            short_name=words.short_name,
            description=words.description,
            icon_url=icon_path(program.icon) if program.icon else None,
            category=program.category,
            version_name=program.version_name,
            version_code=program.version_code,
            organisation_id=program.organisation,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, app_id: str) -> MiniProgram | None:
        """Nothing where none runs."""
        program = await info.context.service(Releases).program(app_id)
        return cls.of(program, info.context.locale) if program else None


@strawberry.federation.type(description="One published version of a mini-program.", directives=[PUBLIC])
class MiniRelease:
    id: strawberry.ID
    app_id: str
    version_name: str
    version_code: int = strawberry.federation.field(
        description="Grows with each release; never go back to a lower one."
    )
    package_url: str = strawberry.federation.field(description="Of the package with every signature.")
    package_sha256: str = strawberry.federation.field(description="Of the package without its signing block, in hex.")
    files_h1: str = strawberry.federation.field(description="Of the files in it.")
    bytes: int = strawberry.federation.field(description="Of the package.")
    origin: str = strawberry.federation.field(description="Where it runs; no other program is there.")
    root: str = strawberry.federation.field(description="What the path of each of its files begins with.")
    manifest: JSON = strawberry.federation.field(description="With the title of its bar in the reader's language.")
    release: strawberry.Private[model.Release]

    @strawberry.federation.field(description="The policy that its pages come with, for the scripts in all of them.")
    async def csp(self, info: Info) -> str:
        return await info.context.service(Releases).csp_of(self.release)

    @classmethod
    def of(cls, release: model.Release, releases: Releases, locale: Locale) -> MiniRelease:
        """Raises: NoProgramsHere."""
        return cls(
            id=strawberry.ID(release.id),
            app_id=release.app_id,
            version_name=release.version_name,
            version_code=release.version_code,
            package_url=package_path(release.package_sha256),
            package_sha256=release.package_sha256,
            files_h1=release.files_h1,
            bytes=release.size,
            origin=releases.origin_of(release),
            root=release.root,
            manifest=JSON(release.told_in(locale)),
            release=release,
        )


@strawberry.type
class ReleasesQuery:
    @strawberry.federation.field(
        directives=[PUBLIC], description="Mini-programs that run here, those whose name fits best first."
    )
    async def mini_programs(
        self,
        info: Info,
        search: Annotated[
            str | None, strawberry.argument(description="Part of a name or description, in any language.")
        ] = None,
        category: model.Category | None = None,
        district: Annotated[
            str | None,
            strawberry.argument(description="GB/T 2260. Programs of a district are listed for their own alone."),
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[MiniProgram]:
        page = PageRequest.of(first=first, after=after)
        locale = info.context.locale
        found = await info.context.service(Releases).programs(
            search=search or "", category=category, district=district, locale=locale, page=page
        )
        return connection_of(found, lambda program: MiniProgram.of(program, locale))

    @strawberry.federation.field(directives=[PUBLIC], description="The one of this id; null where none runs.")
    async def mini_program(self, info: Info, app_id: str) -> MiniProgram | None:
        return await MiniProgram.resolve_reference(info, app_id)
