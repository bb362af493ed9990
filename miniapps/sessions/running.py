"""Sessions that run, in Redis, where they may be lost: a program that was open is then opened again.

Rules
- A session is one hash: its row, sealed; how many sheets it has shown; what was refused in it; why it ended.
- Keys are blind indexes, the row is sealed to its key: Redis never says who runs what.
- Its life follows the city's clock; Redis' own expiry only cleans up, and what has expired never comes back half.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from core.clock import Clock, epoch_ms
from core.crypto import FieldCipher, UnsealError
from core.redis import Redis, answering
from miniapps.sessions.model import AT_ONCE_MAX, LIFE, TOLD_FOR, Ending, Live, Session, Way

_PURPOSE: Final = "mini.session"
_ROW: Final = "row"
_PROMPTS: Final = "prompts"
_ENDING: Final = "ending"
_REFUSED: Final = "no:"
# What is noted of a session is noted of one that is there: KEYS[1], then fields and values, or nothing happens.
_NOTE: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
"""
_COUNT: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
return redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
"""
_END: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""


@dataclass(frozen=True, slots=True)
class Running:
    """namespace: the city's name, so that two cities may share one Redis."""

    redis: Redis
    cipher: FieldCipher
    clock: Clock
    namespace: str

    async def begin(self, session: Session) -> None:
        """Raises: Unavailable."""
        key, of_device = self._key("session", session.id), self._key("device", session.device_session)
        async with answering(), self.redis.pipeline(transaction=True) as together:
            together.hset(key, _ROW, self._sealed(session, key))
            together.pexpire(key, LIFE + TOLD_FOR)
            together.zadd(of_device, {key: epoch_ms(session.opened_at)})
            together.pexpire(of_device, LIFE + TOLD_FOR)
            together.zrange(of_device, 0, -AT_ONCE_MAX - 1)
            together.zremrangebyrank(of_device, 0, -AT_ONCE_MAX - 1)
            *_, too_many, _ = await together.execute()
        for oldest in too_many:
            await self._end(oldest.decode(), Ending.EXPIRED)

    async def renew(self, session: Session) -> None:
        """The same session, known better. Raises: Unavailable."""
        key = self._key("session", session.id)
        async with answering():
            await self.redis.eval(_NOTE, 1, key, _ROW, self._sealed(session, key))

    async def get(self, session_id: str) -> Live | None:
        """Also one that has ended, for a while. Raises: Unavailable."""
        return await self._at(self._key("session", session_id))

    async def _at(self, key: str) -> Live | None:
        async with answering():
            found: Any = await self.redis.hgetall(key)
        if not found:
            return None
        fields = {name.decode(): value for name, value in found.items()}
        try:
            row = orjson.loads(self.cipher.open(fields[_ROW], purpose=_PURPOSE, owner=key))
        except UnsealError:
            return None  # sealed with the master key of before; it may be lost
        session = _session(row)
        ending = Ending(fields[_ENDING].decode()) if _ENDING in fields else None
        if ending is None and self.clock.now() >= session.expires_at:
            ending = Ending.EXPIRED
        refused = frozenset(name.removeprefix(_REFUSED) for name in fields if name.startswith(_REFUSED))
        return Live(session, int(fields.get(_PROMPTS, 0)), refused, ending)

    async def note_prompt(self, session_id: str, *, refused: Iterable[str]) -> None:
        """One more sheet was shown, and these were refused on it. Raises: Unavailable."""
        key = self._key("session", session_id)
        async with answering():
            await self.redis.eval(_COUNT, 1, key, _PROMPTS)
            if fields := [part for name in refused for part in (f"{_REFUSED}{name}", "1")]:
                await self.redis.eval(_NOTE, 1, key, *fields)

    async def forgive(self, device_session: str, app_id: str, name: str) -> None:
        """What was refused in a session of this sign-in may be asked for in it again. Raises: Unavailable."""
        async with answering():
            keys: Any = await self.redis.zrange(self._key("device", device_session), 0, -1)
            for key in (one.decode() for one in keys):
                live = await self._at(key)
                if live is not None and live.session.app_id == app_id:
                    await self.redis.hdel(key, f"{_REFUSED}{name}")

    async def end(self, session_id: str, because: Ending) -> None:
        """One that has ended stays as it is. Raises: Unavailable."""
        await self._end(self._key("session", session_id), because)

    async def end_of_device(self, device_session: str, because: Ending) -> None:
        """Everything that this sign-in opened. Raises: Unavailable."""
        of_device = self._key("device", device_session)
        async with answering():
            keys: Any = await self.redis.zrange(of_device, 0, -1)
            for key in keys:
                await self._end(key.decode(), because)
            await self.redis.delete(of_device)

    async def _end(self, key: str, because: Ending) -> None:
        async with answering():
            kept_ms = int(TOLD_FOR.total_seconds() * 1000)
            await self.redis.eval(_END, 1, key, _ENDING, because.value, kept_ms)

    def _sealed(self, session: Session, key: str) -> bytes:
        return self.cipher.seal(orjson.dumps(asdict(session)), purpose=_PURPOSE, owner=key)

    def _key(self, kind: str, name: str) -> str:
        index = self.cipher.blind_index(name, purpose=f"mini.{kind}").hex()[:32]
        return f"{self.namespace}:mini:{kind}:{index}"


def _session(row: dict[str, Any]) -> Session:
    instants = {name: _instant(row[name]) for name in ("opened_at", "expires_at", "cooling_until")}
    return Session(**{**row, **instants, "way": Way(**row["way"])})


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
