"""The room's door: bills, payments and wallets as clients see them."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from graphql import ExecutionResult

from api.domains.payments import schema as door
from api.domains.payments.service import Payments
from core.clock import FixedClock
from core.departments import CITY_MANAGEMENT
from core.graph import Context, sdl
from core.locale import Locale
from core.mongo import Mongo
from core.principal import Principal
from tests.unit.payments.people import ANNA, BEN, NOBODY, bill, citizen, clerk, everything, give, key, other_clerk

BILL = """fragment B on Bill {
  id number title amount { amount currency text } dueOn biller { code name } status statusLabel overdue issuedAt
  payment { id } }"""
PAYMENT = """fragment P on Payment {
  id amount { amount } paidAt bill { id status } receipt { number issuedAt } refund { id reason } paidBy { ref } }"""
CITIZEN = (
    """query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen { id
  wallet { balance { amount text } available { amount } topUpOpen entries { nodes { amount { text } kind kindLabel
    payment { id } } } }
  bills { nodes { ...B } } unpaid: bills(status: UNPAID) { nodes { id } }
  payments { nodes { ...P } pageInfo { hasNextPage } } } } }"""
    + BILL
    + PAYMENT
)
ENTITY = """query ($ids: [_Any!]!) { _entities(representations: $ids) {
  ... on Bill { number payment { refund { id } } } ... on Payment { receipt { number } } } }"""
ISSUE = "mutation ($input: IssueBillInput!) { issueBill(input: $input) { ...B payer { ref } } }" + BILL
PAY = "mutation ($input: PayBillInput!) { payBill(input: $input) { ...P } }" + PAYMENT
TOP_UP = "mutation ($input: TopUpWalletInput!) { topUpWallet(input: $input) { balance { amount } } }"
REFUND = "mutation ($input: RefundPaymentInput!) { refundPayment(input: $input) { id reason payment { id } } }"
CANCEL = "mutation ($id: ID!) { cancelBill(id: $id) { status } }"
STAFF = "{ staffBills { nodes { id payer { ref } } } takings { paid { text } refunded { amount } balance { amount } } }"


async def ask(
    query: str, *, principal: Principal, room: Payments, locale: Locale = Locale.EN, **variables: Any
) -> ExecutionResult:
    context = Context(request_id="r", principal=principal, locale=locale, services={Payments: room})
    # Strawberry takes references apart while it reads them.
    result = await door.schema.execute(query, variable_values=deepcopy(variables), context_value=context)
    return ExecutionResult(result.data, result.errors)


async def data(query: str, **asked: Any) -> dict[str, Any]:
    result = await ask(query, **asked)
    assert result.errors is None, result.errors
    assert result.data is not None
    return result.data


async def codes(query: str, **asked: Any) -> list[str]:
    result = await ask(query, **asked)
    return [(error.extensions or {})["code"] for error in result.errors or ()]


def references(kind: str, *ids: str) -> list[dict[str, str]]:
    return [{"__typename": kind, "id": id} for id in ids]


async def test_a_bill_from_the_clerk_to_the_receipt(payments: Payments, clock: FixedClock) -> None:
    given = {
        "payerId": ANNA,
        "titleZh": "生活垃圾处理费",
        "titleEn": "Household waste collection",
        "amountFen": 3600,
        "dueOn": "2026-11-27",
        "idempotencyKey": key(),
    }
    sent = (await data(ISSUE, principal=clerk(), room=payments, input=given))["issueBill"]
    assert sent == {
        "id": sent["id"],
        "number": sent["number"],
        "title": "Household waste collection",
        "amount": {"amount": 3600, "currency": "CNY", "text": "¥36.00"},
        "dueOn": "2026-11-27",
        "biller": {"code": CITY_MANAGEMENT.code, "name": CITY_MANAGEMENT.name.en},
        "status": "UNPAID",
        "statusLabel": "Unpaid",
        "overdue": False,
        "issuedAt": "2026-11-22T04:00:00+00:00",
        "payment": None,
        "payer": {"ref": ANNA},
    }
    topped = {"amountFen": 10_000, "idempotencyKey": key()}
    filled = await data(TOP_UP, principal=citizen(), room=payments, input=topped)
    assert filled == {"topUpWallet": {"balance": {"amount": 10_000}}}

    clock.advance(seconds=6 * 86_400)
    late = await data(
        "query($id: ID!) { bill(id: $id) { overdue } }", principal=citizen(), room=payments, id=sent["id"]
    )
    assert late == {"bill": {"overdue": True}}
    paying = {"billId": sent["id"], "idempotencyKey": key()}
    made = (await data(PAY, principal=citizen(), room=payments, input=paying))["payBill"]
    assert made == {
        "id": made["id"],
        "amount": {"amount": 3600},
        "paidAt": "2026-11-28T04:00:00+00:00",
        "bill": {"id": sent["id"], "status": "PAID"},
        "receipt": {"number": made["receipt"]["number"], "issuedAt": "2026-11-28T04:00:00+00:00"},
        "refund": None,
        "paidBy": None,
    }
    clock.advance(seconds=1)
    giving = {"paymentId": made["id"], "reason": "billed twice", "idempotencyKey": key()}
    refund = (await data(REFUND, principal=clerk(), room=payments, input=giving))["refundPayment"]
    assert refund == {"id": refund["id"], "reason": "billed twice", "payment": {"id": made["id"]}}

    ids = references("Citizen", ANNA)
    answer = await data(CITIZEN, principal=citizen(), room=payments, locale=Locale.ZH_CN, ids=ids)
    (anna,) = answer["_entities"]
    assert anna == {
        "id": ANNA,
        "wallet": {
            "balance": {"amount": 10_000, "text": "¥100.00"},
            "available": {"amount": 10_000},
            "topUpOpen": True,
            "entries": {
                "nodes": [
                    {"amount": {"text": "¥36.00"}, "kind": "REFUND", "kindLabel": "退款", "payment": None},
                    {"amount": {"text": "−¥36.00"}, "kind": "BILL", "kindLabel": "缴费", "payment": {"id": made["id"]}},
                    {"amount": {"text": "¥100.00"}, "kind": "TOP_UP", "kindLabel": "充值", "payment": None},
                ]
            },
        },
        "bills": {
            "nodes": [
                {
                    **{name: value for name, value in sent.items() if name != "payer"},
                    "title": "生活垃圾处理费",
                    "biller": {"code": CITY_MANAGEMENT.code, "name": CITY_MANAGEMENT.name.zh},
                    "status": "REFUNDED",
                    "statusLabel": "已退款",
                    "payment": {"id": made["id"]},
                }
            ]
        },
        "unpaid": {"nodes": []},
        "payments": {
            "nodes": [
                {
                    **made,
                    "bill": {"id": sent["id"], "status": "REFUNDED"},
                    "refund": {"id": refund["id"], "reason": "billed twice"},
                }
            ],
            "pageInfo": {"hasNextPage": False},
        },
    }
    assert await data(STAFF, principal=clerk(), room=payments) == {
        "staffBills": {"nodes": [{"id": sent["id"], "payer": {"ref": ANNA}}]},
        "takings": {"paid": {"text": "¥36.00"}, "refunded": {"amount": 3600}, "balance": {"amount": 0}},
    }


async def test_who_paid_in_a_citizens_place_is_named(payments: Payments) -> None:
    await give(payments, 36_00)
    carer = citizen(ANNA, actor=BEN, scopes=frozenset({"payments:pay"}))
    paying = {"billId": (await bill(payments)).id, "idempotencyKey": key()}
    made = await data(PAY, principal=carer, room=payments, input=paying)
    assert made["payBill"]["paidBy"] == {"ref": BEN}


async def test_entities_are_for_those_who_may_see_them(payments: Payments) -> None:
    await give(payments, 36_00)
    sent = await bill(payments)
    made = await payments.pay_bill(principal=citizen(), bill_id=sent.id, key=key())
    ids = [*references("Bill", sent.id, NOBODY), *references("Payment", made.id)]
    seen = [{"number": sent.number, "payment": {"refund": None}}, None, {"receipt": {"number": made.receipt}}]
    for who in (citizen(), clerk()):
        assert (await data(ENTITY, principal=who, room=payments, ids=ids))["_entities"] == seen
    for who in (citizen(BEN), other_clerk()):
        assert (await data(ENTITY, principal=who, room=payments, ids=ids))["_entities"] == [None, None, None]


async def test_a_citizens_money_is_nobody_elses_to_read(payments: Payments) -> None:
    ids = references("Citizen", ANNA)
    result = await ask(CITIZEN, principal=citizen(BEN), room=payments, ids=ids)
    assert result.data == {"_entities": [{"id": ANNA, "wallet": None, "bills": None, "unpaid": None, "payments": None}]}
    assert await codes(CITIZEN, principal=citizen(BEN), room=payments, ids=ids) == ["NOT_FOUND"] * 4


async def test_what_bad_input_gets(payments: Payments, mongo: Mongo) -> None:
    sent, before = await bill(payments), await everything(mongo)
    good = {"billId": sent.id, "idempotencyKey": key()}
    assert await codes(PAY, principal=citizen(), room=payments, input={**good, "idempotencyKey": ""}) == [
        "BAD_USER_INPUT"
    ]
    assert await codes(PAY, principal=citizen(), room=payments, input={**good, "billId": "x" * 100_000}) == [
        "NOT_FOUND"
    ]
    for amount in (-1, 0, 2**63 - 1):
        given = {"amountFen": amount, "idempotencyKey": key()}
        assert await codes(TOP_UP, principal=citizen(), room=payments, input=given) == ["BAD_USER_INPUT"]
    assert await codes(CANCEL, principal=other_clerk(), room=payments, id=sent.id) == ["NOT_FOUND"]
    assert await everything(mongo) == before


def test_the_committed_schema_is_the_code_s() -> None:
    committed = Path(door.__file__).with_name("schema.graphql").read_text()
    assert committed == sdl(door.schema), "run `make schema` and commit what changed"
