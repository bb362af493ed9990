"""The doors for photos: one that takes them in, one that shows them to whoever was given a link."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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

UPLOAD_PATH: Final = "/uploads/report-photos"
_MEDIA_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
_ARRIVES_WITHIN_S: Final = 30
_UPLOADS_AT_ONCE: Final = 16  # of one process, 10 MB each
_OF_ONE_PERSON: Final = PHOTOS_MAX
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """The uploads of this process: all together, and of one person, who must not take every place by being slow."""

    by_person: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def one_more(self, person: str) -> Iterator[None]:
        """Raises: PhotosBusy."""
        if self.by_person.total() >= _UPLOADS_AT_ONCE or self.by_person[person] >= _OF_ONE_PERSON:
            raise PhotosBusy()
        self.by_person[person] += 1
        try:
            yield
        finally:
            self.by_person[person] -= 1
            if not self.by_person[person]:
                del self.by_person[person]


def routes(
    *,
    service: Reports,
    context: Callable[[web.Request], Awaitable[Context]],
    arrives_within_s: float = _ARRIVES_WITHIN_S,
) -> list[web.RouteDef]:
    """`POST /uploads/report-photos` with a photo as its body, and `GET /media/report-photos/{id}/{size}`."""
    under_way = _UnderWay()

    async def upload(request: web.Request) -> web.Response:
        principal = (await context(request)).principal
        service.require_uploader(principal)
        if request.content_type not in _MEDIA_TYPES or request.headers.get("Content-Encoding"):
            raise PhotoUnsupported()
        with under_way.one_more(principal.actor):
            raw = await _body(request, within_s=arrives_within_s)
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


async def _body(request: web.Request, *, within_s: float) -> bytes:
    """Raises: PhotoTooLarge, PhotoTooSlow."""
    if (request.content_length or 0) > BYTES_MAX:
        raise PhotoTooLarge(bytes_max=BYTES_MAX)
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            while chunk := await request.content.read(_CHUNK):
                body += chunk
                if len(body) > BYTES_MAX:
                    raise PhotoTooLarge(bytes_max=BYTES_MAX)
    except TimeoutError as fault:
        raise PhotoTooSlow(seconds_max=int(within_s)) from fault
    return bytes(body)
