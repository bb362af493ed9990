"""Money is whole minor units of one currency. There are no floats and no rounding here."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import BadInput

_INT64_MAX = 2**63 - 1
_MINOR_DIGITS = {"CNY": 2}
_SIGNS = {"CNY": "¥"}


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount of one currency.

    amount: minor units (fen), within a signed 64-bit integer.
    currency: ISO 4217 code.
    """

    amount: int
    currency: str = "CNY"

    def __post_init__(self) -> None:
        if isinstance(self.amount, bool) or not isinstance(self.amount, int):
            raise BadInput(field="amount", problem="must be a whole number of minor units")
        if abs(self.amount) > _INT64_MAX:
            raise BadInput(field="amount", problem="does not fit 64 bits")
        if self.currency not in _MINOR_DIGITS:
            raise BadInput(field="currency", problem="is not a currency of this city")

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise BadInput(field="currency", problem="amounts are of two currencies")
        return other.amount

    def __str__(self) -> str:
        """As people read it: `¥1,234.50`, with a true minus sign before it."""
        digits = _MINOR_DIGITS[self.currency]
        major, minor = divmod(abs(self.amount), 10**digits)
        return f"{'−' if self.amount < 0 else ''}{_SIGNS[self.currency]}{major:,}.{minor:0{digits}d}"
