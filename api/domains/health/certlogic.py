"""CertLogic: the logic of rules, written as JSON. Pure, and bounded in depth and steps.

An expression is a literal (boolean, whole number, text), an array of expressions, or an object with one key, the
operator, and its operands. Operators: `var if === and > < >= <= in + ! after before not-after not-before plusTime
dccDateOfBirth reduce extractFromUVCI`.

Rules
- What the specification calls an error is one here: nothing is coerced, and nothing "neither true nor false" decides.
- Whole numbers stay within 2^53, as in JSON everywhere; only single values are compared with `===` and `in`.
- An evaluation says which paths it read, and when time alone may change its result: `Now` is the clock's text, a
  `Moment` made from it moves, and each comparison of one that moves with one that does not notes when they meet. Until
  the first of these, every comparison that was made ends as it did, so the result is the same.

Source: github.com/ehn-dcc-development/dgc-business-rules, certlogic/specification, version 1.3.3.
"""

from __future__ import annotations

import operator
import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final, TypeAlias

DEPTH_MAX: Final = 32
NODES_MAX: Final = 500
STEPS_MAX: Final = 20_000
PATH_LENGTH_MAX: Final = 128

Value: TypeAlias = Any

_INT_MAX: Final = 2**53 - 1
_UNITS: Final = ("year", "month", "day", "hour")
_PATH: Final = re.compile(r"(?:[^.]+(?:\.[^.]+)*)?")
_DATE_TIME: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d+))?"
    r"(?P<zone>Z|(?P<sign>[+-])(?P<zone_h>\d{1,2}):?(?P<zone_m>\d\d)?)?)?)?)?",
    re.ASCII,
)
_UVCI_PREFIX: Final = "URN:UVCI:"

# How many operands each operator takes; `var` is the one whose operand is not an array.
_OPERANDS: Final[Mapping[str, tuple[int, int]]] = {
    "if": (3, 3),
    "===": (2, 2),
    "in": (2, 2),
    "+": (2, 2),
    "and": (2, NODES_MAX),
    **dict.fromkeys((">", "<", ">=", "<=", "after", "before", "not-after", "not-before"), (2, 3)),
    "!": (1, 1),
    "plusTime": (3, 3),
    "reduce": (3, 3),
    "extractFromUVCI": (2, 2),
    "dccDateOfBirth": (1, 1),
}
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_COMPARED_IN_TIME: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "after": operator.gt,
    "before": operator.lt,
    "not-before": operator.ge,
    "not-after": operator.le,
}


class CertLogicError(Exception):
    """An expression that is not one, or that does not fit the data."""


