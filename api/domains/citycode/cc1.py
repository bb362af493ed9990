"""CC1, the personal code: 23 bytes, signed with Ed25519, in base45 behind `CC1:`. Pure: no clock, keys or storage.

    offset  size  field      meaning
         0     1  kind       high nibble: version of this table, 1; low nibble: what the code is of, 1 = a person
                             (2 = organisation, 3 = thing, 4 = place: kept for later, refused here)
         1     3  city       GB/T 2260 code of the issuing city as a number (110000 = 01 AD B0)
         4    10  pseudonym  the person's name of the day, drawn by the issuer; means nothing to anyone else
        14     1  status     bits 0-2: real-name level, 0 to 5; bits 3-7: zero
        15     4  iat        when it was issued, in seconds since 1970-01-01T00:00:00Z
        19     1  ttl        how long it lives, in seconds, 1 to 255
        20     3  kid        the signing key: four base32 characters (RFC 4648) as 20 bits, behind four zero bits

Integers are unsigned and big-endian. The Ed25519 signature (64 bytes, RFC 8032) is over the three letters `CC1`
followed by the 23 bytes. Body and signature together, 87 bytes, are written in base45 (RFC 9285) behind `CC1:`:
135 characters of the QR alphanumeric set, which is version 6 (41 × 41) at error correction M.

Rules
- Bytes that this table does not define are refused, so a code has one form: one body, one text but for its signature.
- A code *is* its body. The signature proves it and names nothing: whoever remembers codes remembers bodies.
- It is refused from `iat + ttl` on, and earlier than 30 s before `iat` (the issuer's clock may be ahead).
- Length is checked before anything is decoded.

Source: docs/decisions/0005-a-personal-code-is-23-signed-bytes.md
"""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import base45
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from api.domains.citycode.errors import CodeExpired, CodeForeign, CodeForged, CodeMalformed, CodeNotYetValid
from core.clock import epoch_s, from_epoch_s

PREFIX: Final = "CC1:"
LIFETIME_S: Final = 60
SKEW_S_MAX: Final = 30
BODY_BYTES: Final = 23
PSEUDONYM_BYTES: Final = 10
TEXT_LENGTH: Final = 135
# What a scanner, a keyboard or a clipboard may put around a code; longer input is not looked at.
TEXT_LENGTH_MAX: Final = 256

_DOMAIN: Final = b"CC1"
_PERSON_V1: Final = 0x11
_LEVEL_MAX: Final = 5
_CITY_MAX: Final = 999_999
_SIGNATURE_BYTES: Final = 64
# kind, city, pseudonym, status, iat, ttl, kid
_LAYOUT: Final = struct.Struct(">B3s10sBIB3s")


@dataclass(frozen=True, slots=True)
class Body:
    """What a code says. `city`: six digits; `kid`: four base32 characters; `issued_at`: whole seconds."""

    city: str
    pseudonym: bytes = field(repr=False)
    real_name_level: int
    issued_at: datetime
    ttl_s: int
    kid: str

    @property
    def expires_at(self) -> datetime:
        return self.issued_at + timedelta(seconds=self.ttl_s)

    def pack(self) -> bytes:
        """The 23 bytes. Raises: ValueError, struct.error for values that do not fit the table."""
        if len(self.pseudonym) != PSEUDONYM_BYTES or not 0 <= self.real_name_level <= _LEVEL_MAX or self.ttl_s < 1:
            raise ValueError("not a personal code")
        return _LAYOUT.pack(
            _PERSON_V1,
            int(self.city).to_bytes(3, "big"),
            self.pseudonym,
            self.real_name_level,
            epoch_s(self.issued_at),
            self.ttl_s,
            _pack_kid(self.kid),
        )

    @classmethod
    def unpack(cls, raw: bytes) -> Body:
        """From 23 bytes. Raises: CodeMalformed for any value that the table does not define."""
        kind, city, pseudonym, status, iat, ttl_s, kid = _LAYOUT.unpack(raw)
        division = int.from_bytes(city, "big")
        if kind != _PERSON_V1 or status > _LEVEL_MAX or ttl_s < 1 or division > _CITY_MAX or kid[0] >> 4:
            raise CodeMalformed()
        return cls(f"{division:06d}", pseudonym, status, from_epoch_s(iat), ttl_s, _unpack_kid(kid))

    def check_time(self, *, now: datetime) -> None:
        """Raises: CodeNotYetValid, CodeExpired."""
        if now < self.issued_at - timedelta(seconds=SKEW_S_MAX):
            raise CodeNotYetValid()
        if now >= self.expires_at:
            raise CodeExpired()

    def check_city(self, city: str) -> None:
        """Raises: CodeForeign."""
        if self.city != city:
            raise CodeForeign()


@dataclass(frozen=True, slots=True)
class SignedCode:
    """A code as read, not yet believed. `raw` is its identity."""

    body: Body
    raw: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def check_signature(self, key: VerifyKey) -> None:
        """Raises: CodeForged."""
        try:
            key.verify(_DOMAIN + self.raw, self.signature)
        except BadSignatureError as fault:
            raise CodeForged() from fault


def issue(body: Body, *, key: SigningKey) -> str:
    """The text of a code. The same body and key give the same text."""
    raw = body.pack()
    written: bytes = base45.b45encode(raw + key.sign(_DOMAIN + raw).signature)
    return PREFIX + written.decode()


def parse(text: str) -> SignedCode:
    """Read a code that anybody may have written. Blanks around it are let pass. Raises: CodeMalformed."""
    if len(text) > TEXT_LENGTH_MAX:
        raise CodeMalformed()
    bare = text.strip()
    if len(bare) != TEXT_LENGTH or not bare.startswith(PREFIX):
        raise CodeMalformed()
    try:
        octets = base45.b45decode(bare[len(PREFIX) :])
    except ValueError as fault:
        raise CodeMalformed() from fault
    if len(octets) != BODY_BYTES + _SIGNATURE_BYTES:
        raise CodeMalformed()
    raw = octets[:BODY_BYTES]
    return SignedCode(Body.unpack(raw), raw, octets[BODY_BYTES:])


def _pack_kid(kid: str) -> bytes:
    """Four base32 characters are 20 bits: with four more as padding they are 40 bits less 20."""
    return (int.from_bytes(base64.b32decode("AAAA" + kid), "big")).to_bytes(3, "big")


def _unpack_kid(raw: bytes) -> str:
    return base64.b32encode(b"\0\0" + raw).decode()[4:]
