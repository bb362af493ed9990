"""What bad input gets over /graphql, where it passes more than one room: a code, and all that can stand."""

from __future__ import annotations

from datetime import timedelta

from tests.support.city import OpenCity

ZHANG, CLERK = "13800000001", "13900000004"
NOBODY = "cit_01KAMP0000000000000000000X"
ISSUE = """mutation($input: IssueBillInput!) {
  issueBill(input: $input) { status payer { maskedName } }
}"""
BALANCE = "{ me { wallet { balance { amount } } } }"
TOP_UP = "mutation($input: TopUpWalletInput!) { topUpWallet(input: $input) { balance { amount } } }"


async def test_a_bill_to_an_id_that_nobody_has_is_shown_without_its_payer(same_city: OpenCity) -> None:
    clerk = await same_city.token(CLERK, audience="STAFF")
    given = {
        "payerId": NOBODY,
        "titleZh": "测试",
        "titleEn": "Test",
        "amountFen": 1,
        "dueOn": (same_city.clock.now() + timedelta(days=9)).date().isoformat(),
        "idempotencyKey": "bill-to-nobody",
    }
    issued = await same_city.ask(ISSUE, token=clerk, input=given)
    assert (issued.data, issued.codes) == ({"issueBill": {"status": "UNPAID", "payer": None}}, ["NON_NULL_MISSING"])


async def test_a_thing_that_is_not_there_leaves_the_rest_of_the_answer(same_city: OpenCity) -> None:
    zhang = await same_city.token(ZHANG)
    query = '{ me { maskedName } bill(id: "bil_x") { id } payment(id: "pay_x") { id } licence(id: "lic_x") { id } }'
    answer = await same_city.ask(query, token=zhang)
    assert answer.data == {"me": {"maskedName": "张*华"}, "bill": None, "payment": None, "licence": None}
    assert answer.codes == ["NOT_FOUND"] * 3


async def test_an_amount_that_is_no_whole_number_of_64_bits_is_bad_input(same_city: OpenCity) -> None:
    zhang = await same_city.token(ZHANG)
    before = await same_city.ask(BALANCE, token=zhang)
    for amount in (1.0, 1.5, "1", True, 2**63):
        refused = await same_city.ask(
            TOP_UP, token=zhang, input={"amountFen": amount, "idempotencyKey": "no-whole-number"}
        )
        assert (amount, refused.data, refused.codes) == (amount, None, ["BAD_USER_INPUT"])
    assert (await same_city.ask(BALANCE, token=zhang)).data == before.data
