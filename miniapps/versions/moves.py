"""What becomes of a program's versions, told as it happens.

Rules
- The moves of one program's versions are numbered in the order in which they were committed, without a gap. So a
  follower's place is one number: who comes back with it misses nothing and is told nothing twice.
- Whoever follows is asked for their right again before every move, and every `asked_again_s` while none comes: who was
  removed, signed out or frozen is told nothing more, and learns so within that time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from core.errors import BadInput
from core.events import Hearing
from core.paging import decode_cursor
from core.principal import Principal
from miniapps.versions.desk import Builders
from miniapps.versions.model import Move
from miniapps.versions.store import VersionStore

ASKED_AGAIN_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Moves:
    """hearing: of `miniapps.version_moved`, by program."""

    store: VersionStore
    builders: Builders
    hearing: Hearing
    asked_again_s: float = ASKED_AGAIN_S

    async def follow(
        self, *, principal: Principal, app_id: str, after: str | None = None
    ) -> AsyncGenerator[Move, None]:
        """Every move behind `after`, or from now on, until somebody stops asking.

        after: the cursor of a move of this program.
        Raises: BadInput; SignInRequired, Forbidden, NotFound, Unavailable, also while it is followed.
        """
        await self.builders.membership(principal=principal, app_id=app_id)
        last = await self.store.moves_made(app_id)
        return self._moves(principal, app_id, last if after is None else _place(after, last))

    async def _moves(self, principal: Principal, app_id: str, last: int) -> AsyncGenerator[Move, None]:
        with self.hearing.of(app_id) as heard:
            while True:
                heard.clear()
                move = await self.store.move(app_id, last + 1)
                if move is None and await _woken(heard, self.asked_again_s):
                    continue
                await self.builders.membership(principal=principal, app_id=app_id)
                if move is not None:
                    last = move.number
                    yield move


async def _woken(heard: asyncio.Event, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            return await heard.wait()
    except TimeoutError:
        return False


def _place(cursor: str, last: int) -> int:
    """Raises: BadInput."""
    told = decode_cursor(cursor)
    number = int(told) if told.isascii() and told.isdecimal() and len(told) < 16 else -1
    if not 0 <= number <= last:
        raise BadInput(field="after", problem="is no cursor of this program's versions")
    return number
