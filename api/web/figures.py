"""The engine's figures for `/metrics`: plain numbers that are read when somebody asks, so that counting costs nothing.

Labels come from bounded sets: subgraphs, caches, codes of error classes, ways of executing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any, Final, TypeAlias

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from api.gateway.figures import Figures, Spread
from api.gateway.transport import HttpTransport, LocalTransport
from api.web.graphql import GraphQLDoor
from core.bounded import Bounded

_Families: TypeAlias = Mapping[str, Any]
_CACHE: Final = ("cache", "service")
_FAMILIES: Final = (
    (GaugeMetricFamily, "tong_gateway_in_flight", "Operations under way", ()),
    (CounterMetricFamily, "tong_gateway_executed", "Operations that were not refused", ()),
    (CounterMetricFamily, "tong_gateway_refused", "Operations refused before anything ran, by the refusal", ("code",)),
    (CounterMetricFamily, "tong_graphql_errors", "Errors in answers", ("code", "service")),
    (CounterMetricFamily, "tong_gateway_shared", "Requests answered by what another one had under way", ()),
    (GaugeMetricFamily, "tong_streams", "Event streams that are open", ()),
    (CounterMetricFamily, "tong_streams_unread", "Event streams that were ended because nobody read them", ()),
    (HistogramMetricFamily, "tong_gateway_cost_estimated", "What operations may cost, of one in 64", ()),
    (HistogramMetricFamily, "tong_gateway_cost_actual", "What the same operations came to", ()),
    (HistogramMetricFamily, "tong_subgraph_fetch_seconds", "Fetches, and how long each took", ("service",)),
    (CounterMetricFamily, "tong_subgraph_failures", "Fetches that failed as a whole", ("service", "code")),
    (CounterMetricFamily, "tong_subgraph_retries", "Requests sent again", ("service",)),
    (CounterMetricFamily, "tong_subgraph_shared", "Fetches served by another's request", ("service",)),
    (CounterMetricFamily, "tong_subgraph_local", "Fetches in this process, by how they ran", ("service", "way")),
    (CounterMetricFamily, "tong_cache_hits", "What a cache had", _CACHE),
    (CounterMetricFamily, "tong_cache_misses", "What it had not", _CACHE),
    (GaugeMetricFamily, "tong_cache_entries", "What it holds", _CACHE),
    (GaugeMetricFamily, "tong_cache_bytes", "What that takes in memory, as weighed", _CACHE),
)


def families() -> dict[str, Any]:
    """Every figure by name, with no value yet."""
    return {name: kind(name, text, labels=labels) for kind, name, text, labels in _FAMILIES}


class EngineFigures(Collector):
    """Of the engine behind one door, its subgraphs and its caches."""

    def __init__(self, door: GraphQLDoor) -> None:
        self._door = door

    def describe(self) -> Iterable[Metric]:
        return families().values()

    def collect(self) -> Iterable[Metric]:
        found, door = families(), self._door
        _operations(found, door.engine.figures)
        found["tong_gateway_shared"].add_metric((), door.in_flight.shared if door.in_flight else 0)
        found["tong_streams"].add_metric((), door.streams.open)
        found["tong_streams_unread"].add_metric((), door.streams.unread)
        for service, transport in door.engine.transports.items():
            if isinstance(transport, LocalTransport):
                _cache(found, "local", service, transport.documents)
                for way, count in transport.ran.items():
                    found["tong_subgraph_local"].add_metric((service, way), count)
            elif isinstance(transport, HttpTransport):
                retried = transport.retries.made if transport.retries else 0
                shared = transport.in_flight.shared if transport.in_flight else 0
                found["tong_subgraph_retries"].add_metric((service,), retried)
                found["tong_subgraph_shared"].add_metric((service,), shared)
        for name, cache in door.engine.caches.items():
            _cache(found, name, "", cache)
        _cache(found, "names", "", door.documents.learned)
        return found.values()


def _operations(found: _Families, figures: Figures) -> None:
    found["tong_gateway_in_flight"].add_metric((), figures.in_flight)
    found["tong_gateway_executed"].add_metric((), figures.executed)
    for code, count in figures.refused.items():
        found["tong_gateway_refused"].add_metric((code,), count)
    add_spread(found["tong_gateway_cost_estimated"], (), figures.estimated)
    add_spread(found["tong_gateway_cost_actual"], (), figures.actual)
    for service, seconds in figures.fetches.items():
        add_spread(found["tong_subgraph_fetch_seconds"], (service,), seconds)
    for labels, count in figures.errors.items():
        found["tong_graphql_errors"].add_metric(labels, count)
    for labels, count in figures.failures.items():
        found["tong_subgraph_failures"].add_metric(labels, count)


def add_spread(family: Any, labels: tuple[str, ...], spread: Spread) -> None:
    """One more histogram of a family."""
    bounds = [*map(floatToGoString, spread.bounds), "+Inf"]
    family.add_metric(labels, list(zip(bounds, accumulate(spread.within), strict=True)), spread.total)


def _cache(found: _Families, name: str, service: str, cache: Bounded[Any, Any]) -> None:
    values = {"hits": cache.hits, "misses": cache.misses, "entries": len(cache), "bytes": cache.weight}
    for of, value in values.items():
        found[f"tong_cache_{of}"].add_metric((name, service), value)
