"""Message templates: text with named, typed holes, in both languages. Pure.

A hole is `{name}`, or one of two more:
- `{name?words with # in them}`: the words, with the value for `#`; nothing when an optional variable has no value.
- `{name|-:over|0:today|1:in one day|*:in # days}`: by number; `-` is every one below zero, `*` every other one.

Rules
- A template declares every variable that it uses and uses every one that it declares; it is checked when it is made.
- A value that is missing, unknown or of another type is refused before anything is stored.
- A text longer than its variable's bound is cut: the whole stands where the link leads.
- With every value at its longest, a subject has 10 to 120 characters and a body at most 4,000.
- `notice` is what a locked screen may show: it has no variables but counts and plain dates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final

from core.locale import Locale, Text
from core.money import Money
from notifications.errors import VariableInvalid, VariableMissing, VariableUnknown
from notifications.model import Category, Channel, Priority

SUBJECT_LENGTH_MIN: Final = 10
SUBJECT_LENGTH_MAX: Final = 120
BODY_LENGTH_MAX: Final = 4000
_HOLE: Final = re.compile(r"\{([a-z_]+)(?:\?([^{}]*)|((?:\|(?:[0-9]+|[-*]):[^{}|]*)+))?\}")
_BRACES: Final = re.compile(r"[{}]")
_MONTHS: Final = (
    "January February March April May June July August September October November December".split()
)  # strftime would follow the machine's locale
_BOTH: Final = frozenset(Channel)


class VariableKind(StrEnum):
    """TEXT: a string, or one for each language. DATE: ISO date. MOMENT: ISO instant. MONEY: fen. NUMBER: whole."""

    TEXT = "TEXT"
    DATE = "DATE"
    MOMENT = "MOMENT"
    MONEY = "MONEY"
    NUMBER = "NUMBER"


@dataclass(frozen=True, slots=True)
class Variable:
    """optional: None is a value too. length_max: of a text, in characters."""

    kind: VariableKind
    optional: bool = False
    length_max: int = 40

    @property
    def longest(self) -> int:
        return self.length_max if self.kind is VariableKind.TEXT else 26

    def takes(self, value: object) -> bool:
        return (value is None and self.optional) or _TAKES[self.kind](value)


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of message, in one version.

    notice: instead of the subject, where others may look on. private: the body is shown in the inbox alone.
    link: a route of the shell with `{names}` of things' ids. inbox: False for what has no place there.
    lifetime: how long after it came up the message may still be sent.
    """

    code: str
    category: Category
    priority: Priority
    subject: Text
    notice: Text
    body: Text
    link: str
    variables: Mapping[str, Variable] = field(default_factory=dict)
    version: int = 1
    channels: frozenset[Channel] = _BOTH
    private: bool = False
    inbox: bool = True
    lifetime: timedelta = timedelta(days=3)

    def __post_init__(self) -> None:
        used = {name for text in (*_both(self.subject), *_both(self.body)) for name in _names(text)}
        if used != set(self.variables):
            raise ValueError(f"{self.code}: declares and uses differ in {sorted(used ^ set(self.variables))}")
        for text in _both(self.notice):
            if any(self.variables[name].kind is not VariableKind.NUMBER for name in _names(text)):
                raise ValueError(f"{self.code}: a notice says nothing but counts")
        for texts, least, most in (
            (self.subject, SUBJECT_LENGTH_MIN, SUBJECT_LENGTH_MAX),
            (self.notice, SUBJECT_LENGTH_MIN, SUBJECT_LENGTH_MAX),
            (self.body, SUBJECT_LENGTH_MIN, BODY_LENGTH_MAX),
        ):
            if any(not least <= self._longest(text) <= most for text in _both(texts)):
                raise ValueError(f"{self.code}: a text is not {least} to {most} characters long")

    def check(self, values: Mapping[str, object]) -> None:
        """Raises: VariableMissing, VariableUnknown, VariableInvalid."""
        for name, variable in self.variables.items():
            if name not in values:
                raise VariableMissing(name=self.code, variable=name)
            if not variable.takes(values[name]):
                raise VariableInvalid(name=self.code, variable=name, wanted=variable.kind.value)
        for name in values:
            if name not in self.variables:
                raise VariableUnknown(name=self.code, variable=name)

    def rendered(self, values: Mapping[str, Any], *, locale: Locale, zone: tzinfo) -> Rendered:
        """values: as `check` took them. zone: the city's, for moments."""

        def fill(text: Text) -> str:
            return _HOLE.sub(lambda hole: self._fill(hole, values, locale, zone), text.in_(locale))

        return Rendered(fill(self.subject), fill(self.notice), fill(self.body))

    def _fill(self, hole: re.Match[str], values: Mapping[str, Any], locale: Locale, zone: tzinfo) -> str:
        name, words, cases = hole.groups()
        value = values[name]
        if value is None:
            return ""
        shown = _shown(self.variables[name], value, locale, zone)
        if cases:
            words = _case_of(_cases(cases), value)
        return shown if words is None else words.replace("#", shown)

    def _longest(self, text: str) -> int:
        """The length of the text with every value at its longest; of the cases, the longest counts."""
        length = len(_HOLE.sub("", text))
        for hole in _HOLE.finditer(text):
            name, words, cases = hole.groups()
            options = _cases(cases).values() if cases else ["#" if words is None else words]
            longest = self.variables[name].longest
            length += max(len(option) + option.count("#") * (longest - 1) for option in options)
        return length


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in one language."""

    subject: str = field(repr=False)
    notice: str
    body: str = field(repr=False)


def _both(text: Text) -> tuple[str, str]:
    return text.zh, text.en


def _names(text: str) -> list[str]:
    """The variables of a text. Raises: ValueError for braces that are no hole, and for cases without `*`."""
    if _BRACES.search(_HOLE.sub("", text)):
        raise ValueError("a brace that opens or closes nothing")
    holes = list(_HOLE.finditer(text))
    if any(hole[3] and "*" not in _cases(hole[3]) for hole in holes):
        raise ValueError("cases by number need one for every other number")
    return [hole[1] for hole in holes]


def _cases(cases: str) -> dict[str, str]:
    return {number: words for number, _, words in (case.partition(":") for case in cases[1:].split("|"))}


def _case_of(by_number: Mapping[str, str], value: int) -> str:
    if value < 0 and "-" in by_number:
        return by_number["-"]
    return by_number.get(str(value), by_number["*"])


def _shown(variable: Variable, value: Any, locale: Locale, zone: tzinfo) -> str:
    match variable.kind:
        case VariableKind.TEXT:
            text = value if isinstance(value, str) else value["zh" if locale is Locale.ZH_CN else "en"]
            return _cut(text, variable.length_max)
        case VariableKind.DATE:
            return _day(date.fromisoformat(value), locale)
        case VariableKind.MOMENT:
            return _moment(datetime.fromisoformat(value).astimezone(zone), locale)
        case VariableKind.MONEY:
            return str(Money(value))
        case VariableKind.NUMBER:
            return f"{value:,}"


def _cut(text: str, length_max: int) -> str:
    """On one line, at most so long."""
    line = " ".join(text.split())
    return line if len(line) <= length_max else line[: length_max - 1].rstrip() + "…"


def _day(day: date, locale: Locale) -> str:
    if locale is Locale.ZH_CN:
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _moment(local: datetime, locale: Locale) -> str:
    clock = f"{local:%H:%M}"
    if locale is Locale.ZH_CN:
        return f"{_day(local.date(), locale)}{clock}"
    return f"{clock} on {_day(local.date(), locale)}"


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def _is_text(value: object) -> bool:
    texts = [value.get("zh"), value.get("en")] if isinstance(value, dict) and len(value) == 2 else [value]
    return all(isinstance(text, str) and text.strip() for text in texts)


def _reads(parse: Callable[[str], object]) -> Callable[[object], bool]:
    def reads(value: object) -> bool:
        try:
            return isinstance(value, str) and parse(value) is not None
        except ValueError:
            return False

    return reads


def _instant(text: str) -> datetime | None:
    """None for an instant without its offset: nobody knows when that was."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else None


_TAKES: Final[dict[VariableKind, Callable[[object], bool]]] = {
    VariableKind.TEXT: _is_text,
    VariableKind.DATE: _reads(date.fromisoformat),
    VariableKind.MOMENT: _reads(_instant),
    VariableKind.MONEY: _is_whole,
    VariableKind.NUMBER: _is_whole,
}
