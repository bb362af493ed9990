"""Who plays in the tests of the room, a small set of rules, and a look at all that is remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from api.domains.health.model import Fact, FactKind
from api.domains.health.service import Entry, Health
from core.departments import HEALTH
from core.locale import Text
from core.mongo import Document, Mongo
from core.principal import Principal, PrincipalKind
from core.redis import Redis

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ANNA, BEN, CARER = (f"cit_01KAMP0000000000000000000{letter}" for letter in "ABC")
DOCTOR, OFFICER, COLLEAGUE = (f"stf_01KAMP0000000000000000000{letter}" for letter in "DEF")
REASON = Text(zh="冬季防控", en="Winter")

Build = Callable[[Mongo, Redis], Health]


def citizen(account: str = ANNA) -> Principal:
    return Principal(
        kind=PrincipalKind.CITIZEN, actor=account, subject=account, scopes=frozenset({"citizen"}), real_name_level=4
    )


def carer(*matters: str, subject: str = ANNA) -> Principal:
    return Principal(kind=PrincipalKind.CITIZEN, actor=CARER, subject=subject, scopes=frozenset(matters))


def staff(account: str, *scopes: str, department: str = HEALTH.code) -> Principal:
    return Principal(
        kind=PrincipalKind.STAFF,
        actor=account,
        subject=account,
        scopes=frozenset({"staff", *scopes}),
        department=department,
    )


def doctor(account: str = DOCTOR, *, department: str = HEALTH.code) -> Principal:
    return staff(account, "health:record", "health:rules", department=department)


def officer(account: str = OFFICER) -> Principal:
    return staff(account, "citycode:scan", "health:check")


def entry(kind: FactKind = FactKind.ANTIGEN, *, as_: str = "one", of: str = ANNA, **changes: Any) -> Entry:
    details = changes.pop("details", {"result": "NEGATIVE"} if kind is FactKind.ANTIGEN else {})
    fields = {"at": NOW - timedelta(hours=1), "valid_until": None, **changes}
    return Entry(client_fact_id=as_, citizen=of, kind=kind, details=details, **fields)


async def recorded(health: Health, kind: FactKind = FactKind.ANTIGEN, **changes: Any) -> Fact:
    return await health.record(principal=doctor(), entry=entry(kind, **changes))


def words(text: str) -> dict[str, str]:
    return {"zh": f"{text}。", "en": text}


def rule(name: str, colour: str, when: Any) -> dict[str, Any]:
    return {"id": name, "colour": colour, "when": when, "reason": words(name), "advice": words(f"{name} advice")}


def rule_set(*rules: Mapping[str, Any], **changes: Any) -> str:
    default = {"colour": "GREY", "reason": words("nothing"), "advice": words("take a test")}
    document = {"version": 1, "validFrom": "2026-11-22T00:00:00Z", "rules": list(rules), "default": default}
    made = {key: value for key, value in {**document, **changes}.items() if value is not ...}
    return orjson.dumps(made).decode()


SICK = rule("sick", "RED", {"var": "facts.CONFIRMED"})
CONTACT = rule("contact", "YELLOW", {"var": "facts.CLOSE_CONTACT"})
WELL = rule("well", "GREEN", {"===": [{"var": "facts.ANTIGEN.result"}, "NEGATIVE"]})
SMALL = rule_set(SICK, CONTACT, WELL)


async def switched_on(health: Health, *, text: str = SMALL, days: float = 10) -> None:
    """Rules published, and an order in force."""
    await health.publish(principal=doctor(), text=text)
    until = health.clock.now() + timedelta(days=days)
    await health.order(principal=doctor(), reason=REASON, until=until, client_order_id="on")


async def everything(mongo: Mongo) -> dict[str, list[Document]]:
    """All that the database holds."""
    names = await mongo.database.list_collection_names()
    return {name: await mongo.collection(name).find().sort("_id", 1).to_list(None) for name in sorted(names)}
