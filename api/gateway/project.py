"""The answer's shape: from the merged internal answer to what the client asked, compiled once per plan.

Each selection becomes one closure; none goes through graphql-core's executor, whose depth is what makes it slow on
CPython 3.11 (gh-142183). Null completion follows the specification by the public schema: a null where none may stand
travels to the nearest place that allows it, and an error says so unless one stands there already.
A key that is *absent* (not null) was never delivered: the failure of the fetch that should have is told at its path.
What an entity fetch delivers is one value for all places where the entity stands, and is projected once.
A field that the reader sees masked has a closure of its own, so nothing that holds one passes unlooked at.
Seam: `@defer` (a closure per part).
Source: https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
    is_leaf_type,
)

from api.gateway.access import refusal
from api.gateway.errors import NonNullMissing, ValueInvalid
from api.gateway.masking import MASKS, NOTHING
from api.gateway.selection import INTROSPECTION, Field, Place, Selection
from core.errors import DomainError

ResponsePath: TypeAlias = tuple[str | int, ...]
# A path while projecting: (path above, key), so that going down costs one small tuple.
Trail: TypeAlias = tuple[Any, ...] | None


class _Mark:
    """A value that no answer holds."""


BUBBLE: Final = _Mark()
ABSENT: Final = _Mark()
Complete: TypeAlias = Callable[[Any, Trail, "Report"], Any]


@dataclass(slots=True)
class Report:
    """What went wrong so far, and what each absent key is to be blamed on.

    failures: by identity of a place and key, the error of the fetch that should have delivered it. explained: those
    that are absent because of an error that is told elsewhere. known: by closure and identity of a value, what it was
    projected to, while nothing went wrong.
    """

    authenticated: bool
    failures: Mapping[tuple[int, str], Mapping[str, Any]] = field(default_factory=dict)
    explained: Set[tuple[int, str]] = frozenset()
    errors: list[tuple[ResponsePath | None, DomainError | Mapping[str, Any]]] = field(default_factory=list)
    known: dict[tuple[int, int], Any] = field(default_factory=dict)
    _seen: set[ResponsePath] = field(default_factory=set)
    _exact: set[ResponsePath] = field(default_factory=set)

    def add(self, path: ResponsePath | None, error: DomainError | Mapping[str, Any]) -> None:
        self.errors.append((path, error))
        if path is not None:
            self._exact.add(path)
            self._seen.update(path[:n] for n in range(1, len(path) + 1))

    def absent(self, trail: Trail, place: int, key: str) -> None:
        error = self.failures.get((place, key))
        if error is not None:
            self.add(unwound(trail), error)
        elif (place, key) in self.explained:
            self._seen.add(unwound(trail))

    def forbidden_null(self, trail: Trail) -> None:
        """Report a null that may not be, unless an error at, below or right above it explains it already."""
        path = unwound(trail)
        if path not in self._seen and path[:-1] not in self._exact:
            self.add(path, NonNullMissing())


def unwound(trail: Trail) -> ResponsePath:
    """A trail as the path that a client reads."""
    parts: list[str | int] = []
    while trail is not None:
        trail, key = trail
        parts.append(key)
    return tuple(reversed(parts))


def was_asked(data: Any, path: ResponsePath) -> bool:
    """Whether a path leads through the answer, or to a null in it; else nothing there is the client's."""
    for step in path:
        if type(data) is dict:
            if step not in data:
                return False
        elif type(data) is not list or type(step) is not int or step >= len(data):
            return data is None
        data = data[step]
    return True


