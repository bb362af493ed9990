"""Run it: one request through the stages, its plan from the cache, its fetches as a dependency graph.

- A fetch starts as soon as what it depends on is there. Each has its subgraph's deadline; none can fail the request.
- Documents are parsed and validated once, plans made once per document, operation, access signature and truth of the
  condition variables. Both caches are bounded.
- A failed fetch leaves its fields absent; the projection tells the failure at each of their paths. Errors inside
  `_entities` are told at every place where that entity stands.
Seams: trusted documents enter at `_document`; response caching, tracing and in-flight deduplication around `execute`;
hot reload makes a new `Engine`; subscriptions and `@defer` are further methods beside `execute`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from graphql import GraphQLError, execute_sync, get_variable_values, specified_rules, validate
from graphql.language import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, VariableDefinitionNode, print_ast

from api.gateway.access import Rule, signature
from api.gateway.entities import Batch, client_path, gather, located, merge
from api.gateway.errors import (
    OperationUnknown,
    SubgraphTimeout,
    SubgraphUnavailable,
    SubscriptionUnsupported,
    ValidationFailed,
    VariablesInvalid,
)
from api.gateway.fetches import Draft, Drawing
from api.gateway.limits import GatewayLimits, check_size, parse_bounded
from api.gateway.normalize import (
    INTROSPECTION,
    Normalized,
    Normalizer,
    condition_variables,
    document_rules,
)
from api.gateway.optimize import optimize
from api.gateway.paths import Paths
from api.gateway.plan import Fetch, QueryPlan, make_plan
from api.gateway.project import BUBBLE, Complete, Projector, Report
from api.gateway.supergraph import Supergraph
from api.gateway.transport import RequestContext, SubgraphRequest, SubgraphResponse, Transport, error_value
from core.errors import DomainError
from core.locale import Locale

logger = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL response. data is None with errors when the request was refused or a null reached the root.

    refused: nothing was executed, so over HTTP `data` is not a key of the answer.
    """

    data: dict[str, Any] | None
    errors: list[dict[str, Any]] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)
    refused: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The response as it is written."""
        body: dict[str, Any] = {} if self.refused else {"data": self.data}
        if self.errors:
            body["errors"] = self.errors
        if self.extensions:
            body["extensions"] = self.extensions
        return body


@dataclass(slots=True)
class Bounded(Generic[K, V]):
    """A cache that forgets what was not used for longest."""

    size: int
    _held: OrderedDict[K, V] = field(default_factory=OrderedDict)

    def get(self, key: K) -> V | None:
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def put(self, key: K, value: V) -> V:
        self._held[key] = value
        if len(self._held) > self.size:
            self._held.popitem(last=False)
        return value

    def __len__(self) -> int:
        return len(self._held)


@dataclass(frozen=True, slots=True)
class Document:
    """A validated document with one operation chosen. rules: all that its reader could fail."""

    node: DocumentNode
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    rules: frozenset[Rule]
    conditions: tuple[str, ...]
    variable_types: Mapping[str, str]

    @property
    def kind(self) -> str:
        return self.operation.operation.value


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan that is ready to run. dependents: by fetch number, who waits for it."""

    plan: QueryPlan
    project: Complete
    dependents: Mapping[int, tuple[Fetch, ...]]
    introspects: bool


