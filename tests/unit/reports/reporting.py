"""Who plays in the tests of the room, what they photograph, and a look at all that is remembered."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw

from api.domains.reports.model import Case
from api.domains.reports.service import NewReport, Reports
from api.domains.reports.workflow import Action
from core.geo import Point
from core.mongo import Document, Mongo
from core.principal import Jurisdiction, Principal, PrincipalKind

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
ANNA, BEN = "cit_01KAMP0000000000000000000A", "cit_01KAMP0000000000000000000B"
CARER = "cit_01KAMP0000000000000000000C"
ZHOU, WU = "stf_01KAMP0000000000000000000D", "stf_01KAMP0000000000000000000E"
DONGCHENG, HAIDIAN = Point(116.4167, 39.9289), Point(116.3105, 39.9836)

Build = Callable[..., Reports]


def citizen(account: str = ANNA) -> Principal:
    return Principal(kind=PrincipalKind.CITIZEN, actor=account, subject=account, scopes=frozenset({"citizen"}))


def acting(matters: frozenset[str], *, subject: str = ANNA) -> Principal:
    """Somebody who acts for another citizen in these matters."""
    return Principal(kind=PrincipalKind.CITIZEN, actor=CARER, subject=subject, scopes=matters)


def handler(
    account: str = ZHOU, district: str = "110101", *, scopes: frozenset[str] = frozenset({"staff", "reports:handle"})
) -> Principal:
    return Principal(
        kind=PrincipalKind.STAFF, actor=account, subject=account, scopes=scopes, jurisdiction=Jurisdiction(district)
    )


def a_report(**changes: Any) -> NewReport:
    values: dict[str, Any] = {
        "client_report_id": "first",
        "category": "street-lamp",
        "location": DONGCHENG,
        "description": "路灯不亮",
        "address": "交道口南大街",
    }
    return NewReport(**values | changes)


async def reported(room: Reports, *, by: Principal | None = None, **changes: Any) -> Case:
    return await room.create(principal=by or citizen(), report=a_report(**changes))


async def stepped(room: Reports, case: Case, *actions: Action, by: Principal | None = None) -> Case:
    """The case after these steps, each with a note, and a photo where it needs one."""
    who = by or handler()
    for action in actions:
        photos = [await photographed(room, by=who)] if action is Action.RESOLVE else []
        case = await room.act(
            principal=who, case_id=case.id, version=case.version, action=action, note="因为", photo_ids=photos
        )
    return case


async def photographed(room: Reports, raw: bytes | None = None, *, by: Principal | None = None) -> str:
    return (await room.add_photo(principal=by or citizen(), raw=raw or jpeg())).id


def street(seed: int = 0, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A drawn scene; another seed is another scene."""
    picture = Image.new("RGB", size, (60, 90, 140))
    draw = ImageDraw.Draw(picture)
    width, height = size
    for step in range(9):
        x = (seed * 97 + step * 173) % width
        y = (seed * 61 + step * 131) % height
        draw.rectangle((x, y, x + width // 5, y + height // 4), fill=((x * 7) % 256, (y * 5) % 256, (step * 53) % 256))
    return picture


def jpeg(picture: Image.Image | None = None, **options: Any) -> bytes:
    return encoded(picture or street(), "JPEG", **options)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def with_gps(point: Point, picture: Image.Image | None = None) -> bytes:
    """A photo that says where it was taken, and by which camera."""
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", _sexagesimal(point.latitude)
    gps[3], gps[4] = "E", _sexagesimal(point.longitude)
    return jpeg(picture, exif=exif, comment=b"SECRET-COMMENT")


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    whole = int(degrees)
    minutes = (degrees - whole) * 60
    return float(whole), float(int(minutes)), round((minutes - int(minutes)) * 60, 4)


def bomb(side: int = 30_000) -> bytes:
    """A whole and valid PNG of a hundred kilobytes that decodes to `side` squared pixels of one bit."""
    pack = zlib.compressobj(1)
    row = bytes(1 + (side + 7) // 8)
    pixels = b"".join(pack.compress(row * 1000) for _ in range(side // 1000)) + pack.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


async def everything(mongo: Mongo) -> dict[str, list[Document]]:
    """All that the database holds, in collections that hold something."""
    names = await mongo.database.list_collection_names()
    found = {name: await mongo.collection(name).find().sort("_id", 1).to_list(None) for name in sorted(names)}
    return {name: rows for name, rows in found.items() if rows}
