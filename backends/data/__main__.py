"""The `python -m backends.data` command: the only reader of arguments and the environment here.

Environment (an argument goes first):
- TONG_DATA_MONGO_URL, TONG_DATA_DATABASE: as --mongo-url and --database (--data-dir goes before a URL)
- TONG_DATA_MASTER_KEY: 32 bytes in base64, of this department alone; what the registers hold is sealed with it
- TONG_DATA_KEYS: who may do what, `name:right+right=key`, separated by commas; with none, nobody may (see `keys`)
- TONG_DATA_BASE_URL: as --base-url
- TONG_DATA_FACE_KEY: 32 bytes in base64; with --demo, real-person checks and net-IDs are signed with it (see `faces`)
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from backends.base import commands
from backends.base.running import CannotStart
from backends.data import app
from backends.data.app import Settings
from backends.data.keys import Grant, grants_of
from backends.data.schema import schema
from core.crypto import MASTER_KEY_BYTES
from core.graph import sdl
from core.processes import free_port


def main(argv: list[str] | None = None) -> int:
    arguments = _parser(os.environ).parse_args(argv)
    return commands.run(lambda: _COMMANDS[arguments.command](arguments))


async def _serve(arguments: argparse.Namespace) -> None:
    await app.serve(_settings(arguments), announce=lambda ready: print(json.dumps(ready), flush=True))


async def _schema(arguments: argparse.Namespace) -> None:
    Path(__file__).with_name("schema.graphql").write_text(sdl(schema), encoding="utf-8")


_COMMANDS = {"serve": _serve, "schema": _schema}


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(
        mongo_url=commands.mongo_url(arguments, backend="data"),
        database=arguments.database,
        mongo_timeout_s=5.0,  # a table of 5 MB is written in one transaction
        host=arguments.host,
        # Known before it listens: distributions say where they are.
        port=arguments.port or free_port(),
        master_key=_key(os.environ, "TONG_DATA_MASTER_KEY"),
        base_url=arguments.base_url.rstrip("/"),
        grants=_grants(os.environ),
        demo=arguments.demo,
        face_key=_key(os.environ, "TONG_DATA_FACE_KEY") if os.environ.get("TONG_DATA_FACE_KEY") else b"",
    )


def _key(env: Mapping[str, str], name: str) -> bytes:
    """Raises: CannotStart with a sentence that quotes no key."""
    try:
        key = base64.b64decode(env.get(name, ""), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise CannotStart(f"Set {name} to {MASTER_KEY_BYTES} random bytes in base64.")
    return key


def _grants(env: Mapping[str, str]) -> tuple[Grant, ...]:
    try:
        return grants_of(env.get("TONG_DATA_KEYS", ""))
    except ValueError as fault:
        raise CannotStart(f"TONG_DATA_KEYS cannot be read: {fault}.") from fault


def _parser(env: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backends.data", description="CityTong's data backend.")
    verbs = parser.add_subparsers(dest="command", required=True)
    serve = verbs.add_parser("serve", help="answer GraphQL, take publications, answer for the registers")
    commands.add_listening(serve)
    commands.add_database(serve, env, backend="data")
    serve.add_argument("--demo", action="store_true", help="add the demonstration's datasets and registers")
    serve.add_argument(
        "--base-url",
        default=env.get("TONG_DATA_BASE_URL", ""),
        help="where readers reach it; default: where it listens",
    )
    verbs.add_parser("schema", help="write the subgraph's SDL beside this module")
    return parser


if __name__ == "__main__":
    sys.exit(main())
