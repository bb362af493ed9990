"""What the registers of the demonstration hold. Every number is synthetic: right by its digits, and nobody's.

The citizens of the demonstration city are here with the numbers that identity gives them; `王小明` has no account and
is there to try a first confirmation with.
Source: names of streets and their codes are those of the National Bureau of Statistics, a handful by hand; house
numbers and places are made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from backends.data.questions import Address, Organisation, Person, Standing, TravelDocument
from core.departments import CITY_MANAGEMENT, DEPARTMENTS
from core.divisions import DISTRICTS
from core.geo import Point

PEOPLE: Final = (
    Person("张丽华", "110101198503120025"),
    Person("欧阳建国", "110108195809230017"),
    Person("刘秀英", "110101194802150023"),
    Person("张小北", "110101201706010015"),
    Person("Alexander Montgomery-Featherstonehaugh", "110105198807040070"),
    Person("王小明", "110101199003070038"),
    Person("赵雪", "110108199508160041"),
    Person("王小朵", "110101202005050043"),
)

# What holders of the demonstration's documents are called, and when they were born. `陈大文` and the two after have no
# account, and are there to try.
DOCUMENTS: Final = (
    TravelDocument("PASSPORT", "567123489", "Alexander Montgomery-Featherstonehaugh", "USA", "1988-07-04"),
    TravelDocument("HOME_RETURN_PERMIT", "H12345678", "陈大文", "", "1991-05-20"),
    TravelDocument("TAIWAN_PERMIT", "12345678", "林美玲", "", "1987-11-02"),
    TravelDocument("PERMANENT_RESIDENCE", "911276197903120026", "Anna Schmidt", "", "1979-03-12"),
)

# By the number of each parent: an adult's, and two children's who have two parents.
CHILDREN: Final[Mapping[str, Sequence[str]]] = {
    "110101194802150023": ("110101198503120025",),
    "110101198503120025": ("110101201706010015", "110101202005050043"),
    "110101199003070038": ("110101201706010015", "110101202005050043"),
}

ORGANISATIONS: Final = (
    *(Organisation(d.code, d.name.zh) for d in DEPARTMENTS.values()),
    Organisation("91110101MA0DEM001X", "北京通城示范餐饮有限公司"),
    Organisation("91110108MA0DEM0026", "北京海淀示范软件有限公司", Standing.REVOKED),
    Organisation("91110105MA0DEM003X", "北京朝阳示范贸易有限公司", Standing.DEREGISTERED),
)

# By the organisation's code, the number of its legal representative.
REPRESENTATIVES: Final[Mapping[str, str]] = {
    "91110101MA0DEM001X": "110108195809230017",
    "91110108MA0DEM0026": "110108195809230017",
    CITY_MANAGEMENT.code: "110101199003070038",
}

# Street division, its name, a road of it, where its first house stands, and how far the next one lies.
_ROADS: Final = (
    ("110101001", "东华门街道", "王府井大街", 116.4109, 39.9086, 0.0, 0.00045),
    ("110101006", "东四街道", "东四北大街", 116.4174, 39.9245, 0.0, 0.00042),
    ("110101005", "北新桥街道", "雍和宫大街", 116.4171, 39.9410, 0.0, 0.00040),
    ("110101010", "和平里街道", "和平里中街", 116.4190, 39.9560, 0.0004, 0.0),
    ("110105001", "建外街道", "建国门外大街", 116.4370, 39.9075, 0.0005, 0.0),
    ("110105004", "三里屯街道", "三里屯路", 116.4545, 39.9320, 0.0, 0.00040),
    ("110105026", "望京街道", "望京街", 116.4710, 39.9900, 0.0004, 0.0002),
    ("110108012", "海淀街道", "中关村大街", 116.3165, 39.9720, 0.0, 0.00045),
    ("110108010", "学院路街道", "学院路", 116.3530, 39.9800, 0.0, 0.00045),
)
_HOUSES_A_ROAD: Final = 24


def addresses() -> Iterator[Address]:
    """Twenty-four houses on each road."""
    for number, (street, name, road, longitude, latitude, east, north) in enumerate(_ROADS, start=1):
        district = street[:6]
        for house in range(1, _HOUSES_A_ROAD + 1):
            point = Point(round(longitude + house * east, 6), round(latitude + house * north, 6))
            text = f"北京市{DISTRICTS[district].name.zh}{name}{road}{house}号"
            yield Address(f"{street}{number:03}{house:04}", text, district, point, synthetic=True)
