"""The demo city's air: a seeded model that says what it is, and the stations that it speaks for.

It is a pure function of (seed, station, hour), so any hour can be made again, in any order, by any process.
It imitates the shape of Beijing's hourly data, not any real hour. For a station and a local hour:

- Season: fine particles and CO peak in mid-January, ozone in late June (one cosine a year).
- Day: particles and NO2 have two traffic peaks (08:00 and 20:00) and a night plateau; ozone peaks at 15:00 and takes
  NO2 down with it.
- Week: traffic's share is a fifth smaller at weekends.
- Episodes: weather builds haze up over days and the north wind ends it. Value noise (random levels at knots, joined by
  smooth steps) with knots 60, 22 and 7 hours apart gives one city-wide, autocorrelated level, 0 clean to 1 stagnant.
- Place: each district has an exposure, from 1.15 in the south-east plain to 0.55 in the northern mountains, where ozone
  is a little higher. A station differs from its district by up to 8 %, and from hour to hour by slow noise of 6 %.
- Weather: temperature by season and hour, humidity by the episode, wind against it.

Levels at exposure 1: PM2.5 from 8 µg/m³ when swept clean to about 180 in the worst winter stagnation.
Randomness is blake2b of (seed, what, where, knot): the same on every platform and version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from hashlib import blake2b
from math import cos, exp, floor, pi
from typing import Final

from backends.sensor.model import HOUR, Reading, Station, hour_of
from core.divisions import DISTRICTS
from core.locale import Text

SEED: Final = 20261122
SOURCE: Final = Text(zh="模拟数据，非实测", en="Synthetic: made by a seeded demo model, not measured")
_BEIJING: Final = timezone(timedelta(hours=8))

# Exposure to the city's own and the plain's pollution; and the neighbourhood that each demo station is named after.
_PLACES: Final = {
    "110101": (1.02, (("东城中心", "Dongcheng Centre"), ("东城南部", "Dongcheng South"))),
    "110102": (1.03, (("西城中心", "Xicheng Centre"), ("西城南部", "Xicheng South"))),
    "110105": (1.05, (("朝阳北部", "Chaoyang North"), ("朝阳南部", "Chaoyang South"))),
    "110106": (1.08, (("丰台东部", "Fengtai East"), ("丰台西部", "Fengtai West"))),
    "110107": (0.98, (("石景山中心", "Shijingshan Centre"),)),
    "110108": (0.97, (("海淀南部", "Haidian South"), ("海淀北部", "Haidian North"))),
    "110109": (0.80, (("门头沟中心", "Mentougou Centre"),)),
    "110111": (1.06, (("房山中心", "Fangshan Centre"),)),
    "110112": (1.12, (("通州北部", "Tongzhou North"), ("通州南部", "Tongzhou South"))),
    "110113": (0.95, (("顺义中心", "Shunyi Centre"),)),
    "110114": (0.82, (("昌平南部", "Changping South"), ("昌平北部", "Changping North"))),
    "110115": (1.15, (("大兴北部", "Daxing North"), ("大兴南部", "Daxing South"))),
    "110116": (0.66, (("怀柔中心", "Huairou Centre"),)),
    "110117": (0.85, (("平谷中心", "Pinggu Centre"),)),
    "110118": (0.58, (("密云中心", "Miyun Centre"),)),
    "110119": (0.55, (("延庆中心", "Yanqing Centre"),)),
}


def stations() -> list[Station]:
    """The demo stations: one or two in each district, `syn-<district>-<n>`, each marked synthetic."""
    return [
        Station(
            f"syn-{code}-{n}", Text(zh=f"{zh}（合成）", en=f"{en} (synthetic)"), code, synthetic=True, source=SOURCE
        )
        for code in DISTRICTS
        for n, (zh, en) in enumerate(_PLACES[code][1], start=1)
    ]


def readings(*, seed: int, stations: Iterable[Station], start: datetime, end: datetime) -> Iterator[Reading]:
    """Every whole hour from `start` to `end`, both counted, for each of these stations of the model."""
    for station in stations:
        hour = hour_of(start) if start == hour_of(start) else hour_of(start) + HOUR
        while hour <= end:
            yield reading(seed=seed, station=station, ts=hour)
            hour += HOUR


def reading(*, seed: int, station: Station, ts: datetime) -> Reading:
    """What the model says of one station and hour; `ts` is a whole hour in UTC."""
    return Reading(station.code, ts, _Hour(_Noise(seed), station, ts.astimezone(_BEIJING)).values())


@dataclass(frozen=True, slots=True)
class _Noise:
    seed: int

    def level(self, what: str, at_h: float, *, every_h: float) -> float:
        """Smooth noise in 0…1 at the hour `at_h`: random levels `every_h` apart, joined without corners."""
        knot = floor(at_h / every_h)
        part = at_h / every_h - knot
        step = part * part * (3 - 2 * part)
        return _knot(self.seed, what, knot) * (1 - step) + _knot(self.seed, what, knot + 1) * step

    def around_1(self, what: str, at_h: float, *, every_h: float, spread: float) -> float:
        return 1 + spread * (2 * self.level(what, at_h, every_h=every_h) - 1)


@lru_cache(maxsize=8192)
def _knot(seed: int, what: str, knot: int) -> float:
    digest = blake2b(f"{seed}|{what}|{knot}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


@dataclass(frozen=True, slots=True)
class _Hour:
    """The model at one station and local hour; each method is one line of the docstring above."""

    noise: _Noise
    station: Station
    local: datetime

    def values(self) -> dict[str, float]:
        haze, winter, place = self._haze(), self._winter(), self._exposure()
        traffic, sun = self._traffic(), self._sun()
        pm2_5 = place * (8 + (62 + 88 * winter) * haze**1.6 * (0.75 + 0.35 * traffic))
        no2 = place * (10 + 52 * traffic * (0.5 + 0.7 * haze)) * (1 - 0.35 * sun)
        o3 = (1.12 - 0.12 * place) * (22 + (150 - 105 * winter) * sun * (0.55 + 0.45 * haze))
        temperature = 13.5 - 17 * (2 * winter - 1) + 5.5 * (2 * sun - 0.7) - 7 * (1 - place)
        wind = 0.6 + 4.8 * (1 - haze) ** 1.5 * (0.7 + 0.6 * sun)
        return {
            "pm2_5": _whole(pm2_5),
            "pm10": _whole(pm2_5 * 1.25 + place * (14 + 5 * wind)),
            "so2": _whole(place * (2 + 7 * winter * haze)),
            "no2": _whole(no2),
            "co": round(place * (0.2 + 1.5 * (0.4 + 0.6 * winter) * haze * (0.7 + 0.3 * traffic)), 1),
            "o3": _whole(o3),
            "temperature": round(temperature, 1),
            "pressure": round(1013 + 11 * (2 * winter - 1) - 5 * haze - 55 * (1 - place), 1),
            "dew_point": round(temperature - 4 - 17 * (1 - haze), 1),
            "wind_speed": round(wind, 1),
        }

    @property
    def _at_h(self) -> float:
        return self.local.timestamp() / 3600

    def _haze(self) -> float:
        layers = ((60.0, 0.6), (22.0, 0.28), (7.0, 0.12))
        return sum(share * self.noise.level("haze", self._at_h, every_h=h) for h, share in layers)

    def _winter(self) -> float:
        """1 in mid-January, 0 half a year later."""
        return 0.5 + 0.5 * cos(2 * pi * (self.local.timetuple().tm_yday - 15) / 365.25)

    def _traffic(self) -> float:
        """0.3 to about 1.2; two peaks a day, a fifth smaller at weekends."""
        peaks = _bump(self.local.hour, 8, 2.0) + _bump(self.local.hour, 20, 3.0)
        return 0.3 + 0.9 * peaks * (0.8 if self.local.weekday() >= 5 else 1.0)

    def _sun(self) -> float:
        return _bump(self.local.hour, 15, 3.2)

    def _exposure(self) -> float:
        code = self.station.code
        own = self.noise.around_1(code, 0.0, every_h=1.0, spread=0.08)
        slow = self.noise.around_1(f"{code} slow", self._at_h, every_h=9.0, spread=0.06)
        return _PLACES[self.station.district_code or ""][0] * own * slow


def _bump(hour: int, peak: int, width_h: float) -> float:
    """1 at `peak` o'clock, falling off smoothly around the clock."""
    apart = min((hour - peak) % 24, (peak - hour) % 24)
    return exp(-0.5 * (apart / width_h) ** 2)


def _whole(value: float) -> float:
    return float(round(value))


def last_hours(*, now: datetime, hours: int) -> tuple[datetime, datetime]:
    """From when until when a backfill of so many hours goes; the hour that `now` lies in is the last."""
    end = hour_of(now.astimezone(UTC))
    return end - (hours - 1) * HOUR, end
