"""What is asked, in one shape: fragments spread, conditions settled, refusals pruned, names that clash told apart.

- `@skip` and `@include` are settled here: a plan is made per truth assignment of its condition variables, so later
  stages know no conditions and nothing is fetched in vain.
- Fields whose access rules the reader fails, and those that are withheld from them, are marked `denied`; no later stage
  sees them, and the projection answers for them. Fields that they see masked are marked with their mask.
- What the subgraphs that could answer a shared field do not all know of a union is left out, so that the answer does
  not depend on which of them is asked.
Seam: demand control (weights summed over `Field`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql.language import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from api.gateway.access import AccessRule
from api.gateway.errors import TooManyFields
from api.gateway.masking import EVERYTHING, NOTHING, Label, Verdict, View
from api.gateway.ownership import FieldDef
from api.gateway.selection import INTROSPECTION, Call, Field, Normalized, Place, Selection, shapes
from api.gateway.supergraph import Supergraph

Scope: TypeAlias = tuple[str, frozenset[str], SelectionSetNode]


@dataclass(slots=True)
class Normalizer:
    """Turns one document into selections.

    view: what the reader may not see, or only masked. conditions: the variables of `@skip` and `@include`.
    fields_max: how many fields may be spread before the operation is refused.
    """

    supergraph: Supergraph
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    view: View = EVERYTHING
    fields_max: int = 1_000
    spread: int = 0
    _calls: dict[int, Call] = field(default_factory=dict)

    def operation(self, node: OperationDefinitionNode) -> Normalized:
        """Raises: TooManyFields."""
        root = self.supergraph.roots[node.operation.value]
        place = Place()
        scope = (root, self.supergraph.members(root), node.selection_set)
        selection = self.select([scope], place)
        return Normalized(
            kind=node.operation.value,
            name=node.name.value if node.name else "",
            root_type=root,
            selection=selection,
            place=place,
            introspection=tuple(n for _, _, n in self._flatten(*scope) if n.name.value in INTROSPECTION),
        )

    def select(
        self,
        scopes: Iterable[Scope],
        place: Place | None,
        rivals: frozenset[str] | None = None,
        shared: frozenset[str] | None = None,
    ) -> Selection:
        """Merge selection sets that stand at one place into one `Selection`.

        rivals: the subgraphs that can answer this place alike. shared: the types that all of them know here.
        """
        wants: dict[str, dict[str, list[tuple[str, FieldNode]]]] = {}
        for scope in scopes:
            for parent, types, node in self._flatten(*scope):
                response_key = node.alias.value if node.alias else node.name.value
                for name in types:
                    wants.setdefault(name, {}).setdefault(response_key, []).append((parent, node))
        return self._merge(wants, place, rivals, shared)

    def _merge(
        self,
        wants: Mapping[str, Mapping[str, list[tuple[str, FieldNode]]]],
        place: Place | None,
        rivals: frozenset[str] | None,
        shared: frozenset[str] | None,
    ) -> Selection:
        groups: dict[tuple[Any, ...], list[str]] = {}
        order: dict[str, list[tuple[Any, ...]]] = {}
        nodes_of: dict[tuple[Any, ...], list[tuple[str, FieldNode]]] = {}
        for type_name in sorted(wants):
            for response_key, nodes in wants[type_name].items():
                call = self._call(nodes[0][1])
                seen = self._seen(type_name, nodes) if self.view is not EVERYTHING else (False, "")
                key = self._key(type_name, response_key, call, place) if _fetched(*seen) else ""
                identity = (response_key, key, call, (*seen, *_below(nodes)))
                groups.setdefault(identity, []).append(type_name)
                order.setdefault(type_name, []).append(identity)
                nodes_of.setdefault(identity, nodes)
        fields = {
            i: self._field(
                i, frozenset(types) if shared is None else shared.intersection(types), nodes_of[i], place, rivals
            )
            for i, types in groups.items()
        }
        by_type = {name: tuple(fields[i] for i in identities) for name, identities in order.items()}
        return Selection(fields=tuple(f for f in fields.values() if f.types), by_type=by_type)

    def _call(self, node: FieldNode) -> Call:
        """A field's call, printed once however often fragments spread it."""
        key = id(node)
        if key not in self._calls:
            self._calls[key] = _call(node)
        return self._calls[key]

    def _key(self, type_name: str, response_key: str, call: Call, place: Place | None) -> str:
        if call.name == "__typename":
            return "__typename"
        return place.claim(response_key, call, shapes(self.supergraph, type_name, call.name)) if place else ""

    def _field(
        self,
        identity: tuple[Any, ...],
        types: frozenset[str],
        nodes: list[tuple[str, FieldNode]],
        place: Place | None,
        rivals: frozenset[str] | None,
    ) -> Field:
        response_key, key, call, fingerprint = identity
        denied, mask = fingerprint[:2]
        sub = None
        if _fetched(denied, mask) and nodes[0][1].selection_set is not None and call.name not in INTROSPECTION:
            below = self._rivals_below(types, call.name, rivals) if place else None
            shared = self._shared(types, call.name, below)
            sub = self.select(list(self._scopes_below(nodes)), place.child(key) if place else None, below, shared)
        return Field(response_key, key, call, types, sub, denied, mask)

    def _rivals_below(self, types: frozenset[str], name: str, rivals: frozenset[str] | None) -> frozenset[str]:
        """The subgraphs that can answer a field: of an entity all that resolve it, else those that got this far."""
        found: frozenset[str] = frozenset()
        for type_name in types:
            resolvers = self.supergraph.resolvers(type_name, name)
            anywhere = self.supergraph.is_entity(type_name)
            found |= resolvers if anywhere or rivals is None else resolvers & rivals or resolvers
        return found

    def _shared(self, types: frozenset[str], name: str, rivals: frozenset[str] | None) -> frozenset[str] | None:
        """Of a union whose members differ between rivals, those that all know; None where nothing differs.

        What a shared field gives must not depend on which subgraph happens to be asked.
        """
        if rivals is None or len(rivals) < 2:
            return None
        found: list[frozenset[str]] = []
        for type_name in types:
            definition = self.supergraph.field_of(type_name, name)
            if definition and self.supergraph.types[definition.type.named].kind == "union":
                joins = [(g, definition.joins[g]) for g in rivals if g in definition.joins]
                found += [self.supergraph.members_in(g, join.type.named) for g, join in joins]
        return frozenset.intersection(*found) if found else None

    def _scopes_below(self, nodes: list[tuple[str, FieldNode]]) -> Iterator[Scope]:
        for parent, node in nodes:
            definition = self.supergraph.field_of(parent, node.name.value)
            if definition is not None and node.selection_set is not None:
                named = definition.type.named
                yield (named, self.supergraph.members(named), node.selection_set)

    def _flatten(
        self, parent: str, types: frozenset[str], node: SelectionSetNode
    ) -> Iterator[tuple[str, frozenset[str], FieldNode]]:
        for selection in node.selections:
            if not types or not self._included(selection):
                continue
            self.spread += 1
            if self.spread > self.fields_max:
                raise TooManyFields(limit=self.fields_max)
            if isinstance(selection, FieldNode):
                yield (parent, types, selection)
            else:
                yield from self._flatten(*self._narrow(parent, types, selection))

    def _narrow(self, parent: str, types: frozenset[str], node: Any) -> Scope:
        fragment = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
        assert isinstance(fragment, FragmentDefinitionNode | InlineFragmentNode)
        condition = fragment.type_condition.name.value if fragment.type_condition else parent
        return (condition, types & self.supergraph.members(condition), fragment.selection_set)

    def _included(self, node: Any) -> bool:
        for directive in node.directives or ():
            if directive.name.value in ("skip", "include"):
                if self._truth(directive.arguments[0].value) == (directive.name.value == "skip"):
                    return False
        return True

    def _truth(self, value: Any) -> bool:
        if isinstance(value, VariableNode):
            return bool(self.conditions.get(value.name.value))
        return isinstance(value, BooleanValueNode) and value.value

    def _seen(self, type_name: str, nodes: list[tuple[str, FieldNode]]) -> tuple[bool, str]:
        """Whether the reader is refused a field of an object type, and how it is masked for them."""
        name = nodes[0][1].name.value
        if self.view.failed and any(
            not self.view.failed.isdisjoint(rules_of(self.supergraph, parent, name)) for parent, _ in nodes
        ):
            return True, ""
        verdict, mask = self.view.of(labels_of(self.supergraph, type_name, name))
        if verdict is not Verdict.MASKED:
            return verdict is Verdict.WITHHELD, ""
        return _masked(
            self.supergraph.field_of(type_name, name), mask, type_name == self.supergraph.roots.get("mutation")
        )


