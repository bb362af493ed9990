"""The plan: what will be fetched, in the field's standard vocabulary, and how it is printed.

`QueryPlan`, `Fetch`, `Flatten`, `Sequence` and `Parallel` are Apollo's words and Apollo's text; `BatchFetch` is Hive's.
There is no `Condition` node: `@skip` and `@include` are settled before planning, a plan for each of their outcomes.
The printed nesting is for readers; what runs is the dependency graph in `Fetch.depends`, so a fetch starts as soon
as what it needs is there.
Source: https://www.apollographql.com/docs/graphos/reference/federation/query-plans
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from graphql.language import OperationDefinitionNode, parse, print_ast

from api.gateway.fetches import Draft, Node, Part, Path, Representation, Stop, Tree
from api.gateway.selection import Place

# A selection that would stand in a document again and again, for more than so many characters, is named once.
_REPEATED_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class References:
    """One `_entities` of a fetch: under which key its answer comes, in which variable its references go, and whose."""

    key: str
    variable: str
    stops: tuple[Stop, ...]
    representations: tuple[Representation, ...]
    selection: str
    delivers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fetch:
    """One call of one subgraph.

    document: what is sent. variables: the client's variables that it uses. references: empty at the root; several
    when calls were joined (`BatchFetch`). delivers: the keys a root fetch puts at `place`. depends: fetches before it.
    """

    number: int
    service: str
    kind: str
    document: str
    variables: tuple[str, ...]
    place: Place
    references: tuple[References, ...]
    delivers: frozenset[str]
    depends: frozenset[int]


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """Every fetch of one operation, each after what it depends on."""

    fetches: tuple[Fetch, ...]

    def __str__(self) -> str:
        if not self.fetches:
            return "QueryPlan {}"
        return f"QueryPlan {{\n{_indented(_text(_nested(self.fetches)), 1)}\n}}"


def make_plan(drafts: Iterable[Draft], variable_types: Mapping[str, str]) -> QueryPlan:
    """The plan of drawn fetches. variable_types: the client's variables as declared, `{"first": "Int = 5"}`."""
    return QueryPlan(fetches=tuple(_fetch(draft, variable_types) for draft in drafts))


def _fetch(draft: Draft, variable_types: Mapping[str, str]) -> Fetch:
    text = _Text.of(draft.trees)
    used = sorted(text.variables)
    references = tuple(_references(draft, variable_types, text))
    return Fetch(
        number=draft.number,
        service=draft.graph,
        kind=draft.kind,
        document=_document(draft, references, {name: variable_types[name] for name in used}, text),
        variables=tuple(used),
        place=draft.place,
        references=references,
        delivers=_keys((draft.root,)) if draft.root else frozenset(),
        depends=frozenset(draft.depends),
    )


def _references(draft: Draft, taken: Collection[str], text: _Text) -> Iterable[References]:
    for number, lane in enumerate(draft.lanes):
        several = len(draft.lanes) > 1
        variable = f"representations_{number}" if several else "representations"
        while variable in taken:
            variable += "_"
        yield References(
            key=f"_e{number}" if several else "_entities",
            variable=variable,
            stops=tuple(lane.stops),
            representations=tuple(lane.representations),
            selection=" ".join(f"... on {name}{text.selection(tree)}" for name, tree in lane.trees.items()),
            delivers=_keys(lane.trees.values()),
        )


def _keys(trees: Iterable[Tree]) -> frozenset[str]:
    return frozenset(key for tree in trees for branch in tree.branches.values() for key in branch)


def _document(draft: Draft, references: Sequence[References], variables: Mapping[str, str], text: _Text) -> str:
    declared = [f"${r.variable}: [_Any!]!" for r in references]
    declared += [f"${name}: {type_name}" for name, type_name in variables.items()]
    head = draft.kind + (f"({', '.join(declared)})" if declared else "")
    if draft.root is not None:
        operation = f"{head if head != 'query' else ''}{text.selection(draft.root)}"
    else:
        operation = f"{head}{{{' '.join(map(_entities, references))}}}"
    return " ".join([operation, *text.fragments])


def _entities(references: References) -> str:
    alias = "" if references.key == "_entities" else f"{references.key}: "
    return f"{alias}_entities(representations: ${references.variable}){{{references.selection}}}"


