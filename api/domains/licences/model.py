"""Nouns and rules of licences.

Rules
- A version of a licence never changes in what it says: renewing makes a new version under the same serial, and the old
  one is replaced. Only its status moves, and only forwards.
- Days are the city's. `valid_until` is the last day on which it is valid; that it has expired follows from the day
  and is never stored.
- A person holds one licence of a type at a time.
- What is shown is chosen field by field, among those that the type lets be shown.
- A notice of the end comes 30, 7 and 1 days before it and on the first day after it; a day that was missed is not made
  up for when a later one has come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from api.domains.licences.errors import FieldNotShowable, LicenceNotValid, NotRenewable, RenewalTooEarly
from api.domains.licences.forms import FIELDS_MAX, LicenceType
from api.domains.licences.identifiers import VERSION_MAX, LicenceIdentifier
from core.clock import epoch_ms, from_epoch_s
from core.errors import BadInput
from core.ids import is_id, ulid
from core.locale import Text

VERIFY_SCOPE: Final = "licences:verify"
ISSUE_SCOPE: Final = "licences:issue"
READ_MATTER: Final = "licences:read"
LICENCE_PREFIX: Final = "lic"
SHOWING_PREFIX: Final = "shw"
PURPOSE_LENGTH_MAX: Final = 60
REASON_LENGTH_MAX: Final = 200
WALLET_MAX: Final = 200
CLIENT_VERIFICATION_ID_LENGTH_MAX: Final = 64
# Whereabouts are kept as long as the law asks of access records (Cybersecurity Law of the PRC, art. 21: six months).
SHOWING_KEPT: Final = timedelta(days=183)
# Days left, as `licences.expiring` counts them; the last stands for every day after the end.
EXPIRED_DAYS: Final = -1
NOTICE_DAYS: Final = (30, 7, 1, EXPIRED_DAYS)
_EPOCH_MS_MAX: Final = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, the last instant of a datetime


class LicenceStatus(StrEnum):
    """What a licence is worth. The national code of each is in `NATIONAL_CODES`."""

    VALID = "VALID"
    SUSPENDED = "SUSPENDED"
    RESCINDED = "RESCINDED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    TRANSFERRED = "TRANSFERRED"
    REVOKED = "REVOKED"
    REPLACED = "REPLACED"


# Source: the interface of the Ministry of Housing's licences: 01 有效 … 07 吊销, 99 其他.
NATIONAL_CODES: Final[Mapping[LicenceStatus, str]] = {
    LicenceStatus.VALID: "01",
    LicenceStatus.SUSPENDED: "02",
    LicenceStatus.RESCINDED: "03",
    LicenceStatus.CANCELLED: "04",
    LicenceStatus.EXPIRED: "05",
    LicenceStatus.TRANSFERRED: "06",
    LicenceStatus.REVOKED: "07",
    LicenceStatus.REPLACED: "99",
}

STATUS_LABELS: Final[Mapping[LicenceStatus, Text]] = {
    LicenceStatus.VALID: Text(zh="有效", en="Valid"),
    LicenceStatus.SUSPENDED: Text(zh="暂扣", en="Suspended"),
    LicenceStatus.RESCINDED: Text(zh="已撤销", en="Rescinded"),
    LicenceStatus.CANCELLED: Text(zh="已注销", en="Cancelled"),
    LicenceStatus.EXPIRED: Text(zh="已过期", en="Expired"),
    LicenceStatus.TRANSFERRED: Text(zh="已转出", en="Transferred out"),
    LicenceStatus.REVOKED: Text(zh="已吊销", en="Revoked"),
    LicenceStatus.REPLACED: Text(zh="已换发", en="Replaced"),
}


class Ending(StrEnum):
    """How a department ends a licence: as a penalty, because it should not have been issued, or with its cause."""

    REVOKED = "REVOKED"
    RESCINDED = "RESCINDED"
    CANCELLED = "CANCELLED"

    @property
    def status(self) -> LicenceStatus:
        return LicenceStatus(self.value)


# What may still be ended; and what may be renewed.
ENDABLE: Final = frozenset({LicenceStatus.VALID, LicenceStatus.SUSPENDED})
RENEWABLE: Final = frozenset({LicenceStatus.VALID})


@dataclass(frozen=True, slots=True)
class Ended:
    """How, when, by whom and why a licence was ended."""

    at: datetime
    by: str
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Licence:
    """One version of one person's licence.

    held: the holder's licence of this type at present; False once it was ended, replaced, or let go after its end.
    settled: the status as stored, which knows nothing of the day.
    """

    id: str
    holder: str
    type: LicenceType
    serial: str
    version: int
    issuer: str
    valid_from: date
    valid_until: date | None
    issued_at: datetime
    issued_by: str
    values: Mapping[str, str] = field(repr=False)
    settled: LicenceStatus = LicenceStatus.VALID
    held: bool = True
    replaces: str | None = None
    ended: Ended | None = None

    @property
    def identifier(self) -> LicenceIdentifier:
        return LicenceIdentifier(self.type.code, self.issuer, self.serial, self.version)

    def days_left(self, today: date) -> int | None:
        """Days to the last valid day: 0 on it, negative after it; None for one without an end."""
        return None if self.valid_until is None else (self.valid_until - today).days

    def status(self, today: date) -> LicenceStatus:
        left = self.days_left(today)
        if self.settled in ENDABLE and left is not None and left < 0:
            return LicenceStatus.EXPIRED
        return self.settled

    def check_valid(self, today: date) -> None:
        """Raises: LicenceNotValid."""
        status = self.status(today)
        if status is not LicenceStatus.VALID:
            raise LicenceNotValid(status=status.value)

    def check_renewable(self, today: date) -> None:
        """Raises: NotRenewable, RenewalTooEarly."""
        window = self._window()
        if window is None or not self.held or self.settled not in RENEWABLE or self.version >= VERSION_MAX:
            raise NotRenewable()
        if today < window[0]:
            raise RenewalTooEarly(renewable_from=window[0].isoformat())
        if today > window[1]:
            raise NotRenewable()

    def renewable(self, today: date) -> bool:
        try:
            self.check_renewable(today)
        except (NotRenewable, RenewalTooEarly):
            return False
        return True

    def chosen(self, names: Sequence[str] | None) -> dict[str, str]:
        """The values to show: those that were named, or the type's default set, in the type's order.

        Raises: BadInput (none, too many), FieldNotShowable (also one that this licence has no value for).
        """
        wanted = [spec.name for spec in self.type.fields if spec.by_default] if names is None else list(names)
        if not 1 <= len(wanted) <= FIELDS_MAX:
            raise BadInput(field="fields", problem=f"must name 1 to {FIELDS_MAX} fields")
        for name in names or ():
            spec = self.type.spec(name)
            if spec is None or not spec.showable or name not in self.values:
                raise FieldNotShowable(name=name[:40])
        return {name: value for name, value in self.values.items() if name in wanted}

    def _window(self) -> tuple[date, date] | None:
        if self.valid_until is None:
            return None
        before, after = self.type.renewable_before_days, self.type.renewable_after_days
        return self.valid_until - timedelta(days=before), self.valid_until + timedelta(days=after)


class VerificationResult(StrEnum):
    """What a check of a genuine code came to: the licence is valid now, or it is not."""

    VALID = "VALID"
    NOT_VALID = "NOT_VALID"


@dataclass(frozen=True, slots=True)
class Showing:
    """One check of one licence by one officer. There is one for a code, and its id is the code's.

    names: the fields that were shown; none when the licence was not valid any more.
    status: the licence's, at that time. jurisdiction: the officer's division code; empty when the account has none.
    """

    id: str
    at: datetime
    licence: str
    holder: str
    type: LicenceType
    verifier: str
    jurisdiction: str
    purpose: str = field(repr=False)
    names: tuple[str, ...]
    status: LicenceStatus
    client_verification_id: str | None = None

    @property
    def result(self) -> VerificationResult:
        return VerificationResult.VALID if self.status is LicenceStatus.VALID else VerificationResult.NOT_VALID

    @property
    def key(self) -> str:
        """Its place in a list, newest first: the instant, and the id among showings of one millisecond."""
        return f"{epoch_ms(self.at)}:{self.id}"

    def answers(self, *, verifier: str, client_verification_id: str | None) -> bool:
        """True when an officer who checks this showing's code again is only asking for the answer again."""
        asked_again = client_verification_id is not None and client_verification_id == self.client_verification_id
        return asked_again and verifier == self.verifier


