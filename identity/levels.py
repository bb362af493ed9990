"""Real-name levels, and the evidence that they follow from: a table and pure functions.

| level | `acr` | what supports it |
|---|---|---|
| 1 | `urn:city:rl:1` | a phone: every account |
| 2 | `urn:city:rl:2` | FORM: a document whose number is written as such numbers are; nobody was asked |
| 3 | `urn:city:rl:3` | REGISTER, DOCUMENT: a register says that name and number belong together |
| 4 | `urn:city:rl:4` | FACE: a provider saw the person of that name and number, alive. NET_ID: a 网证 that is good |
| 5 | `urn:city:rl:5` | COUNTER: an officer saw the person and the document |

Rules
- A level is what the evidence supports that has not expired. It is worked out whenever an account is read, and stands
  in tokens for as long as they are good: when evidence expires the level falls by itself, and no job has to do it.
- Of each kind an account has one piece: a later one takes the place of the one before. FORM gives way to DOCUMENT.
- Evidence expires with its document, and in any case after the kind's own time.
Source: Guangdong's unified identity platform (levels 2 to 5);
docs/decisions/0034-a-level-is-what-unexpired-evidence-supports.md
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

PHONE_LEVEL: Final = 1


class EvidenceKind(StrEnum):
    FORM = "FORM"
    REGISTER = "REGISTER"
    DOCUMENT = "DOCUMENT"
    FACE = "FACE"
    NET_ID = "NET_ID"
    COUNTER = "COUNTER"


class DocumentType(StrEnum):
    """RESIDENCE_PERMIT: of residents of Hong Kong, Macao and Taiwan. HOME_RETURN_PERMIT: 港澳居民来往内地通行证.
    TAIWAN_PERMIT: 台湾居民来往大陆通行证. PERMANENT_RESIDENCE: 外国人永久居留身份证.
    """

    RESIDENT_ID = "RESIDENT_ID"
    RESIDENCE_PERMIT = "RESIDENCE_PERMIT"
    HOME_RETURN_PERMIT = "HOME_RETURN_PERMIT"
    TAIWAN_PERMIT = "TAIWAN_PERMIT"
    PERMANENT_RESIDENCE = "PERMANENT_RESIDENCE"
    PASSPORT = "PASSPORT"


LEVELS: Final = {
    EvidenceKind.FORM: 2,
    EvidenceKind.REGISTER: 3,
    EvidenceKind.DOCUMENT: 3,
    EvidenceKind.FACE: 4,
    EvidenceKind.NET_ID: 4,
    EvidenceKind.COUNTER: 5,
}
_YEAR: Final = timedelta(days=365)
VALIDITY: Final = {
    EvidenceKind.FORM: _YEAR,
    EvidenceKind.REGISTER: 10 * _YEAR,
    EvidenceKind.DOCUMENT: 5 * _YEAR,
    EvidenceKind.FACE: 3 * _YEAR,
    EvidenceKind.NET_ID: _YEAR,
    EvidenceKind.COUNTER: 10 * _YEAR,
}


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """Why a name, or a person, is believed. source: a code of who said so. document: what was shown, if anything."""

    kind: EvidenceKind
    source: str
    at: datetime
    expires_at: datetime
    document: DocumentType | None = None

    @classmethod
    def of(
        cls,
        kind: EvidenceKind,
        source: str,
        *,
        at: datetime,
        document: DocumentType | None = None,
        good_through: date | None = None,
        until: datetime | None = None,
    ) -> NameEvidence:
        """good_through: the document's last day. until: when what it rests on ends."""
        ends = [at + VALIDITY[kind]]
        if good_through is not None:
            ends.append(datetime.combine(good_through, time.min, UTC) + timedelta(days=1))
        if until is not None:
            ends.append(until)
        return cls(kind, source, at, min(ends), document)

    @property
    def level(self) -> int:
        return LEVELS[self.kind]


def in_force(evidence: Iterable[NameEvidence], *, now: datetime) -> tuple[NameEvidence, ...]:
    """What has not expired, the strongest first and of one strength the newest."""
    good = [one for one in evidence if now < one.expires_at]
    return tuple(sorted(good, key=lambda one: (one.level, one.at), reverse=True))


def level_of(evidence: Iterable[NameEvidence], *, now: datetime) -> int:
    return max((one.level for one in in_force(evidence, now=now)), default=PHONE_LEVEL)


def valid_until(evidence: Iterable[NameEvidence], *, now: datetime) -> datetime | None:
    """When the level of now falls, unless something is renewed; None for level 1, which does not."""
    good = in_force(evidence, now=now)
    return max((one.expires_at for one in good if one.level == good[0].level), default=None)


def replaced_by(kind: EvidenceKind) -> frozenset[EvidenceKind]:
    """Of which kinds evidence gives way to evidence of this kind."""
    return frozenset({kind, EvidenceKind.FORM}) if kind is EvidenceKind.DOCUMENT else frozenset({kind})
