"""The rules of scanning, as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from api.domains.citycode.model import PURPOSE_LABELS, Scan, ScanPurpose, check_client_scan_id, place_of
from core.clock import city_day, day_start
from core.errors import BadInput

SHANGHAI = ZoneInfo("Asia/Shanghai")
SCAN = Scan(
    id="scn_01KAMP0000000000000000000A",
    at=datetime(2026, 11, 22, 4, 0, 0, 123_000, tzinfo=UTC),
    purpose=ScanPurpose.TRANSIT,
    scanner="stf_a",
    citizen="cit_a",
    code=b"x" * 23,
    code_issued_at=datetime(2026, 11, 22, 4, 0, tzinfo=UTC),
    jurisdiction="110101",
    client_scan_id="first",
)


@pytest.mark.parametrize(
    ("scanner", "purpose", "client_scan_id", "same"),
    [
        ("stf_a", ScanPurpose.TRANSIT, "first", True),
        ("stf_b", ScanPurpose.TRANSIT, "first", False),
        ("stf_a", ScanPurpose.CLINIC, "first", False),
        ("stf_a", ScanPurpose.TRANSIT, "second", False),
        ("stf_a", ScanPurpose.TRANSIT, None, False),
    ],
)
def test_only_the_same_scan_asked_again_is_answered(
    scanner: str, purpose: ScanPurpose, client_scan_id: str | None, same: bool
) -> None:
    assert SCAN.answers(scanner=scanner, purpose=purpose, client_scan_id=client_scan_id) is same


def test_a_place_in_the_list_survives_its_cursor() -> None:
    assert SCAN.key == "1795320000123:scn_01KAMP0000000000000000000A"
    assert place_of(SCAN.key) == (SCAN.at, SCAN.id)


@pytest.mark.parametrize(
    "key",
    [
        "",
        ":",
        "1795320000123",
        "1795320000123:",
        "1795320000123:cit_01KAMP0000000000000000000A",
        "-1:scn_01KAMP0000000000000000000A",
        "253402300800000:scn_01KAMP0000000000000000000A",
        "9" * 200 + ":scn_01KAMP0000000000000000000A",
        "١٢٣:scn_01KAMP0000000000000000000A",
    ],
)
def test_a_key_that_was_never_ours_is_bad_input(key: str) -> None:
    with pytest.raises(BadInput):
        place_of(key)


@pytest.mark.parametrize("client_scan_id", ["", "x" * 65])
def test_a_client_scan_id_has_1_to_64_characters(client_scan_id: str) -> None:
    with pytest.raises(BadInput):
        check_client_scan_id(client_scan_id)
    assert check_client_scan_id("x" * 64) == "x" * 64
    assert check_client_scan_id(None) is None


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 11, 22, 15, 59, 59, 999_999, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 16, 0, tzinfo=UTC), date(2026, 11, 23)),
    ],
)
def test_the_city_s_day_turns_at_its_own_midnight(instant: datetime, day: date) -> None:
    assert city_day(instant, SHANGHAI) == day
    assert day_start(date(2026, 11, 23), SHANGHAI) == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


def test_every_purpose_is_named_in_both_languages() -> None:
    assert set(PURPOSE_LABELS) == set(ScanPurpose)
    assert all(label.zh and label.en for label in PURPOSE_LABELS.values())