@dataclass(frozen=True, slots=True)
class Projector:
    """Compiles the projections of one operation, each selection of a type once however many types lead to it.

    shared: by identity of a place and key, what an entity fetch delivers: one value for all places of an entity.
    """

    schema: GraphQLSchema
    shared: frozenset[tuple[int, str]] = frozenset()
    _made: dict[tuple[int, str, int], Complete] = field(default_factory=dict)

    def root(self, type_name: str, selection: Selection, place: Place) -> Complete:
        """The projection of the whole answer; gives a dictionary, or `BUBBLE` when all of it is null."""
        return self._object(self.schema.type_map[type_name], selection, place)

    def _object(self, declared: Any, selection: Selection, place: Place) -> Complete:
        key = (id(selection), declared.name, id(place))
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._new_object(declared, selection, place)
        return found

    def _new_object(self, declared: Any, selection: Selection, place: Place) -> Complete:
        if isinstance(declared, GraphQLObjectType):
            return _object_of(self._entries(declared, selection, place), id(place))
        if selection.by_type.keys() == {declared.name}:
            return _object_of(self._entries(declared, selection, place), id(place))
        possible = {t.name: t for t in self.schema.get_possible_types(declared)}
        by_type = {
            name: _object_of(self._entries(possible[name], selection, place), id(place))
            for name in selection.by_type
            if name in possible
        }
        empty = _object_of([], id(place))
        alike = len(set(selection.by_type.values())) == 1 and possible.keys() <= selection.by_type.keys()
        typeless = alike and all(f.call.name != "__typename" for f in selection.fields)
        anyone = next(iter(by_type.values())) if typeless and by_type else None
        return _abstract_of({name: by_type.get(name, empty) for name in possible}, anyone)

    def _entries(
        self, parent: GraphQLObjectType | GraphQLInterfaceType, selection: Selection, place: Place
    ) -> list[_Entry]:
        return [self._entry(parent, wanted, place) for wanted in selection.by_type.get(parent.name, ())]

    def _entry(self, parent: GraphQLObjectType | GraphQLInterfaceType, wanted: Field, place: Place) -> _Entry:
        name = wanted.call.name
        if name == "__typename":
            return (wanted.response_key, "", _constant(parent.name), False)
        if name in INTROSPECTION:
            return (wanted.response_key, wanted.key, None, False)
        declared = parent.fields[name].type
        required = isinstance(declared, GraphQLNonNull)
        if wanted.denied:
            return (wanted.response_key, "", _denied, required)
        if wanted.mask:
            hidden = wanted.mask == NOTHING
            return (wanted.response_key, "" if hidden else wanted.key, _masked_by(wanted.mask), required)
        inner = self._complete(_nullable(declared), wanted, place)
        if inner is not None and wanted.sub is not None and (id(place), wanted.key) in self.shared:
            inner = _once(inner)
        return (wanted.response_key, wanted.key, inner, required)

    def _complete(self, declared: Any, wanted: Field, place: Place) -> Complete | None:
        """The completion of a value that is not null; None where the value passes as it is."""
        if isinstance(declared, GraphQLList):
            inner = self._complete(_nullable(declared.of_type), wanted, place)
            required = isinstance(declared.of_type, GraphQLNonNull)
            return _flat_list if inner is None and not required else _list_of(inner, required)
        if isinstance(declared, GraphQLEnumType):
            return _enum_of(frozenset(declared.values))
        if is_leaf_type(declared):
            return None
        assert wanted.sub is not None
        assert is_abstract_type(declared) or isinstance(declared, GraphQLObjectType)
        return self._object(declared, wanted.sub, place.child(wanted.key))


_Entry: TypeAlias = tuple[str, str, Complete | None, bool]


def _nullable(declared: Any) -> Any:
    return declared.of_type if isinstance(declared, GraphQLNonNull) else declared


def _object_of(entries: list[_Entry], place: int) -> Complete:
    """Fast where every key is there: all values are taken at once, and only those that can fail are looked at.

    One function that is written for these keys: twice as fast as a loop over them. Every name of a client's in its text
    is written by `repr`.
    """
    missing = _missing_keys_of(entries, place)
    keys = [key for _, key, *_ in entries if key]
    if not keys:
        return missing
    # What stands under no key (a type's name, a refusal) takes any value here: its own completion replaces it.
    taken = ", ".join(f"{name!r}: value[{key or keys[0]!r}]" for name, key, *_ in entries)
    lines = [
        "def complete(value, trail, report):",
        " try:",
        f"  answer = {{{taken}}}",
        " except (KeyError, TypeError):",
        "  return missing(value, trail, report)",
        " if type(value) is not dict: return missing(value, trail, report)",
    ]
    careful = [(number, *entry) for number, entry in enumerate(entries) if entry[2] or entry[3]]
    lines += [" bubbles = False"] if careful else []
    for number, name, key, inner, required in careful:
        lines += _looked_at(f"inner{number}" if inner else "", repr(name), not key, required)
    lines += [" return BUBBLE if bubbles else answer" if careful else " return answer"]
    given = {f"inner{number}": inner for number, _, _, inner, _ in careful}
    made: dict[str, Any] = {**given, "missing": missing, "BUBBLE": BUBBLE}
    exec("\n".join(lines), made)
    complete: Complete = made["complete"]
    return complete


