"""What every room's GraphQL door shares: the request's context, access directives, Relay connections.

A resolver reaches its room's service by type: `info.context.service(Identity)`. The context is made once a
request by the HTTP door and is the same object for every in-process subgraph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NewType, TypeAlias, TypeVar, cast

import strawberry
from graphql import GraphQLSchema
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet
from strawberry.schema.config import StrawberryConfig
from strawberry.schema_directive import Location

from core.departments import DEPARTMENTS
from core.errors import BadInput
from core.geo import Point
from core.locale import DEFAULT_LOCALE, Locale
from core.money import Money
from core.paging import Page, encode_cursor
from core.principal import ANONYMOUS, Principal
from core.references import Schema

S = TypeVar("S")
T = TypeVar("T")
U = TypeVar("U")

# The composer takes Federation up to 2.9; Strawberry's default is newer and is refused.
FEDERATION_VERSION: Final = "2.9"
ACCESS_SPEC = "https://citytong.dev/access/v1.0"


@dataclass(frozen=True, slots=True)
class Client:
    """The program that sent a request, as far as limits and session lists need it.

    address: the peer's IP address. device_id: chosen by the device, kept by it, at most 64 characters.
    jkt: thumbprint of the key that it proved to hold with this request (RFC 9449); empty where it proved none.
    """

    address: str = ""
    device_id: str = ""
    jkt: str = ""


# Not frozen, since one is made for every request: a frozen one takes twice as long to make.
@dataclass(slots=True)
class Context:
    """One request, as resolvers and the gateway see it. Nobody changes it."""

    request_id: str
    principal: Principal = ANONYMOUS
    locale: Locale = DEFAULT_LOCALE
    client: Client = Client()
    services: Mapping[type, object] = field(default_factory=dict, repr=False)
    _kept: dict[str, object] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, make: Callable[[], S]) -> S:
        """What `make` made when `name` was first asked for in this request: the loaders that batch reads."""
        if name not in self._kept:
            self._kept[name] = make()
        return cast(S, self._kept[name])

    def service(self, kind: type[S]) -> S:
        """The room's service that the roof put here."""
        return cast(S, self.services[kind])

    def headers(self) -> dict[str, str]:
        """What a subgraph over HTTP is told: never the caller's credentials."""
        return {"x-request-id": self.request_id, "accept-language": self.locale.value}


Info: TypeAlias = strawberry.Info[Context, None]


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """What a client asks over HTTP. Source: github.com/graphql/graphql-over-http, spec §5.1."""

    query: str
    variables: Mapping[str, Any] | None
    operation_name: str | None

    @classmethod
    def of(cls, body: object) -> GraphQLRequest:
        """From decoded JSON. Raises: BadInput."""
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            raise BadInput(field="query", problem="must be a string in a JSON object")
        variables, name = body.get("variables"), body.get("operationName")
        if variables is not None and not isinstance(variables, dict):
            raise BadInput(field="variables", problem="must be an object")
        if name is not None and not isinstance(name, str):
            raise BadInput(field="operationName", problem="must be a string")
        extensions = body.get("extensions")
        if extensions is not None and not isinstance(extensions, dict):
            raise BadInput(field="extensions", problem="must be an object")
        return cls(body["query"], variables, name)


@strawberry.federation.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    name="public",
    compose=True,
    import_url=ACCESS_SPEC,
)
class Public:
    """Anyone may read this, signed in or not. Said on purpose: a field without any access rule fails the checks."""


@strawberry.federation.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT, Location.INTERFACE],
    name="personal",
    compose=True,
    import_url=ACCESS_SPEC,
)
class Personal:
    """Personal information. `level` is its grade, 1 to 4; the gateway masks it for who has no clearance for that.

    class_: its kind, one of IDENTITY, CONTACT, WHEREABOUTS, DEVICE, HEALTH, PROPERTY. mask: in which form of
    `core.masking` a text is shown masked, one of NAME, PHONE, ID_NUMBER, EMAIL, ADDRESS, TEXT (which is ***, and meant
    where none is said).
    own: nobody but the person it is about is ever given it, so it is never masked. On a type, the label of each of its
    fields that has none, but ids.

    Source: GB/T 43697-2024 appendix B (classes), GB/T 35273-2020.
    """

    class_: str = strawberry.directive_field(name="class")
    level: int = strawberry.directive_field(name="level")
    mask: str | None = strawberry.directive_field(name="mask", default=strawberry.UNSET)
    own: bool | None = strawberry.directive_field(name="own", default=strawberry.UNSET)


