"""Who plays in the tests of the room, and a look at all that is remembered."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from api.domains.citycode.places import Places
from api.domains.citycode.service import CityCodes
from core.mongo import Document, Mongo
from core.principal import Jurisdiction, Principal, PrincipalKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
ANNA, BEN = "cit_01KAMP0000000000000000000A", "cit_01KAMP0000000000000000000B"
OFFICER, COLLEAGUE = "stf_01KAMP0000000000000000000C", "stf_01KAMP0000000000000000000D"

REGISTRAR = "stf_01KAMP0000000000000000000R"
BASE = "HTTPS://CITY.EXAMPLE.CN"

Build = Callable[[Mongo], CityCodes]
BuildPlaces = Callable[[Mongo], Places]


def citizen(account: str = ANNA) -> Principal:
    return Principal(
        kind=PrincipalKind.CITIZEN,
        actor=account,
        subject=account,
        scopes=frozenset({"citizen"}),
        real_name_level=4,
    )


def officer(account: str = OFFICER, *, scopes: frozenset[str] = frozenset({"staff", "citycode:scan"})) -> Principal:
    return Principal(
        kind=PrincipalKind.STAFF,
        actor=account,
        subject=account,
        scopes=scopes,
        jurisdiction=Jurisdiction("110101"),
    )


def registrar(account: str = REGISTRAR, *, scope: str = "codes:register", of: str = "110000") -> Principal:
    return Principal(
        kind=PrincipalKind.STAFF,
        actor=account,
        subject=account,
        scopes=frozenset({"staff", scope}),
        jurisdiction=Jurisdiction(of),
    )


def carer(*matters: str, subject: str = ANNA) -> Principal:
    """Somebody who acts for a citizen in these matters."""
    return Principal(kind=PrincipalKind.CITIZEN, actor=BEN, subject=subject, scopes=frozenset(matters))


async def everything(mongo: Mongo) -> dict[str, list[Document]]:
    """All that the database holds."""
    names = await mongo.database.list_collection_names()
    return {name: await mongo.collection(name).find().sort("_id", 1).to_list(None) for name in sorted(names)}
