"""A project's operations as the city takes them: one text a document, named by its SHA-256.

Every `.graphql` file under the folder is read as one: a fragment serves all operations, and each document carries the
fragments that it spreads. The text has no white space that could be left out, so that an editor's taste does not make
another document of it.
Source: docs/decisions/0055; the limits are those of `miniapps.asking`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    print_ast,
    strip_ignored_characters,
    validate,
)
from graphql.language import FieldNode, FragmentSpreadNode, Visitor, visit

from citytong_sdk.review.operations import document_id
from citytong_sdk.tong.errors import Exit, TongError

FILE_BYTES_MAX: Final = 256 * 1024
DOCUMENTS_MAX: Final = 100
TEXT_LENGTH_MAX: Final = 16 * 1024
# The city's own names within an answer.
_HOLE: Final = "city_withheld_"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Document:
    """id: SHA-256 of the text, in hex. file: where its operation stands."""

    id: str
    name: str
    text: str
    file: str
    operation: OperationDefinitionNode = field(repr=False)
    fragments: Mapping[str, FragmentDefinitionNode] = field(repr=False)

    @property
    def mutation(self) -> bool:
        return self.operation.operation is OperationType.MUTATION


def read(folder: Path, schema: GraphQLSchema) -> list[Document]:
    """The documents of all files under `folder`, by the names of their operations. Raises: TongError."""
    operations: dict[str, tuple[str, OperationDefinitionNode]] = {}
    fragments: dict[str, FragmentDefinitionNode] = {}
    for path in sorted(folder.rglob("*.graphql")):
        name = path.relative_to(folder.parent).as_posix()
        for node in _parsed(path, name).definitions:
            if isinstance(node, FragmentDefinitionNode):
                _once(fragments, node.name.value, node, name, "fragment")
            elif isinstance(node, OperationDefinitionNode):
                _once(operations, _name(node, name), (name, node), name, "operation")
            else:
                raise _wrong(name, node, "neither an operation nor a fragment", "Types stand in the schema.")
    if len(operations) > DOCUMENTS_MAX:
        raise TongError("TONG_OPERATIONS", f"A program has {DOCUMENTS_MAX} documents at most.", where=str(folder))
    return [_document(file, node, fragments, schema) for _, (file, node) in sorted(operations.items())]


def operations_file(documents: Sequence[Document]) -> bytes:
    """What the manifest names as `city_operations`. Raises: TongError."""
    told = {"documents": [one.text for one in documents]}
    content = (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
    if len(content) > FILE_BYTES_MAX:
        raise TongError("TONG_OPERATIONS", f"All documents together are over {FILE_BYTES_MAX} bytes.")
    return content


def _parsed(path: Path, name: str) -> DocumentNode:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as fault:
        raise TongError("TONG_OPERATIONS", "The file is not UTF-8.", where=name, exit=Exit.FINDINGS) from fault
    except GraphQLError as fault:
        raise _told(name, [fault]) from fault


def _document(
    file: str, node: OperationDefinitionNode, known: Mapping[str, FragmentDefinitionNode], schema: GraphQLSchema
) -> Document:
    name = _name(node, file)
    used = _spread(node, known)
    whole = DocumentNode(definitions=(node, *(used[one] for one in sorted(used))))
    if node.operation is OperationType.SUBSCRIPTION:
        raise _wrong(file, node, "a subscription", "A program asks by queries and mutations.")
    if faults := validate(schema, whole):
        raise _told(file, faults)
    _check_aliases(file, whole)
    text = strip_ignored_characters(print_ast(whole))
    if len(text) > TEXT_LENGTH_MAX:
        raise _wrong(file, node, f"over {TEXT_LENGTH_MAX} characters", "Ask in two documents.")
    return Document(document_id(text), name, text, file, node, used)


def _spread(
    node: OperationDefinitionNode, known: Mapping[str, FragmentDefinitionNode]
) -> dict[str, FragmentDefinitionNode]:
    """The fragments that an operation spreads, also within others. Those that are not there fail at validation."""
    found: dict[str, FragmentDefinitionNode] = {}
    behind: list[OperationDefinitionNode | FragmentDefinitionNode] = [node]

    class Look(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: object) -> None:
            name = spread.name.value
            if name in known and name not in found:
                found[name] = known[name]
                behind.append(known[name])

    while behind:
        visit(behind.pop(), Look())
    return found


def _check_aliases(file: str, whole: DocumentNode) -> None:
    class Look(Visitor):
        def enter_field(self, asked: FieldNode, *_: object) -> None:
            if asked.alias is not None and asked.alias.value.startswith(_HOLE):
                raise _wrong(file, asked, f"{asked.alias.value} is the city's own name", "Call it otherwise.")

    visit(whole, Look())


def _name(node: OperationDefinitionNode, file: str) -> str:
    if node.name is None:
        raise _wrong(file, node, "an operation without a name", "Name it: query LoanList { … }.")
    return node.name.value


def _once(known: dict[str, _T], name: str, node: _T, file: str, what: str) -> None:
    if name in known:
        raise TongError("TONG_OPERATIONS", f"There are two {what}s of the name {name}.", where=file, exit=Exit.FINDINGS)
    known[name] = node


def _wrong(file: str, node: OperationDefinitionNode | FieldNode | object, why: str, advice: str) -> TongError:
    loc = getattr(node, "loc", None)
    where = f"{file}:{loc.start_token.line}:{loc.start_token.column}" if loc else file
    return TongError(
        "TONG_OPERATIONS", "No document of a program.", where=where, why=why, advice=advice, exit=Exit.FINDINGS
    )


def _told(file: str, faults: Iterable[GraphQLError]) -> TongError:
    lines = []
    for fault in faults:
        at = fault.locations[0] if fault.locations else None
        lines.append(f"{at.line}:{at.column} {fault.message}" if at else fault.message)
    return TongError(
        "TONG_OPERATIONS",
        "The city's graph does not take this document.",
        where=file,
        why="; ".join(lines),
        advice="Correct it, or fetch the schema anew: tong typegen --refresh.",
        exit=Exit.FINDINGS,
    )
