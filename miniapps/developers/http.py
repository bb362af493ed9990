"""The open platform's doors for tools and backends to come to their tokens by, and where everything is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson
from aiohttp import web

from core.errors import DomainError, Kind
from core.oauth import OAuthError, read_form
from miniapps.developers.granting import TOKEN_PATH, Granting
from miniapps.errors import TooOften
from miniapps.releases.http import KEYS_PATH, REVOCATIONS_PATH

DEVICE_PATH: Final = "/open/device"
DISCOVERY_PATH: Final = "/.well-known/city-open"
_FOR_A_WHILE: Final = "public, max-age=300"
_ANYBODY: Final = {"Access-Control-Allow-Origin": "*"}

AddressOf: TypeAlias = Callable[[web.Request], str]
Verb: TypeAlias = Callable[[Mapping[str, str], str], Awaitable[dict[str, Any]]]


def routes(
    granting: Granting,
    *,
    address: AddressOf,
    log_origin: str,
    log_keys: Callable[[], Sequence[str]],
    webhook_keys: Callable[[], Sequence[str]] = tuple,
    sandbox: bool = False,
) -> list[web.RouteDef]:
    """log_keys, webhook_keys: those that are good now, as text, the active one first. sandbox: whether the city is one,
    with test citizens.
    """

    async def begin(form: Mapping[str, str], caller: str) -> dict[str, Any]:
        return await granting.begin(form, address=caller)

    async def token(form: Mapping[str, str], caller: str) -> dict[str, Any]:
        return await granting.answer(form, address=caller)

    async def discovery(_: web.Request) -> web.Response:
        told = {
            **discovered(granting.issuer),
            "tlog": {"origin": log_origin, "keys": list(log_keys())},
            "webhook_keys": list(webhook_keys()),
            "sandbox": sandbox,
        }
        return _json(told, headers={"Cache-Control": _FOR_A_WHILE, **_ANYBODY})

    return [
        web.post(DEVICE_PATH, _answered(begin, address)),
        web.post(TOKEN_PATH, _answered(token, address)),
        web.get(DISCOVERY_PATH, discovery),
    ]


def discovered(issuer: str) -> dict[str, Any]:
    """Where things are. Source: RFC 8414, for the names that it has."""
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}{TOKEN_PATH}",
        "device_authorization_endpoint": f"{issuer}{DEVICE_PATH}",
        "packages_endpoint": f"{issuer}/open/packages",
        "backend_endpoint": f"{issuer}/open/v1",
        "graphql_endpoint": f"{issuer}/graphql",
        "jwks_uri": f"{issuer}{KEYS_PATH}",
        "revocations_uri": f"{issuer}{REVOCATIONS_PATH}",
    }


def _answered(verb: Verb, address: AddressOf) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A refusal in OAuth's own shape (RFC 6749 §5.2)."""

    async def view(request: web.Request) -> web.Response:
        try:
            return _json(await verb(await read_form(request), address(request)))
        except OAuthError as fault:
            return _json(fault.body, status=fault.status, headers=fault.headers)
        except TooOften as fault:
            body = {"error": "slow_down", "error_description": "too many requests"}
            return _json(body, status=429, headers={"Retry-After": str(fault.retry_after_s)})
        except DomainError as fault:
            if fault.kind is not Kind.UNAVAILABLE:
                raise
            body = {"error": "temporarily_unavailable", "error_description": "try again shortly"}
            return _json(body, status=503)

    return view


def _json(body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    told = {"Cache-Control": "no-store", **(headers or {})}
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json", headers=told)