PUBLIC = Public()


def personal(class_: str, level: int, *, mask: str | None = None, own: bool = False) -> Personal:
    said: dict[str, Any] = {**({"mask": mask} if mask else {}), **({"own": True} if own else {})}
    return Personal(class_=class_, level=level, **said)


@strawberry.federation.type(description="Where a page stands in its list (Relay).", directives=[PUBLIC], shareable=True)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


Int64 = NewType("Int64", int)
_INT64 = strawberry.scalar(
    name="Int64",
    description="A whole number of up to 64 bits, as a JSON number.",
    serialize=int,
    parse_value=lambda value: _whole(value),
)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise BadInput(field="Int64", problem="must be a whole number of at most 64 bits")
    return value


@strawberry.federation.type(name="Money", description="An amount of money.", directives=[PUBLIC], shareable=True)
class MoneyType:
    amount: Int64 = strawberry.federation.field(description="In minor units (fen).")
    currency: str = strawberry.federation.field(description="ISO 4217.")
    text: str = strawberry.federation.field(description="As people read it: ¥1,234.50.")

    @classmethod
    def of(cls, money: Money) -> MoneyType:
        return cls(amount=Int64(money.amount), currency=money.currency, text=str(money))


@strawberry.federation.type(description="A point in WGS-84, in degrees.", directives=[PUBLIC], shareable=True)
class GeoPoint:
    longitude: float
    latitude: float

    @classmethod
    def of(cls, point: Point) -> GeoPoint:
        return cls(longitude=point.longitude, latitude=point.latitude)


@strawberry.input(description="A point in WGS-84, in degrees.")
class GeoPointInput:
    longitude: float
    latitude: float

    def point(self, field: str = "location") -> Point:
        """Raises: BadInput."""
        return Point.of(longitude=self.longitude, latitude=self.latitude, field=field)


@strawberry.federation.type(
    name="Department", description="A department of the city.", directives=[PUBLIC], shareable=True
)
class DepartmentType:
    code: strawberry.ID = strawberry.federation.field(description="Unified social credit code (GB 32100).")
    name: str = strawberry.federation.field(description="In the request's language.")

    @classmethod
    def of(cls, code: str, locale: Locale) -> DepartmentType:
        known = DEPARTMENTS.get(code)
        return cls(code=strawberry.ID(code), name=known.name.in_(locale) if known else code)


# Whose cards another room shows by their key alone; identity fills them, for whom they are meant.
@strawberry.federation.type(
    name="MaskedPerson",
    keys=[Key(fields=FieldSet("ref"), resolvable=False)],
    description="What an officer may see of a person.",
)
class MaskedPersonKey:
    ref: strawberry.ID = strawberry.federation.field(authenticated=True, inaccessible=True)


@strawberry.federation.type(
    name="StaffCard",
    keys=[Key(fields=FieldSet("ref"), resolvable=False)],
    description="What a citizen may see of an officer.",
)
class StaffCardKey:
    ref: strawberry.ID = strawberry.federation.field(authenticated=True, inaccessible=True)


@strawberry.type(description="One row of a list with its cursor.", directives=[PUBLIC])
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type(description="One page of a list, forwards by cursor.", directives=[PUBLIC])
class Connection(Generic[T]):
    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo


def connection_of(page: Page[U], of: Callable[[U], T]) -> Connection[T]:
    """A GraphQL connection of a service's page; `of` makes the node."""
    nodes = [of(row) for row in page.rows]
    cursors = [encode_cursor(key) for key in page.keys]
    return Connection(
        edges=[Edge(cursor=c, node=n) for c, n in zip(cursors, nodes, strict=True)],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
    )


def build_schema(
    *,
    query: type | None = None,
    mutation: type | None = None,
    subscription: type | None = None,
    types: Iterable[type] = (),
) -> Schema:
    """A room's Federation 2 subgraph."""
    return Schema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=types,
        federation_version=FEDERATION_VERSION,
        config=StrawberryConfig(auto_camel_case=True, scalar_map={Int64: _INT64}),
    )


def graphql_core_schema(schema: strawberry.federation.Schema) -> GraphQLSchema:
    """The executable graphql-core schema under a Strawberry one."""
    return schema._schema


def sdl(schema: strawberry.federation.Schema) -> str:
    """The subgraph's SDL as it is committed and composed, with one newline at its end."""
    return schema.as_str().rstrip() + "\n"
