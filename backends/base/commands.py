"""A backend's command line: what every `python -m backends.…` takes, and how it ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import uvloop

from backends.base.running import CannotStart
from core import embedded, logs
from core.embedded import EmbeddedUnavailable
from core.errors import DomainError


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """The exit code: 2 for what is the operator's to mend, said in one sentence on standard error."""
    logs.configure()
    try:
        uvloop.run(work())
    except (CannotStart, EmbeddedUnavailable, DomainError) as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def add_listening(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=bounded(0, 65535), default=0, help="0 takes a free port")


def add_database(parser: argparse.ArgumentParser, env: Mapping[str, str], *, backend: str) -> None:
    """--mongo-url, --data-dir and --database, with TONG_<BACKEND>_MONGO_URL and …_DATABASE behind them."""
    prefix = f"TONG_{backend.upper()}"
    parser.add_argument("--mongo-url", default=env.get(f"{prefix}_MONGO_URL"))
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="of an embedded city that is running")
    parser.add_argument("--database", default=env.get(f"{prefix}_DATABASE", backend))


def mongo_url(arguments: argparse.Namespace, *, backend: str) -> str:
    """As named, or of the embedded city in --data-dir. Raises: CannotStart, EmbeddedUnavailable."""
    if arguments.data_dir is not None:
        return embedded.addresses(arguments.data_dir)["TONG_MONGO_URL"]
    if arguments.mongo_url is None:
        raise CannotStart(
            f"Name the database with --mongo-url or TONG_{backend.upper()}_MONGO_URL, "
            "or an embedded city's folder with --data-dir."
        )
    return str(arguments.mongo_url)


def bounded(least: int, most: int) -> Callable[[str], int]:
    """An argument's type: a whole number from `least` to `most`."""

    def number(text: str) -> int:
        if not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be from {least} to {most}")
        return int(text)

    return number
