"""Sets of rules: read with every fault at once, and worked out over the facts that hold. Pure.

    {"version": 3, "validFrom": "2026-11-22T00:00:00+08:00",
     "rules": [{"id": "contact", "when": {"var": "facts.CLOSE_CONTACT"}, "colour": "YELLOW",
                "reason": {"zh": …, "en": …}, "advice": {"zh": …, "en": …}}, …],
     "default": {"colour": "GREY", "reason": …, "advice": …}}

The first rule whose `when` (CertLogic) is truthy decides, else the default. A `when` reads `facts.<KIND>` (null where
none holds), its fields, its `at` and `validUntil`; and `now`, as the time of a `plusTime` by days or hours.

Rules
- A set is published whole or not at all. It is tried on facts of every kind and value before: a rule that fails on one
  of them, reads what there is not, or can never decide, is a fault.
- Working out a status takes a bounded number of steps, whatever the rules are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from api.domains.health.certlogic import CertLogicError, Evaluation, Now, is_true, problems, variables
from api.domains.health.errors import HealthNotComputed, HealthRulesInvalid
from api.domains.health.model import (
    AREAS_MAX,
    SHAPES,
    Basis,
    Colour,
    FactKind,
    Finding,
    RiskLevel,
    Symptom,
    TestResult,
    holding,
    next_turn,
)
from core.clock import to_ms
from core.locale import Text

TEXT_BYTES_MAX: Final = 64 * 1024
RULES_MAX: Final = 100
WORDS_LENGTH_MAX: Final = 500
VERSION_MAX: Final = 1_000_000
# For the whole set, once.
STEPS_MAX: Final = 5_000
_PROBLEMS_MAX: Final = 20
_ALWAYS: Final = frozenset({"at", "validUntil"})
_DOCUMENT_KEYS: Final = frozenset({"version", "validFrom", "rules", "default"})
_DEFAULT_KEYS: Final = frozenset({"colour", "reason", "advice"})
_RULE_KEYS: Final = _DEFAULT_KEYS | {"id", "when"}


@dataclass(frozen=True, slots=True)
class Rule:
    """when: CertLogic; `True` for the default, whose id is `default`."""

    id: str
    when: Any
    colour: Colour
    reason: Text
    advice: Text


@dataclass(frozen=True, slots=True)
class RuleSet:
    """rules: in the order in which they are asked, the default last. text: as it was published."""

    version: int
    valid_from: datetime
    rules: Sequence[Rule]
    text: str

    @classmethod
    def parse(cls, text: str) -> RuleSet:
        """Raises: HealthRulesInvalid with every fault that can be told, at most twenty."""
        document = _document(text)
        found = list(_bounded(_faults(document)))
        if found:
            raise HealthRulesInvalid(problems=found)
        rules = [_rule(row) for row in document["rules"]]
        default = _rule({**document["default"], "id": "default", "when": True})
        made = cls(document["version"], _instant(document["validFrom"]), (*rules, default), text)
        if found := list(_bounded(_faults_in_use(made))):
            raise HealthRulesInvalid(problems=found)
        return made

    def judge(self, findings: Iterable[Finding], *, now: datetime) -> Verdict:
        """Which rule decides, on which facts, and until when that is so if no fact is added.

        now: to the millisecond. Raises: HealthNotComputed.
        """
        rows = list(findings)
        held = holding(rows, now=now)
        work, data = Evaluation(steps_max=STEPS_MAX), context(held, now=now)
        try:
            rule, reads = self._first(work, data)
        except CertLogicError as fault:
            raise HealthNotComputed() from fault
        turns = [now + turn for turn in work.turns_in if turn > timedelta(0)]
        if (turn := next_turn(rows, now=now)) is not None:
            turns.append(turn)
        read = [kind for kind in held if any(_is_of(path, kind) for path in reads)]
        basis = tuple(Basis(kind, held[kind].summary, held[kind].at) for kind in read)
        return Verdict(rule, basis, min(turns, default=None))

    def _first(self, work: Evaluation, data: Mapping[str, Any]) -> tuple[Rule, set[str]]:
        for rule in self.rules[:-1]:
            work.reads = set()
            if is_true(work.of(rule.when, data)):
                return rule, work.reads
        return self.rules[-1], set()


@dataclass(frozen=True, slots=True)
class Verdict:
    """until: the earliest instant at which time alone could change it; None when nothing will."""

    rule: Rule
    basis: Sequence[Basis]
    until: datetime | None


def context(held: Mapping[FactKind, Finding], *, now: datetime) -> dict[str, Any]:
    """What a rule can read."""
    return {"now": Now(_written(now)), "facts": {kind.value: _as_data(finding) for kind, finding in held.items()}}


def _as_data(finding: Finding) -> dict[str, Any]:
    return {**finding.details, "at": _written(finding.at), "validUntil": _written(finding.valid_until)}


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_of(path: str, kind: FactKind) -> bool:
    return path == f"facts.{kind}" or path.startswith(f"facts.{kind}.")


# --- reading


def _document(text: str) -> Any:
    if len(text) > TEXT_BYTES_MAX or len(text.encode(errors="replace")) > TEXT_BYTES_MAX:
        raise HealthRulesInvalid(problems=[f"has more than {TEXT_BYTES_MAX} bytes"])
    try:
        document = orjson.loads(text)
        # Who reads the published text with another reader must not find another rule under a name that comes twice.
        json.loads(text, object_pairs_hook=_object)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as fault:
        raise HealthRulesInvalid(problems=["is not JSON"]) from fault
    except _NameTwice as fault:
        raise HealthRulesInvalid(problems=[f"the name {str(fault)!r} is there twice in one object"]) from fault
    except RecursionError as fault:
        raise HealthRulesInvalid(problems=["has too many levels"]) from fault
    if not isinstance(document, dict) or set(document) - {"default"} != _DOCUMENT_KEYS - {"default"}:
        raise HealthRulesInvalid(problems=["must be an object with version, validFrom, rules and default"])
    return document


class _NameTwice(Exception):
    """Its text is the name."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise _NameTwice(name[:64])
        made[name] = value
    return made


