"""Compiled local calls on Strawberry's features: each answers as under graphql-core, errors and calls included."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Generic, TypeVar

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLSchema, execute, parse
from strawberry.dataloader import DataLoader
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission

from api.gateway.local.document import LocalDocument, NotCompiled
from api.gateway.transport import LocalTransport, SubgraphRequest
from core.errors import NotFound
from core.graph import Context
from core.references import Reference, Schema

T = TypeVar("T")

INSTANTS = [
    datetime(999, 1, 2, 3, 4, 5, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, 6_000, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=8))),
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(seconds=5))),
    datetime(2026, 1, 2, tzinfo=UTC).replace(tzinfo=None),
    datetime.max.replace(tzinfo=UTC),
]


@dataclass
class World:
    """What a request's resolvers see. log: who was called, in order."""

    log: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)


Info = strawberry.Info[World, None]


class Refused(BasePermission):
    message = "not for you"

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        info.context.log.append("asked")
        return bool(kwargs.get("open"))


class Shout(FieldExtension):
    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **kwargs: Any) -> Any:
        return str(next_(source, info, **kwargs)).upper()


@strawberry.enum
class Colour(enum.Enum):
    RED = "r"
    GREEN = "g"


@strawberry.input
class Point:
    x: int = 1
    tags: list[str] = strawberry.field(default_factory=list)


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Cat(Named):
    lives: int = 9


@strawberry.type
class Dog(Named):
    @strawberry.field
    async def friends(self, info: Info) -> list[Named]:
        await asyncio.sleep(0)
        return [Cat(name="a"), Dog(name="b")]


@strawberry.type
class Page(Generic[T]):
    rows: list[T]


async def _load(keys: Sequence[int]) -> list[str]:
    await asyncio.sleep(0)
    return [f"{key} of {sorted(keys)}" for key in keys]


def loader(info: Info) -> DataLoader[int, str]:
    made: DataLoader[int, str] = info.context.kept.setdefault("loader", DataLoader(load_fn=_load))
    return made


@strawberry.type
class Row:
    id: int
    colour: Colour = Colour.GREEN
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    @strawberry.field
    async def loaded(self, info: Info) -> str:
        return await loader(info).load(self.id)

    @strawberry.field
    def must(self, info: Info) -> str:
        if self.id == 2:
            raise NotFound(thing="row")
        return "here"

    @strawberry.field
    async def later(self) -> int | None:
        await asyncio.sleep(0)
        if self.id == 1:
            raise ValueError("late")
        return self.id


@strawberry.federation.type(keys=["id"])
class Book:
    id: int
    title: str = "t"

    @classmethod
    async def resolve_reference(cls, info: Info, id: int) -> Book | None:
        info.context.log.append(f"book {id}")
        if id == 3:
            raise ValueError("no third")
        return cls(id=id, title=await loader(info).load(id)) if id < 9 else None


@strawberry.federation.type(keys=["code"])
class Shelf:
    code: str

    @classmethod
    def resolve_reference(cls, code: str) -> Shelf:
        if code == "x":
            raise NotFound(thing="shelf")
        return cls(code=code)


@strawberry.federation.type(keys=["id"])
class Stamp:
    id: int
    text: str

    @classmethod
    async def resolve_references(cls, info: Info, references: list[Reference]) -> Sequence[Stamp | Exception | None]:
        ids = [reference["id"] for reference in references]
        info.context.log.append(f"stamps {ids}")
        await asyncio.sleep(0)
        if 7 in ids:
            raise ValueError("none today")
        made = {id: cls(id=id, text=f"no {id}") for id in ids if id < 9}
        answers = [NotFound(thing="stamp") if id == 3 else made.get(id) for id in ids]
        return answers[: 1 if 8 in ids else None]


@strawberry.federation.type(keys=["id"])
class Coin:
    id: int

    @classmethod
    def resolve_references(cls, references: list[Reference], info: Info) -> list[Coin | None]:
        if len(references) > 2:
            raise NotFound(thing="purse")
        return [cls(**reference) if reference["id"] else None for reference in references]


