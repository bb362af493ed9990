"""Run it: one request through the stages, with what is the same for every request from a bounded cache.

Documents are parsed and validated once; plans are made once per document, operation, view (the rules that a reader
fails, the labels that they do not see in clear) and truth of the condition variables, so no plan belongs to a user. A
document that says the same in other white space is parsed, and is the one that is known; its plans are too.
A subscription is the same plan run once for each event: its root fetch tells of the event that its subgraph gave, the
rest is asked as ever, of who the caller is by then.
Seams: response caching and tracing around `execute`; hot reload makes a new `Engine`; `@defer` is a further method
beside `execute`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

import orjson
from graphql import GraphQLObjectType, GraphQLSchema, execute_sync, is_non_null_type
from graphql.language import (
    DocumentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from api.gateway.access import Policy, Reader, failed
from api.gateway.calls import Calls
from api.gateway.errors import (
    ManifestInvalid,
    OperationTooCostly,
    PlanTooCostly,
    SubgraphFault,
    SubscriptionUnsupported,
)
from api.gateway.explain import STAGES, compiled_text, drafts_text, normalized_text, paths_text
from api.gateway.fetches import Draft, Drawing
from api.gateway.figures import Figures
from api.gateway.limits import Budget, GatewayLimits, parse_bounded
from api.gateway.masking import EVERYTHING, Masking, View
from api.gateway.normalize import Normalizer
from api.gateway.optimize import optimize
from api.gateway.passing import Fits, fitting, promised
from api.gateway.paths import Paths
from api.gateway.plan import Fetch, QueryPlan, make_plan
from api.gateway.project import BUBBLE, Complete, Projector, Report, ResponsePath, was_asked
from api.gateway.reading import Document, Reading
from api.gateway.run import Run
from api.gateway.selection import Normalized, Place, masked_paths
from api.gateway.supergraph import Supergraph
from api.gateway.transport import (
    LocalTransport,
    RequestContext,
    SubgraphRequest,
    SubgraphResponse,
    Transport,
    error_value,
)
from api.gateway.weight import bytes_of
from core.bounded import Bounded
from core.errors import BadInput, DomainError, catalogue
from core.locale import Locale

ReportedError: TypeAlias = tuple[ResponsePath | None, DomainError | Mapping[str, Any]]


# Not frozen, since one is made for every request: a frozen one takes twice as long to make.
@dataclass(slots=True)
class Answer:
    """A GraphQL response. data is None with errors when the request was refused or a null reached the root.

    refused: nothing was executed, so over HTTP `data` is not a key of the answer. raw: the answer as a subgraph wrote
    it, where that is the whole of it.
    """

    data: dict[str, Any] | None
    errors: list[dict[str, Any]] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)
    refused: bool = False
    raw: bytes | None = field(default=None, repr=False)

    def as_bytes(self) -> bytes:
        """The response in JSON."""
        if self.raw is not None and not self.errors and not self.extensions:
            return self.raw
        try:
            return orjson.dumps(self.as_dict(), option=orjson.OPT_NON_STR_KEYS)
        except TypeError:
            # It reads what is nested deeper than it writes, and writes no integer of more than 64 bits.
            return json.dumps(self.as_dict(), allow_nan=False).encode()

    def as_dict(self) -> dict[str, Any]:
        """The response as it is written."""
        body: dict[str, Any] = {} if self.refused else {"data": self.data}
        if self.errors:
            body["errors"] = self.errors
        if self.extensions:
            body["extensions"] = self.extensions
        return body


@dataclass(frozen=True, slots=True)
class Lone:
    """The fetch of a plan that has one, at the root. request: the same each time, where it takes no variables.

    promised, fits: when its answer passes as it came, see `passing`.
    """

    fetch: Fetch
    request: SubgraphRequest | None
    promised: bool = False
    fits: Fits | None = None

    def request_with(self, values: Mapping[str, Any]) -> SubgraphRequest:
        if self.request is not None:
            return self.request
        variables = {name: values[name] for name in self.fetch.variables if name in values}
        return SubgraphRequest(self.fetch.document, variables, None, self.fetch.service)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan that is ready to run. dependents: by fetch number, who waits for it. masked: response keys down to each
    field that is masked, lists left out. lone: its only fetch. required: the keys at the root that may not be null."""

    plan: QueryPlan
    place: Place
    project: Complete
    dependents: Mapping[int, tuple[Fetch, ...]]
    introspection: DocumentNode | None
    masked: tuple[tuple[str, ...], ...] = ()
    lone: Lone | None = None
    required: frozenset[str] = frozenset()


