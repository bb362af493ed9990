"""docs/sdk/tong.md: every command, its options and the shape of its `--json`, made of the commands themselves."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

import typer

from . import cli, commands
from .commands import Command

_HEAD: Final = """\
# tong

*Made of the commands themselves (`make contract`). What they print for a person may change; names, options, JSON and
statuses do not.*

`pip install "citytong-sdk[tong]"`, then `tong new NAME`. `tong --install-completion` teaches your shell; `--debug`, on
any command, shows where an error came from. Colours follow [`NO_COLOR`](https://no-color.org), progress shows only on a
terminal, files are written whole or not at all, and Ctrl-C ends with 130.

| status | means |
|---|---|
| 0 | done |
| 1 | findings: a version would be refused, a build is not reproducible, a page does not start |
| 2 | it cannot be done so: options, the project's files, a state that does not allow it |
| 3 | the city or the line |
| 4 | who you are: sign-in, keys, rights |
| 5 | a signature, the log or the list of revocations: do not use it |
| 130 | Ctrl-C |

`--json` prints one document: `{"ok", "command", "exit", "result"}`, or `{"ok": false, "command", "exit", "error":
{"code", "message", "where", "why", "advice"}}`. Codes are `TONG_…`, a package's own (`BUNDLE_…`) or the city's
([errors.md](../errors.md)). What goes on is one object a line: `tong logs -f --json-lines`, and
`tong status --watch --json-lines`, by which a script or a CI job follows a version until it is decided.

| where | what |
|---|---|
| `citytong.toml` | `[app] id`, `[city] url`, `[paths] dist, build`, `[typegen] operations, json, js, python, schema` |
| `~/.config/citytong/credentials.json` | sign-ins, one a city; mode 0600, for all processes under one lock |
| `~/.config/citytong/keys/` | signing keys (PEM, mode 0600, sealed if you like); of those in hardware, where |
| `~/.local/state/citytong/` | what was seen of cities' keys, lists and logs, which `tong verify` compares with |
| `TONG_CITY` | the city, where `--city` does not say |
| `TONG_KEY_PASSPHRASE` | what a key is sealed by, where nobody is there to be asked |
| `TONG_KEY_PIN` | the PIN of the token that holds a key, where its address names no `pin-source` |
| `TONG_ID_TOKEN` | of a run of a CI system, for `--oidc`; GitHub Actions' own is found without |
| `TONG_CHROMIUM` | the browser of `tong test` |
| `SOURCE_DATE_EPOCH` | when a package was signed, for builds that are made twice |

A key may stay in hardware: `--key 'pkcs11:token=NAME;object=LABEL?module-path=/its/library.so'` ([RFC
7512](https://www.rfc-editor.org/rfc/rfc7512)), with `pip install "citytong-sdk[pkcs11]"`. The PIN comes from
`pin-source=file:/its/path`, from `TONG_KEY_PIN` or from you; one in the address (`pin-value`) is refused, for commands
are seen by others. Tokens that do not know Ed25519 make keys with `--algorithm p256`. A CI system needs no key:
[From CI](guides/ci.md). Why things are as they are:
[decision 0064](../decisions/0064-a-command-says-one-document-and-a-lying-log-ends-it.md).
"""


def markdown() -> str:
    root: Any = typer.main.get_command(commands.assembled(cli.COMMANDS, cli.GROUPS, ""))
    return "\n".join([_HEAD, *(_section(one, _found(root, one.name)) for one in cli.COMMANDS)])


def _found(root: Any, name: str) -> Any:
    for word in name.split():
        root = root.commands[word]
    return root


def _section(command: Command, parsed: Any) -> str:
    arguments = [one for one in parsed.params if one.param_type_name == "argument"]
    options = [one for one in parsed.params if one.param_type_name == "option" and one.name not in ("json", "help")]
    usage = " ".join(
        [f"tong {command.name}", *(_argument(one) for one in arguments), *(["[OPTIONS]"] if options else [])]
    )
    rows = [f"| `{_argument(one)}` | {_said(one)} |" for one in arguments]
    hints = typing.get_type_hints(command.function)
    rows += [f"| `{_spelled(one, hints[one.name])}` | {_said(one)} |" for one in options]
    table = ["", "| | |", "|---|---|", *rows] if rows else []
    shapes = _shapes(command.result)
    lines = [
        f"## tong {command.name}",
        "",
        f"`{usage}`",
        "",
        command.help,
        *table,
        "",
        "`result` of `--json`:",
        "",
        *shapes,
    ]
    return "\n".join(lines) + "\n"


def _argument(one: Any) -> str:
    name = str(one.metavar or one.name.upper()).strip("[]")
    return name if one.required else f"[{name}]"


def _spelled(one: Any, hint: Any) -> str:
    """An option's names, and what its value is called or can be."""
    names = "/".join([*one.opts, *one.secondary_opts])
    if one.is_flag:
        return names
    kinds = [kind for kind in (hint, *typing.get_args(hint)) if isinstance(kind, type) and issubclass(kind, Enum)]
    choices = "|".join(str(choice.value) for kind in kinds for choice in kind)
    return f"{names} {choices or one.metavar or one.name.upper()}".replace("|", "\\|")


def _said(one: Any) -> str:
    default = one.default.value if isinstance(one.default, Enum) else one.default
    shown = f" Without it: `{default}`." if default not in (None, "", False, True) and not one.required else ""
    must = " Required." if one.required and one.param_type_name == "option" else ""
    return ((one.help or "") + shown + must).replace("|", "\\|").strip()


def _shapes(root: type) -> list[str]:
    """The dataclass and those that it holds, as a table of each: its members and what they are."""
    found: dict[str, type] = {}
    _collect(root, found)
    lines: list[str] = []
    for name, one in found.items():
        hints = typing.get_type_hints(one)
        members = ", ".join(f"`{field.name}` {_kind(hints[field.name])}" for field in dataclasses.fields(one))
        lines.append(f"- **{name}**: {members or 'nothing'}. {_about(one)}".rstrip())
    return lines


def _collect(one: object, found: dict[str, type]) -> None:
    if isinstance(one, type) and dataclasses.is_dataclass(one) and one.__name__ not in found:
        found[one.__name__] = one
        for hint in typing.get_type_hints(one).values():
            _collect(hint, found)
    for inner in typing.get_args(one):
        _collect(inner, found)


def _kind(hint: Any) -> str:
    arguments = typing.get_args(hint)
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return " or ".join(_kind(one) for one in arguments)
    origin = typing.get_origin(hint)
    if origin is tuple:
        return f"list of {_kind(arguments[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"object of {_kind(arguments[1])}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " or ".join(f'"{one.value}"' for one in hint)
    names = {str: "text", int: "integer", float: "number", bool: "true or false", type(None): "null", Any: "JSON"}
    return names.get(hint, getattr(hint, "__name__", "JSON"))


def _about(one: type) -> str:
    """What the class says of itself; a dataclass without words has its signature there."""
    text = " ".join((one.__doc__ or "").split())
    return "" if re.match(rf"{one.__name__}\(", text) else text
