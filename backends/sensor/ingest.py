"""Reads a body of readings: every row is judged, and one bad row refuses the whole body.

Two forms are taken: a JSON list of rows, and NDJSON (`application/x-ndjson`), one row a line. A row is
`{"station": "…", "ts": "2026-11-22T12:00:00+08:00", "values": {"pm2_5": 35, …}}`; `model.PROPERTIES` names the
properties and their units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from backends.sensor.errors import BatchInvalid, BodyMalformed, StationUnknown
from backends.sensor.model import Reading, Recorded, reading_of
from backends.sensor.service import Sensors
from core.errors import DomainError
from core.locale import Locale

ROWS_MAX: Final = 5000
REFUSALS_SHOWN_MAX: Final = 100
NDJSON: Final = "application/x-ndjson"


async def ingest(*, sensors: Sensors, body: bytes, content_type: str, now: datetime, locale: Locale) -> Recorded:
    """Judge every row of `body`, then store all or none.

    Raises: BodyMalformed, BatchInvalid (with each bad row's index and code), WritersBusy, Unavailable.
    """
    judged = _Judged(locale)
    for index, row in enumerate(rows_of(body, content_type=content_type)):
        judged.judge(index, row, now)
    judged.refuse_stations(await sensors.unknown_stations(r.station for _, r in judged.good))
    return await sensors.record(judged.readings())


def rows_of(body: bytes, *, content_type: str) -> Sequence[object]:
    """The rows of a body, 1 to `ROWS_MAX`, not judged yet; a line that is not JSON is a row of its own kind.

    Raises: BodyMalformed.
    """
    rows = list(_lines(body)) if content_type == NDJSON else _list(body)
    if not rows:
        raise BodyMalformed(problem="it holds no row")
    if len(rows) > ROWS_MAX:
        raise BodyMalformed(problem=f"it holds more than {ROWS_MAX} rows")
    return rows


def _list(body: bytes) -> list[object]:
    try:
        rows = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise BodyMalformed(problem="it is not JSON") from fault
    if not isinstance(rows, list):
        raise BodyMalformed(problem="it is not a JSON list of rows")
    return rows


def _lines(body: bytes) -> Iterator[object]:
    for line in body.split(b"\n", ROWS_MAX + 1):
        if line.strip():
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                yield None  # judged as malformed, with its index


@dataclass(slots=True)
class _Judged:
    """Rows sorted into readings and refusals, each with its index in the body."""

    locale: Locale
    good: list[tuple[int, Reading]] = field(default_factory=list)
    bad: list[tuple[int, DomainError]] = field(default_factory=list)

    def judge(self, index: int, row: object, now: datetime) -> None:
        try:
            self.good.append((index, reading_of(row, now=now)))
        except DomainError as refusal:
            self.bad.append((index, refusal))

    def refuse_stations(self, unknown: set[str]) -> None:
        self.bad += [(i, StationUnknown(station=r.station)) for i, r in self.good if r.station in unknown]

    def readings(self) -> list[Reading]:
        """Raises: BatchInvalid."""
        if self.bad:
            shown = sorted(self.bad, key=lambda pair: pair[0])[:REFUSALS_SHOWN_MAX]
            raise BatchInvalid(rows_invalid=len(self.bad), rows=[self._shown(i, refusal) for i, refusal in shown])
        return [reading for _, reading in self.good]

    def _shown(self, index: int, refusal: DomainError) -> dict[str, Any]:
        message = refusal.message_in(self.locale)
        return {"index": index, **refusal.public_fields, "code": refusal.code, "message": message}
