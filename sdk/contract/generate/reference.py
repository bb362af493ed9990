"""For readers: the reference document, and the table behind `canIUse` for tools that are not JavaScript."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from sdk.contract.generate.model import Contract, Event, Method
from sdk.contract.generate.shapes import (
    Choice,
    Flag,
    Json,
    List,
    Map,
    Member,
    Number,
    OneOf,
    Record,
    Shape,
    Text,
)


def can_i_use(contract: Contract) -> str:
    """`can-i-use.json`: by `method`, `method.parameter` or `on.event`, the version of the bridge that brought it."""
    table: dict[str, str] = {}
    for method in contract.methods:
        if not method.internal:
            table[method.name] = method.since
            for member in dict.fromkeys(one.name for one in _members(method.params)):
                table[f"{method.name}.{member}"] = method.since
    for event in contract.events:
        if not event.internal:
            table[f"on.{event.name}"] = event.since
    return json.dumps({"protocol": contract.protocol, "since": table}, indent=2, ensure_ascii=False) + "\n"


def document(contract: Contract) -> str:
    """`docs/sdk/bridge.md`."""
    public = [one for one in contract.methods if not one.internal]
    parts = [_HEAD, "## Methods\n"]
    for group, methods in groupby(public, key=lambda one: one.group):
        parts += [f"### {group}\n", *map(_method, methods)]
    parts += ["## Events\n", _EVENTS, *_events(e for e in contract.events if not e.internal)]
    parts += ["## Permissions\n", _PERMISSIONS, *_permissions(contract)]
    parts += ["## Errors\n", _errors(contract)]
    parts += ["## Wire\n", _wire(contract)]
    parts += [_INSIDE, *map(_method, (one for one in contract.methods if one.internal))]
    parts += _events(e for e in contract.events if e.internal)
    return "\n".join(parts)


_HEAD: Final = """\
# The bridge

What a mini-program can ask of its host, and what it hears. Made by `make contract` of
[`sdk/contract/bridge.schema.json`](../../sdk/contract/bridge.schema.json), as are the validators of both sides, so what
stands here is what is enforced.

Every call that is not marked *at once* returns a promise that settles. Beside its parameters it takes `signal`,
`timeout` (milliseconds; 0 for none) and, as in `wx`, `success`, `fail` and `complete`. Lengths of text count UTF-16
units.
"""

_EVENTS: Final = "`mp.on(name, listener, { signal })` gives back what ends it.\n"

_PERMISSIONS: Final = """\
A program may do what its manifest declares, the review granted, the citizen agreed to, the city's rules allow and the
moment permits. The sentence is what the citizen reads. Permissions for the city's graph (`city.data.…`) come from the
program's operations.
"""

_INSIDE: Final = """\
## Between SDK and host