def _bounded(found: Iterator[str]) -> Iterator[str]:
    for _, problem in zip(range(_PROBLEMS_MAX), found, strict=False):
        yield problem


def _faults(document: Mapping[str, Any]) -> Iterator[str]:
    version = document["version"]
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= VERSION_MAX:
        yield f"version: must be a whole number from 1 to {VERSION_MAX}"
    try:
        _instant(document["validFrom"])
    except ValueError:
        yield "validFrom: must be an instant with its offset"
    rules = document["rules"]
    if not isinstance(rules, list) or not 1 <= len(rules) <= RULES_MAX:
        yield f"rules: must be 1 to {RULES_MAX} rules"
        return
    for place, row in enumerate(rules):
        yield from (f"rules/{place}{fault}" for fault in _rule_faults(row, _RULE_KEYS))
    if document.get("default") is None:
        yield "default: is missing, so that somebody could be without a colour"
    else:
        yield from (f"default{fault}" for fault in _rule_faults(document["default"], _DEFAULT_KEYS))
    names = [row["id"] for row in rules if isinstance(row, dict) and _is_name(row.get("id"))]
    yield from (f"rules: the id {name!r} is there twice" for name in sorted({n for n in names if names.count(n) > 1}))


def _rule_faults(row: Any, keys: frozenset[str]) -> Iterator[str]:
    if not isinstance(row, dict) or set(row) != keys:
        yield f": must be an object with {', '.join(sorted(keys))}"
        return
    if "id" in keys and not _is_name(row["id"]):
        yield "/id: must be 1 to 64 letters, digits and hyphens, and not `default`"
    if not isinstance(row["colour"], str) or row["colour"] not in set(Colour):
        yield f"/colour: must be one of {', '.join(Colour)}"
    for name in ("reason", "advice"):
        if not _is_words(row[name]):
            yield f"/{name}: must have zh and en, of 1 to {WORDS_LENGTH_MAX} characters"
    if "when" in keys:
        yield from (f"/when{fault}" for fault in _when_faults(row["when"]))


