"""How a subgraph is reached: in the process, or over HTTP. One protocol, so a room can move out without a trace.

What leaves here is fit for a client: an original `DomainError` keeps its code and speaks the reader's language;
a value that does not fit its scalar is the client's fault; everything else is an incident in the log and says nothing
of the inside. An outage is logged where it is found.
Seams: a compiled local executor takes `LocalTransport`'s place; retries, circuit breaker and in-flight deduplication
wrap a `Transport`; subscriptions add a second method to the protocol.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Final, Protocol

import aiohttp
import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute
from graphql.language import DocumentNode, FieldNode, parse
from strawberry.exceptions import StrawberryInputCoercionError

from api.gateway.bounded import Bounded
from api.gateway.errors import SubgraphFault, SubgraphUnavailable
from core.errors import BadInput, DomainError, Internal, Kind
from core.locale import Locale
from core.principal import Principal

_LOG = logging.getLogger(__name__)

_PRIVATE_EXTENSIONS: Final = frozenset({"stacktrace", "exception", "debug", "trace", "service"})
_INNER_CODES: Final = ("GRAPHQL_", "INTERNAL_SERVER_ERROR", "DOWNSTREAM_SERVICE_ERROR")
_OUTAGES: Final = frozenset({Kind.UNAVAILABLE, Kind.INTERNAL})
_PROBLEM_LENGTH_MAX: Final = 200


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
    """One operation for one subgraph. service: its name, for errors and logs."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    service: str = ""


@dataclass(frozen=True, slots=True)
class SubgraphResponse:
    """What a subgraph answered. errors: GraphQL errors as plain values, fit for a client."""

    data: dict[str, Any] | None
    errors: list[dict[str, Any]] = field(default_factory=list)


class Transport(Protocol):
    """A way to one subgraph."""

    async def fetch(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        """Raises: SubgraphUnavailable, TimeoutError."""
        ...


@dataclass(slots=True)
class LocalTransport:
    """Executes on a schema in the process; the documents of plans stay parsed."""

    schema: GraphQLSchema
    documents: Bounded[str, DocumentNode] = field(default_factory=lambda: Bounded(1_000, 4_000_000))

    async def fetch(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        """Run the operation with `context` as the resolvers' context."""
        result = execute(
            self.schema,
            self._document(request.query),
            variable_values={name: _own(value) for name, value in request.variables.items()},
            operation_name=request.operation_name,
            context_value=context,
        )
        if isawaitable(result):
            result = await result
        assert isinstance(result, ExecutionResult)
        errors = result.errors or []
        _log_outages(errors, request.service)
        return SubgraphResponse(data=result.data, errors=[_local_error(e, request, context) for e in errors])

    def _document(self, query: str) -> DocumentNode:
        found = self.documents.get(query)
        return found or self.documents.put(query, parse(query, no_location=True), weight=len(query))


@dataclass(slots=True)
class HttpTransport:
    """Posts to a subgraph over HTTP. answer_bytes_max: an answer larger than this counts as a fault."""

    url: str
    session: aiohttp.ClientSession = field(repr=False)
    answer_bytes_max: int = 16 * 1024 * 1024

    async def fetch(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        """Raises: SubgraphUnavailable, TimeoutError."""
        try:
            payload = await self._post(request, context)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise SubgraphUnavailable(service=request.service) from error
        return _remote_response(payload, request, context)

    async def _post(self, request: SubgraphRequest, context: RequestContext) -> object:
        body: dict[str, Any] = {"query": request.query, "variables": request.variables}
        if request.operation_name:
            body["operationName"] = request.operation_name
        headers = {"content-type": "application/json", "accept": "application/json", **context.headers()}
        async with self.session.post(
            self.url, data=orjson.dumps(body), headers=headers, allow_redirects=False
        ) as response:
            answer = await self._read(response)
            if response.status >= 500 or (response.status >= 300 and not answer.startswith(b"{")):
                raise ValueError(f"status {response.status}")
            return orjson.loads(answer)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self.answer_bytes_max:
                raise ValueError("the answer is too large")
            chunks.append(chunk)
        return b"".join(chunks)


def _remote_response(payload: object, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
    data = payload.get("data") if isinstance(payload, dict) else None
    errors = payload.get("errors") if isinstance(payload, dict) else None
    well_formed = isinstance(data, dict | None) and isinstance(errors, list | None) and (data or errors)
    if not well_formed:
        raise SubgraphUnavailable(service=request.service) from ValueError("the answer is not a GraphQL response")
    return SubgraphResponse(
        data=data, errors=[_remote_error(e, request, context) for e in errors or () if isinstance(e, dict)]
    )


def _remote_error(error: dict[str, Any], request: SubgraphRequest, context: RequestContext) -> dict[str, Any]:
    """An error of a remote subgraph: its words pass only with a code of its own, everything else is a fault."""
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    path = error.get("path") if isinstance(error.get("path"), list) else None
    if not isinstance(code, str) or code.startswith(_INNER_CODES) or not isinstance(extensions, dict):
        fault = SubgraphFault(service=request.service)
        log_outage(fault, request.service)
        return error_value(fault, context.locale, path)
    if extensions.get("kind") in _OUTAGES:
        _LOG.warning("a subgraph reports an outage", extra={"facts": {"service": request.service, "code": code[:64]}})
    shown = {k: v for k, v in extensions.items() if k not in _PRIVATE_EXTENSIONS}
    return {"message": str(error.get("message", "")), "path": path, "extensions": shown}


def _local_error(error: GraphQLError, request: SubgraphRequest, context: RequestContext) -> dict[str, Any]:
    original: BaseException | None = error.original_error
    if isinstance(original, DomainError):
        return error_value(original, context.locale, error.path)
    if _misfits(error):
        refusal = BadInput(field="variables", problem=error.message[:_PROBLEM_LENGTH_MAX])
        return error_value(refusal, context.locale, error.path)
    incident = secrets.token_hex(6)
    facts = {"service": request.service, "incident": incident, "cause": type(original or error).__name__}
    _LOG.error("a resolver failed", exc_info=original, extra={"facts": facts})
    return error_value(Internal(incident=incident), context.locale, error.path)


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
