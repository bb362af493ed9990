"""A text of the package, and where in it something stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import Final

from .finding import Hit

_NEWLINE: Final = re.compile(r"\r\n?|\n")


class Source:
    """text: decoded. within: (start, end) of the part that is meant, in code points of the whole text."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in _NEWLINE.finditer(self.text))]

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of the code point `at`, both from 1."""
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, from 1; empty where there is none."""
        if not 1 <= number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end]

    def hit(self, rule: str, at: int, seen: str = "") -> Hit:
        line, column = self.place(at)
        return Hit(rule, self.path, line, column, seen)


def decoded(raw: bytes) -> str | None:
    """The text of a file; None where it is not UTF-8."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
