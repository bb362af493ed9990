"""Writes and makes the Python function that executes one selection of one type, flat: no call for an attribute.

Rules
- Names are ours and numbered (`k3`, `f3`); attributes are those of our own classes. Nothing of a client's document
  stands in the text: response keys, arguments and aliases are values in the function's globals.
- A list of objects is one loop in one function, so nothing is called per row but resolvers: a recursion per row costs
  up to eight times as much wherever CPython 3.11 starts a new chunk of its stack (gh-142183).
- What is not ordinary leaves through `finished`, `failed` or `odd_item`, with the value that the resolver gave.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from keyword import iskeyword
from types import CoroutineType
from typing import Any, Final

import orjson
from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLResolveInfo, is_leaf_type
from graphql.pyutils import Path

from api.gateway.local import completion, machine
from api.gateway.local.completion import Selections
from api.gateway.local.fields import FieldPlan
from api.gateway.local.machine import Complete, ObjectRun
from api.gateway.local.resolvers import Attribute, Direct, Way, way_of

_GIVEN: Final[dict[str, Any]] = {
    "N": tuple.__new__,
    "Path": Path,
    "Info": GraphQLResolveInfo,
    "Co": CoroutineType,
    "PLAIN": completion.PLAIN,
    # Of an instant in UTC it writes what `isoformat` does, in a third of the time.
    "dumps": orjson.dumps,
    "datetime": datetime,
    "UTC": UTC,
    "cast": completion.is_cast,
    "failed": machine.failed,
    "finished": machine.finished,
    "pending": machine.pending,
    "settling": machine.settling,
    "noted": machine.noted,
    "settled_item": machine.settled_item,
    "odd_item": machine.odd_item,
    "abandon": machine.abandon,
    "joined": machine.joined,
}


@dataclass(slots=True)
class _Writer:
    """lines: the text. values: the globals of the function. above: how the text calls the path of the object."""

    selections: Selections
    above: str
    lines: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=lambda: dict(_GIVEN))
    depth: int = 0

    def add(self, *lines: str) -> None:
        self.lines.extend("    " * self.depth + line for line in lines)

    @contextmanager
    def under(self, head: str) -> Any:
        self.add(head)
        self.depth += 1
        yield
        self.depth -= 1

    def value(self, letter: str, value: Any) -> str:
        name = f"{letter}{len(self.values)}"
        self.values[name] = value
        return name

    def made(self, name: str) -> Any:
        exec(compile("\n".join(self.lines), "<a subgraph's selection>", "exec"), self.values)
        return self.values[name]


def object_function(fields: Iterable[FieldPlan], selections: Selections) -> ObjectRun:
    """`(source, path, machine)` → the object, or a coroutine of it."""
    writer = _Writer(selections, above="p")
    with writer.under("def run(s, p, x):"):
        _object(writer, list(fields))
        writer.add("return d if w is None else joined(d, w)")
    made: ObjectRun = writer.made("run")
    return made


def rows_function(
    plan: FieldPlan, item_type: Any, kind: type, castable: bool, fields: Iterable[FieldPlan], selections: Selections
) -> Complete:
    """`(list or tuple, its path, the field's path, machine)` → the list of objects, or a coroutine of it."""
    fields = list(fields)
    shown = all(
        is_leaf_type(_nullable(f.type)) and not isinstance(way_of(f, selections.schema), Direct) for f in fields
    )
    place = "N(Path, (lp, n, None))"
    writer = _Writer(selections, above=place if shown else "p")
    own, item, expected = writer.value("f", plan), writer.value("t", item_type), writer.value("c", kind)
    with writer.under("def run(v_, lp, at, x):"):
        writer.add("rows = []", "ws = None", "n = -1")
        with writer.under("try:"), writer.under("for n, s in enumerate(v_):"):
            with writer.under(f"if type(s) is not {expected}{' or cast(s)' if castable else ''}:"):
                with writer.under(f"if odd_item({own}, {item}, s, rows, n, lp, at, x):"):
                    writer.add("ws = noted(ws, n)")
                writer.add("continue")
            if not shown:
                writer.add(f"p = {place}")
            with writer.under("try:"):
                _object(writer, fields)
            with writer.under("except Exception as e:"):
                writer.add(f"x.handle_field_error(e, {item}, {own}.details, {writer.above})", "rows.append(None)")
            with writer.under("else:"):
                with writer.under("if w is not None:"):
                    writer.add(f"d = settled_item({own}, {item}, joined(d, w), {writer.above}, x)")
                    writer.add("ws = noted(ws, n)")
                writer.add("rows.append(d)")
        with writer.under("except Exception:"):
            writer.add("abandon(x, [rows[i] for i in ws or ()], v_[n + 1:])", "raise")
        writer.add("return rows if ws is None else joined(rows, ws)")
    made: Complete = writer.made("run")
    return made


def _nullable(declared: Any) -> Any:
    return declared.of_type if isinstance(declared, GraphQLNonNull) else declared


def _object(writer: _Writer, fields: list[FieldPlan]) -> None:
    """Fill `d` from `s`; `w` are the keys that are to be awaited."""
    writer.add("d = {}", "w = None")
    if not fields:
        return
    with writer.under("try:"):
        for plan in fields:
            _field(writer, plan)
    with writer.under("except Exception:"):
        with writer.under("if w is not None:"):
            writer.add("abandon(x, [d[k] for k in w], ())")
        writer.add("raise")


def _field(writer: _Writer, plan: FieldPlan) -> None:
    key = writer.value("k", plan.key)
    if plan.name == "__typename":
        writer.add(f"d[{key}] = {writer.value('t', plan.parent_name)}")
        return
    own = writer.value("f", plan)
    at = f"N(Path, ({writer.above}, {key}, {writer.value('t', plan.parent_name)}))"
    with writer.under("try:"):
        way = way_of(plan, writer.selections.schema)
        _resolved(writer, plan, own, way, at)
        if isinstance(way, Direct) and way.awaited:
            writer.add(f"v, w = pending({own}, v, {writer.above}, x, w, {key})")
        else:
            _completed(writer, plan, own, key, at)
    with writer.under("except Exception as e:"):
        writer.add(f"v = failed({own}, e, {writer.above}, x)")
    writer.add(f"d[{key}] = v")


def _resolved(writer: _Writer, plan: FieldPlan, own: str, way: Way, at: str) -> None:
    if isinstance(way, Attribute):
        named = way.name.isidentifier() and not iskeyword(way.name)
        writer.add(f"v = s.{way.name}" if named else f"v = getattr(s, {writer.value('a', way.name)})")
    elif isinstance(way, Direct):
        given = ["s"] if way.first else []
        given += [f"{name}=s" for name in way.by_name]
        if way.info is not None:
            raw = f"N(Info, (*{writer.value('h', plan.head)}, {at}, *x.tail))"
            given.append(f"{way.info_name}={writer.value('i', way.info)}({raw})")
        if way.arguments:
            given.append(f"**{writer.value('a', way.arguments)}")
        writer.add(f"v = {writer.value('r', way.function)}({', '.join(given)})")
    else:
        writer.add(f"v = {writer.value('r', way.call)}(s, {at}, x)")


def _completed(writer: _Writer, plan: FieldPlan, own: str, key: str, at: str) -> None:
    declared = _nullable(plan.type)
    null = not isinstance(plan.type, GraphQLNonNull)
    condition = completion.as_it_is(declared)
    if condition is not None:
        with writer.under(f"if {'v is not None and ' if null else ''}not ({condition}):"):
            _finished(writer, own, key)
        return
    _ordinary(writer, plan, own, key, at, declared)
    if null:
        with writer.under("elif v is not None:"):
            _finished(writer, own, key)
    else:
        with writer.under("else:"):
            _finished(writer, own, key)


def _ordinary(writer: _Writer, plan: FieldPlan, own: str, key: str, at: str, declared: Any) -> None:
    """`if` the value is what its type says: its completion, right here."""
    if isinstance(declared, GraphQLList):
        rows = writer.value("l", completion.list_of(plan, declared, writer.selections))
        with writer.under("if type(v) is list or type(v) is tuple:"):
            writer.add(f"at = {at}", f"v = {rows}(v, at, at, x)")
            _settling(writer, own, key)
    elif isinstance(declared, GraphQLObjectType) and (found := completion.class_of(declared)):
        slot = writer.value("o", writer.selections.slot(declared, plan.details))
        unless = " and not cast(v)" if found[1] else ""
        with writer.under(f"if type(v) is {writer.value('c', found[0])}{unless}:"):
            writer.add(f"v = {slot}.run(v, {at}, x)")
            _settling(writer, own, key)
    elif members := completion.names_of_members(declared):
        with writer.under(f"if type(v) is {writer.value('e', members[0])}:"):
            writer.add(f"v = {writer.value('m', members[1])}[v]")
    elif is_leaf_type(declared):
        first = ""
        if completion.writes_iso(declared):
            with writer.under("if type(v) is datetime and v.tzinfo is UTC:"):
                writer.add("v = dumps(v)[1:-1].decode()")
            first = "el"
        with writer.under(f"{first}if type(v) in PLAIN:"):
            # Nearly always a call into C: no frame, so none that starts a new chunk of the stack.
            writer.add(f"q = {writer.value('q', declared.coerce_output_value)}(v)")
            with writer.under("if type(q) not in PLAIN:"):
                writer.add(f"q = {writer.value('u', completion.unusual_leaf(declared))}(v, q)")
                with writer.under("if type(q) is Co:"):
                    writer.add(f"q, w = settling({own}, q, {writer.above}, x, w, {key})")
            writer.add("v = q")
    else:
        with writer.under("if False:"):
            writer.add("pass")


def _settling(writer: _Writer, own: str, key: str) -> None:
    with writer.under("if type(v) is Co:"):
        writer.add(f"v, w = settling({own}, v, {writer.above}, x, w, {key})")


def _finished(writer: _Writer, own: str, key: str) -> None:
    writer.add(f"v, w = finished({own}, v, {writer.above}, x, w, {key})")
