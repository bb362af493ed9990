"""Reading the published Beijing files: what their rows mean, and where a bad file is bad."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backends.sensor.errors import FileInvalid, FileUnreadable
from backends.sensor.importer import read, station_of
from core.divisions import DISTRICTS
from tests.unit.sensor.prsa import HEADER, line, lines, written

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def refusal(path: Path, **bounds: int) -> FileInvalid:
    with pytest.raises(FileInvalid) as caught:
        list(read(path, now=NOW, **bounds))
    assert caught.value.file == path.name
    return caught.value


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_row_is_a_reading_in_our_units_and_in_utc(tmp_path: Path, name: str) -> None:
    [[row]] = read(written(tmp_path / name, HEADER + line()), now=NOW)
    assert row.station_name == "Dongsi"
    assert (row.reading.station, row.reading.ts) == ("prsa-dongsi", datetime(2013, 2, 28, 16, tzinfo=UTC))
    assert row.reading.values == {
        "pm2_5": 9.0, "pm10": 9.0, "so2": 3.0, "no2": 17.0, "co": 0.3, "o3": 89.0, "temperature": -0.5,
        "pressure": 1024.5, "dew_point": -21.4, "precipitation": 0.0, "wind_direction": 337.5, "wind_speed": 5.7,
    }  # fmt: skip


def test_what_is_not_available_is_absent(tmp_path: Path) -> None:
    text = HEADER + '1,2013,3,1,0,NA,NA,3,NA,NA,NA,NA,NA,NA,NA,NA,NA,"Dongsi"\n'
    [[row]] = read(written(tmp_path / "a.csv", text), now=NOW)
    assert row.reading.values == {"so2": 3.0}


def test_gzip_is_told_by_content_and_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "renamed.csv"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + lines(3).encode()))
    assert [len(batch) for batch in read(path, now=NOW)] == [3]


def test_rows_come_in_batches(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", lines(25))
    assert [len(batch) for batch in read(path, now=NOW, batch_rows=10)] == [10, 10, 5]


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (line(2).replace("Dongsi", ""), "names no station"),
        (line(2).replace('"Dongsi"', "$where"), "names no station"),
        (line(2).replace("2013", "x"), "number or date"),
        (line(2).replace("2013,3,1,1", "2013,2,30,1"), "number or date"),
        (line(2).replace("2013,3,1,1", "2013,3,1,24"), "number or date"),
        (line(2).replace("2013,3,1,1", "9999,3,1,1"), "ts: must lie between"),
        (line(2, values="-9,9,3,17,300,89,-0.5,1024.5,-21.4,0"), "pm2_5 must be a number from 0.0 to 5000.0"),
        (line(2, values="nan,9,3,17,300,89,-0.5,1024.5,-21.4,0"), "pm2_5 must be a number from 0.0 to 5000.0"),
        (line(2, values="9,9,3,17,300000,89,-0.5,1024.5,-21.4,0"), "co must be a number from 0.0 to 150.0"),
        (line(2, values="9,9,3,17,,89,-0.5,1024.5,-21.4,0"), "number or date"),
        (line(2).replace("NNW", "up"), "compass"),
        ("2,2013,3,1\n", "4 columns and not 18"),
        (line(2).replace('"Dongsi"', '"Dongsi",'), "19 columns and not 18"),
        (line(2).replace('"Dongsi"', '"Dongsi"extra'), "is not CSV: "),
        (line(2).replace('"NNW"', '"NNW'), "is not CSV: "),
        ("x" * 3000 + "\n", "longer than 2048 bytes"),
        (line(2).replace("NNW", "\x00"), "compass"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, bad: str, problem: str) -> None:
    refused = refusal(written(tmp_path / "a.csv", HEADER + line(1) + bad))
    assert refused.line == 3
    assert problem in refused.problem


def test_batches_before_a_bad_line_are_given_and_its_own_is_not(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", lines(25) + "bad\n")
    taken = []
    with pytest.raises(FileInvalid) as refused:
        for batch in read(path, now=NOW, batch_rows=10):
            taken.append(len(batch))
    assert (taken, refused.value.line) == ([10, 10], 27)


def test_other_files_are_refused_at_their_first_line(tmp_path: Path) -> None:
    assert refusal(written(tmp_path / "a.csv", "")).problem == "is not the header of a PRSA_Data file"
    assert refusal(written(tmp_path / "b.csv", "a,b\n1,2\n")).line == 1
    assert refusal(written(tmp_path / "c.csv", [b"\xff\xfe\x00\n"])).problem == "is not UTF-8"


def test_a_file_that_cannot_be_read_is_told_without_a_line(tmp_path: Path) -> None:
    for path, problem in ((tmp_path / "nope", "no such file or directory"), (tmp_path, "is a directory")):
        with pytest.raises(FileUnreadable) as caught:
            list(read(path, now=NOW))
        assert caught.value.message == f"{path.name} cannot be read: {problem}."


def test_gzip_that_is_cut_off_or_damaged_is_said(tmp_path: Path) -> None:
    packed = gzip.compress(lines(2000).encode())
    for name, data in (("cut.gz", packed[:-100]), ("bent.gz", packed[:200] + b"\0" * 50 + packed[250:])):
        (tmp_path / name).write_bytes(data)
        assert refusal(tmp_path / name).problem == "behind it the gzip data is damaged or cut off"


def test_a_gzip_bomb_is_left_at_its_bound(tmp_path: Path) -> None:
    zeros = written(tmp_path / "zeros.gz", [b"\0" * 50_000_000])
    assert refusal(zeros).problem == "is longer than 2048 bytes"
    rows = written(tmp_path / "rows.gz", lines(20_000))
    assert refusal(rows, bytes_max=100_000).problem == "the file is larger than 100000 bytes when unpacked"


def test_the_twelve_stations_stand_where_they_stand() -> None:
    names = (
        "Aotizhongxin Changping Dingling Dongsi Guanyuan Gucheng Huairou Nongzhanguan Shunyi Tiantan Wanliu "
        "Wanshouxigong"
    ).split()
    told = {n: (s.name.zh, DISTRICTS[s.district_code or ""].name.en) for n in names for s in [station_of(n)]}
    assert told == {
        "Aotizhongxin": ("奥体中心", "Chaoyang"), "Changping": ("昌平", "Changping"), "Dingling": ("定陵", "Changping"),
        "Dongsi": ("东四", "Dongcheng"), "Guanyuan": ("官园", "Xicheng"), "Gucheng": ("古城", "Shijingshan"),
        "Huairou": ("怀柔", "Huairou"), "Nongzhanguan": ("农展馆", "Chaoyang"), "Shunyi": ("顺义", "Shunyi"),
        "Tiantan": ("天坛", "Dongcheng"), "Wanliu": ("万柳", "Haidian"), "Wanshouxigong": ("万寿西宫", "Xicheng"),
    }  # fmt: skip
    assert not any(station_of(n).synthetic for n in names)


def test_a_station_outside_the_table_has_no_district() -> None:
    assert (station_of("Elsewhere").code, station_of("Elsewhere").district_code) == ("prsa-elsewhere", None)
