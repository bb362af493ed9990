"""Running programs as the graph shows them: opening, permissions, storage; what a citizen sees and settles of it."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import strawberry
from strawberry.scalars import JSON

from core.errors import NotFound
from core.graph import Connection, Info, connection_of, personal
from core.locale import Locale
from core.paging import PageRequest
from miniapps.releases.graph import MiniProgram, MiniRelease
from miniapps.releases.service import Releases
from miniapps.sessions import capabilities as rules
from miniapps.sessions import model
from miniapps.sessions.service import Choice, Opened, PermitRow, Sessions, Told
from miniapps.sessions.shelf import Change

CITIZEN: Final = [["citizen"]]
# Which programs somebody uses, and for what.
DEALINGS: Final = personal("IDENTITY", 2)
ON_OWN_BEHALF: Final = [["on_own_behalf"]]

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before the page.")]
Names = Annotated[list[str], strawberry.argument(description="Names of permissions, as in the manifest.")]

strawberry.enum(
    rules.CapabilityState,
    name="MiniCapabilityState",
    description="GRANTED now, to be asked for (PROMPT), refused (DENIED), or not there for this run (UNAVAILABLE).",
)
strawberry.enum(model.Ending, name="MiniSessionEnd", description="Why a run of a mini-program is over.")
strawberry.enum(Choice, name="MiniPermissionChoice", description="What you settle about a permission. PROMPT: ask me.")


@strawberry.federation.type(description="How a mini-program stands to one permission.", authenticated=True)
class MiniCapability:
    name: str
    state: rules.CapabilityState
    why: str = strawberry.federation.field(
        description="Which rule decided: manifest, review, consent, policy, context or quota; empty when granted."
    )
    reason: str | None = strawberry.federation.field(description="What the program wants it for, in its own words.")

    @classmethod
    def of(cls, one: rules.Capability, program: model.Runnable, locale: Locale) -> MiniCapability:
        reason = program.declared.get(one.name)
        words = reason.in_(locale) if reason else ""
        return cls(name=one.name, state=one.state, why=one.why.value, reason=words or None)


@strawberry.federation.type(description="A mini-program that was opened: all that its host needs.", authenticated=True)
class MiniSession:
    id: strawberry.ID
    program: MiniProgram = strawberry.federation.field(directives=[DEALINGS])
    release: MiniRelease = strawberry.federation.field(directives=[DEALINGS])
    page: str
    query: JSON = strawberry.federation.field(description="Texts by name; whoever made the link wrote them.")
    scene: str
    referrer_app_id: str | None = strawberry.federation.field(
        description="The mini-program that led here, by the city's word.", directives=[DEALINGS]
    )
    trial: bool = strawberry.federation.field(description="You build it or review it, and try what is not released.")
    expires_at: datetime
    capabilities: list[MiniCapability]
    storage: JSON = strawberry.federation.field(description="What the program keeps for you, by name.")
    storage_revision: int

    @classmethod
    async def of(cls, opened: Opened, *, info: Info) -> MiniSession:
        releases, session, locale = info.context.service(Releases), opened.session, info.context.locale
        listed, release = await releases.program(session.app_id), await releases.release(session.release)
        program = listed or await releases.known(session.app_id)
        if program is None or release is None:
            # It was taken back since it was opened a moment ago.
            raise NotFound(thing="mini-program")
        return cls(
            id=strawberry.ID(session.id),
            program=MiniProgram.of(program, locale),
            release=MiniRelease.of(release, releases, locale),
            page=session.way.page,
            query=JSON(dict(session.way.query)),
            scene=session.way.scene,
            referrer_app_id=session.way.referrer,
            trial=opened.program.trial,
            expires_at=session.expires_at,
            capabilities=[MiniCapability.of(one, opened.program, locale) for one in opened.capabilities],
            storage=JSON(dict(opened.kept.values)),
            storage_revision=opened.kept.revision,
        )


@strawberry.federation.type(description="How a run of a mini-program stands.", authenticated=True)
class MiniSessionState:
    ended: model.Ending | None = strawberry.federation.field(description="Why it is over; null while it runs.")
    capabilities: list[MiniCapability]

    @classmethod
    def of(cls, told: Told, locale: Locale) -> MiniSessionState:
        program = told.program
        listed = [MiniCapability.of(one, program, locale) for one in told.capabilities] if program else []
        return cls(ended=told.ending, capabilities=listed)


@strawberry.federation.type(description="The revision of what a mini-program keeps.", authenticated=True)
class MiniStorage:
    revision: int


@strawberry.federation.type(description="Something that you let a mini-program do.", authenticated=True)
class MiniPermit:
    id: strawberry.ID
    name: str = strawberry.federation.field(description="The permission.", directives=[DEALINGS])
    given_at: datetime
    last_used_at: datetime | None = strawberry.federation.field(
        description="When the city last did it for the program; null where it never did, or your device does it."
    )
    reason: str = strawberry.federation.field(description="What for, as you were told.", directives=[DEALINGS])
    app_id: strawberry.Private[str]

    @strawberry.federation.field(description="Null where it runs no longer.", directives=[DEALINGS])
    async def program(self, info: Info) -> MiniProgram | None:
        return await MiniProgram.resolve_reference(info, self.app_id)

    @classmethod
    def of(cls, row: PermitRow) -> MiniPermit:
        given = row.given
        return cls(
            id=strawberry.ID(f"{given.consent}:{given.name}"),
            name=given.name,
            given_at=given.at,
            last_used_at=row.used_at,
            reason=given.purpose,
            app_id=row.app_id,
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
        policy=ON_OWN_BEHALF,
        directives=[DEALINGS],
        description="Mini-programs that you opened and that still run here, the last one first.",
    )
    async def recent_mini_programs(self, info: Info, first: First = 6) -> list[MiniProgram] | None:
        request = PageRequest.of(first=first, after=None)
        service, principal = info.context.service(Sessions), info.context.principal
        ids = await service.recent(principal=principal, citizen=self.id, limit=request.first)
        found, locale = await info.context.service(Releases).opened_before(ids), info.context.locale
        return [MiniProgram.of(program, locale) for program in found]

    @strawberry.federation.field(
        authenticated=True,
        policy=ON_OWN_BEHALF,
        directives=[DEALINGS],
        description="What you let mini-programs do, the last given first.",
    )
    async def mini_permits(self, info: Info, first: First = 20, after: After = None) -> Connection[MiniPermit] | None:
        service, page = info.context.service(Sessions), PageRequest.of(first=first, after=after)
        found = await service.permits(principal=info.context.principal, citizen=self.id, page=page)
        return connection_of(found, MiniPermit.of)


@strawberry.type
class SessionsQuery:
    @strawberry.federation.field(
        requires_scopes=CITIZEN, description="How a run of yours stands. Ask again every half minute."
    )
    async def mini_session(self, info: Info, session: strawberry.ID) -> MiniSessionState:
        told = await info.context.service(Sessions).told(principal=info.context.principal, session_id=session)
        return MiniSessionState.of(told, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=CITIZEN, description="What a mini-program could do if you opened it now; settled outside of it."
    )
    async def mini_capabilities(self, info: Info, app_id: str) -> list[MiniCapability]:
        service, locale = info.context.service(Sessions), info.context.locale
        program, listed = await service.outside(principal=info.context.principal, app_id=app_id)
        return [MiniCapability.of(one, program, locale) for one in listed]


@strawberry.type
class SessionsMutation:
    @strawberry.federation.field(
        requires_scopes=CITIZEN, description="Open a mini-program. One answer has all that its host needs."
    )
    async def open_mini_program(
        self,
        info: Info,
        app_id: str,
        page: Annotated[str | None, strawberry.argument(description="Of its manifest; without it, the first.")] = None,
        query: Annotated[JSON | None, strawberry.argument(description="Texts by name, 2,048 bytes at most.")] = None,
        scene: Annotated[str, strawberry.argument(description="How you came: home, search, link, code, …")] = "home",
        referrer_session: Annotated[
            strawberry.ID | None, strawberry.argument(description="Your run of the mini-program that leads here.")
        ] = None,
    ) -> MiniSession:
        opened = await info.context.service(Sessions).begin(
            principal=info.context.principal,
            app_id=app_id,
            page=page or "",
            query=query,
            scene=scene,
            referrer_session=referrer_session,
        )
        return await MiniSession.of(opened, info=info)

    @strawberry.federation.field(requires_scopes=CITIZEN, description="End a run of yours; one that is over stays so.")
    async def close_mini_program(self, info: Info, session: strawberry.ID) -> bool:
        await info.context.service(Sessions).close(principal=info.context.principal, session_id=session)
        return True

    @strawberry.federation.field(
        requires_scopes=CITIZEN,
        description="What you answered on one sheet of permissions; both lists empty where you put it away.",
    )
    async def answer_mini_permissions(
        self,
        info: Info,
        session: strawberry.ID,
        granted: Names,
        denied: Names,
        text: Annotated[str, strawberry.argument(description="What the sheet said, word by word.")],
    ) -> list[MiniCapability]:
        told = await info.context.service(Sessions).answer(
            principal=info.context.principal,
            session_id=session,
            granted=granted,
            denied=denied,
            text=text,
            locale=info.context.locale,
        )
        return MiniSessionState.of(told, info.context.locale).capabilities

    @strawberry.federation.field(
        requires_scopes=CITIZEN,
        description="Settle a permission of a mini-program outside of it; this alone gives what you refused twice.",
    )
    async def set_mini_permission(self, info: Info, app_id: str, name: str, state: Choice) -> list[MiniCapability]:
        locale = info.context.locale
        program, listed = await info.context.service(Sessions).settle(
            principal=info.context.principal, app_id=app_id, name=name, choice=state, locale=locale
        )
        return [MiniCapability.of(one, program, locale) for one in listed]

    @strawberry.federation.field(
        requires_scopes=CITIZEN, description="Change what a mini-program keeps for you: all of it, or nothing."
    )
    async def write_mini_storage(
        self,
        info: Info,
        session: strawberry.ID,
        revision: Annotated[int, strawberry.argument(description="That the change was made for.")],
        put: Annotated[JSON | None, strawberry.argument(description="Values by name.")] = None,
        removed: list[str] | None = None,
        clear: Annotated[bool | None, strawberry.argument(description="Everything else goes first.")] = None,
    ) -> MiniStorage:
        change = Change.of(put=put, removed=removed, clear=clear)
        left = await info.context.service(Sessions).write(
            principal=info.context.principal, session_id=session, change=change, revision=revision
        )
        return MiniStorage(revision=left)
