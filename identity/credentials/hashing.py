"""Hashing passwords: argon2id, as OWASP advises, on few threads.

Rules
- 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet): about 30 ms of one core for each.
- At most two hashes are made at once and a few more wait; who comes after them is told to try again. So a flood of
  sign-ins costs the city two threads and 40 MiB, and everybody else's requests go on.
- Where there is no hash to compare with, a decoy is: it takes as long, and is never right.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from identity.errors import TooManyRequests

R = TypeVar("R")

OWASP: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)
AT_ONCE_MAX: Final = 2
WAITING_MAX: Final = 32


class Hashing:
    """parameters: those of new hashes. waiting_max: how many may wait beyond the two that are being made."""

    def __init__(self, *, parameters: PasswordHasher = OWASP, waiting_max: int = WAITING_MAX) -> None:
        self._parameters = parameters
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)
        self._inside_max = AT_ONCE_MAX + waiting_max
        self._inside = 0
        self._decoy = ""

    async def open(self) -> None:
        self._decoy = await self.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        """Raises: TooManyRequests."""
        return await self._in_turn(lambda: self._parameters.hash(password))

    async def verify(self, expected: str | None, password: str) -> bool:
        """Whether the password is the one of this hash; None where there is no hash. Raises: TooManyRequests."""

        def compare() -> bool:
            try:
                return self._parameters.verify(expected or self._decoy, password)
            except (VerificationError, InvalidHashError):
                return False

        return await self._in_turn(compare) and expected is not None

    def outdated(self, expected: str) -> bool:
        """Whether a hash was made with other parameters than those of now."""
        return self._parameters.check_needs_rehash(expected)

    async def _in_turn(self, work: Callable[[], R]) -> R:
        if self._inside >= self._inside_max:
            raise TooManyRequests(retry_after_s=1)
        self._inside += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._inside -= 1
