"""JavaScript, cut into its words: enough to tell code from comments, text and regular expressions.

No parser: rules ask what stands beside what. One pass, linear in the text, with stacks of its own. Where a `/` begins a
regular expression is told as readers of tokens tell it: by what stands before it, by the keyword before a bracket that
closes, and by what a brace that closes was. After `}` that is a guess (`ambiguous`), and a rule looks at what the other
reading would have hidden. Escapes in names are read. Source: ECMA-262 §12; Annex B.1.1 for HTML comments, which are
refused.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from .sources import Source

NAME, NUMBER, STRING, TEMPLATE, REGEX, MARK, BAD = range(1, 8)

_ESCAPED: Final = r"\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]{1,8}\}"
_NEXT: Final = re.compile(
    r"(?P<space>[\s\ufeff]++)"
    r"|(?P<line>//[^\n\r\u2028\u2029]*+)"
    r"|(?P<block>/\*)"
    r"|(?P<name>\#?(?:[^\W\d]|\$|" + _ESCAPED + r")(?:[\w$\u200c\u200d]|" + _ESCAPED + r")*+)"
    r"|(?P<number>(?:[0-9]|\.[0-9])(?:[eE][+-]|[\w.])*+)"
    r"|(?P<string>\"(?:[^\"\\\n\r]|\\(?:\r\n|[\s\S]))*+\"|'(?:[^'\\\n\r]|\\(?:\r\n|[\s\S]))*+')"
    r"|(?P<template>`)"
    r"|(?P<open>[(\[{])"
    r"|(?P<close>[)\]}])"
    r"|(?P<html><!--|-->)"
    r"|(?P<slash>/)"
    r"|(?P<bad>[\"'\\])"
    r"|(?P<mark>=>|\?\.(?![0-9])|\.\.\.|\+\+|--|[^\s])"
)
_REGEX: Final = re.compile(
    r"/(?![*/])(?:[^/\\\[\n\r\u2028\u2029]|\\[^\n\r\u2028\u2029]|"
    r"\[(?:[^\]\\\n\r\u2028\u2029]|\\[^\n\r\u2028\u2029])*+\])++/[\w$]*+"
)
_CHUNK: Final = re.compile(r"(?:[^`\\$]|\\[\s\S]|\$(?!\{))*+")
_LINE: Final = re.compile(r"[^\n\r\u2028\u2029]*+")
_NAME_ESCAPE: Final = re.compile(r"\\u(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{4}))")
_ESCAPE: Final = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,8})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-7]{1,3})|(\r\n|[\s\S]))"
)
_SIMPLE: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "v": "\v", "f": "\f", "\n": "", "\r": "", "\r\n": ""}

# After these an expression begins, so `/` is one of a regular expression and `{` an object.
_OPERATORS: Final = frozenset("return typeof instanceof in of new delete void throw case yield await".split())
_BLOCK_BEFORE: Final = frozenset("else do try finally".split())
_CONTROL: Final = frozenset("if while for with".split())
_GUESSED: Final = frozenset({"of", "yield", "await"})


class Script:
    """The tokens of a script, by number: `kinds`, `starts`, `ends` (code points), `partner` (of a bracket, the other).

    ambiguous: where a `/` was read by a guess. faults: where the text cannot be read, and why.
    """

    def __init__(self, source: Source, start: int = 0, end: int | None = None) -> None:
        self.source = source
        self.text = source.text
        self.kinds = bytearray()
        self.starts, self.ends, self.partner = array("I"), array("I"), array("I")
        self.ambiguous: list[int] = []
        self.faults: list[tuple[int, str]] = []
        self._places: dict[str, list[int]] = {}
        _Reader(self, start, len(self.text) if end is None else end).read()

    def __len__(self) -> int:
        return len(self.kinds)

    def word(self, token: int) -> str:
        """The token as it is written, escapes in a name read; empty where there is none."""
        if not 0 <= token < len(self.kinds):
            return ""
        word = self.text[self.starts[token] : self.ends[token]]
        return unescaped_name(word) if self.kinds[token] == NAME else word

    def kind(self, token: int) -> int:
        return self.kinds[token] if 0 <= token < len(self.kinds) else 0

    def named(self, *names: str) -> Iterator[int]:
        """The tokens that are one of these names, in their order."""
        if len(names) == 1:
            return iter(self._places.get(names[0], ()))
        return iter(sorted(token for name in names for token in self._places.get(name, ())))

    @property
    def names(self) -> dict[str, list[int]]:
        """Every name, and the tokens that are it."""
        return self._places

    def literal(self, token: int) -> str | None:
        """The value of a string, or of a template without parts that are worked out; None for anything else."""
        if self.kind(token) not in (STRING, TEMPLATE):
            return None
        word = self.text[self.starts[token] : self.ends[token]]
        if self.kinds[token] == TEMPLATE and (word[0] != "`" or word[-1] != "`" or len(word) < 2):
            return None
        return unescaped(word[1:-1])

    @cached_property
    def _literals(self) -> list[tuple[int, str]]:
        return list(self._read_literals())

    def literals(self) -> Sequence[tuple[int, str]]:
        """Each string and each part of a template, with its value."""
        return self._literals

    def _read_literals(self) -> Iterator[tuple[int, str]]:
        for token, kind in enumerate(self.kinds):
            if kind in (STRING, TEMPLATE):
                end = self.ends[token] - (2 if self.text.startswith("${", self.ends[token] - 2) else 1)
                yield token, unescaped(self.text[self.starts[token] + 1 : end])

    def closing(self, token: int) -> int:
        """Of an opening bracket, the token that closes it; the end where none does."""
        return self.partner[token] or len(self.kinds)


class _Reader:
    """One pass. `value`: an expression ends here, so that `/` divides. Of each open bracket: its token and its kind."""

    def __init__(self, script: Script, at: int, end: int) -> None:
        self.script = script
        self.text = script.text
        self.at = at
        self.end = end
        self.value = False
        self.guess = False
        self.last = ""
        self.before_last = ""
        self.fresh = True
        self.open: list[tuple[int, str, str]] = []

    def read(self) -> None:
        text, end = self.text, self.end
        if text.startswith("#!", self.at):
            self.at = self._line_end()
        while self.at < end:
            found = _NEXT.match(text, self.at, end)
            if found is None:  # unreachable: some alternative takes every character
                break
            kind = found.lastgroup
            if kind == "space":
                self.fresh = self.fresh or "\n" in found.group() or "\r" in found.group()
                self.at = found.end()
            elif kind == "line":
                self.at = found.end()
            elif kind == "name":
                self._name(found.group())
            elif kind == "mark":
                self._mark(found.group())
            elif kind == "open":
                self._open(found.group())
            elif kind == "close":
                self._close(found.group())
            else:
                self._rarer(kind or "", found)
        for token, _, _ in self.open[:1]:
            self.script.faults.append((self.script.starts[token], "a bracket that does not close"))

    def _rarer(self, kind: str, found: re.Match[str]) -> None:
        if kind == "number":
            self._put(NUMBER, found.end(), value=True, word="0")
        elif kind == "string":
            self._put(STRING, found.end(), value=True, word='"')
        elif kind == "template":
            self._template(self.at)
        elif kind == "slash":
            self._slash()
        elif kind == "block":
            self._comment()
        elif kind == "html":
            self._html(found.group())
        else:
            self._fault("text that does not end on its line", self._line_end())

    def _put(self, kind: int, end: int, *, value: bool, word: str, guess: bool = False) -> None:
        script = self.script
        script.kinds.append(kind)
        script.starts.append(self.at)
        script.ends.append(end)
        script.partner.append(0)
        self.at = end
        self.value, self.guess, self.before_last, self.last, self.fresh = value, guess, self.last, word, False

    def _name(self, word: str) -> None:
        name = unescaped_name(word)
        self.script._places.setdefault(name, []).append(len(self.script.kinds))
        of_something = self.last in (".", "?.")
        operator = name in _OPERATORS and not of_something
        self._put(
            NAME,
            self.at + len(word),
            value=not operator and (of_something or name not in _BLOCK_BEFORE),
            word=f".{name}" if of_something else name,
            guess=operator and name in _GUESSED,
        )

    def _mark(self, mark: str) -> None:
        # A postfix leaves a value as it was; a prefix begins one.
        self._put(MARK, self.at + len(mark), value=self.value if mark in ("++", "--") else False, word=mark)

    def _open(self, mark: str) -> None:
        if mark == "(":
            awaited = self.last == "await" and self.before_last == "for"
            kind = "control" if self.last in _CONTROL or awaited else "("
        elif mark == "{":
            kind = "block" if self._begins_block() else "{"
        else:
            kind = "["
        self.open.append((len(self.script.kinds), mark, kind))
        self._put(MARK, self.at + 1, value=False, word=mark)

    def _begins_block(self) -> bool:
        if self.last in ("", ";", ")", "=>", "{", "}") or self.last in _BLOCK_BEFORE:
            return True
        return self.value  # `class A {`; after an operator or a colon it is an object

    def _close(self, mark: str) -> None:
        pairs = {")": "(", "]": "[", "}": "{"}
        if not self.open or self.open[-1][1] != pairs[mark]:
            if self.open and mark == "}" and self.open[-1][1] == "`":
                self._template(self.at)
                return
            self._fault("a bracket that nothing opened", self.at + 1)
            return
        token, _, kind = self.open.pop()
        here = len(self.script.kinds)
        self.script.partner[token] = here
        value = kind not in ("control", "block")
        self._put(MARK, self.at + 1, value=value, word=mark, guess=mark == "}")
        self.script.partner[here] = token

    def _slash(self) -> None:
        if self.guess:
            self.script.ambiguous.append(self.at)
        if self.value:
            self._put(MARK, self.at + 1, value=False, word="/")
            return
        found = _REGEX.match(self.text, self.at, self.end)
        if found is None:
            self._fault("a regular expression that does not end on its line", self._line_end())
            return
        self._put(REGEX, found.end(), value=True, word="/")

    def _template(self, start: int) -> None:
        """From "`", or from the `}` that ends a part which is worked out."""
        if self.text[start] == "}":
            self.open.pop()
        chunk = _CHUNK.match(self.text, start + 1, self.end)
        end = chunk.end() if chunk else start + 1
        if self.text.startswith("`", end) and end < self.end:
            self._put(TEMPLATE, end + 1, value=True, word="`")
        elif self.text.startswith("${", end) and end < self.end:
            self.open.append((len(self.script.kinds), "`", "`"))
            self._put(TEMPLATE, end + 2, value=False, word="${")
        else:
            self._fault("a template that does not end", self.end)

    def _comment(self) -> None:
        end = self.text.find("*/", self.at + 2, self.end)
        if end < 0:
            self._fault("a comment that does not end", self.end)
            return
        self.fresh = self.fresh or "\n" in self.text[self.at : end]
        self.at = end + 2

    def _html(self, mark: str) -> None:
        if mark == "-->" and not self.fresh:  # `i-->0`
            self._put(MARK, self.at + 2, value=self.value, word="--")
            return
        self._fault("an HTML comment", self.at + len(mark))

    def _fault(self, why: str, end: int) -> None:
        self.script.faults.append((self.at, why))
        self._put(BAD, max(end, self.at + 1), value=False, word=";")

    def _line_end(self) -> int:
        found = _LINE.match(self.text, self.at, self.end)
        return found.end() if found else self.end


def unescaped_name(word: str) -> str:
    if "\\" not in word:
        return word
    return _NAME_ESCAPE.sub(lambda found: _character(found[1] or found[2]), word)


def unescaped(text: str) -> str:
    """The value of a string's text."""
    return _ESCAPE.sub(_one, text) if "\\" in text else text


def _one(found: re.Match[str]) -> str:
    if octal := found[4]:
        return chr(int(octal, 8))
    if digits := found[1] or found[2] or found[3]:
        return _character(digits)
    return _SIMPLE.get(found[5], found[5])


def _character(digits: str) -> str:
    number = int(digits, 16)
    return chr(number) if number < 0x110000 else "\ufffd"