class Now(str):
    """The clock's time as text: what is made of it moves on with the clock."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """A date-time, to the millisecond. moves: it was made from the clock."""

    at: datetime
    moves: bool = False

    def __str__(self) -> str:
        return self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Evaluation:
    """One piece of work with one budget.

    reads: the paths of the data that were read. turns_in: how long after now comparisons may end otherwise.
    """

    steps_max: int = STEPS_MAX
    steps: int = 0
    reads: set[str] = field(default_factory=set)
    turns_in: list[timedelta] = field(default_factory=list)

    def of(self, expression: Value, data: Value, *, depth: int = 0) -> Value:
        """Raises: CertLogicError."""
        self.steps += 1
        if self.steps > self.steps_max or depth > DEPTH_MAX:
            raise CertLogicError("takes too many steps")
        if isinstance(expression, list):
            return [self.of(one, data, depth=depth + 1) for one in expression]
        if isinstance(expression, dict):
            return self._operation(expression, data, depth + 1)
        if not _is_literal(expression):
            raise CertLogicError("is not an expression")
        return expression

    def _operation(self, expression: Mapping[str, Value], data: Value, depth: int) -> Value:
        if problem := shape_problem(expression):
            raise CertLogicError(problem)
        ((name, operands),) = expression.items()
        if name == "var":
            self.reads.add(operands)
            return _access(data, operands)
        if name == "if":
            guard = _decided(self.of(operands[0], data, depth=depth))
            return self.of(operands[1 if guard else 2], data, depth=depth)
        if name == "and":
            return self._and(operands, data, depth)
        if name == "reduce":
            return self._reduce(operands, data, depth)
        if name == "plusTime":
            return _plus_time(self.of(operands[0], data, depth=depth), operands[1], operands[2])
        if name == "extractFromUVCI":
            return _extract(self.of(operands[0], data, depth=depth), operands[1])
        return self._applied(name, [self.of(one, data, depth=depth) for one in operands])

    def _applied(self, name: str, values: list[Value]) -> Value:
        if name == "===":
            return _same(values[0], values[1])
        if name == "in":
            return _contained(values[0], values[1])
        if name == "+":
            return _sum(values)
        if name == "!":
            return not _decided(values[0])
        if name == "dccDateOfBirth":
            return _date_of_birth(values[0])
        if name in _COMPARED:
            _check_all(values, _is_whole, "must be whole numbers")
            return _ordered(_COMPARED[name], values)
        _check_all(values, lambda value: isinstance(value, Moment), "must be date-times")
        self._note_turns(values)
        return _ordered(_COMPARED_IN_TIME[name], [value.at for value in values])

    def _and(self, operands: list[Value], data: Value, depth: int) -> Value:
        value: Value = True
        for operand in operands:
            value = self.of(operand, data, depth=depth)
            if not _decided(value):
                break
        return value

    def _reduce(self, operands: list[Value], data: Value, depth: int) -> Value:
        rows = self.of(operands[0], data, depth=depth)
        result = self.of(operands[2], data, depth=depth)
        if rows is None:
            return result
        if not isinstance(rows, list):
            raise CertLogicError("reduce takes an array")
        for row in rows:
            result = self.of(operands[1], {"current": row, "accumulator": result}, depth=depth)
        return result

    def _note_turns(self, moments: list[Moment]) -> None:
        for left, right in pairwise(moments):
            if left.moves != right.moves:
                mover, fixed = (left, right) if left.moves else (right, left)
                until = fixed.at - mover.at
                # Where they meet this very millisecond, the next one may be another matter.
                self.turns_in.append(until or timedelta(milliseconds=1))


def shape_problem(expression: Mapping[str, Value]) -> str | None:
    """What is wrong with an operation, its operands' own insides aside; None when nothing is."""
    if len(expression) != 1:
        return "must have one key, the operator"
    ((name, operands),) = expression.items()
    if name == "var":
        fits = isinstance(operands, str) and len(operands) <= PATH_LENGTH_MAX and _PATH.fullmatch(operands)
        return None if fits else "var takes a path"
    if name not in _OPERANDS:
        return f"{name[:32]!r} is not an operator"
    least, most = _OPERANDS[name]
    if not isinstance(operands, list) or not least <= len(operands) <= most:
        return f"{name} takes {least} operands" if least == most else f"{name} takes {least} to {most} operands"
    if name == "plusTime" and not (_is_whole(operands[1]) and operands[2] in _UNITS):
        return "plusTime takes a whole number and one of year, month, day, hour"
    if name == "extractFromUVCI" and not _is_whole(operands[1]):
        return "extractFromUVCI takes a whole number"
    return None


@dataclass(frozen=True, slots=True)
class Problem:
    """at: where in the expression, `if/0/var`."""

    at: str
    problem: str


def problems(expression: Value) -> Iterator[Problem]:
    """What is wrong with an expression before any data is seen: its form, its size, its depth."""
    if isinstance(expression, dict | list) and _too_large(expression):
        yield Problem("", f"has more than {NODES_MAX} parts, or more than {DEPTH_MAX} levels")
        return
    yield from _problems(expression, "")


def variables(expression: Value, *, inside: str = "", in_lambda: bool = False) -> Iterator[tuple[str, bool, str]]:
    """Each path that a sound expression reads: the path, whether inside a `reduce`, and what it is an operand of.

    The third is the name of the operator, or `plusTime:<unit>` where the path gives the time.
    """
    if isinstance(expression, list):
        for one in expression:
            yield from variables(one, in_lambda=in_lambda)
    elif isinstance(expression, dict):
        ((name, operands),) = expression.items()
        if name == "var":
            yield operands, in_lambda, inside
            return
        for place, one in enumerate(operands):
            label = f"plusTime:{operands[2]}" if name == "plusTime" else name
            yield from variables(one, inside=label, in_lambda=in_lambda or (name == "reduce" and place == 1))


def is_true(value: Value) -> bool:
    """Raises: CertLogicError for a value that is neither true nor false."""
    return _decided(value)


def _too_large(expression: Value) -> bool:
    """Level by level, so that no depth of input is followed down."""
    level, nodes = [expression], 0
    for _ in range(DEPTH_MAX):
        nodes += len(level)
        if nodes > NODES_MAX:
            return True
        level = [child for one in level for child in _children(one)]
        if not level:
            return False
    return True