@strawberry.type
class Query:
    stamps: list[Stamp] = strawberry.field(resolver=lambda: [])
    coins: list[Coin] = strawberry.field(resolver=lambda: [])
    books: list[Book] = strawberry.field(resolver=lambda: [])
    shelves: list[Shelf] = strawberry.field(resolver=lambda: [])

    @strawberry.field
    def instants(self) -> list[Row]:
        return [Row(id=n, at=at) for n, at in enumerate(INSTANTS)]

    @strawberry.field
    def rows(self, ids: list[int] = [1, 2, 3]) -> list[Row]:  # noqa: B006
        ids.append(4)
        return [Row(id=n) for n in ids]

    @strawberry.field
    def maybe_rows(self) -> list[Row | None]:
        return [Row(id=1), None, Row(id=2)]

    @strawberry.field
    def page(self) -> Page[Row]:
        return Page(rows=[Row(id=5)])

    @strawberry.field
    async def pet(self, which: str = "cat") -> Annotated[Cat | Dog, strawberry.union("Pet")] | None:
        pets: dict[str, Cat | Dog] = {"cat": Cat(name="c"), "dog": Dog(name="d")}
        return pets.get(which)

    @strawberry.field
    def named(self) -> list[Named]:
        return [Cat(name="c"), Dog(name="d")]

    @strawberry.field
    def wrong(self) -> Annotated[Cat | Dog, strawberry.union("Pet")] | None:
        return Row(id=1)  # type: ignore[return-value]

    @strawberry.field
    def took(self, point: Point, colour: Colour = Colour.RED, at: datetime | None = None) -> str:
        point.tags.append("seen")
        return f"{point.x} {point.tags} {colour.name} {at}"

    @strawberry.field
    def unset(self, given: str | None = strawberry.UNSET) -> str:
        return "unset" if given is strawberry.UNSET else repr(given)

    @strawberry.field(permission_classes=[Refused])  # type: ignore[untyped-decorator]
    async def guarded(self, info: Info, open: bool = False) -> str | None:
        info.context.log.append("guarded")
        return "in"

    @strawberry.field(extensions=[Shout()])  # type: ignore[untyped-decorator]
    def shouted(self) -> str:
        return "loud"

    @strawberry.field
    def value_error(self) -> int | None:
        return ValueError("as a value")  # type: ignore[return-value]

    @strawberry.field
    def path(self, info: Info) -> str:
        return f"{info.path.as_list()} {info.field_name} {info.return_type} {info.variable_values}"

    @strawberry.field
    def selected(self, info: Info) -> Row:
        return Row(id=len(info.selected_fields[0].selections))


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def slow(self, info: Info, name: str) -> str | None:
        for _ in range(3):
            await asyncio.sleep(0)
        info.context.log.append(name)
        return name

    @strawberry.mutation
    def quick(self, info: Info, name: str) -> str:
        info.context.log.append(name)
        if name == "bad":
            raise ValueError("bad")
        return name


SCHEMA: GraphQLSchema = Schema(query=Query, mutation=Mutation, types=[Book, Shelf, Stamp, Coin])._schema


def shown(result: ExecutionResult) -> Any:
    errors = sorted((str(e.path), e.message, str(e.locations), type(e.original_error)) for e in result.errors or ())
    return result.data, [(path, message, places, kind.__name__) for path, message, places, kind in errors]


async def settled(result: Any) -> ExecutionResult:
    found: ExecutionResult = result if isinstance(result, ExecutionResult) else await result
    return found


async def same(query: str, variables: dict[str, Any] | None = None, fields_max: int = 99) -> tuple[Any, Any, list[str]]:
    """Data, errors by path and calls: of compiled calls, twice, and of graphql-core alike."""
    document, answers = parse(query), []
    local = LocalDocument(SCHEMA, document, fields_max=fields_max)
    for _ in range(2):
        world = World()
        answers.append((*shown(await settled(local.run(dict(variables or {}), world))), world.log))
    world = World()
    given = {n: [dict(r) for r in v] if n == "r" else v for n, v in (variables or {}).items()}
    expected = await settled(execute(SCHEMA, document, context_value=world, variable_values=given))
    answers.append((*shown(expected), world.log))
    assert answers[0] == answers[1] == answers[2]
    data, errors, log = answers[0]
    return data, [(path, message) for path, message, *_ in errors], log


