"""A seeded walk through the life of sessions, beside a model of a few lines that says what must be true.

Whatever happens in whatever order (sign-ins, refreshes, replays by a thief, two at once, sign-outs, guesses, rotated
keys, a wiped Redis, time passing), each access token is good exactly when the model says so, in the process that saw
it all and in one that has just started. A failing seed replays the walk.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from core.redis import Redis
from identity.demo import DEMO_LIMITS
from identity.model import SESSION_LIVES, Audience
from identity.sessions import SignedIn
from tests.unit.identity.room import OFFICER, OUYANG, ZHANG, Room, build, outcome

STEPS = 100
ACCOUNTS = ((ZHANG, Audience.CITIZEN), (OUYANG, Audience.CITIZEN), (OFFICER, Audience.STAFF))


@dataclass
class Believed:
    """What the model believes of one session."""

    audience: Audience
    begun: datetime
    idle_until: datetime
    current: SignedIn
    ended: bool = False
    used: list[SignedIn] = field(default_factory=list)

    def live(self, now: datetime) -> bool:
        absolute = self.begun + SESSION_LIVES[self.audience].absolute
        return not self.ended and now < self.idle_until and now < absolute

    def accepts(self, token: SignedIn, now: datetime) -> bool:
        return not self.ended and now < token.access.expires_at + timedelta(seconds=5)


class Walk:
    def __init__(self, room: Room, rng: random.Random) -> None:
        self.room = room
        self.rng = rng
        self.sessions: list[Believed] = []
        self.story: list[str] = []
        self.checked: Counter[str] = Counter()

    async def step(self) -> None:
        acts = {
            self.sign_in: 3,
            self.refresh: 4,
            self.replay: 1,
            self.race: 1,
            self.sign_out: 1,
            self.guess: 1,
            self.rotate_keys: 1,
            self.wipe_redis: 1,
            self.pass_time: 3,
        }
        (act,) = self.rng.choices(list(acts), weights=list(acts.values()))
        self.story.append(act.__name__)
        await act()

    async def sign_in(self) -> None:
        phone, audience = self.rng.choice(ACCOUNTS)
        tokens = await self.room.sign_in(phone, audience=audience)
        self.sessions.append(Believed(audience, tokens.session.created_at, tokens.session.idle_until, tokens))

    async def refresh(self) -> None:
        if self.sessions:
            believed = self.rng.choice(self.sessions)
            answer = await self._refresh(believed, believed.current)
            assert answer == ("ok" if believed.live(self.now) else "AUTH_REFRESH_INVALID"), self.story

    async def replay(self) -> None:
        robbed = [session for session in self.sessions if session.used]
        if robbed:
            believed = self.rng.choice(robbed)
            answer = await outcome(self._use(self.rng.choice(believed.used)))
            assert answer == "AUTH_REFRESH_REUSED", self.story
            believed.ended = True

    async def race(self) -> None:
        living = [session for session in self.sessions if session.live(self.now)]
        if living:
            believed = self.rng.choice(living)
            token = believed.current
            outcomes = await asyncio.gather(*(self._refresh(believed, token) for _ in range(3)))
            assert sorted(outcomes) == ["AUTH_REFRESH_REUSED", "AUTH_REFRESH_REUSED", "ok"], self.story
            believed.ended = True

    async def sign_out(self) -> None:
        reachable = [session for session in self.sessions if session.accepts(session.current, self.now)]
        if reachable:
            believed = self.rng.choice(reachable)
            principal = await self.room.identity.authenticate(token=believed.current.access.text)
            await self.room.identity.sessions.sign_out(principal=principal)
            believed.ended = True

    async def guess(self) -> None:
        refused = await outcome(self.room.identity.sessions.refresh(refresh_token=self.rng.choice("ABC") * 43))
        assert refused == "AUTH_REFRESH_INVALID", self.story

    async def rotate_keys(self) -> None:
        await self.room.keys.rotate()

    async def wipe_redis(self) -> None:
        await self.room.redis.flushall()

    async def pass_time(self) -> None:
        self.room.clock.advance(seconds=self.rng.choice([1, 30, 30, 240, 240, 600, 3600, 86_400, 20 * 86_400]))

    async def check(self) -> None:
        """Every token, in this process and in a new one."""
        fresh = await _process(self.room)
        for believed in self.sessions:
            for token in (*believed.used[-2:], believed.current):
                expected = believed.accepts(token, self.now)
                for process in (self.room, fresh):
                    answer = await outcome(process.identity.authenticate(token=token.access.text))
                    self.checked[answer] += 1
                    assert (answer == "ok") is expected, (answer, self.story)

    @property
    def now(self) -> datetime:
        return self.room.clock.now()

    async def _refresh(self, believed: Believed, token: SignedIn) -> str:
        async def use() -> None:
            renewed = await self._use(token)
            believed.used.append(token)
            believed.current, believed.idle_until = renewed, renewed.session.idle_until

        return await outcome(use())

    async def _use(self, token: SignedIn) -> SignedIn:
        return await self.room.identity.sessions.refresh(refresh_token=token.refresh)


async def _process(room: Room) -> Room:
    return await build(
        mongo=room.mongo,
        redis=room.redis,
        clock=room.clock,
        ids=room.ids,
        cipher=room.cipher,
        limits=DEMO_LIMITS,
        beside=True,
    )


@pytest.mark.parametrize("seed", range(3))
async def test_a_token_is_good_exactly_when_the_model_says_so(
    mongo: Mongo, redis: Redis, clock: FixedClock, ids: Ids, cipher: FieldCipher, seed: int
) -> None:
    room = await build(mongo=mongo, redis=redis, clock=clock, ids=ids, cipher=cipher, limits=DEMO_LIMITS)
    walk = Walk(room, random.Random(seed))
    for number in range(STEPS):
        await walk.step()
        if number % 10 == 9:
            await walk.check()
    # The walk went somewhere: tokens of all three kinds were met.
    assert walk.checked.keys() == {"ok", "AUTH_TOKEN_EXPIRED", "AUTH_TOKEN_INVALID"}
