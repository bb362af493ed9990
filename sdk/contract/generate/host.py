"""The host's validator: one function for each shape, written out, so that the browser has nothing to look up.

A fault's path is put together on the way out: a value that is right costs no text at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sdk.contract.generate import problems
from sdk.contract.generate.javascript import HEADER, literal, regex
from sdk.contract.generate.model import Contract, Method
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


def bridge(contract: Contract) -> str:
    """`miniapps/host/mini/generated/bridge.js`."""
    checks = _Checks()
    for name, one in contract.named.items():
        checks.add(one, name)
    wired = [one for one in contract.methods if not one.local]
    told = [one for one in contract.events if not one.local]
    tables = [
        _table("PARAMS", {one.name: checks.add(one.params, f"{one.name}Params") for one in wired}),
        _table("RESULTS", {one.name: checks.add(one.result, f"{one.name}Result") for one in wired}),
        _table("DATA", {one.name: checks.add(one.data, f"{one.name}Data") for one in told}),
        _table("WIRE", {one.kind: checks.add(one.shape, f"{one.kind}Message") for one in contract.wire}),
    ]
    return "\n".join(
        [
            HEADER,
            f"export const PROTOCOL = {contract.protocol};",
            f"export const LIMITS = Object.freeze({literal(_camel(contract.limits))});",
            "/** Token buckets, by the class of a method. */",
            _frozen("RATES", {r.name: {"burst": r.burst, "perSecond": r.per_second} for r in contract.rates}),
            _frozen("METHODS", {one.name: _method(one) for one in wired}),
            _frozen("EVENTS", {one.name: {"since": one.since, "internal": one.internal} for one in told}),
            _frozen(
                "ERRORS",
                {
                    one.code: {
                        "errno": one.errno,
                        "retryable": one.retryable,
                        "why": one.why,
                        "message": dict(one.message),
                        "docs": one.docs,
                    }
                    for one in contract.errors
                },
            ),
            f"\nconst DEPTH = {contract.limits['depth']};",
            (_PARTS / "host.js").read_text(encoding="utf-8"),
            *checks.texts,
            *tables,
            _DOORS,
        ]
    )


_DOORS: Final = """\
/**
 * @param {Map<string, (value: any) => Fault | null>} table
 * @param {string} name @param {unknown} value
 * @param {boolean} [sound]  it was walked already: it is JSON, not too deep, its texts and keys are well-formed
 * @returns {Fault | null}
 */
const checked = (table, name, value, sound = false) => {
  walked = sound;
  const check = table.get(name);
  return check ? check(value) : fault("is unknown");
};

/** @param {string} method @param {unknown} params @param {boolean} [sound] @returns {Fault | null} */
export const checkParams = (method, params, sound) => checked(PARAMS, method, params, sound);

/** @param {string} method @param {unknown} result @param {boolean} [sound] @returns {Fault | null} */
export const checkResult = (method, result, sound) => checked(RESULTS, method, result, sound);

/** @param {string} type @param {unknown} data @returns {Fault | null} */
export const checkEvent = (type, data) => checked(DATA, type, data);

