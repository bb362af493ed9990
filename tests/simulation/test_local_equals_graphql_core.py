"""Compiled local calls answer every random operation on every random graph as graphql-core does.

One seed makes everything: the types, what each resolver does (a value, later, a generator, an error raised, returned or
late, a null, something of the wrong type) and the documents. A failure names its seed; `world(SEED)` replays it.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    build_schema,
    execute,
    is_composite_type,
    is_leaf_type,
    parse,
    specified_rules,
    validate,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from api.gateway.local.document import LocalDocument

LEAVES = ("String", "Int", "Float", "Boolean", "ID", "Colour", "Day")
RULES = [rule for rule in specified_rules if rule not in (NoUnusedFragmentsRule, NoUnusedVariablesRule)]
WRAPPED = ("{}", "{}!", "[{}]", "[{}!]", "[{}]!", "[{}!]!", "[[{}]]", "[[{}!]!]!")


@dataclass
class World:
    """A random graph. calls: every resolver called, with its path and arguments. begun: coroutines, to be closed."""

    seed: int
    random: Random
    schema: GraphQLSchema
    odd: float
    calls: Counter[str] = field(default_factory=Counter)
    begun: list[Coroutine[Any, Any, Any]] = field(default_factory=list)

    def later(self, value: Any, turns: int) -> Coroutine[Any, Any, Any]:
        """A coroutine of `value`; one that nobody awaits (of a key that nobody asks) is closed by `forget`."""
        self.begun.append(later(value, turns))
        return self.begun[-1]

    def forget(self) -> None:
        self.calls = Counter()
        for coroutine in self.begun:
            coroutine.close()
        self.begun.clear()

    def dice(self, *what: object) -> Random:
        """The same for the same place in the answer, whoever executes."""
        return Random(zlib.crc32(repr((self.seed, *what)).encode()))


def world(seed: int) -> World:
    random = Random(seed)
    names = [f"T{n}" for n in range(random.randint(2, 4))]
    targets = [*names, "Node", "Some"]
    lines = ["enum Colour { RED GREEN }", "scalar Day", "interface Node { id: ID label: String }"]
    for name in ("Query", "Mutation", *names):
        fields = [f"  f{n}{arguments(random)}: {random_type(random, targets)}" for n in range(random.randint(2, 7))]
        node = [] if name in ("Query", "Mutation") else [f"  id: ID{random.choice(['', '!'])}", "  label: String"]
        lines.append(f"type {name}{' implements Node' if node else ''} {{\n" + "\n".join(node + fields) + "\n}")
    lines.append("union Some = " + " | ".join(random.sample(names, random.randint(1, len(names)))))
    made = World(seed, random, build_schema("\n".join(lines)), odd=random.choice([0.0, 0.02, 0.15, 0.4]))
    for declared in made.schema.type_map.values():
        if isinstance(declared, GraphQLObjectType) and not declared.name.startswith("__"):
            # Some fields are left to graphql-core's default resolver.
            for name, definition in declared.fields.items():
                if declared.name in ("Query", "Mutation") or random.random() < 0.7:
                    definition.resolve = resolver(made, declared.name, name)
            if random.random() < 0.3:
                declared.is_type_of = asked(made, declared.name)
        elif isinstance(declared, GraphQLInterfaceType | GraphQLUnionType) and random.random() < 0.4:
            declared.resolve_type = told(made)
    return made


def random_type(random: Random, targets: list[str]) -> str:
    named = random.choice(LEAVES) if random.random() < 0.6 else random.choice(targets)
    return (random.choice(WRAPPED) if random.random() < 0.5 else random.choice(WRAPPED[:2])).format(named)


def arguments(random: Random) -> str:
    return random.choice(["", "", "", "(n: Int = 3)", "(n: Int, c: Colour)", "(l: [Int!])", "(n: Int!)"])


def asked(made: World, name: str) -> Callable[..., Any]:
    def is_type_of(value: Any, info: Any) -> Any:
        kind = value.get("kind") if isinstance(value, dict) else None
        return made.later(kind in (None, name), 1) if made.dice("asked", name).random() < 0.5 else kind in (None, name)

    return is_type_of


def told(made: World) -> Callable[..., Any]:
    def resolve_type(value: Any, info: Any, declared: Any) -> Any:
        name = value.get("kind") if isinstance(value, dict) else None
        return made.later(name, 1) if made.dice("told", declared.name).random() < 0.5 else name

    return resolve_type


async def later(value: Any, turns: int) -> Any:
    for _ in range(turns):
        await asyncio.sleep(0)
    if isinstance(value, Exception):
        raise value
    return value


def resolver(made: World, type_name: str, field_name: str) -> Callable[..., Any]:
    def resolve(source: Any, info: Any, **given: Any) -> Any:
        path = tuple(info.path.as_list())
        assert (info.field_name, info.parent_type.name, info.context) == (field_name, type_name, "context")
        made.calls[repr((type_name, field_name, path, sorted(given.items())))] += 1
        dice = made.dice(type_name, field_name, path)
        if isinstance(given.get("l"), list):
            given["l"].append(1)  # What a resolver does to its own arguments is nobody else's matter.
        if dice.random() < made.odd / 2:
            raise ValueError(f"raised at {path}")
        value = a_value(made, info.return_type, dice, path)
        return made.later(value, dice.randint(0, 3)) if dice.random() < 0.3 else value

    return resolve


def a_value(made: World, declared: Any, dice: Random, path: tuple[Any, ...], depth: int = 0) -> Any:
    if dice.random() < made.odd:
        wrong = [None, None, ValueError(f"returned at {path}"), "word", 2**40, object, {"a": 1}, ["x"], float("nan")]
        return dice.choice(wrong)
    if isinstance(declared, GraphQLNonNull):
        return a_value(made, declared.of_type, dice, path, depth)
    if isinstance(declared, GraphQLList):
        return many(made, declared.of_type, dice, path, depth)
    if dice.random() < 0.1:
        return None if dice.random() < made.odd else leaf_or_object(made, declared, dice)
    return leaf_or_object(made, declared, dice)


def leaf_or_object(made: World, declared: Any, dice: Random) -> Any:
    if is_leaf_type(declared):
        ready = {"Int": dice.randint(-5, 5), "Float": dice.random(), "Boolean": dice.random() < 0.5}
        return ready.get(declared.name, "RED" if declared.name == "Colour" else f"w{dice.randint(0, 9)}")
    possible = [declared] if isinstance(declared, GraphQLObjectType) else made.schema.get_possible_types(declared)
    kind = dice.choice(list(possible)).name
    if dice.random() < made.odd:
        kind = dice.choice(["T0", "T1", "Query", "Nobody"])
    value: dict[str, Any] = {"kind": kind, "__typename": kind, "id": dice.choice([1, "i", lambda info: "called"])}
    value["label"] = dice.choice(["l", None, made.later("soon", 1) if dice.random() < 0.2 else "now"])
    return value


def many(made: World, item: Any, dice: Random, path: tuple[Any, ...], depth: int) -> Any:
    rows = [a_value(made, item, dice, (*path, n), depth + 1) for n in range(dice.randint(0, 3))]
    if dice.random() < 0.15:
        rows = [made.later(row, dice.randint(0, 2)) if dice.random() < 0.5 else row for row in rows]
    shape = dice.random()
    if shape < 0.7:
        return rows
    if shape < 0.8:
        return tuple(rows)
    return (row for row in rows) if shape < 0.92 else slowly(rows)


async def slowly(rows: list[Any]) -> AsyncIterator[Any]:
    for row in rows:
        await asyncio.sleep(0)
        yield row


# Documents


def random_document(made: World) -> str:
    random = made.random
    kind = random.choice(["query", "query", "query", "mutation"])
    root = "Query" if kind == "query" else "Mutation"
    head = "($n: Int = 7, $m: Int! = 2, $yes: Boolean! = true, $no: Boolean! = false, $l: [Int!], $c: Colour)"
    body = " ".join(selection(made, made.schema.type_map[root], 4))
    fragments = [
        f"fragment F{name} on {name} {{ {' '.join(selection(made, made.schema.type_map[name], 1))} }}"
        for name in ("T0", "T1", "Node")
    ]
    return "\n".join([f"{kind} Q{head} {{ {body} }}", *fragments])


def selection(made: World, declared: Any, depth: int) -> Iterator[str]:
    random = made.random
    fields = {} if isinstance(declared, GraphQLUnionType) else declared.fields
    yield random.choice(["__typename", "kind: __typename"])
    for _ in range(random.randint(1, 4)):
        if fields and random.random() < 0.7:
            yield from field_text(made, random.choice(list(fields.items())), depth)
        elif not isinstance(declared, GraphQLObjectType):
            on = random.choice([*(t.name for t in made.schema.get_possible_types(declared)), "Node"])
            below = " ".join(selection(made, made.schema.type_map[on], depth - 1))
            yield f"... on {on}{condition(random)} {{ {below} }}"
        elif declared.name in ("T0", "T1") and depth > 1:
            yield f"...F{declared.name}{condition(random)}"


def field_text(made: World, named: tuple[str, Any], depth: int) -> Iterator[str]:
    name, definition = named
    inner = definition.type
    while isinstance(inner, GraphQLNonNull | GraphQLList):
        inner = inner.of_type
    if is_composite_type(inner) and depth <= 0:
        return
    alias = made.random.choice(["", "", f"a{made.random.randint(0, 2)}_{name}: "])
    below = f" {{ {' '.join(selection(made, inner, depth - 1))} }}" if is_composite_type(inner) else ""
    yield f"{alias}{name}{given_text(made.random, definition)}{condition(made.random)}{below}"


def given_text(random: Random, definition: Any) -> str:
    choices = {"n": ["n: 1", "n: $m", "n: $n"], "c": ["c: RED", "c: $c", "c: null"]}
    choices["l"] = ["l: [1, $m]", "l: $l", "l: 4"]
    parts = []
    for name, argument in definition.args.items():
        if isinstance(argument.type, GraphQLNonNull) or random.random() < 0.6:
            parts.append(random.choice(choices[name][: 2 if isinstance(argument.type, GraphQLNonNull) else 3]))
    return f"({', '.join(parts)})" if parts else ""


def condition(random: Random) -> str:
    if random.random() < 0.85:
        return ""
    return f" @{random.choice(['skip', 'include'])}(if: {random.choice(['$yes', '$no', 'true', 'false'])})"


# The comparison


async def answered(run: Callable[[], Any]) -> ExecutionResult:
    result = run()
    found: ExecutionResult = result if isinstance(result, ExecutionResult) else await result
    # What an error left behind is settled in the background.
    for _ in range(12):
        await asyncio.sleep(0)
    return found


def told_errors(result: ExecutionResult) -> Counter[str]:
    return Counter(repr((e.message, e.path, e.locations, repr(e.original_error))) for e in result.errors or ())


def compare(made: World, text: str, variables: dict[str, Any]) -> None:
    document = parse(text)
    local = LocalDocument(made.schema, document)
    expected = asyncio.run(
        answered(lambda: execute(made.schema, document, context_value="context", variable_values=variables))
    )
    expected_calls = made.calls
    # The second run finds everything compiled.
    for _ in range(2):
        made.forget()
        found = asyncio.run(answered(lambda: local.run(variables, "context")))
        name = (made.seed, text, variables)
        assert repr(found.data) == repr(expected.data), name
        assert told_errors(found) == told_errors(expected), name
        assert made.calls == expected_calls, name
    made.forget()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seed=st.integers(min_value=0, max_value=10**9))
def test_compiled_calls_answer_as_graphql_core_does(seed: int) -> None:
    made = world(seed)
    for _ in range(4):
        text = random_document(made)
        if validate(made.schema, parse(text), RULES):
            continue
        for variables in ({}, {"n": None, "yes": False, "l": [5]}, {"c": "GREEN", "l": None, "n": 1, "no": True}):
            compare(made, text, variables)
