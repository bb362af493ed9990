"""What the fields of this backend's graph cost, by name."""

from __future__ import annotations

from typing import Final

from backends.base.cost import Tariff
from backends.sensor.aqi import POLLUTANTS
from backends.sensor.errors import QueryTooCostly
from backends.sensor.model import PROPERTIES
from backends.sensor.service import READINGS_PAGE_MAX
from core.paging import PAGE_SIZE_MAX

TARIFF: Final = Tariff(
    too_costly=QueryTooCostly,
    pages={"stations": (20, PAGE_SIZE_MAX), "readings": (100, READINGS_PAGE_MAX)},
    lengths={
        "observedProperties": len(PROPERTIES),
        "values": len(PROPERTIES),
        "concentrations": len(POLLUTANTS),
        "primaryPollutants": len(POLLUTANTS),
    },
    rows={"latest": 1, "airQuality": 1, "station": 1},
    within={"readings": {"values": 1}},  # a series is of one property
)
