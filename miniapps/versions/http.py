"""The door for packages: `PUT /open/packages` with a signed package as its body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from core.errors import DomainError
from core.graph import Context
from core.uploads import UnderWay, read_body
from miniapps.open_replies import RequestId, refusal, reply
from miniapps.versions.errors import UploadsBusy, UploadTooLarge, UploadTooSlow
from miniapps.versions.service import Versions

UPLOAD_PATH: Final = "/open/packages"
BYTES_MAX: Final = 3 * 2**20
_ARRIVES_WITHIN_S: Final = 60
_AT_ONCE: Final = 8  # of one process, 3 MB each
_OF_ONE: Final = 2


def routes(
    versions: Versions,
    *,
    context: Callable[[web.Request], Awaitable[Context]],
    request_id: RequestId,
    arrives_within_s: float = _ARRIVES_WITHIN_S,
) -> list[web.RouteDef]:
    under_way = UnderWay(_AT_ONCE, _OF_ONE, UploadsBusy)

    async def upload(request: web.Request) -> web.Response:
        """201 with `{"upload", "bytes", "appId"}`; who may is asked before a byte of the body is read."""
        try:
            return await taken(request)
        except DomainError as fault:
            return refusal(fault, request, request_id(request))

    async def taken(request: web.Request) -> web.Response:
        authority = await versions.uploader((await context(request)).principal)
        with under_way.one_more(authority.organisation.id):
            package = await read_body(
                request,
                bytes_max=BYTES_MAX,
                within_s=arrives_within_s,
                too_large=UploadTooLarge(bytes_max=BYTES_MAX),
                too_slow=UploadTooSlow(seconds_max=int(arrives_within_s)),
            )
            kept = await versions.keep_package(authority=authority, package=package)
        return reply({"upload": kept.sha256, "bytes": len(package), "appId": kept.app_id}, status=201)

    return [web.put(UPLOAD_PATH, upload)]
