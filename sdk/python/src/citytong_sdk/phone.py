"""A citizen's phone, which they agreed to tell: for a code, or sealed to this program's own key.

A phone number shows itself in no repr. Write it to no log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .calls import Call, first
from .city import City
from .errors import AnswerInvalid, Reason, SealInvalid
from .keys import LAUNCH, DecryptionKey, PublishedKeys
from .replay import ReplayStore
from .sealing import LENGTH_MAX, unseal
from .signed import check_times, signed_claims

TOKEN_TYPE: Final = "mp-phone+jwt"
_PATH: Final = "/open/v1/phone"
_LIFE_S: Final = 300
_CODE_LENGTH_MAX: Final = 128


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """e164: with `+` and the country's code. national: as people there write it. country: ISO 3166, two letters."""

    e164: str = field(repr=False)
    national: str = field(repr=False)
    country: str


@dataclass(frozen=True, slots=True)
class SealedPhone:
    """What `read_sealed` found. jti: to be taken once. expires_at: seconds of Unix time."""

    phone: PhoneNumber
    jti: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Phone:
    """keys: the program's, by `kid`. replay: where what was unsealed is remembered."""

    city: City
    keys: Mapping[str, DecryptionKey]
    replay: ReplayStore

    def exchange(self, code: str) -> Call[PhoneNumber]:
        """The phone, for a code of `mp.getPhoneNumber()`. A code opens once, so a lost answer is not asked for again.

        Raises: CodeInvalid, CodeUsed, NotPermitted, NoPhone, RateLimited, CityTongError.
        """
        answer = yield from self.city.post(_PATH, {"code": _code(code)}, repeatable=False)
        found = _phone(answer.get("phone"))
        if found is None:
            raise AnswerInvalid("The city answered no phone.")
        return found

    def exchange_sealed(self, code: str) -> Call[str]:
        """The same, sealed: for `unseal`, perhaps in another process that alone has the key. Raises: NoEncryptionKey
        too.
        """
        answer = yield from self.city.post(_PATH, {"code": _code(code), "sealed": True}, repeatable=False)
        match answer:
            case {"sealed": str(sealed)}:
                return sealed
        raise AnswerInvalid("The city answered no sealed phone.")

    def unseal(self, jwe: str, *, replay: ReplayStore | None = None) -> Call[PhoneNumber]:
        """The phone that the city sealed to this program; once. replay: instead of the program's own store.

        Raises: SealInvalid; CityTongError where the city's keys were never told.
        """
        try:
            found = self._read(jwe, (yield from self.city.keys()))
        except SealInvalid as refusal:
            if refusal.reason is not Reason.KEY_UNKNOWN:
                raise
            found = self._read(jwe, (yield from self.city.keys(unknown=True)))
        ttl_s = found.expires_at + self.city.options.skew_s - self.city.clock() + 1
        if not (yield from first(replay or self.replay, f"phone:{found.jti}", max(ttl_s, 1.0))):
            raise SealInvalid(Reason.REPLAYED)
        return found.phone

    def _read(self, jwe: str, published: PublishedKeys) -> SealedPhone:
        city = self.city
        return read_sealed(
            jwe,
            keys=self.keys,
            city_keys=published,
            issuer=city.issuer,
            app_id=city.app_id,
            now=city.clock(),
            skew=city.options.skew_s,
        )


def read_sealed(
    jwe: str,
    *,
    keys: Mapping[str, DecryptionKey],
    city_keys: PublishedKeys,
    issuer: str,
    app_id: str,
    now: float,
    skew: float = 30,
) -> SealedPhone:
    """What is sealed, without asking anybody. now: seconds of Unix time. Raises: SealInvalid."""
    said = signed_claims(
        unseal(jwe, keys), keys=city_keys.of(LAUNCH), typ=TOKEN_TYPE, refuse=SealInvalid, length_max=LENGTH_MAX
    )
    match said:
        case {"iss": str(iss), "aud": str(aud), "jti": str(jti), "iat": int(iat), "exp": int(exp), "phone": told} if (
            jti
        ):
            phone = _phone(told)
        case _:
            raise SealInvalid(Reason.CLAIMS)
    if phone is None:
        raise SealInvalid(Reason.CLAIMS)
    if iss != issuer:
        raise SealInvalid(Reason.ISSUER)
    if aud != app_id:
        raise SealInvalid(Reason.AUDIENCE)
    check_times(iat, exp, now=now, max_age=_LIFE_S, skew=skew, refuse=SealInvalid)
    return SealedPhone(phone, jti, exp)


def _phone(told: object) -> PhoneNumber | None:
    match told:
        case {"e164": str(e164), "national": str(national), "country": str(country)} if e164.startswith("+"):
            return PhoneNumber(e164, national, country)
    return None


def _code(code: str) -> str:
    if not 0 < len(code) <= _CODE_LENGTH_MAX:
        raise ValueError("code: 1 to 128 characters")
    return code
