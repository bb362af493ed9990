"""Where a command runs: its streams, folder, clock and settings, and how it says what it did.

Rules
- Standard output is for the result: lines for a person, or with `--json` one document. Progress goes to standard error,
  and only when a person sits there.
- What a city, a program or a build said may be hostile: nothing of it commands the terminal.
- A document is `{"ok", "command", "exit", "result"}` or `{"ok": false, "command", "exit", "error"}`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final, TextIO

from .errors import Exit, TongError

_COLOURS: Final = {"red": "31", "yellow": "33", "green": "32", "bold": "1", "dim": "2"}
_OWN: Final = frozenset(f"\x1b[{number}m" for number in (*_COLOURS.values(), "0"))
# Colours, other controls but the tabulator and the end of a line, and what turns the direction of writing.
_COMMANDS: Final = re.compile("\x1b\\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Done:
    """What a command did. result: a frozen dataclass. said: lines for a person. then: what goes on after they were
    said, until somebody ends it.
    """

    result: Any
    said: Sequence[str] = ()
    exit: Exit = Exit.OK
    then: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a command may touch of the machine. now: seconds of Unix time. secret: asks for a passphrase."""

    env: Mapping[str, str] = field(repr=False)
    folder: Path
    out: TextIO
    err: TextIO
    now: Callable[[], float]
    sleep: Callable[[float], None]
    secret: Callable[[str], str]

    @property
    def config(self) -> Path:
        """Keys and credentials (XDG base directories)."""
        return self._base("XDG_CONFIG_HOME", ".config")

    @property
    def state(self) -> Path:
        """What was seen of cities' logs and lists, which must not be forgotten."""
        return self._base("XDG_STATE_HOME", ".local/state")

    @property
    def attended(self) -> bool:
        """Whether a person sees progress and can answer."""
        return self.err.isatty()

    def note(self, text: str) -> None:
        """Progress."""
        if self.attended:
            self.err.write(f"{_shown(text)}\n")
            self.err.flush()

    def tell(self, text: str) -> None:
        """What a person must know though it is no result."""
        self.err.write(f"{_shown(text)}\n")
        self.err.flush()

    def stream(self, line: str) -> None:
        """One line of a result that has no end."""
        self.out.write(f"{_shown(line)}\n")
        self.out.flush()

    def painted(self, text: str, colour: str, stream: TextIO | None = None) -> str:
        """`text` in a colour, where the stream shows colours and nobody said no (https://no-color.org)."""
        shown = (stream or self.out).isatty() and not self.env.get("NO_COLOR") and self.env.get("TERM") != "dumb"
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if shown else text

    def _base(self, name: str, otherwise: str) -> Path:
        told = self.env.get(name, "")
        # The specification: a path that is not absolute counts as none.
        base = Path(told) if told.startswith("/") else Path(self.env.get("HOME", "/")) / otherwise
        return base / "citytong"


def finish(desk: Desk, done: Done, *, command: str, as_json: bool) -> int:
    """Say what was done. Returns the status."""
    if as_json:
        _document(desk, command, done.exit, result=plain(done.result))
    else:
        for line in done.said:
            desk.out.write(f"{_shown(line)}\n")
    desk.out.flush()
    return int(done.exit)


def fail(desk: Desk, fault: TongError, *, command: str, as_json: bool) -> int:
    """Say what went wrong. Returns the status."""
    if as_json:
        names = ("code", "message", "where", "why", "advice")
        _document(desk, command, fault.exit, error={name: getattr(fault, name) for name in names})
        desk.out.flush()
        return int(fault.exit)
    head = f"tong {command}".rstrip()
    lines = [f"{head}: {desk.painted(fault.code, 'red', desk.err)}: {fault.message}"]
    lines += [f"  {label}: {text}" for label, text in (("where", fault.where), ("why", fault.why)) if text]
    lines += [f"  → {fault.advice}"] if fault.advice else []
    desk.tell("\n".join(lines))
    return int(fault.exit)


def plain(value: Any) -> Any:
    """A result as JSON has it: dataclasses as objects, in the order of their members."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value


def _shown(text: str) -> str:
    """Without what a terminal would obey, but for the desk's own colours."""
    return _COMMANDS.sub(lambda found: found[0] if found[0] in _OWN else "\N{REPLACEMENT CHARACTER}", text)


def on_one_line(value: Any) -> str:
    """For results that are read line by line."""
    return json.dumps(plain(value), ensure_ascii=False)


def _document(desk: Desk, command: str, exit: Exit, **told: Any) -> None:
    document = {"ok": exit is Exit.OK, "command": command, "exit": int(exit), **told}
    desk.out.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