On the wire, but not an API of programs.
"""


def _method(one: Method) -> str:
    lines = [f"#### {one.name}\n", one.doc + "\n"]
    if one.params != Record(()):
        lines += ["Parameters:\n", *_rows(one.params), ""]
    if one.result != Record(()):
        value = f" (a program gets `{one.value}` alone)" if one.value else ""
        lines += [f"Result{value}:\n", *_rows(one.result), ""]
    return "\n".join([*lines, _facts(one) + "\n"])


def _facts(one: Method) -> str:
    facts = [f"since {one.since}", "at once" if one.sync else f"`{one.rate}`"]
    if one.local:
        facts.append("answered by the SDK")
    elif not one.deadline_ms:
        facts.append("no deadline")
    else:
        facts.append(f"{one.deadline_ms / 1000:g} s")
    if one.gesture:
        facts.append("after a tap")
    if one.permission:
        facts.append(f"`{one.permission}`")
    facts += [f"`{permission}` where `{param}` is `{value}`" for param, value, permission in one.permission_when]
    return " · ".join(facts + [f"`{code}`" for code in one.errors])


def _events(events: Iterator[Event]) -> Iterator[str]:
    for one in events:
        rows = list(_rows(one.data)) if one.data != Record(()) else []
        yield "\n".join([f"#### on {one.name}\n", one.doc + "\n", *rows, *([""] if rows else [])])


def _rows(one: Shape) -> Iterator[str]:
    if isinstance(one, Record):
        for member in one.members:
            yield from _member(member, "")
    else:
        yield f"- {_kind(one)}"
        yield from _inside(one, "  ")


def _member(member: Member, indent: str) -> Iterator[str]:
    words = [_kind(member.shape)]
    if not member.required:
        words.append(f"default {_code(member.default)}" if member.default is not None else "optional")
    doc = f": {member.doc}" if member.doc else ""
    yield f"{indent}- `{member.name}` ({', '.join(words)}){doc}"
    yield from _inside(member.shape, indent + "  ")


def _inside(one: Shape, indent: str) -> Iterator[str]:
    match one:
        case Record(members=members):
            for member in members:
                yield from _member(member, indent)
        case List(items=items) | Map(values=items):
            yield from _inside(items, indent)
        case OneOf(options=options):
            for option in options:
                yield f"{indent}- {_kind(option)}"
                yield from _inside(option, indent + "  ")


def _kind(one: Shape) -> str:
    match one:
        case Json():
            return "any JSON"
        case Flag():
            return "true or false"
        case Text(format=str(name)):
            return f"text, {name}{_upto(one.max)}"
        case Text(pattern=str(pattern)):
            return f"text, `{pattern}`{_upto(one.max)}"
        case Text():
            return f"text{_span(one.min or None, one.max)}"
        case Number(whole=whole):
            return f"{'integer' if whole else 'number'}{_span(one.min, one.max)}"
        case Choice(values=values):
            return " or ".join(map(_code, values))
        case List():
            return f"list{_span(one.min or None, one.max)} of: {_kind(one.items)}"
        case Map():
            return f"object by key{_upto(one.max)} of: {_kind(one.values)}"
        case OneOf():
            return "one of"
        case Record():
            return "object"


def _span(least: float | None, most: float | None) -> str:
    if most is None or most == 2**53 - 1:
        return f", at least {least}" if least else ""
    return f" {least}–{most}" if least is not None else _upto(most)


def _upto(most: float | None) -> str:
    return "" if most is None else f", at most {most}"


def _code(value: Any) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _permissions(contract: Contract) -> Iterator[str]:
    yield "| permission | | what it lets a program do |\n|---|---|---|"
    for one in contract.permissions:
        name, told = (f"{words['en']} {words['zh-CN']}" for words in (one.title, one.sentence))
        yield f"| `{one.name}` | {name} | {told} |"
    yield ""


def _errors(contract: Contract) -> str:
    common = ", ".join(f"`{code}`" for code in contract.common_errors)
    rows = [
        f'| {one.errno} | <a id="{one.code}"></a>`{one.code}` | {"yes" if one.retryable else ""} | {one.why or ""} '
        f"| {one.message['en']} {one.message['zh-CN']} |"
        for one in contract.errors
    ]
    head = (
        "Codes are stable, sentences are not. Any call can fail with "
        + common
        + "; the others stand at their method. One that needs a permission can also fail with `E_NOT_DECLARED`, "
        "`E_NOT_GRANTED` or `E_POLICY`, and with `E_USER_CANCEL` where the citizen put the sheet away unanswered.\n"
    )
    return "\n".join([head, "| errno | code | try again | why | |\n|--:|---|---|---|---|", *rows, ""])


def _wire(contract: Contract) -> str:
    limits = contract.limits
    lines = [
        f"Protocol {contract.protocol}. {contract.encoding} At most {limits['message_bytes'] // 1024} KiB each and "
        f"{limits['in_flight']} calls under way; JSON of a program's own is nested {limits['depth']} deep at most. "
        "An id that was used, a message of no such form and calls without end are a flood: the port is closed.\n",
        "| message | from | | members |\n|---|---|---|---|",
        *(f"| {one.kind} | {one.sender} | {one.doc} | {_members_of(one.shape)} |" for one in contract.wire),
        "",
        "| class | at once | a second | |\n|---|--:|--:|---|",
        *(f"| `{one.name}` | {one.burst} | {one.per_second:g} | {one.doc} |" for one in contract.rates),
        "",
    ]
    return "\n".join(lines)


def _members_of(one: Shape) -> str:
    return ", ".join(f"`{member.name}{'' if member.required else '?'}`" for member in _members(one))


def _members(one: Shape) -> tuple[Member, ...]:
    if isinstance(one, OneOf):
        return tuple(member for option in one.options for member in _members(option))
    return one.members if isinstance(one, Record) else ()
