"""The small things that every room stands on, as tables."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import FixedClock
from core.crypto import FieldCipher, UnsealError
from core.divisions import DISTRICTS, division_name
from core.errors import BadInput, DomainError, Forbidden, Kind, SignInRequired
from core.ids import Ids, is_id, ulid
from core.locale import Locale, negotiate
from core.money import Money
from core.paging import Page, PageRequest, decode_cursor, encode_cursor
from core.principal import ANONYMOUS, Jurisdiction, Principal, PrincipalKind


class _Sample(DomainError):
    code = "TEST_SAMPLE"
    kind = Kind.LIMITED
    template = "Wait until {until}."
    template_zh = "请等到 {until}。"

    until: datetime


def test_an_error_speaks_both_languages_and_says_whether_to_retry() -> None:
    error = _Sample(until=datetime(2026, 1, 2, tzinfo=UTC))
    assert error.message == "Wait until 2026-01-02 08:00 (UTC+8)."
    assert error.message_in(Locale.ZH_CN) == "请等到 2026-01-02 08:00 (UTC+8)。"
    assert error.extensions == {
        "until": "2026-01-02T00:00:00+00:00",
        "code": "TEST_SAMPLE",
        "kind": "LIMITED",
        "retryable": True,
    }
    assert error.http_status == 429
    assert "2026" not in repr(error)


class _Several(DomainError):
    code = "TEST_SEVERAL"
    kind = Kind.INVALID
    template = "Wrong: {problems}"

    problems: list[str]


def test_an_error_says_a_list_in_words_and_gives_it_as_a_list() -> None:
    error = _Several(problems=["version: 'x'", "rules: none"])
    assert error.message == "Wrong: version: 'x'; rules: none"
    assert error.extensions["problems"] == ["version: 'x'", "rules: none"]


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, Locale.ZH_CN),
        ("", Locale.ZH_CN),
        ("en", Locale.EN),
        ("en-GB,en;q=0.9", Locale.EN),
        ("zh-CN,zh;q=0.9,en;q=0.8", Locale.ZH_CN),
        ("fr, en;q=0.5, zh;q=0.4", Locale.EN),
        ("en;q=0, zh", Locale.ZH_CN),
        ("en;q=nonsense", Locale.ZH_CN),
        ("fr", Locale.ZH_CN),
        (",".join(["fr"] * 5000), Locale.ZH_CN),
    ],
)
def test_the_language_of_a_request(header: str | None, locale: Locale) -> None:
    assert negotiate(header) is locale


def test_ids_carry_their_kind_and_sort_by_time(ids: Ids, clock: FixedClock) -> None:
    first = ids.new("cit")
    clock.advance(seconds=0.001)
    second = ids.new("cit")
    assert is_id(first, prefix="cit") and not is_id(first, prefix="stf")
    assert first < second
    assert ulid(ms=0, randomness=bytes(10)) == "0" * 26
    assert ulid(ms=2**48 - 1, randomness=b"\xff" * 10) == "7" + "Z" * 25


@pytest.mark.parametrize("text", ["", "cit", "cit_", "cit_" + "I" * 26, "cit_8" + "0" * 25, "cit_" + "0" * 27])
def test_what_is_not_an_id(text: str) -> None:
    assert not is_id(text, prefix="cit")


@pytest.mark.parametrize(
    ("fen", "shown"),
    [
        (0, "¥0.00"),
        (5, "¥0.05"),
        (123450, "¥1,234.50"),
        (-123450, "−¥1,234.50"),
        (2**63 - 1, "¥92,233,720,368,547,758.07"),
    ],
)
def test_money_as_people_read_it(fen: int, shown: str) -> None:
    assert str(Money(fen)) == shown


def test_money_refuses_what_is_not_money() -> None:
    for amount in (2**63, 1.5, True):
        with pytest.raises(BadInput):
            Money(amount)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        Money(1, "XTS")


@given(st.text(max_size=60))
def test_a_cursor_comes_back_as_it_went(key: str) -> None:
    assert decode_cursor(encode_cursor(key)) == key


@pytest.mark.parametrize("cursor", ["é", "====", "_w", "x" * 300, "a b"])
def test_what_was_never_a_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadInput) as refusal:
        decode_cursor(cursor)
    assert refusal.value.extensions["field"] == "after"


def test_a_page_knows_whether_another_follows() -> None:
    request = PageRequest.of(first=2, after=None)
    page = Page.of(rows=["a", "b", "c"], keys=["1", "2", "3"], request=request)
    assert (page.rows, page.keys, page.has_next, page.has_previous) == (["a", "b"], ["1", "2"], True, False)
    for first in (0, -1, 101):
        with pytest.raises(BadInput):
            PageRequest.of(first=first, after=None)


@pytest.mark.parametrize(
    ("jurisdiction", "code", "covered"),
    [
        ("110000", "110101", True),
        ("110101", "110101", True),
        ("110101", "110101001", True),
        ("110101", "110102", False),
        ("120000", "110101", False),
        ("110100", "110105", True),
        ("110100", "110228", False),
        # A street whose own three digits end with zeros is no district.
        ("110101100", "110101100007", True),
        ("110101100", "110101117", False),
        ("110101010", "110101011", False),
        ("110101001", "110101", False),
        ("110101001200", "110101001200", True),
        ("110101001200", "110101001201", False),
        ("110101001000", "110101001201", True),
        ("110101000000", "110101001", True),
        ("110101000000", "110102", False),
        ("110101000", "110101999", True),
        ("110000000000", "110119", True),
        ("110000000000", "120000", False),
        ("110101", "110101001201000000019", True),
        # What is no division's code covers nothing.
        ("", "110101", False),
        ("000000", "110101", False),
        ("11", "110101", False),
        ("1101010", "1101010", False),
        ("11010１", "110101", False),
    ],
)
def test_a_jurisdiction_covers_what_lies_in_it(jurisdiction: str, code: str, covered: bool) -> None:
    assert Jurisdiction(jurisdiction).covers(code) is covered


def test_a_principal_needs_the_right_kind_and_scope() -> None:
    staff = Principal(kind=PrincipalKind.STAFF, actor="stf_1", subject="stf_1", scopes=frozenset({"staff"}))
    staff.require(PrincipalKind.STAFF)
    staff.require_scope("staff")
    assert not staff.delegated
    for refused, error in ((ANONYMOUS, SignInRequired), (staff, Forbidden)):
        with pytest.raises(error):
            refused.require_scope("citycode:scan")
        with pytest.raises(error):
            refused.require(PrincipalKind.CITIZEN)


def test_a_sealed_field_opens_only_in_its_place(cipher: FieldCipher) -> None:
    sealed = cipher.seal("张丽华".encode(), purpose="name", owner="cit_1")
    assert cipher.open(sealed, purpose="name", owner="cit_1").decode() == "张丽华"
    tampered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for value, purpose, owner in (
        (sealed, "name", "cit_2"),
        (sealed, "phone", "cit_1"),
        (tampered, "name", "cit_1"),
        (b"", "name", "cit_1"),
        (b"short", "name", "cit_1"),
    ):
        with pytest.raises(UnsealError):
            cipher.open(value, purpose=purpose, owner=owner)
    with pytest.raises(UnsealError):
        FieldCipher(bytes(32)).open(sealed, purpose="name", owner="cit_1")
    assert cipher.seal(b"x", purpose="name", owner="a") != cipher.seal(b"x", purpose="name", owner="a")
    assert cipher.blind_index("a", purpose="phone") == cipher.blind_index("a", purpose="phone")
    assert cipher.blind_index("a", purpose="phone") != cipher.blind_index("a", purpose="name")
    assert bytes(range(32)).hex() not in repr(cipher) and "master" not in repr(cipher)


def test_the_sixteen_districts() -> None:
    assert len(DISTRICTS) == 16
    assert all(code.startswith("1101") and d.name.zh.endswith("区") for code, d in DISTRICTS.items())
    assert division_name("110000") is not None and division_name("310000") is None
