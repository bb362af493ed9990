"""TypeScript's types of the bridge, with the contract's words as comments: what an editor shows to a developer.

A method marked `by_hand` has its parameters and result here and its signature in the SDK.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sdk.contract.generate.javascript import HEADER, key, literal
from sdk.contract.generate.model import Contract, Method
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

# Shapes that are worth a name of their own: by their name in the contract's $defs.
_NAMED: Final = {
    "launch": "Launch",
    "env": "Env",
    "referrer": "Referrer",
    "capability": "Capability",
    "safeArea": "SafeArea",
    "authSetting": "AuthSetting",
    "permission": "Permission",
    "theme": "Theme",
    "network": "NetworkType",
}


def validate() -> str:
    """`validate.d.ts`."""
    return (
        f"{HEADER}export interface Fault {{\n"
        "  /** JSON pointer. */\n  path: string;\n  problem: string;\n}\n\n"
        "/** What is wrong with the parameters of a call, or null. */\n"
        "export function checkParams(method: string, params: unknown): Fault | null;\n"
    )


def errors(contract: Contract) -> str:
    """`errors.d.ts`."""
    codes = "".join(f"\n  /** {one.errno}: {one.message['en']} */\n  | '{one.code}'" for one in contract.errors)
    whys = " | ".join(f"'{why}'" for why in sorted({one.why for one in contract.errors if one.why}))
    return (
        f"{HEADER}export type ErrorCode ={codes};\n\n"
        f"/** Who said no. */\nexport type Why = {whys};\n\n"
        "export interface ErrorRow {\n  errno: number;\n  message: string;\n  retryable: boolean;\n  docs: string;\n}\n"
        "export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>>;\n"
    )


def methods(contract: Contract) -> str:
    """`methods.d.ts`."""
    return _Types(contract).text()


_HEAD: Final = """\
import type { MpError } from '../errors.js';

/** JSON of the program's own. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What a call resolves to that has nothing to say. */
export type Nothing = {};

/** What every call takes beside its parameters. */
export interface CallOptions<R = unknown> {
  /** Calls off: the promise rejects with E_ABORTED. */
  signal?: AbortSignal;
  /** Milliseconds; 0 for no deadline. */
  timeout?: number;
  /** As in wx; the promise settles all the same. */
  success?: (result: R extends string | readonly unknown[] ? R : R & { errMsg: string }) => void;
  fail?: (error: MpError) => void;
  complete?: (outcome: R | MpError) => void;
}
"""

_TABLES: Final = """\
export const PROTOCOL: number;
export const SDK: string;
export const DEPTH: number;
export const PATTERNS: readonly (readonly [RegExp, string?])[];

