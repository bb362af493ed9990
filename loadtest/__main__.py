"""`make load`: the journeys, headless, against an embedded city of their own; prints a table.

The exit status is 1 when a request failed or a budget of `budgets.json` was broken.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from loadtest.city import CityDidNotOpen, embedded_city

_HERE: Final = Path(__file__).parent
_COLUMNS: Final = ("Name", "Request Count", "Failure Count", "Requests/s", "50%", "95%", "99%")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtest")
    parser.add_argument("--users", type=int, default=40)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--host", help="a demo city that runs already; else one is started")
    arguments = parser.parse_args()
    if arguments.host:
        return _load(arguments.host, arguments)
    environment = {**os.environ, "TONG_LOG_LEVEL": "WARNING"}
    try:
        with embedded_city(environment) as city:
            return _load(city["shell"].rstrip("/"), arguments)
    except CityDidNotOpen:
        return 2


def _load(host: str, arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="citytong-load-") as folder:
        argv = [sys.executable, "-m", "locust", "-f", str(_HERE / "journeys.py"), "--headless", "--host", host]
        argv += ["--users", str(arguments.users), "--spawn-rate", "10", "--run-time", f"{arguments.seconds}s"]
        argv += ["--csv", f"{folder}/load", "--only-summary", "--loglevel", "ERROR"]
        subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        stats = Path(folder) / "load_stats.csv"
        if not stats.exists():
            print("locust made no report", file=sys.stderr)
            return 2
        rows, failures = _rows(stats), _rows(Path(folder) / "load_failures.csv")
    faults = [*_faults(rows), *(f"{f['Name']}: {f['Occurrences']} × {f['Error']}" for f in failures)]
    _print(rows)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open() as lines:
        return list(csv.DictReader(lines))


def _faults(rows: list[dict[str, str]]) -> Iterator[str]:
    budgets: dict[str, int] = json.loads((_HERE / "budgets.json").read_text())["p99_ms_max"]
    seen = {row["Name"]: row for row in rows}
    for name, row in seen.items():
        if int(row["Failure Count"]):
            yield f"{name}: {row['Failure Count']} requests failed"
    for name, p99_ms_max in budgets.items():
        if name not in seen:
            yield f"{name}: never asked"
        elif int(seen[name]["99%"]) > p99_ms_max:
            yield f"{name}: p99 of {seen[name]['99%']} ms is over its budget of {p99_ms_max} ms"


def _print(rows: list[dict[str, str]]) -> None:
    print("| operation | requests | failed | requests/s | p50 ms | p95 ms | p99 ms |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        cells = [row[column] for column in _COLUMNS]
        cells[3] = f"{float(cells[3]):.1f}"
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    sys.exit(main())
