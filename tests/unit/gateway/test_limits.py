"""Operations that ask too much are refused in bounded time, each naming its limit."""

from __future__ import annotations

import time
from typing import Any

import pytest

from api.gateway.limits import GatewayLimits
from tests.unit.gateway.conftest import City

LIMITS = GatewayLimits(
    document_chars=200_000,
    tokens=60_000,
    depth=12,
    aliases=20,
    root_fields=5,
    directives=10,
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
    (exploding_fragments(40), "TOO_MANY_FIELDS", 500),
]


@pytest.mark.parametrize(("query", "code", "limit"), TOO_MUCH, ids=[code for _, code, _ in TOO_MUCH])
async def test_too_much_is_refused_in_bounded_time(query: str, code: str, limit: int) -> None:
    city = City(limits=LIMITS)
    started = time.process_time()
    answer = await city.ask(query)
    assert time.process_time() - started < 2
    (error,) = answer.errors
    assert (error["extensions"]["code"], error["extensions"]["limit"]) == (code, limit)
    assert city.asked() == []


async def test_fragments_count_towards_depth() -> None:
    fragments = "".join(f"fragment F{n} on District {{ stations {{ district {{ ...F{n + 1} }} }} }} " for n in range(8))
    query = f"{{ districts {{ ...F0 }} }} {fragments} fragment F8 on District {{ code }}"
    answer = await City(limits=LIMITS).ask(query)
    assert answer.errors[0]["extensions"]["code"] == "TOO_DEEP"


async def test_fragments_in_a_circle_are_invalid_and_nothing_more() -> None:
    query = "{ districts { ...A } } fragment A on District { ...B } fragment B on District { ...A }"
    answer = await City(limits=LIMITS).ask(query)
    assert answer.errors[0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


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
    city = City(limits=GatewayLimits(cached_chars=100))
    for number in range(5):
        await city.ask(f"query Q{number} {{ ping }} #{'x' * 30}")
    assert (city.engine.cached_documents, city.engine.cached_plans) == (2, 2)
    await city.ask(f"{{ ping }} #{'x' * 200}")
    assert (city.engine.cached_documents, city.engine.cached_plans) == (2, 2)


async def test_errors_in_one_answer_are_bounded() -> None:
    city = City(limits=GatewayLimits(errors_max=2))

    def down(request: object) -> Any:
        raise OSError("down")

    city.transports["air"].instead = down
    answer = await city.ask("{ districts { air { aqi } b: air { label } } }")
    assert answer.data == {"districts": [{"air": None, "b": None}] * 2}
    assert len(answer.errors) == 2
