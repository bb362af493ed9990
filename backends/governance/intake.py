"""Reads what is posted: every field is judged, and one bad field refuses the whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from backends.base.words import can_be_seen
from backends.governance.errors import FieldInvalid
from backends.governance.model import SYNTHETIC_PREFIX, Report, Source, Status
from core.divisions import DISTRICTS
from core.errors import BadInput
from core.geo import Point

NOTE_LENGTH_MAX: Final = 500
NUMBER_LENGTH_MAX: Final = 40
VERSION_MAX: Final = 2**31 - 1
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
CLOCKS_APART_MAX: Final = timedelta(minutes=5)
DUE_WITHIN_MAX: Final = timedelta(days=366)
_REF: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_CATEGORY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_STATUS: Final = re.compile(r"[A-Z][A-Z_]{0,31}")
_FIELDS: Final = frozenset(
    "source ref number category district longitude latitude openedAt dueAt status version".split()
)
# What a source may not know: null, or left out.
_OPTIONAL: Final = frozenset({"district", "longitude", "latitude", "dueAt"})


def report_of(body: object, *, now: datetime) -> Report:
    """Raises: FieldInvalid."""
    fields = _object(body, known=_FIELDS, optional=_OPTIONAL)
    opened = _instant("openedAt", fields["openedAt"], latest=now + CLOCKS_APART_MAX)
    due = fields.get("dueAt")
    return Report(
        source=_source(fields["source"]),
        ref=_ref(fields["ref"]),
        number=_words("number", fields["number"], NUMBER_LENGTH_MAX),
        category=_like("category", fields["category"], _CATEGORY),
        district=_district(fields.get("district")),
        location=_location(fields.get("longitude"), fields.get("latitude")),
        opened_at=opened,
        due_at=None if due is None else _instant("dueAt", due, latest=opened + DUE_WITHIN_MAX),
        status=_like("status", fields["status"], _STATUS),
        version=_version(fields["version"]),
    )


def dispatch_of(body: object) -> tuple[str | None, str | None]:
    """A unit's code (None: the district's government) and a note, from {"unit", "note"}. Raises: FieldInvalid."""
    fields = _object(body, known=frozenset({"unit", "note"}), optional=frozenset({"unit", "note"}))
    unit = fields.get("unit")
    return None if unit is None else _like("unit", unit, _CATEGORY), note_of(fields.get("note"))


def step_of(body: object) -> tuple[Status, str | None]:
    """Where to, and a note, from {"status", "note"}. Raises: FieldInvalid."""
    fields = _object(body, known=frozenset({"status", "note"}), optional=frozenset({"note"}))
    return status_of(fields["status"]), note_of(fields.get("note"))


def status_of(word: object) -> Status:
    """Raises: FieldInvalid."""
    if not isinstance(word, str) or word not in Status.__members__:
        raise FieldInvalid(field="status", problem="is none of " + ", ".join(Status))
    return Status(word)


def note_of(value: object) -> str | None:
    """Raises: FieldInvalid."""
    return None if value is None else _words("note", value, NOTE_LENGTH_MAX)


def _object(body: object, *, known: frozenset[str], optional: frozenset[str]) -> dict[str, Any]:
    if not isinstance(body, dict) or not known - optional <= set(body) <= known:
        raise FieldInvalid(field="body", problem="must be an object with " + ", ".join(sorted(known)))
    return body


def _source(value: object) -> Source:
    if not isinstance(value, str) or value not in Source.__members__:
        raise FieldInvalid(field="source", problem="is none of " + ", ".join(Source))
    return Source(value)


def _ref(value: object) -> str:
    ref = _like("ref", value, _REF)
    if ref.startswith(SYNTHETIC_PREFIX):
        raise FieldInvalid(field="ref", problem=f"{SYNTHETIC_PREFIX} belongs to the demonstration")
    return ref


def _like(field: str, value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise FieldInvalid(field=field, problem=f"must be like {pattern.pattern}")
    return value


def _words(field: str, value: object, length_max: int) -> str:
    words = value.strip() if isinstance(value, str) else ""
    if not 0 < len(words) <= length_max or not can_be_seen(words):
        raise FieldInvalid(field=field, problem=f"must be 1 to {length_max} characters that can be seen, on one line")
    return words


def _district(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or value not in DISTRICTS):
        raise FieldInvalid(field="district", problem="is not a district of this city")
    return value


def _location(longitude: object, latitude: object) -> Point | None:
    if longitude is None and latitude is None:
        return None
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in (longitude, latitude)):
        raise FieldInvalid(field="location", problem="needs longitude and latitude, in degrees, or neither")
    try:
        return Point.of(longitude=longitude, latitude=latitude)  # type: ignore[arg-type]  # numbers, see above
    except BadInput as fault:
        raise FieldInvalid(field="location", problem=fault.problem) from fault


def _instant(field: str, value: object, *, latest: datetime) -> datetime:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise FieldInvalid(field=field, problem="must be an RFC 3339 time with an offset")
    if not EARLIEST <= instant <= latest:
        raise FieldInvalid(field=field, problem=f"must lie between {EARLIEST:%Y-%m-%d} and {latest:%Y-%m-%d %H:%M}Z")
    return instant.astimezone(UTC)


def _version(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= VERSION_MAX:
        raise FieldInvalid(field="version", problem=f"must be a whole number from 0 to {VERSION_MAX}")
    return value
