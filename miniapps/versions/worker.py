"""What versions do about events and by the clock: what was submitted is examined, or handed on when that fails, and
what runs is looked at again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.events import Event, Subscription
from core.tasks import Work, every
from miniapps.versions import examining, running
from miniapps.versions.desk import VERSION_MOVED
from miniapps.versions.model import State
from miniapps.versions.second_looks import SecondLooks
from miniapps.versions.service import Versions
from miniapps.versions.unexamined import Unexamined

# Each has a process of its own while it is examined.
_AT_ONCE: Final = 2
_DRAWN_EVERY_S: Final = 3_600.0
_HANDED_ON_EVERY_S: Final = 300.0


def subscriptions(versions: Versions) -> list[Subscription]:
    async def examine(event: Event) -> None:
        if event.payload["state"] == State.SUBMITTED.value:
            await versions.examine_submitted(event.payload["version"])

    return [
        Subscription(
            event=VERSION_MOVED,
            handler="miniapps.examine_version",
            after=examine,
            timeout_s=examining.WITHIN_S + running.WITHIN_S + 15,
            at_once=_AT_ONCE,
        )
    ]


def chores(looks: SecondLooks, unexamined: Unexamined) -> Mapping[str, Work]:
    return {
        "mini-second-looks": every(_DRAWN_EVERY_S, looks.draw),
        "mini-unexamined": every(_HANDED_ON_EVERY_S, unexamined.hand_over),
    }
