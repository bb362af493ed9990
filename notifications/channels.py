"""What a way to a citizen is to those who use it: it takes parcels and says what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.locale import Locale
from notifications.model import Priority, TargetKind


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message, in the words that this way may carry, for one target.

    id: the delivery's, the same in every try. link: a route of the shell. lives_s: after this it is no longer wanted.
    """

    id: str
    kind: TargetKind
    to: str = field(repr=False)
    locale: Locale
    title: str
    text: str = field(repr=False)
    link: str
    priority: Priority
    lives_s: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The carrier took it."""


@dataclass(frozen=True, slots=True)
class Again:
    """It may work later. after_s: not earlier than the carrier said."""

    code: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It never will. target_gone: nor will anything else to this target."""

    code: str
    target_gone: bool = False


class Carrier(Protocol):
    """A way to phones or to addresses."""

    async def send(self, parcels: Sequence[Parcel]) -> list[Taken | Again | Refused]:
        """One outcome for each parcel, in bounded time. Raises nothing that a carrier can cause."""
        ...

    async def close(self) -> None: ...
