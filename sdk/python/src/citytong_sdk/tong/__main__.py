"""`tong`, or `python -m citytong_sdk.tong`: the one reader of the environment."""

from __future__ import annotations

import getpass
import importlib.util
import os
import sys
import time
from pathlib import Path
from typing import Final

# What the extra `tong` brings.
_NEEDED: Final = ("typer", "httpx", "graphql")


def main() -> int:
    """Returns the status."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"tong needs {', '.join(missing)}, which came not with the library alone.\n"
            '  → pip install "citytong-sdk[tong]"\n'
        )
        return 2
    from .cli import main as command
    from .desk import Desk

    desk = Desk(
        env=os.environ,
        folder=Path.cwd(),
        out=sys.stdout,
        err=sys.stderr,
        now=time.time,
        sleep=time.sleep,
        secret=getpass.getpass,
    )
    status = command(sys.argv[1:], desk)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more as it ends, and would complain of a reader that has gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


if __name__ == "__main__":
    sys.exit(main())
