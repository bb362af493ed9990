"""The `python -m backends.governance` command: the only reader of arguments and the environment here.

Environment (an argument goes first):
- TONG_GOVERNANCE_MONGO_URL, TONG_GOVERNANCE_DATABASE: as --mongo-url and --database (--data-dir goes before a URL)
- TONG_GOVERNANCE_KEYS: keys that may post and read changes, separated by commas; with none, nobody may
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from backends.base import commands
from backends.base.keys import digests_of
from backends.governance import app, demo
from backends.governance.app import Settings
from backends.governance.intake import note_of, status_of
from backends.governance.listing import Listing
from backends.governance.model import STEPS, Event, Status
from backends.governance.schema import schema
from backends.governance.units import UNITS, serves, unit_named
from core.divisions import DISTRICTS
from core.graph import sdl
from core.paging import PAGE_SIZE_MAX, PageRequest


def main(argv: list[str] | None = None) -> int:
    arguments = _parser(os.environ).parse_args(argv)
    return commands.run(lambda: _COMMANDS[arguments.command](arguments))


async def _serve(arguments: argparse.Namespace) -> None:
    await app.serve(_settings(arguments), announce=lambda ready: print(json.dumps(ready), flush=True))


async def _list(arguments: argparse.Namespace) -> None:
    page = PageRequest.of(first=arguments.first, after=None)
    status = None if arguments.status is None else Status(arguments.status)
    async with app.opened(_settings(arguments)) as governance:
        [found] = await governance.pages(listings=[Listing(page, arguments.district, status, arguments.category)])
    for event in found.rows:
        print(_line(event))


async def _units(arguments: argparse.Namespace) -> None:
    for unit in UNITS.values():
        if serves(unit, arguments.district):
            print(f"{unit.code:24} {unit.name.zh}  {unit.name.en}")


async def _dispatch(arguments: argparse.Namespace) -> None:
    note = note_of(arguments.note)
    async with app.opened(_settings(arguments)) as governance:
        event = await governance.named(name=arguments.event)
        print(_line(await governance.dispatch(event_id=event.id, unit_code=arguments.unit, note=note)))


async def _move(arguments: argparse.Namespace) -> None:
    to, note = status_of(arguments.status), note_of(arguments.note)
    async with app.opened(_settings(arguments)) as governance:
        event = await governance.named(name=arguments.event)
        print(_line(await governance.move(event_id=event.id, to=to, note=note)))


async def _schema(arguments: argparse.Namespace) -> None:
    Path(__file__).with_name("schema.graphql").write_text(sdl(schema), encoding="utf-8")


_COMMANDS = {
    "serve": _serve, "list": _list, "units": _units, "dispatch": _dispatch, "move": _move, "schema": _schema,
}  # fmt: skip


def _line(event: Event) -> str:
    unit = unit_named(event.dispatch.unit).name.en if event.dispatch else "-"
    due = f"{event.due_at:%Y-%m-%d %H:%M}Z"
    return f"{event.id} {event.report.number} {event.status} {event.report.category} due {due} {unit}"


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(
        mongo_url=commands.mongo_url(arguments, backend=Settings.backend),
        database=arguments.database,
        host=getattr(arguments, "host", "127.0.0.1"),
        port=getattr(arguments, "port", 0),
        demo=getattr(arguments, "demo", False),
        seed=getattr(arguments, "seed", demo.SEED),
        keys=digests_of(os.environ.get("TONG_GOVERNANCE_KEYS", "")),
    )


def _parser(env: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backends.governance", description="CityTong's governance backend.")
    verbs = parser.add_subparsers(dest="command", required=True)
    serve = verbs.add_parser("serve", help="answer GraphQL, take events in, and tell the city of changes")
    commands.add_listening(serve)
    serve.add_argument("--demo", action="store_true", help="keep synthetic events of the last days there")
    serve.add_argument("--seed", type=int, default=demo.SEED, help="of the synthetic events")
    listed = verbs.add_parser("list", help="print events, the newest first")
    listed.add_argument("--district", choices=DISTRICTS)
    listed.add_argument("--status", choices=list(Status))
    listed.add_argument("--category")
    listed.add_argument("--first", type=commands.bounded(1, PAGE_SIZE_MAX), default=20)
    sent = verbs.add_parser("dispatch", help="give an event to a unit")
    sent.add_argument("event", help="its id or its number")
    sent.add_argument("--unit", help="its code (`units`); default: the district's government")
    moved = verbs.add_parser("move", help="a step of the unit that has the event")
    moved.add_argument("event", help="its id or its number")
    moved.add_argument("status", choices=list(STEPS))
    for command in (sent, moved):
        command.add_argument("--note", help="one line; DONE and RETURNED need it")
    for command in (serve, listed, sent, moved):
        commands.add_database(command, env, backend=Settings.backend)
    units = verbs.add_parser("units", help="print the units, or those that serve a district")
    units.add_argument("--district", choices=DISTRICTS)
    verbs.add_parser("schema", help="write the subgraph's SDL beside this module")
    return parser


if __name__ == "__main__":
    sys.exit(main())
