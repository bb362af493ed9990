"""`/metrics`: what the operator watches, in Prometheus' text format. Labels are bounded and never personal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The counters of one city; a registry of its own, so that two cities in one process do not mix.

    refresh: called before each scrape, to read figures that live elsewhere (the outbox's backlog).
    """

    refresh: Callable[[Metrics], Awaitable[None]] | None = None
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    seconds: Histogram = field(init=False)
    backlog: Gauge = field(init=False)
    oldest: Gauge = field(init=False)

    def __post_init__(self) -> None:
        registry = self.registry
        requests = Counter("tong_http_requests", "HTTP requests", ("route", "status"), registry=registry)
        seconds = Histogram(
            "tong_http_request_seconds", "Time to answer", ("route",), buckets=_BUCKETS_S, registry=registry
        )
        backlog = Gauge("tong_events", "Events that wait or are dead letters", ("state",), registry=registry)
        oldest = Gauge("tong_events_oldest_seconds", "Age of the oldest event that waits", registry=registry)
        made = {"requests": requests, "seconds": seconds, "backlog": backlog, "oldest": oldest}
        for name, metric in made.items():
            object.__setattr__(self, name, metric)

    def show_backlog(self, *, waiting: int, dead: int, oldest_s: float) -> None:
        self.backlog.labels("waiting").set(waiting)
        self.backlog.labels("dead").set(dead)
        self.oldest.set(oldest_s)

    async def expose(self, request: web.Request) -> web.Response:
        if self.refresh is not None:
            await self.refresh(self)
        return web.Response(body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