def _fetched(denied: bool, mask: str) -> bool:
    """Whether a subgraph is asked. What is not has no key: what is fetched there for others is none of the client's."""
    return not denied and mask != NOTHING


def _below(nodes: list[tuple[str, FieldNode]]) -> Iterator[tuple[str, int]]:
    """What tells composite fields of one name apart."""
    return ((parent, id(node)) for parent, node in nodes if node.selection_set is not None)


def _masked(definition: FieldDef | None, mask: str, changes: bool) -> tuple[bool, str]:
    """Whether a field that is to be masked has to be refused, and else by what it is masked.

    changes: fetching it has an effect, so it is not done for an answer that nobody may see.
    """
    if definition is None:
        return True, ""
    if definition.type.named == "String" and definition.type.shape in ("", "!"):
        return False, mask
    return (True, "") if changes or definition.type.shape.endswith("!") else (False, NOTHING)


def rules_of(supergraph: Supergraph, parent: str, field_name: str) -> frozenset[AccessRule]:
    """Every access rule that reading `parent.field_name` meets.

    On an interface, the rules of each implementing field and type count: which object comes is not known before.
    Composition writes them onto the interface too, so what stands there says nothing of another implementer.
    """
    definition = supergraph.types[parent]
    owners = [definition, *(supergraph.types[m] for m in supergraph.members(parent) if definition.abstract)]
    found = set[AccessRule]()
    for owner in owners if field_name != "__typename" else ():
        found |= owner.rules
        owned = owner.fields.get(field_name)
        if owned is not None:
            found |= (
                owned.rules | supergraph.types[owned.type.named].rules
                if owned.type.named in supergraph.types
                else owned.rules
            )
    return frozenset(found)