@dataclass(slots=True)
class Engine:
    """One GraphQL service out of many subgraphs."""

    supergraph: Supergraph
    transports: Mapping[str, Transport]
    limits: GatewayLimits = field(default_factory=GatewayLimits)
    _documents: Bounded[tuple[str, str | None], Document] = field(init=False)
    _plans: Bounded[tuple[Any, ...], Compiled] = field(init=False)

    def __post_init__(self) -> None:
        self._documents = Bounded(self.limits.documents_max)
        self._plans = Bounded(self.limits.plans_max)

    async def execute(
        self,
        *,
        query: str,
        context: RequestContext,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
    ) -> Answer:
        """Answer one operation. A refusal or a failure is told in the answer; nothing is raised but cancellation."""
        try:
            document = self._document(query, operation_name)
            values = _coerced(self.supergraph, document, variables or {})
            compiled = self._compiled(query, operation_name, document, values, context)
        except DomainError as refusal:
            return Answer(data=None, errors=[error_value(refusal, context.locale)], refused=True)
        run = Run(engine=self, compiled=compiled, values=values, context=context)
        return await run.answer(document)

    def operation_kind(self, *, query: str, operation_name: str | None = None) -> str:
        """`query` or `mutation`, for a door that must not run a mutation by GET.

        Raises: any refusal of the document.
        """
        return self._document(query, operation_name).kind

    def _document(self, query: str, operation_name: str | None) -> Document:
        key = (query, operation_name)
        return self._documents.get(key) or self._documents.put(key, self._read(query, operation_name))

    def _read(self, query: str, operation_name: str | None) -> Document:
        node = parse_bounded(query, self.limits)
        check_size(node, self.limits)
        errors = validate(self.supergraph.schema, node, specified_rules, max_errors=5)
        if errors:
            raise ValidationFailed(reason=errors[0].message)
        operation = _chosen_operation(node, operation_name)
        return Document(
            node=node,
            operation=operation,
            fragments={d.name.value: d for d in node.definitions if isinstance(d, FragmentDefinitionNode)},
            rules=document_rules(self.supergraph, node),
            conditions=condition_variables(node),
            variable_types=dict(map(_declared_variable, operation.variable_definitions or ())),
        )

    def _compiled(
        self,
        query: str,
        operation_name: str | None,
        document: Document,
        values: Mapping[str, Any],
        context: RequestContext,
    ) -> Compiled:
        failed = signature(document.rules, context.principal)
        truths = tuple(values.get(name) for name in document.conditions)
        key = (query, operation_name, failed, truths)
        return self._plans.get(key) or self._plans.put(key, self._compile(document, failed, values))

    def _compile(self, document: Document, failed: frozenset[Rule], values: Mapping[str, Any]) -> Compiled:
        operation = self._normalized(document, failed, values)
        plan = make_plan(optimize(self._drawn(operation)), document.variable_types)
        projector = Projector(schema=self.supergraph.schema)
        return Compiled(
            plan=plan,
            project=projector.root(operation.root_type, operation.selection, operation.place),
            dependents={f.number: tuple(d for d in plan.fetches if f.number in d.depends) for f in plan.fetches},
            introspects=any(f.call.name in INTROSPECTION for f in operation.selection.fields),
        )

    def _normalized(self, document: Document, failed: frozenset[Rule], values: Mapping[str, Any]) -> Normalized:
        return Normalizer(
            supergraph=self.supergraph,
            fragments=document.fragments,
            conditions=values,
            denied_rules=failed,
            fields_max=self.limits.fields,
        ).operation(document.operation)

    def _drawn(self, operation: Normalized) -> list[Draft]:
        paths = Paths(supergraph=self.supergraph, budget=self.limits.plan_budget)
        return Drawing(supergraph=self.supergraph, paths=paths, operation=operation).draw()


