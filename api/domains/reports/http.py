"""The doors for photos: one that takes them in, one that shows them to whoever was given a link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import orjson
from aiohttp import web

from api.domains.reports.errors import PhotosBusy, PhotoTooLarge, PhotoTooSlow, PhotoUnsupported
from api.domains.reports.model import PHOTOS_MAX
from api.domains.reports.photos import MEDIA_PATH, Size
from api.domains.reports.pictures import BYTES_MAX
from api.domains.reports.service import Reports
from core.errors import NotFound
from core.graph import Context
from core.uploads import UnderWay, read_body

UPLOAD_PATH: Final = "/uploads/report-photos"
_MEDIA_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
_ARRIVES_WITHIN_S: Final = 30
_UPLOADS_AT_ONCE: Final = 16  # of one process, 10 MB each
_OF_ONE_PERSON: Final = PHOTOS_MAX


def routes(
    *,
    service: Reports,
    context: Callable[[web.Request], Awaitable[Context]],
    arrives_within_s: float = _ARRIVES_WITHIN_S,
) -> list[web.RouteDef]:
    """`POST /uploads/report-photos` with a photo as its body, and `GET /media/report-photos/{id}/{size}`."""
    under_way = UnderWay(_UPLOADS_AT_ONCE, _OF_ONE_PERSON, PhotosBusy)

    async def upload(request: web.Request) -> web.Response:
        principal = (await context(request)).principal
        service.require_uploader(principal)
        if request.content_type not in _MEDIA_TYPES or request.headers.get("Content-Encoding"):
            raise PhotoUnsupported()
        with under_way.one_more(principal.actor):
            raw = await read_body(
                request,
                bytes_max=BYTES_MAX,
                within_s=arrives_within_s,
                too_large=PhotoTooLarge(bytes_max=BYTES_MAX),
                too_slow=PhotoTooSlow(seconds_max=int(arrives_within_s)),
            )
            photo = await service.add_photo(principal=principal, raw=raw)
        links = {size.value: service.links.of(photo.id, size) for size in Size}
        answer = {"id": photo.id, "width": photo.width, "height": photo.height}
        return web.Response(
            body=orjson.dumps(answer | {"url": links[Size.FULL], "thumbnailUrl": links[Size.THUMBNAIL]}),
            status=201,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def show(request: web.Request) -> web.Response:
        photo_id, size = request.match_info["id"], request.match_info["size"]
        if size not in set(Size):
            raise NotFound(thing="photo")
        until, signature = request.query.get("until", ""), request.query.get("signature", "")
        seconds = service.links.seconds_left(photo_id, Size(size), until=until, signature=signature)
        jpeg = await service.photos.jpeg(photo_id, Size(size), now=service.clock.now()) if seconds else None
        if jpeg is None:
            raise NotFound(thing="photo")
        return web.Response(body=jpeg, content_type="image/jpeg", headers=_shown_for(seconds))

    return [web.post(UPLOAD_PATH, upload), web.get(f"{MEDIA_PATH}/{{id}}/{{size}}", show)]


def _shown_for(seconds: int) -> dict[str, str]:
    return {
        "Cache-Control": f"private, max-age={seconds}, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline",
    }
