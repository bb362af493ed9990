"""Templates: what they refuse, and how each reads in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import DomainError
from core.locale import Locale, Text
from notifications.announcements import TOLD
from notifications.catalogue import CATALOGUE, EMAIL_CODE, PROGRAM_MESSAGE, Catalogue
from notifications.errors import TemplateUnknown, VariableInvalid, VariableMissing, VariableUnknown
from notifications.model import Category, Priority
from notifications.templates import Template, Variable, VariableKind
from tests.unit.notifications.told import EVENTS, SHANGHAI

WORDS = Variable(VariableKind.TEXT)
NUMBER = Variable(VariableKind.NUMBER)


def values_of(code: str) -> dict[str, Any]:
    if code == EMAIL_CODE:
        return {"code": "135790", "minutes": 10}
    if code == PROGRAM_MESSAGE:
        return {"program": {"zh": "图书馆", "en": "City Library"}, "title": "十一月电费", "text": "疫苗"}
    template = CATALOGUE.latest(code)
    return {name: value for name, value in EVENTS[code][1].items() if name in template.variables}


def template(body: str = "Something happened: {what}", **variables: Variable) -> Template:
    return Template(
        code="test.one",
        category=Category.CITY,
        priority=Priority.ROUTINE,
        subject=Text(zh="一个用来测试的标题文字", en="A subject for a test"),
        notice=Text(zh="一个用来测试的标题文字", en="A subject for a test"),
        body=Text(zh=body, en=body),
        link="/",
        variables=variables or {"what": WORDS},
    )


def body_of(made: Template, locale: Locale = Locale.EN, **values: Any) -> str:
    made.check(values)
    return made.rendered(values, locale=locale, zone=SHANGHAI).body


def test_every_event_that_is_told_has_a_template_and_an_example() -> None:
    assert set(TOLD) == set(EVENTS)
    assert CATALOGUE.codes() == sorted([*TOLD, EMAIL_CODE, PROGRAM_MESSAGE])


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("code", CATALOGUE.codes())
def test_each_template_reads_whole_in_both_languages(code: str, locale: Locale) -> None:
    made, values = CATALOGUE.latest(code), values_of(code)
    made.check(values)
    words = made.rendered(values, locale=locale, zone=SHANGHAI)
    for text in (words.subject, words.notice, words.body):
        assert not set("{}#|?") & set(text)
        assert any("一" <= letter <= "鿿" for letter in text) or locale is Locale.EN
    assert 10 <= len(words.subject) <= 120
    assert 10 <= len(words.notice) <= 120
    assert len(words.body) <= 4000


@pytest.mark.parametrize("code", CATALOGUE.codes())
def test_a_notice_names_nothing_that_is_sealed(code: str) -> None:
    for locale in Locale:
        notice = CATALOGUE.latest(code).rendered(values_of(code), locale=locale, zone=SHANGHAI).notice
        for word in ("86.40", "居民身份证", "Resident identity", "十一月电费", "Electricity", "疫苗", "135790"):
            assert word not in notice


READS: list[tuple[str, Locale, str]] = [
    ("licences.issued", Locale.ZH_CN, "您的电子证照已签发：居民身份证"),
    ("licences.expiring", Locale.EN, "Your Resident identity card expires in 30 days"),
    ("payments.bill_due", Locale.ZH_CN, "账单还有3天到期：十一月电费"),
    ("payments.bill_due", Locale.EN, "Your bill is due in 3 days: Electricity, November"),
    ("payments.bill_paid", Locale.EN, "You have paid ¥86.40 for Electricity, November"),
    ("reports.moved", Locale.ZH_CN, "诉求26112200017有新进展：处理中"),
]


@pytest.mark.parametrize(("code", "locale", "subject"), READS)
def test_subjects_as_people_read_them(code: str, locale: Locale, subject: str) -> None:
    assert CATALOGUE.latest(code).rendered(values_of(code), locale=locale, zone=SHANGHAI).subject == subject


def test_bodies_as_people_read_them() -> None:
    shown = CATALOGUE.latest("licences.shown")
    assert shown.rendered(values_of("licences.shown"), locale=Locale.ZH_CN, zone=SHANGHAI).body == (
        "您的“居民身份证”于2026年11月22日11:59被核验，用途：酒店入住。"
        "\n\n如果不是您本人出示的，请在“登录设备”中退出其他设备。"
    )
    bill = CATALOGUE.latest("payments.bill_issued")
    assert bill.rendered(values_of("payments.bill_issued"), locale=Locale.EN, zone=SHANGHAI).body == (
        "Beijing Commission of City Management has sent you a bill: Electricity, November."
        "\n\nThe amount is ¥86.40. Pay it by 5 December 2026."
    )


@pytest.mark.parametrize(
    ("days", "english", "chinese"),
    [
        (-12, "Your bill is overdue:", "账单已逾期："),
        (-1, "Your bill is overdue:", "账单已逾期："),
        (0, "due today", "今天到期"),
        (1, "due tomorrow", "明天到期"),
        (2, "due in 2 days", "还有2天到期"),
        (1000, "due in 1,000 days", "还有1,000天到期"),
    ],
)
def test_numbers_choose_their_words(days: int, english: str, chinese: str) -> None:
    made, values = CATALOGUE.latest("payments.bill_due"), {**values_of("payments.bill_due"), "days": days}
    assert english in made.rendered(values, locale=Locale.EN, zone=SHANGHAI).subject
    assert chinese in made.rendered(values, locale=Locale.ZH_CN, zone=SHANGHAI).subject


LICENCE_ENDS: list[tuple[int, Locale, str, str, str]] = [
    (
        -1,
        Locale.ZH_CN,
        "您的居民身份证已过期",
        "您的一份电子证照已过期",
        "您的“居民身份证”电子证照有效期至2026年12月22日，现已过期。\n\n请尽快办理换发，换发后方可继续使用。",
    ),
    (
        -1,
        Locale.EN,
        "Your Resident identity card has expired",
        "One of your licences has expired",
        "Your Resident identity card was valid until 22 December 2026.\n\nRenew it to use it again.",
    ),
    (
        0,
        Locale.EN,
        "Your Resident identity card expires today",
        "One of your licences expires soon",
        "Your Resident identity card is valid until 22 December 2026."
        "\n\nRenew it before then so that you can go on using it.",
    ),
    (
        0,
        Locale.ZH_CN,
        "您的居民身份证今天到期",
        "您的一份电子证照即将到期",
        "您的“居民身份证”电子证照有效期至2026年12月22日。\n\n请在到期前办理换发，以免影响使用。",
    ),
]


@pytest.mark.parametrize(("days", "locale", "subject", "notice", "body"), LICENCE_ENDS)
def test_a_licence_that_has_expired_is_not_about_to(
    days: int, locale: Locale, subject: str, notice: str, body: str
) -> None:
    made, values = CATALOGUE.latest("licences.expiring"), {**values_of("licences.expiring"), "days": days}
    words = made.rendered(values, locale=locale, zone=SHANGHAI)
    assert (words.subject, words.notice, words.body) == (subject, notice, body)


def test_an_overdue_bill_says_when_it_was_due() -> None:
    made, values = CATALOGUE.latest("payments.bill_due"), {**values_of("payments.bill_due"), "days": -2}
    english = made.rendered(values, locale=Locale.EN, zone=SHANGHAI)
    assert english.notice == "You have a bill that is overdue"
    assert "It was due on 5 December 2026. Pay it as soon as you can.\n" in english.body
    chinese = made.rendered(values, locale=Locale.ZH_CN, zone=SHANGHAI)
    assert chinese.notice == "您有一份账单已逾期"
    assert "应于2026年12月5日前缴纳，现已逾期，请尽快缴纳。" in chinese.body


def test_an_ended_licence_says_why_and_not_how() -> None:
    """Revoked, rescinded and cancelled come as one event: the word of one would be wrong for the others."""
    made, values = CATALOGUE.latest("licences.revoked"), values_of("licences.revoked")
    chinese = made.rendered(values, locale=Locale.ZH_CN, zone=SHANGHAI)
    assert chinese.subject == "您的电子证照已失效：居民身份证"
    assert "不再有效。\n\n原因：持证人已迁出本市\n\n" in chinese.body and "吊销" not in chinese.body
    english = made.rendered(values, locale=Locale.EN, zone=SHANGHAI)
    assert english.subject == "Your Resident identity card is no longer valid"
    assert "The reason given: 持证人已迁出本市" in english.body and "revoked" not in english.body


def test_the_purpose_of_a_showing_stands_whole() -> None:
    made, purpose = CATALOGUE.latest("licences.shown"), "路" * 60
    body = made.rendered({**values_of("licences.shown"), "purpose": purpose}, locale=Locale.ZH_CN, zone=SHANGHAI).body
    assert f"用途：{purpose}。" in body


def test_a_number_below_zero_without_words_of_its_own_is_like_every_other() -> None:
    made = template("Left: {days|0:none at all|*:# days}", days=NUMBER)
    assert body_of(made, days=-2) == "Left: -2 days"


def test_what_is_optional_takes_its_words_with_it() -> None:
    note = Variable(VariableKind.TEXT, optional=True)
    made = template("It moved.{note? They write: #}", note=note)
    assert body_of(made, note="Tomorrow") == "It moved. They write: Tomorrow"
    assert body_of(made, note=None) == "It moved."


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 39 + "…"),
        ("two\r\nlines\tand  blanks ", "two lines and blanks"),
        ("{what} # |", "{what} # |"),
        ({"zh": "路灯", "en": "a lamp"}, "a lamp"),
    ],
)
def test_texts_stay_on_their_line_and_in_their_bounds(value: object, shown: str) -> None:
    assert body_of(template(), what=value) == f"Something happened: {shown}"


REFUSED: list[tuple[dict[str, Any], type[DomainError], dict[str, str]]] = [
    ({}, VariableMissing, {"name": "test.one", "variable": "what"}),
    ({"what": "a", "who": "b"}, VariableUnknown, {"name": "test.one", "variable": "who"}),
    ({"what": 3}, VariableInvalid, {"name": "test.one", "variable": "what", "wanted": "TEXT"}),
    ({"what": None}, VariableInvalid, {"name": "test.one", "variable": "what", "wanted": "TEXT"}),
    ({"what": " "}, VariableInvalid, {"name": "test.one", "variable": "what", "wanted": "TEXT"}),
    ({"what": {"zh": "只有中文"}}, VariableInvalid, {"name": "test.one", "variable": "what", "wanted": "TEXT"}),
]


@pytest.mark.parametrize(("values", "refusal", "fields"), REFUSED)
def test_values_are_checked_strictly(
    values: dict[str, Any], refusal: type[DomainError], fields: dict[str, str]
) -> None:
    with pytest.raises(refusal) as refused:
        template().check(values)
    assert refused.value.public_fields == fields


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (VariableKind.DATE, "2026-11-22", ["22.11.2026", 20261122, ""]),
        (VariableKind.MOMENT, "2026-11-22T04:00:00Z", ["2026-11-22T04:00:00", "noon", 1]),
        (VariableKind.MONEY, 8640, [86.4, "8640", True]),
        (VariableKind.NUMBER, -3, [3.0, "3", False, 2**53]),
    ],
)
def test_each_type_takes_its_own_values_alone(kind: VariableKind, good: object, bad: list[object]) -> None:
    made = template("Here it is: {it}", it=Variable(kind))
    made.check({"it": good})
    for value in bad:
        with pytest.raises(VariableInvalid):
            made.check({"it": value})


@pytest.mark.parametrize(
    ("body", "variables", "problem"),
    [
        ("Nothing is used here", {"what": WORDS}, "differ in"),
        ("Used and undeclared: {who}", {}, "differ in"),
        ("An open brace { here", {}, "brace"),
        ("{days|1:one|2:two}, and no other", {"days": NUMBER}, "every other"),
        ("{what}" * 101, {"what": WORDS}, "characters long"),
        ("short", {}, "characters long"),
    ],
)
def test_a_bad_template_is_refused_when_it_is_made(body: str, variables: dict[str, Variable], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Template(
            code="test.bad",
            category=Category.CITY,
            priority=Priority.ROUTINE,
            subject=Text(zh="一个用来测试的标题文字", en="A subject for a test"),
            notice=Text(zh="一个用来测试的标题文字", en="A subject for a test"),
            body=Text(zh=body, en=body),
            link="/",
            variables=variables,
        )


def test_versions_stand_beside_each_other() -> None:
    old, new = template(), template("In other words: {what}")
    new = Template(**{**{name: getattr(new, name) for name in Template.__slots__}, "version": 2})
    both = Catalogue([new, old])
    assert (both.latest("test.one"), both.of("test.one", 1)) == (new, old)
    with pytest.raises(TemplateUnknown):
        both.of("test.one", 3)
    with pytest.raises(ValueError, match="two templates"):
        Catalogue([old, old])
