"""The air quality index of an hour, by the Chinese technical regulation, as a table.

Rules (HJ 633-2012, Technical Regulation on Ambient Air Quality Index)
- Each pollutant has an individual index (IAQI): piecewise linear between the breakpoints of table 1, rounded up.
- The index (AQI) is the greatest IAQI. Above 50, every pollutant that has this greatest IAQI is primary.
- An hour's report takes the 1-hour columns of SO2, NO2, CO and O3. PM2.5 and PM10 have 24-hour columns only; the
  hour's mean is put on these, as the national real-time platform does.
- SO2 above 800 µg/m³ has no 1-hour IAQI; its 24-hour column goes on from the same point (800 µg/m³, IAQI 200).
- Beyond the last breakpoint the index stays 500.
- Concentrations are first rounded as they are reported (HJ 663-2013, GB/T 8170): whole µg/m³, CO to 0.1 mg/m³, half to
  even.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Final

from core.locale import Text

INDEX_MAX: Final = 500
PRIMARY_ABOVE: Final = 50

IAQI_LEVELS: Final = (0, 50, 100, 150, 200, 300, 400, 500)
# Concentrations at those levels, HJ 633-2012 table 1; CO in mg/m³, all else in µg/m³.
BREAKPOINTS: Final[Mapping[str, tuple[int, ...]]] = {
    "pm2_5": (0, 35, 75, 115, 150, 250, 350, 500),
    "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
    "so2": (0, 150, 500, 650, 800, 1600, 2100, 2620),
    "no2": (0, 100, 200, 700, 1200, 2340, 3090, 3840),
    "co": (0, 5, 10, 35, 60, 90, 120, 150),
    "o3": (0, 160, 200, 300, 400, 800, 1000, 1200),
}
POLLUTANTS: Final = tuple(BREAKPOINTS)
_REPORTED_TO: Final[Mapping[str, Decimal]] = {p: Decimal("0.1" if p == "co" else "1") for p in POLLUTANTS}


class Category(Enum):
    """The six grades of HJ 633-2012 table 2: the greatest index of the grade, its name, and what to do in it."""

    EXCELLENT = (
        50,
        Text(zh="优", en="Excellent"),
        Text(zh="各类人群可正常活动。", en="Everyone can be outdoors as usual."),
    )
    GOOD = (
        100,
        Text(zh="良", en="Good"),
        Text(
            zh="极少数异常敏感人群应减少户外活动。",
            en="The few people who are unusually sensitive should spend less time outdoors.",
        ),
    )
    LIGHTLY_POLLUTED = (
        150,
        Text(zh="轻度污染", en="Lightly polluted"),
        Text(
            zh="儿童、老年人及心脏病、呼吸系统疾病患者应减少长时间、高强度的户外锻炼。",
            en="Children, older people and people with heart or lung disease should cut down on long or hard "
            "exercise outdoors.",
        ),
    )
    MODERATELY_POLLUTED = (
        200,
        Text(zh="中度污染", en="Moderately polluted"),
        Text(
            zh="儿童、老年人及心脏病、呼吸系统疾病患者避免长时间、高强度的户外锻炼，一般人群适量减少户外运动。",
            en="Children, older people and people with heart or lung disease should avoid long or hard exercise "
            "outdoors; everyone else should do somewhat less of it.",
        ),
    )
    HEAVILY_POLLUTED = (
        300,
        Text(zh="重度污染", en="Heavily polluted"),
        Text(
            zh="儿童、老年人和心脏病、肺病患者应停留在室内，停止户外运动，一般人群减少户外运动。",
            en="Children, older people and people with heart or lung disease should stay indoors and not exercise "
            "outside; everyone else should exercise outside less.",
        ),
    )
    SEVERELY_POLLUTED = (
        INDEX_MAX,
        Text(zh="严重污染", en="Severely polluted"),
        Text(
            zh="儿童、老年人和病人应当留在室内，避免体力消耗，一般人群应避免户外活动。",
            en="Children, older people and people who are ill should stay indoors and avoid exertion; everyone else "
            "should avoid being outdoors.",
        ),
    )

    def __init__(self, index_max: int, label: Text, advice: Text) -> None:
        self.index_max = index_max
        self.label = label
        self.advice = advice

    @classmethod
    def of(cls, aqi: int) -> Category:
        return next(c for c in cls if aqi <= c.index_max)


@dataclass(frozen=True, slots=True)
class Index:
    """The air quality index of one place and hour.

    aqi: 0 to 500. primary: the pollutants that make it, none up to 50.
    iaqi: each measured pollutant's own index. concentrations: the rounded values that these were computed from.
    """

    aqi: int
    category: Category
    primary: tuple[str, ...]
    iaqi: Mapping[str, int]
    concentrations: Mapping[str, float]


def index_of(concentrations: Mapping[str, float]) -> Index | None:
    """The index of hourly means in their properties' units; None when no pollutant was measured."""
    reported = {p: reported_value(p, concentrations[p]) for p in POLLUTANTS if p in concentrations}
    if not reported:
        return None
    iaqi = {p: _on_the_line(BREAKPOINTS[p], Fraction(c)) for p, c in reported.items()}
    aqi = max(iaqi.values())
    primary = tuple(p for p, i in iaqi.items() if i == aqi) if aqi > PRIMARY_ABOVE else ()
    return Index(aqi, Category.of(aqi), primary, iaqi, {p: float(c) for p, c in reported.items()})


def iaqi_of(pollutant: str, concentration: float) -> int:
    """One pollutant's index, 0 to 500; `concentration` is an hour's mean, not negative."""
    return _on_the_line(BREAKPOINTS[pollutant], Fraction(reported_value(pollutant, concentration)))


def reported_value(pollutant: str, concentration: float) -> Decimal:
    """The concentration with as many digits as are reported of it."""
    return Decimal(repr(concentration)).quantize(_REPORTED_TO[pollutant], ROUND_HALF_EVEN)


def _on_the_line(breakpoints: tuple[int, ...], concentration: Fraction) -> int:
    # Fractions, because a rounded-up float turns an exact 50 into 51.
    segments = zip(pairwise(breakpoints), pairwise(IAQI_LEVELS), strict=True)
    for (c_low, c_high), (i_low, i_high) in segments:
        if concentration <= c_high:
            return ceil(Fraction(i_high - i_low, c_high - c_low) * (concentration - c_low) + i_low)
    return INDEX_MAX