@dataclass(slots=True)
class Engine:
    """One GraphQL service out of many subgraphs.

    introspection: whether clients may ask for the schema; without it, refusals suggest no names either.
    shows_cost: whether answers say in `extensions.cost` what was estimated and what it came to; for developers.
    passing: whether what needs no projecting passes without; either way the answers are the same.
    policies: what the names of `@policy` mean; one that is not here denies. masking: who sees personal data in clear.
    """

    supergraph: Supergraph
    transports: Mapping[str, Transport]
    limits: GatewayLimits = field(default_factory=GatewayLimits)
    introspection: bool = True
    shows_cost: bool = False
    policies: Mapping[str, Policy] = field(default_factory=dict)
    masking: Masking = field(default_factory=Masking)
    figures: Figures = field(default_factory=Figures)
    passing: bool = True
    _calls: Calls = field(init=False)
    _reading: Reading = field(init=False)
    _plans: Bounded[Hashable, Compiled] = field(init=False)
    _codes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._codes = frozenset(kind.code for kind in catalogue())
        self._calls = Calls(self.transports, self.limits, self.figures)
        self._reading = Reading(self.supergraph, self.limits, self.introspection)
        self._plans = Bounded(self.limits.plans_max, self.limits.cached_bytes)

    async def execute(
        self,
        *,
        query: str,
        context: RequestContext,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
    ) -> Answer:
        """Answer one operation. A refusal or a failure is told in the answer; nothing is raised but cancellation."""
        self.figures.in_flight += 1
        try:
            answer = await self._answered(query, context, variables or {}, operation_name)
        except DomainError as refusal:
            answer = self._refused(refusal, context.locale)
        finally:
            self.figures.in_flight -= 1
        if answer.errors:
            self._observe(answer)
        return answer

    async def subscribe(
        self,
        *,
        query: str,
        context: RequestContext,
        renewed: Callable[[], Awaitable[RequestContext]],
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
    ) -> Answer | AsyncGenerator[Answer, None]:
        """Begin a subscription: an answer to each event as it comes; or the only one, where it is refused before any.

        renewed: the context of an event, made when it comes. What it raises ends the stream by an answer that says so,
        as does what the subgraph raises.
        """
        try:
            document = self._reading.document(query, operation_name)
            values = self._reading.values(document, variables or {})
            self._afford(document, values)
            compiled = self._compiled(document, values, context)
            if not compiled.plan.fetches:
                # Its one field is not for who asks.
                return replace(await self._ran(compiled, values, context, None), data=None, refused=True)
            fetch = compiled.plan.fetches[0]
            asked = {name: values[name] for name in fetch.variables if name in values}
            request = SubgraphRequest(fetch.document, asked, None, fetch.service)
            events = await self._calls.subscribe(request, context)
        except DomainError as refusal:
            return self._refused(refusal, context.locale)
        return self._told(document, values, events, renewed, context.locale)

    async def _told(
        self,
        document: Document,
        values: Mapping[str, Any],
        events: AsyncGenerator[Any, None],
        renewed: Callable[[], Awaitable[RequestContext]],
        locale: Locale,
    ) -> AsyncGenerator[Answer, None]:
        try:
            async with aclosing(events):
                async for event in events:
                    answer = await self._executed(document, values, await renewed(), event)
                    self._observe(answer)
                    yield answer
        except DomainError as fault:
            yield self._refused(fault, locale)

    def _refused(self, refusal: DomainError, locale: Locale) -> Answer:
        self.figures.refused[refusal.code] += 1
        return Answer(data=None, errors=[error_value(refusal, locale)], refused=True)

    async def _answered(
        self, query: str, context: RequestContext, variables: Mapping[str, Any], operation_name: str | None
    ) -> Answer:
        """Raises: any refusal of the operation."""
        document = self._reading.document(query, operation_name)
        if document.kind == "subscription":
            raise SubscriptionUnsupported()
        values = self._reading.values(document, variables)
        self._afford(document, values)
        return await self._executed(document, values, context)

    async def _executed(
        self, document: Document, values: Mapping[str, Any], context: RequestContext, event: Any = None
    ) -> Answer:
        """event: what a subscription tells of. Raises: PlanTooCostly and what else planning refuses."""
        compiled = self._compiled(document, values, context)
        if compiled.lone is not None:
            answer = await self._ran_alone(compiled, compiled.lone, values, context, event)
        else:
            answer = await self._ran(compiled, values, context, event)
        if self.figures.samples():
            self.figures.estimated.add(document.demand.estimate(values))
            self.figures.actual.add(document.demand.actual(answer.data))
        if self.shows_cost:
            answer.extensions["cost"] = self._cost(document, values, answer)
        return answer

    async def _ran(self, compiled: Compiled, values: Mapping[str, Any], context: RequestContext, event: Any) -> Answer:
        run = self._run(compiled, values, context, event)
        await run.fetch_all()
        if compiled.introspection is not None:
            result = execute_sync(self.supergraph.schema, compiled.introspection, variable_values=dict(values))
            run.data.update(result.data or {})
        return self._projected(compiled, run)

    async def _ran_alone(
        self, compiled: Compiled, lone: Lone, values: Mapping[str, Any], context: RequestContext, event: Any
    ) -> Answer:
        """One fetch, whose answer passes as it came where it may."""
        outcome: SubgraphResponse | DomainError
        request = lone.request_with(values)
        try:
            outcome = await self._calls.answer(request if event is None else replace(request, event=event), context)
        except DomainError as fault:
            outcome = fault
        else:
            if outcome.data is not None and not outcome.errors:
                if lone.promised:
                    return Answer(outcome.data)
                if outcome.raw is not None and lone.fits is not None and lone.fits(outcome.data):
                    return Answer(outcome.data, raw=outcome.raw)
        run = self._run(compiled, values, context, event)
        run.take_alone(lone.fetch, outcome)
        return self._projected(compiled, run)

    def _run(self, compiled: Compiled, values: Mapping[str, Any], context: RequestContext, event: Any) -> Run:
        return Run(
            plan=compiled.plan,
            dependents=compiled.dependents,
            place=compiled.place,
            calls=self._calls,
            values=values,
            context=context,
            required=compiled.required,
            event=event,
        )

    def _projected(self, compiled: Compiled, run: Run) -> Answer:
        authenticated = run.context.principal.authenticated
        report = Report(authenticated, failures=run.failures, explained=run.explained)
        for path, error in run.told:
            report.add(path, error)
        data = compiled.project(run.data, None, report)
        # What was fetched for a requirement can stand where the client asked nothing of this object.
        seen = [e for e in report.errors if data is BUBBLE or e[0] is None or was_asked(data, e[0])]
        errors = seen[: self.limits.errors_max]
        if compiled.masked:
            return self._discreet(compiled, run, data, errors)
        shown = [_error(path, error, run.context.locale) for path, error in errors] if errors else []
        return Answer(data=None if data is BUBBLE else data, errors=shown)

    def _discreet(self, compiled: Compiled, run: Run, data: Any, errors: Sequence[ReportedError]) -> Answer:
        """An answer that says which of its fields are masked; an error there keeps none of a subgraph's words."""
        masked = frozenset(compiled.masked)
        shown = [
            _error(path, _wordless(error) if _names_of(path) in masked else error, run.context.locale)
            for path, error in errors
        ]
        told = [".".join(names) for names in compiled.masked[: self.limits.masked_max]]
        return Answer(None, shown) if data is BUBBLE else Answer(data, shown, {"masked": told})

    def _observe(self, answer: Answer) -> None:
        for error in answer.errors:
            code, service = error["extensions"].get("code"), error["extensions"].get("service")
            known = code if code in self._codes else "REMOTE"
            self.figures.errors[known, service if service in self.transports else ""] += 1

    def _afford(self, document: Document, values: Mapping[str, Any]) -> None:
        limit = self.limits.cost_max
        if limit is not None and (estimated := document.demand.estimate(values)) > limit:
            raise OperationTooCostly(estimated=int(estimated), limit=limit)

    def _cost(self, document: Document, values: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
        """For developers: what was feared and what came."""
        demand = document.demand
        return {"estimated": demand.estimate(values), "actual": demand.actual(answer.data), "max": self.limits.cost_max}

    def prepare_all(self, documents: Mapping[str, str]) -> None:
        """Raises: ManifestInvalid, which names the document that does not fit the supergraph."""
        for name, query in documents.items():
            try:
                self.prepare(query)
            except DomainError as fault:
                raise ManifestInvalid(reason=f"{name[:64]}: {fault.message}") from fault

    def prepare(self, query: str) -> None:
        """Validate and plan every operation of a document now, as for somebody who may see everything.

        Raises: any refusal of the document.
        """
        node = parse_bounded(query, self.limits)
        operations = [d for d in node.definitions if isinstance(d, OperationDefinitionNode)]
        for operation in operations:
            name = operation.name.value if operation.name and len(operations) > 1 else None
            document = self._reading.document(query, name)
            if not document.conditions:
                self._plan(document, EVERYTHING, {})

    @property
    def caches(self) -> Mapping[str, Bounded[Any, Any]]:
        """By name, for figures."""
        return {**self._reading.caches, "plans": self._plans}

    @property
    def cached_plans(self) -> int:
        return len(self._plans)

    @property
    def cached_documents(self) -> int:
        return len(self._reading.texts)

    def operation_kind(self, *, query: str, operation_name: str | None = None) -> str:
        """`query`, `mutation` or `subscription`, for a door that must not run a mutation by GET.

        Raises: any refusal of the document.
        """
        return self._reading.ahead(query, operation_name).kind

    def weigh(
        self, *, query: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> tuple[str, float]:
        """The operation's kind, and the estimated cost; for a door's limits.

        Raises: any refusal of the document or of its variables.
        """
        document = self._reading.ahead(query, operation_name)
        demand = document.demand
        if demand.fixed is not None:
            return document.kind, demand.fixed
        return document.kind, demand.estimate(self._reading.values(document, variables or {}))

    def explain(
        self,
        *,
        query: str,
        operation_name: str | None = None,
        stage: str | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> str:
        """What the stages make of an operation, for a reader who may see everything.

        stage: one of `explain.STAGES`; None prints them all. Condition variables that are not given count as true.
        Raises: BadInput for another stage; any refusal of the document.
        """
        if stage is not None and stage not in STAGES:
            raise BadInput(field="stage", problem=f"must be one of {', '.join(STAGES)}")
        document = self._reading.document(query, operation_name)
        values = {**dict.fromkeys(document.conditions, True), **(variables or {})}
        operation = self._normalized(document, EVERYTHING, values)
        budget = Budget(self.limits.plan_budget)
        drafts = self._drawn(operation, budget)
        texts = {"normalize": normalized_text(operation), "fetches": drafts_text(drafts)}
        texts["paths"] = paths_text(self._paths(Budget(self.limits.plan_budget)), operation)
        better = optimize(drafts, budget)
        texts["optimize"] = drafts_text(better)
        texts["plan"] = str(make_plan(better, document.variable_types))
        bounds = [
            ("steps of planning", budget.spent, self.limits.plan_budget),
            ("estimated cost", document.demand.estimate(values), self.limits.cost_max),
        ]
        texts["compile"] = compiled_text(
            rules=document.rules, labels=document.labels, conditions=document.conditions, bounds=bounds
        )
        return texts[stage] if stage else "\n\n".join(f"# {name}\n{texts[name]}" for name in STAGES)

    def _compiled(self, document: Document, values: Mapping[str, Any], context: RequestContext) -> Compiled:
        view = EVERYTHING
        if document.rules or document.labels:
            refused = failed(document.rules, Reader(context.principal, self.policies))
            view = self.masking.view(refused, document.labels, context.principal)
        return self._plan(document, view, values)

    def _plan(self, document: Document, view: View, values: Mapping[str, Any]) -> Compiled:
        key: Hashable = document.sense
        if document.conditions or (view is not EVERYTHING and view != EVERYTHING):
            key = (document.sense, view, *(values.get(name) for name in document.conditions))
        found = self._plans.get(key)
        if found is None:
            found = self._compile(document, view, values)
            self._plans.put(key, found, weight=bytes_of(found))
        return found

    def _compile(self, document: Document, view: View, values: Mapping[str, Any]) -> Compiled:
        operation = self._normalized(document, view, values)
        budget = Budget(self.limits.plan_budget)
        plan = make_plan(optimize(self._drawn(operation, budget), budget), document.variable_types)
        projector = Projector(schema=self.supergraph.schema, shared=_shared(plan))
        alone = len(plan.fetches) == 1 and not plan.fetches[0].references and not operation.introspection
        return Compiled(
            plan=plan,
            place=operation.place,
            project=projector.root(operation.root_type, operation.selection, operation.place),
            dependents={f.number: tuple(d for d in plan.fetches if f.number in d.depends) for f in plan.fetches},
            introspection=_introspection(document, operation) if operation.introspection else None,
            masked=masked_paths(operation.selection),
            lone=self._lone(plan.fetches[0], operation) if alone else None,
            required=_required(operation, self.supergraph.schema),
        )

    def _lone(self, fetch: Fetch, operation: Normalized) -> Lone:
        request = None if fetch.variables else SubgraphRequest(query=fetch.document, service=fetch.service)
        transport = self.transports.get(fetch.service)
        wanted, root, public = operation.selection, operation.root_type, self.supergraph.schema
        if not self.passing or transport is None:
            return Lone(fetch, request)
        if isinstance(transport, LocalTransport):
            return Lone(fetch, request, promised=promised(wanted, root, fetch, transport.schema, public))
        return Lone(fetch, request, fits=fitting(wanted, root, public))

    def _normalized(self, document: Document, view: View, values: Mapping[str, Any]) -> Normalized:
        return Normalizer(
            supergraph=self.supergraph,
            fragments=document.fragments,
            conditions=values,
            view=view,
            fields_max=self.limits.fields,
        ).operation(document.operation)

    def _drawn(self, operation: Normalized, budget: Budget) -> list[Draft]:
        try:
            return Drawing(supergraph=self.supergraph, paths=self._paths(budget), operation=operation).draw()
        except RecursionError:
            raise PlanTooCostly(limit=self.limits.plan_budget) from None

    def _paths(self, budget: Budget) -> Paths:
        return Paths(supergraph=self.supergraph, budget=budget)


def _error(path: ResponsePath | None, error: DomainError | Mapping[str, Any], locale: Locale) -> dict[str, Any]:
    value = error_value(error, locale) if isinstance(error, DomainError) else dict(error)
    value.pop("path", None)
    if path is not None:
        value["path"] = list(path)
    return value


def _wordless(error: DomainError | Mapping[str, Any]) -> DomainError | Mapping[str, Any]:
    """What a subgraph said where a masked value should stand may hold that value: only that it failed is told."""
    if isinstance(error, DomainError):
        return error
    return SubgraphFault(service=str((error.get("extensions") or {}).get("service", "")))


def _names_of(path: ResponsePath | None) -> tuple[str, ...]:
    return tuple(key for key in path or () if isinstance(key, str))


def _required(operation: Normalized, schema: GraphQLSchema) -> frozenset[str]:
    """The keys at the root that may not be null."""
    fields = cast(GraphQLObjectType, schema.type_map[operation.root_type]).fields
    wanted = operation.selection.by_type.get(operation.root_type, ())
    return frozenset(
        one.key for one in wanted if one.call.name in fields and is_non_null_type(fields[one.call.name].type)
    )


def _shared(plan: QueryPlan) -> frozenset[tuple[int, str]]:
    """By identity of a place and key, what entity fetches deliver."""
    references = [r for fetch in plan.fetches for r in fetch.references]
    return frozenset((id(stop.place), key) for r in references for stop in r.stops for key in r.delivers)


def _introspection(document: Document, operation: Normalized) -> DocumentNode:
    """What of the operation asks about the schema, as a document that the public schema itself answers."""
    asked = OperationDefinitionNode(
        operation=document.operation.operation,
        variable_definitions=document.operation.variable_definitions,
        directives=(),
        selection_set=SelectionSetNode(selections=operation.introspection),
    )
    return DocumentNode(definitions=(asked, *document.fragments.values()))
