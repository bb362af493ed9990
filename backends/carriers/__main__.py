"""The `python -m backends.carriers` command: the only reader of arguments here. It reads no environment."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from backends.base import commands
from backends.carriers import app
from backends.carriers.app import Settings


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    return commands.run(lambda: _serve(arguments))


async def _serve(arguments: argparse.Namespace) -> None:
    settings = Settings(
        host=arguments.host, port=arguments.port, smtp_port=arguments.smtp_port, credentials=arguments.credentials
    )
    await app.serve(settings, announce=lambda ready: print(json.dumps(ready), flush=True))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backends.carriers", description="A stand-in for FCM and for a mail server."
    )
    serve = parser.add_subparsers(dest="command", required=True).add_parser("serve", help="take pushes and mail")
    commands.add_listening(serve)
    serve.add_argument("--smtp-port", type=commands.bounded(0, 65535), default=0, help="0 takes a free port")
    serve.add_argument(
        "--credentials", type=Path, metavar="FILE", help="where to write the service account that may push here"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
