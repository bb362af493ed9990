"""A photo as it is kept: drawn anew from its pixels, so that nothing else of the upload survives.

Rules
- The first bytes must be those of JPEG, PNG or WebP; only that one decoder is tried.
- The size in pixels is read from the header and bounded before a pixel is decoded, and so is how often a JPEG goes
  over its pixels: each of its scans may take 60 bytes and 50 ms.
- What is written is a new JPEG: no EXIF, no profile, no comment, no trailing bytes, the right way up.
- Where a photo says it was taken is told to the caller and is not in the picture any more.
"""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from math import ceil
from typing import Any, Final

from PIL import Image, ImageOps

from api.domains.reports.errors import PhotoBroken, PhotosBusy, PhotoTooManyPixels, PhotoUnsupported
from core.errors import BadInput
from core.geo import Point

BYTES_MAX: Final = 10 * 2**20
PIXELS_MAX: Final = 40_000_000
SCANS_MAX: Final = 32  # a camera's progressive JPEG has about ten
LONGEST_SIDE: Final = 1600
THUMBNAIL_SIDE: Final = 320
_QUALITY: Final = 82
_GPS: Final = 0x8825
_END, _SCAN = 0xD9, 0xDA
# A marker that ends the picture or is followed by its segment's length; 00 and FF stand for data, D0 to D7 for nothing.
_MARKER: Final = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")
# Pillow's own last line of defence; a warning of it is a refusal here.
Image.MAX_IMAGE_PIXELS = PIXELS_MAX
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Picture:
    """jpeg: at most 1600 pixels a side. thumbnail: at most 320. hash: 64 bits, near for pictures that look alike.

    taken_at: where the camera says it was, if it does.
    """

    jpeg: bytes = field(repr=False)
    thumbnail: bytes = field(repr=False)
    width: int
    height: int
    hash: int = field(repr=False)
    taken_at: Point | None = field(default=None, repr=False)


def format_of(raw: bytes) -> str | None:
    """The format that the first bytes tell of, as Pillow calls it; None for any other."""
    if raw.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "WEBP"
    return None


def scans_of(jpeg: bytes) -> int:
    """How often a JPEG goes over its pixels. Source: ITU-T T.81, annex B."""
    scans, at = 0, 2
    while (marker := _MARKER.search(jpeg, at)) and marker[1][0] != _END:
        scans += marker[1][0] == _SCAN
        at = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2])
    return scans


def develop(raw: bytes) -> Picture:
    """Draw the photo anew. Takes some 50 ms of one core for a phone's photo.

    Raises: PhotoUnsupported, PhotoTooManyPixels, PhotoBroken.
    """
    kind = format_of(raw)
    if kind is None:
        raise PhotoUnsupported()
    if kind == "JPEG" and scans_of(raw) > SCANS_MAX:
        raise PhotoBroken()
    try:
        return _drawn(raw, kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise PhotoTooManyPixels(pixels_max=PIXELS_MAX) from fault
    except PhotoTooManyPixels:
        raise
    except Exception as fault:  # a decoder that is fed what strangers send may raise anything
        raise PhotoBroken() from fault


def _drawn(raw: bytes, kind: str) -> Picture:
    with Image.open(BytesIO(raw), formats=[kind]) as source:
        width, height = source.size
        if width * height > PIXELS_MAX:
            raise PhotoTooManyPixels(pixels_max=PIXELS_MAX)
        taken_at = _taken_at(source)
        shrunk = min(1.0, LONGEST_SIDE / max(width, height))
        source.draft(None, (ceil(width * shrunk), ceil(height * shrunk)))  # a JPEG is decoded no larger than needed
        source.load()
        picture = _upright(source)
    small = picture.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return Picture(_jpeg(picture), _jpeg(small), picture.width, picture.height, difference_hash(small), taken_at)


def _upright(source: Image.Image) -> Image.Image:
    """Scaled down, on white, the right way up, and with nothing beside its pixels."""
    orientation = source.getexif().get(0x0112)
    source.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
    flat = Image.new("RGB", source.size, "white")
    if source.mode in ("RGBA", "LA", "PA", "P"):
        rgba = source.convert("RGBA")
        flat.paste(rgba, mask=rgba)
    elif source.mode.startswith("I;16"):
        flat.paste(source.point(lambda level: level / 256).convert("L").convert("RGB"))
    else:
        flat.paste(source.convert("RGB"))
    if orientation in range(2, 9):
        flat.getexif()[0x0112] = orientation
        flat = ImageOps.exif_transpose(flat)
    flat.info.clear()
    return flat


def _jpeg(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def difference_hash(picture: Image.Image) -> int:
    """dHash: in a picture of 9 by 8 greys, whether each is darker than its right neighbour.

    Source: hackerfactor.com, "Kind of Like That" (2013).
    """
    grey = picture.convert("L").resize((9, 8), Image.Resampling.LANCZOS).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            left, right = grey[row * 9 + column], grey[row * 9 + column + 1]
            bits = bits << 1 | (left < right)
    return bits


def _taken_at(source: Image.Image) -> Point | None:
    """Where the camera says it was; None when it does not, or says nonsense."""
    try:
        gps: Mapping[int, Any] = source.getexif().get_ifd(_GPS)
        latitude, longitude = _degrees(gps[2], gps[1], "S"), _degrees(gps[4], gps[3], "W")
        return Point.of(longitude=longitude, latitude=latitude)
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError, BadInput):
        return None


def _degrees(parts: Any, reference: str, negative: str) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    size = degrees + minutes / 60 + seconds / 3600
    return -size if reference == negative else size


class Darkroom:
    """Develops photos beside the event loop: a few at a time, a bounded queue, a bounded time.

    at_once: decodes of this process that run at a time; each may take 160 MB. waiting_max: uploads that may wait.
    timeout_s: after this the upload is refused; its decode ends by itself and keeps its place until then.
    """

    def __init__(self, *, at_once: int = 2, waiting_max: int = 16, timeout_s: float = 10.0) -> None:
        self._pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="photos")
        self._free = at_once + waiting_max
        self._timeout_s = timeout_s

    async def develop(self, raw: bytes) -> Picture:
        """Raises: what `develop` raises, PhotosBusy."""
        if self._free <= 0:
            raise PhotosBusy()
        self._free -= 1
        work = asyncio.get_running_loop().run_in_executor(self._pool, develop, raw)
        work.add_done_callback(self._give_back)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.shield(work)
        except TimeoutError as fault:
            raise PhotosBusy() from fault

    def _give_back(self, work: asyncio.Future[Picture]) -> None:
        self._free += 1
        if not work.cancelled():
            work.exception()  # looked at, also when nobody waits for it any more
