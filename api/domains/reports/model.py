"""Nouns and rules of reporting.

Rules
- A case is seen by its reporter, by whoever may act for them in `reports:read`, and by the handlers of its district.
  To everybody else it is not there. Handlers never learn who reported.
- The city's time runs from the report, stands while the reporter is asked for more, and starts anew when reopened.
- A case can be reopened for 15 days after it was settled, and rated once.
- What a stranger sees of a similar case is its kind, about how far it is and how old: no text, no photo, no point.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from stdnum.iso7064 import mod_11_10

from api.domains.reports.categories import CATEGORIES, Category
from api.domains.reports.errors import (
    ActionNotAllowed,
    CaseFull,
    CategoryUnknown,
    NoteRequired,
    PhotoRequired,
    ReopenTermOver,
)
from api.domains.reports.workflow import ACTION_LABELS, SETTLED, WORKFLOW, Action, By, Need, Rule, Status
from core.clock import epoch_ms, from_epoch_s
from core.errors import BadInput
from core.geo import Point, distance_m
from core.ids import is_id
from core.locale import Text

HANDLE_SCOPE: Final = "reports:handle"
READ_MATTER: Final = "reports:read"
CASE_PREFIX: Final = "rep"
PHOTO_PREFIX: Final = "pho"

DESCRIPTION_LENGTH_MAX: Final = 4000  # Open311 GeoReport v2
ADDRESS_LENGTH_MAX: Final = 200
NOTE_LENGTH_MAX: Final = 1000
CLIENT_REPORT_ID_LENGTH_MAX: Final = 64
PHOTOS_MAX: Final = 5
ENTRIES_MAX: Final = 200
STARS_MAX: Final = 5
REOPEN_WITHIN: Final = timedelta(days=15)
REPORTS_DAILY_MAX: Final = 30
PHOTOS_DAILY_MAX: Final = 100
UNATTACHED_KEPT: Final = timedelta(hours=24)
# Source of both: FixMyStreet suggests within 250 m; reference civic.md §2.2.
SIMILAR_WITHIN_M: Final = 250
SIMILAR_SINCE: Final = timedelta(days=30)
SIMILAR_MAX: Final = 10
DOUBTFUL_BEYOND_M: Final = 500
_EPOCH_MS_MAX: Final = 253_402_300_799_999
_HASH_BITS: Final = 64


class EntryKind(StrEnum):
    """What a line of a case's timeline tells."""

    REPORTED = "REPORTED"
    ACTION = "ACTION"
    DISPATCHED = "DISPATCHED"
    STATUS = "STATUS"


class Progress(StrEnum):
    """How far the unit is, by the departments' side's word. The case itself moves only by its own handlers."""

    ACCEPTED = "ACCEPTED"
    HANDLING = "HANDLING"
    DONE = "DONE"
    RETURNED = "RETURNED"


