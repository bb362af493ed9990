"""What licences of a type look like: which fields they have, what may stand in them, how long they are valid. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from core.errors import BadInput
from core.locale import Locale, Text

VALUE_LENGTH_MAX: Final = 80
FIELDS_MAX: Final = 32


class FieldKind(StrEnum):
    """What a field's value is: words, a date (YYYY-MM-DD), or one of the field's choices."""

    TEXT = "TEXT"
    DATE = "DATE"
    CHOICE = "CHOICE"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a type of licence.

    name: stands in codes, so it is short. level: 0 for nothing personal, else 1 to 4 (GB/T 43697).
    showable: may leave the wallet. by_default: is shown when the holder chooses nothing.
    """

    name: str
    label: Text
    kind: FieldKind = FieldKind.TEXT
    level: int = 0
    showable: bool = True
    by_default: bool = False
    required: bool = True
    choices: Mapping[str, Text] = field(default_factory=dict)

    def check(self, value: str) -> str:
        """The value without blanks around it. Raises: BadInput."""
        bare = value.strip() if len(value) <= 2 * VALUE_LENGTH_MAX else ""
        if not 1 <= len(bare) <= VALUE_LENGTH_MAX or not bare.isprintable():
            raise BadInput(
                field=f"fields.{self.name}", problem=f"must have 1 to {VALUE_LENGTH_MAX} printable characters"
            )
        if self.kind is FieldKind.DATE and not _is_date(bare):
            raise BadInput(field=f"fields.{self.name}", problem="must be a date: YYYY-MM-DD")
        if self.kind is FieldKind.CHOICE and bare not in self.choices:
            raise BadInput(field=f"fields.{self.name}", problem=f"must be one of {', '.join(self.choices)}")
        return bare

    def text_of(self, value: str, locale: Locale) -> str:
        """The value as people read it."""
        choice = self.choices.get(value)
        return choice.in_(locale) if choice else value


@dataclass(frozen=True, slots=True)
class LicenceType:
    """One version of one type of licence.

    code: 21 characters, GB/T 36904. issuer: USCC of the department that issues it.
    valid_months: from the first day on; None for as long as the holder lives.
    renewable_before_days, renewable_after_days: the window around its last day in which it is renewed.
    """

    code: str
    version: int
    name: Text
    issuer: str
    fields: tuple[FieldSpec, ...]
    valid_months: int | None
    renewable_before_days: int = 0
    renewable_after_days: int = 0

    def spec(self, name: str) -> FieldSpec | None:
        return next((spec for spec in self.fields if spec.name == name), None)

    def last_day(self, first: date) -> date | None:
        """The last day of a licence that is valid from `first`, where nothing shorter is said."""
        return None if self.valid_months is None else add_months(first, self.valid_months)

    def check_values(self, values: Mapping[str, str]) -> dict[str, str]:
        """The values in the type's order. Raises: BadInput."""
        if unknown := next((name for name in values if self.spec(name) is None), None):
            raise BadInput(field="fields", problem=f"has no {unknown[:40]!r} in this type")
        if missing := next((s.name for s in self.fields if s.required and s.name not in values), None):
            raise BadInput(field=f"fields.{missing}", problem="is missing")
        return {spec.name: spec.check(values[spec.name]) for spec in self.fields if spec.name in values}

    def check_last_day(self, chosen: date | None, *, first: date, today: date) -> date | None:
        """The last day that the authority chose, or the rule's; never later than the rule's. Raises: BadInput."""
        latest = self.last_day(first)
        until = chosen or latest
        if until is not None and until < today:
            raise BadInput(field="validUntil", problem="must not lie in the past")
        if until is not None and (latest is None or until > latest):
            raise BadInput(field="validUntil", problem="must not be later than the type's rule allows")
        return until


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last when it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
