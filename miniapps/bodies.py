"""JSON that strangers send: read whole, within bounds and in time, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from core.errors import BadInput
from core.uploads import read_body

BYTES_MAX: Final = 256 * 1024
TEXT_LENGTH_MAX: Final = 128
_ARRIVES_WITHIN_S: Final = 10


async def json_body(request: web.Request) -> Mapping[str, Any]:
    """The object that a request brings. Raises: BadInput."""
    if request.content_type != "application/json":
        raise BadInput(field="content-type", problem="must be application/json")
    raw = await read_body(
        request,
        bytes_max=BYTES_MAX,
        within_s=_ARRIVES_WITHIN_S,
        too_large=BadInput(field="body", problem=f"must be at most {BYTES_MAX} bytes"),
        too_slow=BadInput(field="body", problem=f"must arrive within {_ARRIVES_WITHIN_S} s"),
    )
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as fault:
        raise BadInput(field="body", problem="must be JSON") from fault
    if not isinstance(body, dict):
        raise BadInput(field="body", problem="must be an object")
    return body


def text_of(body: Mapping[str, Any], name: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
    """A member that must be there. Raises: BadInput."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= length_max:
        raise BadInput(field=name, problem=f"must be a text of 1 to {length_max} characters")
    return value


def optional_text(body: Mapping[str, Any], name: str, *, length_max: int = TEXT_LENGTH_MAX) -> str | None:
    """The same, or None where it is not there. Raises: BadInput."""
    return None if body.get(name) is None else text_of(body, name, length_max=length_max)
