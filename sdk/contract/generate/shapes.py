"""The shapes that a value of the bridge can have, read from the part of JSON Schema that the contract is written in.

- A keyword that is not known here is refused: a rule that nobody enforces is worse than none.
- Lengths of text count UTF-16 units, as JavaScript does. Text is well-formed: no half of a surrogate pair.
- An object is closed, or a map of one shape, or open: then its values are any JSON (`Json`), the program's own.
- Two equal shapes are one: they are frozen, compare by value, and carry the words about them outside of the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

Scalar = str | int | float | bool | None

# What a `format` means: a pattern, alike in JavaScript and Python, and the problem of a text that does not match it.
# Written as patterns so that all implementations decide alike: a URL parser mends what it reads, each its own way.
# The last label begins with a letter: no address of numbers, in any of the ways in which a browser reads them.
_HOST: Final = r"(?:[A-Za-z0-9-]+\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?"
# No controls, no spaces of any alphabet, nothing that turns the direction of writing, no backslash.
_UNSEEN: Final = r"\0-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u206f\u3000\ufeff\\"
_REST: Final = rf"(?:[/?#][^{_UNSEEN}]*)?"
_HTTPS: Final = rf"[Hh][Tt][Tt][Pp][Ss]://{_HOST}"
_SEGMENT: Final = rf"(?!\.{{1,2}}(?:[/?#]|$))[^{_UNSEEN}/?#:%]+"
_APP_ID: Final = r"[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+"
_LOOPBACK: Final = r"http://(?:(?:[A-Za-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?"


@dataclass(frozen=True, slots=True)
class Format:
    pattern: str
    problem: str


FORMATS: Final[Mapping[str, Format]] = {
    "https-url": Format(rf"^{_HTTPS}{_REST}$", "must be an https address"),
    "page-path": Format(
        rf"^/?{_SEGMENT}(?:/{_SEGMENT})*(?:\?[^{_UNSEEN}#]*)?(?:#[^{_UNSEEN}]*)?$", "must be a page of the program"
    ),
    "uri-miniapp": Format(
        rf"^{_HTTPS}/miniapp/{_APP_ID}(?:;version=[A-Za-z0-9._~-]{{1,64}})?{_REST}$",
        "must be the address of a mini-program",
    ),
    "backend-url": Format(
        rf"^(?:(?:{_HTTPS}|{_LOOPBACK}){_REST}|/(?!/)[^{_UNSEEN}]*)$", "must be an https address or a path"
    ),
}


class ContractError(Exception):
    """The contract says what this generator does not understand."""


@dataclass(frozen=True, slots=True)
class Json:
    """Any JSON, nested `limits.depth` deep at most."""

    doc: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    min: int = 0
    max: int | None = None
    pattern: str | None = None
    format: str | None = None
    doc: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    whole: bool
    min: float | None = None
    max: float | None = None
    doc: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Flag:
    doc: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Choice:
    values: tuple[Scalar, ...]
    doc: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class List:
    items: Shape
    min: int = 0
    max: int | None = None
    doc: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    shape: Shape
    required: bool
    default: Scalar = field(default=None, compare=False)
    doc: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Record:
    """A closed object."""

    members: tuple[Member, ...]
    doc: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Map:
    """An object with keys of its own."""

    values: Shape
    max: int | None = None
    doc: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class OneOf:
    """The first that fits."""

    options: tuple[Shape, ...]
    doc: str = field(default="", compare=False)


Shape = Json | Text | Number | Flag | Choice | List | Record | Map | OneOf

_KEYWORDS: Final[Mapping[str, frozenset[str]]] = {
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "integer": frozenset({"minimum", "maximum"}),
    "number": frozenset({"minimum", "maximum"}),
    "boolean": frozenset(),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "object": frozenset({"properties", "required", "additionalProperties", "maxProperties"}),
}


def shape(node: Mapping[str, Any], defs: Mapping[str, Any], place: str) -> Shape:
    """What `node` allows. `place` says where it stands, for the errors.

    Raises: ContractError.
    """
    doc = node.get("doc", "")
    known = set(node) - {"doc", "default"}
    if "$ref" in node:
        _only(known, {"$ref"}, place)
        name = node["$ref"].removeprefix("#/$defs/")
        if name not in defs:
            raise ContractError(f"{place}: there is no {node['$ref']}")
        return _with_doc(shape(defs[name], defs, f"$defs/{name}"), doc)
    if "oneOf" in node:
        _only(known, {"oneOf"}, place)
        return OneOf(tuple(shape(one, defs, f"{place}/oneOf") for one in node["oneOf"]), doc)
    if "enum" in node or "const" in node:
        _only(known, {"enum"} if "enum" in node else {"const"}, place)
        return Choice(tuple(node["enum"]) if "enum" in node else (node["const"],), doc)
    if "type" not in node:
        _only(known, set(), place)
        return Json(doc)
    if node["type"] not in _KEYWORDS:
        raise ContractError(f"{place}: what is a {node['type']!r}?")
    _only(known - {"type"}, _KEYWORDS[node["type"]], place)
    return _of_type(node, defs, place, doc)


def _of_type(node: Mapping[str, Any], defs: Mapping[str, Any], place: str, doc: str) -> Shape:
    match node["type"]:
        case "string":
            return _text(node, place, doc)
        case "integer" | "number" as kind:
            return Number(kind == "integer", node.get("minimum"), node.get("maximum"), doc)
        case "boolean":
            return Flag(doc)
        case "array":
            items = shape(node["items"], defs, f"{place}/items")
            return List(items, node.get("minItems", 0), node.get("maxItems"), doc)
    return _object(node, defs, place, doc)


def _text(node: Mapping[str, Any], place: str, doc: str) -> Text:
    pattern, named = node.get("pattern"), node.get("format")
    if pattern is not None and not (pattern.startswith("^") and pattern.endswith("$")):
        raise ContractError(f"{place}: a pattern tells the whole text (^…$)")
    if pattern is not None and named is not None:
        raise ContractError(f"{place}: a pattern or a format, not both")
    if named is not None and named not in FORMATS:
        raise ContractError(f"{place}: there is no format {named!r}")
    return Text(node.get("minLength", 0), node.get("maxLength"), pattern, named, doc)


def _object(node: Mapping[str, Any], defs: Mapping[str, Any], place: str, doc: str) -> Shape:
    more = node.get("additionalProperties")
    if more is False:
        _only(set(node) - {"doc", "default", "type"}, {"properties", "required", "additionalProperties"}, place)
        return _record(node, defs, place, doc)
    if more is None or "properties" in node:
        raise ContractError(f"{place}: an object is closed, or a map: say additionalProperties")
    values = Json() if more is True else shape(more, defs, f"{place}/*")
    return Map(values, node.get("maxProperties"), doc)


def _record(node: Mapping[str, Any], defs: Mapping[str, Any], place: str, doc: str) -> Record:
    properties, required = node.get("properties", {}), set(node.get("required", ()))
    if not required <= set(properties):
        raise ContractError(f"{place}: requires what it does not have: {sorted(required - set(properties))}")
    members = []
    for name, inner in properties.items():
        inside = shape(inner, defs, f"{place}/{name}")
        members.append(Member(name, inside, name in required, inner.get("default"), inner.get("doc") or inside.doc))
    return Record(tuple(members), doc)


def _with_doc(one: Shape, doc: str) -> Shape:
    return replace(one, doc=doc) if doc else one


def _only(found: set[str], known: set[str] | frozenset[str], place: str) -> None:
    if found - known:
        raise ContractError(f"{place}: {', '.join(sorted(found - known))} means nothing here")
