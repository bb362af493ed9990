"""How a subgraph is reached: in the process, or over HTTP. One protocol, so a room can move out without a trace.

What leaves here is fit for a client: an original `DomainError` keeps its code and speaks the reader's language;
a value that does not fit its scalar is the client's fault; everything else is an incident in the log and says nothing
of the inside. An outage is logged where it is found.
Seam: a circuit breaker wraps a `Transport`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Final, Protocol, runtime_checkable

import orjson
from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLSchema,
    create_source_event_stream,
    execute,
)
from graphql.language import DocumentNode, FieldNode, parse
from strawberry.exceptions import StrawberryInputCoercionError

from api.gateway.client import Client, Target
from api.gateway.errors import SubgraphFault, SubgraphUnavailable
from api.gateway.local.document import LocalDocument, NotCompiled
from api.gateway.retries import Retries
from api.gateway.weight import bytes_of
from core.bounded import Bounded
from core.errors import BadInput, DomainError, Internal, Kind
from core.graphql_runs import TidyExecutor
from core.locale import Locale
from core.principal import Principal
from core.sharing import InFlight
from core.tasks import Unbroken

_LOG = logging.getLogger(__name__)

_PRIVATE_EXTENSIONS: Final = frozenset({"stacktrace", "exception", "debug", "trace", "service"})
_INNER_CODES: Final = ("GRAPHQL_", "INTERNAL_SERVER_ERROR", "DOWNSTREAM_SERVICE_ERROR")
# A tuple: a stranger's `kind` may be anything, a list too.
_OUTAGES: Final = (Kind.UNAVAILABLE, Kind.INTERNAL)
_PROBLEM_LENGTH_MAX: Final = 200
# Of a proxy, or of a subgraph that is not there just now.
_AGAIN: Final = frozenset({502, 503, 504})


class _Outage(ValueError):
    """An answer that may be another one in a moment."""


class RequestContext(Protocol):
    """What the engine and its transports need to know of a request."""

    @property
    def request_id(self) -> str: ...
    @property
    def principal(self) -> Principal: ...
    @property
    def locale(self) -> Locale: ...
    def headers(self) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class SubgraphRequest:
    """One operation for one subgraph. service: its name, for errors and logs. event: what a subscription tells of."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    service: str = ""
    event: Any = field(default=None, repr=False)


# Not frozen, as `Answer` is not: one is made for every fetch.
@dataclass(slots=True)
class SubgraphResponse:
    """What a subgraph answered. errors: GraphQL errors as plain values, fit for a client.

    raw: the bytes that it sent, where they hold `data` and nothing beside it.
    """

    data: dict[str, Any] | None
    errors: list[dict[str, Any]] = field(default_factory=list)
    raw: bytes | None = field(default=None, repr=False)


