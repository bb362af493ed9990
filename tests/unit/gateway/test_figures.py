"""What the engine counts reaches `/metrics`, under labels that are bounded."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry

from api.gateway.documents import Documents
from api.gateway.figures import Figures, Spread
from api.web.figures import EngineFigures
from api.web.graphql import GraphQLDoor
from api.web.metrics import as_markdown
from tests.unit.gateway.conftest import City


class _Nobody:
    """No request comes through the door here."""

    async def context(self, request: Any) -> Any:
        raise AssertionError(request)

    async def renewed(self, asked: Any, before: Any) -> Any:
        raise AssertionError("nobody asks")

    def sameness(self, context: Any) -> str:
        return ""


def shown(city: City) -> CollectorRegistry:
    # The city's own transports remember what was asked; what is counted is of those within.
    city.engine.transports = {name: recorded.inner for name, recorded in city.transports.items()}
    registry = CollectorRegistry()
    registry.register(EngineFigures(GraphQLDoor(city.engine, _Nobody(), 1_000, Documents())))
    return registry


async def test_what_was_done_is_told() -> None:
    city = City()
    for _ in range(4):
        assert (await city.ask("{ districts { code } }")).data is not None
    await city.ask("{ nothing }")
    await city.ask("{ nothing else }")

    def down(request: object) -> Any:
        raise OSError("down")

    city.transports["air"].instead = down
    await city.ask("{ districts { air { aqi } } }")

    value = shown(city).get_sample_value
    assert value("tong_gateway_executed_total") == 5
    assert value("tong_gateway_in_flight") == 0
    assert value("tong_gateway_refused_total", {"code": "GRAPHQL_VALIDATION_FAILED"}) == 2
    assert value("tong_subgraph_fetch_seconds_count", {"service": "identity"}) == 5
    assert value("tong_subgraph_fetch_seconds_bucket", {"service": "air", "le": "+Inf"}) == 1
    assert value("tong_subgraph_failures_total", {"service": "air", "code": "SUBGRAPH_UNAVAILABLE"}) == 1
    assert value("tong_subgraph_local_total", {"service": "identity", "way": "compiled"}) == 2
    assert value("tong_subgraph_local_total", {"service": "identity", "way": "new"}) == 3
    assert value("tong_cache_entries", {"cache": "texts", "service": ""}) == 2
    assert value("tong_cache_hits_total", {"cache": "plans", "service": ""}) == 3
    assert value("tong_cache_misses_total", {"cache": "plans", "service": ""}) == 2
    assert value("tong_cache_bytes", {"cache": "plans", "service": ""}) == city.engine.caches["plans"].weight > 1_000
    # One in 64 is counted, the first among them.
    assert value("tong_gateway_cost_estimated_count") == value("tong_gateway_cost_actual_count") == 1
    assert value("tong_gateway_cost_actual_sum") == 2


async def test_an_operation_under_way_is_seen() -> None:
    city = City()
    seen: list[int] = []
    city.transports["identity"].instead = lambda request: seen.append(city.engine.figures.in_flight)
    await city.ask("{ districts { code } }")
    assert (seen, city.engine.figures.in_flight) == ([1], 0)


def test_every_figure_of_the_engine_is_documented() -> None:
    document = as_markdown()
    for family in EngineFigures(GraphQLDoor(City().engine, _Nobody(), 1_000)).describe():
        assert f"| `{family.name}{'_total' if family.type == 'counter' else ''}` | {family.type} |" in document


def test_a_value_counts_under_the_least_bound_that_holds_it() -> None:
    spread = Spread((1.0, 10.0))
    for value in (0.5, 1.0, 2.0, 11.0):
        spread.add(value)
    assert (spread.within, spread.total) == ([2, 1, 1], 14.5)


def test_one_operation_in_sixty_four_is_sampled() -> None:
    figures = Figures()
    assert [number for number in range(200) if figures.samples()] == [0, 64, 128, 192]
