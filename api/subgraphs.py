"""Which subgraphs the city's graph is made of. A new room is one line here, one in `api/app.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import strawberry

import api.domains.citycode.schema
import api.domains.health.schema
import api.domains.licences.schema
import api.domains.payments.schema
import api.domains.reports.schema
import identity.schema
import miniapps.schema
import notifications.schema


@dataclass(frozen=True, slots=True)
class Room:
    """folder: where the room lives. schema: its Federation 2 subgraph."""

    folder: str
    schema: strawberry.federation.Schema


ROOMS: Final[Mapping[str, Room]] = {
    "identity": Room("identity", identity.schema.schema),
    "citycode": Room("api/domains/citycode", api.domains.citycode.schema.schema),
    "licences": Room("api/domains/licences", api.domains.licences.schema.schema),
    "payments": Room("api/domains/payments", api.domains.payments.schema.schema),
    "reports": Room("api/domains/reports", api.domains.reports.schema.schema),
    "health": Room("api/domains/health", api.domains.health.schema.schema),
    "notifications": Room("notifications", notifications.schema.schema),
    "miniapps": Room("miniapps", miniapps.schema.schema),
}

# Departments' backends run as processes of their own; the city knows their committed SDL and their URL.
DEPARTMENTS: Final[Mapping[str, str]] = {
    "sensor": "backends/sensor",
    "governance": "backends/governance",
    "data": "backends/data",
}
