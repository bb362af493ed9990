"""Declared ∩ granted ∩ consented ∩ policy ∩ context: every combination, by a second reading of the rules (T13, T14)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from miniapps.bundles import permissions
from miniapps.scopes import SCOPES
from miniapps.sessions.capabilities import (
    PERMISSIONS,
    PROMPTS_MAX,
    REFUSALS_MAX,
    Capability,
    CapabilityState,
    Person,
    Situation,
    Why,
    capabilities,
    capability,
    permission,
)
from tests.support.threats import covers

NAMES = (*sorted(PERMISSIONS), "city.data.stations", "city.unknown", "org.other.vendor")
PERSONS = (
    *(
        Person(age, proven=proven, acted_for=acted_for, district=district)
        for age, proven, acted_for, district in product(
            (None, 13, 14, 17, 18), (False, True), (False, True), ("", "110101")
        )
    ),
    *(Person(18, proven=True, district=district, frozen=True) for district in ("", "110101")),
)


def _situations(name: str) -> Iterator[Situation]:
    here, nothing = frozenset({name}), frozenset[str]()
    for declared, granted, consented, blocked, districts, over, cooling, person in product(
        (here, nothing),
        (here, nothing),
        (here, nothing),
        (False, True),
        (None, nothing, frozenset({"110101"})),
        (False, True),
        (False, True),
        PERSONS,
    ):
        yield Situation(
            declared=declared,
            granted=granted,
            consented=consented,
            blocked=blocked,
            districts=districts,
            over=over,
            cooling=cooling,
            person=person,
        )


_ADULTS = {"city.user.realname", "city.device.biometry", "city.pay"}
_OWN = {one for one in PERMISSIONS if one.startswith("city.user.")} - {"city.user.openid"}
_OWN |= {"city.pay", "city.message.subscribe", *SCOPES}
_SETTLED = {"city.user.phone", "city.user.realname", "city.pay"} | {
    *("city.data.name", "city.data.phone", "city.data.scans", "city.data.health", "city.data.developer")
}
_UNASKED = {"city.user.openid", "city.pay", "city.message.subscribe", "city.web.own-origin"}


def _expected(name: str, now: Situation) -> tuple[CapabilityState, Why]:
    """The same rules, told once more and otherwise: by what each of them demands."""
    who, young = now.person, now.person.age is not None
    demands = {
        Why.MANIFEST: name in now.declared,
        Why.REVIEW: name in now.granted and name in PERMISSIONS,
        Why.POLICY: not now.blocked
        and not who.frozen
        and (now.districts is None or who.district in now.districts)
        and not (name in _ADULTS and young and (who.age or 0) < 18)
        and not (name not in _UNASKED and young and (who.age or 0) < 14)
        and not (name in _OWN and who.acted_for)
        and (who.proven or name != "city.user.realname"),
        Why.CONTEXT: not now.over and not (name in _SETTLED and now.cooling),
    }
    for why, met in demands.items():
        if not met:
            return CapabilityState.UNAVAILABLE, why
    if name in _UNASKED or name in now.consented:
        return CapabilityState.GRANTED, Why.NOTHING
    return CapabilityState.PROMPT, Why.CONSENT


@pytest.mark.parametrize("name", NAMES)
@covers("T13")
def test_every_combination_is_what_the_rules_say(name: str) -> None:
    seen = set[CapabilityState]()
    for now in _situations(name):
        found = capability(name, now)
        assert (found.state, found.why) == _expected(name, now), now
        seen.add(found.state)
    assert CapabilityState.UNAVAILABLE in seen


def test_nothing_is_given_where_nothing_is_said() -> None:
    nothing = Situation(declared=frozenset(), granted=frozenset(PERMISSIONS), consented=frozenset(PERMISSIONS))
    assert {capability(name, nothing).why for name in NAMES} == {Why.MANIFEST}
    assert capabilities(nothing) == []


PHONE = Situation(declared=frozenset({"city.user.phone"}), granted=frozenset({"city.user.phone"}))


@pytest.mark.parametrize(
    ("changed", "state", "why"),
    [
        ({"refused": {"city.user.phone": 1}}, CapabilityState.PROMPT, Why.CONSENT),
        ({"refused": {"city.user.phone": REFUSALS_MAX}}, CapabilityState.DENIED, Why.CONSENT),
        ({"refused_here": frozenset({"city.user.phone"})}, CapabilityState.DENIED, Why.CONSENT),
        ({"prompts": PROMPTS_MAX - 1}, CapabilityState.PROMPT, Why.CONSENT),
        ({"prompts": PROMPTS_MAX}, CapabilityState.DENIED, Why.QUOTA),
        (
            {"prompts": PROMPTS_MAX, "consented": frozenset({"city.user.phone"})},
            CapabilityState.GRANTED,
            Why.NOTHING,
        ),
        ({"refused": {"city.user.realname": 9}}, CapabilityState.PROMPT, Why.CONSENT),
    ],
)
@covers("T14")
def test_who_was_asked_often_enough_is_left_alone(changed: dict[str, object], state: CapabilityState, why: Why) -> None:
    assert capability("city.user.phone", replace(PHONE, **changed)) == Capability("city.user.phone", state, why)  # type: ignore[arg-type]


def test_a_package_can_declare_just_what_there_is_a_rule_for() -> None:
    assert PERMISSIONS.keys() == permissions.PERMISSIONS | SCOPES.keys()
    assert all(permissions.known(scope) for scope in SCOPES)
    assert permission("city.data.stations") is None, "a scope that opens nothing"
    assert permission("city.user.secrets") is None
