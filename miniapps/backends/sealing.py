"""A phone on its way: as numbers are written, and sealed to a program's own key so that its front end carries and
cannot read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import phonenumbers
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey

from core.clock import epoch_s
from core.jose import Jwk, sign
from core.keys import RingKey

TOKEN_TYPE: Final = "mp-phone+jwt"
LIFE: Final = timedelta(minutes=5)
_WRAP: Final = "ECDH-ES+A256KW"
_CONTENT: Final = "A256GCM"
# The name of EdDSA that libraries know (RFC 8037); the newer one is Ed25519 (RFC 9864).
_ALGORITHM: Final = "EdDSA"


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """e164: with `+`. national: as people there write it. country: ISO 3166, two letters; ZZ for none."""

    e164: str = field(repr=False)
    national: str = field(repr=False)
    country: str

    @classmethod
    def of(cls, e164: str) -> PhoneNumber:
        parsed = phonenumbers.parse(e164)
        national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        return cls(e164, national, phonenumbers.region_code_for_number(parsed) or "ZZ")

    def told(self) -> dict[str, str]:
        return {"e164": self.e164, "national": self.national, "country": self.country}


def sealed(phone: PhoneNumber, *, to: Jwk, key: RingKey, issuer: str, app_id: str, id: str, now: datetime) -> str:
    """First signed, then encrypted: anybody can encrypt to a public key. to: the program's. id: taken once.

    Source: RFC 7516; RFC 7518 §4.6; RFC 8037 §3.2.
    """
    claims: Mapping[str, Any] = {
        "iss": issuer,
        "aud": app_id,
        "jti": id,
        "iat": epoch_s(now),
        "exp": epoch_s(now + LIFE),
        "phone": phone.told(),
    }
    inner = sign(claims, key=key, typ=TOKEN_TYPE, alg=_ALGORITHM)
    members: Any = {name: value for name, value in to.items() if name in ("kty", "crv", "x", "y", "kid")}
    recipient = (ECKey if to["kty"] == "EC" else OKPKey).import_key(members)
    header = {"alg": _WRAP, "enc": _CONTENT, "cty": "JWT", "kid": to["kid"]}
    return jwe.encrypt_compact(header, inner.encode(), recipient, algorithms=[_WRAP, _CONTENT])
