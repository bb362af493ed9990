"""Nouns and rules of scanning.

Rules
- A person goes by a pseudonym that changes with the city's day: what two scanners keep of one day cannot be joined
  with what they keep of the next.
- One code is scanned once. The same officer may send the same scan again (same `client_scan_id`, same purpose) and
  gets the scan that was recorded; everybody and everything else is a replay.
- A scan is kept for half a year, then forgotten; a pseudonym can be resolved for a month.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from core.clock import epoch_ms, from_epoch_s
from core.errors import BadInput
from core.ids import is_id
from core.locale import Text

SCAN_SCOPE: Final = "citycode:scan"
SCAN_PREFIX: Final = "scn"
PSEUDONYM_KEPT: Final = timedelta(days=30)
# Whereabouts are kept as long as the law asks of access records (Cybersecurity Law of the PRC, art. 21: six months).
SCAN_KEPT: Final = timedelta(days=183)
TALLY_KEPT: Final = timedelta(days=400)
CLIENT_SCAN_ID_LENGTH_MAX: Final = 64
_EPOCH_MS_MAX: Final = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, the last instant of a datetime


class ScanPurpose(StrEnum):
    """Why a person's code is scanned."""

    IDENTITY_CHECK = "IDENTITY_CHECK"
    VENUE_ENTRY = "VENUE_ENTRY"
    TRANSIT = "TRANSIT"
    CLINIC = "CLINIC"
    LAW_ENFORCEMENT = "LAW_ENFORCEMENT"
    HEALTH_CHECK = "HEALTH_CHECK"


PURPOSE_LABELS: Final[dict[ScanPurpose, Text]] = {
    ScanPurpose.IDENTITY_CHECK: Text(zh="身份核验", en="Identity check"),
    ScanPurpose.VENUE_ENTRY: Text(zh="进入场所", en="Entering a venue"),
    ScanPurpose.TRANSIT: Text(zh="公共交通", en="Public transport"),
    ScanPurpose.CLINIC: Text(zh="医院就诊", en="Clinic visit"),
    ScanPurpose.LAW_ENFORCEMENT: Text(zh="执法检查", en="Law enforcement"),
    ScanPurpose.HEALTH_CHECK: Text(zh="健康核验", en="Health check"),
}


@dataclass(frozen=True, slots=True)
class CityCode:
    """A code as it is shown: `text` goes into the QR, and must be renewed before `expires_at`."""

    text: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime

    @property
    def lifetime_s(self) -> int:
        return int((self.expires_at - self.issued_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of one person by one officer.

    code: what was scanned, as its 23 signed bytes; no two scans have the same.
    jurisdiction: the officer's division code at that time; empty when the account has none.
    client_scan_id: the name that the officer's device gave the scan, so that it can ask again.
    """

    id: str
    at: datetime
    purpose: ScanPurpose
    scanner: str
    citizen: str
    code: bytes = field(repr=False)
    code_issued_at: datetime
    jurisdiction: str
    client_scan_id: str | None = None

    @property
    def key(self) -> str:
        """Its place in a list, newest first: the instant, and the id among scans of one millisecond."""
        return f"{epoch_ms(self.at)}:{self.id}"

    def answers(self, *, scanner: str, purpose: ScanPurpose, client_scan_id: str | None) -> bool:
        """True when an officer who scans this scan's code is only asking again for what they already did."""
        asked_again = client_scan_id is not None and client_scan_id == self.client_scan_id
        return asked_again and (scanner, purpose) == (self.scanner, self.purpose)


@dataclass(frozen=True, slots=True)
class ScanTally:
    """How often an officer scanned for one purpose on one day of the city."""

    purpose: ScanPurpose
    day: date
    count: int


def place_of(key: str, *, prefix: str = SCAN_PREFIX) -> tuple[datetime, str]:
    """The instant and the id of a `key` that a client sent back: a scan's, or another row's. Raises: BadInput."""
    ms, _, row_id = key.partition(":")
    if not (ms.isascii() and ms.isdigit() and len(ms) <= 15 and int(ms) <= _EPOCH_MS_MAX):
        raise BadInput(field="after", problem="is not a cursor of this list")
    if not is_id(row_id, prefix=prefix):
        raise BadInput(field="after", problem="is not a cursor of this list")
    return from_epoch_s(0) + timedelta(milliseconds=int(ms)), row_id


def check_client_scan_id(client_scan_id: str | None) -> str | None:
    """Raises: BadInput when it is empty or longer than 64 characters."""
    if client_scan_id is not None and not 1 <= len(client_scan_id) <= CLIENT_SCAN_ID_LENGTH_MAX:
        raise BadInput(field="clientScanId", problem=f"must have 1 to {CLIENT_SCAN_ID_LENGTH_MAX} characters")
    return client_scan_id
