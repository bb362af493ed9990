"""A supergraph from subgraphs for tests: what composition writes of them, without asking whether they fit together.

The real composer looks for a path to every field from everywhere, which takes it minutes on the graphs that tests here
are about; and a test that draws graphs by the thousand has no Node. Knows @key, @requires, @provides, @external,
@override, @inaccessible and @interfaceObject.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from graphql.language import parse, print_ast
from graphql.utilities import value_from_ast_untyped

_HEAD: Final = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)
@link(url: "https://specs.apollo.dev/inaccessible/v0.2", for: SECURITY) { query: Query }
"""
Found = dict[str, list[tuple[str, Any]]]


def composed(parts: Mapping[str, str]) -> str:
    """The supergraph of subgraphs, given by name as SDL with federation's directives."""
    types: Found = {}
    for graph, sdl in parts.items():
        for node in parse(sdl).definitions:
            types.setdefault(node.name.value, []).append((graph, node))  # type: ignore[attr-defined]
    added = {name: _of_interface_objects(name, known, types) for name, known in types.items()}
    graphs = " ".join(f'{g.upper()} @join__graph(name: "{g}", url: "")' for g in parts)
    written = (_type(name, known, added[name]) for name, known in types.items())
    return f"{_HEAD} enum join__Graph {{ {graphs} }} {' '.join(written)}"


def _of_interface_objects(name: str, known: list[tuple[str, Any]], types: Found) -> list[str]:
    """The fields that an object has through its interfaces alone, where a subgraph sees those as objects."""
    own = {f.name.value for _, node in known for f in getattr(node, "fields", None) or ()}
    above = {i.name.value for _, node in known for i in getattr(node, "interfaces", None) or ()}
    masks = [node for interface in sorted(above) for _, node in types[interface] if _all(node, "interfaceObject")]
    found = {f.name.value: print_ast(f.type) for node in masks for f in node.fields if f.name.value not in own}
    return [f"{field}: {kind} @join__field" for field, kind in found.items()]


def _type(name: str, known: list[tuple[str, Any]], added: list[str]) -> str:
    kinds = {node.kind.removesuffix("_type_definition") for _, node in known}
    kind = "interface" if "interface" in kinds else kinds.pop()
    word = {"input_object": "input", "object": "type"}.get(kind, kind)
    joins = " ".join(join for graph, node in known for join in _joins(graph, node))
    hidden = "@inaccessible" if any(_all(node, "inaccessible") for _, node in known) else ""
    if kind == "scalar":
        return f"scalar {name} {joins}"
    if kind == "union":
        members = sorted({m.name.value for _, node in known for m in node.types})
        stated = (
            f'@join__unionMember(graph: {g.upper()}, member: "{m.name.value}")' for g, n in known for m in n.types
        )
        return f"union {name} {joins} {' '.join(stated)} {hidden} = {' | '.join(members)}"
    if kind == "enum":
        return f"enum {name} {joins} {{ {' '.join(_values(known))} }}"
    above = sorted({i.name.value for _, node in known for i in getattr(node, "interfaces", None) or ()})
    stated = (
        f'@join__implements(graph: {g.upper()}, interface: "{i.name.value}")'
        for g, node in known
        for i in getattr(node, "interfaces", None) or ()
    )
    implements = f"implements {' & '.join(above)} {' '.join(stated)}" if above else ""
    return f"{word} {name} {implements} {joins} {hidden} {{ {' '.join([*_fields(known, word), *added])} }}"


def _joins(graph: str, node: Any) -> Iterable[str]:
    more = ", isInterfaceObject: true" if _all(node, "interfaceObject") else ""
    for key in _all(node, "key") or [{}]:
        fields = f', key: "{key["fields"]}"' if key else ""
        resolvable = "" if key.get("resolvable", True) else ", resolvable: false"
        yield f"@join__type(graph: {graph.upper()}{fields}{resolvable}{more})"


def _values(known: list[tuple[str, Any]]) -> Iterable[str]:
    for name in sorted({v.name.value for _, node in known for v in node.values}):
        holders = [(g, v) for g, node in known for v in node.values if v.name.value == name]
        hidden = "@inaccessible" if any(_all(v, "inaccessible") for _, v in holders) else ""
        yield f"{name} {' '.join(f'@join__enumValue(graph: {g.upper()})' for g, _ in holders)} {hidden}"


def _fields(known: list[tuple[str, Any]], word: str) -> Iterable[str]:
    named: Found = {}
    for graph, node in known:
        for field in node.fields or ():
            named.setdefault(field.name.value, []).append((graph, field))
    for name, holders in named.items():
        # As input a field must be known everywhere; as output the weakest type is what clients are promised.
        if word != "input" or len(holders) == len(known):
            hidden = "@inaccessible" if any(_all(field, "inaccessible") for _, field in holders) else ""
            given = next((f for _, f in holders if getattr(f, "arguments", None)), holders[0][1])
            arguments = ", ".join(print_ast(a) for a in getattr(given, "arguments", None) or ())
            public = min((print_ast(f.type) for _, f in holders), key=lambda text: text.count("!"))
            joins = " ".join(_field_join(g, f, public, holders) for g, f in holders)
            yield f"{name}{f'({arguments})' if arguments else ''}: {public} {joins} {hidden}"


def _field_join(graph: str, field: Any, public: str, holders: list[tuple[str, Any]]) -> str:
    taken = [d["from"] for _, f in holders for d in _all(f, "override")]
    parts = [f"graph: {graph.upper()}"]
    if (own := print_ast(field.type)) != public:
        parts.append(f'type: "{own}"')
    parts += [f'{word}: "{d["fields"]}"' for word in ("requires", "provides") for d in _all(field, word)]
    parts += [f'override: "{d["from"]}"' for d in _all(field, "override")]
    if _all(field, "external"):
        parts.append("external: true")
    if graph in taken:
        parts.append("usedOverridden: true")
    return f"@join__field({', '.join(parts)})"


def _all(node: Any, name: str) -> list[dict[str, Any]]:
    return [
        {a.name.value: value_from_ast_untyped(a.value) for a in d.arguments or ()}
        for d in node.directives or ()
        if d.name.value == name
    ]
