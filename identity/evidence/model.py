"""How somebody may prove who they are, and what is shown of where they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.errors import BadInput
from identity.levels import LEVELS, EvidenceKind, NameEvidence

FRESH: Final = timedelta(minutes=5)
# An officer at a counter serves one person after another.
OFFICER_FRESH: Final = timedelta(hours=1)
VERIFY_SCOPE: Final = "identity:verify"
TICKET_LIFE: Final = timedelta(minutes=5)
CREDENTIAL_LENGTH_MAX: Final = 4096
_TICKET_DIGITS: Final = 8
_TICKET: Final = re.compile(r"[0-9]{8}")


@dataclass(frozen=True, slots=True)
class Way:
    """available: this city offers it, and it asks the caller for nothing that they need not tell."""

    kind: EvidenceKind
    available: bool

    @property
    def level(self) -> int:
        return LEVELS[self.kind]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands. until: when the level falls. evidence: what has not expired, the strongest first."""

    level: int
    until: datetime | None
    evidence: tuple[NameEvidence, ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Ticket:
    """With which an officer may verify whoever shows it, once. code: eight digits."""

    code: str
    expires_at: datetime


def ticket_code(number: int) -> str:
    """number: random, below 10**8."""
    return f"{number:0{_TICKET_DIGITS}d}"


TICKETS: Final = 10**_TICKET_DIGITS


def parse_ticket(text: str) -> str:
    """Blanks and hyphens are forgiven. Raises: BadInput."""
    code = text.replace(" ", "").replace("-", "") if len(text) <= 3 * _TICKET_DIGITS else ""
    if not _TICKET.fullmatch(code):
        raise BadInput(field="ticket", problem=f"must be {_TICKET_DIGITS} digits")
    return code


def parse_credential(text: str) -> str:
    """Opaque, as the platform's app gives it. Raises: BadInput."""
    credential = text.strip()
    if not 0 < len(credential) <= CREDENTIAL_LENGTH_MAX or not (credential.isascii() and credential.isprintable()):
        raise BadInput(field="credential", problem=f"must have 1 to {CREDENTIAL_LENGTH_MAX} printable characters")
    return credential
