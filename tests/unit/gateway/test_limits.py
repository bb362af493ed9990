"""Operations that ask too much are refused in bounded time, each naming its limit."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from graphql.language import FragmentDefinitionNode, OperationDefinitionNode, parse

from api.gateway.errors import PlanTooCostly
from api.gateway.execute import Engine
from api.gateway.fetches import Draft, Drawing
from api.gateway.limits import Budget, GatewayLimits
from api.gateway.normalize import Normalizer
from api.gateway.optimize import optimize
from api.gateway.paths import Paths
from api.gateway.selection import Place
from api.gateway.supergraph import Supergraph
from core.graph import Context
from tests.unit.gateway.conftest import City

LIMITS = GatewayLimits(
    document_chars=200_000,
    tokens=60_000,
    depth=12,
    aliases=20,
    root_fields=5,
    directives=10,
    selections=200,
    fields=500,
    plan_budget=400,
)


def nested(depth: int) -> str:
    return "{ stations { " + "district { stations { " * depth + "code" + " } }" * depth + " } }"


def exploding_fragments(levels: int) -> str:
    spread = "".join(f"fragment F{n} on District {{ ...F{n + 1} ...F{n + 1} }} " for n in range(levels))
    return f"{{ districts {{ ...F0 }} }} {spread} fragment F{levels} on District {{ code }}"


TOO_MUCH: list[tuple[str, str, int]] = [
    (nested(50), "TOO_DEEP", 12),
    ("{ " + "a { " * 20_000 + "b" + " }" * 20_000 + " }", "TOO_DEEP", 12),
    ("{ districts { " + " ".join(f"a{n}: code" for n in range(10_000)) + " } }", "TOO_MANY_ALIASES", 20),
    ("{ " + "ping " * 6 + "}", "TOO_MANY_ROOT_FIELDS", 5),
    ("{ ping " + "@skip(if: false) " * 11 + "}", "TOO_MANY_DIRECTIVES", 10),
    ("{ " + "ping " * 60_001 + "}", "DOCUMENT_TOO_LARGE", 200_000),
    ("{ " + "a " * 60_001 + "}", "TOO_MANY_TOKENS", 60_000),
    ("{ districts { " + "name " * 200 + "} }", "TOO_MANY_SELECTIONS", 200),
    ("{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ping }}" for n in range(100)), "TOO_MANY_SELECTIONS", 200),
    (exploding_fragments(40), "TOO_DEEP", 12),
    (exploding_fragments(9), "TOO_MANY_FIELDS", 500),
    (
        "{ districts { " + "... { " * 14 + "stations { district { " * 10 + "code" + " } }" * 10 + " }" * 14 + " } }",
        "TOO_DEEP",
        12,
    ),
    ("{ search(text: " + "[" * 14 + "]" * 14 + ", limit: 1) { __typename } }", "TOO_DEEP", 12),
    ("{ search(text: " + "{a: " * 10_000 + "1" + "}" * 10_000 + ", limit: 1) { __typename } }", "TOO_DEEP", 12),
    ("query ($v: Int = " + "[" * 10_000 + "]" * 10_000 + ") { ping }", "TOO_DEEP", 12),
    ("{ ping @skip(if: " + "[" * 14 + "]" * 14 + ") }", "TOO_DEEP", 12),
]


@pytest.mark.parametrize(
    ("query", "code", "limit"), TOO_MUCH, ids=[f"{n}-{code}" for n, (_, code, _) in enumerate(TOO_MUCH)]
)
async def test_too_much_is_refused_in_bounded_time(query: str, code: str, limit: int) -> None:
    city = City(limits=LIMITS)
    started = time.process_time()
    answer = await city.ask(query)
    assert time.process_time() - started < 2
    (error,) = answer.errors
    assert (error["extensions"]["code"], error["extensions"]["limit"]) == (code, limit)
    assert city.asked() == []


@pytest.mark.parametrize("opened", ["[", '{"a": '])
async def test_variables_are_nested_no_deeper_than_what_is_written(opened: str) -> None:
    city, closed = City(limits=LIMITS), {"[": "]"}.get(opened, "}")
    for levels, codes in ((12, ["BAD_USER_INPUT"]), (13, ["TOO_DEEP"]), (500, ["TOO_DEEP"])):
        variables = json.loads('{"v": ' + opened * levels + "1" + closed * levels + "}")
        answer = await city.ask("query ($v: Int!) { districts { airAt(hour: $v) { aqi } } }", variables=variables)
        assert [e["extensions"]["code"] for e in answer.errors] == codes
    # What no operation declares is not looked at.
    assert (await city.ask("{ ping }", variables=variables)).errors == []


async def test_fragments_count_towards_depth() -> None:
    fragments = "".join(f"fragment F{n} on District {{ stations {{ district {{ ...F{n + 1} }} }} }} " for n in range(8))
    query = f"{{ districts {{ ...F0 }} }} {fragments} fragment F8 on District {{ code }}"
    answer = await City(limits=LIMITS).ask(query)
    assert answer.errors[0]["extensions"]["code"] == "TOO_DEEP"


async def test_fragments_in_a_circle_are_endlessly_deep() -> None:
    query = "{ districts { ...A } } fragment A on District { ...B } fragment B on District { ...A }"
    answer = await City(limits=LIMITS).ask(query)
    assert answer.errors[0]["extensions"]["code"] == "TOO_DEEP"


@pytest.mark.parametrize("levels", [50, 180, 400])
async def test_inline_fragments_in_each_other_are_answered_or_refused(levels: int) -> None:
    answer = await City().ask("{ " + "... { " * levels + "ping" + " }" * levels + " }")
    assert answer.data == {"ping": "pong"} or answer.errors[0]["extensions"]["code"] == "TOO_DEEP"


async def test_comparing_fields_of_one_name_has_a_budget() -> None:
    """The specification's rule compares them pair by pair: 240 copies are 28,680 pairs."""
    city = City()
    assert (await city.ask("{ districts { " + "air { aqi } " * 50 + "} }")).errors == []
    answer = await city.ask("{ districts { " + "air { aqi } " * 240 + "} }")
    (error,) = answer.errors
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert error["message"] == "Validation aborted."


