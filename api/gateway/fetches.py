"""Who is called, with what, after whom: decisions drawn as a graph of fetches.

A `Draft` is one fetch being written: a tree of fields to ask one subgraph, for the root or for entities at a path.
It depends on the drafts that obtain the fields of its representations, and on nothing else. Fields that enter one
subgraph at one path on the strength of the same drafts share a draft; one that must wait for more gets its own, so a
subgraph that fails takes along only what needs it.
What many types ask alike at one path is one tree under all of them, drawn once: nesting adds work and does not multiply
it by the number of types.
Mutations are serial: each root draft waits for everything that was drawn before it.
Seam: `@defer` cuts this graph at a path.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from api.gateway.choice import Step
from api.gateway.errors import FieldUnreachable
from api.gateway.paths import Paths
from api.gateway.selection import Call, Field, Normalized, Place, Selection, shapes
from api.gateway.supergraph import Supergraph


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a path: the key, how many lists stand there, and on which parent types it is followed (None: all)."""

    key: str
    lists: int = 0
    only: frozenset[str] | None = None


Path: TypeAlias = tuple[Segment, ...]


@dataclass(slots=True)
class Tree:
    """What is asked of one object: by type condition, then by key. declared: the type that needs no condition."""

    declared: str
    typename: bool = False
    branches: dict[str, dict[str, Node]] = field(default_factory=dict)

    def add(self, on: str, key: str, call: Call) -> Node:
        return self.branches.setdefault(on, {}).setdefault(key, Node(key=key, call=call))

    def child(self, node: Node, declared: str) -> Tree:
        node.sub = node.sub or Tree(declared=declared)
        return node.sub


@dataclass(slots=True)
class Node:
    """One field to be asked, under its key."""

    key: str
    call: Call
    sub: Tree | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a representation: its name for the subgraph, the key it is read from, the types it is there for.

    needed: it belongs to an entity key, so without a value there is no reference to make.
    """

    name: str
    key: str
    needed: bool
    types: frozenset[str] | None = None
    below: tuple[Part, ...] | None = None
    typename: bool = False


@dataclass(frozen=True, slots=True)
class Representation:
    """How a reference is made of an object. types: the objects it is made of; blank: also of those without a type."""

    types: frozenset[str]
    owner: str
    parts: tuple[Part, ...]
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Where entities stand: the path, and that path's place in the internal answer."""

    path: Path
    place: Place


@dataclass(slots=True)
class Lane:
    """What is asked of one kind of entities. trees: by the type asked. stops: one until lanes alike are joined."""

    stops: list[Stop]
    representations: list[Representation]
    trees: dict[str, Tree] = field(default_factory=dict)

    def tree(self, declared: str) -> Tree:
        return self.trees.setdefault(declared, Tree(declared=declared))


@dataclass(slots=True)
class Draft:
    """One fetch: a root selection, or entities in one lane (in several, once optimised)."""

    number: int
    graph: str
    kind: str
    place: Place
    root: Tree | None = None
    lanes: list[Lane] = field(default_factory=list)
    depends: set[int] = field(default_factory=set)

    @property
    def trees(self) -> tuple[Tree, ...]:
        return (self.root,) if self.root else tuple(t for lane in self.lanes for t in lane.trees.values())


@dataclass(frozen=True, slots=True)
class Site:
    """Where fields are being drawn: a place, as the subgraph of `draft` sees it."""

    draft: Draft
    tree: Tree
    type_name: str
    place: Place
    path: Path
    provides: Selection | None = None

    @property
    def graph(self) -> str:
        return self.draft.graph


