"""Versions that the machine never came to an end with are handed to the officers.

The worker tries an examination that broke off again, for half an hour. What still waits then, whatever the reason (the
rules themselves fail, a process dies of it, an event was lost), would wait for ever: it goes on with a finding that
says that nothing was examined. No version passes unseen by this: an officer decides, and reads it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from core.locale import Text
from core.mongo import Session
from miniapps.versions.desk import Desk
from miniapps.versions.model import Act, Finding, Severity, State, Who

# Of one that was begun, longer than all tries of an event and their pauses; of one that was not, longer than a worker
# may be away.
WAITS_AT_MOST: Final[Mapping[State, timedelta]] = {
    State.CHECKING: timedelta(hours=1),
    State.SUBMITTED: timedelta(days=1),
}
NOT_EXAMINED: Final = Finding(
    rule="",
    severity=Severity.WARNING,
    message=Text(zh="自动审核未能完成：未检查任何规则。", en="Automatic review failed: no rule was asked."),
    advice=Text(
        zh="请人工检查全部内容，或退回重新提交。", en="Look at all of it yourself, or have it handed in once more."
    ),
)


@dataclass(frozen=True, slots=True)
class Unexamined:
    desk: Desk

    async def hand_over(self) -> None:
        """Put what has waited for the machine for too long before the officers. Raises: Unavailable."""
        for id in await self.desk.store.unexamined(since=self.desk.clock.now() - min(WAITS_AT_MOST.values())):
            await self._hand_over(id)

    async def _hand_over(self, id: str) -> None:
        async def work(session: Session) -> None:
            version = await self.desk.found(id, session=session)
            most = WAITS_AT_MOST.get(version.state)
            if most is None or self.desk.clock.now() - version.steps[-1].at < most:
                return
            if version.state is State.SUBMITTED:
                version = await self.desk.step(version, Act.EXAMINE, by=Who.MACHINE, actor="", session=session)
            told, note = replace(version, findings=(NOT_EXAMINED,)), NOT_EXAMINED.message.en
            await self.desk.step(told, Act.PASS, by=Who.MACHINE, actor="", note=note, session=session)

        await self.desk.transaction(work)
