"""How the doors under `/open/` answer and refuse. Source: docs/sdk/backend-api.md.

Refusals are JSON of one shape, with the number that the bridge has for the same trouble; they never hold a code, a
token or a phone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import orjson
from aiohttp import web

from core.errors import DomainError, Kind
from core.locale import negotiate

_ERRNO: Final = {"BAD_USER_INPUT": 1005, "MINIAPPS_TOO_OFTEN": 1006, "MINIAPPS_DOCUMENT_UNKNOWN": 1301}
_ERRNO_WHY: Final = {"manifest": 1103, "review": 1104, "consent": 1105, "context": 1106, "quota": 1007, "policy": 1108}
_SHAPE: Final = "docs/errors.md"

Json: TypeAlias = Mapping[str, Any]
# Names a request, to quote when asking for help.
RequestId: TypeAlias = Callable[[web.Request], str]


def reply(told: Json, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(told),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def refusal(fault: DomainError, request: web.Request, request_id: str) -> web.Response:
    fields = fault.public_fields
    errno = _ERRNO_WHY.get(str(fields.get("why", ""))) or _ERRNO.get(fault.code)
    error = {
        "code": fault.code,
        "message": fault.message_in(negotiate(request.headers.get("Accept-Language"))),
        "requestId": request_id,
        "docs": f"{_SHAPE}#{fault.code.lower()}",
        **({"errno": errno} if errno else {}),
        **({"fields": fields} if fields else {}),
    }
    headers: dict[str, str] = {}
    if fault.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if (seconds := fields.get("retry_after_s")) is not None:
        headers["Retry-After"] = str(seconds)
    return reply({"error": error}, status=fault.http_status, headers=headers)
