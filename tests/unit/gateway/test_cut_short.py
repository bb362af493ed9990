"""A query that is cut short, after any number of turns of the loop, leaves no coroutine that was never awaited."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema, execute, parse
from strawberry.extensions import FieldExtension

from api.gateway.local.document import LocalDocument
from core.graphql_runs import TidyExecutor
from core.references import Reference, Schema

# More than any of these queries takes: what failed goes on in graphql-core's background.
_TURNS_TO_SETTLE = 30


class Around(FieldExtension):
    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Any, **kwargs: Any) -> Any:
        return await next_(source, info, **kwargs)


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@strawberry.federation.type(keys=["id"])
class Lamp:
    id: int

    @classmethod
    async def resolve_reference(cls, id: int) -> Lamp:
        await turns(id)
        return cls(id=id)

    @strawberry.field
    async def light(self) -> int:
        await turns(self.id)
        return self.id

    @strawberry.field
    async def must(self) -> int:
        await turns(self.id)
        if self.id == 1:
            raise ValueError("dark")
        return self.id

    @strawberry.field
    async def street(self) -> Street:
        await turns(1)
        return Street(name="a")

    @strawberry.field
    async def near(self) -> list[Lamp]:
        await turns(1)
        return [Lamp(id=1), Lamp(id=2)]


@strawberry.federation.type(keys=["name"])
class Street:
    name: str

    @classmethod
    async def resolve_references(cls, references: list[Reference]) -> Sequence[Street]:
        await turns(2)
        return [cls(**reference) for reference in references]

    @strawberry.field(extensions=[Around()])  # type: ignore[untyped-decorator]
    async def length(self) -> int:
        await turns(2)
        return 7

    @strawberry.field
    def lamps(self) -> list[Lamp]:
        return [Lamp(id=n) for n in range(3)]


@strawberry.type
class Query:
    streets: list[Street] = strawberry.field(resolver=lambda: [])

    @strawberry.field
    async def lamp(self, id: int = 0) -> Lamp | None:
        await turns(id)
        return Lamp(id=id)

    @strawberry.field
    def lamps(self) -> list[Lamp]:
        return [Lamp(id=n) for n in range(3)]

    @strawberry.field
    def some(self) -> list[Lamp | None]:
        return [Lamp(id=0), None, Lamp(id=1), Lamp(id=1)]

    @strawberry.field
    async def bad(self) -> int:
        raise ValueError("at once")

    @strawberry.field
    def worse(self) -> int:
        raise ValueError("before anything is awaited")


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def put(self) -> Lamp:
        await turns(1)
        return Lamp(id=1)


SCHEMA: GraphQLSchema = Schema(query=Query, mutation=Mutation, types=[Lamp, Street])._schema

QUERIES = {
    "fields side by side": "{a: lamp{light} b: lamp(id: 2){light street{length name}} c: lamp{id}}",
    "one within one": "{lamp{street{length}}}",
    "rows": "{lamps{light street{length lamps{light must}}}}",
    "rows of rows": "{lamps{near{near{light street{length}} light}}}",
    "a field fails beside others": "{a: lamp(id: 1){must light near{light}} b: lamp(id: 3){light street{length}}}",
    "a row fails beside others": "{some{must light near{light must}}}",
    "all fails": "{bad lamp{light} lamps{light street{length}}}",
    "all fails at once": "{lamp{light} lamps{light} worse}",
    "changes": "mutation{a: put{light street{length}} b: put{light must}}",
}
REFERENCES = """query($r: [_Any!]!){_entities(representations: $r){
    ... on Lamp{light street{length}} ... on Street{length lamps{light}}}}"""
STREETS: list[dict[str, Any]] = [{"__typename": "Street", "name": name} for name in "ab"]
LAMPS: list[dict[str, Any]] = [{"__typename": "Lamp", "id": id} for id in range(3)]

CASES = {
    **{name: (query, {}) for name, query in QUERIES.items()},
    "of one type": (REFERENCES, {"r": STREETS}),
    "one by one": (REFERENCES, {"r": LAMPS}),
    "of two types": (REFERENCES, {"r": [*LAMPS, *STREETS]}),
}


def compiled(fields_max: int) -> Callable[[str, dict[str, Any]], Any]:
    def run(query: str, variables: dict[str, Any]) -> Any:
        return LocalDocument(SCHEMA, parse(query), fields_max=fields_max).run(variables, None)

    return run


def by_graphql_core(query: str, variables: dict[str, Any]) -> Any:
    return execute(SCHEMA, parse(query), variable_values=variables, executor_class=TidyExecutor)


WAYS = {"compiled": compiled(99), "partly compiled": compiled(4), "by graphql-core": by_graphql_core}


async def cut_short(run: Callable[[], Any], after: int) -> bool:
    """Cancel the run after that many turns; False when it had ended before."""

    async def asked() -> Any:
        answer = run()
        return await answer if asyncio.iscoroutine(answer) else answer

    task = asyncio.create_task(asked())
    await turns(after)
    cut = task.cancel()
    await asyncio.wait((task,))
    await turns(_TURNS_TO_SETTLE)
    return cut


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES)
async def test_no_turn_is_a_bad_one_to_hang_up(way: str, case: str) -> None:
    query, variables = CASES[case]
    gc.freeze()  # what lies about from other tests is not this one's
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        after = 0
        while await cut_short(lambda: WAYS[way](query, variables), after):
            after += 1
        gc.collect()
    gc.unfreeze()
    assert after > 0
    assert [str(warning.message) for warning in said if warning.category is RuntimeWarning] == []
