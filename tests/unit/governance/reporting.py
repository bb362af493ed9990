"""Reports and events as the governance tests say them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from backends.governance import model
from backends.governance.model import Event, Report, Source, Status
from core.geo import Point

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
EVENT_ID = "evn_01KANZZZZZZZZZZZZZZZZZZZZZ"


def report(**more: Any) -> Report:
    facts = Report(
        source=Source.CITIZEN,
        ref="rep_1",
        number="20261122-000001",
        category="street-lamp",
        district="110101",
        location=Point(116.416123, 39.928456),
        opened_at=NOW - timedelta(hours=1),
        due_at=None,
        status="SUBMITTED",
        version=1,
    )
    return replace(facts, **more)


def event(status: Status = Status.DISPATCHED, **more: Any) -> Event:
    """An event of `report(**more)` that was dispatched by rule and then came to `status`."""
    arrived = model.arrived(report(**more), event_id=EVENT_ID, at=NOW).event
    ended = NOW if status in model.ENDED else None
    return replace(arrived, status=status, ended_at=ended)
