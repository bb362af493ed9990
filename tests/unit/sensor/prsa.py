"""Makes small files in the format of the published Beijing ones."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

HEADER = (
    '"No","year","month","day","hour","PM2.5","PM10","SO2","NO2","CO","O3",'
    '"TEMP","PRES","DEWP","RAIN","wd","WSPM","station"\n'
)
START = datetime(2013, 3, 1, tzinfo=timezone(timedelta(hours=8)))


def line(number: int = 1, *, station: str = "Dongsi", values: str = "9,9,3,17,300,89,-0.5,1024.5,-21.4,0") -> str:
    """The line of the hour `number` (from 1) after the files' start."""
    at = START + timedelta(hours=number - 1)
    return f'{number},{at.year},{at.month},{at.day},{at.hour},{values},"NNW",5.7,"{station}"\n'


def lines(count: int, *, station: str = "Dongsi") -> str:
    return HEADER + "".join(line(n, station=station) for n in range(1, count + 1))


def written(path: Path, text: str | Iterable[bytes]) -> Path:
    """`text` as a file; gzip when its name says so."""
    data = text.encode() if isinstance(text, str) else b"".join(text)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path
