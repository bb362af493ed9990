"""A small city of three subgraphs, built as plain graphql-core schemas, for every test of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInterfaceType, GraphQLSchema, GraphQLUnionType, build_ast_schema, extend_schema
from graphql.language import (
    DirectiveDefinitionNode,
    DocumentNode,
    ObjectTypeDefinitionNode,
    SchemaExtensionNode,
    parse,
)

from api.gateway.execute import Answer, Engine
from api.gateway.limits import GatewayLimits
from api.gateway.supergraph import Supergraph
from api.gateway.transport import LocalTransport, RequestContext, SubgraphRequest, SubgraphResponse, Transport
from core.graph import Context
from core.locale import Locale
from core.principal import ANONYMOUS, Principal, PrincipalKind

FIXTURES = Path(__file__).parent / "fixtures"
CITY = (FIXTURES / "city.supergraph.graphql").read_text(encoding="utf-8")
Resolvers = Mapping[str, Callable[..., Any]]


def subgraph(sdl: str, resolvers: Resolvers, references: Callable[[dict[str, Any]], Any]) -> GraphQLSchema:
    """An executable subgraph from its SDL; `references` makes an entity of a representation."""
    document = parse(sdl)
    kept = [d for d in document.definitions if not isinstance(d, SchemaExtensionNode | DirectiveDefinitionNode)]
    schema = build_ast_schema(DocumentNode(definitions=tuple(kept)), assume_valid_sdl=True)
    entities = " | ".join(
        d.name.value
        for d in kept
        if isinstance(d, ObjectTypeDefinitionNode) and any(x.name.value == "key" for x in d.directives or ())
    )
    machinery = f"""
        scalar _Any
        union _Entity = {entities}
        extend type Query {{ _entities(representations: [_Any!]!): [_Entity]! }}
    """
    schema = extend_schema(schema, parse(machinery), assume_valid_sdl=True)
    for definition in schema.type_map.values():
        if isinstance(definition, GraphQLInterfaceType | GraphQLUnionType):
            definition.resolve_type = lambda value, info, kind: value["__typename"]
    everything: Resolvers = {
        "Query._entities": lambda source, info, representations: [references(r) for r in representations],
        **resolvers,
    }
    for coordinate, resolve in everything.items():
        type_name, field_name = coordinate.split(".")
        schema.type_map[type_name].fields[field_name].resolve = resolve  # type: ignore[attr-defined]
    return schema


@dataclass
class Recorded:
    """A transport that remembers what was asked, and can be told to fail."""

    inner: Transport
    requests: list[SubgraphRequest] = field(default_factory=list)
    instead: Callable[[SubgraphRequest], Any] | None = None

    async def fetch(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        self.requests.append(request)
        if self.instead is not None:
            answer = self.instead(request)
            found = await answer if asyncio.iscoroutine(answer) else answer
            if found is not None:
                assert isinstance(found, SubgraphResponse)
                return found
        return await self.inner.fetch(request, context)


CITIZENS: dict[str, dict[str, Any]] = {
    "c1": {"id": "c1", "name": "张丽华", "phone": "138", "notes": ["polite"], "home": "110101", "level": "HIGH"},
    "c2": {"id": "c2", "name": None, "phone": "139", "notes": [], "home": "110105", "level": "LOW"},
    "c3": {"id": "c3", "name": "欧阳建国", "phone": "137", "notes": [], "home": "110101", "level": "SECRET"},
}
DISTRICTS = {"110101": "Dongcheng", "110105": "Chaoyang"}


@dataclass
class City:
    """The city's state, its subgraphs and an engine over them. calls: what mutations did, in order."""

    limits: GatewayLimits = field(default_factory=GatewayLimits)
    calls: list[str] = field(default_factory=list)
    air: Callable[[str], Any] = lambda code: {"aqi": 40 if code == "110101" else 90, "label": None, "advice": "go out"}

    def __post_init__(self) -> None:
        self.transports = {
            name: Recorded(LocalTransport(schema=build()))
            for name, build in {"identity": self._identity, "air": self._air, "code": self._code}.items()
        }
        self.engine = Engine(supergraph=Supergraph.parse(CITY), transports=dict(self.transports), limits=self.limits)

    async def ask(
        self,
        query: str,
        *,
        principal: Principal = ANONYMOUS,
        variables: dict[str, Any] | None = None,
        locale: Locale = Locale.EN,
        operation_name: str | None = None,
    ) -> Answer:
        context = Context(request_id="req-1", principal=principal, locale=locale)
        return await self.engine.execute(
            query=query, variables=variables, operation_name=operation_name, context=context
        )

    def asked(self) -> list[str]:
        """Which subgraphs were called, how often."""
        return sorted(name for name, transport in self.transports.items() for _ in transport.requests)

    def _identity(self) -> GraphQLSchema:
        def citizen(key: str) -> dict[str, Any]:
            return {"__typename": "Citizen", **CITIZENS[key]}

        def rename(source: Any, info: Any, id: str, name: str) -> dict[str, Any]:
            self.calls.append(f"rename {id}")
            return {**citizen(id), "name": name}

        def node(source: Any, info: Any, id: str) -> dict[str, Any] | None:
            if id == "o1":
                return {"__typename": "Officer", "id": "o1", "ref": "r1", "badge": "DC-0312"}
            return citizen(id) if id in CITIZENS else None

        def reference(made: dict[str, Any]) -> Any:
            if made["__typename"] == "District":
                return {"__typename": "District", "code": made["code"]}
            if made["__typename"] == "Officer":
                return {"__typename": "Officer", "id": "o1", "ref": made["ref"], "badge": "DC-0312"}
            return citizen(made["id"]) if made["id"] in CITIZENS else None

        return subgraph(
            (FIXTURES / "city" / "identity.graphql").read_text(encoding="utf-8"),
            {
                "Query.me": lambda source, info: citizen("c1"),
                "Query.citizens": lambda source, info: [citizen(key) for key in CITIZENS],
                "Query.districts": lambda source, info: [{"code": code} for code in DISTRICTS],
                "Query.search": lambda source, info, text, limit: [
                    citizen("c1"),
                    {"__typename": "District", "code": "110101"},
                ][:limit],
                "Query.node": node,
                "Query.numbers": lambda source, info: {
                    "big": 9007199254740993,
                    "matrix": [[1, None], None, []],
                    "strict": [[1, 2], [3]],
                },
                "Citizen.home": lambda source, info: {"code": source["home"]},
                "District.name": lambda source, info: DISTRICTS[source["code"]],
                "Mutation.rename": rename,
            },
            reference,
        )

    def _air(self) -> GraphQLSchema:
        return subgraph(
            (FIXTURES / "city" / "air.graphql").read_text(encoding="utf-8"),
            {
                "Query.stations": lambda source, info: [
                    {"code": f"s{code}", "district": {"code": code}} for code in DISTRICTS
                ],
                "District.air": lambda source, info: self.air(source["code"]),
                "District.airAt": lambda source, info, hour: {"aqi": hour, "label": f"{hour}:00", "advice": "wait"},
                "District.perHead": lambda source, info: source["population"] / 100,
                "District.stations": lambda source, info: [{"code": f"s{source['code']}", "district": source}],
            },
            lambda made: made,
        )

    def _code(self) -> GraphQLSchema:
        def scan(source: Any, info: Any, text: str) -> dict[str, Any]:
            self.calls.append(f"scan {text}")
            return {"at": "now", "citizen": {"id": "c1"}, "officer": {"__typename": "Officer", "ref": "r1"}}

        def wipe(source: Any, info: Any) -> bool:
            self.calls.append("wipe")
            return True

        def scans(source: Any, info: Any, first: int) -> list[dict[str, Any]]:
            return [{"at": f"t{n}", "citizen": {"id": source["id"]}, "officer": None} for n in range(first)]

        return subgraph(
            (FIXTURES / "city" / "code.graphql").read_text(encoding="utf-8"),
            {
                "Query.ping": lambda source, info: "pong",
                "Mutation.scan": scan,
                "Mutation.wipe": wipe,
                "Citizen.code": lambda source, info: {"text": f"CC1:{source['id']}"},
                "Citizen.scans": scans,
                "District.population": lambda source, info: 700 if source["code"] == "110101" else 3400,
            },
            lambda made: made,
        )


@pytest.fixture
def city() -> City:
    return City()


def signed_in(*scopes: str) -> Principal:
    """A citizen (or, with scopes, whoever holds them)."""
    return Principal(kind=PrincipalKind.CITIZEN, actor="cit_1", subject="cit_1", scopes=frozenset(scopes))