@dataclass(frozen=True, slots=True)
class Share:
    """A code as its holder shows it: `text` goes into the QR."""

    id: str
    text: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    purpose: str = field(repr=False)
    licence: Licence
    values: Mapping[str, str] = field(repr=False)

    @property
    def lifetime_s(self) -> int:
        return int((self.expires_at - self.issued_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer to a check: the showing that was recorded, and the values that it lets the officer see."""

    showing: Showing
    licence: Licence

    @property
    def values(self) -> dict[str, str]:
        return {name: value for name, value in self.licence.values.items() if name in self.showing.names}


def showing_id(cti: bytes) -> str:
    """The id of the showing that uses a code up: the code's 16 bytes as a ULID."""
    return f"{SHOWING_PREFIX}_{ulid(ms=int.from_bytes(cti[:6], 'big'), randomness=cti[6:])}"


def wallet_order(licence: Licence, today: date) -> tuple[int, int, float]:
    """What is valid first, and of that what ends soonest; then what is not, the newest first."""
    left = licence.days_left(today)
    valid = licence.status(today) is LicenceStatus.VALID
    return (0 if valid else 1, (left if left is not None else 10**6) if valid else 0, -licence.issued_at.timestamp())


def next_notice(valid_until: date | None, *, from_: date) -> date | None:
    """The first day, `from_` or later, on which a notice of the end is due."""
    if valid_until is None:
        return None
    days = sorted(valid_until - timedelta(days=left) for left in NOTICE_DAYS)
    return next((day for day in days if day >= from_), None)


def place_of(key: str) -> tuple[datetime, str]:
    """The instant and the id of a `Showing.key` that a client sent back. Raises: BadInput."""
    ms, _, showing = key.partition(":")
    if not (ms.isascii() and ms.isdigit() and len(ms) <= 15 and int(ms) <= _EPOCH_MS_MAX):
        raise BadInput(field="after", problem="is not a cursor of this list")
    if not is_id(showing, prefix=SHOWING_PREFIX):
        raise BadInput(field="after", problem="is not a cursor of this list")
    return from_epoch_s(0) + timedelta(milliseconds=int(ms)), showing


def check_sentence(value: str, *, field: str, length_max: int) -> str:
    """Free words without blanks around them. Raises: BadInput."""
    bare = value.strip() if len(value) <= 2 * length_max else ""
    if not 1 <= len(bare) <= length_max or not bare.isprintable():
        raise BadInput(field=field, problem=f"must have 1 to {length_max} printable characters")
    return bare


def check_client_verification_id(value: str | None) -> str | None:
    """Raises: BadInput when it is empty or longer than 64 characters."""
    if value is not None and not 1 <= len(value) <= CLIENT_VERIFICATION_ID_LENGTH_MAX:
        raise BadInput(
            field="clientVerificationId", problem=f"must have 1 to {CLIENT_VERIFICATION_ID_LENGTH_MAX} characters"
        )
    return value


def check_holder(holder: str) -> str:
    """Raises: BadInput when it is not the id of a citizen."""
    if not is_id(holder, prefix="cit"):
        raise BadInput(field="holderId", problem="is not the id of a citizen")
    return holder
