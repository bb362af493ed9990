"""The benchmark's four subgraphs in one process, each answer made once and remembered: `… DATA.json`.

A request costs a look into a dictionary: what waits for these subgraphs waits for its own gateway.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import uvloop
from graphql import GraphQLSchema, GraphQLUnionType, build_schema, graphql_sync

SUBGRAPHS_PORT = 4210
Row = dict[str, Any]

_ACCOUNTS = """
scalar _Any  union _Entity = User
type Query { users: [User] me: User _entities(representations: [_Any!]!): [_Entity]! }
type User { id: ID! name: String username: String birthday: Int }
"""
_INVENTORY = """
scalar _Any  union _Entity = Product
type Query { _entities(representations: [_Any!]!): [_Entity]! }
type Product { upc: String! inStock: Boolean shippingEstimate: Int }
"""
_PRODUCTS = """
scalar _Any  union _Entity = Product
type Query { topProducts(first: Int = 5): [Product] _entities(representations: [_Any!]!): [_Entity]! }
type Product { upc: String! name: String price: Int weight: Int }
"""
_REVIEWS = """
scalar _Any  union _Entity = Product | User | Review
type Query { _entities(representations: [_Any!]!): [_Entity]! }
type Review { id: ID! body: String product: Product author: User }
type Product { upc: String! reviews: [Review] }
type User { id: ID! username: String reviews: [Review] }
"""


def subgraphs(data: Mapping[str, list[Row]]) -> dict[str, GraphQLSchema]:
    users = {row["id"]: row for row in data["users"]}
    products = {row["upc"]: row for row in data["products"]}
    in_stock = {row["upc"]: row["in_stock"] for row in data["inventory"]}
    reviews = data["reviews"]

    def shipping(product: Row, info: Any) -> int | None:
        if product.get("price") is None:
            return None
        return 0 if product["price"] > 1000 else round(product["weight"] * 0.5)

    return {
        "accounts": _schema(
            _ACCOUNTS,
            lambda key: {**users[key["id"]], "__typename": "User"},
            {"Query.users": lambda _, info: data["users"], "Query.me": lambda _, info: data["users"][0]},
        ),
        "inventory": _schema(
            _INVENTORY,
            lambda key: key,
            {"Product.shippingEstimate": shipping, "Product.inStock": lambda product, info: in_stock[product["upc"]]},
        ),
        "products": _schema(
            _PRODUCTS,
            lambda key: {**products[key["upc"]], "__typename": "Product"},
            {"Query.topProducts": lambda _, info, first: data["products"][:first]},
        ),
        "reviews": _schema(
            _REVIEWS,
            lambda key: key,
            {
                "Review.author": lambda review, info: users["1"],
                "Product.reviews": lambda p, info: [r for r in reviews if r["product"]["upc"] == p["upc"]],
                "User.reviews": lambda user, info: reviews[:2],
            },
        ),
    }


def _schema(sdl: str, entity: Callable[[Row], Row], resolvers: Mapping[str, Callable[..., Any]]) -> GraphQLSchema:
    schema = build_schema(sdl)
    union = schema.type_map["_Entity"]
    assert isinstance(union, GraphQLUnionType)
    union.resolve_type = lambda value, info, kind: value["__typename"]
    every = {"Query._entities": lambda _, info, representations: [entity(key) for key in representations], **resolvers}
    for coordinate, resolve in every.items():
        type_name, field_name = coordinate.split(".")
        schema.type_map[type_name].fields[field_name].resolve = resolve  # type: ignore[attr-defined]
    return schema


class Memory:
    """answers: whole HTTP responses by path and body."""

    def __init__(self, schemas: Mapping[str, GraphQLSchema]) -> None:
        self.schemas = schemas
        self.answers: dict[tuple[bytes, bytes], bytes] = {}
        self.count = 0

    def answer(self, path: bytes, body: bytes) -> bytes:
        if path == b"/count":
            return _response(str(self.count).encode())
        self.count += 1
        found = self.answers.get((path, body))
        if found is None:
            found = self.answers[path, body] = _response(self._executed(path, body))
        return found

    def _executed(self, path: bytes, body: bytes) -> bytes:
        asked = json.loads(body)
        schema = self.schemas[path.decode().strip("/")]
        result = graphql_sync(schema, asked["query"], variable_values=asked.get("variables"))
        return json.dumps(result.formatted).encode()


def _response(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


_LENGTH = re.compile(rb"content-length: *(\d+)", re.I)


class Connection(asyncio.Protocol):
    """HTTP/1.1 with a length or in chunks, as much of it as gateways use."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (taken := self._one()) is not None:
            self.transport.write(self.memory.answer(*taken))

    def _one(self) -> tuple[bytes, bytes] | None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head, rest = self.buffer[:end], self.buffer[end + 4 :]
        path = head.split(b" ", 2)[1]
        if b"chunked" in head.lower():
            return self._chunked(path, rest)
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        if len(rest) < length:
            return None
        self.buffer = rest[length:]
        return path, rest[:length]

    def _chunked(self, path: bytes, rest: bytes) -> tuple[bytes, bytes] | None:
        body = b""
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                return None
            body, rest = body + rest[:length], rest[length + 2 :]
            if not length:
                self.buffer = rest
                return path, body
        return None


async def main(data: Mapping[str, list[Row]]) -> None:
    memory = Memory(subgraphs(data))
    server = await asyncio.get_running_loop().create_server(lambda: Connection(memory), "127.0.0.1", SUBGRAPHS_PORT)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(json.loads(Path(sys.argv[1]).read_text())))