CASES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "input": ("{took(point: {x: 2, tags: []})}", {}, {"took": "2 ['seen'] RED None"}),
    "input by variable": (
        "query($p: Point!, $c: Colour!){took(point: $p, colour: $c)}",
        {"p": {"tags": ["a"]}, "c": "GREEN"},
        {"took": "1 ['a', 'seen'] GREEN None"},
    ),
    "variable inside a literal": ("query($x: Int!){took(point: {x: $x})}", {"x": 7}, {"took": "7 ['seen'] RED None"}),
    "scalar": (
        '{took(point: {}, at: "2026-01-02T00:00:00Z")}',
        {},
        {"took": "1 ['seen'] RED 2026-01-02 00:00:00+00:00"},
    ),
    "absent, null, given": (
        "query($a: String, $b: String){a: unset b: unset(given: $a) c: unset(given: $b) d: unset(given: null)}",
        {"b": "x"},
        {"a": "unset", "b": "unset", "c": "'x'", "d": "None"},
    ),
    "enum and scalar out": (
        "{page{rows{colour at}}}",
        {},
        {"page": {"rows": [{"colour": "GREEN", "at": "2026-01-01T00:00:00+00:00"}]}},
    ),
    "aliases and merging": (
        "{page{rows{id}} page{rows{n: id ...F}}} fragment F on Row{colour}",
        {},
        {"page": {"rows": [{"id": 5, "n": 5, "colour": "GREEN"}]}},
    ),
    "typename": (
        "{__typename k: __typename page{__typename}}",
        {},
        {"__typename": "Query", "k": "Query", "page": {"__typename": "RowPage"}},
    ),
    "union": (
        '{pet(which: "dog"){__typename ... on Dog{name} ... on Cat{lives}}}',
        {},
        {"pet": {"__typename": "Dog", "name": "d"}},
    ),
    "null union": ('{pet(which: "none"){__typename}}', {}, {"pet": None}),
    "interface": (
        "{named{name ... on Cat{lives} ... on Dog{friends{name __typename}}}}",
        {},
        {
            "named": [
                {"name": "c", "lives": 9},
                {"name": "d", "friends": [{"name": "a", "__typename": "Cat"}, {"name": "b", "__typename": "Dog"}]},
            ]
        },
    ),
    "extension": ("{shouted}", {}, {"shouted": "LOUD"}),
    "info": (
        "query($v: Int = 1){x: path @include(if: true) skipped: path @skip(if: true)}",
        {},
        {"x": "['x'] path <class 'str'> {'v': 1}"},
    ),
    "selected fields": ("{selected{id colour}}", {}, {"selected": {"id": 2, "colour": "GREEN"}}),
    "conditions": (
        "query($y: Boolean!, $n: Boolean = false)"
        "{a: shouted @include(if: $y) b: shouted @skip(if: $y) c: shouted @include(if: $n)}",
        {"y": False},
        {"b": "LOUD"},
    ),
    "service": ("{_service{__typename}}", {}, {"_service": {"__typename": "_Service"}}),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_feature_answers_as_under_graphql_core(name: str) -> None:
    query, variables, expected = CASES[name]
    data, errors, _ = await same(query, variables)
    assert (data, errors) == (expected, [])


async def test_literal_lists_are_new_for_every_call() -> None:
    data, _, _ = await same("{a: rows(ids: [7]){id} b: rows(ids: [7]){id}}")
    assert data == {"a": [{"id": 7}, {"id": 4}], "b": [{"id": 7}, {"id": 4}]}


async def test_loads_of_all_rows_are_one_batch() -> None:
    data, _, _ = await same("{rows(ids: [1, 2]){loaded}}")
    assert [row["loaded"] for row in data["rows"]] == [f"{n} of [1, 2, 4]" for n in (1, 2, 4)]


async def test_permissions_are_asked_and_refuse() -> None:
    data, errors, log = await same("{a: guarded b: guarded(open: true)}")
    assert data == {"a": None, "b": "in"}
    assert errors == [("['a']", "not for you")]
    assert log == ["asked", "asked", "guarded"]


