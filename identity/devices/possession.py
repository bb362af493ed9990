"""Proofs that the app's own requests come with: each good once, for this city, now (RFC 9449).

Rules
- ES256 alone, which is what a browser's non-extractable key makes.
- A proof names the method and the URL below the city's public address; with an access token also that token (`ath`).
- Which proofs were shown is in Redis, for as long as one is good, and each process remembers those that it took,
  whatever Redis says, and when. While Redis is away one could be good once in each, within a minute, to who also has
  the token.
- No nonce is asked for. A client whose clock is wrong reads the right time in the `Date` of any answer.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import timedelta
from typing import Final

from core import dpop
from core.clock import Clock, epoch_ms
from core.crypto import FieldCipher
from core.errors import Unavailable
from core.redis import Redis, answering
from identity.devices.errors import ProofInvalid, ProofReplayed

ALGORITHMS: Final = ("ES256",)
_LIFE: Final = timedelta(seconds=2 * dpop.PROOF_AGE_MAX_S)
_LIFE_MS: Final = int(_LIFE.total_seconds() * 1000)
_WITHIN_S: Final = 0.25
_LEFT_ALONE_S: Final = 1.0
_REMEMBERED_MAX: Final = 50_000


class Possession:
    """base: the city's public address. namespace: the city's name, so that two cities may share one Redis."""

    def __init__(self, *, redis: Redis, cipher: FieldCipher, clock: Clock, namespace: str, base: str) -> None:
        self._redis = redis
        self._cipher = cipher
        self._clock = clock
        self._namespace = namespace
        self._base = base.rstrip("/")
        self._shown: OrderedDict[str, int] = OrderedDict()
        self._alone_until = 0.0

    async def __call__(self, proof: str, *, method: str, path: str, token: str | None) -> str:
        """The thumbprint of the key that the caller holds. token: the access token that the proof is to name.

        Raises: ProofInvalid, ProofReplayed.
        """
        try:
            shown = dpop.check_proof(
                proof,
                method=method,
                url=self._base + path,
                access_token=token,
                nonces=None,
                now=self._clock.now(),
                allowed=ALGORITHMS,
            )
        except dpop.ProofFault as fault:
            raise ProofInvalid(why=str(fault)) from fault
        if not await self._is_first(self._cipher.blind_index(shown.name, purpose="dpop.proof").hex()[:32]):
            raise ProofReplayed()
        return shown.jkt

    async def _is_first(self, name: str) -> bool:
        """Whether it is shown for the first time."""
        if not self._is_first_here(name):
            return False
        loop = asyncio.get_running_loop()
        if loop.time() >= self._alone_until:
            try:
                async with asyncio.timeout(_WITHIN_S), answering():
                    key = f"{self._namespace}:identity:proof:{name}"
                    return bool(await self._redis.set(key, 1, px=_LIFE_MS, nx=True))
            except (Unavailable, TimeoutError):
                self._alone_until = loop.time() + _LEFT_ALONE_S
        return True

    def _is_first_here(self, name: str) -> bool:
        now = epoch_ms(self._clock.now())
        while self._shown and (len(self._shown) >= _REMEMBERED_MAX or next(iter(self._shown.values())) <= now):
            self._shown.popitem(last=False)
        if name in self._shown:
            return False
        self._shown[name] = now + _LIFE_MS
        return True
