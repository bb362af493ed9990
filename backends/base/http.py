"""Bodies that come in whole and in time, and answers in one shape."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import aiohttp
import orjson
from aiohttp import web

from backends.base.errors import Refusals
from core.errors import BadInput, DomainError
from core.locale import negotiate

BODY_TIMEOUT_S: Final = 10


async def body_of(request: web.Request, *, bytes_max: int, refusals: Refusals) -> bytes:
    """The whole body, unpacked, when it is no larger than `bytes_max` and comes in time.

    Raises: the backend's BodyTooLarge, BodyTooSlow, BodyMalformed.
    """
    if (request.content_length or 0) > bytes_max:
        raise refusals.body_too_large(bytes_max=bytes_max)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            body = await request.read()
    except web.HTTPRequestEntityTooLarge as fault:
        raise refusals.body_too_large(bytes_max=bytes_max) from fault
    except TimeoutError as fault:
        raise refusals.body_too_slow(seconds_max=BODY_TIMEOUT_S) from fault
    except (web.RequestPayloadError, aiohttp.http.HttpProcessingError) as fault:
        raise refusals.body_malformed(problem="it is cut off, or not packed as Content-Encoding says") from fault
    if len(body) > bytes_max:
        raise refusals.body_too_large(bytes_max=bytes_max)
    return body


def json_of(body: bytes) -> object:
    """Raises: BadInput."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise BadInput(field="body", problem="is not JSON") from fault


def reply(body: object, *, status: int = 200, content_type: str = "application/json") -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type=content_type)


def refusal_of(request: web.Request, refusal: DomainError) -> web.Response:
    """A refusal as JSON, in the language that the request asks for."""
    message = refusal.message_in(negotiate(request.headers.get("Accept-Language")))
    errors: list[dict[str, Any]] = [{"message": message, "extensions": refusal.extensions}]
    return reply({"errors": errors}, status=refusal.http_status)
