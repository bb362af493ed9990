"""Cases of the demonstration city. Loaded where the demo switch is on, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from api.domains.reports.model import HANDLE_SCOPE, Case
from api.domains.reports.service import NewReport, Reports
from api.domains.reports.workflow import Action
from core.geo import Point
from core.principal import Jurisdiction, Principal, PrincipalKind


@dataclass(frozen=True, slots=True)
class _Step:
    action: Action
    note: str = ""
    photo: bool = False


@dataclass(frozen=True, slots=True)
class _DemoCase:
    """handler: who took the steps, with their district."""

    name: str
    reporter: str
    category: str
    location: Point
    address: str
    description: str
    photo: tuple[int, int, int] | None = None
    handler: tuple[str, str] = ("zhou", "110101")
    steps: tuple[_Step, ...] = ()


_ACCEPTED: Final = (_Step(Action.ACCEPT),)
_STARTED: Final = (*_ACCEPTED, _Step(Action.START, "已派养护班组到场。"))

CASES: Final = (
    _DemoCase(
        "demo-lamp",
        "zhang",
        "street-lamp",
        Point(116.4167, 39.9289),
        "东城区交道口南大街近菊儿胡同口",
        "路灯连续三晚不亮，夜间行走不便。",
        (40, 44, 60),
        steps=(*_STARTED, _Step(Action.RESOLVE, "已更换灯具并试亮正常。", photo=True)),
    ),
    _DemoCase(
        "demo-waste",
        "liu",
        "waste",
        Point(116.4102, 39.9341),
        "东城区鼓楼东大街",
        "树坑旁堆放装修垃圾，已有一周。",
        (120, 110, 90),
        steps=_ACCEPTED,
    ),
    _DemoCase(
        "demo-bikes",
        "alexander",
        "shared-bikes",
        Point(116.4178, 39.9087),
        "东城区王府井大街地铁站口",
        "Shared bikes block the ramp at the metro entrance.",
    ),
    _DemoCase(
        "demo-road",
        "ouyang",
        "road-damage",
        Point(116.3105, 39.9836),
        "海淀区海淀大街",
        "非机动车道路面塌陷，约半米宽。",
        (90, 90, 95),
        handler=("wu", "110108"),
        steps=_STARTED,
    ),
    _DemoCase(
        "demo-noise",
        "ouyang",
        "noise",
        Point(116.3262, 39.9915),
        "海淀区成府路",
        "夜间十一点后工地仍在施工。",
        handler=("wu", "110108"),
    ),
)


async def load_demo(*, service: Reports, people: Mapping[str, str]) -> int:
    """Add the demo cases that are missing, change none that are there. Returns how many were added.

    people: nickname → account id; a case whose people are not there is left out.
    """
    return sum([await _load(demo, service=service, people=people) for demo in CASES])


async def _load(demo: _DemoCase, *, service: Reports, people: Mapping[str, str]) -> bool:
    nickname, district = demo.handler
    if demo.reporter not in people or (demo.steps and nickname not in people):
        return False
    reporter = _citizen(people[demo.reporter])
    if await service.store.reported(citizen=reporter.subject, client_report_id=demo.name):
        return False
    case = await service.create(principal=reporter, report=await _report(demo, service, reporter))
    handler = _handler(people.get(nickname, ""), district)
    for step in demo.steps:
        case = await _take(step, case, service=service, handler=handler)
    return True


async def _report(demo: _DemoCase, service: Reports, reporter: Principal) -> NewReport:
    photos = [await _photo(service, reporter, demo.photo)] if demo.photo else []
    return NewReport(
        client_report_id=demo.name,
        category=demo.category,
        location=demo.location,
        address=demo.address,
        description=demo.description,
        photo_ids=photos,
    )


async def _take(step: _Step, case: Case, *, service: Reports, handler: Principal) -> Case:
    photos = [await _photo(service, handler, (220, 200, 120))] if step.photo else []
    return await service.act(
        principal=handler,
        case_id=case.id,
        version=case.version,
        action=step.action,
        note=step.note,
        photo_ids=photos,
    )


async def _photo(service: Reports, owner: Principal, colour: tuple[int, int, int]) -> str:
    """A drawn street in place of a photo, so that the demonstration shows nobody's pictures."""
    picture = Image.new("RGB", (1280, 960), colour)
    draw = ImageDraw.Draw(picture)
    draw.polygon([(520, 500), (760, 500), (1180, 960), (100, 960)], fill=(70, 72, 76))
    draw.rectangle((300, 180, 324, 760), fill=(50, 50, 52))
    draw.ellipse((250, 120, 374, 200), fill=tuple(min(255, part + 60) for part in colour))
    out = BytesIO()
    picture.save(out, "JPEG", quality=85)
    return (await service.add_photo(principal=owner, raw=out.getvalue())).id


def _citizen(account: str) -> Principal:
    return Principal(kind=PrincipalKind.CITIZEN, actor=account, subject=account, scopes=frozenset({"citizen"}))


def _handler(account: str, district: str) -> Principal:
    return Principal(
        kind=PrincipalKind.STAFF,
        actor=account,
        subject=account,
        scopes=frozenset({"staff", HANDLE_SCOPE}),
        jurisdiction=Jurisdiction(district),
    )