SUPERGRAPH = Supergraph.parse((Path(__file__).parents[3] / "api" / "supergraph.graphql").read_text(encoding="utf-8"))


def walk(aliases: int, levels: int) -> str:
    """A short document that asks for `aliases` ** `levels` districts' names, each by a fetch of its own."""
    fragments = ""
    for level in range(levels):
        loops = " ".join(f"z{n}: stations {{ nodes {{ district {{ ...F{level + 1} }} }} }}" for n in range(aliases))
        fragments += f"fragment F{level} on District {{ {loops} }} "
    return f"{{ districts {{ ...F0 }} }} {fragments} fragment F{levels} on District {{ name }}"


async def test_fragments_that_multiply_are_refused_by_the_citys_own_limits() -> None:
    engine = Engine(supergraph=SUPERGRAPH, transports={})
    answer = await engine.execute(query=walk(7, 4), context=Context(request_id="r"))
    (error,) = answer.errors
    assert (error["extensions"]["code"], error["extensions"]["limit"]) == ("TOO_MANY_FIELDS", 1_000)
    assert engine.cached_plans == 0


@pytest.mark.parametrize(("aliases", "drafts"), [(7, 51), (14, 198)])
def test_the_work_of_planning_grows_with_the_fetches_and_not_with_their_square(aliases: int, drafts: int) -> None:
    """Steps for each fetch: as many of a short document as of one that asks for four times as much."""
    document = parse(walk(aliases, 2))
    (operation,) = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    asked = Normalizer(supergraph=SUPERGRAPH, fragments=fragments, fields_max=2_000).operation(operation)
    budget = Budget(10_000)
    drawn = Drawing(supergraph=SUPERGRAPH, paths=Paths(supergraph=SUPERGRAPH, budget=budget), operation=asked).draw()
    spent = budget.spent
    assert len(optimize(drawn, budget)) == 3
    # How many steps exactly depends on how many rooms there are.
    assert len(drawn) == drafts
    assert spent <= 12 * drafts
    assert budget.spent - spent <= 4 * drafts


def test_every_stage_draws_on_the_budget_that_is_left() -> None:
    budget = Budget(10)
    budget.spend(10)
    with pytest.raises(PlanTooCostly):
        optimize([Draft(number=0, graph="air", kind="query", place=Place())], budget)


async def test_planning_has_a_budget() -> None:
    city = City(limits=GatewayLimits(plan_budget=3))
    answer = await city.ask("{ districts { name perHead air { aqi } } }")
    assert [(e["extensions"]["code"], e["extensions"]["limit"]) for e in answer.errors] == [("PLAN_TOO_COSTLY", 3)]


async def test_caches_are_bounded() -> None:
    city = City(limits=GatewayLimits(documents_max=5, plans_max=3))
    for number in range(20):
        answer = await city.ask(f"query Q{number} {{ ping }}")
        assert answer.data == {"ping": "pong"}
    assert (city.engine.cached_documents, city.engine.cached_plans) == (5, 3)


async def test_caches_are_bounded_by_what_they_weigh_too() -> None:
    city = City(limits=GatewayLimits(cached_bytes=100_000))
    for number in range(20):
        await city.ask(f"query Q{number} {{ ping }} #{'x' * 30_000}")
    assert city.engine.cached_documents == 3 < city.engine.cached_plans
    await city.ask(f"query Q {{ ping }} #{'京' * 60_000}")
    assert city.engine.cached_documents == 3
    assert all(cache.weight <= 100_000 for cache in city.engine.caches.values())


async def test_a_door_that_looks_first_does_not_make_room_for_what_comes_once() -> None:
    city = City(limits=GatewayLimits(documents_max=10))
    for _ in range(2):
        await city.ask("query Popular { ping }")
    for number in range(50):
        query = f"query Once{number} {{ ping }}"
        assert city.engine.operation_kind(query=query) == "query"
        assert city.engine.weigh(query=query)[0] == "query"
        await city.ask(query)
    before = city.engine.caches["texts"].misses
    await city.ask("query Popular { ping }")
    assert (city.engine.caches["texts"].misses, city.engine.caches["documents"].misses) == (before, 51)


async def test_white_space_multiplies_no_plans() -> None:
    city = City()
    for text in ("query A { ping }", "query A{ping}", "query A {\n  ping, # so\n}"):
        assert (await city.ask(text)).data == {"ping": "pong"}
    assert (city.engine.cached_documents, city.engine.cached_plans) == (3, 1)
    await city.ask("query A { p: ping }")
    assert city.engine.cached_plans == 2


async def test_errors_in_one_answer_are_bounded() -> None:
    city = City(limits=GatewayLimits(errors_max=2))

    def down(request: object) -> Any:
        raise OSError("down")

    city.transports["air"].instead = down
    answer = await city.ask("{ districts { air { aqi } b: air { label } } }")
    assert answer.data == {"districts": [{"air": None, "b": None}] * 2}
    assert len(answer.errors) == 2
