"""One phone number and three readers: the citizen, an officer with clearance for contacts, and one without."""

from __future__ import annotations

from tests.support.city import OpenCity

ZHANG, LIU = "13800000001", "13800000004"
BILLING_CLERK, HEALTH_OFFICER = "13900000004", "13900000007"

ME = "{ me { name phone maskedPhone } }"
FIND = "mutation($input: FindCitizenInput!) { findCitizen(input: $input) { id maskedName tel: phone } }"
RELATIONS = "{ me { relations { id side subject { maskedName } } } }"
ACT_FOR = "mutation($id: ID!) { actFor(relationId: $id) { accessToken } }"


async def test_a_phone_is_shown_in_clear_or_masked_by_who_reads_it(city: OpenCity) -> None:
    citizen = await city.token(ZHANG)
    own = await city.ask(ME, token=citizen)
    assert own.errors == [] and own.data is not None
    assert own.data["me"] == {"name": "张丽华", "phone": "+8613800000001", "maskedPhone": "138****0001"}
    assert "masked" not in own.extensions

    asked = {"phone": ZHANG, "name": "张丽华", "reason": "She stands here"}
    cleared = await city.ask(FIND, token=await city.token(HEALTH_OFFICER, audience="STAFF"), input=asked)
    assert cleared.errors == [] and cleared.data is not None
    assert cleared.data["findCitizen"]["tel"] == "+8613800000001"
    assert "masked" not in cleared.extensions

    clerk = await city.ask(FIND, token=await city.token(BILLING_CLERK, audience="STAFF"), input=asked)
    assert clerk.errors == [] and clerk.data is not None
    assert clerk.data["findCitizen"] == {
        "id": cleared.data["findCitizen"]["id"],
        "maskedName": "张*华",
        "tel": "138****0001",
    }
    assert clerk.extensions["masked"] == ["findCitizen.tel"]

    # Who acts for her mother sees what the matters open, but not how to reach her or where she was.
    found = (await city.ask(RELATIONS, token=citizen)).data
    assert found is not None
    (relation,) = [r["id"] for r in found["me"]["relations"] if r["subject"]["maskedName"] == "刘*英"]
    acting = (await city.ask(ACT_FOR, token=citizen, id=relation)).data
    assert acting is not None
    token = acting["actFor"]["accessToken"]
    hers = await city.ask("{ me { name phone scans { nodes { at } } } }", token=token)
    assert hers.data == {"me": {"name": "刘秀英", "phone": "138****0004", "scans": None}}
    assert [(e["path"], e["extensions"]["code"]) for e in hers.errors] == [(["me", "scans"], "FORBIDDEN")]
    assert hers.extensions["masked"] == ["me.phone"]
