"""The words of subscribe messages: a title and a body in the city's languages, with places for a program's data. Pure.

Rules
- A place is `{name}`. Both languages have the same ones, and a message brings each of them, no other, and each a text.
- Words carry no address: what a message leads to is the program's own page, and nothing else.
- What a citizen was shown when they said yes are words that stood before a reviewer: those of the version that was
  approved, whatever was written since.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.errors import BadInput
from core.locale import Text

TITLE_LENGTH_MAX: Final = 40
BODY_LENGTH_MAX: Final = 300
PLACES_MAX: Final = 20
VALUE_LENGTH_MAX: Final = 200
NAME: Final = re.compile(r"[a-z0-9_]{1,64}")
_PLACE: Final = re.compile(r"\{([a-z][a-z0-9_]{0,31})\}")
_ADDRESS: Final = re.compile(r"://|\bwww\.|\bhttps?:", re.IGNORECASE)


class Choice(StrEnum):
    """What becomes of one template when a program asks for it. FILTER: there are no such words."""

    ASK = "ASK"
    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    BAN = "BAN"
    FILTER = "FILTER"


class TemplateState(StrEnum):
    """How a kind of message stands. WRITTEN: it was not handed in yet. REFUSED: what was handed in last."""

    WRITTEN = "WRITTEN"
    WAITING = "WAITING"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    BANNED = "BANNED"


@dataclass(frozen=True, slots=True)
class Words:
    title: Text
    body: Text

    @property
    def places(self) -> frozenset[str]:
        return frozenset(_PLACE.findall(self.title.zh + self.body.zh))

    @classmethod
    def parse(cls, *, title: Any, body: Any) -> Words:
        """From `{"zh-CN", "en"}` each. Raises: BadInput."""
        words = cls(_text(title, "title", TITLE_LENGTH_MAX), _text(body, "body", BODY_LENGTH_MAX))
        chinese, english = (set(_PLACE.findall(said)) for said in _languages(words))
        if chinese != english:
            raise BadInput(field="body", problem="must have the same places in each language")
        if len(chinese) > PLACES_MAX:
            raise BadInput(field="body", problem=f"must have {PLACES_MAX} places at most")
        return words

    def filled(self, data: Mapping[str, str]) -> Words:
        """data: as `check` took it."""

        def fill(text: str) -> str:
            return _PLACE.sub(lambda place: data[place[1]], text)

        return Words(*(Text(zh=fill(one.zh), en=fill(one.en)) for one in (self.title, self.body)))

    def check(self, data: Any) -> Mapping[str, str]:
        """What a program gives for the places. Raises: BadInput."""
        if not isinstance(data, dict) or set(data) != self.places:
            named = ", ".join(sorted(self.places)) or "nothing"
            raise BadInput(field="data", problem=f"must have a text for each place of the template: {named}")
        for value in data.values():
            if not isinstance(value, str) or not 0 < len(value) <= VALUE_LENGTH_MAX or not value.isprintable():
                raise BadInput(field="data", problem=f"must be texts of 1 to {VALUE_LENGTH_MAX} printable characters")
            if _ADDRESS.search(value):
                raise BadInput(field="data", problem="must hold no address; name a page of the program instead")
        return data


def _languages(words: Words) -> tuple[str, str]:
    return words.title.zh + words.body.zh, words.title.en + words.body.en


def _text(given: Any, field: str, length_max: int) -> Text:
    if not isinstance(given, dict) or set(given) != {"zh-CN", "en"}:
        raise BadInput(field=field, problem="must have a text in zh-CN and in en")
    for language, text in given.items():
        where = f"{field}.{language}"
        if not isinstance(text, str) or not 0 < len(text.strip()) <= length_max or not text.isprintable():
            raise BadInput(field=where, problem=f"must be 1 to {length_max} printable characters")
        if _ADDRESS.search(text) or re.search(r"[{}]", _PLACE.sub("", text)):
            raise BadInput(field=where, problem="must hold no address, and braces around the names of places alone")
    return Text(zh=given["zh-CN"].strip(), en=given["en"].strip())
