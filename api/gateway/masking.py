"""What a reader sees of personal data: in clear, masked, or not at all, by the labels of the fields.

Rules
- A label says a class and a level (`@personal(class: "CONTACT", level: 3, mask: "PHONE")`). A field has its own, else
  its type's (but no id has that); those of its interfaces hold as well, and the strictest verdict counts.
- A reader has a clearance: for each class the level up to which they see in clear. Staff and services have what their
  scopes `personal:<class>:<level>` say; who acts for a citizen, what the matters open that they act in.
- Above the clearance, `TABLE` decides. Citizens see their own data in clear: services give them nothing else.
  `own: true` says the same of a field that nobody but the person it is about is ever given.
- A masked text is fetched, and leaves in its customary form. What has none (a number, a date, an object, a list) is
  not even fetched: it is null, or refused where null may not stand, or where fetching it would change something.
- What is withheld is refused like a failed rule.
Which labels a reader does not see in clear is part of the plan's key, so no plan belongs to a user, and none is shared
by readers of different clearance.
Source: GB/T 35273-2020 §7.2 (display), GB/T 43697-2024 appendix B; docs/decisions/0015-masking-follows-from-labels.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any, Final, TypeAlias

from api.gateway.access import NOBODY, AccessRule
from api.gateway.errors import SupergraphInvalid
from core.masking import mask_address, mask_email, mask_id_number, mask_name, mask_phone, mask_text
from core.principal import Principal, PrincipalKind

CLASSES: Final = frozenset({"IDENTITY", "CONTACT", "WHEREABOUTS", "DEVICE", "HEALTH", "PROPERTY"})
LEVELS: Final = (1, 2, 3, 4)
MASKS: Final[Mapping[str, Callable[[str], str]]] = {
    "NAME": mask_name,
    "PHONE": mask_phone,
    "ID_NUMBER": mask_id_number,
    "EMAIL": mask_email,
    "ADDRESS": mask_address,
    "TEXT": mask_text,
}
# How a field is masked that has no text: it is not fetched.
NOTHING: Final = "NOTHING"

_CLEARANCE: Final = re.compile(r"personal:([a-z]{1,16}):([1-4])")


class Verdict(IntEnum):
    """What becomes of a field; the greater, the stricter."""

    CLEAR = 0
    MASKED = 1
    WITHHELD = 2


class Role(StrEnum):
    """As whom somebody reads."""

    CITIZEN = "citizen"
    ACTING = "acting"
    STAFF = "staff"
    SERVICE = "service"
    ANONYMOUS = "anonymous"


_C, _M, _W = Verdict.CLEAR, Verdict.MASKED, Verdict.WITHHELD
# What lies above a reader's clearance, by level 1 to 4. Level 1 is what is masked already, or of no harm.
TABLE: Final[Mapping[Role, tuple[Verdict, Verdict, Verdict, Verdict]]] = {
    Role.CITIZEN: (_C, _C, _C, _C),
    Role.ACTING: (_C, _M, _M, _W),
    Role.STAFF: (_C, _M, _M, _W),
    Role.SERVICE: (_C, _M, _W, _W),
    Role.ANONYMOUS: (_M, _W, _W, _W),
}

# By class, the level up to which somebody sees in clear.
Clearance: TypeAlias = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Label:
    """What kind of personal data a field holds, how much harm it does in wrong hands (1 to 4), and how it is masked."""

    class_: str
    level: int
    mask: str = "TEXT"


NO_LABELS: Final[frozenset[Label]] = frozenset()


def labels_of(found: Iterable[Mapping[str, Any]]) -> frozenset[Label] | None:
    """The labels of the `@personal` directives on one element, by their arguments; None where there is no directive.

    Raises: SupergraphInvalid for a class, level or mask that is none.
    """
    stated = list(found)
    return frozenset(_label(one) for one in stated if not one.get("own")) if stated else None


def _label(arguments: Mapping[str, Any]) -> Label:
    class_, level, mask = arguments.get("class"), arguments.get("level"), arguments.get("mask") or "TEXT"
    if class_ not in CLASSES or level not in LEVELS or mask not in MASKS:
        raise SupergraphInvalid(reason=f"@personal does not know class {class_}, level {level}, mask {mask} together.")
    return Label(class_=class_, level=level, mask=mask)


@dataclass(frozen=True, slots=True)
class View:
    """How one kind of reader sees a document: the rules that they fail, and of its labels those that are not clear."""

    failed: frozenset[AccessRule] = NOBODY
    masked: frozenset[Label] = NO_LABELS
    withheld: frozenset[Label] = NO_LABELS

    def of(self, labels: frozenset[Label]) -> tuple[Verdict, str]:
        """What becomes of a field with these labels, and by which mask."""
        if not self.withheld.isdisjoint(labels):
            return Verdict.WITHHELD, ""
        masked = labels & self.masked
        if not masked:
            return Verdict.CLEAR, ""
        masks = {label.mask for label in masked}
        return Verdict.MASKED, masks.pop() if len(masks) == 1 else "TEXT"


EVERYTHING: Final = View()


@dataclass(frozen=True, slots=True)
class Masking:
    """The policy of one engine.

    family: what everybody who acts for somebody sees of them in clear. matters: what a matter that they act in opens.
    """

    family: Clearance = field(default_factory=dict)
    matters: Mapping[str, Clearance] = field(default_factory=dict)

    def view(self, failed: frozenset[AccessRule], labels: frozenset[Label], principal: Principal) -> View:
        """How the principal sees a document with these labels, where they fail these rules."""
        role = role_of(principal)
        if not labels or role is Role.CITIZEN:
            return View(failed) if failed else EVERYTHING
        clearance = self.clearance(principal)
        by_verdict: dict[Verdict, set[Label]] = {verdict: set() for verdict in Verdict}
        for label in labels:
            clear = label.level <= clearance.get(label.class_, 0)
            by_verdict[Verdict.CLEAR if clear else TABLE[role][label.level - 1]].add(label)
        return View(failed, frozenset(by_verdict[Verdict.MASKED]), frozenset(by_verdict[Verdict.WITHHELD]))

    def clearance(self, principal: Principal) -> Clearance:
        """By class, the level up to which the principal sees in clear, before what `TABLE` allows everybody."""
        role = role_of(principal)
        if role is Role.ACTING:
            opened = [self.matters[matter] for matter in principal.scopes if matter in self.matters]
            return _highest(level for one in (self.family, *opened) for level in one.items())
        if role in (Role.STAFF, Role.SERVICE):
            return _stated(principal.scopes)
        return {}


def role_of(principal: Principal) -> Role:
    """As whom the principal reads."""
    if principal.kind is PrincipalKind.ORGANISATION:
        return Role.ACTING
    if principal.kind is PrincipalKind.CITIZEN:
        return Role.ACTING if principal.delegated else Role.CITIZEN
    return Role(principal.kind.value)


@lru_cache(maxsize=256)
def _stated(scopes: frozenset[str]) -> Clearance:
    """What scopes say; those of a role are the same for all who hold it."""
    fits = [_CLEARANCE.fullmatch(scope) for scope in scopes]
    return _highest((fit[1].upper(), int(fit[2])) for fit in fits if fit)


def _highest(levels: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for class_, level in levels:
        found[class_] = max(level, found.get(class_, 0))
    return found