/** @param {string} kind  hello, welcome, request, cancel, … @param {unknown} message @returns {Fault | null} */
export const checkWire = (kind, message) => checked(WIRE, kind, message);
"""


def _method(one: Method) -> dict[str, Any]:
    when: dict[str, dict[str, str]] = {}
    for param, value, permission in one.permission_when:
        when.setdefault(param, {})[value] = permission
    return {
        "since": one.since,
        "rate": one.rate,
        "deadlineMs": one.deadline_ms,
        "permission": one.permission,
        "permissionWhen": when or None,
        "gesture": one.gesture,
        "internal": one.internal,
    }


def _camel(limits: Any) -> dict[str, Any]:
    words = {name: name.split("_") for name in limits}
    return {words[name][0] + "".join(w.title() for w in words[name][1:]): value for name, value in limits.items()}


def _frozen(name: str, rows: dict[str, Any]) -> str:
    inner = "".join(f"  {literal({key: value})[2:-2]},\n" for key, value in rows.items())
    return f"export const {name} = Object.freeze({{\n{inner}}});"


def _table(name: str, rows: dict[str, str]) -> str:
    inner = "".join(f"  [{literal(key)}, {value}],\n" for key, value in rows.items())
    return f"const {name} = new Map([\n{inner}]);\n"


class _Checks:
    """Functions by shape: equal shapes share one, named after the first place where they stand."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._names: dict[Shape, str] = {}
        self._taken: set[str] = set()

    def add(self, one: Shape, hint: str) -> str:
        """The name of the function that checks `one`."""
        if isinstance(one, Json):
            return "json"
        if one not in self._names:
            body = "\n".join(f"  {line}" for line in self._body(one, hint))
            self._names[one] = name = self._free(hint)
            self.texts.append(f"/** @param {{any}} v @returns {{Fault | null}} */\nfunction {name}(v) {{\n{body}\n}}\n")
        return self._names[one]

    def _free(self, hint: str) -> str:
        name, n = f"is{hint[0].upper()}{hint[1:]}".replace("-", "_"), 2
        while name in self._taken:
            name, n = f"{name.rstrip('0123456789')}{n}", n + 1
        self._taken.add(name)
        return name

    def _body(self, one: Shape, hint: str) -> list[str]:
        match one:
            case Text():
                return _text(one)
            case Number():
                return _number(one)
            case Flag():
                return [f'return typeof v === "boolean" ? null : {_fault(problems.kind(one))};']
            case Choice(values=values):
                same = " || ".join(f"v === {literal(value)}" for value in values)
                return [f"return {same} ? null : {_fault(problems.kind(one))};"]
            case List():
                return self._list(one, hint)
            case Map():
                return self._map(one, hint)
            case Record():
                return self._record(one, hint)
            case OneOf(options=options):
                checks = [self.add(option, hint) for option in options]
                return [f"return {' && '.join(f'{check}(v)' for check in checks)} && {_fault(problems.NONE_FITS)};"]
        return ["return json(v);"]

    def _list(self, one: List, hint: str) -> list[str]:
        inner = self.add(one.items, f"{hint}Item")
        return [
            f"if (!Array.isArray(v)) return {_fault(problems.kind(one))};",
            *_bounds("v.length", one.min, one.max),
            "for (let i = 0; i < v.length; i += 1) {",
            f"  const inner = {inner}(v[i]);",
            "  if (inner) return under(i, inner);",
            "}",
            "return null;",
        ]

    def _map(self, one: Map, hint: str) -> list[str]:
        inner = "json(v[key], 1)" if isinstance(one.values, Json) else f"{self.add(one.values, f'{hint}Value')}(v[key])"
        return [
            f"if (!isObject(v)) return {_fault(problems.kind(one))};",
            "const keys = Object.keys(v);",
            *_bounds("keys.length", 0, one.max),
            "for (const key of keys) {",
            "  const bad = badKey(key);",
            "  if (bad) return bad;",
            f"  const inner = v[key] === undefined ? null : {inner};",
            "  if (inner) return under(token(key), inner);",
            "}",
            "return null;",
        ]

    def _record(self, one: Record, hint: str) -> list[str]:
        lines = [f"if (!isObject(v)) return {_fault(problems.kind(one))};"]
        if one.members:
            lines.append("let inner;")
        for member in one.members:
            check = self.add(member.shape, f"{hint}{member.name[0].upper()}{member.name[1:]}")
            at = literal(member.name)
            if member.required:
                lines.append(f"if (v.{member.name} === undefined) return under({at}, {_fault(problems.MISSING)});")
                lines.append(f"if ((inner = {check}(v.{member.name}))) return under({at}, inner);")
            else:
                guard = f"v.{member.name} !== undefined && (inner = {check}(v.{member.name}))"
                lines.append(f"if ({guard}) return under({at}, inner);")
        known = " && ".join(f"key !== {literal(member.name)}" for member in one.members)
        unknown = f"return under(token(key), {_fault(problems.UNKNOWN)});"
        lines.append(f"for (const key of Object.keys(v)) {f'if ({known}) ' if known else ''}{unknown}")
        return [*lines, "return null;"]


def _fault(problem: str) -> str:
    return f"fault({literal(problem)})"


def _bounds(length: str, least: int, most: int | None) -> list[str]:
    lines = [f"if ({length} < {least}) return {_fault(problems.shortest(least))};"] if least else []
    return lines + ([f"if ({length} > {most}) return {_fault(problems.longest(most))};"] if most is not None else [])


def _text(one: Text) -> list[str]:
    lines = [f'if (typeof v !== "string") return {_fault(problems.kind(one))};', *_bounds("v.length", one.min, one.max)]
    lines.append(f"if (half(v)) return {_fault(problems.HALF)};")
    if one.pattern:
        lines.append(f"if (!{regex(one.pattern)}.test(v)) return {_fault(problems.FORM)};")
    if one.format:
        pattern = regex(FORMATS[one.format].pattern)
        lines.append(f"if (!{pattern}.test(v)) return {_fault(problems.of_format(one.format))};")
    return [*lines, "return null;"]


def _number(one: Number) -> list[str]:
    right = "Number.isInteger(v)" if one.whole else 'typeof v === "number" && Number.isFinite(v)'
    lines = [f"if (!({right})) return {_fault(problems.kind(one))};"]
    if one.min is not None:
        lines.append(f"if (v < {one.min}) return {_fault(problems.least(one.min))};")
    if one.max is not None:
        lines.append(f"if (v > {one.max}) return {_fault(problems.most(one.max))};")
    return [*lines, "return null;"]