def _when_faults(when: Any) -> Iterator[str]:
    malformed = False
    for one in problems(when):
        malformed = True
        yield f"{one.at}: {one.problem}"
    if malformed:
        return
    for path, in_lambda, inside in variables(when):
        if in_lambda:
            known = path.split(".")[0] in ("current", "accumulator")
        elif path == "now":
            known = inside in ("plusTime:day", "plusTime:hour")
        else:
            known = _is_known(path)
        if not known:
            yield f": {path!r} is not known there"


def _is_known(path: str) -> bool:
    parts = path.split(".")
    if parts[0] != "facts" or len(parts) < 2 or parts[1] not in set(FactKind):
        return False
    fields = SHAPES[FactKind(parts[1])].fields | _ALWAYS
    return len(parts) == 2 or parts[2] in fields


def _is_name(value: object) -> bool:
    if not isinstance(value, str) or not 1 <= len(value) <= 64 or value == "default":
        return False
    return value.isascii() and value.replace("-", "").isalnum()


def _is_words(value: object) -> bool:
    if not isinstance(value, dict) or set(value) != {"zh", "en"}:
        return False
    return all(isinstance(t, str) and t.strip() and len(t) <= WORDS_LENGTH_MAX for t in value.values())


def _instant(value: object) -> datetime:
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError("not an instant")
    read = datetime.fromisoformat(value)
    if read.tzinfo is None:
        raise ValueError("no offset")
    try:
        return to_ms(read.astimezone(UTC))
    except OverflowError as fault:
        raise ValueError("out of range") from fault


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(row["id"], row["when"], Colour(row["colour"]), Text(**row["reason"]), Text(**row["advice"]))


# --- trying


def _faults_in_use(rules: RuleSet) -> Iterator[str]:
    """Rules that fail on facts that there may be, and rules that can never decide."""
    failing = {at: fault for sample in _samples(rules.valid_from) for at, fault in _failure(rules, sample)}
    yield from (f"rules/{place}/when: {fault}" for place, fault in sorted(failing.items()))
    if not failing:
        yield from _never_reached(rules.rules[:-1])


def _failure(rules: RuleSet, sample: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """The first rule that fails, if all are asked: so that no status takes more steps than one may."""
    work = Evaluation(steps_max=STEPS_MAX)
    for place, rule in enumerate(rules.rules[:-1]):
        try:
            is_true(work.of(rule.when, sample))
        except CertLogicError as fault:
            yield place, str(fault)
            return


def _never_reached(rules: Sequence[Rule]) -> Iterator[str]:
    seen: dict[bytes, int] = {}
    for place, rule in enumerate(rules):
        earlier = seen.setdefault(orjson.dumps(rule.when, option=orjson.OPT_SORT_KEYS), place)
        if earlier != place:
            yield f"rules/{place}: is never reached, for rules/{earlier} asks the same"
        elif not any(True for _ in variables(rule.when)):
            if is_true(Evaluation(steps_max=STEPS_MAX).of(rule.when, {})):
                yield f"rules/{place}: always decides, so that what follows is never reached"
            else:
                yield f"rules/{place}: is never true"


def _samples(now: datetime) -> Iterator[dict[str, Any]]:
    """Nobody's facts: none, each kind alone with each value, and all kinds at once."""
    since, until = now - timedelta(hours=1), now + timedelta(hours=1)
    found = {kind: [Finding(kind, since, until, details) for details in _details_of(kind)] for kind in FactKind}
    yield context({}, now=now)
    for kind, findings in found.items():
        for finding in findings:
            yield context({kind: finding}, now=now)
    ends: tuple[Callable[[list[Finding]], Finding], ...] = (lambda rows: rows[0], lambda rows: rows[-1])
    for end in ends:
        yield context({kind: end(findings) for kind, findings in found.items()}, now=now)


def _details_of(kind: FactKind) -> list[dict[str, Any]]:
    values: Mapping[str, list[Any]] = {
        "result": list(TestResult),
        "level": list(RiskLevel),
        "tenths": [300, 450],
        "dose": [1, 9],
        "area": ["110101"],
        "areas": [[], [f"11010{digit}" for digit in range(AREAS_MAX)]],
        "symptoms": [[], list(Symptom)],
    }
    fields = sorted(SHAPES[kind].fields)
    most = max((len(values[name]) for name in fields), default=1)
    return [{name: values[name][min(turn, len(values[name]) - 1)] for name in fields} for turn in range(most)]