@dataclass(slots=True)
class Drawing:
    """Draws the fetches of one operation. Each field that is drawn is a step of the paths' budget."""

    supergraph: Supergraph
    paths: Paths
    operation: Normalized
    drafts: list[Draft] = field(default_factory=list)
    _entities: dict[tuple[str, Path, frozenset[int]], list[Draft]] = field(default_factory=dict)
    _below: dict[tuple[object, ...], tuple[Tree, set[int]]] = field(default_factory=dict)

    def draw(self) -> list[Draft]:
        """Raises: FieldUnreachable, PlanTooCostly."""
        decision = self.paths.root(self.operation)
        if decision.residue is not None:
            raise FieldUnreachable(coordinate=_coordinate(self.operation.root_type, decision.residue))
        steps = [step for branch in decision.branches for step in branch.steps]
        order = {f.key: i for i, f in enumerate(self.operation.selection.fields)}
        for step in sorted(steps, key=lambda s: order[s.field.key]):
            draft = self._root_draft(step.graph)
            draft.root = draft.root or Tree(declared=step.owner)
            site = Site(draft, draft.root, step.owner, self.operation.place, ())
            self._take(site, step.owner, replace(step, enter=False))
        return self.drafts

    def _root_draft(self, graph: str) -> Draft:
        serial = self.operation.kind == "mutation"
        for draft in self.drafts[-1:] if serial else self.drafts:
            if draft.graph == graph and not draft.lanes:
                return draft
        before = {d.number for d in self.drafts} if serial else set()
        draft = self._new_draft(graph, self.operation.kind, self.operation.place)
        draft.depends = before
        return draft

    def _new_draft(self, graph: str, kind: str, place: Place) -> Draft:
        draft = Draft(number=len(self.drafts), graph=graph, kind=kind, place=place)
        self.drafts.append(draft)
        return draft

    def _fill(self, site: Site, wanted: Selection) -> set[int]:
        """Draw a selection at a site; the numbers of the drafts that it took."""
        definition = self.supergraph.types[site.type_name]
        if definition.abstract and not self.supergraph.is_interface_object(site.graph, site.type_name):
            site.tree.typename = True
        return self._fill_as(site, site.type_name, wanted)

    def _fill_as(self, site: Site, type_name: str, wanted: Selection) -> set[int]:
        taken = {site.draft.number}
        decision = self.paths.at(site.graph, type_name, site.provides, wanted)
        for branch in decision.branches:
            for step in branch.steps:
                taken |= self._take(site, branch.on, step)
        return taken

    def _take(self, site: Site, on: str, step: Step) -> set[int]:
        self.paths.budget.spend()
        if step.enter:
            return self._enter(site, on, step)
        if step.field.call.name == "__typename":
            site.tree.typename = True
            return {site.draft.number}
        key = self._key(site.place, step.owner, step.field)
        node = site.tree.add(step.owner, key, step.field.call)
        if step.field.sub is None:
            return {site.draft.number}
        type_name, provides = self.paths.below(step, site.provides)
        path = (*site.path, self._segment(site, on, key, step))
        alike = (site.draft.number, path, type_name, id(provides), id(step.field.sub))
        held = self._below.get(alike)
        if held is not None and node.sub in (None, held[0]):
            tree, taken = held
            node.sub = tree
        else:
            tree = site.tree.child(node, type_name)
            taken = self._fill(Site(site.draft, tree, type_name, site.place.child(key), path, provides), step.field.sub)
            self._below[alike] = (tree, taken)
        tree.typename = tree.typename or self._hides_type(step, type_name)
        return taken

    def _hides_type(self, step: Step, type_name: str) -> bool:
        """Whether clients see an abstract type where this subgraph knows a single one."""
        definition = self.supergraph.field_of(step.owner, step.field.call.name)
        assert definition is not None
        return self.supergraph.types[definition.type.named].abstract and not self.supergraph.types[type_name].abstract

    def _enter(self, site: Site, on: str, step: Step) -> set[int]:
        masked = self.supergraph.is_interface_object(site.graph, on)
        site.tree.typename = site.tree.typename or not masked
        inputs = self.paths.inputs(step)
        providers = self._fill_as(site, on, inputs)
        representation = Representation(
            types=self.supergraph.members(on),
            owner=step.owner,
            parts=self._reference(site.place, self.supergraph.members(on), step),
            blank=masked,
        )
        draft = self._entity_draft(site, step.graph, providers, representation)
        inside = Site(draft, draft.lanes[0].tree(step.owner), step.owner, site.place, site.path)
        if self.paths.unmasks(step):
            return self._fill(inside, self.paths.alone(step.field))
        return self._take(inside, step.owner, replace(step, enter=False))

    def _entity_draft(self, site: Site, graph: str, providers: set[int], made_of: Representation) -> Draft:
        alike = self._entities.setdefault((graph, site.path, frozenset(providers)), [])
        for draft in alike:
            lane = draft.lanes[0]
            if _agree(lane.representations, made_of):
                _add_representation(lane, made_of)
                return draft
        draft = self._new_draft(graph, "query", site.place)
        alike.append(draft)
        draft.depends = set(providers)
        draft.lanes.append(Lane(stops=[Stop(site.path, site.place)], representations=[made_of]))
        return draft

    def _reference(self, place: Place, types: frozenset[str], step: Step) -> tuple[Part, ...]:
        key = self._parts(place, types, self.paths.set_of(step.owner, step.key), needed=True)
        if not step.requires:
            return key
        return _united(key, self._parts(place, types, self.paths.set_of(step.owner, step.requires), needed=False))

    def _parts(self, place: Place, types: frozenset[str], wanted: Selection, *, needed: bool) -> tuple[Part, ...]:
        found: dict[tuple[str, str], Part] = {}
        for wanted_field in wanted.fields:
            by_key: dict[str, set[str]] = {}
            for name in sorted(wanted_field.types & types):
                by_key.setdefault(self._key(place, name, wanted_field), set()).add(name)
            for key, names in by_key.items():
                only = None if names == types else frozenset(names)
                part = self._part(place, key, wanted_field, only, needed=needed)
                found[part.name, key] = _merged(found[part.name, key], part) if (part.name, key) in found else part
        return tuple(found.values())

    def _part(self, place: Place, key: str, wanted: Field, types: frozenset[str] | None, *, needed: bool) -> Part:
        if wanted.sub is None:
            return Part(name=wanted.call.name, key=key, needed=needed, types=types)
        named = self._named(wanted)
        below = self._parts(place.child(key), self.supergraph.members(named), wanted.sub, needed=needed)
        abstract = self.supergraph.types[named].abstract
        return Part(wanted.call.name, key, needed, types, below, typename=abstract)

    def _named(self, wanted: Field) -> str:
        """The type behind a composite field of a field set; the widest one, where its owners differ."""
        found = {
            definition.type.named
            for name in wanted.types
            if (definition := self.supergraph.field_of(name, wanted.call.name)) is not None
        }
        return max(sorted(found), key=lambda name: len(self.supergraph.members(name)))

    def _key(self, place: Place, owner: str, wanted: Field) -> str:
        if wanted.call.name == "__typename":
            return "__typename"
        return wanted.key or place.claim_inner(wanted.call, shapes(self.supergraph, owner, wanted.call.name))

    def _segment(self, site: Site, on: str, key: str, step: Step) -> Segment:
        definition = self.supergraph.field_of(step.owner, step.field.call.name)
        assert definition is not None
        lists = definition.joins[site.graph].type.shape.count("[")
        abstract = self.supergraph.types[site.type_name].abstract
        only = self.supergraph.members_in(site.graph, on) if abstract and on != site.type_name else None
        return Segment(key=key, lists=lists, only=only)


