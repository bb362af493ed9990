"""The passwords that everybody uses, which a guesser tries first: a shipped list, asked without a network.

Rules
- `common_passwords.bin` holds the first five bytes of the SHA-256 of each, sorted: a list that tells no password, and
  one other password in 50 million is wrongly on it.
- What is added to a common password to please a rule does not help: capitals, digits and marks around it, `@` for `a`.
  Nor do rows of keys, of digits, and one short piece again and again.
- The file is made from lists of leaked passwords on standard input, one a line; the city's is Django's list of 20,000
  (BSD-3, after Royce Williams) and the habits of China's users:
  `zcat common-passwords.txt.gz | python -m identity.credentials.breaches`.
"""

from __future__ import annotations

import hashlib
import sys
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("common_passwords.bin")
_PREFIX_BYTES: Final = 5
# A stem shorter than this says nothing of what stands around it.
_STEM_MIN: Final = 4
# So much beside a common stem makes a password of its own.
_ADDED_MAX: Final = 5
_ROWS: Final = (
    "01234567890123456789",
    "09876543210987654321",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "qazwsxedcrfvtgbyhnujmikolp",
    "!@#$%^&*()_+",
)
_UNDISGUISED: Final = str.maketrans("@4031$57!", "aaoeissti")
_AROUND: Final = "0123456789!@#$%^&*()-_=+.,?~ "


@dataclass(frozen=True, slots=True)
class BreachList:
    """prefixes: of digests, sorted, one after the other."""

    prefixes: bytes = field(repr=False)

    @classmethod
    @cache
    def shipped(cls) -> BreachList:
        return cls(_FILE.read_bytes())

    @classmethod
    def of(cls, passwords: Iterable[str]) -> BreachList:
        return cls(b"".join(sorted({_prefix(password) for password in passwords})))

    def __len__(self) -> int:
        return len(self.prefixes) // _PREFIX_BYTES

    def __contains__(self, password: str) -> bool:
        wanted = _prefix(password)
        at = bisect_left(range(len(self)), wanted, key=self._at)
        return at < len(self) and self._at(at) == wanted

    def guesses(self, password: str) -> bool:
        """Whether a guesser comes to this password soon."""
        folded = unicodedata.normalize("NFKC", password).casefold()
        return _patterned(folded) or any(form in self for form in _forms(folded))

    def _at(self, index: int) -> bytes:
        return self.prefixes[index * _PREFIX_BYTES : (index + 1) * _PREFIX_BYTES]


def _prefix(password: str) -> bytes:
    return hashlib.sha256(password.encode()).digest()[:_PREFIX_BYTES]


def _forms(folded: str) -> Iterator[str]:
    """The password, and what it was made from."""
    for text in (folded, folded.translate(_UNDISGUISED)):
        yield text
        for stem in (text.rstrip(_AROUND), text.lstrip(_AROUND), text.strip(_AROUND)):
            if len(stem) >= _STEM_MIN and len(text) - len(stem) <= _ADDED_MAX:
                yield stem
    stem = folded.strip(_AROUND).translate(_UNDISGUISED)
    if len(stem) >= _STEM_MIN and len(folded) - len(stem) <= _ADDED_MAX:
        yield stem


def _patterned(folded: str) -> bool:
    """Digits alone, a row of keys, or one short piece again and again."""
    if folded.isdecimal() and len(folded) < 14:
        return True
    if any(folded in row for row in _ROWS):
        return True
    return any(folded == (folded[:size] * len(folded))[: len(folded)] for size in range(1, 5))


def _habits() -> Iterator[str]:
    """What China's leaked lists have most of: a word of love or of a site, and numbers that sound like words."""
    words = (
        "woaini woaiwojia aini iloveyou qq wang zhang li liu chen zhongguo beijing baidu taobao alipay weixin wechat "
        "xiaoming a aa abc asd qwe zxc chengshitong citytong mima denglu"
    ).split()
    numbers = (
        "123 1234 123456 1234567 12345678 123456789 1314 1314520 5201314 520 521 521521 520520 7758521 7758258 888888 "
        "666666 168168 147258369 110110"
    ).split()
    for word, number in product(words, numbers):
        yield word + number
        yield number + word
    yield from (a + b for a, b in product(numbers, numbers))
    yield from words


def main() -> None:
    """Make the file from standard input."""
    given = (line.strip().casefold() for line in sys.stdin)
    _FILE.write_bytes(BreachList.of({*filter(None, given), *_habits()}).prefixes)


if __name__ == "__main__":
    main()
