"""The shapes that values of the bridge can have, and what is wrong with one that does not have its shape.

Values are what `json.loads` gives. Lengths of text count UTF-16 units, as JavaScript does; text with half of a
surrogate pair is refused, as are numbers that are not finite, though Python's JSON reads both. A fault says where (a
JSON pointer) and what, in the words of the two validators in JavaScript: `sdk/contract/vectors/bridge.json` holds the
three together.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

DEPTH: Final = 32
_KEY_UNITS_MAX: Final = 64
_HALF: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Fault:
    """path: a JSON pointer; a key that is too long to be read stands in it as `…`."""

    path: str
    problem: str


class Shape(Protocol):
    def fault(self, value: object) -> Fault | None:
        """What is wrong with `value`, or None."""


@dataclass(frozen=True, slots=True)
class Json:
    """Any JSON, nested `DEPTH` deep at most."""

    def fault(self, value: object, depth: int = 0) -> Fault | None:
        if value is None or isinstance(value, bool):
            return None
        if isinstance(value, str):
            return Fault("", "is not well-formed text") if _HALF.search(value) else None
        if isinstance(value, int | float):
            return None if _finite(value) else Fault("", "is not JSON")
        if not isinstance(value, list | dict):
            return Fault("", "is not JSON")
        if depth == DEPTH:
            return Fault("", "is nested too deep")
        if isinstance(value, list):
            return _first(_under(str(at), self.fault(one, depth + 1)) for at, one in enumerate(value))
        return _first(_bad_key(key) or _under(_token(key), self.fault(one, depth + 1)) for key, one in value.items())


@dataclass(frozen=True, slots=True)
class Text:
    """pattern: of the whole text. problem: what is wrong with a text that does not match it."""

    least: int = 0
    most: int | None = None
    pattern: str | None = None
    problem: str = "does not have the right form"

    def fault(self, value: object) -> Fault | None:
        if not isinstance(value, str):
            return Fault("", "must be text")
        if wrong := _length(_units(value), self.least, self.most):
            return wrong
        if _HALF.search(value):
            return Fault("", "is not well-formed text")
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return Fault("", self.problem)
        return None


@dataclass(frozen=True, slots=True)
class Number:
    whole: bool = False
    least: float | None = None
    most: float | None = None

    def fault(self, value: object) -> Fault | None:
        right = isinstance(value, int | float) and not isinstance(value, bool) and _finite(value)
        if not right or (self.whole and isinstance(value, float) and not value.is_integer()):
            return Fault("", f"must be {'an integer' if self.whole else 'a number'}")
        assert isinstance(value, int | float)
        if self.least is not None and value < self.least:
            return Fault("", f"must be at least {self.least}")
        if self.most is not None and value > self.most:
            return Fault("", f"must be at most {self.most}")
        return None


@dataclass(frozen=True, slots=True)
class Flag:
    def fault(self, value: object) -> Fault | None:
        return None if isinstance(value, bool) else Fault("", "must be true or false")


@dataclass(frozen=True, slots=True)
class Choice:
    values: tuple[str | None, ...]

    def fault(self, value: object) -> Fault | None:
        if (value is None or isinstance(value, str)) and value in self.values:
            return None
        return Fault("", "must be one of " + ", ".join(json.dumps(one, ensure_ascii=False) for one in self.values))


@dataclass(frozen=True, slots=True)
class List:
    items: Shape
    least: int = 0
    most: int | None = None

    def fault(self, value: object) -> Fault | None:
        if not isinstance(value, list):
            return Fault("", "must be a list")
        return _length(len(value), self.least, self.most) or _first(
            _under(str(at), self.items.fault(one)) for at, one in enumerate(value)
        )


@dataclass(frozen=True, slots=True)
class Map:
    """An object with keys of its own."""

    values: Shape
    most: int | None = None

    def fault(self, value: object) -> Fault | None:
        if not isinstance(value, dict):
            return Fault("", "must be an object")
        return _length(len(value), 0, self.most) or _first(
            _bad_key(key) or _under(_token(key), self._inner(one)) for key, one in value.items()
        )

    def _inner(self, value: object) -> Fault | None:
        return self.values.fault(value, 1) if isinstance(self.values, Json) else self.values.fault(value)


@dataclass(frozen=True, slots=True)
class Record:
    """An object with these members and no others."""

    members: Mapping[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    def fault(self, value: object) -> Fault | None:
        if not isinstance(value, dict):
            return Fault("", "must be an object")
        return _first(self._member(value, name) for name in self.members) or _first(
            None if key in self.members else Fault(f"/{_token(key)}", "is unknown") for key in value
        )

    def _member(self, value: Mapping[str, object], name: str) -> Fault | None:
        if name in value:
            return _under(name, self.members[name].fault(value[name]))
        return Fault(f"/{name}", "is missing") if name in self.required else None


@dataclass(frozen=True, slots=True)
class OneOf:
    """The first that fits."""

    options: tuple[Shape, ...]

    def fault(self, value: object) -> Fault | None:
        fits = any(option.fault(value) is None for option in self.options)
        return None if fits else Fault("", "fits none of the forms")


def _first(faults: Iterable[Fault | None]) -> Fault | None:
    return next((one for one in faults if one is not None), None)


def _under(token: str, inner: Fault | None) -> Fault | None:
    return inner and Fault(f"/{token}{inner.path}", inner.problem)


def _bad_key(key: str) -> Fault | None:
    return Fault(f"/{_token(key)}", "is no key") if key == "__proto__" or _HALF.search(key) else None


def _token(key: str) -> str:
    if _units(key) > _KEY_UNITS_MAX or _HALF.search(key):
        return "…"
    return key.replace("~", "~0").replace("/", "~1")


def _length(count: int, least: int, most: int | None) -> Fault | None:
    if count < least:
        return Fault("", f"is too short: at least {least}")
    return Fault("", f"is too long: at most {most}") if most is not None and count > most else None


def _units(text: str) -> int:
    """UTF-16 units."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer that no double holds: JavaScript reads it as infinite
        return False
