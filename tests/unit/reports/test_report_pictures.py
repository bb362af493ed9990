"""What becomes of an upload: a new picture, or a refusal; never what was sent."""

from __future__ import annotations

import asyncio
import re
import struct
from io import BytesIO

import pytest
from PIL import Image, ImageOps

from api.domains.reports import pictures
from api.domains.reports.errors import PhotoBroken, PhotosBusy, PhotoTooManyPixels, PhotoUnsupported
from api.domains.reports.pictures import Darkroom, develop, difference_hash
from core.errors import DomainError
from core.geo import Point, distance_m
from tests.unit.reports.reporting import bomb, encoded, jpeg, street, with_gps

SCRIPT = b"<script>alert(1)</script>"
ZIP = b"PK\x03\x04" + bytes(64)


def opened(raw: bytes) -> Image.Image:
    picture = Image.open(BytesIO(raw))
    picture.load()
    return picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_becomes_a_jpeg_and_a_thumbnail(kind: str) -> None:
    made = develop(encoded(street(size=(3000, 2000)), kind))
    full, small = opened(made.jpeg), opened(made.thumbnail)
    assert (full.format, full.size, small.format, small.size) == ("JPEG", (1600, 1067), "JPEG", (320, 213))
    assert (made.width, made.height, made.taken_at) == (1600, 1067, None)


def test_a_small_photo_is_not_blown_up() -> None:
    assert opened(develop(jpeg(street(size=(100, 50)))).jpeg).size == (100, 50)


def test_nothing_of_the_camera_survives_but_the_place_is_told() -> None:
    point = Point(116.4167, 39.9289)
    raw = with_gps(point)
    assert b"SECRET-CAMERA" in raw
    assert b"SECRET-COMMENT" in raw
    made = develop(raw)
    for kept in (made.jpeg, made.thumbnail):
        assert b"SECRET" not in kept
        assert b"Exif" not in kept
        assert dict(opened(kept).getexif()) == {}
    assert made.taken_at is not None
    assert distance_m(made.taken_at, point) < 1