async def test_a_null_travels_to_the_nearest_place_that_may_be_null() -> None:
    data, errors, _ = await same("{maybeRows{id must}}")
    assert data == {"maybeRows": [{"id": 1, "must": "here"}, None, None]}
    assert [path for path, _ in errors] == ["['maybeRows', 2, 'must']"]
    data, errors, _ = await same("{rows{id must}}")
    assert data is None
    assert [path for path, _ in errors] == ["['rows', 1, 'must']"]


async def test_errors_come_early_late_and_as_values() -> None:
    data, errors, _ = await same("{valueError rows(ids: [1, 3]){later} wrong{__typename}}")
    assert data == {"valueError": None, "rows": [{"later": None}, {"later": 3}, {"later": 4}], "wrong": None}
    assert [path for path, _ in errors] == ["['rows', 0, 'later']", "['valueError']", "['wrong']"]


async def test_mutations_run_one_after_the_other() -> None:
    query = 'mutation{a: slow(name: "1") b: quick(name: "2") c: slow(name: "3")}'
    assert await same(query) == ({"a": "1", "b": "2", "c": "3"}, [], ["1", "2", "3"])


async def test_a_mutation_that_may_not_be_null_ends_what_would_follow() -> None:
    query = 'mutation{a: slow(name: "1") b: quick(name: "bad") c: slow(name: "3")}'
    assert await same(query) == (None, [("['b']", "bad")], ["1", "bad"])


@pytest.mark.parametrize("variables", [{}, {"p": None}, {"p": {"x": "one"}}, {"p": {"z": 1}}, {"p": 3}])
async def test_bad_variables_are_refused_as_under_graphql_core(variables: dict[str, Any]) -> None:
    data, errors, log = await same("query($p: Point!){took(point: $p)}", variables)
    assert (data, log) == (None, [])
    assert len(errors) == 1 and "Variable '$p'" in errors[0][1]


# Entities


ENTITIES = "query($r: [_Any!]!){_entities(representations: $r){__typename ... on Book{id title} ... on Shelf{code}}}"


def book(number: int) -> dict[str, Any]:
    return {"__typename": "Book", "id": number}


async def test_references_of_mixed_types_come_in_order_and_load_in_one_batch() -> None:
    data, errors, log = await same(ENTITIES, {"r": [book(1), {"__typename": "Shelf", "code": "s"}, book(2), book(9)]})
    assert data["_entities"] == [
        {"__typename": "Book", "id": 1, "title": "1 of [1, 2]"},
        {"__typename": "Shelf", "code": "s"},
        {"__typename": "Book", "id": 2, "title": "2 of [1, 2]"},
        None,
    ]
    assert errors == []
    assert log == ["book 1", "book 2", "book 9"]


async def test_an_entity_fails_alone() -> None:
    data, errors, _ = await same(ENTITIES, {"r": [book(3), {"__typename": "Shelf", "code": "x"}, book(1)]})
    assert [entity and entity["__typename"] for entity in data["_entities"]] == [None, None, "Book"]
    assert [path for path, _ in errors] == ["['_entities', 0]", "['_entities', 1]"]


async def test_references_are_not_changed() -> None:
    made = book(1)
    local = LocalDocument(SCHEMA, parse(ENTITIES))
    await settled(local.run({"r": [made, made]}, World()))
    assert made == {"__typename": "Book", "id": 1}


@pytest.mark.parametrize("bad", [{"id": 1}, {"__typename": "Nobody"}, 4])
async def test_references_that_strawberry_refuses_fail_as_there(bad: Any) -> None:
    document = parse(ENTITIES)
    found = await settled(LocalDocument(SCHEMA, document).run({"r": [bad]}, World()))
    given = {"r": [dict(bad) if isinstance(bad, dict) else bad]}
    assert shown(found) == shown(await settled(execute(SCHEMA, document, context_value=World(), variable_values=given)))
    assert found.errors


# What falls back, cancelling, and what a client's text can not do


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("{__schema{queryType{name}}}", "introspection"),
        ("query @later {shouted}", "directive"),
        ("{shouted @own}", "directive"),
        ("subscription {shouted}", "subscription"),
        ("query A{shouted} query B{shouted}", "operation"),
    ],
)
def test_what_is_not_compiled_says_why(query: str, reason: str) -> None:
    with pytest.raises(NotCompiled) as refusal:
        LocalDocument(SCHEMA, parse(query))
    assert refusal.value.reason == reason


