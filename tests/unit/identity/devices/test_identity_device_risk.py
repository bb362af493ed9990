"""The rule that judges sign-ins: a table, and what holds for every combination."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.geo import Point
from core.locale import Text
from identity.devices.model import Device, Habits, Place, Signal, after, gravest, judge, signals
from identity.devices.places import DEMO_NETWORKS, NetworkPlaces, NetworksInvalid

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
BEIJING = Place("110000", Text(zh="北京", en="Beijing"), Point(116.4, 39.9))
GUANGZHOU = Place("440100", Text(zh="广州", en="Guangzhou"), Point(113.26, 23.13))
KNOWN = Device("dev_1", "cit_1", "手机", NOW, NOW)
_SIGNALS = st.frozensets(st.sampled_from(Signal))


@pytest.mark.parametrize(
    ("found", "sure", "trusted", "noticed", "second_proof"),
    [
        (set(), False, True, False, False),
        ({Signal.NEW_PLACE}, False, True, True, False),
        ({Signal.MANY_SIGN_INS}, False, True, True, False),
        ({Signal.MANY_FAILURES}, False, True, True, False),
        ({Signal.NEW_DEVICE}, False, False, True, False),
        ({Signal.NEW_DEVICE}, True, True, True, False),
        ({Signal.IMPOSSIBLE_TRAVEL}, False, False, True, False),
        ({Signal.NEW_DEVICE, Signal.NEW_PLACE}, False, False, True, False),
        ({Signal.NEW_DEVICE, Signal.IMPOSSIBLE_TRAVEL}, False, False, True, True),
        ({Signal.NEW_DEVICE, Signal.MANY_FAILURES}, False, False, True, True),
        ({Signal.NEW_DEVICE, Signal.MANY_SIGN_INS}, False, False, True, True),
        ({Signal.NEW_DEVICE, Signal.IMPOSSIBLE_TRAVEL}, True, True, True, False),
    ],
)
def test_the_table(found: set[Signal], sure: bool, trusted: bool, noticed: bool, second_proof: bool) -> None:
    verdict = judge(found, sure=sure)
    assert (verdict.trusted, verdict.noticed, verdict.second_proof) == (trusted, noticed, second_proof)


@given(found=_SIGNALS, more=_SIGNALS, sure=st.booleans())
def test_one_more_signal_never_makes_it_milder_and_a_surer_proof_never_sterner(
    found: frozenset[Signal], more: frozenset[Signal], sure: bool
) -> None:
    one, worse, surer = judge(found, sure=sure), judge(found | more, sure=sure), judge(found, sure=True)
    assert worse.trusted <= one.trusted
    assert worse.noticed >= one.noticed
    assert worse.second_proof >= one.second_proof
    assert (surer.trusted, surer.second_proof) == (True, False)
    # What needs a second proof is not trusted, and what is not trusted is told.
    assert not (one.second_proof and one.trusted) and (one.trusted or one.noticed)
    if found:
        assert gravest(found).value in {signal.value for signal in found}


def test_nothing_is_unusual_about_a_first_sign_in() -> None:
    assert signals(habits=None, device=None, place=GUANGZHOU, failures=9, now=NOW) == frozenset()


@pytest.mark.parametrize(("hours", "impossible"), [(0, True), (0.5, True), (1.5, True), (2.5, False), (72, False)])
def test_nobody_travels_faster_than_an_airliner(hours: float, impossible: bool) -> None:
    """Beijing and Guangzhou are some 1,890 km apart."""
    habits = after(None, account_id="cit_1", place=BEIJING, now=NOW - timedelta(hours=hours))
    found = signals(habits=habits, device=KNOWN, place=GUANGZHOU, failures=0, now=NOW)
    assert (Signal.IMPOSSIBLE_TRAVEL in found) is impossible
    assert Signal.NEW_PLACE in found
    back = after(habits, account_id="cit_1", place=GUANGZHOU, now=NOW)
    assert Signal.NEW_PLACE not in signals(habits=back, device=KNOWN, place=BEIJING, failures=0, now=NOW)
    # From a place that is not known nothing follows, and what was known stays.
    assert signals(habits=habits, device=KNOWN, place=None, failures=4, now=NOW) == frozenset()
    assert after(habits, account_id="cit_1", place=None, now=NOW).places == ("110000",)


def test_many_sign_ins_are_those_of_the_last_hour() -> None:
    habits = Habits("cit_1")
    for minute in range(30):
        habits = after(habits, account_id="cit_1", place=None, now=NOW + timedelta(minutes=minute))
    in_time, later = NOW + timedelta(minutes=30), NOW + timedelta(minutes=84)
    assert signals(habits=habits, device=KNOWN, place=None, failures=0, now=in_time) == {Signal.MANY_SIGN_INS}
    assert signals(habits=habits, device=KNOWN, place=None, failures=5, now=later) == {Signal.MANY_FAILURES}


def test_a_table_of_networks_says_where_an_address_is() -> None:
    table = NetworkPlaces.read(DEMO_NETWORKS)

    def code(address: str) -> str | None:
        place = table.place(address)
        return place.code if place else None

    assert [code(one) for one in ("192.0.2.9", "::ffff:198.51.100.1", "2001:db8:3::9", "36.110.3.9", "x", "")] == [
        "110000",
        "440100",
        "120000",
        None,
        None,
        None,
    ]
    with pytest.raises(NetworksInvalid):
        NetworkPlaces.read(DEMO_NETWORKS.with_name("missing.json"))
    with pytest.raises(NetworksInvalid):
        NetworkPlaces.read(DEMO_NETWORKS.with_name("model.py"))
