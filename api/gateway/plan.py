"""The plan: what will be fetched, in the field's standard vocabulary, and how it is printed.

`QueryPlan`, `Fetch`, `Flatten`, `Sequence` and `Parallel` are Apollo's words and Apollo's text. There is no
`Condition` node: `@skip` and `@include` are settled before planning, and a plan is kept per truth assignment.
The printed nesting is for readers; what runs is the dependency graph in `Fetch.depends`, so a fetch starts as soon
as what it needs is there.
Source: https://www.apollographql.com/docs/graphos/reference/federation/query-plans
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graphql.language import OperationDefinitionNode, parse, print_ast

from api.gateway.fetches import Draft, Node, Part, Path, Representation, Tree
from api.gateway.normalize import Place


@dataclass(frozen=True, slots=True)
class Fetch:
    """One call of one subgraph.

    document: what is sent. variables: the client's variables that it uses. path: where its entities stand (empty at
    the root). place: that path in the internal answer. delivers: the keys it puts there. depends: fetches before it.
    """

    number: int
    service: str
    kind: str
    document: str
    variables: tuple[str, ...]
    path: Path
    place: Place
    representations: tuple[Representation, ...]
    delivers: frozenset[str]
    depends: frozenset[int]


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """Every fetch of one operation, each after what it depends on."""

    fetches: tuple[Fetch, ...]

    def __str__(self) -> str:
        body = _indented(_nested(self.fetches), 1)
        return f"QueryPlan {{\n{body}\n}}" if self.fetches else "QueryPlan {}"


def make_plan(drafts: Iterable[Draft], variable_types: Mapping[str, str]) -> QueryPlan:
    """The plan of drawn fetches. variable_types: the client's variables as declared, `{"zip": "String!", "first": "Int = 5"}`."""
    return QueryPlan(fetches=tuple(_fetch(draft, variable_types) for draft in drafts))


def _fetch(draft: Draft, variable_types: Mapping[str, str]) -> Fetch:
    used = sorted({v for tree in draft.trees.values() for v in _variables(tree)})
    return Fetch(
        number=draft.number,
        service=draft.graph,
        kind=draft.kind,
        document=_document(draft, {name: variable_types[name] for name in used}),
        variables=tuple(used),
        path=draft.path,
        place=draft.place,
        representations=tuple(draft.representations),
        delivers=frozenset(key for tree in draft.trees.values() for branch in tree.branches.values() for key in branch),
        depends=frozenset(draft.depends),
    )


def _document(draft: Draft, variables: Mapping[str, str]) -> str:
    declared = [f"${name}: {type_name}" for name, type_name in variables.items()]
    if not draft.entity:
        (tree,) = draft.trees.values()
        head = draft.kind + (f"({', '.join(declared)})" if declared else "")
        return f"{head}{_selection(tree)}" if head != "query" else _selection(tree)
    declared.insert(0, "$representations: [_Any!]!")
    bodies = " ".join(f"... on {name}{_selection(tree)}" for name, tree in draft.trees.items())
    return f"query({', '.join(declared)}){{_entities(representations: $representations){{{bodies}}}}}"


def _selection(tree: Tree) -> str:
    parts = ["__typename"] if tree.typename or not tree.branches else []
    for on, nodes in tree.branches.items():
        printed = " ".join(_node(node) for node in nodes.values())
        parts.append(printed if on == tree.declared else f"... on {on}{{{printed}}}")
    return "{" + " ".join(parts) + "}"


def _node(node: Node) -> str:
    alias = "" if node.key == node.call.name else f"{node.key}: "
    return f"{alias}{node.call}{_selection(node.sub) if node.sub else ''}"


def _variables(tree: Tree) -> Iterable[str]:
    for nodes in tree.branches.values():
        for node in nodes.values():
            yield from node.call.variables
            if node.sub:
                yield from _variables(node.sub)


# Printing


def _nested(fetches: Sequence[Fetch]) -> str:
    """Fetches that wait for nothing side by side, each with what only it leads to; then what waits for several."""
    numbers = {f.number for f in fetches}
    roots = [f for f in fetches if not f.depends & numbers]
    owners = _owners(fetches, roots)
    lanes = []
    for root in roots:
        below = [f for f in fetches if f is not root and owners[f.number] == {root.number}]
        lanes.append(_group("Sequence", [_printed(root), *([_nested(below)] if below else [])]))
    rest = [f for f in fetches if len(owners[f.number]) > 1]
    return _group("Sequence", [_group("Parallel", lanes), *([_nested(rest)] if rest else [])])


def _owners(fetches: Sequence[Fetch], roots: Sequence[Fetch]) -> dict[int, set[int]]:
    owners = {root.number: {root.number} for root in roots}
    for fetch in fetches:
        if fetch.number not in owners:
            owners[fetch.number] = set().union(*(owners[n] for n in fetch.depends if n in owners))
    return owners


def _group(word: str, parts: Sequence[str]) -> str:
    parts = [inner for part in parts for inner in _unwrapped(word, part)]
    if len(parts) == 1:
        return parts[0]
    body = ",\n".join(_indented(part, 1) for part in parts)
    return f"{word} {{\n{body}\n}}"


def _unwrapped(word: str, part: str) -> list[str]:
    """The parts of a group within a group of the same word, which nests for nothing."""
    if not part.startswith(f"{word} {{\n"):
        return [part]
    inner = part[len(word) + 3 : -2].split("\n")
    starts = [i for i, line in enumerate(inner) if line.startswith("  ") and line[2:3] not in (" ", "}")]
    blocks = [inner[a:b] for a, b in zip(starts, [*starts[1:], len(inner)], strict=True)]
    return ["\n".join(line[2:] for line in block).removesuffix(",") for block in blocks]


def _printed(fetch: Fetch) -> str:
    definition = parse(fetch.document, no_location=True).definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    if not fetch.representations:
        body = print_ast(definition.selection_set)
        return f'Fetch(service: "{fetch.service}") {{\n{_indented(body, 1)}\n}}'
    entities = definition.selection_set.selections[0]
    body = print_ast(entities.selection_set)  # type: ignore[attr-defined]
    text = f"{_representations(fetch.representations)} =>\n{body}"
    inner = f'Fetch(service: "{fetch.service}") {{\n{_indented(text, 1)}\n}}'
    return f'Flatten(path: "{path_text(fetch.path)}") {{\n{_indented(inner, 1)}\n}}'


def path_text(path: Path) -> str:
    """A path as plans print it: `products.@.reviews`, `media|[Book].author`."""
    parts = []
    for segment in path:
        only = f"|[{','.join(sorted(segment.only))}]" if segment.only else ""
        if only and parts:
            parts[-1] += only
        parts.append((only if not parts else "") + segment.key)
        parts += ["@"] * segment.lists
    return ".".join(parts)


def _representations(representations: Iterable[Representation]) -> str:
    bodies = []
    for made_of in representations:
        names = " ".join(_part(p) for p in made_of.parts)
        bodies.append(f"... on {made_of.owner} {{ __typename {names} }}")
    return print_ast(parse("{" + " ".join(bodies) + "}", no_location=True).definitions[0])


def _part(part: Part) -> str:
    below = " { " + " ".join(_part(p) for p in part.below) + " }" if part.below else ""
    return f"{part.name}{below}"


def _indented(text: str, levels: int) -> str:
    return "\n".join("  " * levels + line if line else line for line in text.split("\n"))
