"""What carries a plate in the demonstration city. Loaded where the demo switch is on, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.domains.citycode.place import REGISTER_SCOPE, PlaceKind, Registration
from api.domains.citycode.places import Places
from core.departments import CITY_MANAGEMENT
from core.divisions import CITY_CODE
from core.geo import Point
from core.locale import Text
from core.principal import Jurisdiction, Principal, PrincipalKind

PLACES: Final = (
    Registration(
        kind=PlaceKind.THING,
        category="010503",
        name=Text(zh="东四北大街 17 号路灯", en="Street lamp 17, Dongsi North Street"),
        location=Point(116.4170, 39.9338),
        report_category="street-lamp",
        check_in=False,
        client_place_id="demo-lamp",
    ),
    Registration(
        kind=PlaceKind.PLACE,
        category="060201",
        name=Text(zh="东城区第一图书馆", en="Dongcheng District First Library"),
        location=Point(116.4135, 39.9402),
        report_category=None,
        check_in=True,
        client_place_id="demo-library",
    ),
    Registration(
        kind=PlaceKind.PLACE,
        category="030102",
        name=Text(zh="地坛公园南门", en="Ditan Park, south gate"),
        location=Point(116.4163, 39.9496),
        report_category="waste",
        check_in=True,
        client_place_id="demo-park-gate",
    ),
)


async def load_demo(*, places: Places, people: Mapping[str, str]) -> None:
    """Register what is missing, as the registrar would; change nothing that is there.

    people: nickname → account id; `qian` registers. Raises: Unavailable.
    """
    registrar = Principal(
        kind=PrincipalKind.STAFF,
        actor=people["qian"],
        subject=people["qian"],
        scopes=frozenset({"staff", REGISTER_SCOPE}),
        jurisdiction=Jurisdiction(CITY_CODE),
        department=CITY_MANAGEMENT.code,
    )
    for registration in PLACES:
        await places.register(principal=registrar, registration=registration)
