"""Who plays in the tests of the room, what they hold, and a look at all that is remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from api.domains.licences.catalogue import DRIVING_LICENCE
from api.domains.licences.issuing import Issuing
from api.domains.licences.model import Licence, Verification
from api.domains.licences.service import Licences
from core.departments import CIVIL_AFFAIRS, PUBLIC_SECURITY
from core.mongo import Document, Mongo
from core.principal import Jurisdiction, Principal, PrincipalKind

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
TODAY: Final = date(2026, 11, 22)  # of the still clock, which shows noon in Beijing
ANNA, BEN = "cit_01KAMP0000000000000000000A", "cit_01KAMP0000000000000000000B"
OFFICER, COLLEAGUE = "stf_01KAMP0000000000000000000C", "stf_01KAMP0000000000000000000D"
CLERK = "stf_01KAMP0000000000000000000E"

DRIVER: Final = {
    "name": "安娜",
    "sex": "F",
    "born": "1984-03-12",
    "number": "SYNTHETIC-1",
    "class": "C1",
    "firstIssued": "2011-06-20",
    "address": "示例胡同1号",
    "fileNumber": "SYNTHETIC-FILE-1",
}


@dataclass(frozen=True, slots=True)
class Room:
    """Both services over one store, as one process has them."""

    licences: Licences
    issuing: Issuing

    async def driving(
        self, holder: str = ANNA, *, valid_until: date | None = None, valid_from: date | None = None
    ) -> Licence:
        return await self.issuing.issue(
            principal=clerk(),
            holder_id=holder,
            type_code=DRIVING_LICENCE.code,
            values=DRIVER,
            valid_from=valid_from,
            valid_until=valid_until,
        )

    async def shown(self, licence: Licence, *fields: str, purpose: str = "租车") -> str:
        share = await self.licences.share(
            principal=citizen(licence.holder), licence_id=licence.id, fields=fields or None, purpose=purpose
        )
        return share.text

    async def checked(self, text: str, *, by: str = OFFICER, as_: str | None = None) -> Verification:
        return await self.licences.verify(principal=officer(by), text=text, client_verification_id=as_)


Build = Callable[[Mongo], Room]


def citizen(account: str = ANNA) -> Principal:
    return Principal(
        kind=PrincipalKind.CITIZEN, actor=account, subject=account, scopes=frozenset({"citizen"}), real_name_level=4
    )


def delegate(matter: str, *, subject: str = ANNA, actor: str = BEN) -> Principal:
    """Somebody who acts for somebody else in one matter."""
    return Principal(kind=PrincipalKind.CITIZEN, actor=actor, subject=subject, scopes=frozenset({matter}))


def officer(account: str = OFFICER, *, scopes: frozenset[str] = frozenset({"staff", "licences:verify"})) -> Principal:
    return Principal(
        kind=PrincipalKind.STAFF, actor=account, subject=account, scopes=scopes, jurisdiction=Jurisdiction("110101")
    )


def clerk(
    department: str = PUBLIC_SECURITY.code, *, scopes: frozenset[str] = frozenset({"staff", "licences:issue"})
) -> Principal:
    return Principal(kind=PrincipalKind.STAFF, actor=CLERK, subject=CLERK, scopes=scopes, department=department)


OTHER_CLERK: Final = clerk(CIVIL_AFFAIRS.code)


async def everything(mongo: Mongo) -> dict[str, list[Document]]:
    """All that the database holds."""
    names = await mongo.database.list_collection_names()
    return {name: await mongo.collection(name).find().sort("_id", 1).to_list(None) for name in sorted(names)}
