"""Documents for a backend: `TypedDocument`s of `citytong_sdk`, and as `TypedDict`s what they take and tell."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from . import shapes
from .shapes import Typed

_SCALARS: Final[Mapping[str, str]] = {
    "Boolean": "bool",
    "Date": "str",
    "DateTime": "str",
    "Decimal": "str",
    "Float": "float",
    "ID": "str",
    "Int": "int",
    "Int64": "int",
    "String": "str",
    "Time": "str",
    "UUID": "str",
}
_TYPING: Final = ("Any", "Literal", "NotRequired", "TypedDict")
_HEAD: Final = '''\
"""Made by `tong typegen` of the .graphql files; change those."""

from __future__ import annotations

from typing import @@

from citytong_sdk.asking import TypedDocument
'''


def module(every: Sequence[Typed]) -> str:
    inputs = {name: shape for one in every for name, shape in one.inputs.items()}
    written = _Written()
    for name, shape in sorted(inputs.items()):
        written.named(name, shape)
    for one in every:
        name = one.document.name
        written.named(f"{name}Variables", one.variables)
        data = written.of(one.data, f"{name}Data")
        mutation = ", mutation=True" if one.document.mutation else ""
        written.classes.append(
            f"{_constant(name)}: TypedDocument[{name}Variables, {data}] = TypedDocument(\n"
            f'    id="{one.document.id}",\n    name="{name}"{mutation},\n)\n'
        )
    body = "\n\n".join(written.classes)
    used = [name for name in _TYPING if re.search(rf"\b{name}\b", body)]
    return f"{_HEAD.replace('@@', ', '.join(used))}\n\n{body}"


@dataclass(slots=True)
class _Written:
    """classes: in an order in which each stands after those that it names."""

    classes: list[str] = field(default_factory=list)

    def of(self, shape: shapes.Shape, name: str) -> str:
        """The type of `shape`; `name` is what an object of it is called."""
        match shape:
            case shapes.Scalar(scalar):
                return _SCALARS.get(scalar, "Any")
            case shapes.Literal(values):
                return f"Literal[{', '.join(json.dumps(one) for one in values)}]"
            case shapes.ListOf(item):
                return f"list[{self.of(item, name)}]"
            case shapes.Nullable(inner):
                return f"{self.of(inner, name)} | None"
            case shapes.Either(options):
                return " | ".join(self.of(one, f"{name}{number}") for number, one in enumerate(options, 1))
            case shapes.Input(input):
                return input
            case shapes.Object():
                self.named(name, shape)
                return name

    def named(self, name: str, shape: shapes.Object) -> None:
        members = [(one.key, self._member(one, name)) for one in shape.members]
        # A class would take a key that is a word of Python as such, and one with two underscores as its own.
        plain = not any(keyword.iskeyword(key) or key.startswith("__") for key, _ in members)
        if plain:
            lines = [f"    {key}: {kind}\n" for key, kind in members] or ["    pass\n"]
            self.classes.append(f"class {name}(TypedDict):\n{''.join(lines)}")
        else:
            lines = [f'        "{key}": {kind!r},\n' for key, kind in members]
            self.classes.append(f'{name} = TypedDict(\n    "{name}",\n    {{\n{"".join(lines)}    }},\n)\n')

    def _member(self, one: shapes.Member, name: str) -> str:
        kind = self.of(one.shape, name + one.key[:1].upper() + one.key[1:])
        return kind if one.required else f"NotRequired[{kind}]"


def _constant(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name
