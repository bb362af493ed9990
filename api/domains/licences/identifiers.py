"""The identifier of a licence, GB/T 36904: who defined it, who issued it, which one, which version of it. Pure.

    1.2.156.3005.2 . 11110000000021000D001 . 11110000000021000D . 7K2M…  . 001 . C
    root OID         type (21)               issuer               serial   version check

- The type is the USCC (GB 32100) of the authority that defined the licence and three digits.
- The issuer is a USCC. Identifiers with something else there are in use elsewhere: they are read, never made.
- The serial is upper-case letters and digits, 20 random ones here; the version starts at 001.
- The check character is ISO/IEC 7064 MOD 37,36 over type, issuer, serial and version, without the dots.
Source: GB/T 36904-2018; ISO/IEC 7064:2003.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from stdnum.iso7064 import mod_37_36

ROOT: Final = "1.2.156.3005.2"
SERIAL_LENGTH: Final = 20
VERSION_MAX: Final = 999
LENGTH_MAX: Final = 128

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHAPE: Final = re.compile(
    re.escape(ROOT)
    + r"\.(?P<type>[0-9A-Z]{18}\d{3})\.(?P<issuer>[0-9A-Z]{1,18})\.(?P<serial>[0-9A-Z]{1,32})"
    + r"\.(?P<version>\d{3})\.(?P<check>[0-9A-Z])",
    re.ASCII,
)


class NotAnIdentifier(ValueError):
    """The text does not have the form, or its check character is another one."""


@dataclass(frozen=True, slots=True)
class LicenceIdentifier:
    type_code: str
    issuer: str
    serial: str
    version: int

    @property
    def text(self) -> str:
        """As it is written on the licence, with root and check character."""
        parts = (self.type_code, self.issuer, self.serial, f"{self.version:03d}")
        return ".".join((ROOT, *parts, mod_37_36.calc_check_digit("".join(parts))))


def parse(text: str) -> LicenceIdentifier:
    """Read an identifier, with any issuer. Raises: NotAnIdentifier."""
    found = _SHAPE.fullmatch(text) if len(text) <= LENGTH_MAX else None
    if found is None:
        raise NotAnIdentifier("not of the form")
    read = LicenceIdentifier(found["type"], found["issuer"], found["serial"], int(found["version"]))
    if read.version < 1 or read.text != text:
        raise NotAnIdentifier("version or check character")
    return read


def serial_of(randomness: bytes) -> str:
    """20 characters of 0-9 A-Z, drawn from 16 random bytes (103 of their 128 bits)."""
    number, drawn = int.from_bytes(randomness, "big"), ""
    for _ in range(SERIAL_LENGTH):
        number, place = divmod(number, len(_ALPHABET))
        drawn += _ALPHABET[place]
    return drawn
