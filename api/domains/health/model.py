"""Nouns and rules of health status.

Rules
- A fact says what was found, when, by which department, and for how long that tells something. It is never changed: a
  correction is a new fact that supersedes it, and a withdrawal is one that says nothing.
- Of each kind the newest fact that holds now counts; of stays in areas of risk, the one of the highest risk.
- Status is off unless an order is in force: it gives its reason, and an end that is at most 90 days away.
- An officer sees a colour only of whom they scanned for that purpose within five minutes, and the citizen sees each
  such look.
- Facts are kept 30 days beyond the time for which they tell something; looks for half a year.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from core.clock import epoch_ms, to_ms
from core.divisions import division_name
from core.errors import BadInput
from core.locale import Text

RECORD_SCOPE: Final = "health:record"
RULES_SCOPE: Final = "health:rules"
CHECK_SCOPE: Final = "health:check"
READ_MATTER: Final = "health:read"
CHECK_PURPOSES: Final = frozenset({"HEALTH_CHECK", "CLINIC"})
SCAN_COUNTS_FOR: Final = timedelta(minutes=5)
FACT_KEPT: Final = timedelta(days=30)
LOOK_KEPT: Final = timedelta(days=183)
ORDER_LENGTH_MAX: Final = timedelta(days=90)
# A reading that was taken just now may bear the time of a clock that is a little ahead.
CLOCK_AHEAD_MAX: Final = timedelta(minutes=5)
FACT_AGE_MAX: Final = timedelta(days=400)
CLIENT_ID_LENGTH_MAX: Final = 64
REASON_LENGTH_MAX: Final = 300
# What departments may record of one citizen, and what the citizen may declare, of what is kept at one time. Two bounds:
# nobody crowds a department's finding out by declaring things.
FACTS_MAX: Final = 400
DECLARATIONS_MAX: Final = 60
AREAS_MAX: Final = 10

FACT_PREFIX: Final = "fac"
ORDER_PREFIX: Final = "ord"
LOOK_PREFIX: Final = "lok"


class Colour(StrEnum):
    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"
    GREY = "GREY"


class FactKind(StrEnum):
    """What a fact is about. DECLARATION is the citizen's own; the others are departments'."""

    NUCLEIC_TEST = "NUCLEIC_TEST"
    ANTIGEN = "ANTIGEN"
    TEMPERATURE = "TEMPERATURE"
    VACCINATION = "VACCINATION"
    CLOSE_CONTACT = "CLOSE_CONTACT"
    CONFIRMED = "CONFIRMED"
    AREA_RISK = "AREA_RISK"
    DECLARATION = "DECLARATION"


class TestResult(StrEnum):
    __test__ = False  # for pytest: not a test

    NEGATIVE = "NEGATIVE"
    POSITIVE = "POSITIVE"


class RiskLevel(StrEnum):
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class Symptom(StrEnum):
    FEVER = "FEVER"
    COUGH = "COUGH"
    FATIGUE = "FATIGUE"
    BREATHLESSNESS = "BREATHLESSNESS"
    LOSS_OF_SMELL = "LOSS_OF_SMELL"
    DIARRHOEA = "DIARRHOEA"


COLOUR_LABELS: Final[Mapping[Colour, Text]] = {
    Colour.GREEN: Text(zh="绿码", en="Green"),
    Colour.YELLOW: Text(zh="黄码", en="Yellow"),
    Colour.RED: Text(zh="红码", en="Red"),
    Colour.GREY: Text(zh="灰码", en="Grey"),
}
KIND_LABELS: Final[Mapping[FactKind, Text]] = {
    FactKind.NUCLEIC_TEST: Text(zh="核酸检测", en="Nucleic acid test"),
    FactKind.ANTIGEN: Text(zh="抗原检测", en="Antigen test"),
    FactKind.TEMPERATURE: Text(zh="体温", en="Temperature"),
    FactKind.VACCINATION: Text(zh="疫苗接种", en="Vaccination"),
    FactKind.CLOSE_CONTACT: Text(zh="密切接触", en="Close contact"),
    FactKind.CONFIRMED: Text(zh="确诊病例", en="Confirmed case"),
    FactKind.AREA_RISK: Text(zh="风险地区旅居", en="Stay in an area of risk"),
    FactKind.DECLARATION: Text(zh="健康申报", en="Declaration"),
}
VALUE_LABELS: Final[Mapping[str, Text]] = {
    TestResult.NEGATIVE: Text(zh="阴性", en="negative"),
    TestResult.POSITIVE: Text(zh="阳性", en="positive"),
    RiskLevel.LOW: Text(zh="低风险", en="low"),
    RiskLevel.MEDIUM: Text(zh="中风险", en="medium"),
    RiskLevel.HIGH: Text(zh="高风险", en="high"),
    Symptom.FEVER: Text(zh="发热", en="fever"),
    Symptom.COUGH: Text(zh="咳嗽", en="cough"),
    Symptom.FATIGUE: Text(zh="乏力", en="fatigue"),
    Symptom.BREATHLESSNESS: Text(zh="呼吸困难", en="breathlessness"),
    Symptom.LOSS_OF_SMELL: Text(zh="嗅觉减退", en="loss of smell"),
    Symptom.DIARRHOEA: Text(zh="腹泻", en="diarrhoea"),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a fact of one kind consists of, and for how long it tells something when nothing else is said."""

    fields: frozenset[str]
    holds_for: timedelta


