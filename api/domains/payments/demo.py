"""The demonstration's bills: what the first citizens of a new city find in their payments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from api.domains.payments.model import BILL_SCOPE, Bill
from api.domains.payments.service import Payments
from core.departments import CITY_MANAGEMENT
from core.locale import Text
from core.money import Money
from core.paging import PageRequest
from core.principal import Principal, PrincipalKind

WASTE: Final = Text(zh="生活垃圾处理费", en="Household waste collection")
HEATING: Final = Text(zh="2026—2027 采暖季供热费", en="Heating, winter 2026–2027")
_PAGE: Final = PageRequest(first=100)


async def load_demo(payments: Payments, *, people: Mapping[str, str]) -> None:
    """Add what is missing and change nothing that is there.

    people: nickname → account id; `zhang`, `liu` and the billing clerk `zhao`. Needs `test_source`.
    Raises: Unavailable.
    """
    zhang, clerk = _citizen(people["zhang"]), _clerk(people["zhao"])
    entries = await payments.entries(principal=zhang, citizen_id=zhang.subject, page=_PAGE)
    if not entries.rows:
        # The heating bill is paid from it below; ¥200.00 are left.
        await payments.top_up(principal=zhang, amount=Money(900_00), key=f"demo-top-up-1-{zhang.subject}")
        await payments.top_up(principal=zhang, amount=Money(200_00), key=f"demo-top-up-2-{zhang.subject}")
        heating = await _bill(payments, clerk, zhang, HEATING, Money(900_00), days=12)
        await payments.pay_bill(principal=zhang, bill_id=heating.id, key=f"demo-heating-{zhang.subject}")
    await _bill(payments, clerk, zhang, WASTE, Money(36_00), days=5)
    await _bill(payments, clerk, _citizen(people["liu"]), WASTE, Money(36_00), days=9)


async def _bill(
    payments: Payments, clerk: Principal, payer: Principal, title: Text, amount: Money, *, days: int
) -> Bill:
    page = await payments.bills_of(principal=payer, citizen_id=payer.subject, status=None, page=_PAGE)
    for bill in page.rows:
        if bill.title == title:
            return bill
    due_on = payments.today() + timedelta(days=days)
    key = f"demo-{title.en[:8].lower().replace(' ', '-')}-{payer.subject}"
    return await payments.issue_bill(
        principal=clerk, payer=payer.subject, title=title, amount=amount, due_on=due_on, key=key
    )


def _citizen(account: str) -> Principal:
    return Principal(kind=PrincipalKind.CITIZEN, actor=account, subject=account, scopes=frozenset({"citizen"}))


def _clerk(account: str) -> Principal:
    return Principal(
        kind=PrincipalKind.STAFF,
        actor=account,
        subject=account,
        scopes=frozenset({"staff", BILL_SCOPE}),
        department=CITY_MANAGEMENT.code,
    )
