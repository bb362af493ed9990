"""The kinds of city events that this department knows, and how long the city may take over each.

The codes are those of the city's reports; one that is not here is taken all the same, as an ordinary matter under its
own code, and goes to the district's office.
Source: DB11 draft of the 12345 hotline's service and management norm (2021-12-28); the final numbers were not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from core.locale import Text


class Level(StrEnum):
    """How fast an event has to be dealt with."""

    EMERGENCY = "EMERGENCY"
    LIFELINE = "LIFELINE"
    ORDINARY = "ORDINARY"
    COMPLEX = "COMPLEX"


LEVEL_LABELS: Final[Mapping[Level, Text]] = {
    Level.EMERGENCY: Text(zh="紧急", en="Emergency"),
    Level.LIFELINE: Text(zh="水电气热", en="Water, power, gas, heat"),
    Level.ORDINARY: Text(zh="一般", en="Ordinary"),
    Level.COMPLEX: Text(zh="疑难", en="Complex"),
}
DUE_WITHIN: Final[Mapping[Level, timedelta]] = {
    Level.EMERGENCY: timedelta(hours=2),
    Level.LIFELINE: timedelta(hours=24),
    Level.ORDINARY: timedelta(days=7),
    Level.COMPLEX: timedelta(days=15),
}


@dataclass(frozen=True, slots=True)
class Category:
    code: str
    name: Text
    level: Level = Level.ORDINARY


CATEGORIES: Final[Mapping[str, Category]] = {
    one.code: one
    for one in (
        Category("street-lamp", Text(zh="路灯故障", en="Street lamp")),
        Category("waste", Text(zh="垃圾堆放", en="Waste")),
        Category("road-damage", Text(zh="路面破损", en="Road damage")),
        Category("manhole", Text(zh="井盖缺失或破损", en="Manhole cover"), Level.EMERGENCY),
        Category("traffic-light", Text(zh="信号灯故障", en="Traffic light"), Level.EMERGENCY),
        Category("illegal-parking", Text(zh="违章停车", en="Illegal parking")),
        Category("shared-bikes", Text(zh="共享单车乱停放", en="Shared bikes in the way")),
        Category("noise", Text(zh="噪声扰民", en="Noise")),
        Category("water-leak", Text(zh="自来水跑冒漏", en="Water leak"), Level.LIFELINE),
        Category("power-failure", Text(zh="停电", en="Power failure"), Level.LIFELINE),
        Category("gas-smell", Text(zh="燃气异味", en="Smell of gas"), Level.EMERGENCY),
        Category("heating", Text(zh="供暖不热", en="Heating"), Level.LIFELINE),
        Category("fallen-tree", Text(zh="树木倒伏", en="Fallen tree"), Level.EMERGENCY),
        Category("accessibility", Text(zh="无障碍设施", en="Accessibility")),
        Category("public-toilet", Text(zh="公共厕所", en="Public toilet")),
        Category("illegal-building", Text(zh="违法建设", en="Illegal building"), Level.COMPLEX),
    )
}


def category_of(code: str) -> Category:
    return CATEGORIES.get(code) or Category(code, Text(zh=code, en=code))
