"""What a program may do now: declared ∩ granted ∩ consented ∩ policy ∩ context, and nothing by default.

| rule | says no when | state | why |
|---|---|---|---|
| manifest | the program does not declare it | UNAVAILABLE | manifest |
| review | the platform did not grant it, or there is no such permission | UNAVAILABLE | review |
| policy | the program is blocked or for another district; the citizen may not (below) | UNAVAILABLE | policy |
| context | the session is over, or runs on a device that is not trusted yet | UNAVAILABLE | context |
| consent | the citizen said no, here or twice | DENIED | consent |
| quota | the program has asked often enough in this session | DENIED | quota |

A citizen may not who is too young, for whom somebody else acts, or who has no proven name where that is needed.
What passes all is GRANTED where the citizen agreed, or where nobody has to; else it may be asked for (PROMPT, consent).
After two refusals only the citizen's settings give it (T14). Whoever is younger than 14 agrees to nothing by themself
(PIPL article 31), so for them nothing that needs consent is there.
Source: docs/decisions/0054-consent-of-programs-stands-in-identitys-ledger.md, threats T13, T14, T40.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from miniapps.scopes import SCOPES, SETTLED

FULL_AGE: Final = 18
# From when on a person agrees to the processing of their data by themself. Source: PIPL article 31.
CONSENT_AGE: Final = 14
# So often a citizen says no before a program cannot ask any more.
REFUSALS_MAX: Final = 2
# So many sheets may one session show.
PROMPTS_MAX: Final = 10


class CapabilityState(StrEnum):
    GRANTED = "GRANTED"
    PROMPT = "PROMPT"
    DENIED = "DENIED"
    UNAVAILABLE = "UNAVAILABLE"


class Why(StrEnum):
    """Which rule decided; NOTHING for what is granted."""

    NOTHING = ""
    MANIFEST = "manifest"
    REVIEW = "review"
    CONSENT = "consent"
    POLICY = "policy"
    CONTEXT = "context"
    QUOTA = "quota"


@dataclass(frozen=True, slots=True)
class Permission:
    """asked: the citizen has to agree first. age_min: in years. own: not for whom somebody else acts. proven: needs a
    name that was proven. settled: not on a device that is not trusted yet.
    """

    asked: bool = True
    age_min: int = 0
    own: bool = False
    proven: bool = False
    settled: bool = False


PERMISSIONS: Final[Mapping[str, Permission]] = {
    "city.user.openid": Permission(asked=False),
    "city.user.phone": Permission(own=True, settled=True),
    "city.user.profile": Permission(own=True),
    "city.user.realname": Permission(age_min=FULL_AGE, own=True, proven=True, settled=True),
    "city.user.address": Permission(own=True),
    "city.device.location": Permission(),
    "city.device.location.fuzzy": Permission(),
    "city.device.camera": Permission(),
    "city.device.album": Permission(),
    "city.device.clipboard": Permission(),
    "city.device.biometry": Permission(age_min=FULL_AGE),
    # Each payment and each subscription is agreed to for itself, before the citizen's eyes.
    "city.pay": Permission(asked=False, age_min=FULL_AGE, own=True, settled=True),
    "city.message.subscribe": Permission(asked=False, own=True),
    "city.web.own-origin": Permission(asked=False),
    # What documents read of the graph.
    **{scope: Permission(own=True, settled=scope in SETTLED) for scope in SCOPES},
}


def permission(name: str) -> Permission | None:
    """None where there is none of this name."""
    return PERMISSIONS.get(name)


@dataclass(frozen=True, slots=True)
class Person:
    """The citizen, as far as rules ask. age: in years; None where nobody has proven it, and then they count as adult.

    acted_for: somebody else does it for them. district: where they live, GB/T 2260; empty where they do not say.
    frozen: staff froze their account, so no program does anything for them, whatever they agreed to before.
    """

    age: int | None = field(default=None, repr=False)
    proven: bool = False
    acted_for: bool = False
    district: str = field(default="", repr=False)
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the rules look at. districts: where the program is for; None for the whole city.

    refused: how often the citizen said no, ever; refused_here: in this session. prompts: sheets of this session.
    over: the session has ended. cooling: its device is not trusted yet.
    """

    declared: frozenset[str]
    granted: frozenset[str]
    consented: frozenset[str] = frozenset()
    refused: Mapping[str, int] = field(default_factory=dict)
    refused_here: frozenset[str] = frozenset()
    prompts: int = 0
    person: Person = Person()
    blocked: bool = False
    districts: frozenset[str] | None = None
    over: bool = False
    cooling: bool = False


@dataclass(frozen=True, slots=True)
class Capability:
    name: str
    state: CapabilityState
    why: Why = Why.NOTHING


def capability(name: str, now: Situation) -> Capability:
    """How a program stands to one permission. The rules are asked in the order of the table above."""
    rule = permission(name)
    if name not in now.declared:
        return Capability(name, CapabilityState.UNAVAILABLE, Why.MANIFEST)
    if rule is None or name not in now.granted:
        return Capability(name, CapabilityState.UNAVAILABLE, Why.REVIEW)
    if now.blocked or _elsewhere(now) or not _may(rule, now.person):
        return Capability(name, CapabilityState.UNAVAILABLE, Why.POLICY)
    if now.over or (rule.settled and now.cooling):
        return Capability(name, CapabilityState.UNAVAILABLE, Why.CONTEXT)
    if not rule.asked or name in now.consented:
        return Capability(name, CapabilityState.GRANTED)
    if name in now.refused_here or now.refused.get(name, 0) >= REFUSALS_MAX:
        return Capability(name, CapabilityState.DENIED, Why.CONSENT)
    if now.prompts >= PROMPTS_MAX:
        return Capability(name, CapabilityState.DENIED, Why.QUOTA)
    return Capability(name, CapabilityState.PROMPT, Why.CONSENT)


def capabilities(now: Situation) -> list[Capability]:
    """Of all that the program declares, by name."""
    return [capability(name, now) for name in sorted(now.declared)]


def _elsewhere(now: Situation) -> bool:
    return now.districts is not None and now.person.district not in now.districts


def _may(rule: Permission, person: Person) -> bool:
    age_min = max(rule.age_min, CONSENT_AGE if rule.asked else 0)
    old_enough = person.age is None or person.age >= age_min
    return (
        not person.frozen and old_enough and not (rule.own and person.acted_for) and (person.proven or not rule.proven)
    )
