"""What the room asks of the city's one ledger of consents, which is identity's.

Rules
- A program is a client of the ledger by the name `client_of(app_id)`, so that a citizen sees and withdraws what it was
  given where they see everything else.
- A consent joins a permission (or a field of the graph) to the purpose that the citizen read. A program that comes with
  another purpose has to ask again.
Source: docs/decisions/0054-consent-of-programs-stands-in-identitys-ledger.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from core.locale import Locale

_CLIENT: Final = "mini:"


def client_of(app_id: str) -> str:
    """The program's name in the ledger and in the access log."""
    return f"{_CLIENT}{app_id}"


def app_of(client: str) -> str | None:
    """The program that a client's name means; None for a client that is no program."""
    return client.removeprefix(_CLIENT) if client.startswith(_CLIENT) else None


@dataclass(frozen=True, slots=True)
class Given:
    """One thing that a citizen agreed to, for one purpose. consent: its id in the ledger."""

    consent: str
    app_id: str
    name: str
    purpose: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a citizen says yes to. purposes: of each name, why. text: what they had before them, word by word."""

    purposes: Mapping[str, str]
    text: str = field(repr=False)
    locale: Locale


class Ledger(Protocol):
    async def given(self, *, citizen: str, app_id: str | None = None) -> Iterable[Given]:
        """What stands now, of one program or of all. Raises: Unavailable."""
        ...

    async def give(self, *, citizen: str, app_id: str, agreement: Agreement) -> None:
        """Enter a citizen's own yes, each name agreed to by itself. Raises: BadInput, Unavailable."""
        ...

    async def withdraw(self, *, citizen: str, app_id: str, names: Iterable[str] | None = None) -> None:
        """Take it back, for whichever purpose; `names` None: all that the program has. Raises: Unavailable."""
        ...
