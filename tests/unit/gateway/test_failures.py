"""When subgraphs fail, are slow, or answer nonsense: what stands, what is null, and which error is told where."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from api.gateway.errors import SubgraphUnavailable
from api.gateway.execute import Engine
from api.gateway.limits import GatewayLimits
from api.gateway.transport import SubgraphResponse
from core.errors import NotFound
from core.locale import Locale
from tests.unit.gateway.conftest import City, signed_in


def told(errors: list[dict[str, Any]]) -> list[tuple[list[Any], str]]:
    return [(e["path"], e["extensions"]["code"]) for e in errors]


def broken(request: object) -> SubgraphResponse:
    raise RuntimeError("connection to 10.0.0.7:5432 refused, password=hunter2")


async def test_a_failing_subgraph_takes_only_its_own_fields(city: City) -> None:
    city.transports["air"].instead = broken
    answer = await city.ask("{ districts { name sky: air { aqi } perHead population } ping }")
    assert answer.data == {
        "districts": [
            {"name": "Dongcheng", "sky": None, "perHead": None, "population": 700},
            {"name": "Chaoyang", "sky": None, "perHead": None, "population": 3400},
        ],
        "ping": "pong",
    }
    assert told(answer.errors) == [
        (["districts", 0, "sky"], "SUBGRAPH_UNAVAILABLE"),
        (["districts", 0, "perHead"], "SUBGRAPH_UNAVAILABLE"),
        (["districts", 1, "sky"], "SUBGRAPH_UNAVAILABLE"),
        (["districts", 1, "perHead"], "SUBGRAPH_UNAVAILABLE"),
    ]
    assert answer.errors[0]["extensions"]["service"] == "air"
    assert answer.errors[0]["message"] == "air does not answer right now. Try again shortly."


async def test_nothing_of_the_inside_is_told(city: City) -> None:
    city.transports["air"].instead = broken
    answer = await city.ask("{ stations { code } districts { air { aqi } } }")
    for secret in ("10.0.0.7", "hunter2", "RuntimeError", "internal/graphql"):
        assert secret not in str(answer.as_dict())


async def test_what_needs_a_failed_field_is_told_by_the_failure_and_the_rest_stands(city: City) -> None:
    city.transports["code"].instead = broken
    answer = await city.ask("{ districts { perHead air { aqi } } }")
    assert answer.data == {
        "districts": [{"perHead": None, "air": {"aqi": 40}}, {"perHead": None, "air": {"aqi": 90}}],
    }
    assert told(answer.errors) == [
        (["districts", 0, "perHead"], "SUBGRAPH_UNAVAILABLE"),
        (["districts", 1, "perHead"], "SUBGRAPH_UNAVAILABLE"),
    ]
    assert {e["extensions"]["service"] for e in answer.errors} == {"code"}


async def test_a_slow_subgraph_is_cut_off_at_its_own_deadline() -> None:
    city = City(limits=GatewayLimits(deadline_s=30, deadlines_s={"air": 0.02}))

    async def never(request: object) -> SubgraphResponse:
        await asyncio.Event().wait()
        raise AssertionError("cancelled before")

    city.transports["air"].instead = never
    answer = await asyncio.wait_for(city.ask("{ districts { name air { aqi } } }"), timeout=5)
    assert answer.data == {"districts": [{"name": "Dongcheng", "air": None}, {"name": "Chaoyang", "air": None}]}
    assert told(answer.errors) == [
        (["districts", 0, "air"], "SUBGRAPH_TIMEOUT"),
        (["districts", 1, "air"], "SUBGRAPH_TIMEOUT"),
    ]


async def test_a_slow_resolver_in_the_process_is_cut_off_too() -> None:
    city = City(limits=GatewayLimits(deadline_s=30, deadlines_s={"air": 0.02}))

    async def never(code: str) -> None:
        await asyncio.Event().wait()

    city.air = never
    answer = await asyncio.wait_for(city.ask("{ districts { name air { aqi } } }"), timeout=5)
    assert answer.data == {"districts": [{"name": "Dongcheng", "air": None}, {"name": "Chaoyang", "air": None}]}
    assert {e["extensions"]["code"] for e in answer.errors} == {"SUBGRAPH_TIMEOUT"}


def refuse(request: object) -> SubgraphResponse:
    raise SubgraphUnavailable(service="air") from ConnectionRefusedError()


def hang(request: object) -> SubgraphResponse:
    raise TimeoutError


def empty(request: object) -> SubgraphResponse:
    return SubgraphResponse(data=None)


@pytest.mark.parametrize(
    ("instead", "code", "cause"),
    [
        (refuse, "SUBGRAPH_UNAVAILABLE", "ConnectionRefusedError"),
        (hang, "SUBGRAPH_TIMEOUT", "TimeoutError"),
        (empty, "SUBGRAPH_UNAVAILABLE", "ValueError"),
    ],
)
async def test_an_outage_is_logged_once_a_fetch(
    city: City, caplog: pytest.LogCaptureFixture, instead: Any, code: str, cause: str
) -> None:
    city.transports["air"].instead = instead
    with caplog.at_level(logging.WARNING):
        await city.ask("{ districts { name air { aqi } } }")
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("WARNING", "a subgraph fails")
    assert record.__dict__["facts"] == {"service": "air", "code": code, "cause": cause}


async def test_every_error_that_goes_out_is_observed_under_bounded_labels(city: City) -> None:
    seen: list[tuple[str, str]] = []
    city.engine.on_error = lambda code, service: seen.append((code, service))
    await city.ask("{ nope }")
    await city.ask("{ ping me { name } }")
    city.transports["air"].instead = broken
    await city.ask("{ districts { air { aqi } } }")
    invented = [{"message": "x", "path": ["_entities", 0, "air"], "extensions": {"code": "X-9f3a", "service": "evil"}}]
    city.transports["air"].instead = lambda request: SubgraphResponse(data=None, errors=invented)
    await city.ask("{ districts { air { aqi } } }")
    assert seen == [
        ("GRAPHQL_VALIDATION_FAILED", ""),
        ("UNAUTHENTICATED", ""),
        ("SUBGRAPH_UNAVAILABLE", "air"),
        ("SUBGRAPH_UNAVAILABLE", "air"),
        ("REMOTE", "air"),
    ]


async def test_a_request_that_is_cancelled_is_cancelled_downstream(city: City) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(request: object) -> SubgraphResponse:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError("never released")

    city.transports["air"].instead = hang
    asking = asyncio.create_task(city.ask("{ stations { code } ping }"))
    await asyncio.wait_for(started.wait(), timeout=5)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert cancelled.is_set()


@pytest.mark.parametrize(
    "nonsense",
    [
        SubgraphResponse(data={"_entities": None}),
        SubgraphResponse(data={"_entities": [{"air": {"aqi": 1}}]}),
        SubgraphResponse(data={}),
        SubgraphResponse(data=None),
    ],
)
async def test_a_malformed_answer_is_a_failure(city: City, nonsense: SubgraphResponse) -> None:
    city.transports["air"].instead = lambda request: nonsense
    answer = await city.ask("{ districts { name air { aqi } } }")
    assert answer.data == {"districts": [{"name": "Dongcheng", "air": None}, {"name": "Chaoyang", "air": None}]}
    assert told(answer.errors) == [
        (["districts", 0, "air"], "SUBGRAPH_UNAVAILABLE"),
        (["districts", 1, "air"], "SUBGRAPH_UNAVAILABLE"),
    ]


async def test_an_error_inside_entities_is_told_at_every_place_of_the_entity(city: City) -> None:
    def air(code: str) -> dict[str, Any]:
        if code == "110101":
            raise NotFound(thing="station")
        return {"aqi": 90, "label": None, "advice": "x"}

    city.air = air
    answer = await city.ask("{ citizens { id h: home { sky: air { aqi } } } }")
    assert answer.data == {
        "citizens": [
            {"id": "c1", "h": {"sky": None}},
            {"id": "c2", "h": {"sky": {"aqi": 90}}},
            {"id": "c3", "h": {"sky": None}},
        ]
    }
    assert told(answer.errors) == [
        (["citizens", 0, "h", "sky"], "NOT_FOUND"),
        (["citizens", 2, "h", "sky"], "NOT_FOUND"),
    ]
    assert answer.errors[0]["extensions"]["service"] == "air"


async def test_an_error_speaks_the_readers_language(city: City) -> None:
    def air(code: str) -> dict[str, Any]:
        raise NotFound(thing="station")

    city.air = air
    answer = await city.ask("{ stations { district { air { aqi } } } }", locale=Locale.ZH_CN)
    assert [e["message"] for e in answer.errors] == ["没有找到相应内容。"] * 2


async def test_a_null_travels_to_the_nearest_place_that_allows_it(city: City) -> None:
    city.air = lambda code: {"aqi": 1, "label": "x", "advice": None}
    answer = await city.ask("{ districts { name air { label advice } } }")
    assert answer.data == {"districts": [{"name": "Dongcheng", "air": None}, {"name": "Chaoyang", "air": None}]}
    # The subgraph itself found the null: its incident is the one error, at the client's path.
    assert told(answer.errors) == [
        (["districts", 0, "air", "advice"], "INTERNAL"),
        (["districts", 1, "air", "advice"], "INTERNAL"),
    ]


async def test_a_null_that_only_the_gateway_sees_is_told_too(city: City) -> None:
    air = {"aqi": None, "label": "x"}
    city.transports["air"].instead = lambda request: SubgraphResponse(data={"_entities": [{"air": air}, {"air": air}]})
    answer = await city.ask("{ districts { air { aqi label } } }")
    assert answer.data == {"districts": [{"air": None}, {"air": None}]}
    assert told(answer.errors) == [
        (["districts", 0, "air", "aqi"], "NON_NULL_MISSING"),
        (["districts", 1, "air", "aqi"], "NON_NULL_MISSING"),
    ]


async def test_a_null_that_nothing_can_hold_empties_the_answer_with_one_error_each(city: City) -> None:
    city.transports["identity"].instead = broken
    answer = await city.ask("{ ping districts { name } }")
    assert answer.data is None
    assert not answer.refused
    assert told(answer.errors) == [(["districts"], "SUBGRAPH_UNAVAILABLE")]


@pytest.mark.parametrize(
    ("matrix", "strict", "data", "paths"),
    [
        ([[1]], [[1], None], {"matrix": [[1]], "strict": None}, [["numbers", "strict", 1]]),
        ([[1]], [[1, None]], {"matrix": [[1]], "strict": None}, [["numbers", "strict", 0, 1]]),
        ("flat", [[1]], {"matrix": None, "strict": [[1]]}, [["numbers", "matrix"]]),
        ([None], {"a": 1}, {"matrix": [None], "strict": None}, [["numbers", "strict"]]),
    ],
)
async def test_nulls_in_lists_of_lists(
    city: City, matrix: Any, strict: Any, data: dict[str, Any], paths: list[list[Any]]
) -> None:
    answered = SubgraphResponse(data={"numbers": {"matrix": matrix, "strict": strict}})
    city.transports["identity"].instead = lambda request: answered
    answer = await city.ask("{ numbers { matrix strict } }")
    assert answer.data == {"numbers": data}
    assert [e["path"] for e in answer.errors] == paths


async def test_a_hidden_enum_value_is_never_shown(city: City) -> None:
    answer = await city.ask('{ node(id: "c3") { ... on Citizen { level } } }', principal=signed_in("staff"))
    assert answer.data == {"node": None}
    assert told(answer.errors) == [(["node", "level"], "VALUE_INVALID")]
    assert "SECRET" not in str(answer.as_dict())


async def test_a_key_that_is_null_asks_nothing(city: City) -> None:
    city.transports["air"].instead = lambda request: SubgraphResponse(
        data={"stations": [{"district": {"__typename": "District", "code": None}}]}
    )
    answer = await city.ask("{ stations { district { population } } }")
    assert answer.data == {"stations": [{"district": {"population": None}}]}
    assert answer.errors == []
    assert city.asked() == ["air"]


async def test_an_absurdly_nested_answer_is_no_worse_than_a_wrong_one(city: City) -> None:
    nested: Any = []
    for _ in range(5_000):
        nested = [nested]
    city.transports["identity"].instead = lambda request: SubgraphResponse(data={"districts": nested, "numbers": None})
    answer = await city.ask("{ ping districts { air { aqi } } }")
    assert answer.data is None
    assert told(answer.errors) == [(["districts", 0], "VALUE_INVALID")]


@pytest.mark.parametrize("name", [{}, ["District"], 5])
async def test_a_type_name_of_another_shape_is_no_reference_and_takes_nothing_else_along(city: City, name: Any) -> None:
    wrong = {"__typename": name, "code": "110101"}
    city.transports["identity"].instead = lambda request: SubgraphResponse(data={"districts": [wrong]})
    answer = await city.ask("{ ping districts { code air { aqi } } }")
    assert answer.data == {"ping": "pong", "districts": [{"code": "110101", "air": None}]}


async def test_what_is_nested_deeper_than_is_ever_written_is_written_all_the_same(city: City) -> None:
    matrix: Any = 2**64
    for _ in range(400):
        matrix = [matrix]
    city.transports["identity"].instead = lambda request: SubgraphResponse(data={"numbers": {"big": matrix}})
    answer = await city.ask("{ ping numbers { big } }")
    assert json.loads(answer.as_bytes()) == {"data": {"ping": "pong", "numbers": {"big": matrix}}}


async def test_an_unknown_service_is_unavailable(city: City) -> None:
    transports = {k: v for k, v in city.transports.items() if k != "air"}
    city.engine = Engine(supergraph=city.engine.supergraph, transports=transports)
    answer = await city.ask("{ districts { air { aqi } name } }")
    assert answer.data == {"districts": [{"air": None, "name": "Dongcheng"}, {"air": None, "name": "Chaoyang"}]}
    assert {e["extensions"]["code"] for e in answer.errors} == {"SUBGRAPH_UNAVAILABLE"}
