"""Versions that run are looked at again, by chance: a program may have behaved only while it was reviewed (cloaking).

Rules
- On each day each version that runs for all is drawn with a chance of one in `ONE_IN`, by a keyed hash of version and
  day: whoever draws, and however often, draws the same, and who has not the key cannot tell who is next.
- Who builds it is not told that it was drawn: it waits in the officers' queue and goes on running.
- An officer who finds nothing approves it (`Act.CONFIRM`), and it rests for `REST`; one who does proposes to take it
  back.
Source: docs/decisions/0061-a-version-reaches-citizens-by-a-draw-that-stays.md, threat T32.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo
from typing import Final

from core.clock import city_day
from core.mongo import Session
from miniapps.versions.desk import Desk
from miniapps.versions.model import State, Who, place_in_queue

ONE_IN: Final = 30
REST: Final = timedelta(days=7)
_DRAWN: Final = "miniapps.version_drawn"
_RANGE: Final = 1 << 64


@dataclass(frozen=True, slots=True)
class SecondLooks:
    """zone: the city's, whose days are drawn by."""

    desk: Desk
    zone: tzinfo

    async def draw(self) -> None:
        """Put the versions of today's draw into the officers' queue. Raises: Unavailable."""
        day = city_day(self.desk.clock.now(), self.zone).isoformat()
        for id in await self.desk.store.released_at_rest():
            if self._is_drawn(id, day):
                await self._queue(id)

    def _is_drawn(self, id: str, day: str) -> bool:
        hashed = self.desk.store.cipher.blind_index(f"{id}:{day}", purpose="mini.second_look")
        return int.from_bytes(hashed[:8]) < _RANGE // ONE_IN

    async def _queue(self, id: str) -> None:
        async def work(session: Session) -> None:
            version, now = await self.desk.found(id, session=session), self.desk.clock.now()
            looked = max((step.at for step in version.steps if step.by is Who.OFFICER), default=None)
            rests = looked is not None and now - looked < REST
            if version.state is not State.RELEASED or version.queued or rests:
                return
            await self.desk.store.put(replace(version, queued=place_in_queue(version.id, now)), session=session)
            about = {"version": version.id, "app_id": version.app_id}
            await self.desk.audit.append(
                _DRAWN, actor="city", subject=version.organisation, about=about, session=session
            )

        await self.desk.transaction(work)