@dataclass(slots=True)
class Run:
    """One execution of a compiled plan."""

    engine: Engine
    compiled: Compiled
    values: Mapping[str, Any]
    context: RequestContext
    data: dict[str, Any] = field(default_factory=dict)
    waiting: dict[int, int] = field(default_factory=dict)
    failures: dict[tuple[int, str], list[Mapping[str, Any]]] = field(default_factory=dict)
    located_errors: list[tuple[tuple[str | int, ...], Mapping[str, Any]]] = field(default_factory=list)

    async def answer(self, document: Document) -> Answer:
        """Fetch, project, and say what went wrong."""
        fetches = self.compiled.plan.fetches
        if len(fetches) == 1:
            await self._fetch(fetches[0])
        elif fetches:
            await self._fetch_all(fetches)
        if self.compiled.introspects:
            self.data.update(_introspected(self.engine.supergraph, document, self.values))
        report = Report(authenticated=self.context.principal.authenticated, failures=self.failures)
        for path, error in self.located_errors:
            report.add(path, error)
        data = self.compiled.project(self.data, None, report)
        errors = report.errors[: self.engine.limits.errors_max]
        shown = [_error(path, error, self.context.locale) for path, error in errors] if errors else []
        return Answer(data=None if data is BUBBLE else data, errors=shown)

    async def _fetch_all(self, fetches: Sequence[Fetch]) -> None:
        self.waiting = {f.number: len(f.depends) for f in fetches}
        async with asyncio.TaskGroup() as group:
            for fetch in [f for f in fetches if not f.depends]:
                group.create_task(self._fetch_and_on(fetch, group))

    async def _fetch_and_on(self, fetch: Fetch, group: asyncio.TaskGroup) -> None:
        """Fetch, then start what waited for this alone: the first in this task, the rest beside it."""
        current: Fetch | None = fetch
        while current is not None:
            await self._fetch(current)
            ready = []
            for dependent in self.compiled.dependents[current.number]:
                self.waiting[dependent.number] -= 1
                if not self.waiting[dependent.number]:
                    ready.append(dependent)
            for other in ready[1:]:
                group.create_task(self._fetch_and_on(other, group))
            current = ready[0] if ready else None

    async def _fetch(self, fetch: Fetch) -> None:
        variables: dict[str, Any] = {name: self.values[name] for name in fetch.variables if name in self.values}
        batch: Batch | None = None
        if fetch.representations:
            batch = gather(self.data, fetch.path, fetch.representations)
            if not batch.representations:
                return
            variables["representations"] = batch.representations
        request = SubgraphRequest(query=fetch.document, variables=variables, service=fetch.service)
        response = await self._call(request)
        if isinstance(response, DomainError):
            self._fail(fetch, error_value(response, self.context.locale))
        else:
            self._take(fetch, batch, response)

    async def _call(self, request: SubgraphRequest) -> SubgraphResponse | DomainError:
        service = request.service
        transport = self.engine.transports.get(service)
        if transport is None:
            return SubgraphUnavailable(service=service)
        try:
            async with asyncio.timeout(self.engine.limits.deadline_of(service)):
                return await transport.fetch(request, self.context)
        except TimeoutError:
            return SubgraphTimeout(service=service)
        except DomainError as error:
            return error
        except Exception:
            logger.exception("subgraph %s failed in request %s", service, self.context.request_id)
            return SubgraphUnavailable(service=service)

    def _take(self, fetch: Fetch, batch: Batch | None, response: SubgraphResponse) -> None:
        for error in response.errors:
            extensions = {**(error.get("extensions") or {}), "service": fetch.service}
            self._place_error(fetch, batch, {**error, "extensions": extensions})
        if response.data is None:
            if not response.errors:
                self._fail(fetch, error_value(SubgraphUnavailable(service=fetch.service), self.context.locale))
        elif batch is None:
            merge(self.data, response.data)
        else:
            self._take_entities(fetch, batch, response.data.get("_entities"), bool(response.errors))

    def _take_entities(self, fetch: Fetch, batch: Batch, entities: object, explained: bool) -> None:
        if type(entities) is not list or len(entities) != len(batch.targets):
            if not explained:
                self._fail(fetch, error_value(SubgraphUnavailable(service=fetch.service), self.context.locale))
            return
        for entity, targets in zip(entities, batch.targets, strict=True):
            if type(entity) is dict:
                for target in targets:
                    merge(target, entity)

    def _fail(self, fetch: Fetch, error: Mapping[str, Any]) -> None:
        """Blame `error` for every key that this fetch, and what waits for it, does not deliver."""
        pending = [fetch]
        seen = set[int]()
        while pending:
            current = pending.pop()
            if current.number not in seen:
                seen.add(current.number)
                for key in current.delivers:
                    self.failures.setdefault((id(current.place), key), []).append(error)
                pending.extend(self.compiled.dependents[current.number])

    def _place_error(self, fetch: Fetch, batch: Batch | None, error: Mapping[str, Any]) -> None:
        path = error.get("path")
        if not path:
            self._fail(fetch, error)
        elif batch is None:
            self.located_errors.append((client_path(path, fetch.place), error))
        elif len(path) > 1 and isinstance(path[1], int) and path[1] < len(batch.targets):
            below = client_path(path[2:], fetch.place)
            wanted = {id(target) for target in batch.targets[path[1]]}
            root_place = self._root_place
            for target, trail in located(self.data, fetch.path, root_place):
                if id(target) in wanted:
                    self.located_errors.append(((*trail, *below), error))
        else:
            self._fail(fetch, error)

    @property
    def _root_place(self) -> Any:
        return next(f.place for f in self.compiled.plan.fetches if not f.path)


def _error(
    path: tuple[str | int, ...] | None, error: DomainError | Mapping[str, Any], locale: Locale
) -> dict[str, Any]:
    value = error_value(error, locale) if isinstance(error, DomainError) else dict(error)
    value.pop("path", None)
    if path is not None:
        value["path"] = list(path)
    return value


def _declared_variable(node: VariableDefinitionNode) -> tuple[str, str]:
    """A variable's name and what its fetches declare; the default stays, since it makes a nullable type non-null."""
    default = f" = {print_ast(node.default_value)}" if node.default_value else ""
    return node.variable.name.value, print_ast(node.type) + default


def _chosen_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    named = [o for o in operations if name is None or (o.name is not None and o.name.value == name)]
    if len(named) != 1:
        raise OperationUnknown()
    if named[0].operation.value == "subscription":
        raise SubscriptionUnsupported()
    return named[0]


def _coerced(supergraph: Supergraph, document: Document, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The variables' values: checked by the schema, sent on as the client wrote them, with defaults filled in.

    Raises: VariablesInvalid.
    """
    definitions = document.operation.variable_definitions
    if not definitions:
        return {}
    coerced = get_variable_values(supergraph.schema, definitions, dict(given), max_errors=3)
    if isinstance(coerced, list):
        raise VariablesInvalid(reason=coerced[0].message)
    values: Iterable[tuple[str, Any]] = coerced.coerced.items()
    return {name: given.get(name, value) for name, value in values}


def _introspected(supergraph: Supergraph, document: Document, values: Mapping[str, Any]) -> dict[str, Any]:
    """`__schema` and `__type`, answered by the public schema; every other root field resolves to nothing there."""
    try:
        result = execute_sync(supergraph.schema, document.node, variable_values=dict(values))
    except GraphQLError:
        return {}
    return {k: v for k, v in (result.data or {}).items() if v is not None}
