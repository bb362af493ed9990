"""How JavaScript is written down."""

from __future__ import annotations

import json
import re
from typing import Any, Final

HEADER: Final = "// Made by `make contract` of sdk/contract/bridge.schema.json; not to be changed by hand.\n"

_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def literal(value: Any) -> str:
    """JSON is JavaScript; keys that are names go without quotes."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key(name)}: {literal(one)}" for name, one in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def key(name: str) -> str:
    return name if _NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def regex(pattern: str) -> str:
    return "/" + pattern.replace("/", r"\/") + "/"
