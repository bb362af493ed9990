"""Rules of the graph: documents are valid, within the quota, used, and what they read is declared.

The form of the file and which documents the code asks by need no schema. The rest is asked when the caller gives one as
SDL; only then is `graphql-core` imported. The city itself reads each document again when it publishes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from .finding import Hit
from .published import OPEN, SCOPES
from .subject import Subject

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLSchema

FILE_BYTES_MAX: Final = 256 * 1024
DOCUMENTS_MAX: Final = 100
TEXT_CHARACTERS_MAX: Final = 16 * 1024
TOKENS_MAX: Final = 2000
_ID: Final = re.compile(r"[0-9a-f]{64}")
SCOPE_OF: Final = {field: scope for scope, fields in SCOPES.items() for field in fields}
# What says in the city's SDL that a field is not everybody's.
_CLOSED: Final = frozenset({"authenticated", "requiresScopes", "policy", "personal", "pii"})


def operations(subject: Subject) -> Iterator[Hit]:
    path = subject.manifest.operations if subject.manifest else ""
    raw = subject.files.get(path) if path else None
    texts = _texts(raw) if raw is not None else []
    if isinstance(texts, str):
        yield Hit("R-GRAPHQL-FILE", path, seen=texts)
        return
    yield from _used(subject, path, texts)
    used: set[str] = set()
    if texts and subject.schema is not None:
        checker = _Checker(subject, path)
        for number, text in enumerate(texts):
            yield from checker.document(number, text)
        used = checker.scopes
        for name in sorted(_data(subject) - used):
            yield Hit("R-PERMISSION-UNUSED", "manifest.json", seen=name)
    elif not texts:
        for name in sorted(_data(subject)):
            yield Hit("R-PERMISSION-UNUSED", "manifest.json", seen=name)


def document_id(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _texts(raw: bytes) -> list[str] | str:
    """The documents of the file, or what is wrong with it."""
    if len(raw) > FILE_BYTES_MAX:
        return f"{len(raw)} bytes"
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        return "JSON"
    found = told.get("documents") if isinstance(told, dict) else None
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        return '{"documents": […]}'
    return found if len(found) <= DOCUMENTS_MAX else f"{len(found)} documents"


def _used(subject: Subject, path: str, texts: list[str]) -> Iterator[Hit]:
    ids = {document_id(text): number for number, text in enumerate(texts)}
    asked: set[str] = set()
    for script in subject.scripts:
        if "graphql" not in script.text and not any(id in script.text for id in ids):
            continue
        for token, value in script.literals():
            if _ID.fullmatch(value):
                asked.add(value)
                called = script.word(token - 1) == "(" and script.word(token - 2) == "graphql"
                if called and value not in ids:
                    yield script.source.hit("R-GRAPHQL-UNKNOWN", script.starts[token], value[:12])
    for id, number in ids.items():
        if id not in asked:
            yield Hit("R-GRAPHQL-UNUSED", path, seen=f"documents[{number}] {id[:12]}")


def _data(subject: Subject) -> set[str]:
    declared = subject.manifest.declared if subject.manifest else frozenset[str]()
    return {name for name in declared if name.startswith("city.data.")}


class _Checker:
    """Documents against the schema. scopes: those of the fields that were read."""

    def __init__(self, subject: Subject, path: str) -> None:
        from graphql import build_schema

        self.path = path
        self.known = subject.known
        self.declared = subject.manifest.declared if subject.manifest else frozenset[str]()
        self.schema: GraphQLSchema = build_schema(subject.schema or "", assume_valid_sdl=True)
        self.scopes: set[str] = set()

    def document(self, number: int, text: str) -> Iterator[Hit]:
        from graphql import GraphQLError, parse, validate

        where = f"documents[{number}]"
        if len(text) > TEXT_CHARACTERS_MAX:
            yield Hit("R-GRAPHQL-COST", self.path, seen=f"{where}: {len(text)} characters")
            return
        try:
            node = parse(text, max_tokens=TOKENS_MAX)
        except GraphQLError as fault:
            rule = "R-GRAPHQL-COST" if "tokens" in fault.message else "R-GRAPHQL-INVALID"
            yield Hit(rule, self.path, seen=f"{where}: {fault.message[:160]}")
            return
        except RecursionError:
            yield Hit("R-GRAPHQL-COST", self.path, seen=f"{where}: depth")
            return
        if faults := validate(self.schema, node, max_errors=1):
            yield Hit("R-GRAPHQL-INVALID", self.path, seen=f"{where}: {faults[0].message[:160]}")
            return
        yield from self._kind(where, node)
        yield from self._fields(where, node)

    def _kind(self, where: str, node: DocumentNode) -> Iterator[Hit]:
        from graphql import OperationDefinitionNode, OperationType

        found = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
        if len(found) != 1 or found[0].operation is OperationType.SUBSCRIPTION:
            yield Hit("R-GRAPHQL-INVALID", self.path, seen=f"{where}: one query or mutation")

    def _fields(self, where: str, node: DocumentNode) -> Iterator[Hit]:
        from graphql import TypeInfo, TypeInfoVisitor, Visitor, visit

        types = TypeInfo(self.schema)
        met: dict[str, bool] = {}
        deepest, count = 0, 0
        closed = _is_closed

        class Look(Visitor):
            depth = 0

            def enter_field(self, asked: Any, *_: Any) -> None:
                nonlocal deepest, count
                self.depth, count = self.depth + 1, count + 1
                deepest = max(deepest, self.depth)
                parent, definition = types.get_parent_type(), types.get_field_def()
                if parent is not None and not asked.name.value.startswith("__typename"):
                    mutates = parent is types._schema.mutation_type
                    met[f"{parent.name}.{asked.name.value}"] = mutates or closed(asked.name.value, definition)

            def leave_field(self, *_: Any) -> None:
                self.depth -= 1

        visit(node, TypeInfoVisitor(types, Look()))
        if deepest > self.known.depth or count > self.known.fields:
            yield Hit("R-GRAPHQL-COST", self.path, seen=f"{where}: depth {deepest}, {count} fields")
        for coordinate, shut in met.items():
            scope = SCOPE_OF.get(coordinate) or SCOPE_OF.get(f"{coordinate.partition('.')[0]}.*")
            if coordinate in OPEN:
                continue
            if scope is not None:
                self.scopes.add(scope)
                if scope not in self.declared:
                    yield Hit("R-GRAPHQL-SCOPE", self.path, seen=f"{where}: {coordinate} {scope}")
            elif shut or coordinate.startswith("Citizen."):
                yield Hit("R-GRAPHQL-CLOSED", self.path, seen=f"{where}: {coordinate}")


def _is_closed(name: str, definition: Any) -> bool:
    """Introspection, and what the SDL marks; fields of a citizen are closed unless a scope opens them."""
    node = definition.ast_node if definition is not None else None
    return name.startswith("__") or any(one.name.value in _CLOSED for one in (node.directives if node else None) or ())
