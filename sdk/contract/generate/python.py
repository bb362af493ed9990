"""The contract for Python: tables of frozen values, which `citytong_sdk.shapes` (written by hand) reads."""

from __future__ import annotations

import json
from typing import Any, Final

from sdk.contract.generate import problems
from sdk.contract.generate.model import Contract, Event, Method, Problem
from sdk.contract.generate.shapes import (
    FORMATS,
    Choice,
    Flag,
    Json,
    List,
    Map,
    Number,
    OneOf,
    Record,
    Shape,
    Text,
)


def package() -> str:
    return '"""What is made of the contract (`make contract`)."""\n'


_HEAD: Final = '''\
"""The bridge between a mini-program and its host: methods, events, errors and what each may say.

Made by `make contract` of sdk/contract/bridge.schema.json; not to be changed by hand.
"""

# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from citytong_sdk.shapes import Choice, Fault, Flag, Json, List, Map, Number, OneOf, Record, Shape, Text


@dataclass(frozen=True, slots=True)
class Method:
    """deadline_ms: 0 for none. permission_when: (parameter, its value, the permission needed then instead)."""

    since: str
    rate: str
    deadline_ms: int
    params: Shape
    result: Shape
    errors: tuple[str, ...] = ()
    permission: str | None = None
    permission_when: tuple[tuple[str, str, str], ...] = ()
    gesture: bool = False
    local: bool = False
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    since: str
    data: Shape
    local: bool = False
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Error:
    """why: who said no, where that is always the same one. message: by language."""

    errno: int
    retryable: bool
    why: str | None
    message: Mapping[str, str]
    docs: str

'''

_DOORS: Final = '''

def check_params(method: str, params: object) -> Fault | None:
    """What is wrong with the parameters of a call, or None. A method that is not known is a fault, too."""
    return METHODS[method].params.fault(params) if method in METHODS else Fault("", "is unknown")


def check_result(method: str, result: object) -> Fault | None:
    """What is wrong with what a call gives, or None."""
    return METHODS[method].result.fault(result) if method in METHODS else Fault("", "is unknown")


def check_event(name: str, data: object) -> Fault | None:
    """What is wrong with what an event says, or None."""
    return EVENTS[name].data.fault(data) if name in EVENTS else Fault("", "is unknown")


def check_wire(kind: str, message: object) -> Fault | None:
    """What is wrong with a whole message (`hello`, `welcome`, `request`, …), or None."""
    return WIRE[kind].fault(message) if kind in WIRE else Fault("", "is unknown")
'''


def bridge(contract: Contract) -> str:
    """`bridge.py`, one line for each thing: it is read by search, and kept as it is by `fmt: off`."""
    return "".join(
        [
            _HEAD,
            f"\nPROTOCOL: Final = {contract.protocol}\n",
            "\n# fmt: off\n",
            _table("METHODS", "Method", {one.name: _method(one) for one in contract.methods}),
            _table("EVENTS", "Event", {one.name: _event(one) for one in contract.events}),
            _table("WIRE", "Shape", {one.kind: _shape(one.shape) for one in contract.wire}),
            _table("ERRORS", "Error", {one.code: _error(one) for one in contract.errors}),
            "# fmt: on\n",
            _DOORS,
        ]
    )


def _table(name: str, of: str, rows: dict[str, str]) -> str:
    inner = "".join(f"    {_literal(key)}: {value},\n" for key, value in rows.items())
    return f"\n{name}: Final[Mapping[str, {of}]] = {{\n{inner}}}\n"


def _method(one: Method) -> str:
    words: dict[str, Any] = {
        "errors": one.errors,
        "permission": one.permission,
        "permission_when": one.permission_when,
        "gesture": one.gesture,
        "local": one.local,
        "internal": one.internal,
    }
    told = "".join(f", {name}={_literal(value)}" for name, value in words.items() if value)
    plain = ", ".join(map(_literal, (one.since, one.rate, one.deadline_ms)))
    return f"Method({plain}, {_shape(one.params)}, {_shape(one.result)}{told})"


def _event(one: Event) -> str:
    told = "".join(f", {name}=True" for name in ("local", "internal") if getattr(one, name))
    return f"Event({_literal(one.since)}, {_shape(one.data)}{told})"


def _error(one: Problem) -> str:
    return f"Error({', '.join(map(_literal, (one.errno, one.retryable, one.why, dict(one.message), one.docs)))})"


def _shape(one: Shape) -> str:
    match one:
        case Text():
            return _call("Text", _text(one))
        case Number(whole=whole, min=least, max=most):
            return _call("Number", {"whole": whole or None, "least": least, "most": most})
        case Choice(values=values):
            return f"Choice({_literal(values)})"
        case List(items=items, min=least, max=most):
            return _call("List", {"least": least or None, "most": most}, _shape(items))
        case Map(values=values, max=most):
            return _call("Map", {"most": most}, _shape(values))
        case OneOf(options=options):
            return f"OneOf(({', '.join(map(_shape, options))}))"
        case Record(members=members) if members:
            inner = ", ".join(f"{_literal(member.name)}: {_shape(member.shape)}" for member in members)
            required = tuple(member.name for member in members if member.required)
            return f"Record({{{inner}}}{f', {_literal(required)}' if required else ''})"
        case Record():
            return "Record()"
        case Json():
            return "Json()"
        case Flag():
            return "Flag()"


def _text(one: Text) -> dict[str, Any]:
    told: dict[str, Any] = {"least": one.min or None, "most": one.max}
    if one.pattern:
        return told | {"pattern": one.pattern}
    if one.format:
        return told | {"pattern": FORMATS[one.format].pattern, "problem": problems.of_format(one.format)}
    return told


def _call(name: str, words: dict[str, Any], first: str = "") -> str:
    told = [first] if first else []
    told += [f"{word}={_literal(value)}" for word, value in words.items() if value is not None]
    return f"{name}({', '.join(told)})"


def _literal(value: Any) -> str:
    """As ruff writes it: double quotes, unless there is one inside."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case dict():
            return "{" + ", ".join(f"{_literal(key)}: {_literal(one)}" for key, one in value.items()) + "}"
        case tuple():
            return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
    return repr(value)
