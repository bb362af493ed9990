"""`python -m api rewrap`: everything that is sealed comes under the master key of now, while the city runs.

Rules
- A person's key is wrapped anew, and what it seals stays as it is. What the city's own key seals is sealed anew.
- What identity sealed with the city's key, before people had keys of their own, comes under those.
- It may be broken off and run again; a run that finds nothing to do says so (core.resealing).
A room joins with a line in `_SEALED`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final

import api.domains.health.store as health
import api.domains.licences.store as licences
import api.domains.reports.photos as photos
import api.domains.reports.rows as reports
import core.events as events
import core.index_root as index_root
import core.keys as keys
import identity.delegations as delegations
import identity.organisations.store as organisations
import identity.recovery.store as recovery
import identity.sms as sms
import miniapps.backends.shelves as program_messages
import miniapps.backends.store as webhooks
import miniapps.versions.store as versions
import notifications.reach as reach
import notifications.store as messages
from api.ground import Ground
from core.resealing import Progress, Renew, SealedField, reseal, with_cipher
from identity.former_rows import FORMER_ROWS, under_own_key

PERSONS_KEYS: Final = "keys of persons"
_SEALED: Final[Sequence[SealedField]] = (
    index_root.SEALED,
    keys.SEALED,
    events.SEALED,
    *sms.SEALED,
    *delegations.SEALED,
    *organisations.SEALED,
    *recovery.SEALED,
    *licences.SEALED,
    *health.SEALED,
    *reports.SEALED,
    *photos.SEALED,
    *messages.SEALED,
    *reach.SEALED,
    *versions.SEALED,
    *webhooks.SEALED,
    *program_messages.SEALED,
)


@dataclass(frozen=True, slots=True)
class Step:
    """How far one kind of thing is. left: would still be changed. lost: opened by no key that was given.

    under_way: there is more of it.
    """

    what: str
    rows: int
    done: int
    left: int
    lost: int
    under_way: bool

    @property
    def sentence(self) -> str:
        return f"{self.what:28} {self.rows:9} read  {self.done:9} renewed  {self.left:6} left  {self.lost:6} lost"


async def rewrap(ground: Ground, *, check: bool = False) -> AsyncIterator[Step]:
    """check: change nothing, and say what is left. Raises: Unavailable."""
    async for step in _persons_keys(ground, check=check):
        yield step
    former = under_own_key(ground.cipher, ground.personal)
    for places, renew in ((_SEALED, with_cipher(ground.cipher)), (FORMER_ROWS, former)):
        for collection in _by_collection(places):
            async for step in _collection(ground, collection, renew, check=check):
                yield step


async def _persons_keys(ground: Ground, *, check: bool) -> AsyncIterator[Step]:
    done = 0
    if not check:
        async for some in ground.personal.rewrap():
            done += some
            yield Step(PERSONS_KEYS, done, done, 0, 0, under_way=True)
    yield Step(PERSONS_KEYS, done, done, await ground.personal.left(), 0, under_way=False)


async def _collection(
    ground: Ground, places: Sequence[SealedField], renew: Renew, *, check: bool
) -> AsyncIterator[Step]:
    last = Progress(places[0].collection)
    async for last in reseal(ground.mongo, places, renew, dry=check):
        yield _step(last, check=check, under_way=True)
    yield _step(last, check=check, under_way=False)


def _step(so_far: Progress, *, check: bool, under_way: bool) -> Step:
    done, left = (0, so_far.renewed) if check else (so_far.renewed, 0)
    return Step(so_far.collection, so_far.rows, done, left, so_far.lost, under_way)


def _by_collection(places: Iterable[SealedField]) -> list[list[SealedField]]:
    name = attrgetter("collection")
    return [list(some) for _, some in groupby(sorted(places, key=name), key=name)]