def labels_of(supergraph: Supergraph, type_name: str, field_name: str) -> frozenset[Label]:
    """Every label that holds for a field of an object type: its own, and those of its interfaces."""
    owners = (type_name, *supergraph.interfaces_of(type_name))
    fields = [supergraph.types[owner].fields.get(field_name) for owner in owners if owner in supergraph.types]
    return frozenset(label for owned in fields if owned is not None for label in owned.labels)


def document_labels(supergraph: Supergraph, document: DocumentNode) -> frozenset[Label]:
    """Every label that any field of the document can meet, so that one view serves the whole document."""
    asked = {node.name.value for node in _fields_of(document)}
    fields = (definition.fields.get(name) for definition in supergraph.types.values() for name in asked)
    return frozenset(label for owned in fields if owned is not None for label in owned.labels)


def document_rules(supergraph: Supergraph, document: DocumentNode) -> frozenset[AccessRule]:
    """Every access rule that any field of the document can meet, so that one signature serves the whole document."""
    asked = {node.name.value for node in _fields_of(document)}
    return frozenset(
        rule
        for definition in supergraph.types.values()
        for name in definition.fields
        if name in asked
        for rule in rules_of(supergraph, definition.name, name)
    )


def condition_variables(document: DocumentNode) -> tuple[str, ...]:
    """The variables that decide what is asked, sorted: a plan is made for each of their truth assignments."""
    found: set[str] = set()

    class Find(Visitor):
        def enter_directive(self, node: Any, *_: Any) -> None:
            if node.name.value in ("skip", "include"):
                found.update(a.value.name.value for a in node.arguments if isinstance(a.value, VariableNode))

    visit(document, Find())
    return tuple(sorted(found))


def field_set(supergraph: Supergraph, type_name: str, text: str) -> Selection:
    """The `Selection` of a key's, `@requires` or `@provides` field set."""
    node = parse("{" + text + "}", no_location=True).definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    normalizer = Normalizer(supergraph=supergraph, fragments={})
    return normalizer.select([(type_name, supergraph.members(type_name), node.selection_set)], None)


def _call(node: FieldNode) -> Call:
    if not node.arguments:
        return Call(node.name.value)
    printed = sorted(f"{a.name.value}: {print_ast(a.value)}" for a in node.arguments)
    used: set[str] = set()

    class Find(Visitor):
        def enter_variable(self, node: Any, *_: Any) -> None:
            used.add(node.name.value)

    for argument in node.arguments:
        visit(argument, Find())
    return Call(node.name.value, f"({', '.join(printed)})", frozenset(used))


def _fields_of(document: DocumentNode) -> list[FieldNode]:
    found: list[FieldNode] = []

    class Find(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            found.append(node)

    visit(document, Find())
    return found
