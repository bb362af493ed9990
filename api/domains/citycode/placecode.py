"""CP1, the code on a plate: what a place or thing is called, in a URL that any camera opens. Pure.

    HTTPS://<HOST>/P/<21 digits>.<kid>.<issue>.<signature>

    21 digits   CJ/T 553: 6 of the division (GB/T 2260), 6 of the class, 9 of its own
    kid         the signing key: four base32 characters (RFC 4648)
    issue       how many plates this place has had, 1 to 9999: a new plate makes the old one invalid
    signature   Ed25519 (RFC 8032), 64 bytes as 103 base32 characters, without padding

The signature is over `CP1:`, the six digits of the issuing city, `:`, and everything before the last dot, in upper
case: so also over the host and the issue. Nothing that is signed as a personal code (CC1) begins so.

Rules
- Upper case throughout: a QR in alphanumeric mode, version 7 (45 × 45) at error correction M for a host of up to 45
  characters. A host is in capitals or not as one likes (RFC 3986 §3.2.2), so `parse` takes either.
- A plate hangs for years, so it says nothing that changes: no name, and no time after which it is wrong.
- A code has one form but for its case: base32 whose spare bits are set is refused.
- Length is checked before anything is decoded.

Source: docs/decisions/0012-a-plate-is-a-signed-url.md
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from api.domains.citycode.errors import PlateForeign, PlateForged, PlateMalformed, PlatePersonal
from core.principal import Jurisdiction

ISSUE_MAX: Final = 9_999
TEXT_LENGTH_MAX: Final = 512
PLACE_CODE: Final = re.compile(r"[0-9]{21}", re.ASCII)

_DOMAIN: Final = "CP1:"
_PERSONAL: Final = "CC1:"
_PLATE: Final = re.compile(
    r"(?P<base>HTTPS?://[A-Z0-9.-]{1,253}(?::[0-9]{1,5})?)/P/"
    r"(?P<code>[0-9]{21})\.(?P<kid>[A-Z2-7]{4})\.(?P<issue>[1-9][0-9]{0,3})\.(?P<signature>[A-Z2-7]{103})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Plate:
    """What a plate says. base: scheme and host in capitals; code: 21 digits; kid: four base32 characters."""

    base: str
    code: str
    kid: str
    issue: int

    def check_city(self, city: str) -> None:
        """Raises: PlateForeign when the place lies outside the city (GB/T 2260, six digits)."""
        if not Jurisdiction(city).covers(self.code):
            raise PlateForeign()

    @property
    def unsigned(self) -> str:
        """All of the text but the last dot and the signature."""
        return f"{self.base}/P/{self.code}.{self.kid}.{self.issue}"

    def _message(self, city: str) -> bytes:
        return f"{_DOMAIN}{city}:{self.unsigned}".encode()


@dataclass(frozen=True, slots=True)
class SignedPlate:
    """A plate as read, not yet believed."""

    plate: Plate
    signature: bytes = field(repr=False)

    def check_signature(self, key: VerifyKey, *, city: str) -> None:
        """Raises: PlateForged."""
        try:
            key.verify(self.plate._message(city), self.signature)
        except BadSignatureError as fault:
            raise PlateForged() from fault


def base_of(public_url: str) -> str:
    """Scheme and host of the city's address as they stand on its plates. Raises: ValueError when they do not fit."""
    parts = urlsplit(public_url)
    base = f"{parts.scheme}://{parts.netloc}".upper()
    if not _PLATE.fullmatch(f"{base}/P/{'0' * 21}.AAAA.1.{'A' * 103}"):
        raise ValueError("the city's address cannot stand on a plate")
    return base


def issue(plate: Plate, *, city: str, key: SigningKey) -> str:
    """The text of a plate. The same plate and key give the same text. Raises: ValueError for what does not fit."""
    text = f"{plate.unsigned}.{_written(key.sign(plate._message(city)).signature)}"
    if not _PLATE.fullmatch(text):
        raise ValueError("not a plate")
    return text


def parse(text: str) -> SignedPlate:
    """Read a plate that anybody may have made. Blanks around it are let pass. Raises: PlateMalformed, PlatePersonal."""
    if len(text) > TEXT_LENGTH_MAX or not text.isascii():
        raise PlateMalformed()
    bare = text.strip().upper()
    if bare.startswith(_PERSONAL):
        raise PlatePersonal()
    read = _PLATE.fullmatch(bare)
    if read is None:
        raise PlateMalformed()
    signature = base64.b32decode(read["signature"] + "=")
    if _written(signature) != read["signature"]:
        raise PlateMalformed()
    return SignedPlate(Plate(read["base"], read["code"], read["kid"], int(read["issue"])), signature)


def _written(signature: bytes) -> str:
    return base64.b32encode(signature).decode().rstrip("=")
