"""Rows that the city publishes itself: what is taken, and how they are written as CSV and JSON.

Rules
- Every cell is of its column's type, or null; one cell that is not refuses the whole table.
- A cell of text that a spreadsheet would run as a formula is written to CSV behind an apostrophe; JSON has it as sent.
- JSON is written as columns and rows, so that it is never larger than what was sent.

Source: RFC 4180 (CSV); W3C Tabular Data Model (column names and types); OWASP, "CSV Injection".
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

import orjson

from backends.data.errors import DatasetInvalid
from backends.data.reading import Fields
from core.locale import Text

Cell: TypeAlias = str | int | float | bool | None

COLUMNS_MAX: Final = 64
ROWS_MAX: Final = 50_000
CELLS_MAX: Final = 500_000
CELL_LENGTH_MAX: Final = 2000
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
# What a spreadsheet takes for the begin of a formula, the full-width forms included.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class ColumnType(StrEnum):
    """Of a column's cells. number: an IEEE double; date, datetime: ISO 8601 (a datetime with its offset)."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    title: Text
    type: ColumnType


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]


def table_of(value: object) -> Table:
    """From decoded JSON: {"columns": [{"name", "title", "type"}], "rows": [[cell, …]]}. Raises: DatasetInvalid."""
    given = Fields.of(value, at="table", names=("columns", "rows"))
    columns = tuple(map(_column_of, given.objects("columns", ("name", "title", "type"), most=COLUMNS_MAX)))
    if not columns or len({c.name for c in columns}) < len(columns):
        raise DatasetInvalid(field="table.columns", problem=f"must be 1 to {COLUMNS_MAX}, each of another name")
    rows = given.list("rows", most=min(ROWS_MAX, CELLS_MAX // len(columns)))
    fits = [_FITS[c.type] for c in columns]
    for index, row in enumerate(rows):
        _judge(index, row, columns, fits)
    return Table(columns, rows)


def csv_of(table: Table) -> bytes:
    """UTF-8, the column names first, lines end with CR LF."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows([[_written(cell) for cell in row] for row in table.rows])
    return out.getvalue().encode()


def json_of(table: Table) -> bytes:
    """{"columns": [{"name", "title", "type"}], "rows": [[cell, …]]}."""
    columns = [
        {"name": c.name, "title": {"zh": c.title.zh, "en": c.title.en}, "type": c.type.value} for c in table.columns
    ]
    return orjson.dumps({"columns": columns, "rows": table.rows})


def guarded(text: str) -> str:
    """`text` as a spreadsheet shows it and never runs it. A plain number in text stays one."""
    if text.lstrip(" \n").startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def _written(cell: Cell) -> str | int | float:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case str():
            return guarded(cell)
        case _:
            return cell


def _column_of(given: Fields) -> Column:
    name = given.text("name", most=63)
    if not _NAME.fullmatch(name):
        raise given.fault("name", "must begin with a-z and be of a-z, 0-9 and _")
    return Column(name, given.both("title", most=80), given.one_of("type", ColumnType))


def _judge(index: int, row: object, columns: Sequence[Column], fits: Sequence[Callable[[Any], bool]]) -> None:
    if not isinstance(row, list) or len(row) != len(columns):
        raise DatasetInvalid(field=f"table.rows[{index}]", problem=f"must be a list of {len(columns)} cells")
    for column, fit, cell in zip(columns, fits, row, strict=True):
        if cell is not None and not fit(cell):
            problem = f"must be {column.type} or null, text of at most {CELL_LENGTH_MAX} characters"
            raise DatasetInvalid(field=f"table.rows[{index}].{column.name}", problem=problem)


def _is_text(cell: object) -> bool:
    return isinstance(cell, str) and len(cell) <= CELL_LENGTH_MAX and not _CONTROLS.search(cell)


def _is_integer(cell: object) -> bool:
    return isinstance(cell, int) and not isinstance(cell, bool) and -(2**63) <= cell < 2**63


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell)


def _is_day(cell: object) -> bool:
    try:
        return isinstance(cell, str) and len(cell) == len("2026-11-22") and date.fromisoformat(cell) is not None
    except ValueError:
        return False


def _is_instant(cell: object) -> bool:
    try:
        return isinstance(cell, str) and len(cell) <= 40 and datetime.fromisoformat(cell).tzinfo is not None
    except ValueError:
        return False


_FITS: Final[Mapping[ColumnType, Callable[[Any], bool]]] = {
    ColumnType.STRING: _is_text,
    ColumnType.INTEGER: _is_integer,
    ColumnType.NUMBER: _is_number,
    ColumnType.BOOLEAN: lambda cell: isinstance(cell, bool),
    ColumnType.DATE: _is_day,
    ColumnType.DATETIME: _is_instant,
}