class Transport(Protocol):
    """A way to one subgraph."""

    async def fetch(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        """Raises: SubgraphUnavailable, TimeoutError."""
        ...


@runtime_checkable
class Telling(Transport, Protocol):
    """A way to a subgraph that tells of events as they happen."""

    async def subscribe(self, request: SubgraphRequest, context: RequestContext) -> AsyncGenerator[Any, None]:
        """The events that a subscription is about, each to be fetched by a request that holds it (`event`).

        Raises: DomainError, here for what is refused and by the generator for what ends it.
        """
        ...


@dataclass(slots=True)
class _Held:
    """A plan's document. compiled: from its second use on. reason: why graphql-core executes it for good."""

    node: DocumentNode
    uses: int = 0
    compiled: LocalDocument | None = None
    reason: str = ""


@dataclass(slots=True)
class LocalTransport:
    """Executes on a schema in the process, by compiled calls of its resolvers; graphql-core does what is not compiled.

    documents: those of plans, parsed and compiled, bounded by the bytes that they take.
    compile_at: at which use a document is compiled, so that one which never comes back costs no compilation; 0: never.
    ran: how many fetches were executed by which way: `compiled`, `new` (not yet), or the reason for falling back.
    unbroken: the mutations, which go on when their deadline is over.
    """

    schema: GraphQLSchema
    documents: Bounded[str, _Held] = field(default_factory=lambda: Bounded(1_000, 32 * 1024 * 1024))
    compile_at: int = 3
    ran: Counter[str] = field(default_factory=Counter)
    unbroken: Unbroken = field(default_factory=Unbroken, repr=False)

    async def fetch(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        """Run the operation with `context` as the resolvers' context."""
        result = self._result(request, context)
        if not isinstance(result, ExecutionResult):
            # The deadline of a change is its caller's, who stops waiting: it is never cut half-way.
            result = await (self.unbroken.run(result) if request.query.startswith("mutation") else result)
        assert isinstance(result, ExecutionResult)
        if not result.errors:
            return SubgraphResponse(data=result.data)
        _log_outages(result.errors, request.service)
        return SubgraphResponse(data=result.data, errors=[_local_error(e, request, context) for e in result.errors])

    async def subscribe(self, request: SubgraphRequest, context: RequestContext) -> AsyncGenerator[Any, None]:
        """The source stream of a subscription. Raises: DomainError, also by the generator."""
        values = {name: _own(value) for name, value in request.variables.items()}
        built = Executor.build(self.schema, self._held(request).node, context_value=context, raw_variable_values=values)
        if not isinstance(built, Executor):
            raise _local_fault(built[0], request)
        source: Any = create_source_event_stream(built)
        if isawaitable(source):
            source = await source
        if isinstance(source, ExecutionResult):
            raise _local_fault((source.errors or [])[0], request)
        return _source(source, request)

    def _result(self, request: SubgraphRequest, context: RequestContext) -> Any:
        held = self._held(request)
        reason = held.reason or "new"
        if held.compiled is not None:
            try:
                result = held.compiled.run(request.variables, context)
                self.ran["compiled"] += 1
                return result
            except NotCompiled as refusal:
                reason = refusal.reason
        self.ran[reason] += 1
        return execute(
            self.schema,
            held.node,
            variable_values={name: _own(value) for name, value in request.variables.items()},
            operation_name=request.operation_name,
            root_value=request.event,
            context_value=context,
            executor_class=TidyExecutor,
        )

    def _held(self, request: SubgraphRequest) -> _Held:
        query = request.query
        held = self.documents.get(query)
        if held is None:
            held = self.documents.put(query, _Held(parse(query, no_location=True)), weight=0)
        held.uses += 1
        if held.uses == self.compile_at and not held.reason:
            self._compile(held, request)
        # Functions are made as types first come up: whenever its uses have doubled it is weighed again.
        if not held.uses & (held.uses - 1):
            self.documents.put(query, held, weight=bytes_of(query, held))
        return held

    def _compile(self, held: _Held, request: SubgraphRequest) -> None:
        try:
            held.compiled = LocalDocument(self.schema, held.node, request.operation_name)
        except NotCompiled as refusal:
            held.reason = refusal.reason


@dataclass(slots=True)
class HttpTransport:
    """Posts to a subgraph over HTTP.

    answer_bytes_max: an answer larger than this counts as a fault. retries: None asks once. in_flight: None shares
    nothing; else a query is sent once for all that ask it at the same moment and tell the same headers (the request's
    id apart).
    """

    url: str
    client: Client = field(repr=False)
    answer_bytes_max: int = 16 * 1024 * 1024
    retries: Retries | None = None
    in_flight: InFlight[bytes] | None = None
    _target: Target = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._target = Target(self.url)

    async def fetch(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        """Raises: SubgraphUnavailable, TimeoutError."""
        try:
            # Each caller reads the answer for itself: what is merged into one must not show in another.
            raw = await self._answer(request, context)
            payload = orjson.loads(raw)
        except (OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise SubgraphUnavailable(service=request.service) from error
        return _remote_response(payload, raw, request, context)

    async def _answer(self, request: SubgraphRequest, context: RequestContext) -> bytes:
        told: dict[str, Any] = {"query": request.query, "variables": request.variables}
        if request.operation_name:
            told["operationName"] = request.operation_name
        body, headers = orjson.dumps(told), context.headers()
        if request.query.startswith("mutation"):
            return await self._post(body, headers, repeatable=False)
        if self.in_flight is None:
            return await self._tried(body, headers)
        key = (body, *sorted((name, value) for name, value in headers.items() if name != "x-request-id"))
        return await self.in_flight.share(key, lambda: self._tried(body, headers))

    async def _tried(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """With retries where there are any. A timeout is not for them: the caller's deadline spans them all."""
        retries = self.retries
        if retries is None:
            return await self._post(body, headers, repeatable=True)
        retries.earn()
        attempt = 1
        while True:
            try:
                return await self._post(body, headers, repeatable=True)
            except (OSError, _Outage) as fault:
                attempt += 1
                pause = None if isinstance(fault, TimeoutError) else retries.pause_before(attempt)
                if pause is None:
                    raise
            await asyncio.sleep(pause)

    async def _post(self, body: bytes, headers: Mapping[str, str], *, repeatable: bool) -> bytes:
        received = await self.client.post(
            self._target, headers, body, bytes_max=self.answer_bytes_max, repeatable=repeatable
        )
        status = received.status
        if status in _AGAIN and not received.again_later:
            raise _Outage(f"status {status}")
        if status >= 500 or (status >= 300 and not received.body.startswith(b"{")):
            raise ValueError(f"status {status}")
        return received.body


def _remote_response(
    payload: object, raw: bytes, request: SubgraphRequest, context: RequestContext
) -> SubgraphResponse:
    data = payload.get("data") if isinstance(payload, dict) else None
    errors = payload.get("errors") if isinstance(payload, dict) else None
    well_formed = isinstance(data, dict | None) and isinstance(errors, list | None) and (data or errors)
    if not well_formed:
        raise SubgraphUnavailable(service=request.service) from ValueError("the answer is not a GraphQL response")
    found = [_remote_error(e, request, context) for e in errors or () if isinstance(e, dict)]
    return SubgraphResponse(data, found, raw if isinstance(payload, dict) and payload.keys() == {"data"} else None)


def _remote_error(error: dict[str, Any], request: SubgraphRequest, context: RequestContext) -> dict[str, Any]:
    """An error of a remote subgraph: its words pass only with a code of its own, everything else is a fault."""
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    path = _path_of(error)
    if not isinstance(code, str) or code.startswith(_INNER_CODES) or not isinstance(extensions, dict):
        fault = SubgraphFault(service=request.service)
        log_outage(fault, request.service)
        return error_value(fault, context.locale, path)
    if extensions.get("kind") in _OUTAGES:
        _LOG.warning("a subgraph reports an outage", extra={"facts": {"service": request.service, "code": code[:64]}})
    shown = {k: v for k, v in extensions.items() if k not in _PRIVATE_EXTENSIONS}
    return {"message": str(error.get("message", "")), "path": path, "extensions": shown}


def _path_of(error: Mapping[str, Any]) -> list[str | int] | None:
    """Where a remote error happened; None where what it says is no path of names and places in lists."""
    path = error.get("path")
    fits = isinstance(path, list) and all(type(p) is str or (type(p) is int and p >= 0) for p in path)
    return path if fits else None


async def _source(events: AsyncGenerator[Any, None], request: SubgraphRequest) -> AsyncGenerator[Any, None]:
    async with aclosing(events):
        try:
            async for event in events:
                yield event
        except DomainError:
            raise
        except Exception as fault:
            raise _incident(fault, request) from fault


def _local_error(error: GraphQLError, request: SubgraphRequest, context: RequestContext) -> dict[str, Any]:
    return error_value(_local_fault(error, request), context.locale, error.path)


def _local_fault(error: GraphQLError, request: SubgraphRequest) -> DomainError:
    original: BaseException | None = error.original_error
    if isinstance(original, DomainError):
        return original
    if _misfits(error):
        return BadInput(field="variables", problem=error.message[:_PROBLEM_LENGTH_MAX])
    return _incident(original or error, request)


def _incident(cause: BaseException, request: SubgraphRequest) -> Internal:
    incident = secrets.token_hex(6)
    facts = {"service": request.service, "incident": incident, "cause": type(cause).__name__}
    # What graphql-core itself says may quote a value.
    shown = None if isinstance(cause, GraphQLError) else cause
    _LOG.error("a resolver failed", exc_info=shown, extra={"facts": facts})
    return Internal(incident=incident)


def _misfits(error: GraphQLError) -> bool:
    """True when a value that the client sent does not fit its scalar: only the subgraph knows what its scalars take."""
    if isinstance(error.original_error, StrawberryInputCoercionError):
        return True
    # graphql-core points such an error to a variable or to a value; everything else points to a field.
    by_graphql = isinstance(error.original_error, GraphQLError | None)
    return by_graphql and bool(error.nodes) and not any(isinstance(node, FieldNode) for node in error.nodes or ())


def _own(value: object) -> object:
    """A list of references as the subgraph's own: Strawberry's `_entities` takes the dictionaries apart."""
    return [dict(item) if type(item) is dict else item for item in value] if type(value) is list else value


def log_outage(error: DomainError, service: str) -> None:
    """Leave a trace of an error that means a subgraph, or what it stands on, is out of order."""
    if error.kind in _OUTAGES:
        cause = type(error.__cause__).__name__ if error.__cause__ else ""
        _LOG.warning("a subgraph fails", extra={"facts": {"service": service, "code": error.code, "cause": cause}})


def _log_outages(errors: Iterable[GraphQLError], service: str) -> None:
    """The domain errors among `errors`, one line a code: an outage meets every entity of a fetch alike."""
    found = [error.original_error for error in errors]
    for error in {e.code: e for e in found if isinstance(e, DomainError)}.values():
        log_outage(error, service)


def error_value(error: DomainError, locale: Locale, path: list[str | int] | None = None) -> dict[str, Any]:
    """A `DomainError` as it stands in `errors[]`."""
    value: dict[str, Any] = {"message": error.message_in(locale), "extensions": dict(error.extensions)}
    if path is not None:
        value["path"] = list(path)
    return value
