"""The contract as nouns: methods, events, errors, permissions, messages on the wire. Defaults are filled in here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sdk.contract.generate.shapes import ContractError, Record, Shape, shape

LANGUAGES: Final = ("en", "zh-CN")
DEADLINE_MS: Final = 10_000
_NOTHING: Final = Record(())
# Declared and granted, but no sheet opens for it.
_NEVER_ASKED: Final = "city.user.openid"


@dataclass(frozen=True, slots=True)
class Rate:
    name: str
    per_second: float
    burst: int
    doc: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An error that a program can meet. why: who said no, where that is always the same one."""

    code: str
    errno: int
    retryable: bool
    why: str | None
    message: Mapping[str, str]
    docs: str


@dataclass(frozen=True, slots=True)
class Permission:
    name: str
    title: Mapping[str, str]
    sentence: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Method:
    """deadline_ms: 0 for none. value: the member of the result that a program gets, or None for all of it.
    permission_when: (parameter, its value, the permission that is needed then instead)."""

    name: str
    group: str
    since: str
    rate: str
    deadline_ms: int
    permission: str | None
    permission_when: tuple[tuple[str, str, str], ...]
    gesture: bool
    local: bool
    sync: bool
    internal: bool
    by_hand: bool
    value: str | None
    params: Shape
    result: Shape
    errors: tuple[str, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    since: str
    local: bool
    internal: bool
    data: Shape
    doc: str


@dataclass(frozen=True, slots=True)
class Message:
    kind: str
    sender: str
    doc: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Contract:
    protocol: int
    sdk: str
    docs: str
    encoding: str
    limits: Mapping[str, int]
    rates: tuple[Rate, ...]
    errors: tuple[Problem, ...]
    common_errors: tuple[str, ...]
    raised_by_sdk: tuple[str, ...]
    permissions: tuple[Permission, ...]
    named: Mapping[str, Shape]
    wire: tuple[Message, ...]
    methods: tuple[Method, ...]
    events: tuple[Event, ...]


def parsed(raw: Mapping[str, Any]) -> Contract:
    """Raises: ContractError."""
    defs = raw["$defs"]
    read = Contract(
        protocol=raw["protocol"],
        sdk=raw["sdk"],
        docs=raw["docs"],
        encoding=raw["encoding"],
        limits=raw["limits"],
        rates=tuple(Rate(name, one["per_second"], one["burst"], one["doc"]) for name, one in raw["rates"].items()),
        errors=tuple(_problem(code, one, raw) for code, one in raw["errors"].items()),
        common_errors=tuple(raw["common_errors"]),
        raised_by_sdk=tuple(raw["raised_by_sdk"]),
        permissions=tuple(Permission(name, p["name"], p["sentence"]) for name, p in raw["permissions"].items()),
        named={name: shape(node, defs, f"$defs/{name}") for name, node in defs.items()},
        wire=tuple(
            Message(kind, one["from"], one["doc"], shape(one["message"], defs, f"wire/{kind}"))
            for kind, one in raw["wire"].items()
        ),
        methods=tuple(_method(name, one, defs) for name, one in raw["methods"].items()),
        events=tuple(_event(name, one, defs) for name, one in raw["events"].items()),
    )
    _consistent(read)
    return read


def _problem(code: str, one: Mapping[str, Any], raw: Mapping[str, Any]) -> Problem:
    return Problem(code, one["errno"], one["retryable"], one.get("why"), one["message"], f"{raw['docs']}#{code}")


_METHOD_WORDS: Final = frozenset(
    "group since rate deadline_ms permission permission_when gesture local sync internal by_hand value params result "
    "errors doc".split()
)


def _method(name: str, one: Mapping[str, Any], defs: Mapping[str, Any]) -> Method:
    if set(one) - _METHOD_WORDS:
        raise ContractError(f"{name}: {sorted(set(one) - _METHOD_WORDS)} mean nothing here")
    when = one.get("permission_when", {})
    return Method(
        name=name,
        group=one["group"],
        since=one.get("since", "1.0"),
        rate=one["rate"],
        deadline_ms=one.get("deadline_ms", DEADLINE_MS),
        permission=one.get("permission"),
        permission_when=tuple((param, value, p) for param, by in when.items() for value, p in by.items()),
        gesture=one.get("gesture", False),
        local=one.get("local", False),
        sync=one.get("sync", False),
        internal=one.get("internal", False),
        by_hand=one.get("by_hand", False),
        value=one.get("value"),
        params=shape(one["params"], defs, f"{name}/params") if "params" in one else _NOTHING,
        result=shape(one["result"], defs, f"{name}/result") if "result" in one else _NOTHING,
        errors=tuple(one.get("errors", ())),
        doc=one["doc"]["en"],
    )


def _event(name: str, one: Mapping[str, Any], defs: Mapping[str, Any]) -> Event:
    data = shape(one["data"], defs, f"{name}/data")
    local, internal = one.get("local", False), one.get("internal", False)
    return Event(name, one.get("since", "1.0"), local, internal, data, one["doc"]["en"])


def _consistent(read: Contract) -> None:
    """What names something names what there is, and every word stands in each language."""
    codes = {one.code for one in read.errors}
    if twice := [errno for errno, n in Counter(one.errno for one in read.errors).items() if n > 1]:
        raise ContractError(f"errors: {twice} twice")
    permissions, rates = {one.name for one in read.permissions}, {one.name for one in read.rates}
    for words in [e.message for e in read.errors] + [w for p in read.permissions for w in (p.title, p.sentence)]:
        if tuple(words) != LANGUAGES or not all(words.values()):
            raise ContractError(f"{words}: not in {LANGUAGES}")
    for code in {*read.common_errors, *read.raised_by_sdk} | {code for one in read.methods for code in one.errors}:
        if code not in codes:
            raise ContractError(f"{code} is no error")
    for one in read.methods:
        needed = {p for p in (one.permission, *(when[2] for when in one.permission_when)) if p}
        if needed - permissions or one.rate not in rates or not re.fullmatch(r"[a-z][A-Za-z]*", one.name):
            raise ContractError(f"{one.name}: names what there is not")
        if needed - {_NEVER_ASKED} and one.deadline_ms:
            raise ContractError(f"{one.name}: a person who is asked has no deadline")
        if one.sync and not one.local:
            raise ContractError(f"{one.name}: what crosses the wire is never there at once")
