"""CL1, a licence as it is shown: a CWT (RFC 8392) in COSE_Sign1, in base45 behind `CL1:`. Pure: no clock or storage.

    claim    type           meaning
    1  iss   text           GB/T 2260 code of the issuing city, six digits
    4  exp   uint           the second from which it is refused
    6  iat   uint           when it was made, in seconds since 1970-01-01T00:00:00Z
    7  cti   bytes (16)     this code and no other; the city takes it once
    -70001   text           the licence's identifier (GB/T 36904)
    -70002   text           its type's code, 21 characters
    -70003   text           the purpose it is shown for, in the holder's words
    -70004   map text:text  the fields that are shown, and no others; names are those of the type

The protected header is {1: -8 (EdDSA), 4: kid}. It names no person: whom it belongs to is in the fields, as far as the
holder chose to show that. Who verifies offline believes it until `exp` if a published key signed it; only the city
can tell whether it was used, or whether the licence was revoked in that minute.

Rules
- A claim that this table does not define is refused, and so is a value out of its bounds.
- It is refused from `exp` on, and earlier than 30 s before `iat` (the issuer's clock may be ahead).
- Length is checked before anything is decoded; no tag is looked into (core.cose).
- A text of 1,990 characters is what a QR of version 30 holds at error correction M; more does not scan well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeGuard

import base45
import cbor2
from nacl.signing import SigningKey, VerifyKey

from api.domains.licences import identifiers
from api.domains.licences.errors import (
    CodeExpired,
    CodeForeign,
    CodeForged,
    CodeMalformed,
    CodeNotYetValid,
    TooMuchToShow,
)
from api.domains.licences.forms import FIELDS_MAX, VALUE_LENGTH_MAX
from api.domains.licences.identifiers import NotAnIdentifier
from api.domains.licences.model import PURPOSE_LENGTH_MAX
from core import cose
from core.clock import epoch_s, from_epoch_s
from core.cose import NotCose, Sign1

PREFIX: Final = "CL1:"
LIFETIME_S: Final = 60
LIFETIME_S_MAX: Final = 255
SKEW_S_MAX: Final = 30
CTI_BYTES: Final = 16
TEXT_LENGTH_MAX: Final = 1_990
# What a scanner, a keyboard or a clipboard may put around a code.
_AROUND_MAX: Final = 64
_NAME_LENGTH_MAX: Final = 40

_ISS, _EXP, _IAT, _CTI = 1, 4, 6, 7
_LICENCE, _TYPE, _PURPOSE, _FIELDS = -70001, -70002, -70003, -70004
_CLAIMS: Final = frozenset({_ISS, _EXP, _IAT, _CTI, _LICENCE, _TYPE, _PURPOSE, _FIELDS})


@dataclass(frozen=True, slots=True)
class Claims:
    """What a code says. `city`: six digits; `cti`: 16 bytes; times are whole seconds."""

    city: str
    issued_at: datetime
    expires_at: datetime
    cti: bytes = field(repr=False)
    licence: str
    type_code: str
    purpose: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)

    def pack(self) -> bytes:
        """The claims set, its keys in the order of RFC 8949 §4.2.1 but for the fields, which keep theirs."""
        return cbor2.dumps(
            {
                _ISS: self.city,
                _EXP: epoch_s(self.expires_at),
                _IAT: epoch_s(self.issued_at),
                _CTI: self.cti,
                _LICENCE: self.licence,
                _TYPE: self.type_code,
                _PURPOSE: self.purpose,
                _FIELDS: dict(self.fields),
            }
        )

    @classmethod
    def unpack(cls, raw: bytes) -> Claims:
        """Raises: CodeMalformed for anything that the table does not define."""
        claims = _claims_of(raw)
        city, cti, purpose, fields = claims[_ISS], claims[_CTI], claims[_PURPOSE], claims[_FIELDS]
        if not (_is_text(city, 6) and len(city) == 6 and city.isascii() and city.isdigit()):
            raise CodeMalformed()
        if not (isinstance(cti, bytes) and len(cti) == CTI_BYTES and _is_text(purpose, PURPOSE_LENGTH_MAX)):
            raise CodeMalformed()
        issued_at, expires_at = _times(claims[_IAT], claims[_EXP])
        licence, type_code = _licence(claims[_LICENCE], claims[_TYPE])
        return cls(city, issued_at, expires_at, cti, licence, type_code, purpose, _fields(fields))

    def check_city(self, city: str) -> None:
        """Raises: CodeForeign."""
        if self.city != city:
            raise CodeForeign()

    def check_time(self, *, now: datetime) -> None:
        """Raises: CodeNotYetValid, CodeExpired."""
        if now < self.issued_at - timedelta(seconds=SKEW_S_MAX):
            raise CodeNotYetValid()
        if now >= self.expires_at:
            raise CodeExpired()


@dataclass(frozen=True, slots=True)
class SignedCode:
    """A code as read, not yet believed."""

    claims: Claims
    kid: str
    message: Sign1 = field(repr=False)

    def check_signature(self, key: VerifyKey) -> None:
        """Raises: CodeForged."""
        if not self.message.verify(key):
            raise CodeForged()


def issue(claims: Claims, *, kid: str, key: SigningKey) -> str:
    """The text of a code. Raises: TooMuchToShow."""
    written: bytes = base45.b45encode(cose.sign1(claims.pack(), key=key, kid=kid.encode()))
    text = PREFIX + written.decode()
    if len(text) > TEXT_LENGTH_MAX:
        raise TooMuchToShow()
    return text


def parse(text: str) -> SignedCode:
    """Read a code that anybody may have written. Blanks around it are let pass. Raises: CodeMalformed."""
    if len(text) > TEXT_LENGTH_MAX + _AROUND_MAX:
        raise CodeMalformed()
    bare = text.strip()
    if len(bare) > TEXT_LENGTH_MAX or not bare.startswith(PREFIX):
        raise CodeMalformed()
    try:
        message = cose.parse(base45.b45decode(bare[len(PREFIX) :]))
        return SignedCode(Claims.unpack(message.payload), _kid(message), message)
    except ValueError as fault:  # base45, a NotCose, or a key id beyond ASCII
        raise CodeMalformed() from fault


def _kid(message: Sign1) -> str:
    if message.kid is None:
        raise CodeMalformed()
    return message.kid.decode("ascii")


def _claims_of(raw: bytes) -> dict[Any, Any]:
    try:
        claims = cose.decode(raw)
    except NotCose as fault:
        raise CodeMalformed() from fault
    if not isinstance(claims, dict) or claims.keys() != _CLAIMS:
        raise CodeMalformed()
    return claims


def _is_text(value: object, length_max: int) -> TypeGuard[str]:
    return isinstance(value, str) and 1 <= len(value) <= length_max


def _times(iat: object, exp: object) -> tuple[datetime, datetime]:
    if type(iat) is not int or type(exp) is not int or not 0 <= iat < exp < 2**32 or exp - iat > LIFETIME_S_MAX:
        raise CodeMalformed()
    return from_epoch_s(iat), from_epoch_s(exp)


def _licence(identifier: object, type_code: object) -> tuple[str, str]:
    if not (_is_text(identifier, identifiers.LENGTH_MAX) and isinstance(type_code, str)):
        raise CodeMalformed()
    try:
        read = identifiers.parse(identifier)
    except NotAnIdentifier as fault:
        raise CodeMalformed() from fault
    if read.type_code != type_code:
        raise CodeMalformed()
    return identifier, type_code


def _fields(fields: object) -> dict[str, str]:
    if not isinstance(fields, dict) or not 1 <= len(fields) <= FIELDS_MAX:
        raise CodeMalformed()
    if not all(_is_text(n, _NAME_LENGTH_MAX) and _is_text(v, VALUE_LENGTH_MAX) for n, v in fields.items()):
        raise CodeMalformed()
    return fields
