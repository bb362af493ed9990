"""One-time codes and how often they may be asked for: all of it may be lost, so all of it is in Redis.

Rules
- Redis never holds a code, a phone number, a device or an address in clear: keys are blind indexes, a code is a
  keyed digest.
- A try is counted before it is compared, in one step of Redis, so tries at the same instant cannot outnumber the
  limit; the comparison is in constant time.
- A code is good once: of two right answers at the same instant, the one that deletes it has signed in.
- Expiry follows the city's clock; Redis' own only cleans up.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

from core.addresses import address_group
from core.clock import Clock, epoch_ms
from core.crypto import FieldCipher, same
from core.redis import Redis, answering
from identity.charges import Charge, Charges
from identity.errors import CodeExpired, CodeWrong
from identity.limits import STANDARD_LIMITS, ActLimits, SignInLimits
from identity.model import CODE_LENGTH, CODE_LIFETIME, CODE_TRIES_MAX, Audience

# KEYS[1]: the code. ARGV: now, tries allowed. Counts a try; returns {digest, tries so far}, or nothing.
_TRY: Final = """
local row = redis.call('HMGET', KEYS[1], 'digest', 'expires')
if not row[1] then return {} end
local tries = redis.call('HINCRBY', KEYS[1], 'tries', 1)
if tonumber(ARGV[1]) >= tonumber(row[2]) or tries > tonumber(ARGV[2]) then
  redis.call('DEL', KEYS[1])
  return {}
end
return {row[1], tries}
"""

# KEYS[1]: the code. ARGV[1]: the digest that was compared. Returns 1 for the one caller that took it.
_TAKE: Final = """
if redis.call('HGET', KEYS[1], 'digest') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


def random_code() -> str:
    return f"{secrets.randbelow(10**CODE_LENGTH):0{CODE_LENGTH}d}"


class SignInCodes:
    """The codes that are out, and the limits on asking and answering.

    namespace: the city's name, so that two cities may share one Redis.
    """

    def __init__(
        self,
        *,
        redis: Redis,
        cipher: FieldCipher,
        clock: Clock,
        limits: SignInLimits = STANDARD_LIMITS,
        namespace: str,
    ) -> None:
        self.limits = limits
        self.charges = Charges(redis=redis, cipher=cipher, clock=clock, namespace=namespace)
        self._redis = redis
        self._cipher = cipher
        self._clock = clock
        self._try = redis.register_script(_TRY)
        self._take = redis.register_script(_TAKE)

    async def charge_request(self, *, phone: str, device_id: str, address: str) -> None:
        """Count one request for a code, by address, device and phone, in that order; a refused one counts nowhere.

        Raises: TooManyRequests, Unavailable.
        """
        charges = self._origin("request", self.limits.requests, device_id, address)
        charges.append(Charge(self.charges.key("request:phone", phone), self.limits.requests.per_phone))
        await self.charges.charge(charges)

    async def put(self, *, audience: Audience, phone: str, code: str) -> datetime:
        """Make `code` the one good code of this phone. Returns when it expires. Raises: Unavailable."""
        expires = self._clock.now() + CODE_LIFETIME
        key = self._code_key(audience, phone)
        row: dict[Any, Any] = {"digest": self._digest(audience, phone, code), "expires": epoch_ms(expires), "tries": 0}
        async with answering():
            async with self._redis.pipeline(transaction=True) as together:
                together.delete(key)
                together.hset(key, mapping=row)
                together.expire(key, CODE_LIFETIME)
                await together.execute()
        return expires

    async def answer(self, *, audience: Audience, phone: str, code: str, device_id: str, address: str) -> int:
        """Take the code if it is right. Returns to exactly one caller for each code, with how many wrong ones were
        tried for this phone since the last right one.

        Raises: CodeExpired, CodeWrong, TooManyRequests, Unavailable.
        """
        await self.charges.charge(self._origin("answer", self.limits.answers, device_id, address))
        key = self._code_key(audience, phone)
        async with answering():
            tried = await self._try(keys=[key], args=[epoch_ms(self._clock.now()), CODE_TRIES_MAX])
        if not tried:
            raise CodeExpired()
        by_phone = self.charges.key("answer:phone", phone)
        await self.charges.charge([Charge(by_phone, self.limits.answers.per_phone)])
        expected, tries = bytes(tried[0]), int(tried[1])
        if not same(expected, self._digest(audience, phone, code)):
            raise CodeWrong(tries_left=CODE_TRIES_MAX - tries)
        async with answering():
            if not await self._take(keys=[key], args=[expected]):
                raise CodeExpired()
        return await self.charges.forgive(by_phone) - 1

    def _origin(self, act: str, limits: ActLimits, device_id: str, address: str) -> list[Charge]:
        """Whom an act is counted by besides its phone."""
        charges = [Charge(self.charges.key(f"{act}:address", address_group(address)), limits.per_address)]
        if device_id:
            charges.append(Charge(self.charges.key(f"{act}:device", device_id), limits.per_device))
        return charges

    def _code_key(self, audience: Audience, phone: str) -> str:
        return self.charges.key("code", f"{audience.value}:{phone}")

    def _digest(self, audience: Audience, phone: str, code: str) -> bytes:
        return self._cipher.blind_index(f"{audience.value}:{phone}:{code}", purpose="sign_in_code")
