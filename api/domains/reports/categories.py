"""What can be reported, and by when the city owes an answer.

Due times by class, from the acceptance: where life or property may be lost 2 hours; water, power, gas and heat 24
hours; ordinary matters 7 days; complex ones 15 days.
Source: DB11 draft of the 12345 hotline's service and management norm (2021-12-28); the final numbers were not checked.
Kinds of things and events follow GB/T 30428.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from core.locale import Text


class Urgency(StrEnum):
    """How fast a kind of matter has to be dealt with."""

    EMERGENCY = "EMERGENCY"
    LIFELINE = "LIFELINE"
    ORDINARY = "ORDINARY"
    COMPLEX = "COMPLEX"


DUE_WITHIN: Final[dict[Urgency, timedelta]] = {
    Urgency.EMERGENCY: timedelta(hours=2),
    Urgency.LIFELINE: timedelta(hours=24),
    Urgency.ORDINARY: timedelta(days=7),
    Urgency.COMPLEX: timedelta(days=15),
}


@dataclass(frozen=True, slots=True)
class Category:
    """code: stable, known to place codes, Open311 clients and the departments' side.

    visible: what is wrong can be photographed, and so can the result.
    """

    code: str
    name: Text
    group: Text
    urgency: Urgency
    visible: bool = True

    @property
    def due_within(self) -> timedelta:
        return DUE_WITHIN[self.urgency]


_ROADS: Final = Text(zh="道路交通", en="Roads")
_FACILITIES: Final = Text(zh="公共设施", en="Public facilities")
_CLEANLINESS: Final = Text(zh="市容环境", en="Cleanliness")
_ORDER: Final = Text(zh="街面秩序", en="Street order")
_LIFELINES: Final = Text(zh="水电气热", en="Water, power, gas, heat")

CATEGORIES: Final[dict[str, Category]] = {
    one.code: one
    for one in (
        Category("street-lamp", Text(zh="路灯故障", en="Street lamp"), _FACILITIES, Urgency.ORDINARY),
        Category("waste", Text(zh="垃圾堆放", en="Waste"), _CLEANLINESS, Urgency.ORDINARY),
        Category("road-damage", Text(zh="路面破损", en="Road damage"), _ROADS, Urgency.ORDINARY),
        Category("manhole", Text(zh="井盖缺失或破损", en="Manhole cover"), _ROADS, Urgency.EMERGENCY),
        Category("traffic-light", Text(zh="信号灯故障", en="Traffic light"), _ROADS, Urgency.EMERGENCY),
        Category("illegal-parking", Text(zh="违章停车", en="Illegal parking"), _ORDER, Urgency.ORDINARY),
        Category("shared-bikes", Text(zh="共享单车乱停放", en="Shared bikes in the way"), _ORDER, Urgency.ORDINARY),
        Category("noise", Text(zh="噪声扰民", en="Noise"), _ORDER, Urgency.ORDINARY, visible=False),
        Category("water-leak", Text(zh="自来水跑冒漏", en="Water leak"), _LIFELINES, Urgency.LIFELINE),
        Category("power-failure", Text(zh="停电", en="Power failure"), _LIFELINES, Urgency.LIFELINE, visible=False),
        Category("gas-smell", Text(zh="燃气异味", en="Smell of gas"), _LIFELINES, Urgency.EMERGENCY, visible=False),
        Category("heating", Text(zh="供暖不热", en="Heating"), _LIFELINES, Urgency.LIFELINE, visible=False),
        Category("fallen-tree", Text(zh="树木倒伏", en="Fallen tree"), _CLEANLINESS, Urgency.EMERGENCY),
        Category("accessibility", Text(zh="无障碍设施", en="Accessibility"), _FACILITIES, Urgency.ORDINARY),
        Category("public-toilet", Text(zh="公共厕所", en="Public toilet"), _FACILITIES, Urgency.ORDINARY),
        Category("illegal-building", Text(zh="违法建设", en="Illegal building"), _ORDER, Urgency.COMPLEX),
    )
}
