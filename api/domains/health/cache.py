"""Worked-out statuses in Redis, sealed. They may be lost at any time, and are never wrong.

The key names the citizen, how often orders and rules changed, the rules' version and how often the citizen's facts
changed: after any change another key is asked for. Redis that fails or is slow is left alone for a moment, and each
status is worked out from MongoDB meanwhile.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from api.domains.health.model import Basis, Colour, FactKind, Status
from core.clock import Clock, epoch_ms, from_epoch_s
from core.crypto import FieldCipher, UnsealError
from core.errors import Unavailable
from core.locale import Text
from core.redis import Redis, answering

KEPT_MAX: Final = timedelta(minutes=10)
_PURPOSE: Final = "health.status"
_WITHIN_S: Final = 0.2
_LEFT_ALONE: Final = timedelta(seconds=5)


class StatusCache:
    """key: of the status, `of` says it; also what a sealed status is bound to."""

    def __init__(self, *, redis: Redis, cipher: FieldCipher, clock: Clock) -> None:
        self._redis = redis
        self._cipher = cipher
        self._clock = clock
        self._alone_until: datetime | None = None

    @staticmethod
    def key(citizen: str, *, epoch: int, version: int, facts: int) -> str:
        return f"health:status:{citizen}:{epoch}:{version}:{facts}"

    async def get(self, key: str) -> Status | None:
        """None when it is not there, or no longer good, or Redis does not answer."""
        if self._left_alone():
            return None
        try:
            async with answering(), asyncio.timeout(_WITHIN_S):
                sealed = await self._redis.get(key)
        except Unavailable:
            self._failed()
            return None
        status = self._opened(sealed, key) if isinstance(sealed, bytes) else None
        return status if status and self._clock.now() < status.valid_until else None

    async def put(self, key: str, status: Status) -> None:
        """Keep it as long as it is good, at most ten minutes; or not at all."""
        kept = min(status.valid_until - self._clock.now(), KEPT_MAX)
        if self._left_alone() or kept < timedelta(milliseconds=1):
            return
        sealed = self._cipher.seal(orjson.dumps(_as_json(status)), purpose=_PURPOSE, owner=key)
        try:
            async with answering(), asyncio.timeout(_WITHIN_S):
                await self._redis.set(key, sealed, px=kept)
        except Unavailable:
            self._failed()

    def _left_alone(self) -> bool:
        return self._alone_until is not None and self._clock.now() < self._alone_until

    def _failed(self) -> None:
        self._alone_until = self._clock.now() + _LEFT_ALONE

    def _opened(self, sealed: bytes, key: str) -> Status | None:
        try:
            return _of_json(orjson.loads(self._cipher.open(sealed, purpose=_PURPOSE, owner=key)))
        except UnsealError:
            # Written by somebody else, or under a master key that is gone: as good as not there.
            return None


def _as_json(status: Status) -> dict[str, Any]:
    return {
        "colour": status.colour,
        "reason": [status.reason.zh, status.reason.en],
        "advice": [status.advice.zh, status.advice.en],
        "basis": [[b.kind, b.summary.zh, b.summary.en, epoch_ms(b.at)] for b in status.basis],
        "version": status.rules_version,
        "computed_at": epoch_ms(status.computed_at),
        "valid_until": epoch_ms(status.valid_until),
    }


def _of_json(row: dict[str, Any]) -> Status:
    return Status(
        colour=Colour(row["colour"]),
        reason=Text(*row["reason"]),
        advice=Text(*row["advice"]),
        basis=tuple(Basis(FactKind(kind), Text(zh, en), _instant(at)) for kind, zh, en, at in row["basis"]),
        rules_version=row["version"],
        computed_at=_instant(row["computed_at"]),
        valid_until=_instant(row["valid_until"]),
    )


def _instant(ms: int) -> datetime:
    return from_epoch_s(0) + timedelta(milliseconds=ms)