def _agree(held: Iterable[Representation], new: Representation) -> bool:
    """Whether no field of `new` would be read from another key than in what is already sent."""
    keys = {p.name: p.key for r in held if r.types & new.types for p in r.parts}
    owners = {r.owner for r in held if r.types & new.types}
    return owners <= {new.owner} and all(keys.get(p.name, p.key) == p.key for p in new.parts)


def _add_representation(lane: Lane, new: Representation) -> None:
    for index, held in enumerate(lane.representations):
        if held.types == new.types and held.owner == new.owner:
            lane.representations[index] = replace(held, parts=_united(held.parts, new.parts))
            return
    lane.representations.append(new)


def _united(held: Iterable[Part], new: Iterable[Part]) -> tuple[Part, ...]:
    parts = {(p.name, p.key): p for p in held}
    for part in new:
        before = parts.get((part.name, part.key))
        parts[part.name, part.key] = _merged(before, part) if before else part
    return tuple(parts.values())


def _merged(held: Part, new: Part) -> Part:
    types = held.types | new.types if held.types is not None and new.types is not None else None
    needed, typename = held.needed or new.needed, held.typename or new.typename
    below = held.below if new.below is None or held.below is None else _united(held.below, new.below)
    return replace(held, types=types, needed=needed, below=below, typename=typename)


def _coordinate(type_name: str, residue: Selection) -> str:
    """The first field that cannot be reached, as `Type.field`."""
    wanted, owner = residue.fields[0], type_name
    while wanted.sub is not None and wanted.sub.fields:
        wanted = wanted.sub.fields[0]
        owner = sorted(wanted.types)[0]
    return f"{owner}.{wanted.call.name}"
