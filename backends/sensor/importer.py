"""Imports the published Beijing files: hourly air quality and weather of twelve stations, 2013-03 to 2017-02.

Source: UCI Machine Learning Repository, Beijing Multi-Site Air Quality (PRSA_Data_*.csv), CC BY 4.0.
DOI 10.24432/C5RK5G.

Rules
- A file is CSV or gzip of it, told apart by its first bytes. What is read is bounded, so that a few bytes of gzip
  cannot become a full disk.
- Hours are Beijing's (+08:00). `NA` is an absent value. CO is in µg/m³ there and in mg/m³ here; wind is a compass point
  there and degrees here.
- Rows go in by batches. A line that cannot be believed stops the import with the line's number; its batch is not
  stored, the batches before it stand, and the mended file is simply imported again: what stands is not added twice.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from io import BufferedReader, RawIOBase
from itertools import islice
from pathlib import Path
from typing import Final, cast

from backends.sensor.errors import FileInvalid, FileUnreadable, TimeImplausible, ValueImplausible
from backends.sensor.model import IMPORTED_PREFIX, PROPERTIES, Reading, Recorded, Station, plausible_hour
from backends.sensor.service import Sensors
from core.locale import Text

BATCH_ROWS: Final = 4000
FILE_BYTES_MAX: Final = 256 * 1024 * 1024  # uncompressed; the published files are 3 MB each
LINE_BYTES_MAX: Final = 2048
WRITERS_WAIT_S: Final = 30.0  # longer than the lease that a killed import leaves behind
_ABSENT: Final = "NA"
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,40}")
_GZIP_MAGIC: Final = b"\x1f\x8b"
_BEIJING: Final = timezone(timedelta(hours=8))

HEADER: Final = (
    "No", "year", "month", "day", "hour", "PM2.5", "PM10", "SO2", "NO2", "CO", "O3",
    "TEMP", "PRES", "DEWP", "RAIN", "wd", "WSPM", "station",
)  # fmt: skip
_COLUMNS: Final = {
    "PM2.5": "pm2_5", "PM10": "pm10", "SO2": "so2", "NO2": "no2", "O3": "o3", "TEMP": "temperature",
    "PRES": "pressure", "DEWP": "dew_point", "RAIN": "precipitation", "WSPM": "wind_speed",
}  # fmt: skip
_NUMBERS: Final = tuple((HEADER.index(column), PROPERTIES[name]) for column, name in _COLUMNS.items())
_CO, _WIND, _STATION = (HEADER.index(column) for column in ("CO", "wd", "station"))
_COMPASS: Final = {
    point: n * 22.5
    for n, point in enumerate("N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW".split())
}  # fmt: skip

_SOURCE: Final = Text(
    zh="北京市多站点空气质量数据集（UCI，CC BY 4.0）", en="Beijing Multi-Site Air Quality data set (UCI, CC BY 4.0)"
)
# Where the twelve stations stand; the files give only their names.
_KNOWN: Final = {
    "Aotizhongxin": ("奥体中心", "Aotizhongxin", "110105"),
    "Changping": ("昌平", "Changping", "110114"),
    "Dingling": ("定陵", "Dingling", "110114"),
    "Dongsi": ("东四", "Dongsi", "110101"),
    "Guanyuan": ("官园", "Guanyuan", "110102"),
    "Gucheng": ("古城", "Gucheng", "110107"),
    "Huairou": ("怀柔", "Huairou", "110116"),
    "Nongzhanguan": ("农展馆", "Nongzhanguan", "110105"),
    "Shunyi": ("顺义", "Shunyi", "110113"),
    "Tiantan": ("天坛", "Tiantan", "110101"),
    "Wanliu": ("万柳", "Wanliu", "110108"),
    "Wanshouxigong": ("万寿西宫", "Wanshouxigong", "110102"),
}


def station_of(name: str) -> Station:
    """The station that a file calls `name`; one that is not among the twelve has no district."""
    zh, en, district = _KNOWN.get(name, (name, name, None))
    return Station(station_code(name), Text(zh=zh, en=en), district, synthetic=False, source=_SOURCE)


def station_code(name: str) -> str:
    return f"{IMPORTED_PREFIX}{name.lower()}"


@dataclass(frozen=True, slots=True)
class Importer:
    """Takes files into one `Sensors`.

    progress: told after every batch: the file and what was recorded of it so far.
    """

    sensors: Sensors
    progress: Callable[[Path, Recorded], None]

    async def take(self, file: Path) -> Recorded:
        """Import one file. It may be killed and run again at any point.

        Raises: FileInvalid, FileUnreadable, WritersBusy, Unavailable.
        """
        done, registered = Recorded(0, 0), set[str]()
        batches = read(file, now=self.sensors.clock.now())
        batch = await asyncio.to_thread(next, batches, None)
        while batch is not None:
            # The next batch is read while the database takes this one.
            following = asyncio.create_task(asyncio.to_thread(next, batches, None))
            try:
                await self._register(batch, registered)
                done += await self.sensors.record([row.reading for row in batch], wait_s=WRITERS_WAIT_S)
            finally:
                await asyncio.wait([following])
            self.progress(file, done)
            batch = await following
        return done

    async def _register(self, batch: list[Row], registered: set[str]) -> None:
        names = {row.station_name for row in batch} - registered
        await self.sensors.register(*map(station_of, sorted(names)))
        registered |= names


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file: the station as the file calls it, and the reading."""

    station_name: str
    reading: Reading


