"""Documents as a script and its types: `operations.js` and `operations.d.ts`.

Nothing is imported: a document is `{ documentId }`, and its type is told by its shape, which the SDK's `TypedDocument`
has as well; so a page without npm has types, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from . import shapes
from .shapes import Typed

_MADE: Final = "// Made by `tong typegen` of the .graphql files; change those.\n"
_SCALARS: Final[Mapping[str, str]] = {
    "Boolean": "boolean",
    "Date": "string",
    "DateTime": "string",
    "Decimal": "string",
    "Float": "number",
    "ID": "string",
    "Int": "number",
    "Int64": "number",
    "String": "string",
    "Time": "string",
    "UUID": "string",
}
_TYPES: Final = """\
/** What `mp.graphql` takes. */
export interface Document<R, V> {
  readonly documentId: string;
  /** Never there: carries the types. */
  readonly __types?: (variables: V) => R;
}
"""


def script(every: Sequence[Typed]) -> str:
    lines = [
        f"export const {one.document.name} = Object.freeze({{ documentId: {json.dumps(one.document.id)} }});\n"
        for one in every
    ]
    return _MADE + "".join(lines)


def types(every: Sequence[Typed]) -> str:
    inputs = {name: shape for one in every for name, shape in one.inputs.items()}
    parts = [_MADE + "\n" + _TYPES]
    parts += [f"export type {name} = {_written(shape, '')};\n" for name, shape in sorted(inputs.items())]
    for one in every:
        name = one.document.name
        variables = _written(one.variables, "") if one.variables.members else "Record<string, never>"
        parts.append(
            f"export type {name}Data = {_written(one.data, '')};\n"
            f"export type {name}Variables = {variables};\n"
            f"export declare const {name}: Document<{name}Data, {name}Variables>;\n"
        )
    return "\n".join(parts)


def _written(shape: shapes.Shape, indent: str) -> str:
    match shape:
        case shapes.Scalar(name):
            return _SCALARS.get(name, "unknown")
        case shapes.Literal(values):
            return " | ".join(json.dumps(one) for one in values)
        case shapes.ListOf(item):
            return f"Array<{_written(item, indent)}>"
        case shapes.Nullable(inner):
            return f"{_written(inner, indent)} | null"
        case shapes.Either(options):
            return " | ".join(_written(one, indent) for one in options)
        case shapes.Input(name):
            return name
        case shapes.Object(members):
            deeper = indent + "  "
            lines = [
                f"{deeper}{one.key}{'' if one.required else '?'}: {_written(one.shape, deeper)};\n" for one in members
            ]
            return "{\n" + "".join(lines) + indent + "}"
