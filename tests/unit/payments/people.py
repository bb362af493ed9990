"""Who plays in the tests of the room, how they get money and bills, and a look at all that is remembered."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from zoneinfo import ZoneInfo

from api.domains.payments.audit import Auditor
from api.domains.payments.books import Books
from api.domains.payments.model import Bill
from api.domains.payments.service import Payments
from api.domains.payments.store import PaymentStore
from core.clock import Clock
from core.crypto import FieldCipher
from core.departments import CITY_MANAGEMENT, HEALTH
from core.errors import DomainError
from core.events import Outbox
from core.ids import Ids
from core.locale import Text
from core.money import Money
from core.mongo import Document, Mongo
from core.principal import Principal, PrincipalKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
ANNA, BEN = "cit_01KAMP0000000000000000000A", "cit_01KAMP0000000000000000000B"
CLERK, STRANGER = "stf_01KAMP0000000000000000000C", "stf_01KAMP0000000000000000000D"
NOBODY = "bil_01KAMP0000000000000000000X"
WASTE = Text(zh="生活垃圾处理费", en="Household waste collection")
CLERK_SCOPES = frozenset({"staff", "payments:bill", "payments:refund"})


def build(*, mongo: Mongo, clock: Clock, ids: Ids, cipher: FieldCipher, test_source: bool = True) -> Payments:
    """One process of the city: another shares nothing with it but the database."""
    return Payments(
        store=PaymentStore(mongo=mongo),
        books=Books(mongo=mongo),
        auditor=Auditor(mongo),
        outbox=Outbox(mongo=mongo, ids=ids, clock=clock),
        cipher=cipher,
        ids=ids,
        clock=clock,
        zone=SHANGHAI,
        test_source=test_source,
    )


def citizen(account: str = ANNA, *, actor: str | None = None, scopes: frozenset[str] | None = None) -> Principal:
    """A citizen; or, with an actor, somebody who acts for them in the matters of `scopes`."""
    return Principal(
        kind=PrincipalKind.CITIZEN,
        actor=actor or account,
        subject=account,
        scopes=frozenset({"citizen"}) if scopes is None else scopes,
        real_name_level=4,
    )


def clerk(
    account: str = CLERK, *, department: str = CITY_MANAGEMENT.code, scopes: frozenset[str] = CLERK_SCOPES
) -> Principal:
    return Principal(kind=PrincipalKind.STAFF, actor=account, subject=account, scopes=scopes, department=department)


def other_clerk() -> Principal:
    return clerk(STRANGER, department=HEALTH.code)


_keys = iter(range(1_000_000))


def key() -> str:
    """A key that nobody has used."""
    return f"test-key-{next(_keys):06d}"


async def bill(room: Payments, fen: int = 36_00, *, payer: str = ANNA, days: int = 5) -> Bill:
    return await room.issue_bill(
        principal=clerk(),
        payer=payer,
        title=WASTE,
        amount=Money(fen),
        due_on=room.today() + timedelta(days=days),
        key=key(),
    )


async def give(room: Payments, fen: int, *, account: str = ANNA) -> None:
    await room.top_up(principal=citizen(account), amount=Money(fen), key=key())


async def balance(room: Payments, account: str = ANNA) -> int:
    return (await room.wallet(principal=citizen(account), citizen_id=account)).balance


async def code_of(act: Awaitable[object]) -> str:
    """`ok`, or the code of the refusal."""
    try:
        await act
    except DomainError as fault:
        return fault.code
    return "ok"


async def everything(mongo: Mongo) -> dict[str, list[Document]]:
    """All that the database holds."""
    names = await mongo.database.list_collection_names()
    return {name: await mongo.collection(name).find().sort("_id", 1).to_list(None) for name in sorted(names)}