def test_gps_that_says_nonsense_is_no_place() -> None:
    exif = Image.Exif()
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (999.0, 0.0, 0.0), "E", (0.0, 0.0, 0.0)
    assert develop(jpeg(exif=exif)).taken_at is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_kept_the_right_way_up(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying = Image.new("RGB", (200, 100), "white")
    lying.paste((200, 0, 0), (0, 0, 100, 50))
    upright = opened(jpeg(lying, exif=exif, quality=95))
    wanted = ImageOps.exif_transpose(upright)
    made = opened(develop(jpeg(lying, exif=exif, quality=95)).jpeg)
    assert made.size == wanted.size
    apart = [abs(a - b) for a, b in zip(made.convert("L").tobytes(), wanted.convert("L").tobytes(), strict=True)]
    assert sum(apart) / len(apart) < 3


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK", "I;16"])
def test_every_kind_of_pixel_comes_out_as_colours(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    picture = Image.new("I;16", (64, 48)) if mode == "I;16" else street(size=(64, 48)).convert(mode)
    made = opened(develop(encoded(picture, kind)).jpeg)
    assert (made.mode, made.size) == ("RGB", (64, 48))


def test_what_is_seen_through_is_white() -> None:
    clear = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    assert opened(develop(encoded(clear, "PNG")).jpeg).getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize(
    "raw",
    [
        jpeg() + SCRIPT + ZIP,
        encoded(street(), "PNG") + SCRIPT + ZIP,
        encoded(street(), "WEBP") + SCRIPT + ZIP,
        jpeg(comment=SCRIPT),
    ],
    ids=["jpeg", "png", "webp", "comment"],
)
def test_a_polyglot_loses_its_other_tongue(raw: bytes) -> None:
    made = develop(raw)
    for kept in (made.jpeg, made.thumbnail):
        assert SCRIPT not in kept
        assert b"PK\x03\x04" not in kept
        assert kept.endswith(b"\xff\xd9")


def test_sixteen_bits_of_grey_are_as_bright_as_eight() -> None:
    deep = Image.new("I;16", (64, 48), 0x8000)
    assert opened(develop(encoded(deep, "PNG")).jpeg).getpixel((10, 10)) == (128, 128, 128)


def endless_passes(times: int) -> bytes:
    """A progressive JPEG whose smallest scan comes again and again: 60 bytes more are a whole pass over its pixels."""
    raw = jpeg(progressive=True)
    starts = [at.start() for at in re.finditer(rb"\xff\xda", raw)]
    scans = [raw[start:end] for start, end in zip(starts, [*starts[1:], len(raw) - 2], strict=True)]
    return raw[:-2] + min(scans[1:], key=len) * times + raw[-2:]


def test_a_progressive_photo_is_a_photo_and_what_follows_its_end_is_not_looked_at() -> None:
    raw = endless_passes(0)
    assert raw == jpeg(progressive=True)
    count = pictures.scans_of(raw)
    assert 5 < count < 15
    assert pictures.scans_of(endless_passes(3)) == count + 3
    assert pictures.scans_of(raw + b"\xff\xda" * 100) == count
    assert pictures.scans_of(jpeg(comment=b"\xff\xda" * 100)) == 1
    assert develop(raw + b"\xff\xda" * 100).width == 640
    assert develop(endless_passes(pictures.SCANS_MAX - count)).width == 640


def oversized_webp() -> bytes:
    """16383 × 16383, the most that the header can say."""
    bits = struct.pack("<I", 0x3FFE | 0x3FFE << 14)
    vp8l = b"VP8L" + struct.pack("<I", 6) + b"\x2f" + bits + b"\0"
    return b"RIFF" + struct.pack("<I", 4 + len(vp8l)) + b"WEBP" + vp8l


HOSTILE: dict[str, tuple[bytes, type[DomainError]]] = {
    "empty": (b"", PhotoUnsupported),
    "gif": (encoded(street(), "GIF"), PhotoUnsupported),
    "bmp": (encoded(street(), "BMP"), PhotoUnsupported),
    "tiff": (encoded(street(), "TIFF"), PhotoUnsupported),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", PhotoUnsupported),
    "html": (b"<!doctype html>" + SCRIPT, PhotoUnsupported),
    "zip": (ZIP, PhotoUnsupported),
    "zip-before-jpeg": (ZIP + jpeg(), PhotoUnsupported),
    "gif-that-says-jpeg": (b"\xff\xd8\xff" + encoded(street(), "GIF"), PhotoBroken),
    "html-that-says-png": (b"\x89PNG\r\n\x1a\n" + SCRIPT, PhotoBroken),
    "html-that-says-webp": (b"RIFF\xff\xff\xff\xffWEBP" + SCRIPT, PhotoBroken),
    "jpeg-cut-off": (jpeg()[: len(jpeg()) // 2], PhotoBroken),
    "png-cut-off": (encoded(street(), "PNG")[:-200], PhotoBroken),
    "webp-cut-off": (encoded(street(), "WEBP")[:-200], PhotoBroken),
    "magic-only": (b"\xff\xd8\xff", PhotoBroken),
    "jpeg-of-many-passes": (endless_passes(pictures.SCANS_MAX), PhotoBroken),
    "bomb": (bomb(), PhotoTooManyPixels),
    "a-little-too-large": (bomb(7000), PhotoTooManyPixels),
    "webp-bomb": (oversized_webp(), PhotoTooManyPixels),
}


@pytest.mark.parametrize(("raw", "refusal"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_photo_is_refused(raw: bytes, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        develop(raw)


def test_a_bomb_is_refused_before_a_pixel_of_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    with pytest.raises(PhotoTooManyPixels):
        develop(bomb())


def test_the_hash_survives_a_smaller_and_a_poorer_copy_and_tells_scenes_apart() -> None:
    scene = street(1, (1600, 1200))
    original = difference_hash(scene)
    for copy in (scene.resize((800, 600)), opened(jpeg(scene, quality=40))):
        assert (original ^ difference_hash(copy)).bit_count() <= 4
    assert all((original ^ difference_hash(street(seed, (1600, 1200)))).bit_count() > 10 for seed in range(2, 8))


async def test_the_darkroom_takes_no_more_than_it_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    go, at_work, most = threading.Event(), 0, 0

    def slow(raw: bytes) -> pictures.Picture:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        go.wait(10)
        at_work -= 1
        return develop(raw)

    monkeypatch.setattr(pictures, "develop", slow)
    darkroom = Darkroom(at_once=1, waiting_max=2)
    waiting = [asyncio.create_task(darkroom.develop(jpeg())) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(PhotosBusy):
        await darkroom.develop(jpeg())
    go.set()
    assert [photo.width for photo in await asyncio.gather(*waiting)] == [640, 640, 640]
    assert most == 1
    assert (await darkroom.develop(jpeg())).width == 640


async def test_a_decode_that_takes_too_long_is_refused_and_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    go = threading.Event()

    def stuck(raw: bytes) -> pictures.Picture:
        go.wait(10)
        return develop(raw)

    monkeypatch.setattr(pictures, "develop", stuck)
    darkroom = Darkroom(at_once=1, waiting_max=0, timeout_s=0.05)
    with pytest.raises(PhotosBusy):
        await darkroom.develop(jpeg())
    with pytest.raises(PhotosBusy):
        await darkroom.develop(jpeg())
    go.set()
