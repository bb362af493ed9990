"""The adapter at a shell: writes a program's folder, and says what was done and what is in the way."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sdk.adapters.webxdc.convert import convert, read


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sdk.adapters.webxdc", description=__doc__)
    parser.add_argument("app", type=Path, help="a .xdc, or the folder of one")
    parser.add_argument("out", type=Path, help="where the program's files go")
    parser.add_argument("--app-id", required=True, help="the program's id, such as org.example.poll")
    parser.add_argument("--name", default="", help="else the name that the app has")
    told = parser.parse_args()
    made = convert(read(told.app), app_id=told.app_id, name=told.name)
    for path, content in made.files.items():
        file = told.out / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    print(f"{len(made.files)} files; {made.handlers} handlers moved out of attributes")
    if made.sinks:
        print(f"writes HTML from text, so Trusted Types are off: {', '.join(made.sinks)}")
    if made.left:
        print(f"left behind: {', '.join(made.left)}")
    if made.refused:
        print(f"cannot be packed: {made.refused}", file=sys.stderr)
    return 1 if made.refused else 0


if __name__ == "__main__":
    sys.exit(main())
