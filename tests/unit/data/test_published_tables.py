"""Which rows are taken, and that no spreadsheet runs what it opens."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
import pytest

from backends.data.errors import DatasetInvalid
from backends.data.tables import COLUMNS_MAX, csv_of, guarded, json_of, table_of
from tests.unit.data.datasets import both, table


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
        ("+86 10 1234", "'+86 10 1234"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        ("-5.25", "-5.25"),
        ("+3", "+3"),
        ("-", "'-"),
        ("a=b", "a=b"),
        ("空气", "空气"),
        ("", ""),
    ],
)
def test_a_formula_is_written_as_text(text: str, written: str) -> None:
    assert guarded(text) == written


def test_csv_reads_back_as_it_was_but_for_formulas() -> None:
    rows: list[list[Any]] = [['a"b', 1], ["c,d\ne", -2.5], ["=1+1", None], ["中文", 3]]
    content = csv_of(table_of(table(rows))).decode()
    assert content.startswith("name,value\r\n")
    assert list(csv.reader(io.StringIO(content, newline="")))[1:] == [
        ['a"b', "1"],
        ["c,d\ne", "-2.5"],
        ["'=1+1", ""],
        ["中文", "3"],
    ]


def test_json_holds_what_was_sent() -> None:
    sent = table([["=1+1", -2.5], ["b", None]])
    assert orjson.loads(json_of(table_of(sent))) == sent


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", ["", "a\nb", None], [1, True, "x" * 2001, "a\x00b", "a\rb"]),
        ("integer", [0, -5, 2**63 - 1, None], [1.0, "1", True, 2**63]),
        ("number", [0, -5, 1.5, None], ["1", True]),
        ("boolean", [True, False, None], [0, "true"]),
        ("date", ["2026-11-22", None], ["2026-02-30", "20261122", 20261122, "2026-11-22T00:00:00"]),
        ("datetime", ["2026-11-22T12:00:00+08:00", "2026-11-22T04:00:00Z"], ["2026-11-22T12:00:00", "noon", 5]),
    ],
)
def test_cells_are_of_their_column(kind: str, good: list[Any], bad: list[Any]) -> None:
    columns = [{"name": "c", "title": both("列"), "type": kind}]
    assert len(table_of({"columns": columns, "rows": [[cell] for cell in good]}).rows) == len(good)
    for cell in bad:
        with pytest.raises(DatasetInvalid) as refused:
            table_of({"columns": columns, "rows": [[good[0]], [cell]]})
        assert refused.value.field == "table.rows[1].c"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"columns": [], "rows": []}, "table.columns"),
        ({"columns": table()["columns"] * 2, "rows": []}, "table.columns"),
        ({**table(), "rows": [["a"]]}, "table.rows[0]"),
        ({**table(), "rows": ["ab"]}, "table.rows[0]"),
        ({**table(), "rows": [["a", 1]] * 50_001}, "table.rows"),
        ({**table(), "rows": "x"}, "table.rows"),
        ({**table(), "more": 1}, "table"),
        ([], "table"),
        ({"columns": [{"name": "=A", "title": both("列"), "type": "string"}], "rows": []}, "table.columns[0].name"),
        ({"columns": [{"name": "a", "title": both("列"), "type": "text"}], "rows": []}, "table.columns[0].type"),
    ],
)
def test_what_is_no_table_is_refused_by_its_place(sent: Any, field: str) -> None:
    with pytest.raises(DatasetInvalid) as refused:
        table_of(sent)
    assert refused.value.field == field


def test_cells_are_bounded_together() -> None:
    columns = [{"name": f"c{n}", "title": both("列"), "type": "integer"} for n in range(COLUMNS_MAX)]
    with pytest.raises(DatasetInvalid) as refused:
        table_of({"columns": columns, "rows": [[1] * COLUMNS_MAX] * (500_000 // COLUMNS_MAX + 1)})
    assert refused.value.field == "table.rows"