export interface MethodRow {
  /** Names of the parameters. */
  params: string[];
  /** 0 for none. */
  deadline_ms: number;
  /** Answered by the SDK itself. */
  local?: true;
  sync?: true;
  /** Not for programs. */
  internal?: true;
}
export const METHODS: Readonly<Record<string, MethodRow & { shape: unknown }>>;
export const EVENTS: Readonly<Record<string, { internal?: true }>>;
"""


class _Types:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._named = {contract.named[name]: ours for name, ours in _NAMED.items()}

    def text(self) -> str:
        public = [one for one in self._contract.methods if not one.internal]
        events = [one for one in self._contract.events if not one.internal]
        parts = [HEADER + _HEAD, self._permission()]
        for name, ours in _NAMED.items():
            if ours != "Permission":
                parts.append(self._declared(ours, self._contract.named[name]))
        for one in public:
            parts += self._of_method(one)
        rows = "".join(self._call(one) for one in public if not one.by_hand)
        about = "/** The calls of the SDK, but for those that it types by hand. */"
        parts.append(f"{about}\nexport interface Methods {{\n{rows}}}\n")
        told = "".join(f"  /** {one.doc} */\n  {key(one.name)}: {self._type(one.data, '  ')};\n" for one in events)
        parts.append(f"/** What each event tells. */\nexport interface EventData {{\n{told}}}\n")
        return "\n".join([*parts, _TABLES])

    def _permission(self) -> str:
        names = "".join(
            f"\n  /** {one.title['en']}. {one.sentence['en']} */\n  | '{one.name}'"
            for one in self._contract.permissions
        )
        return f"export type Permission ={names}\n  | `city.data.${{string}}`;\n"

    def _of_method(self, one: Method) -> list[str]:
        title = one.name[0].upper() + one.name[1:]
        parts = []
        if _members(one.params):
            parts.append(self._declared(f"{title}Params", one.params))
        if one.result not in self._named and self._result(one, title) == f"{title}Result":
            parts.append(self._declared(f"{title}Result", one.result))
        return parts

    def _call(self, one: Method) -> str:
        title = one.name[0].upper() + one.name[1:]
        result = self._result(one, title)
        if one.sync:
            signature = f"(): {result};"
        else:
            given = f"{title}Params & CallOptions<{result}>" if _members(one.params) else f"CallOptions<{result}>"
            needed = any(member.required for member in _members(one.params))
            signature = f"(options{'' if needed else '?'}: {given}): Promise<{result}>;"
        return f"{_comment(self._words(one), '  ')}  {one.name}{signature}\n"

    def _words(self, one: Method) -> list[str]:
        lines = [one.doc]
        if one.permission:
            also = [f"{permission} where `{param}` is {value}" for param, value, permission in one.permission_when]
            lines.append(f"Permission: {'; '.join([one.permission, *also])}.")
        if one.gesture:
            lines.append("Only after a tap.")
        return [*lines, f"@since {one.since}", *(f"@throws {code}" for code in one.errors)]

    def _result(self, one: Method, title: str) -> str:
        if one.value and isinstance(one.result, Record):
            return next(self._type(m.shape, "") for m in one.result.members if m.name == one.value)
        if one.result in self._named:
            return self._named[one.result]
        return f"{title}Result" if _members(one.result) or isinstance(one.result, OneOf | Map | List) else "Nothing"

    def _declared(self, name: str, one: Shape) -> str:
        if isinstance(one, Record):
            return f"export interface {name} {self._record(one, '')}\n"
        return f"export type {name} = {self._inner(one, '')};\n"

    def _type(self, one: Shape, indent: str) -> str:
        return self._named.get(one) or self._inner(one, indent)

    def _inner(self, one: Shape, indent: str) -> str:
        match one:
            case Json():
                return "Json"
            case Flag():
                return "boolean"
            case Text():
                return "string"
            case Number():
                return "number"
            case Choice(values=values):
                return " | ".join(literal(value).replace('"', "'") for value in values)
            case List(items=items):
                inner = self._type(items, indent)
                return f"({inner})[]" if "|" in inner else f"{inner}[]"
            case Map(values=values):
                return f"{{ [key: string]: {self._type(values, indent)} }}"
            case OneOf(options=options):
                return " | ".join(self._type(option, indent) for option in options)
            case Record():
                return self._record(one, indent)

    def _record(self, one: Record, indent: str) -> str:
        if not one.members:
            return "Nothing"
        inner = "".join(self._member(member, indent + "  ") for member in one.members)
        return f"{{\n{inner}{indent}}}"

    def _member(self, member: Member, indent: str) -> str:
        words = [member.doc] if member.doc else []
        if member.default is not None:
            words.append(f"@default {literal(member.default)}")
        sign = "" if member.required else "?"
        return f"{_comment(words, indent)}{indent}{key(member.name)}{sign}: {self._type(member.shape, indent)};\n"


def _members(one: Shape) -> tuple[Member, ...]:
    """What a caller gives: of several forms, what the first needs."""
    if isinstance(one, OneOf):
        return _members(one.options[0])
    return one.members if isinstance(one, Record) else ()


def _comment(lines: Iterable[str], indent: str) -> str:
    told = list(lines)
    if len(told) < 2:
        return "".join(f"{indent}/** {line} */\n" for line in told)
    return f"{indent}/**\n" + "".join(f"{indent} * {line}\n" for line in told) + f"{indent} */\n"
