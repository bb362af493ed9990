"""What the SDK for JavaScript carries with it: small first, for every program loads it.

Shapes are data, read by one short interpreter (`parts/validate.js`, which says how they are written). Errors are rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sdk.contract.generate import problems
from sdk.contract.generate.javascript import HEADER, key, literal, regex
from sdk.contract.generate.model import DEADLINE_MS, Contract, Method
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

_PARTS: Final = Path(__file__).parent / "parts"


def validate() -> str:
    """`validate.js`."""
    return HEADER + (_PARTS / "validate.js").read_text(encoding="utf-8")


def errors(contract: Contract) -> str:
    """`errors.js`: English sentences for what the SDK itself raises; the host says its own in each language."""
    rows = ""
    for one in contract.errors:
        more = [literal(one.message["en"])] if one.code in contract.raised_by_sdk else ["0"] if one.retryable else []
        rows += f"  {one.code}: [{', '.join([str(one.errno), *more, *(['1'] if one.retryable else [])])}],\n"
    return (
        f"{HEADER}const ROWS = {{\n{rows}}};\n\n"
        "export const ERRORS = {};\n"
        "for (const [code, [errno, message, retryable]] of Object.entries(ROWS)) {\n"
        "  const words = message || code.slice(2).toLowerCase().replaceAll('_', ' ');\n"
        f"  ERRORS[code] = {{ errno, message: words, retryable: !!retryable, docs: `{contract.docs}#${{code}}` }};\n"
        "}\n"
    )


def methods(contract: Contract) -> str:
    """`methods.js`."""
    patterns = _Patterns()
    rows = "".join(f"  {one.name}: row({_method(one, patterns)}),\n" for one in contract.methods)
    events = "".join(f"  {key(one.name)}: {_event(one.internal)},\n" for one in contract.events)
    return (
        f"{HEADER}export const PROTOCOL = {contract.protocol};\n"
        f"export const SDK = {literal(contract.sdk)};\n"
        f"export const DEPTH = {contract.limits['depth']};\n"
        f"export const PATTERNS = [\n{patterns.text()}];\n\n"
        f"{_ROW}export const METHODS = {{\n{rows}}};\n\n"
        f"export const EVENTS = {{\n{events}}};\n"
    )


_ROW: Final = f"""\
const names = (shape) =>
  shape['|'] ? [...new Set(shape['|'].flatMap(names))] : Object.keys(shape).map((name) => name.replace('!', ''));
const row = (shape, more) => ({{ shape, params: names(shape), deadline_ms: {DEADLINE_MS}, ...more }});

"""


def permissions(contract: Contract) -> str:
    """`permissions.js`, for the host of tests: what each call on the wire needs."""
    rows = "".join(
        f"  {one.name}: {literal(one.permission)},\n" for one in contract.methods if one.permission and not one.local
    )
    when = {
        one.name: [list(row) for row in one.permission_when]
        for one in contract.methods
        if one.permission_when and not one.local
    }
    return (
        f"{HEADER}export const PERMISSIONS = {{\n{rows}}};\n\n"
        "/** Of some: [a parameter, its value, the permission that is needed then instead]. */\n"
        f"export const PERMISSIONS_WHEN = {literal(when)};\n"
    )


def _method(one: Method, patterns: _Patterns) -> str:
    """What the SDK says by itself, and no program through it, is checked by the host alone."""
    more = {} if one.deadline_ms == DEADLINE_MS else {"deadline_ms": one.deadline_ms}
    more |= {word: True for word in ("local", "sync", "internal") if getattr(one, word)}
    checked = one.by_hand or not one.internal
    return ", ".join([_written(one.params, patterns) if checked else "0", *([literal(more)] if more else [])])


def _event(internal: bool) -> str:
    return "{ internal: true }" if internal else "{}"


class _Patterns:
    """Each pattern once, with what is wrong with a text that does not match it."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], int] = {}

    def number(self, pattern: str, problem: str) -> int:
        return self._rows.setdefault((pattern, problem), len(self._rows))

    def text(self) -> str:
        rows = ([regex(pattern), *([literal(problem)] * (problem != problems.FORM))] for pattern, problem in self._rows)
        return "".join(f"  [{', '.join(row)}],\n" for row in rows)


def _written(one: Shape, patterns: _Patterns) -> str:
    match one:
        case Json():
            return "0"
        case Flag():
            return "1"
        case Text():
            return literal(_text(one, patterns))
        case Number(whole=whole, min=least, max=most):
            return literal(("i" if whole else "n") + _bounds(least, most))
        case Choice(values=values):
            return literal(values)
        case List(items=items, min=least, max=most):
            return _of_many("[]", items, _bounds(least or None, most), patterns)
        case Map(values=values, max=most):
            return _of_many("*", values, _bounds(None, most), patterns)
        case OneOf(options=options):
            return '{ "|": [' + ", ".join(_written(option, patterns) for option in options) + "] }"
        case Record(members=members):
            inner = (
                f"{key(member.name + '!' * member.required)}: {_written(member.shape, patterns)}" for member in members
            )
            return "{ " + ", ".join(inner) + " }" if members else "{}"


def _of_many(sign: str, inner: Shape, bounds: str, patterns: _Patterns) -> str:
    return f'{{ "{sign}": {_written(inner, patterns)}' + (f", n: {literal(bounds)}" if bounds else "") + " }"


def _text(one: Text, patterns: _Patterns) -> str:
    numbers: list[Any] = [one.min or "", "" if one.max is None else one.max]
    if one.pattern:
        numbers.append(patterns.number(one.pattern, problems.FORM))
    elif one.format:
        numbers.append(patterns.number(FORMATS[one.format].pattern, problems.of_format(one.format)))
    return "s" + ",".join(map(str, numbers)).rstrip(",")


def _bounds(least: float | None, most: float | None) -> str:
    return f"{'' if least is None else least},{'' if most is None else most}".rstrip(",")
