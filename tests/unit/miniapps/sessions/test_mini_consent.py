"""What citizens let programs do: asked on a sheet, entered in the city's ledger, taken back anywhere (T13, T14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import BadInput
from core.locale import Locale, Text
from core.paging import PageRequest
from identity.consents.model import Act
from miniapps.errors import NotPermitted, SessionOver, TooOften
from miniapps.ledger import client_of
from miniapps.limits import ANSWERS
from miniapps.sessions.capabilities import PROMPTS_MAX, Person
from miniapps.sessions.errors import PermissionUnknown
from miniapps.sessions.service import Choice
from tests.support.threats import covers
from tests.unit.miniapps.runs import (
    ADDRESS,
    AIR,
    CAMERA,
    GRANTED,
    LIBRARY,
    LOCATION,
    OPENID,
    PAY,
    PHONE,
    PROMPT,
    ZHANG,
    Runs,
    citizen,
    states,
)

DENIED, ENOUGH = "DENIED:consent", "DENIED:quota"
FIRST = PageRequest.of(first=10, after=None)
LIU = citizen("cit_liu", "ses_9")


async def _session(runs: Runs) -> str:
    return (await runs.begin(ZHANG)).session.id


async def _settle(runs: Runs, name: str, choice: Choice) -> str:
    _, listed = await runs.sessions.settle(
        principal=ZHANG, app_id=LIBRARY.app_id, name=name, choice=choice, locale=Locale.ZH_CN
    )
    return states(listed)[name]


async def test_a_yes_is_entered_with_what_was_shown_and_remembered(runs: Runs) -> None:
    session = await _session(runs)
    left = await runs.answer(ZHANG, session, granted=[PHONE, CAMERA], denied=[LOCATION])
    assert (left[PHONE], left[CAMERA], left[LOCATION]) == (GRANTED, GRANTED, DENIED)
    consents = await runs.consents.store.consents("cit_zhang")
    assert {(one.client, one.purpose, *one.grants) for one in consents} == {
        (client_of(LIBRARY.app_id), "取书通知", PHONE),
        (client_of(LIBRARY.app_id), "扫码借书", CAMERA),
    }
    for one in consents:
        (entry,) = await runs.consents.store.entries(one.id)
        assert (entry.act, entry.by, entry.locale) == (Act.GIVEN, "cit_zhang", Locale.ZH_CN)
        assert await runs.consents.store.text(entry.text_hash) == "“图书馆”申请获取您的手机号。"
    again = await runs.begin(ZHANG)
    assert states(again.capabilities)[PHONE] == GRANTED
    assert states(again.capabilities)[LOCATION] == PROMPT  # refused once, in another session
    others = await runs.begin(ZHANG, AIR.app_id)
    assert states(others.capabilities)[PHONE] == PROMPT  # another program's


async def test_another_purpose_is_asked_for_anew(runs: Runs) -> None:
    session = await _session(runs)
    await runs.answer(ZHANG, session, granted=[PHONE])
    runs.programs.set("mpr_1", declared={**LIBRARY.declared, PHONE: Text(zh="推广活动", en="Advertising")})
    assert (await runs.states(ZHANG, session))[PHONE] == PROMPT


@pytest.mark.parametrize(
    ("granted", "denied", "refusal"),
    [
        ([ADDRESS], [], NotPermitted),
        ([PHONE, ADDRESS], [], NotPermitted),
        ([PAY], [], PermissionUnknown),
        ([], ["city.user.realname"], PermissionUnknown),
        ([PHONE], [PHONE], BadInput),
    ],
)
@covers("T13")
async def test_answering_gives_nothing_that_could_not_be_asked(
    runs: Runs, granted: list[str], denied: list[str], refusal: type[Exception]
) -> None:
    session = await _session(runs)
    with pytest.raises(refusal):
        await runs.answer(ZHANG, session, granted=granted, denied=denied)
    assert await runs.consents.store.consents("cit_zhang") == []
    assert (await runs.states(ZHANG, session))[PHONE] == PROMPT


async def test_nobody_answers_for_another(runs: Runs) -> None:
    session = await _session(runs)
    with pytest.raises(SessionOver):
        await runs.answer(LIU, session, granted=[PHONE])
    assert await runs.consents.store.consents("cit_liu") == []


async def test_after_two_refusals_settings_alone_give_it(runs: Runs) -> None:
    session = await _session(runs)
    await runs.answer(ZHANG, session, denied=[PHONE])
    with pytest.raises(NotPermitted):  # not in the same session
        await runs.answer(ZHANG, session, granted=[PHONE])
    session = await _session(runs)
    await runs.answer(ZHANG, session, denied=[PHONE])
    session = await _session(runs)
    assert (await runs.states(ZHANG, session))[PHONE] == DENIED
    with pytest.raises(NotPermitted) as refused:
        await runs.answer(ZHANG, session, granted=[PHONE])
    assert refused.value.why == "consent"
    assert await _settle(runs, PHONE, Choice.GRANTED) == GRANTED
    assert (await runs.states(ZHANG, session))[PHONE] == GRANTED
    (consent,) = await runs.consents.store.consents("cit_zhang")
    (entry,) = await runs.consents.store.entries(consent.id)
    shown = await runs.consents.store.text(entry.text_hash)
    assert shown is not None and "手机号码" in shown and "取书通知" in shown


async def test_settings_take_back_and_ask_again(runs: Runs) -> None:
    session = await _session(runs)
    await runs.answer(ZHANG, session, granted=[PHONE], denied=[CAMERA])
    assert await _settle(runs, PHONE, Choice.DENIED) == DENIED
    assert (await runs.states(ZHANG, session))[PHONE] == DENIED
    assert await _settle(runs, PHONE, Choice.PROMPT) == PROMPT
    assert (await runs.states(ZHANG, session))[PHONE] == PROMPT
    assert await _settle(runs, CAMERA, Choice.PROMPT) == PROMPT
    assert (await runs.states(ZHANG, session))[CAMERA] == PROMPT  # also in the session that it was refused in
    _, listed = await runs.sessions.outside(principal=ZHANG, app_id=LIBRARY.app_id)
    assert states(listed)[CAMERA] == PROMPT  # and so they see it who look before they open it
    for name, refusal in ((ADDRESS, NotPermitted), (PAY, PermissionUnknown)):
        with pytest.raises(refusal):
            await _settle(runs, name, Choice.GRANTED)
    # What nobody is asked for would stay granted after a no.
    with pytest.raises(PermissionUnknown):
        await _settle(runs, OPENID, Choice.DENIED)
    assert (await runs.states(ZHANG, session))[OPENID] == GRANTED


async def test_a_consent_withdrawn_in_the_ledger_is_gone_from_the_open_session(runs: Runs) -> None:
    session = await _session(runs)
    await runs.answer(ZHANG, session, granted=[PHONE, CAMERA])
    consent = next(one for one in await runs.consents.store.consents("cit_zhang") if PHONE in one.grants)
    await runs.consents.withdraw(principal=ZHANG, consent_id=consent.id)
    now = await runs.states(ZHANG, session)
    assert (now[PHONE], now[CAMERA]) == (PROMPT, GRANTED)
    run = await runs.sessions.running_one(principal=ZHANG, session_id=session)
    with pytest.raises(NotPermitted):
        await runs.sessions.permitted(run, PHONE)
    await runs.sessions.permitted(run, CAMERA)


@covers("T14")
async def test_a_program_that_asks_and_asks_is_answered_no(runs: Runs) -> None:
    session = await _session(runs)
    for _ in range(PROMPTS_MAX):
        await runs.answer(ZHANG, session)  # put away, which is no refusal
    assert {(await runs.states(ZHANG, session))[name] for name in (PHONE, CAMERA, LOCATION)} == {ENOUGH}
    assert (await runs.states(ZHANG, await _session(runs)))[PHONE] == PROMPT
    for _ in range(ANSWERS.count_max - PROMPTS_MAX):
        await runs.sessions.paces.charge(ANSWERS, session)
    with pytest.raises(TooOften):
        await runs.answer(ZHANG, session)


async def test_policy_and_context_stand_above_consent(runs: Runs) -> None:
    session = await _session(runs)
    await runs.answer(ZHANG, session, granted=[PHONE, CAMERA])
    runs.people.persons["cit_zhang"] = Person(age=13)
    now = await runs.states(ZHANG, session)
    assert now == dict.fromkeys((PHONE, CAMERA, LOCATION), "UNAVAILABLE:policy") | {
        ADDRESS: "UNAVAILABLE:review",
        OPENID: GRANTED,
    }
    runs.people.persons["cit_zhang"] = Person(age=40)
    new = replace(ZHANG, session_id="ses_2", cooling_until=runs.clock.now() + timedelta(hours=1))
    opened = await runs.begin(new)
    assert states(opened.capabilities)[PHONE] == "UNAVAILABLE:context"
    trusted = replace(new, cooling_until=None)
    assert (await runs.states(trusted, opened.session.id))[PHONE] == GRANTED
    run = await runs.sessions.still_running(opened.session.id)
    assert run is not None
    await runs.sessions.permitted(run, PHONE)  # also for its backend, which brings no citizen
    again = await runs.begin(new)
    runs.clock.advance(seconds=3600)
    assert (await runs.states(new, again.session.id))[PHONE] == GRANTED


async def test_permits_list_what_stands_the_last_given_first(runs: Runs) -> None:
    session = await _session(runs)
    await runs.answer(ZHANG, session, granted=[CAMERA])
    runs.clock.advance(seconds=1)
    await runs.answer(ZHANG, session, granted=[PHONE])
    page = await runs.sessions.permits(principal=ZHANG, citizen="cit_zhang", page=FIRST)
    assert [(row.app_id, row.given.name, row.given.purpose, row.used_at) for row in page.rows] == [
        (LIBRARY.app_id, PHONE, "取书通知", None),
        (LIBRARY.app_id, CAMERA, "扫码借书", None),
    ]
    one = await runs.sessions.permits(principal=ZHANG, citizen="cit_zhang", page=PageRequest(1, page.keys[0]))
    assert [row.given.name for row in one.rows] == [CAMERA]
    assert not one.has_next
