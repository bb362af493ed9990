"""The engine alone: any composed supergraph behind the city's GraphQL door, with no city, no MongoDB and no Redis.

Rules
- A subgraph is told the request's id and language, and of the caller's headers those that the operator names; never a
  cookie or a token that nobody named, and never what belongs to one connection.
- Nobody is signed in here: a field under `@authenticated` or `@requiresScopes` is refused, and what is labelled as
  personal is masked or withheld as for nobody. No policy is known, so a field under `@policy` is refused; the log says
  so once. (Seam: a verifier of tokens would make `Forwarded.principal`.)
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Hashable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from graphql import validate_schema

from api.gateway.client import Client
from api.gateway.documents import Documents, read_manifest
from api.gateway.errors import ManifestInvalid, SupergraphInvalid
from api.gateway.execute import Engine
from api.gateway.limits import GatewayLimits
from api.gateway.retries import Retries
from api.gateway.supergraph import Supergraph
from api.gateway.transport import HttpTransport
from api.web.asking import Asked, language
from api.web.door import application
from api.web.graphql import GraphQLDoor
from api.web.metrics import Metrics
from core.locale import Locale
from core.principal import ANONYMOUS, Principal
from core.sharing import InFlight

_LOG = logging.getLogger(__name__)

_SUPERGRAPH_S: Final = 10.0
_REQUEST_BYTES_MAX: Final = 2 * 1024 * 1024
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
# Of one connection (RFC 9110 §7.6.1), or of the body that is not passed on.
_HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "host", "content-length", "content-type", "content-encoding", "accept", "accept-encoding", "expect"}
    | {"x-request-id"}
)


class GatewayUnavailable(Exception):
    """The gateway cannot be opened. The message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says.

    supergraph: a file or an http(s) URL. subgraphs: URLs that replace the supergraph's own. propagated: names of
    headers, lower case. deadline_s: seconds that a subgraph has for one fetch, in at most `attempts_max` requests.
    sharing: whether the same query asked twice at once is answered once. trusted_documents: a manifest's file.
    """

    supergraph: str
    subgraphs: Mapping[str, str]
    propagated: tuple[str, ...]
    deadline_s: float
    attempts_max: int
    sharing: bool
    cost_max: int | None
    trusted_documents: str | None
    development: bool

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Options:
        """Raises: GatewayUnavailable."""
        if not 10 <= arguments["deadline_ms"] <= 600_000:
            raise GatewayUnavailable("--deadline-ms must be from 10 to 600000.")
        if not 1 <= arguments["attempts"] <= 10:
            raise GatewayUnavailable("--attempts must be from 1 to 10.")
        return cls(
            supergraph=arguments["supergraph"],
            subgraphs=dict(map(_override, arguments["subgraph"])),
            propagated=tuple(map(_header, arguments["propagate"])),
            deadline_s=arguments["deadline_ms"] / 1000,
            attempts_max=arguments["attempts"],
            sharing=not arguments["no_sharing"],
            cost_max=arguments["cost_max"],
            trusted_documents=arguments["trusted_documents"],
            development=arguments["development"],
        )


@dataclass(frozen=True, slots=True)
class Gateway:
    """An open gateway. subgraphs: where each answers."""

    app: web.Application
    subgraphs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Forwarded:
    """One request: what the engine needs of it, and what subgraphs are told."""

    request_id: str
    locale: Locale
    told: Mapping[str, str]
    principal: Principal = ANONYMOUS

    def headers(self) -> dict[str, str]:
        return {**self.told, "x-request-id": self.request_id}


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Makes the context of each request. names: of the headers that pass, lower case."""

    names: Sequence[str]

    def sameness(self, context: Forwarded) -> Hashable:
        """Language and what is passed on: the request's id alone is left out."""
        return (context.locale, *sorted(context.told.items()))

    async def context(self, asked: Asked) -> Forwarded:
        headers = asked.headers
        found = {name: headers[name] for name in self.names if name in headers}
        return Forwarded(asked.request_id, language(headers.get("accept-language")), found)

    async def renewed(self, asked: Asked, before: Forwarded) -> Forwarded:
        return before


