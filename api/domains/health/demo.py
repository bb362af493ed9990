"""Health status in the demonstration city: rules, an order in force, and some facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from api.domains.health.errors import HealthRulesVersionTaken
from api.domains.health.model import RECORD_SCOPE, RULES_SCOPE, FactKind
from api.domains.health.service import Entry, Health
from core.clock import Clock
from core.departments import HEALTH
from core.divisions import CITY_CODE
from core.locale import Text
from core.principal import Jurisdiction, Principal, PrincipalKind

_ORDER_LASTS: Final = timedelta(days=30)
_HEALTHY: Final = {"zh": "请继续做好个人防护。", "en": "Go on looking after yourself."}
_STAY: Final = {"zh": "请居家健康监测，并联系社区。", "en": "Stay at home, watch your health, and call your community."}


def _holds(kind: FactKind) -> dict[str, Any]:
    return {"var": f"facts.{kind}"}


def _result(kind: FactKind, result: str) -> dict[str, Any]:
    return {"===": [{"var": f"facts.{kind}.result"}, result]}


def _negative(kind: FactKind, hours: int) -> dict[str, Any]:
    until = {"plusTime": [{"var": f"facts.{kind}.at"}, hours, "hour"]}
    now = {"plusTime": [{"var": "now"}, 0, "hour"]}
    return {"and": [_result(kind, "NEGATIVE"), {"after": [until, now]}]}


def _rule(name: str, colour: str, when: Any, zh: str, en: str, advice: Mapping[str, str]) -> dict[str, Any]:
    return {"id": name, "colour": colour, "when": when, "reason": {"zh": zh, "en": en}, "advice": dict(advice)}


_ISOLATE: Final = {"zh": "请立即隔离，等待医护人员联系。", "en": "Isolate at once; a doctor will call you."}
_POSITIVE: Final[Sequence[dict[str, Any]]] = [
    _rule(
        "confirmed",
        "RED",
        _holds(FactKind.CONFIRMED),
        "确诊病例，尚在隔离期。",
        "A confirmed case, in isolation.",
        _ISOLATE,
    ),
    _rule(
        "nucleic-positive",
        "RED",
        _result(FactKind.NUCLEIC_TEST, "POSITIVE"),
        "核酸检测结果为阳性。",
        "A nucleic acid test was positive.",
        _ISOLATE,
    ),
    _rule(
        "high-risk-area",
        "RED",
        {"===": [{"var": "facts.AREA_RISK.level"}, "HIGH"]},
        "近期到过高风险地区。",
        "A recent stay in an area of high risk.",
        _ISOLATE,
    ),
]
_DOUBTFUL: Final[Sequence[dict[str, Any]]] = [
    _rule(
        "antigen-positive",
        "YELLOW",
        _result(FactKind.ANTIGEN, "POSITIVE"),
        "抗原检测结果为阳性，尚待核酸检测。",
        "An antigen test was positive; a nucleic acid test is due.",
        {"zh": "请尽快进行核酸检测。", "en": "Take a nucleic acid test soon."},
    ),
    _rule("contact", "YELLOW", _holds(FactKind.CLOSE_CONTACT), "密切接触者。", "A close contact of a case.", _STAY),
    _rule(
        "medium-risk-area",
        "YELLOW",
        {"===": [{"var": "facts.AREA_RISK.level"}, "MEDIUM"]},
        "近期到过中风险地区。",
        "A recent stay in an area of medium risk.",
        _STAY,
    ),
    _rule(
        "fever",
        "YELLOW",
        {"and": [_holds(FactKind.TEMPERATURE), {">=": [{"var": "facts.TEMPERATURE.tenths"}, 373]}]},
        "体温达到或超过 37.3 °C。",
        "A temperature of 37.3 °C or more.",
        {"zh": "请到发热门诊就诊。", "en": "See a fever clinic."},
    ),
    _rule(
        "symptoms",
        "YELLOW",
        {"var": "facts.DECLARATION.symptoms"},
        "您申报了身体不适症状。",
        "You declared symptoms.",
        {"zh": "请留意症状变化，必要时就医。", "en": "Watch your symptoms and see a doctor if they get worse."},
    ),
]
_WELL: Final[Sequence[dict[str, Any]]] = [
    _rule(
        "nucleic-negative",
        "GREEN",
        _negative(FactKind.NUCLEIC_TEST, 72),
        "72 小时内核酸检测结果为阴性。",
        "A negative nucleic acid test within 72 hours.",
        _HEALTHY,
    ),
    _rule(
        "antigen-negative",
        "GREEN",
        _negative(FactKind.ANTIGEN, 24),
        "24 小时内抗原检测结果为阴性。",
        "A negative antigen test within 24 hours.",
        _HEALTHY,
    ),
    _rule(
        "vaccinated",
        "GREEN",
        {"and": [_holds(FactKind.VACCINATION), {">=": [{"var": "facts.VACCINATION.dose"}, 3]}]},
        "已完成加强免疫，且无风险记录。",
        "Vaccinated with a booster, and nothing speaks against it.",
        _HEALTHY,
    ),
]
RULES: Final[Mapping[str, Any]] = {
    "version": 1,
    "validFrom": "2026-11-01T00:00:00+08:00",
    "rules": [*_POSITIVE, *_DOUBTFUL, *_WELL],
    "default": {
        "colour": "GREY",
        "reason": {"zh": "没有足够的健康信息。", "en": "There is not enough to go by."},
        "advice": {"zh": "请进行核酸检测或健康申报。", "en": "Take a test, or declare your health."},
    },
}


async def load_demo(*, health: Health, clock: Clock, people: Mapping[str, str]) -> None:
    """Publish the rules, order the status, record today's facts: what of it is missing; change nothing that is there.

    people: nickname → account id; `sun` of the health department acts. Raises: Unavailable.
    """
    sun = Principal(
        kind=PrincipalKind.STAFF,
        actor=people["sun"],
        subject=people["sun"],
        scopes=frozenset({"staff", RECORD_SCOPE, RULES_SCOPE}),
        jurisdiction=Jurisdiction(CITY_CODE),
        department=HEALTH.code,
    )
    if await health.rules(version=RULES["version"]) is None:
        try:
            await health.publish(principal=sun, text=orjson.dumps(RULES).decode())
        except HealthRulesVersionTaken:
            # Another process did, or the city has newer rules of its own.
            pass
    now = clock.now()
    if await health.order_in_force() is None:
        await health.order(
            principal=sun,
            reason=Text(
                zh="演示城市：冬季呼吸道传染病防控。", en="Demonstration city: respiratory infections in winter."
            ),
            # By the minute, as its name: two processes that start at once say the same.
            until=now.replace(second=0, microsecond=0) + _ORDER_LASTS,
            client_order_id=f"demo-{now:%Y%m%d%H%M}",
        )
    for entry in _entries(people, now.replace(hour=0, minute=0, second=0, microsecond=0)):
        await health.record(principal=sun, entry=entry)


def _entries(people: Mapping[str, str], today: datetime) -> list[Entry]:
    """Of the day on which the city starts, so that the colours last while one looks at them."""
    day = today.astimezone(UTC).strftime("%Y%m%d")
    found: Sequence[tuple[str, FactKind, Mapping[str, Any]]] = (
        ("zhang", FactKind.NUCLEIC_TEST, {"result": "NEGATIVE"}),
        ("zhang", FactKind.VACCINATION, {"dose": 3}),
        ("liu", FactKind.ANTIGEN, {"result": "NEGATIVE"}),
        ("liu", FactKind.VACCINATION, {"dose": 3}),
        ("alexander", FactKind.CLOSE_CONTACT, {}),
        ("alexander", FactKind.VACCINATION, {"dose": 2}),
    )
    return [
        Entry(
            client_fact_id=f"demo-{nickname}-{kind.lower()}-{day}",
            citizen=people[nickname],
            kind=kind,
            at=today,
            valid_until=None,
            details=details,
        )
        for nickname, kind, details in found
    ]
