"""Who owns what: a composed supergraph, read once into plain tables.

- A field without `@join__field` belongs to every subgraph that has its type; with some, to those named and no other.
- `external` means: named there for a key, `@requires` or `@provides`, resolved elsewhere. `usedOverridden` likewise.
- A field with a `@join__field` that names no subgraph is answered through an interface object of one of its interfaces.
- Progressive overrides (`overrideLabel`) stay with the subgraph they come from until labels can be evaluated (a seam).
- `@personal` of the city's access specification becomes each field's labels: its own, else its type's, but no id takes
  its type's. Every composed directive is kept on its field under `directives`.

A `Supergraph` is immutable: hot reload makes a new one and swaps the engine (seam: the roof's).
Source: https://specs.apollo.dev/join/v0.3 … v0.5, https://specs.apollo.dev/link/v1.0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from graphql import GraphQLError, GraphQLSchema
from graphql.language import (
    ConstDirectiveNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    SchemaDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    parse,
    parse_type,
    print_ast,
)
from graphql.utilities import value_from_ast_untyped

from api.gateway.access import AccessRule, PolicyRule, Rule, rule_of_policies, rule_of_scopes
from api.gateway.demand import Costs, read_costs
from api.gateway.errors import SupergraphInvalid
from api.gateway.masking import NO_LABELS, Label, labels_of
from api.gateway.ownership import FieldDef, FieldJoin, Key, Subgraph, TypeDef, TypeJoin, TypeRef
from api.gateway.public import public_schema

_KNOWN: Final = frozenset(
    {"link", "join", "inaccessible", "tag", "authenticated", "requiresScopes", "policy", "cost", "listSize"}
    | {"core", "federation"}
)
# The city's own specification of access, whose `@personal` labels fields.
_ACCESS: Final = "https://citytong.dev/access/"


@dataclass(frozen=True)
class Supergraph:
    """A composed supergraph. subgraphs: by name. roots: type name by operation (`query`, `mutation`)."""

    subgraphs: Mapping[str, Subgraph]
    types: Mapping[str, TypeDef]
    roots: Mapping[str, str]
    schema: GraphQLSchema
    costs: Costs = field(default_factory=Costs)
    _members: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict, repr=False)

    @staticmethod
    def parse(sdl: str) -> Supergraph:
        """Read a supergraph as composition writes it.

        Raises: SupergraphInvalid.
        """
        try:
            return _Reader(parse(sdl, no_location=True)).read()
        except GraphQLError as error:
            raise SupergraphInvalid(reason=error.message) from error
        except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise SupergraphInvalid(reason="it is not as composition writes it.") from error

    def members(self, type_name: str) -> frozenset[str]:
        """The object types that `type_name` can be, in the whole supergraph.

        An interface that nothing implements (an interface object and no more) stands for itself.
        """
        return self._all_members[type_name]

    def members_in(self, graph: str, type_name: str) -> frozenset[str]:
        """The object types that `type_name` can be in the eyes of one subgraph."""
        key = (graph, type_name)
        found = self._members.get(key)
        if found is None:
            found = self._members[key] = frozenset(self._count_members(graph, self.types[type_name]))
        return found

    def resolvers(self, type_name: str, field_name: str) -> frozenset[str]:
        """The subgraphs that answer a field of an object type."""
        definition = self.field_of(type_name, field_name)
        return frozenset(g for g, join in definition.joins.items() if join.resolvable) if definition else frozenset()

    def is_entity(self, type_name: str) -> bool:
        """Whether any subgraph resolves references to the type."""
        return any(key.resolvable for join in self.types[type_name].joins.values() for key in join.keys)

    def is_interface_object(self, graph: str, type_name: str) -> bool:
        """Whether the subgraph sees this interface as one object type."""
        join = self.types[type_name].joins.get(graph)
        return join is not None and join.interface_object

    def field_of(self, type_name: str, field_name: str) -> FieldDef | None:
        return self.types[type_name].fields.get(field_name)

    def interfaces_of(self, type_name: str) -> tuple[str, ...]:
        """Interfaces that the type implements in any subgraph."""
        return tuple(self.types[type_name].interfaces)

    @cached_property
    def policies(self) -> frozenset[str]:
        """The names of the policies that any rule asks for."""
        rules = [r for t in self.types.values() for r in (*t.rules, *(r for f in t.fields.values() for r in f.rules))]
        return frozenset(
            name for rule in rules if isinstance(rule, PolicyRule) for group in rule.policies for name in group
        )

    @cached_property
    def graph_names(self) -> tuple[str, ...]:
        return tuple(self.subgraphs)

    def _count_members(self, graph: str, definition: TypeDef) -> Iterable[str]:
        if definition.kind == "union":
            return definition.union_members.get(graph, frozenset())
        if definition.kind == "interface":
            if self.members(definition.name) == {definition.name}:
                return (definition.name,)
            return (t.name for t in self._objects if graph in t.interfaces.get(definition.name, ()))
        return (definition.name,) if graph in definition.joins else ()

    @cached_property
    def _objects(self) -> tuple[TypeDef, ...]:
        return tuple(t for t in self.types.values() if t.kind == "object")

    @cached_property
    def _all_members(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for definition in self.types.values():
            if definition.kind == "interface":
                members = frozenset(t.name for t in self._objects if definition.name in t.interfaces)
                found[definition.name] = members or frozenset((definition.name,))
            elif definition.kind == "union":
                found[definition.name] = frozenset().union(*definition.union_members.values())
            else:
                found[definition.name] = frozenset((definition.name,))
        return found


class _Reader:
    """One pass over a supergraph document."""

    def __init__(self, document: DocumentNode) -> None:
        self.document = document
        self.definitions = [d for d in document.definitions if isinstance(d, TypeDefinitionNode)]
        self.features = self._read_features()
        self.personal = self._read_personal()
        self.subgraphs = self._read_subgraphs()

    def read(self) -> Supergraph:
        types = {d.name.value: self._read_type(d) for d in self.definitions if not self._machinery(d.name.value)}
        schema = public_schema(
            self.document,
            features=frozenset(self.features.values()),
            inaccessible=self._local("inaccessible"),
        )
        by_name = {s.name: s for s in self.subgraphs.values()}
        costs = read_costs(self.definitions, cost=self._local("cost"), list_size=self._local("listSize"))
        return Supergraph(subgraphs=by_name, types=types, roots=self._read_roots(), schema=schema, costs=costs)

    def _read_features(self) -> dict[str, str]:
        """Local prefix of each linked specification, by its own name."""
        found = {"link": "link", "join": "join"}
        for directive in self._schema_directives():
            arguments = _arguments(directive)
            url = str(arguments.get("url") or arguments.get("feature") or "")
            name = url.rstrip("/").rsplit("/", 2)[-2] if url.count("/") >= 2 else ""
            if name and arguments.get("for") and name not in _KNOWN:
                raise SupergraphInvalid(reason=f"it asks for {name}, which this engine does not know.")
            # Composition never does; a rule under a name that is not looked for would guard nothing.
            if arguments.get("for") == "SECURITY" and any(type(i) is dict for i in arguments.get("import") or ()):
                raise SupergraphInvalid(reason=f"it renames what it imports of {name}.")
            if name:
                found[name] = str(arguments.get("as") or name)
        return found

    def _read_personal(self) -> str:
        """What this document calls `@personal`; empty where it does not link the specification that has it."""
        for directive in self._schema_directives():
            arguments = _arguments(directive)
            if str(arguments.get("url") or "").startswith(_ACCESS):
                for imported in arguments.get("import") or ():
                    if imported == "@personal":
                        return "personal"
                    if isinstance(imported, dict) and imported.get("name") == "@personal":
                        return str(imported.get("as") or "@personal").removeprefix("@")
                return f"{arguments.get('as') or 'access'}__personal"
        return ""

    def _schema_directives(self) -> list[ConstDirectiveNode]:
        schemas = [d for d in self.document.definitions if isinstance(d, SchemaDefinitionNode)]
        return [d for s in schemas for d in s.directives or () if d.name.value in ("link", "core")]

    def _local(self, feature: str) -> str:
        return self.features.get(feature, feature)

    def _machinery(self, type_name: str) -> bool:
        prefix, separator, _ = type_name.partition("__")
        return bool(separator) and prefix in self.features.values()

    def _read_subgraphs(self) -> dict[str, Subgraph]:
        enum = next((d for d in self.definitions if d.name.value == f"{self._local('join')}__Graph"), None)
        if not isinstance(enum, EnumTypeDefinitionNode):
            raise SupergraphInvalid(reason="it has no enum join__Graph.")
        found = {}
        for value in enum.values or ():
            arguments = _arguments((value.directives or ())[0]) if value.directives else {}
            name = str(arguments.get("name", value.name.value.lower()))
            found[value.name.value] = Subgraph(name=name, url=str(arguments.get("url") or ""))
        return found

    def _read_roots(self) -> dict[str, str]:
        schemas = [d for d in self.document.definitions if isinstance(d, SchemaDefinitionNode)]
        if schemas:
            return {o.operation.value: o.type.name.value for s in schemas for o in s.operation_types}
        names = {d.name.value for d in self.definitions}
        return {name.lower(): name for name in ("Query", "Mutation", "Subscription") if name in names}

    def _joins(self, node: Any, directive: str) -> list[dict[str, Any]]:
        """Arguments of each `@join__…` on a node, `graph` resolved to the subgraph's name."""
        name = f"{self._local('join')}__{directive}"
        found = [_arguments(d) for d in node.directives or () if d.name.value == name]
        for arguments in found:
            if arguments.get("graph") is not None:
                arguments["graph"] = self.subgraphs[arguments["graph"]].name
        return found

    def _read_type(self, node: TypeDefinitionNode) -> TypeDef:
        joins = self._read_type_joins(node)
        kind = node.kind.removesuffix("_type_definition")
        composite = node if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode) else None
        fields = composite.fields or () if composite else ()
        labels = self._read_labels(node) or NO_LABELS
        return TypeDef(
            name=node.name.value,
            kind=kind,
            joins=joins,
            fields={f.name.value: self._read_field(f, joins, labels) for f in fields},
            interfaces=self._read_interfaces(composite, joins) if composite else {},
            union_members=self._read_members(node, joins) if isinstance(node, UnionTypeDefinitionNode) else {},
            rules=self._read_rules(node),
        )

    def _read_type_joins(self, node: TypeDefinitionNode) -> dict[str, TypeJoin]:
        found: dict[str, TypeJoin] = {}
        for join in self._joins(node, "type"):
            before = found.get(join["graph"], TypeJoin())
            key = join.get("key")
            keys = (*before.keys, Key(fields=key, resolvable=join.get("resolvable", True))) if key else before.keys
            interface_object = before.interface_object or bool(join.get("isInterfaceObject"))
            found[join["graph"]] = TypeJoin(keys=keys, interface_object=interface_object)
        return found

    def _read_interfaces(
        self, node: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode, joins: Mapping[str, TypeJoin]
    ) -> dict[str, frozenset[str]]:
        found = {i.name.value: set[str]() for i in node.interfaces or ()}
        stated = self._joins(node, "implements")
        for join in stated:
            found.setdefault(join["interface"], set()).add(join["graph"])
        return {name: frozenset(graphs if stated else joins) for name, graphs in found.items()}

    def _read_members(self, node: UnionTypeDefinitionNode, joins: Mapping[str, TypeJoin]) -> dict[str, frozenset[str]]:
        stated = self._joins(node, "unionMember")
        if not stated:
            return dict.fromkeys(joins, frozenset(t.name.value for t in node.types or ()))
        return {g: frozenset(j["member"] for j in stated if j["graph"] == g) for g in joins}

    def _read_field(
        self, node: FieldDefinitionNode, type_joins: Mapping[str, TypeJoin], of_type: frozenset[Label]
    ) -> FieldDef:
        declared = TypeRef.of(print_ast(node.type))
        stated = self._joins(node, "field")
        named = {j["graph"]: _field_join(j, declared) for j in stated if j.get("graph")}
        labels = self._read_labels(node)
        if labels is None:
            labels = NO_LABELS if declared.named == "ID" else of_type
        everywhere = {} if stated else {g: FieldJoin(type=declared) for g in type_joins}
        return FieldDef(
            name=node.name.value,
            type=declared,
            joins=named or everywhere,
            rules=self._read_rules(node),
            labels=labels,
            directives=self._read_composed(node),
        )

    def _read_labels(self, node: Any) -> frozenset[Label] | None:
        directives = [d for d in node.directives or () if d.name.value == self.personal]
        return labels_of(map(_arguments, directives))

    def _read_rules(self, node: Any) -> frozenset[AccessRule]:
        rules: set[AccessRule] = set()
        for directive in node.directives or ():
            name = directive.name.value
            if name == self._local("authenticated"):
                rules.add(Rule())
            elif name == self._local("requiresScopes"):
                rules.add(rule_of_scopes(_arguments(directive).get("scopes")))
            elif name == self._local("policy"):
                rules.add(rule_of_policies(_arguments(directive).get("policies")))
        return frozenset(rules)

    def _read_composed(self, node: FieldDefinitionNode) -> dict[str, tuple[Mapping[str, Any], ...]]:
        found: dict[str, tuple[Mapping[str, Any], ...]] = {}
        for directive in node.directives or ():
            name = directive.name.value
            if not self._machinery(name):
                found[name] = (*found.get(name, ()), _arguments(directive))
        return found


def _field_join(join: dict[str, Any], declared: TypeRef) -> FieldJoin:
    labelled = join.get("overrideLabel")
    overridden = join.get("usedOverridden") and not labelled
    elsewhere = join.get("external") or overridden or (labelled and join.get("override"))
    return FieldJoin(
        type=TypeRef.of(print_ast(parse_type(join["type"]))) if join.get("type") else declared,
        resolvable=not elsewhere,
        requires=join.get("requires") or "",
        provides=join.get("provides") or "",
    )


def _arguments(directive: ConstDirectiveNode) -> dict[str, Any]:
    return {a.name.value: value_from_ast_untyped(a.value) for a in directive.arguments or ()}