PROGRESS_LABELS: Final[dict[Progress, Text]] = {
    Progress.ACCEPTED: Text(zh="处置单位已签收", en="Accepted by the unit"),
    Progress.HANDLING: Text(zh="处置单位办理中", en="The unit is working on it"),
    Progress.DONE: Text(zh="处置单位已处置", en="Dealt with by the unit"),
    Progress.RETURNED: Text(zh="处置单位已退单", en="Returned by the unit"),
}
ENTRY_LABELS: Final[dict[EntryKind, Text]] = {
    EntryKind.REPORTED: Text(zh="上报", en="Reported"),
    EntryKind.DISPATCHED: Text(zh="派单", en="Dispatched"),
    EntryKind.STATUS: Text(zh="办理进展", en="Progress"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a case's timeline.

    status: the state after it. action, by: of an ACTION. staff: the handler's account, else empty.
    unit: the department that a DISPATCHED or STATUS line comes from. progress: of a STATUS, if there is a word for it.
    internal: for handlers alone.
    """

    at: datetime
    kind: EntryKind
    status: Status
    action: Action | None = None
    by: By | None = None
    staff: str = ""
    note: str = field(default="", repr=False)
    photos: tuple[str, ...] = ()
    unit: Text | None = None
    progress: Progress | None = None
    internal: bool = False

    @property
    def label(self) -> Text:
        if self.progress:
            return PROGRESS_LABELS[self.progress]
        return ACTION_LABELS[self.action] if self.action else ENTRY_LABELS[self.kind]


@dataclass(frozen=True, slots=True)
class Rating:
    """What the reporter thinks of the result: 1 to 5 stars."""

    stars: int
    at: datetime
    comment: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Case:
    """One matter that was reported.

    citizen: the reporter's account; None when a partner reported it (`partner` names them).
    version: counts the steps; a step names the version that it was decided on.
    settled_at: since when the city calls it done. paused_at: since when the reporter is asked for more.
    doubtful: a photo was taken more than 500 m from the point. hashes: of the reporter's photos, 64 bits each.
    """

    id: str
    number: str
    category: Category
    description: str = field(repr=False)
    location: Point = field(repr=False)
    address: str = field(repr=False)
    district: str
    created_at: datetime
    updated_at: datetime
    due_at: datetime
    citizen: str | None = field(default=None, repr=False)
    partner: str = ""
    place: str | None = None
    status: Status = Status.SUBMITTED
    version: int = 1
    supporters: int = 0
    photos: tuple[str, ...] = ()
    hashes: tuple[int, ...] = field(default=(), repr=False)
    timeline: tuple[Entry, ...] = ()
    settled_at: datetime | None = None
    paused_at: datetime | None = None
    duplicate_of: str | None = None
    unit: Text | None = None
    rating: Rating | None = None
    doubtful: bool = False

    @property
    def open(self) -> bool:
        return self.status not in SETTLED

    def overdue(self, now: datetime) -> bool:
        """False while the reporter is asked for more."""
        return self.open and self.paused_at is None and now > self.due_at

    def open_to(self, by: By, now: datetime) -> list[Rule]:
        """What `by` may do with it now."""
        rules = WORKFLOW.open_to(by=by, status=self.status)
        return [rule for rule in rules if rule.action is not Action.REOPEN or self.reopenable(now)]

    def reopenable(self, now: datetime) -> bool:
        return self.settled_at is not None and now <= self.settled_at + REOPEN_WITHIN

    def photo_required(self, rule: Rule) -> bool:
        return rule.photo is Need.MUST and self.category.visible


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody wants to do with a case. staff: the handler's account, else empty."""

    action: Action
    by: By
    note: str = field(default="", repr=False)
    photos: tuple[str, ...] = ()
    staff: str = ""
    duplicate_of: str | None = None


def moved(case: Case, step: Step, *, now: datetime) -> Case:
    """The case after the step, with a line more in its timeline.

    Raises: ActionNotAllowed, ReopenTermOver, NoteRequired, PhotoRequired, BadInput (photos where none are taken),
        CaseFull.
    """
    rule = WORKFLOW.rule(action=step.action, by=step.by, status=case.status)
    if rule is None:
        raise ActionNotAllowed(action=step.action.value, status=case.status.value)
    _check_step(case, step, rule, now)
    status = rule.to or case.status
    entry = Entry(
        at=now,
        kind=EntryKind.ACTION,
        status=status,
        action=step.action,
        by=step.by,
        staff=step.staff,
        note=step.note,
        photos=step.photos,
        internal=rule.to is None,
    )
    after = replace(
        case,
        status=status,
        version=case.version + 1,
        updated_at=now,
        timeline=(*case.timeline, entry),
        duplicate_of=step.duplicate_of if status is Status.DUPLICATE else None,
    )
    return _with_clock(case, after, now)


def _check_step(case: Case, step: Step, rule: Rule, now: datetime) -> None:
    if step.action is Action.REOPEN and not case.reopenable(now):
        raise ReopenTermOver(days=REOPEN_WITHIN.days)
    if rule.note is Need.MUST and not step.note:
        raise NoteRequired()
    if step.photos and rule.photo is Need.NO:
        raise BadInput(field="photoIds", problem="are not taken by this step")
    if not step.photos and case.photo_required(rule):
        raise PhotoRequired()
    if len(case.timeline) >= ENTRIES_MAX:
        raise CaseFull()


def _with_clock(before: Case, after: Case, now: datetime) -> Case:
    """The city's clock after a step: it stands while the reporter is asked, and starts anew when reopened."""
    if after.status is before.status:
        return after
    paused_at = now if after.status is Status.RETURNED else None
    settled_at = (before.settled_at or now) if after.status in SETTLED else None
    due_at = before.due_at + (now - before.paused_at if before.paused_at else timedelta())
    if after.status is Status.REOPENED:
        due_at = now + after.category.due_within
    return replace(after, paused_at=paused_at, settled_at=settled_at, due_at=due_at)


@dataclass(frozen=True, slots=True)
class PlaceFact:
    """What this room keeps of a place code. category: what is usually reported there, if anything."""

    code: str
    name: Text
    location: Point
    district: str
    active: bool
    category: str | None = None


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """What a stranger may know of a case nearby.

    distance_m: to the next ten metres. photo_similarity: 0…1 to the nearest of the photos that were given, if any.
    """

    id: str
    number: str
    category: Category
    status: Status
    created_at: datetime
    distance_m: int
    supporters: int
    photo_similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Support:
    """That a citizen follows somebody else's case, and how it stands."""

    case: Case
    since: datetime


# --- pure functions -----------------------------------------------------------------------------------------------


def category_of(code: str) -> Category:
    """Raises: CategoryUnknown."""
    category = CATEGORIES.get(code)
    if category is None:
        raise CategoryUnknown()
    return category


def case_number(day: date, sequence: int) -> str:
    """`20261122-000123-6`: the day, the how-manieth of it, and a check digit (ISO 7064, MOD 11,10)."""
    digits = f"{day:%Y%m%d}{sequence:06d}"
    return f"{digits[:8]}-{digits[8:]}-{mod_11_10.calc_check_digit(digits)}"


def is_case_number(text: str) -> bool:
    """True when the form and the check digit are right; says nothing about existence."""
    day, _, rest = text.partition("-")
    sequence, _, check = rest.partition("-")
    digits = day + sequence
    formed = len(day) == 8 and 6 <= len(sequence) <= 9 and digits.isascii() and digits.isdigit() and len(check) == 1
    return formed and check == mod_11_10.calc_check_digit(digits)


def bounded(text: str | None, *, field: str, length_max: int, required: bool = False) -> str:
    """The text without blanks around it. Raises: BadInput (too long, empty where required, control characters)."""
    clean = (text or "").strip()
    if len(clean) > length_max:
        raise BadInput(field=field, problem=f"may have {length_max} characters")
    if required and not clean:
        raise BadInput(field=field, problem="is required")
    if any((ord(c) < 32 and c not in "\n\r\t") or 0xD800 <= ord(c) <= 0xDFFF for c in clean):
        raise BadInput(field=field, problem="holds characters that are no text")
    return clean


def check_photo_ids(photo_ids: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Raises: BadInput."""
    if len(photo_ids) > PHOTOS_MAX:
        raise BadInput(field="photoIds", problem=f"may name {PHOTOS_MAX} photos")
    if len(set(photo_ids)) != len(photo_ids) or not all(is_id(one, prefix=PHOTO_PREFIX) for one in photo_ids):
        raise BadInput(field="photoIds", problem="must name different photos")
    return tuple(photo_ids)


def check_client_report_id(text: str) -> str:
    """Raises: BadInput when it is empty or longer than 64 characters."""
    if not 1 <= len(text) <= CLIENT_REPORT_ID_LENGTH_MAX or not text.isprintable():
        raise BadInput(field="clientReportId", problem=f"must have 1 to {CLIENT_REPORT_ID_LENGTH_MAX} characters")
    return text


def similarity(ours: tuple[int, ...], theirs: tuple[int, ...]) -> float | None:
    """1 for the same picture, about a half for two others: the best pair of two sets of 64-bit hashes; None without."""
    apart = [(a ^ b).bit_count() for a in ours for b in theirs]
    return round(1 - min(apart) / _HASH_BITS, 2) if apart else None


def is_doubtful(reported: Point, taken: list[Point]) -> bool:
    """True when a photo says that it was taken more than 500 m from where the report points."""
    return any(distance_m(reported, one) > DOUBTFUL_BEYOND_M for one in taken)


def list_key(instant: datetime, id_: str) -> str:
    """A place in a list that is sorted by an instant and an id."""
    return f"{epoch_ms(instant)}:{id_}"


def place_in_list(key: str) -> tuple[datetime, str]:
    """The instant and the id of a `list_key` that a client sent back. Raises: BadInput."""
    ms, _, id_ = key.partition(":")
    fits = ms.isascii() and ms.isdigit() and len(ms) <= 15 and int(ms) <= _EPOCH_MS_MAX
    if not (fits and is_id(id_, prefix=CASE_PREFIX)):
        raise BadInput(field="after", problem="is not a cursor of this list")
    return from_epoch_s(0) + timedelta(milliseconds=int(ms)), id_