async def test_the_transport_compiles_what_comes_back_and_counts_the_rest() -> None:
    transport = LocalTransport(SCHEMA, compile_at=3)
    context: Any = Context(request_id="r")
    for query in ("{shouted}", "{shouted}", "{shouted}", "{shouted}", "{once: shouted}"):
        answer = await transport.fetch(SubgraphRequest(query=query, service="s"), context)
        assert list((answer.data or {}).values()) == ["LOUD"]
    for _ in range(4):
        await transport.fetch(SubgraphRequest(query="{__schema{queryType{name}}}", service="s"), context)
    assert transport.ran == {"new": 5, "compiled": 2, "introspection": 2}


async def test_cancelling_ends_what_is_under_way() -> None:
    world, document = World(), parse('mutation{slow(name: "1")}')
    task = asyncio.ensure_future(settled(LocalDocument(SCHEMA, document).run({}, world)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert world.log == []


async def test_what_is_past_the_bound_is_left_to_graphql_core() -> None:
    wide = " ".join(f"p{n}: page{{rows{{id loaded a{n}: colour}}}} n{n}: named{{name}}" for n in range(6))
    data, errors, _ = await same("{" + wide + "}", fields_max=20)
    assert data["p5"] == {"rows": [{"id": 5, "loaded": "5 of [5]", "a5": "GREEN"}]}
    assert data["n5"] == [{"name": "c"}, {"name": "d"}] and errors == []


async def test_a_clients_names_are_values_and_never_text_of_a_program() -> None:
    names = ["d", "w", "s", "class", "__import__", "x1", "rows", "Exception"]
    data, errors, _ = await same("{" + " ".join(f"{name}: shouted" for name in names) + "}")
    assert data == dict.fromkeys(names, "LOUD") and errors == []


TOGETHER = """query($r: [_Any!]!){_entities(representations: $r){
    __typename ... on Stamp{id text} ... on Coin{id} ... on Book{title} ... on Shelf{code} }}"""


def references(*named: str) -> dict[str, Any]:
    parts = [one.split() for one in named]
    return {"r": [{"__typename": kind, "code" if kind == "Shelf" else "id": _key(key)} for kind, key in parts]}


def _key(text: str) -> int | str:
    return int(text) if text.isdigit() else text


async def test_a_type_that_resolves_references_together_is_asked_once_with_others_beside_it() -> None:
    data, errors, log = await same(
        TOGETHER, references("Stamp 1", "Book 1", "Coin 5", "Stamp 3", "Shelf a", "Stamp 9", "Coin 0", "Stamp 2")
    )
    assert data == {
        "_entities": [
            {"__typename": "Stamp", "id": 1, "text": "no 1"},
            {"__typename": "Book", "title": "1 of [1]"},
            {"__typename": "Coin", "id": 5},
            None,
            {"__typename": "Shelf", "code": "a"},
            None,
            None,
            {"__typename": "Stamp", "id": 2, "text": "no 2"},
        ]
    }
    assert [path for path, _ in errors] == ["['_entities', 3]"]
    assert [entry for entry in log if entry.startswith("stamps")] == ["stamps [1, 3, 9, 2]"]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (("Stamp 7", "Stamp 1"), "none today"),
        (("Stamp 8", "Stamp 1"), "resolve_references has to give one answer for each reference"),
        (("Coin 1", "Coin 2", "Coin 3"), "purse"),
    ],
)
async def test_what_fails_for_all_references_is_the_error_of_each(named: tuple[str, ...], message: str) -> None:
    data, errors, _ = await same(TOGETHER, references(*named))
    assert data == {"_entities": [None] * len(named)}
    assert [path for path, _ in errors] == [f"['_entities', {n}]" for n in range(len(named))]
    assert all(message in told for _, told in errors)


async def test_an_instant_is_written_as_isoformat_writes_it() -> None:
    data, errors, _ = await same("{instants{at}}")
    assert (data, errors) == ({"instants": [{"at": at.isoformat()} for at in INSTANTS]}, [])
