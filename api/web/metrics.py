"""`/metrics`: what the operator watches, in Prometheus' text format. Labels are bounded and never personal."""

from __future__ import annotations

import logging
import time
from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from core.errors import DomainError

_LOG = logging.getLogger(__name__)

_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
# The path is open to whoever reaches the port: figures that cost reads are read no more often than this.
_REFRESH_EVERY_S: Final = 5.0


@dataclass(slots=True)
class _Route:
    """statuses: how many answers of each. within: how many took as long as each of the buckets, and longer."""

    statuses: Counts[int] = field(default_factory=Counts)
    within: list[int] = field(default_factory=lambda: [0] * (len(_BUCKETS_S) + 1))
    seconds: float = 0.0


class _Answers(Collector):
    """Answers by route and status, and how long they took. Counting costs a tenth of what prometheus' own does."""

    def __init__(self) -> None:
        self._routes: dict[str, _Route] = {}

    def add(self, route: str, status: int, seconds: float) -> None:
        known = self._routes.get(route)
        if known is None:
            known = self._routes[route] = _Route()
        known.statuses[status] += 1
        known.within[bisect_left(_BUCKETS_S, seconds)] += 1
        known.seconds += seconds

    def collect(self) -> Iterable[Metric]:
        requests = CounterMetricFamily("tong_http_requests", "HTTP requests", labels=("route", "status"))
        times = HistogramMetricFamily("tong_http_request_seconds", "Time to answer", labels=("route",))
        bounds = [*map(floatToGoString, _BUCKETS_S), "+Inf"]
        for route, known in self._routes.items():
            for status, count in known.statuses.items():
                requests.add_metric((route, str(status)), count)
            buckets = list(zip(bounds, accumulate(known.within), strict=True))
            times.add_metric((route,), buckets, known.seconds)
        return requests, times


class Metrics:
    """The counters of one city; a registry of its own, so that two cities in one process do not mix.

    refresh: reads figures that live elsewhere (the outbox's backlog) before a scrape.
    """

    def __init__(self, refresh: Callable[[Metrics], Awaitable[None]] | None = None) -> None:
        self.registry = CollectorRegistry()
        self._refresh = refresh
        self._refreshed_at = -_REFRESH_EVERY_S
        own = self.registry
        self._answers = _Answers()
        own.register(self._answers)
        self.errors = Counter("tong_graphql_errors", "Errors in answers", ("code", "service"), registry=own)
        self.rates = Counter(
            "tong_rate_limits",
            "Requests refused; leases taken; requests counted while Redis was away",
            ("outcome",),
            registry=own,
        )
        self._backlog = Gauge("tong_events", "Events that wait, or are dead letters", ("state",), registry=own)
        self._oldest = Gauge("tong_events_oldest_seconds", "Age of the oldest event that waits", registry=own)
        self._handled = Gauge("tong_events_handled", "What this process did with events", ("outcome",), registry=own)
        self._store_up = Gauge("tong_store_up", "Whether MongoDB answered when it was last asked", registry=own)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """One more answer. route: the pattern that matched, never the path as asked."""
        self._answers.add(route, status, seconds)
        if _LOG.isEnabledFor(logging.DEBUG):
            _LOG.debug("answered", extra={"facts": {"route": route, "status": status, "ms": seconds * 1000}})

    def show_backlog(self, *, waiting: int, dead: int, oldest_s: float) -> None:
        self._backlog.labels("waiting").set(waiting)
        self._backlog.labels("dead").set(dead)
        self._oldest.set(oldest_s)

    def show_handled(self, counts: Mapping[str, int]) -> None:
        for outcome, count in counts.items():
            self._handled.labels(outcome).set(count)

    async def expose(self, request: web.Request) -> web.Response:
        """Every figure that can be had: a store that is away costs its own, and `tong_store_up` says so."""
        if self._refresh is not None and time.monotonic() - self._refreshed_at >= _REFRESH_EVERY_S:
            self._refreshed_at = time.monotonic()
            try:
                await self._refresh(self)
                self._store_up.set(1)
            except DomainError:
                self._store_up.set(0)
        return web.Response(body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
