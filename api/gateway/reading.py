"""Read it: what clients send as text, and the documents that it turns out to be.

A document is parsed within limits, validated, and weighed once; what says the same in other white space is parsed, and
is the document that is known. A door looks at a document before it is executed (is it a mutation, what does it cost):
its look is remembered for that execution, a refusal too, and is no second use, which would keep what comes once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import NoSchemaIntrospectionCustomRule, get_variable_values, validate
from graphql.language import (
    DocumentNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    VariableDefinitionNode,
    print_ast,
)
from graphql.utilities import strip_ignored_characters

from api.gateway.access import AccessRule
from api.gateway.demand import Demand, Estimator
from api.gateway.errors import OperationUnknown, ValidationFailed
from api.gateway.limits import GatewayLimits, check_size, check_values, parse_bounded
from api.gateway.masking import Label
from api.gateway.normalize import condition_variables, document_labels, document_rules
from api.gateway.supergraph import Supergraph
from api.gateway.weight import bytes_of
from core.bounded import Bounded
from core.errors import BadInput, DomainError
from core.graphql_limits import RULES

Sense: TypeAlias = tuple[bytes, str | None]
# A document's text and the operation's name.
Asked: TypeAlias = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Document:
    """A validated document with one operation chosen. rules, labels: all that its reader could meet.

    sense: a digest of what it says, whatever its white space, and the operation's name.
    """

    sense: Sense
    node: DocumentNode
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    rules: frozenset[AccessRule]
    labels: frozenset[Label]
    conditions: tuple[str, ...]
    variable_types: Mapping[str, str]
    demand: Demand

    @property
    def kind(self) -> str:
        return self.operation.operation.value


@dataclass(slots=True)
class Reading:
    """Every document that was read and is still known.

    introspection: whether clients may ask for the schema; without it, refusals suggest no names either.
    """

    supergraph: Supergraph
    limits: GatewayLimits
    introspection: bool = True
    texts: Bounded[Asked, Document] = field(init=False)
    _documents: Bounded[Sense, Document] = field(init=False)
    _looked_at: tuple[Asked, Document | DomainError] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.texts = Bounded(self.limits.documents_max, self.limits.cached_bytes)
        self._documents = Bounded(self.limits.documents_max, self.limits.cached_bytes)

    @property
    def caches(self) -> Mapping[str, Bounded[Any, Any]]:
        return {"texts": self.texts, "documents": self._documents}

    def document(self, query: str, operation_name: str | None) -> Document:
        """The document of a text, for its execution. Raises: any refusal of the document."""
        asked = (query, operation_name)
        found = self.texts.get(asked)
        if found is None:
            found = self._seen(asked) or self._read(query, operation_name)
            self._looked_at = None
            self.texts.put(asked, found, weight=bytes_of(asked, found))
        return found

    def ahead(self, query: str, operation_name: str | None) -> Document:
        """The same for who only looks, and may execute it next. Raises: any refusal of the document."""
        asked = (query, operation_name)
        found = self.texts.peek(asked) or self._seen(asked)
        if found is None:
            try:
                found = self._read(query, operation_name)
            except DomainError as refusal:
                self._looked_at = (asked, refusal)
                raise
            self._looked_at = (asked, found)
        return found

    def values(self, document: Document, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The variables' values: checked by the schema, sent on as the client wrote them, with defaults filled in.

        Raises: BadInput, TooDeep.
        """
        definitions = document.operation.variable_definitions
        if not definitions:
            return {}
        check_values([given.get(definition.variable.name.value) for definition in definitions], self.limits)
        coerced = get_variable_values(self.supergraph.schema, definitions, dict(given), max_errors=3)
        if isinstance(coerced, list):
            raise BadInput(field="variables", problem=coerced[0].message)
        values: Iterable[tuple[str, Any]] = coerced.coerced.items()
        return {name: given.get(name, value) for name, value in values}

    def _seen(self, asked: Asked) -> Document | None:
        """What the last look made of it, if it was at this. Raises: the refusal that it met."""
        if self._looked_at is None or self._looked_at[0] != asked:
            return None
        outcome = self._looked_at[1]
        if isinstance(outcome, DomainError):
            raise outcome.with_traceback(None)
        return outcome

    def _read(self, query: str, operation_name: str | None) -> Document:
        node = parse_bounded(query, self.limits)
        check_size(node, self.limits)
        # Not of `print_ast`: it gives every node a dictionary of its own, for good.
        said = strip_ignored_characters(query).encode("utf-8", "surrogatepass")
        sense = (hashlib.sha256(said).digest(), operation_name)
        found = self._documents.get(sense)
        if found is None:
            found = self._validated(node, sense)
            self._documents.put(sense, found, weight=bytes_of(found))
        return found

    def _validated(self, node: DocumentNode, sense: Sense) -> Document:
        rules = RULES if self.introspection else (*RULES, NoSchemaIntrospectionCustomRule)
        hidden = not self.introspection
        errors = validate(self.supergraph.schema, node, rules, max_errors=5, hide_suggestions=hidden)
        if errors:
            raise ValidationFailed(reason=errors[0].message)
        operation = _chosen_operation(node, sense[1])
        estimator = Estimator(self.supergraph.schema, self.supergraph.costs, self.limits.list_size)
        return Document(
            sense=sense,
            node=node,
            operation=operation,
            fragments={d.name.value: d for d in node.definitions if isinstance(d, FragmentDefinitionNode)},
            rules=document_rules(self.supergraph, node),
            labels=document_labels(self.supergraph, node),
            conditions=condition_variables(node),
            variable_types=dict(map(_declared_variable, operation.variable_definitions or ())),
            demand=estimator.demand(node, operation),
        )


def _declared_variable(node: VariableDefinitionNode) -> tuple[str, str]:
    """A variable's name and what its fetches declare; the default stays, since it makes a nullable type non-null."""
    default = f" = {print_ast(node.default_value)}" if node.default_value else ""
    return node.variable.name.value, print_ast(node.type) + default


def _chosen_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    named = [o for o in operations if name is None or (o.name is not None and o.name.value == name)]
    if len(named) != 1:
        raise OperationUnknown()
    return named[0]
