"""`review/published.py`: what the rules know of the bridge, of the graph and of the SDK, as tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from miniapps.scopes import OPEN, SCOPES
from sdk.contract.generate.model import Contract

_HEAD: Final = '''\
"""Which call of the bridge needs which permission, which fields of the graph a permission opens, and which files are
published forms of @citytong/sdk.

Made by `make contract` of sdk/contract/bridge.schema.json, of the city's table of scopes and of sdk/js/published.json;
not to be changed by hand.
"""

# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# fmt: off
# By method: every permission that one way of calling it needs.
CALLS: Final[Mapping[str, tuple[str, ...]]] = {
'''


_PUBLISHED: Final = Path(__file__).parents[2] / "js" / "published.json"
# A method of the SDK that asks the host by another.
_BY: Final = {"chooseMedia": "mediaChoose"}


def module(contract: Contract) -> str:
    methods = {method.name: method for method in contract.methods}
    asked = {name: methods[_BY.get(name, name)].permission_when for name in methods}
    calls = {
        method.name: tuple(dict.fromkeys((method.permission, *(needed for _, _, needed in asked[method.name]))))
        for method in contract.methods
        if method.permission and not method.internal
    }
    lines = [f"    {_quoted(name)}: {_tuple(needed)},\n" for name, needed in calls.items()]
    scopes = [f"    {_quoted(name)}: {_tuple(fields)},\n" for name, fields in SCOPES.items()]
    return (
        _HEAD
        + "".join(lines)
        + "}\nSCOPES: Final[Mapping[str, tuple[str, ...]]] = {\n"
        + "".join(scopes)
        + f"}}\nOPEN: Final = frozenset({{{', '.join(map(_quoted, sorted(OPEN)))}}})\n"
        + "# SHA-256 (hex) of every file of every version.\nKIT: Final = frozenset(\n    {\n"
        + "".join(f"        {_quoted(hash)},  # {name}\n" for name, hash in _kit())
        + "    }\n)\n"
    )


def _kit() -> list[tuple[str, str]]:
    """Version and file, and its hash."""
    versions: dict[str, dict[str, str]] = json.loads(_PUBLISHED.read_text(encoding="utf-8"))
    return [(f"{version} {name}", hash) for version, files in versions.items() for name, hash in files.items()]


def _quoted(text: str) -> str:
    return f'"{text}"'


def _tuple(items: tuple[str, ...]) -> str:
    joined = ", ".join(map(_quoted, items))
    return f"({joined},)" if len(items) == 1 else f"({joined})"
