"""The `python -m backends.sensor` command: the only reader of arguments and the environment here.

Environment (an argument goes first):
- TONG_SENSOR_MONGO_URL, TONG_SENSOR_DATABASE: as --mongo-url and --database (--data-dir goes before a URL)
- TONG_SENSOR_INGEST_KEYS: keys that may post readings, separated by commas; with none, nobody may
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from backends.base import commands
from backends.base.keys import digests_of
from backends.sensor import app, bench, feed, synthetic
from backends.sensor.app import Settings
from backends.sensor.importer import Importer
from backends.sensor.model import Recorded
from backends.sensor.schema import schema
from core import embedded
from core.graph import sdl

_IMPORT_TIMEOUT_S = 20.0


def main(argv: list[str] | None = None) -> int:
    arguments = _parser(os.environ).parse_args(argv)
    return commands.run(lambda: _COMMANDS[arguments.command](arguments))


async def _serve(arguments: argparse.Namespace) -> None:
    await app.serve(_settings(arguments), announce=lambda ready: print(json.dumps(ready), flush=True))


async def _import(arguments: argparse.Namespace) -> None:
    async with app.opened(_settings(arguments)) as sensors:
        progress = _Progress(sys.stderr)
        importer, total = Importer(sensors, progress.show), Recorded(0, 0)
        for file in arguments.paths:
            try:
                total += await importer.take(file)
            finally:
                progress.end()
    print(json.dumps({"accepted": total.accepted, "duplicates": total.duplicates}))


async def _backfill(arguments: argparse.Namespace) -> None:
    print(json.dumps({"accepted": await app.backfill(_settings(arguments))}))


async def _schema(arguments: argparse.Namespace) -> None:
    Path(__file__).with_name("schema.graphql").write_text(sdl(schema), encoding="utf-8")


async def _bench(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="citytong-bench-", ignore_cleanup_errors=True) as folder:
        stores = None if arguments.mongo_url else await embedded.start(Path(folder), redis=False)
        try:
            url = stores.mongo_url if stores else arguments.mongo_url
            print(bench.table(await bench.measure(mongo_url=url, files=arguments.paths, rounds=arguments.rounds)))
        finally:
            if stores:
                await stores.stop()


_COMMANDS = {"serve": _serve, "import": _import, "backfill": _backfill, "schema": _schema, "bench": _bench}


@dataclass(slots=True)
class _Progress:
    """How far a file is: one line that changes on a terminal; elsewhere one plain line when the file has ended."""

    out: TextIO
    line: str = ""

    def show(self, file: Path, done: Recorded) -> None:
        self.line = f"{file.name}: {done.accepted} added, {done.duplicates} stood already"
        if self.out.isatty():
            print(f"\r{self.line}", end="", file=self.out, flush=True)

    def end(self) -> None:
        if self.line:
            print("" if self.out.isatty() else self.line, file=self.out, flush=True)
        self.line = ""


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(
        mongo_url=commands.mongo_url(arguments, backend=Settings.backend),
        database=arguments.database,
        mongo_timeout_s=_IMPORT_TIMEOUT_S if arguments.command == "import" else 2.5,
        host=getattr(arguments, "host", "127.0.0.1"),
        port=getattr(arguments, "port", 0),
        demo=getattr(arguments, "demo", False),
        seed=getattr(arguments, "seed", synthetic.SEED),
        backfill_h=getattr(arguments, "hours", feed.BACKFILL_H),
        keys=digests_of(os.environ.get("TONG_SENSOR_INGEST_KEYS", "")),
    )


def _parser(env: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backends.sensor", description="CityTong's sensor backend.")
    verbs = parser.add_subparsers(dest="command", required=True)
    serve = verbs.add_parser("serve", help="answer GraphQL and take readings over HTTP")
    commands.add_listening(serve)
    serve.add_argument("--demo", action="store_true", help="keep synthetic readings of the last hours up to date")
    files = verbs.add_parser("import", help="import PRSA_Data files, CSV or gzip")
    files.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    fill = verbs.add_parser("backfill", help="add the synthetic readings that are missing of the last hours")
    for command in (serve, fill):
        command.add_argument("--seed", type=int, default=synthetic.SEED, help="of the synthetic model")
        command.add_argument("--hours", type=commands.bounded(1, feed.BACKFILL_H_MAX), default=feed.BACKFILL_H)
    verbs.add_parser("schema", help="write the subgraph's SDL beside this module")
    measured = verbs.add_parser("bench", help="time the import of files beside a bare insert; keeps nothing")
    measured.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    measured.add_argument("--rounds", type=commands.bounded(1, 100), default=3)
    measured.add_argument(
        "--mongo-url", help="its databases bench_import and bench_bare are dropped; default: embedded"
    )
    for command in (serve, files, fill):
        commands.add_database(command, env, backend=Settings.backend)
    return parser


if __name__ == "__main__":
    sys.exit(main())