SHAPES: Final[Mapping[FactKind, Shape]] = {
    FactKind.NUCLEIC_TEST: Shape(frozenset({"result"}), timedelta(hours=72)),
    FactKind.ANTIGEN: Shape(frozenset({"result"}), timedelta(hours=24)),
    FactKind.TEMPERATURE: Shape(frozenset({"tenths"}), timedelta(hours=24)),
    FactKind.VACCINATION: Shape(frozenset({"dose"}), timedelta(days=365)),
    FactKind.CLOSE_CONTACT: Shape(frozenset(), timedelta(days=7)),
    FactKind.CONFIRMED: Shape(frozenset(), timedelta(days=14)),
    FactKind.AREA_RISK: Shape(frozenset({"level", "area"}), timedelta(days=7)),
    FactKind.DECLARATION: Shape(frozenset({"symptoms", "areas"}), timedelta(days=3)),
}
HOLDS_FOR_MAX: Final = timedelta(days=400)
_RISK_ORDER: Final = {RiskLevel.LOW.value: 0, RiskLevel.MEDIUM.value: 1, RiskLevel.HIGH.value: 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found. details: JSON values by the field names of `SHAPES`; tenths: of a degree Celsius."""

    kind: FactKind
    at: datetime
    valid_until: datetime
    details: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(
        cls, kind: FactKind, *, at: datetime, valid_until: datetime | None, details: Mapping[str, Any], now: datetime
    ) -> Finding:
        """Raises: BadInput."""
        shape = SHAPES[kind]
        if set(details) != shape.fields:
            wanted = ", ".join(sorted(shape.fields)) or "nothing"
            raise BadInput(field="kind", problem=f"{kind.value} comes with {wanted}, and nothing else")
        for name, value in details.items():
            _check_detail(name, value)
        if not now - FACT_AGE_MAX <= at <= now + CLOCK_AHEAD_MAX:
            raise BadInput(field="at", problem="must be within the last 400 days, and not in the future")
        until = valid_until or at + shape.holds_for
        if not at < until <= at + HOLDS_FOR_MAX:
            raise BadInput(field="validUntil", problem="must be after `at`, by 400 days at most")
        return cls(kind, to_ms(at), to_ms(until), dict(details))

    @property
    def summary(self) -> Text:
        """In words for the citizen: `核酸检测：阴性`."""
        said = [_words(value) for value in self.details.values() if value not in ([], "")]
        label = KIND_LABELS[self.kind]
        if not said:
            return label
        return Text(
            zh=f"{label.zh}：{'、'.join(t.zh for t in said)}", en=f"{label.en}: {', '.join(t.en for t in said)}"
        )

    @property
    def weight(self) -> tuple[int, datetime]:
        """Which of two of a kind counts: the greater."""
        return _RISK_ORDER.get(self.details.get("level", ""), 0), self.at


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry. finding: None for a withdrawal. department: the USCC of its source, empty for the citizen's own.

    supersedes: the entry that this one corrects. delete_at: when it is forgotten.
    """

    id: str
    citizen: str
    finding: Finding | None = field(repr=False)
    recorder: str
    department: str
    client_fact_id: str
    recorded_at: datetime
    delete_at: datetime
    supersedes: str | None = None

    def is_of(self, other: Fact) -> bool:
        """True when an entry that is sent again is this one."""
        mine = (self.citizen, self.finding, self.supersedes, self.recorder)
        return mine == (other.citizen, other.finding, other.supersedes, other.recorder)


def standing(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that nothing supersedes and that say something, newest entry first."""
    rows = list(facts)
    gone = {fact.supersedes for fact in rows}
    return sorted((f for f in rows if f.id not in gone and f.finding), key=lambda f: f.id, reverse=True)


def holding(findings: Iterable[Finding], *, now: datetime) -> dict[FactKind, Finding]:
    """What holds now, one of each kind."""
    chosen: dict[FactKind, Finding] = {}
    for finding in findings:
        if finding.at <= now < finding.valid_until:
            other = chosen.get(finding.kind)
            chosen[finding.kind] = max(finding, other, key=lambda one: one.weight) if other else finding
    return chosen


def next_turn(findings: Iterable[Finding], *, now: datetime) -> datetime | None:
    """The next instant at which a fact begins or ceases to hold."""
    return min((t for f in findings for t in (f.at, f.valid_until) if t > now), default=None)


@dataclass(frozen=True, slots=True)
class Basis:
    """One fact that the colour rests on."""

    kind: FactKind
    summary: Text
    at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """A colour with why. valid_until: the earliest instant at which time alone could change it."""

    colour: Colour
    reason: Text
    advice: Text
    basis: Sequence[Basis]
    rules_version: int
    computed_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """The act that switches health status on for the whole city, until it ends; by one that ends at once, off."""

    id: str
    since: datetime
    until: datetime
    reason: Text
    by: str
    department: str
    client_order_id: str

    def in_force(self, now: datetime) -> bool:
        return self.since <= now < self.until


@dataclass(frozen=True, slots=True)
class Standing:
    """What is asked before any status: is it on, by which rules, and which facts are the newest.

    epoch: counts changes of orders and rules. facts: counts the entries about the citizen.
    rules: version and when it comes into force, of every published set that still may.
    """

    epoch: int
    facts: int
    order: Order | None
    rules: Sequence[tuple[int, datetime]]

    def version(self, now: datetime) -> int | None:
        """Of the rules in force: the highest whose time has come."""
        return max((version for version, since in self.rules if since <= now), default=None)

    def next_turn(self, now: datetime) -> datetime | None:
        """The next instant at which other rules come into force, or the order ends."""
        current = self.version(now) or 0
        turns = [since for version, since in self.rules if since > now and version > current]
        ends = [self.order.until] if self.order and self.order.in_force(now) else []
        return min([*turns, *ends], default=None)


class Looker(StrEnum):
    """Who looked: an officer who scanned, or somebody who acts for the citizen."""

    STAFF = "STAFF"
    DELEGATE = "DELEGATE"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a citizen's colour by somebody else. once: what makes it one look: a scan, or a minute.

    purpose: of the scan; empty for who acts for the citizen.
    """

    id: str
    at: datetime
    citizen: str
    looker: Looker
    by: str
    purpose: str
    once: str


@dataclass(frozen=True, slots=True)
class ScanSeen:
    """What the city codes say of a scan."""

    id: str
    at: datetime
    citizen: str
    scanner: str
    purpose: str


def row_key(row_id: str, at: datetime) -> str:
    """A row's place in a list, newest first."""
    return f"{epoch_ms(at)}:{row_id}"


def check_client_id(field_name: str, value: str) -> str:
    """Raises: BadInput when it is empty or longer than 64 characters."""
    if not 1 <= len(value) <= CLIENT_ID_LENGTH_MAX:
        raise BadInput(field=field_name, problem=f"must have 1 to {CLIENT_ID_LENGTH_MAX} characters")
    return value


def check_reason(reason: Text) -> Text:
    """Raises: BadInput."""
    if not all(1 <= len(text.strip()) and len(text) <= REASON_LENGTH_MAX for text in (reason.zh, reason.en)):
        raise BadInput(field="reason", problem=f"must have 1 to {REASON_LENGTH_MAX} characters in each language")
    return reason


def _check_detail(name: str, value: object) -> None:
    known: dict[str, type[StrEnum]] = {"result": TestResult, "level": RiskLevel}
    if name in known and value not in set(known[name]):
        raise BadInput(field=name, problem="is not one of the values")
    if name == "tenths" and not (isinstance(value, int) and 300 <= value <= 450):
        raise BadInput(field="temperature", problem="must be from 30.0 to 45.0 °C")
    if name == "dose" and not (isinstance(value, int) and 1 <= value <= 9):
        raise BadInput(field="dose", problem="must be from 1 to 9")
    if name == "area":
        _check_area(value)
    if name == "symptoms" and not (isinstance(value, list) and set(value) <= set(Symptom) and _unique(value)):
        raise BadInput(field="symptoms", problem="must be symptoms, each named once")
    if name == "areas":
        if not (isinstance(value, list) and len(value) <= AREAS_MAX and _unique(value)):
            raise BadInput(field="areas", problem=f"must be at most {AREAS_MAX} divisions, each named once")
        for area in value:
            _check_area(area)


def _unique(values: list[Any]) -> bool:
    return len(set(values)) == len(values)


def _check_area(value: object) -> None:
    if not (isinstance(value, str) and len(value) == 6 and value.isascii() and value.isdigit()):
        raise BadInput(field="area", problem="must be the six digits of a division (GB/T 2260)")


def _words(value: object) -> Text:
    if isinstance(value, list):
        said = [_words(one) for one in value]
        return Text(zh="、".join(one.zh for one in said), en=", ".join(one.en for one in said))
    if isinstance(value, int):
        # A dose is one digit; a temperature is tenths of a degree.
        return Text(zh=f"第 {value} 剂", en=f"dose {value}") if value < 10 else Text(*[f"{value / 10:.1f} °C"] * 2)
    code = str(value)
    return VALUE_LABELS.get(code) or division_name(code) or Text(zh=code, en=code)