def _children(expression: Value) -> list[Value]:
    if isinstance(expression, list):
        return expression
    return list(expression.values()) if isinstance(expression, dict) else []


def _problems(expression: Value, at: str) -> Iterator[Problem]:
    if isinstance(expression, list):
        for place, one in enumerate(expression):
            yield from _problems(one, f"{at}/{place}")
    elif isinstance(expression, dict):
        problem = shape_problem(expression)
        if problem is not None:
            yield Problem(at, problem)
            return
        ((name, operands),) = expression.items()
        if name != "var":
            yield from _problems(operands, f"{at}/{name}")
    elif not _is_literal(expression):
        yield Problem(at, "must be true, false, a whole number, text, an array or an operation")


def _is_whole(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _INT_MAX


def _is_literal(value: Value) -> bool:
    return isinstance(value, bool | str) or _is_whole(value)


def _decided(value: Value) -> bool:
    if value is None:
        return False
    if isinstance(value, bool | str | list | dict) or _is_whole(value):
        return bool(value)
    raise CertLogicError("is neither true nor false")


def _access(data: Value, path: str) -> Value:
    for name in path.split(".") if path else ():
        if isinstance(data, list):
            data = data[int(name)] if name.isascii() and name.isdigit() and int(name) < len(data) else None
        else:
            data = data.get(name) if isinstance(data, dict) else None
    return data


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return (_is_whole(left) and _is_whole(right) and left == right) or (left is None and right is None)


def _contained(value: Value, rows: Value) -> bool:
    if not isinstance(rows, list):
        raise CertLogicError("the second operand of in must be an array")
    return any(_same(value, row) for row in rows)


def _sum(values: list[Value]) -> int:
    _check_all(values, _is_whole, "must be whole numbers")
    total: int = sum(values)
    if not _is_whole(total):
        raise CertLogicError("a number is too large")
    return total


def _check_all(values: list[Value], fits: Callable[[Value], bool], problem: str) -> None:
    if not all(fits(value) for value in values):
        raise CertLogicError(f"operands {problem}")


def _ordered(compare: Callable[[Any, Any], bool], values: list[Any]) -> bool:
    return all(compare(left, right) for left, right in pairwise(values))


def _plus_time(text: Value, amount: int, unit: str) -> Moment:
    moves = isinstance(text, Now)
    if not isinstance(text, str):
        raise CertLogicError("plusTime takes a date-time as text")
    if moves and unit not in ("day", "hour"):
        # A month is not always as long: when two moments meet could not be said.
        raise CertLogicError("the present moves by days and hours only")
    try:
        at = _read_time(text)
        if unit in ("day", "hour"):
            return Moment(at + timedelta(**{f"{unit}s": amount}), moves)
        months = at.year * 12 + at.month - 1 + amount * (12 if unit == "year" else 1)
        # A day that the month does not have runs over into the next, as ECMAScript's setUTCMonth does.
        return Moment(at.replace(year=months // 12, month=months % 12 + 1, day=1) + timedelta(days=at.day - 1))
    except (ValueError, OverflowError) as fault:
        raise CertLogicError("is not a date-time") from fault


def _date_of_birth(text: Value) -> Moment:
    if not isinstance(text, str) or len(text) > len("YYYY-MM-DD"):
        raise CertLogicError("is not a date of birth")
    try:
        return Moment(_read_time(text))
    except ValueError as fault:
        raise CertLogicError("is not a date of birth") from fault


def _read_time(text: str) -> datetime:
    """A partial date is its last day; a missing zone is UTC. Raises: ValueError."""
    read = _DATE_TIME.fullmatch(text)
    if read is None:
        raise ValueError("not a date-time")
    year, month = int(read["year"]), int(read["month"] or 12)
    day = int(read["day"] or monthrange(year, month)[1])
    clock = (int(read["hour"] or 0), int(read["minute"] or 0), int(read["second"] or 0))
    micros = int((read["fraction"] or "0")[:3].ljust(3, "0")) * 1000
    offset = timedelta(hours=int(read["zone_h"] or 0), minutes=int(read["zone_m"] or 0))
    local = datetime(year, month, day, *clock, micros, tzinfo=UTC)
    return local + offset if read["sign"] == "-" else local - offset


def _extract(text: Value, index: int) -> str | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise CertLogicError("extractFromUVCI takes text")
    fragments = re.split("[/#:]", text.removeprefix(_UVCI_PREFIX))
    return fragments[index] if 0 <= index < len(fragments) else None