def _looked_at(inner: str, name: str, keyless: bool, required: bool) -> list[str]:
    """One field of an object, as lines of its function. inner: what completes it, if anything."""
    forbidden = f"report.forbidden_null((trail, {name})); bubbles = True"
    if not inner:
        return [f" if answer[{name}] is None: {forbidden}"]
    return [
        f" found = answer[{name}]",
        f" if {'True' if keyless else 'found is not None'}:",
        f"  found = answer[{name}] = {inner}(found, (trail, {name}), report)",
        f" if found is BUBBLE: answer[{name}] = None{'; bubbles = True' if required else ''}",
        *([f" elif found is None: {forbidden}"] if required else []),
    ]


def _missing_keys_of(entries: list[_Entry], place: int) -> Complete:
    """The same with a look at each key, and blame for those that are not there."""

    def complete(value: Any, trail: Trail, report: Report) -> Any:
        if type(value) is not dict:
            report.add(unwound(trail), ValueInvalid())
            return None
        answer: dict[str, Any] = {}
        bubbles = False
        for response_key, key, inner, required in entries:
            found = value.get(key, ABSENT)
            if found is ABSENT and key:
                report.absent((trail, response_key), place, key)
                found = None
            if inner is not None and found is not None:
                found = inner(found, (trail, response_key), report)
                if found is BUBBLE:
                    found = None
                    bubbles = bubbles or required
                    answer[response_key] = None
                    continue
            if found is None and required:
                report.forbidden_null((trail, response_key))
                bubbles = True
            answer[response_key] = found
        return BUBBLE if bubbles else answer

    return complete


def _abstract_of(by_type: Mapping[str, Complete], anyone: Complete | None) -> Complete:
    """anyone: what serves an object whose type nobody asked, because every type is wanted alike."""

    def complete(value: Any, trail: Trail, report: Report) -> Any:
        name = value.get("__typename") if type(value) is dict else None
        inner = by_type.get(name) if isinstance(name, str) else anyone
        if inner is None:
            report.add(unwound(trail), ValueInvalid())
            return None
        return inner(value, trail, report)

    return complete


def _list_of(inner: Complete | None, required: bool) -> Complete:
    def complete(value: Any, trail: Trail, report: Report) -> Any:
        if type(value) is not list:
            report.add(unwound(trail), ValueInvalid())
            return None
        answer: list[Any] = []
        bubbles = False
        for index, item in enumerate(value):
            found = item
            if inner is not None and item is not None:
                found = inner(item, (trail, index), report)
                if found is BUBBLE:
                    bubbles = bubbles or required
                    answer.append(None)
                    continue
            if found is None and required:
                report.forbidden_null((trail, index))
                bubbles = True
            answer.append(found)
        return BUBBLE if bubbles else answer

    return complete


def _once(inner: Complete) -> Complete:
    """Of a value that stands at many places: projected at the first, as long as there is nothing to be told of any."""
    own = id(inner)

    def complete(value: Any, trail: Trail, report: Report) -> Any:
        if report.errors:
            return inner(value, trail, report)
        key = (own, id(value))
        found = report.known.get(key)
        if found is None:
            found = inner(value, trail, report)
            if not report.errors:
                report.known[key] = found
        return found

    return complete


def _flat_list(value: Any, trail: Trail, report: Report) -> Any:
    """A list whose items pass as they are."""
    if type(value) is list:
        return value
    report.add(unwound(trail), ValueInvalid())
    return None


def _enum_of(values: frozenset[str]) -> Complete:
    def complete(value: Any, trail: Trail, report: Report) -> Any:
        if isinstance(value, str) and value in values:
            return value
        report.add(unwound(trail), ValueInvalid())
        return None

    return complete


def _constant(name: str) -> Complete:
    return lambda value, trail, report: name


def _masked_by(mask: str) -> Complete:
    """Of a text what the reader may see of it."""
    if mask == NOTHING:
        return lambda value, trail, report: None
    shown = MASKS[mask]

    def complete(value: Any, trail: Trail, report: Report) -> Any:
        if isinstance(value, str):
            return shown(value)
        report.add(unwound(trail), ValueInvalid())
        return None

    return complete


def _denied(value: Any, trail: Trail, report: Report) -> Any:
    report.add(unwound(trail), refusal(report.authenticated))
    return None
