"""Rules that need no store: phones, names, limits' subjects, the verdict on a refresh token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.locale import Locale, Text
from core.masking import mask_name, mask_phone
from core.principal import Jurisdiction
from identity.errors import PhoneInvalid
from identity.limits import STANDARD_LIMITS
from identity.model import (
    BY_PHONE,
    Audience,
    Citizen,
    DeviceSession,
    RefreshToken,
    Rotation,
    Staff,
    judge_refresh,
    parse_code,
    parse_device_name,
    parse_phone,
    sign_in_text,
)

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("13800000001", "+8613800000001"),
        (" +86 138-0000-0001 ", "+8613800000001"),
        ("008613800000001", "+8613800000001"),
        ("+1 415 555 2671", "+14155552671"),
        ("+447911123456", "+447911123456"),
        ("+85251234567", "+85251234567"),
    ],
)
def test_a_mobile_number_is_kept_in_e164(typed: str, number: str) -> None:
    assert parse_phone(typed) == number


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1",
        "12000000000",
        "010 6512 3456",
        "+8613800000001;ext=5",
        "not a phone",
        "1380000000１" * 9,
        "+999123456789",
    ],
)
def test_what_is_no_mobile_number_is_refused(typed: str) -> None:
    with pytest.raises(PhoneInvalid) as refusal:
        parse_phone(typed)
    assert refusal.value.extensions == {"code": "AUTH_PHONE_INVALID", "kind": "INVALID", "retryable": False}


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张丽华", "张*华"),
        ("欧阳建国", "欧**国"),
        ("张三", "张*"),
        ("张", "*"),
        ("张 三", "张*"),
        ("阿卜杜拉·买买提", "阿******提"),
        ("𠮷田", "𠮷*"),
        ("Alexander Montgomery-Featherstonehaugh", "A*** M***"),
        ("  Li   van der  Berg ", "L*** B***"),
        ("Teller", "T***"),
        ("Élodie", "É***"),
        ("Иван Петров", "И*** П***"),
        ("Alexander 张", "A*** 张***"),
        ("   ", "*"),
    ],
)
def test_names_are_masked_by_rule(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=12))
def test_of_a_han_name_at_most_the_first_and_last_character_show(name: str) -> None:
    masked = mask_name(name)
    assert len(masked) == len(name)
    shown = [position for position, character in enumerate(masked) if character != "*"]
    assert set(shown) <= ({0, len(name) - 1} if len(name) > 2 else {0} if len(name) == 2 else set())


@given(st.text(min_size=1, max_size=60))
def test_of_any_other_name_at_most_two_characters_show(name: str) -> None:
    masked = mask_name(name)
    assert len(masked.replace("*", "").replace(" ", "")) <= 2
    assert "*" in masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [("+8613800000001", "138****0001"), ("+14155552671", "+1 ****71"), ("+85251234567", "+852 ****67")],
)
def test_phones_are_masked_by_rule(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


def test_a_person_without_a_name_is_called_unverified_and_never_by_phone() -> None:
    person = Citizen(id="cit_1", phone="+8613800000001", created_at=NOW)
    assert person.masked_name(Locale.ZH_CN) == "未实名用户"
    assert person.masked_name(Locale.EN) == "Unverified person"


def test_a_person_without_a_phone_has_a_phrase_in_its_place() -> None:
    child = Citizen(id="cit_1", phone=None, created_at=NOW)
    assert (child.masked_phone(Locale.ZH_CN), child.masked_phone(Locale.EN)) == ("未绑定手机", "No phone")


def test_an_account_does_not_show_itself_in_a_repr() -> None:
    citizen = Citizen(id="cit_1", phone="+8613800000001", created_at=NOW, name="张丽华")
    staff = Staff(
        id="stf_1",
        phone="+8613900000001",
        display_name="王勇",
        badge="DC-0312",
        organisation=Text("东城区", "Dongcheng"),
        roles=("inspector",),
        jurisdiction=Jurisdiction("110101"),
        created_at=NOW,
    )
    for secret in ("13800000001", "张丽华", "13900000001", "王勇"):
        assert secret not in repr(citizen) + repr(staff)


SEES_AT_A_SCAN = {"personal:identity:3", "personal:whereabouts:3", "personal:health:4"}


@pytest.mark.parametrize(
    ("roles", "scopes"),
    [
        ((), {"staff"}),
        (("clerk",), {"staff"}),
        (("inspector",), {"staff", "citycode:scan", "licences:verify", "health:check", *SEES_AT_A_SCAN}),
        (("licence_clerk",), {"staff", "licences:issue", "citizens:find", "personal:identity:3"}),
        (("billing_clerk",), {"staff", "payments:bill", "payments:refund", "citizens:find", "personal:property:3"}),
        (("case_handler",), {"staff", "reports:handle", "personal:identity:2", "personal:whereabouts:3"}),
        (
            ("health_officer",),
            {"staff", "health:record", "health:rules", "citizens:find", "personal:health:4", "personal:contact:3"},
        ),
        (("registrar",), {"staff", "codes:register"}),
        (("clerk", "registrar", "emperor"), {"staff", "codes:register"}),
    ],
)
def test_roles_give_scopes(roles: tuple[str, ...], scopes: set[str]) -> None:
    organisation, jurisdiction = Text("东城区", "Dongcheng"), Jurisdiction("110101")
    staff = Staff("stf_1", "+8613900000001", "王勇", "DC-0312", organisation, roles, jurisdiction, NOW)
    assert staff.scopes == scopes


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "１２３４５６", "123456" * 100])
def test_a_code_is_six_ascii_digits(typed: str) -> None:
    with pytest.raises(BadInput):
        parse_code(typed)
    assert parse_code(" 123 456 ") == "123456"


@pytest.mark.parametrize("typed", ["", "   ", "x" * 65, "a\x00b", "a\u202eb"])
def test_a_device_name_is_short_and_printable(typed: str) -> None:
    with pytest.raises(BadInput):
        parse_device_name(typed)
    assert parse_device_name("  小米  14 ") == "小米 14"


def test_the_resend_rule_is_read_from_the_table() -> None:
    assert STANDARD_LIMITS.resend_after_s == 60


def test_a_message_says_the_code_in_the_readers_language() -> None:
    assert sign_in_text(code="012345", locale=Locale.ZH_CN).startswith("【城市通】验证码 012345，5 分钟内有效。")
    assert sign_in_text(code="012345", locale=Locale.EN).startswith("[CityTong] Your code is 012345, valid for 5 min")


@pytest.mark.parametrize(
    ("audience", "idle", "absolute"),
    [
        (Audience.CITIZEN, timedelta(days=30), timedelta(days=180)),
        (Audience.STAFF, timedelta(hours=12), timedelta(hours=12)),
    ],
)
def test_a_session_has_an_idle_and_an_absolute_end(audience: Audience, idle: timedelta, absolute: timedelta) -> None:
    session = DeviceSession.begin(
        id="ses_1", account_id="cit_1", audience=audience, device_name="x", methods=BY_PHONE, now=NOW
    )
    assert (session.idle_until, session.ends_at) == (NOW + idle, NOW + absolute)
    assert session.refresh_until(NOW) == NOW + idle
    near_the_end = NOW + absolute - timedelta(hours=1)
    assert session.refresh_until(near_the_end) == NOW + absolute


def _session(*, revoked: bool = False, idle_until: datetime = NOW + timedelta(days=1)) -> DeviceSession:
    ends_at, revoked_at = NOW + timedelta(days=9), NOW if revoked else None
    return DeviceSession(
        "ses_1", "cit_1", Audience.CITIZEN, "x", NOW, NOW, idle_until, ends_at, BY_PHONE, NOW, revoked_at
    )


def _token(*, used: bool = False, expires_at: datetime = NOW + timedelta(days=1)) -> RefreshToken:
    return RefreshToken(b"digest", "ses_1", expires_at, NOW if used else None)


@pytest.mark.parametrize(
    ("token", "session", "verdict"),
    [
        (_token(), _session(), Rotation.GOOD),
        (None, None, Rotation.INVALID),
        (_token(), None, Rotation.INVALID),
        (_token(used=True), _session(), Rotation.REUSED),
        (_token(used=True), _session(revoked=True), Rotation.REUSED),
        (_token(used=True, expires_at=NOW), _session(), Rotation.REUSED),
        (_token(expires_at=NOW), _session(), Rotation.INVALID),
        (_token(), _session(revoked=True), Rotation.INVALID),
        (_token(), _session(idle_until=NOW), Rotation.INVALID),
    ],
)
def test_the_verdict_on_a_refresh_token(
    token: RefreshToken | None, session: DeviceSession | None, verdict: Rotation
) -> None:
    assert judge_refresh(token=token, session=session, now=NOW) is verdict
