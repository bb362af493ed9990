"""Reads JSON that somebody sent, field by field: every fault is named by its place, every length has a bound."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from backends.data.errors import DatasetInvalid
from core.locale import Text

E = TypeVar("E", bound=StrEnum)

URL_LENGTH_MAX: Final = 500
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,120}")
# Controls, invisible marks that turn or join text, private and unassigned characters, breaks of lines.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object. at: where it stands in what was sent, `dataset.contact`."""

    values: Mapping[str, Any]
    at: str = ""

    @classmethod
    def of(cls, value: object, *, at: str, names: Sequence[str]) -> Fields:
        """Raises: DatasetInvalid when it is no object, or has a member that is not of `names`."""
        if not isinstance(value, dict):
            raise DatasetInvalid(field=at, problem="must be an object")
        if unknown := sorted(set(value) - set(names)):
            raise DatasetInvalid(field=at, problem=f"has a member that is not known: {unknown[0][:64]}")
        return cls(value, at)

    def place(self, name: str) -> str:
        return f"{self.at}.{name}"

    def fault(self, name: str, problem: str) -> DatasetInvalid:
        return DatasetInvalid(field=self.place(name), problem=problem)

    def object(self, name: str, names: Sequence[str]) -> Fields:
        return Fields.of(self.values.get(name), at=self.place(name), names=names)

    def objects(self, name: str, names: Sequence[str], *, most: int) -> list[Fields]:
        """A list of objects; none when it is left out."""
        found = self.list(name, most=most)
        return [Fields.of(one, at=f"{self.place(name)}[{i}]", names=names) for i, one in enumerate(found)]

    def list(self, name: str, *, most: int, least: int = 0) -> Sequence[Any]:
        found = self.values.get(name) or []
        if not isinstance(found, list) or not least <= len(found) <= most:
            raise self.fault(name, f"must be a list of {least} to {most}")
        return found

    def text(self, name: str, *, most: int) -> str:
        return seen(self.values.get(name), at=self.place(name), most=most)

    def both(self, name: str, *, most: int) -> Text:
        """{"zh", "en"}."""
        found = self.object(name, ("zh", "en"))
        return Text(zh=found.text("zh", most=most), en=found.text("en", most=most))

    def one_of(self, name: str, kind: type[E]) -> E:
        try:
            return kind(str(self.values.get(name)))
        except ValueError as fault:
            raise self.fault(name, f"must be one of {', '.join(kind)}") from fault

    def flag(self, name: str) -> bool:
        found = self.values.get(name, False)
        if not isinstance(found, bool):
            raise self.fault(name, "must be true or false")
        return found

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.text(name, most=10))
        except ValueError as fault:
            raise self.fault(name, "must be a day, as in 2026-11-22") from fault

    def url(self, name: str) -> str:
        found = self.text(name, most=URL_LENGTH_MAX)
        try:
            parts = urlsplit(found)
        except ValueError as fault:
            raise self.fault(name, "must be an http or https address") from fault
        if parts.scheme not in ("http", "https") or not parts.hostname or any(c in found for c in ' <>"\\^`{|}'):
            raise self.fault(name, "must be an http or https address")
        return found

    def email(self, name: str) -> str:
        found = self.text(name, most=200)
        if not _EMAIL.fullmatch(found):
            raise self.fault(name, "must be an e-mail address")
        return found

    def count(self, name: str) -> int | None:
        """A whole number from 0, or nothing."""
        found = self.values.get(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 2**63:
            raise self.fault(name, "must be a whole number")
        return found


def seen(value: object, *, at: str, most: int) -> str:
    """Text that can be seen, stripped, of 1 to `most` characters. Raises: DatasetInvalid."""
    found = value.strip() if isinstance(value, str) and len(value) <= 2 * most else ""
    if not 0 < len(found) <= most:
        raise DatasetInvalid(field=at, problem=f"must be text of 1 to {most} characters")
    if not found.isprintable() and any(unicodedata.category(c) in _UNSEEN for c in found):
        raise DatasetInvalid(field=at, problem="must be of characters that can be seen")
    return found