@asynccontextmanager
async def opened(options: Options) -> AsyncIterator[Gateway]:
    """Read the supergraph and stand ready. Raises: GatewayUnavailable."""
    supergraph = _parsed(await _source(options.supergraph), options.supergraph)
    async with aclosing(Client()) as client:
        urls = _urls(supergraph, options.subgraphs)
        if supergraph.policies:
            unknown = sorted(supergraph.policies)
            _LOG.warning("policies are not known here and deny", extra={"facts": {"policies": unknown}})
        engine = Engine(
            supergraph=supergraph,
            transports={name: _transport(url, client, options) for name, url in urls.items()},
            limits=GatewayLimits(deadline_s=options.deadline_s, cost_max=options.cost_max),
            introspection=options.development,
            shows_cost=options.development,
        )
        documents = _documents(options, engine)
        asking = Forwarding(("accept-language", *options.propagated))
        app = application(
            graphql=GraphQLDoor(
                engine, asking, _REQUEST_BYTES_MAX, documents, in_flight=InFlight() if options.sharing else None
            ),
            metrics=Metrics(),
            checks=(),
            shell=None,
            routes=(),
            development=options.development,
        )
        yield Gateway(app, urls)


def _transport(url: str, client: Client, options: Options) -> HttpTransport:
    retries = Retries(attempts_max=options.attempts_max)
    return HttpTransport(url, client, retries=retries, in_flight=InFlight() if options.sharing else None)


def _documents(options: Options, engine: Engine) -> Documents:
    """Raises: GatewayUnavailable."""
    if options.trusted_documents is None:
        return Documents()
    file = options.trusted_documents
    try:
        documents = Documents(read_manifest(_file(Path(file))), free_form=options.development)
        engine.prepare_all(documents.trusted or {})
    except ManifestInvalid as fault:
        raise GatewayUnavailable(f"{file}: {fault.message}") from fault
    return documents


async def _source(where: str) -> str:
    """The supergraph's text. Raises: GatewayUnavailable."""
    try:
        raw = await _downloaded(where) if "://" in where else _file(Path(where))
        return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise GatewayUnavailable(f"{where} is not UTF-8 text.") from fault


async def _downloaded(where: str) -> bytes:
    _require_http(where, "--supergraph")
    try:
        timeout = aiohttp.ClientTimeout(total=_SUPERGRAPH_S)
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(where) as answer:
            if answer.status != 200:
                raise GatewayUnavailable(f"{_shown(where)} answers with status {answer.status}.")
            return await answer.read()
    except (aiohttp.ClientError, OSError, ValueError) as fault:
        raise GatewayUnavailable(f"{_shown(where)} does not answer.") from fault


def _file(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise GatewayUnavailable(f"{file} cannot be read: {fault.strerror}.") from fault


def _parsed(sdl: str, where: str) -> Supergraph:
    try:
        supergraph = Supergraph.parse(sdl)
    except SupergraphInvalid as fault:
        raise GatewayUnavailable(f"{_shown(where)}: {fault.message}") from fault
    if faults := validate_schema(supergraph.schema):
        raise GatewayUnavailable(f"{_shown(where)}: {SupergraphInvalid(reason=faults[0].message).message}")
    return supergraph


def _urls(supergraph: Supergraph, overrides: Mapping[str, str]) -> dict[str, str]:
    """Where each subgraph answers. Raises: GatewayUnavailable."""
    if unknown := sorted(set(overrides) - set(supergraph.subgraphs)):
        raise GatewayUnavailable(f"--subgraph names {_listed(unknown)}; there is {_listed(supergraph.subgraphs)}.")
    urls = {name: overrides.get(name) or known.url for name, known in supergraph.subgraphs.items()}
    for name, url in urls.items():
        if not url:
            raise GatewayUnavailable(f"The supergraph does not say where {name} answers: --subgraph {name}=http://…")
        _require_http(url, f"The URL of subgraph {name}")
    return urls


def _override(text: str) -> tuple[str, str]:
    name, separator, url = text.partition("=")
    if not separator or not name:
        raise GatewayUnavailable("--subgraph takes NAME=URL.")
    _require_http(url, f"--subgraph {name}")
    return name, url


def _header(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name) or name.lower() in _HOP_BY_HOP:
        raise GatewayUnavailable(f"--propagate {name[:64]} is not a header that can be passed on.")
    return name.lower()


def _require_http(url: str, what: str) -> None:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 80) > 0
    except ValueError:
        fits = False
    if not fits:
        raise GatewayUnavailable(f"{what} must be a URL that begins with http:// or https://.")


def _shown(where: str) -> str:
    """As it may be printed: without the password or the query of a URL."""
    if "://" not in where:
        return where
    parts = urlsplit(where)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