class _Unbelievable(Exception):
    """The current line is not what it should be; the message says why."""


@dataclass(slots=True)
class _Position:
    """Where a reader stands: the line last read, from 1."""

    line: int = 0


def read(
    file: Path, *, now: datetime, batch_rows: int = BATCH_ROWS, bytes_max: int = FILE_BYTES_MAX
) -> Iterator[list[Row]]:
    """The file's rows in batches, of at most `bytes_max` unpacked. Raises: FileInvalid, FileUnreadable."""
    at = _Position()
    try:
        with _opened(file) as stream:
            rows = _rows(csv.reader(_lines(stream, at, bytes_max), strict=True), now)
            while batch := list(islice(rows, batch_rows)):
                yield batch
    except (_Unbelievable, ValueError, csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise FileInvalid(file=file.name, line=at.line, problem=_problem(fault)) from fault
    except OSError as fault:
        raise FileUnreadable(file=file.name, problem=(fault.strerror or "it fails").lower()) from fault


def _problem(fault: Exception) -> str:
    match fault:
        case _Unbelievable():
            return str(fault)
        case UnicodeDecodeError():
            return "is not UTF-8"
        case csv.Error():
            return f"is not CSV: {fault}"
        case EOFError() | gzip.BadGzipFile() | zlib.error():
            return "behind it the gzip data is damaged or cut off"
        case _:
            return "holds a number or date that is none"


def _opened(file: Path) -> BufferedReader:
    with file.open("rb") as start:
        packed = start.read(2) == _GZIP_MAGIC
    return BufferedReader(cast(RawIOBase, gzip.open(file))) if packed else file.open("rb")


def _lines(stream: BufferedReader, at: _Position, bytes_max: int) -> Iterator[str]:
    left = bytes_max
    while raw := stream.readline(LINE_BYTES_MAX + 1):
        at.line += 1
        left -= len(raw)
        if len(raw) > LINE_BYTES_MAX:
            raise _Unbelievable(f"is longer than {LINE_BYTES_MAX} bytes")
        if left < 0:
            raise _Unbelievable(f"the file is larger than {bytes_max} bytes when unpacked")
        yield raw.decode("utf-8-sig" if at.line == 1 else "utf-8")


def _rows(lines: Iterator[list[str]], now: datetime) -> Iterator[Row]:
    if tuple(next(lines, ())) != HEADER:
        raise _Unbelievable("is not the header of a PRSA_Data file")
    for cells in lines:
        try:
            yield _row(cells, now)
        except (ValueImplausible, TimeImplausible) as refusal:
            raise _Unbelievable(refusal.message) from refusal


def _row(cells: list[str], now: datetime) -> Row:
    if len(cells) != len(HEADER):
        raise _Unbelievable(f"has {len(cells)} columns and not {len(HEADER)}")
    name = cells[_STATION]
    if not _NAME.fullmatch(name):
        raise _Unbelievable("names no station")
    year, month, day, hour = map(int, cells[1:5])
    ts = plausible_hour(datetime(year, month, day, hour, tzinfo=_BEIJING), now=now)
    return Row(name, Reading(station_code(name), ts, _values(cells)))


def _values(cells: list[str]) -> dict[str, float]:
    values = {p.id: p.plausible(float(cells[i])) for i, p in _NUMBERS if cells[i] != _ABSENT}
    if (co := cells[_CO]) != _ABSENT:
        values["co"] = PROPERTIES["co"].plausible(float(co) / 1000)
    if (wind := cells[_WIND]) != _ABSENT:
        if wind not in _COMPASS:
            raise _Unbelievable("wd is no point of the compass")
        values["wind_direction"] = _COMPASS[wind]
    return values