@dataclass(slots=True)
class _Text:
    """Prints the trees of one fetch, each once: one that stands under many types becomes a fragment if it is long.

    parents: how many fields lead to each tree, by identity. fragments: as they are defined, inner ones first.
    """

    parents: Counter[int] = field(default_factory=Counter)
    variables: set[str] = field(default_factory=set)
    fragments: list[str] = field(default_factory=list)
    _made: dict[int, str] = field(default_factory=dict)

    @staticmethod
    def of(trees: Iterable[Tree]) -> _Text:
        found = _Text()
        waiting = list(trees)
        while waiting:
            for nodes in waiting.pop().branches.values():
                for node in nodes.values():
                    found.variables |= node.call.variables
                    if node.sub is not None:
                        found.parents[id(node.sub)] += 1
                        if found.parents[id(node.sub)] == 1:
                            waiting.append(node.sub)
        return found

    def selection(self, tree: Tree) -> str:
        made = self._made.get(id(tree))
        if made is None:
            made = self._made[id(tree)] = self._new_selection(tree)
        return made

    def _new_selection(self, tree: Tree) -> str:
        parts = ["__typename"] if tree.typename or not tree.branches else []
        for on, nodes in tree.branches.items():
            printed = " ".join(map(self._node, nodes.values()))
            parts.append(printed if on == tree.declared else f"... on {on}{{{printed}}}")
        printed = "{" + " ".join(parts) + "}"
        if (self.parents[id(tree)] - 1) * len(printed) <= _REPEATED_MAX:
            return printed
        name = f"_f{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {tree.declared}{printed}")
        return f"{{...{name}}}"

    def _node(self, node: Node) -> str:
        alias = "" if node.key == node.call.name else f"{node.key}: "
        return f"{alias}{node.call}{self.selection(node.sub) if node.sub else ''}"


# Printing


@dataclass(frozen=True, slots=True)
class Group:
    """`Sequence` or `Parallel`, as it is printed."""

    word: str
    nodes: tuple[Fetch | Group, ...]

    def __str__(self) -> str:
        body = ",\n".join(_indented(_text(node), 1) for node in self.nodes)
        return f"{self.word} {{\n{body}\n}}"


def _grouped(word: str, nodes: Iterable[Fetch | Group]) -> Fetch | Group:
    """Nodes under one word; a group of the same word within is spread, and a single node stands alone."""
    spread: list[Fetch | Group] = []
    for node in nodes:
        spread.extend(node.nodes if isinstance(node, Group) and node.word == word else (node,))
    return spread[0] if len(spread) == 1 else Group(word, tuple(spread))


def _nested(fetches: Sequence[Fetch]) -> Fetch | Group:
    """Fetches that wait for nothing side by side, each with what only it leads to; then what waits for several."""
    numbers = {f.number for f in fetches}
    roots = [f for f in fetches if not f.depends & numbers]
    owners = _owners(fetches, roots)
    lanes = []
    for root in roots:
        below = [f for f in fetches if f is not root and owners[f.number] == {root.number}]
        lanes.append(_grouped("Sequence", [root, *([_nested(below)] if below else [])]))
    rest = [f for f in fetches if len(owners[f.number]) > 1]
    return _grouped("Sequence", [_grouped("Parallel", lanes), *([_nested(rest)] if rest else [])])


def _owners(fetches: Sequence[Fetch], roots: Sequence[Fetch]) -> dict[int, set[int]]:
    """For each fetch, the roots that lead to it."""
    owners = {root.number: {root.number} for root in roots}
    for fetch in fetches:
        if fetch.number not in owners:
            owners[fetch.number] = set().union(*(owners[n] for n in fetch.depends if n in owners))
    return owners


def _text(node: Fetch | Group) -> str:
    return str(node) if isinstance(node, Group) else _printed(node)


def _printed(fetch: Fetch) -> str:
    definition, *named = parse(fetch.document, no_location=True).definitions
    fragments = "".join(f"\n{print_ast(fragment)}" for fragment in named)
    if not fetch.references:
        assert isinstance(definition, OperationDefinitionNode)
        asked = print_ast(definition.selection_set) + fragments
        return f'Fetch(service: "{fetch.service}") {{\n{_indented(asked, 1)}\n}}'
    if len(fetch.references) == 1:
        (only,) = fetch.references
        exchange = _exchange(only) + fragments
        return _flattened(only, f'Fetch(service: "{fetch.service}") {{\n{_indented(exchange, 1)}\n}}')
    lanes = ",\n".join(_flattened(r, _exchange(r)) for r in fetch.references) + fragments
    return f'BatchFetch(service: "{fetch.service}") {{\n{_indented(lanes, 1)}\n}}'


def _flattened(references: References, inner: str) -> str:
    paths = ", ".join(f'"{path_text(stop.path)}"' for stop in references.stops)
    return f"Flatten(path: {paths}) {{\n{_indented(inner, 1)}\n}}"


def _exchange(references: References) -> str:
    """What is sent `=>` what is asked."""
    asked = parse("{" + references.selection + "}", no_location=True).definitions[0]
    return f"{_representations(references.representations)} =>\n{print_ast(asked)}"


def path_text(path: Path) -> str:
    """A path as plans print it: `products.@.reviews`, `media|[Book].author`."""
    parts: list[str] = []
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
