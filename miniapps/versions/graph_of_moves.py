"""Versions as the graph tells of them: what becomes of a program's, as it happens."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from core.graph import Info
from core.locale import Locale
from core.paging import encode_cursor
from miniapps.versions import model
from miniapps.versions.graph import BUILDERS, MiniVersion, MiniVersionStep
from miniapps.versions.moves import Moves


@strawberry.federation.type(description="Something that became of a version.", authenticated=True)
class MiniVersionEvent:
    cursor: str = strawberry.federation.field(description="What follows it comes to who asks for what is after it.")
    name: str = strawberry.federation.field(description="As webhooks name it: `version.approved`.")
    before: model.State | None = strawberry.federation.field(description="What the version was; null for a new one.")
    step: MiniVersionStep
    version: MiniVersion = strawberry.federation.field(description="As it is by now.")

    @classmethod
    def of(cls, move: model.Move, locale: Locale) -> MiniVersionEvent:
        return cls(
            cursor=encode_cursor(str(move.number)),
            name=move.name,
            before=move.before,
            step=MiniVersionStep.of(move.step),
            version=MiniVersion.of(move.version, locale),
        )


@strawberry.type
class MovesSubscription:
    @strawberry.federation.field(
        requires_scopes=BUILDERS,
        is_subscription=True,
        description="What becomes of the versions of a program of yours, in its order. It has no end of its own: "
        "where it ends, ask again for what is after the last event.",
    )
    async def mini_version_events(
        self,
        info: Info,
        app_id: str,
        after: Annotated[
            str | None, strawberry.argument(description="The cursor of an event; null for what comes from now on.")
        ] = None,
    ) -> AsyncGenerator[MiniVersionEvent, None]:
        moves = await info.context.service(Moves).follow(principal=info.context.principal, app_id=app_id, after=after)
        return _told(moves, info.context.locale)


async def _told(moves: AsyncGenerator[model.Move, None], locale: Locale) -> AsyncGenerator[MiniVersionEvent, None]:
    async with aclosing(moves):
        async for move in moves:
            yield MiniVersionEvent.of(move, locale)
