"""Rules of code: text that runs, code from elsewhere, what a policy cannot reach, and names that are hidden.

A rule looks at a word and at those beside it. What code works out at run time is not worked out here, but for joined,
reversed and encoded text that gives one of a few names; what only a browser can find is for the run (`dynamic.py`), and
the program's policy refuses it in any case.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Final

from .finding import Hit
from .javascript import NAME, NUMBER, REGEX, STRING, TEMPLATE, Script
from .subject import Subject
from .words_of_code import (
    DANGER,
    DANGER_CALL,
    GLOBALS,
    PERSONAL,
    REMOTE,
    REVIEWED,
    RTC,
    RUNS_TEXT,
    RUNS_TEXT_METHODS,
    SETS_MARKUP,
    STATE_IN_REVIEW,
    TIMERS,
)

Found = Iterator[tuple[str, int, str]]

_POLLING_MS: Final = 1000
_ARGUMENTS_MAX: Final = 60
_OBFUSCATED: Final = frozenset("[]()!+")


def scripts(subject: Subject) -> Iterator[Hit]:
    for script in subject.scripts:
        for at, why in script.faults[:3]:
            yield script.source.hit("R-JS-SYNTAX", at, why)
        yield from (script.source.hit("R-JS-AMBIGUOUS", at) for at in _ambiguous(script))
        for look in _LOOKS:
            for rule, token, seen in look(script):
                yield script.source.hit(rule, script.starts[token], seen[:80])


def _ambiguous(script: Script) -> list[int]:
    """Where a guess may have hidden code: only if what was read as text holds something that runs."""
    if not script.ambiguous:
        return []
    hides = any(
        kind in (STRING, REGEX, TEMPLATE) and DANGER_CALL.search(script.text, script.starts[token], script.ends[token])
        for token, kind in enumerate(script.kinds)
    )
    return script.ambiguous[:1] if hides else []


def _of_global(script: Script, token: int) -> bool:
    """Whether a name stands for a global: by itself, or as a member of one; not as a member or key of anything else."""
    before = script.word(token - 1)
    if before in (".", "?."):
        return script.word(token - 2) in GLOBALS
    if script.word(token + 1) == ":" and before in ("{", ","):
        return False
    # `eval(x) { … }` in a class or an object is a method of its own.
    return not (script.word(token + 1) == "(" and script.word(script.closing(token + 1) + 1) == "{" and before != "=")


def _running(script: Script) -> Found:
    for token in script.named(*RUNS_TEXT):
        if _of_global(script, token):
            yield "R-EVAL", token, script.word(token)
    for token in script.named("Function"):
        called = script.word(token + 1) == "(" or script.word(token - 1) == "new"
        if called and _of_global(script, token):
            yield "R-EVAL", token, "Function"
    for token in script.named(*TIMERS):
        if script.word(token + 1) == "(" and script.kind(token + 2) in (STRING, TEMPLATE) and _of_global(script, token):
            yield "R-EVAL", token, script.word(token)
    for token in script.named("constructor"):
        if script.word(token - 1) in (".", "?.") and script.word(token + 1) == ".":
            if script.word(token + 2) == "constructor":
                yield "R-EVAL", token, "constructor.constructor"
        elif script.word(token + 1) == "(" and script.kind(token + 2) in (STRING, TEMPLATE):
            if script.word(token - 1) in (".", "?."):
                yield "R-EVAL-HIDDEN", token, "constructor"


def _importing(script: Script) -> Found:
    for token in script.named("import"):
        if script.word(token - 1) in (".", "?."):
            continue
        if script.word(token + 1) == "(":
            given = script.literal(token + 2)
            alone = script.word(token + 3) in (")", ",")
            if given is None or not alone:
                yield "R-IMPORT-DYNAMIC", token, ""
            elif REMOTE.match(given):
                yield "R-IMPORT-REMOTE", token, given
        elif (given := script.literal(token + 1)) is not None and REMOTE.match(given):
            yield "R-IMPORT-REMOTE", token, given
    for token in script.named("from"):
        given = script.literal(token + 1)
        if given is not None and REMOTE.match(given):
            yield "R-IMPORT-REMOTE", token, given
    for token in script.named("importScripts"):
        if script.word(token + 1) == "(" and _of_global(script, token):
            given = script.literal(token + 2)
            remote = given is not None and REMOTE.match(given)
            yield ("R-SCRIPT-REMOTE" if remote else "R-IMPORT-DYNAMIC"), token, "importScripts"
    for token in script.named("Worker", "SharedWorker"):
        given = script.literal(token + 2)
        if script.word(token - 1) == "new" and given is not None and REMOTE.match(given):
            yield "R-SCRIPT-REMOTE", token, given


def _loading(script: Script) -> Found:
    """Scripts and WebAssembly by an address in the code."""
    for token in script.named("createElement"):
        if script.word(token + 1) == "(" and script.literal(token + 2) == "script":
            yield "R-IMPORT-DYNAMIC", token, "<script>"
    for token, value in script.literals():
        if len(value) > 2000 or not REMOTE.match(value):
            continue
        path = value.partition("?")[0].partition("#")[0]
        if path.endswith((".js", ".mjs")) and value.startswith(("http", "//")) and _assigned_source(script, token):
            yield "R-SCRIPT-REMOTE", token, value
        elif path.endswith(".wasm"):
            yield "R-WASM-REMOTE", token, value
    for token in script.named("WebAssembly"):
        if script.word(token + 3) == "(":
            closes = min(script.closing(token + 3), token + _ARGUMENTS_MAX)
            for inside in range(token + 4, closes):
                given = script.literal(inside)
                if given is not None and REMOTE.match(given) and not given.startswith("data:"):
                    yield "R-WASM-REMOTE", inside, given


def _assigned_source(script: Script, token: int) -> bool:
    return script.word(token - 1) == "=" and script.word(token - 2) in ("src", "href")


def _beyond_policy(script: Script) -> Found:
    """What the policy of a page does not reach."""
    for token in script.named("srcdoc"):
        if script.word(token - 1) in (".", "?."):
            yield "R-SRCDOC", token, "srcdoc"
    for token in script.named("setAttribute", "setAttributeNS"):
        for given in (script.literal(token + 2), script.literal(token + 4)):
            name = (given or "").lower()
            if name == "srcdoc":
                yield "R-SRCDOC", token, "srcdoc"
            elif name.startswith("on") and name.isalpha() and script.literal(token + 2) == given:
                yield "R-HTML-HANDLER", token, name
    for token, value in script.literals():
        if value in RTC:
            yield "R-WEBRTC", token, value
        elif value == "WebTransport":
            yield "R-WEBTRANSPORT", token, value
        elif "srcdoc" in value.lower() and "<iframe" in value.lower():
            yield "R-SRCDOC", token, "<iframe srcdoc>"
    for token in script.named(*RTC):
        yield "R-WEBRTC", token, script.word(token)
    for token in script.named("WebTransport"):
        yield "R-WEBTRANSPORT", token, "WebTransport"
    for token in script.named("serviceWorker"):
        if script.word(token + 2) == "register":
            yield "R-SERVICE-WORKER", token, "register"


def _hidden(script: Script) -> Found:
    """Names that are made at run time."""
    for token in script.named(*GLOBALS):
        opens = token + 2 if script.word(token + 1) == "?." else token + 1
        if script.word(opens) != "[" or script.word(token - 1) in (".", "?."):
            continue
        name = script.literal(opens + 1)
        if name is None and _is_symbol(script, opens + 1):
            continue
        if name is None or script.closing(opens) != opens + 2:
            yield "R-EVAL-HIDDEN", token, f"{script.word(token)}[…]"
        elif name in RUNS_TEXT or name == "Function":
            yield "R-EVAL", token, f"{script.word(token)}[{name}]"
    for token in script.named("Reflect"):
        if script.word(token + 2) in ("get", "apply", "construct") and script.word(token + 4) in GLOBALS:
            yield "R-EVAL-HIDDEN", token, f"Reflect.{script.word(token + 2)}"
    for token in script.named("getPrototypeOf"):
        if script.word(token + 1) == "(" and script.word(script.closing(token + 1) + 2) == "constructor":
            yield "R-EVAL-HIDDEN", token, "getPrototypeOf(…).constructor"
    yield from _joined(script)
    yield from _encoded(script)
    marks = sum(script.word(token) in _OBFUSCATED for token in range(min(len(script), 4000)))
    if len(script) >= 500 and marks * 10 > min(len(script), 4000) * 9:
        yield "R-EVAL-HIDDEN", 0, "code of brackets and signs alone"


def _is_symbol(script: Script, token: int) -> bool:
    """Whether a name is made by `Symbol(…)` in this script: no global has such a name that was there before."""
    made = script.named(script.word(token)) if script.word(token + 1) == "]" else iter(())
    return any(script.word(one + 1) == "=" and script.word(one + 2) == "Symbol" for one in made)


def _joined(script: Script) -> Found:
    """`"ev" + "al"`, `["ev", "al"].join("")`, `"lave"` and `window["eval"]`-like members."""
    parts: list[str] = []
    first = last = -2
    for token, value in script.literals():
        value = value[:32]
        if value[::-1] in DANGER and value not in DANGER:
            yield "R-EVAL-HIDDEN", token, value[::-1]
        if token == last + 2 and script.word(token - 1) in ("+", ",") and len(parts) < 32:
            parts.append(value)
            if (name := "".join(parts)) in DANGER:
                yield "R-EVAL-HIDDEN", first, name
        else:
            parts, first = [value], token
        last = token
        if value == "constructor" and script.word(token - 1) == "[" and script.word(token + 1) == "]":
            if script.word(token - 2) not in ("", "=", "(", ",", ":"):
                yield "R-EVAL-HIDDEN", token, value


def _encoded(script: Script) -> Found:
    for token in script.named("atob"):
        if (given := script.literal(token + 2)) is not None and len(given) < 64:
            try:
                name = base64.b64decode(given + "=" * (-len(given) % 4)).decode("ascii", "replace")
            except (binascii.Error, ValueError):
                continue
            if name in DANGER or DANGER_CALL.search(name):
                yield "R-EVAL-HIDDEN", token, "atob"
    for token in script.named("fromCharCode", "fromCodePoint"):
        if script.word(token + 1) != "(":
            continue
        numbers = [
            script.word(inside)
            for inside in range(token + 2, min(script.closing(token + 1), token + 80))
            if script.kind(inside) == NUMBER
        ]
        name = "".join(chr(int(one)) for one in numbers if one.isascii() and one.isdigit() and len(one) < 6)
        if name in DANGER or DANGER_CALL.search(name):
            yield "R-EVAL-HIDDEN", token, "fromCharCode"


def _making_markup(script: Script) -> Found:
    for token in script.named(*SETS_MARKUP):
        after = script.word(token + 1)
        assigned = after == "=" and script.word(token + 2) != "="
        if script.word(token - 1) in (".", "?.") and (assigned or (after == "+" and script.word(token + 2) == "=")):
            yield "R-MARKUP-FROM-TEXT", token, script.word(token)
    for token in script.named(*RUNS_TEXT_METHODS):
        if script.word(token - 1) in (".", "?.") and script.word(token + 1) == "(":
            yield "R-MARKUP-FROM-TEXT", token, script.word(token)
    for token in script.named("write", "writeln"):
        if script.word(token - 2) == "document" and script.word(token + 1) == "(":
            yield "R-MARKUP-FROM-TEXT", token, "document.write"


def _behaving(script: Script) -> Found:
    """What a reviewer asks about: polling, logs of personal data, questions whether somebody looks."""
    for token in script.named("setInterval"):
        closes = script.closing(token + 1) if script.word(token + 1) == "(" else len(script)
        if script.kind(closes - 1) == NUMBER and script.word(closes - 2) == ",":
            number = script.word(closes - 1).replace("_", "")
            if number.isascii() and number.isdigit() and len(number) < 10 and int(number) < _POLLING_MS:
                yield "R-POLLING", token, f"{number} ms"
    for token in script.named("console"):
        if script.word(token + 1) != "." or script.word(token + 3) != "(":
            continue
        for inside in range(token + 4, min(script.closing(token + 3), token + _ARGUMENTS_MAX)):
            if script.kind(inside) == NAME and PERSONAL.fullmatch(script.word(inside)):
                yield "R-LOG-PERSONAL", token, script.word(inside)
                break
    for token in script.named("webdriver"):
        if script.word(token - 2) == "navigator":
            yield "R-CLOAKING", token, "navigator.webdriver"
    for name, tokens in script.names.items():
        if len(name) < 32 and REVIEWED.fullmatch(name):
            if (asks := next((one for one in tokens if not _names_state(script, one)), None)) is not None:
                yield "R-CLOAKING", asks, name
    for token, value in script.literals():
        if "HeadlessChrome" in value or "PhantomJS" in value:
            yield "R-CLOAKING", token, "HeadlessChrome"


def _names_state(script: Script, token: int) -> bool:
    """A state of a version by its name in the graph, as the key of something said of it: `{ IN_REVIEW: 'waits' }`."""
    known = script.word(token) == STATE_IN_REVIEW and script.word(token - 1) in ("{", ",")
    return known and script.word(token + 1) == ":" and script.kind(token + 2) in (STRING, TEMPLATE)


_LOOKS: Final[tuple[Callable[[Script], Found], ...]] = (
    _running,
    _importing,
    _loading,
    _beyond_policy,
    _hidden,
    _making_markup,
    _behaving,
)
