"""The HTTP door: what every backend answers (`backends.base.door`), and readings of the department's instruments.

| route | who | what |
|---|---|---|
| POST /ingest/readings | instruments, with the key | rows (`ingest`), answered `{"accepted": n, "duplicates": n}` |
| PUT /ingest/stations/{code} | the department, with the key | a station (`model.registered_station`) |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import Counter

from backends.base.door import Door
from backends.base.http import json_of, reply
from backends.sensor.ingest import ingest
from backends.sensor.model import registered_station
from backends.sensor.service import Sensors
from core.clock import Clock
from core.locale import negotiate

INGEST_BYTES_MAX: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SensorDoor:
    """The department's own routes over one `Sensors`, beside those of every backend."""

    sensors: Sensors
    clock: Clock
    door: Door
    rows: Counter

    @classmethod
    def of(cls, sensors: Sensors, door: Door) -> SensorDoor:
        rows = Counter(
            "sensor_ingest_rows_total",
            "Ingested rows by what became of them.",
            ("outcome",),
            registry=door.metrics.registry,
        )
        return cls(sensors, sensors.clock, door, rows)

    def application(self) -> web.Application:
        routes = [
            web.post("/ingest/readings", self.readings),
            web.put("/ingest/stations/{code}", self.station),
        ]
        return self.door.application(routes=routes, bytes_max=INGEST_BYTES_MAX)

    async def readings(self, request: web.Request) -> web.Response:
        self.door.authorise(request)
        body = await self.door.body(request, bytes_max=INGEST_BYTES_MAX)
        recorded = await ingest(
            sensors=self.sensors,
            body=body,
            content_type=request.content_type,
            now=self.clock.now(),
            locale=negotiate(request.headers.get("Accept-Language")),
        )
        self.rows.labels("accepted").inc(recorded.accepted)
        self.rows.labels("duplicate").inc(recorded.duplicates)
        return reply({"accepted": recorded.accepted, "duplicates": recorded.duplicates})

    async def station(self, request: web.Request) -> web.Response:
        self.door.authorise(request)
        body = json_of(await self.door.body(request))
        station = registered_station(code=request.match_info["code"], body=body)
        await self.sensors.register(station)
        return reply({"code": station.code})
