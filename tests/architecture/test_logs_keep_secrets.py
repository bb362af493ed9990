"""The log of a whole walk: no name, phone, code, token or city code stands in it, at any level."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator

import pytest

from core.clock import FixedClock
from tests.support.city import REQUEST_CODE, SIGN_IN, OpenCity
from tests.support.logged import logged


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, as the city writes it."""
    with logged() as stream:
        yield stream


async def test_no_secret_and_no_person_in_the_log(city: OpenCity, log: io.StringIO, clock: FixedClock) -> None:
    phone, staff_phone = "13800000001", "13900000001"
    secrets: list[str] = [phone, staff_phone, "张丽华", "138****0001"]
    asked = await city.ask(REQUEST_CODE, input={"phone": phone})
    assert asked.errors == [] and asked.data is not None
    code = await city.sms(phone, asked=asked.data["requestSignInCode"])
    wrong = "000000" if code != "000000" else "111111"
    refused = await city.ask(SIGN_IN, input={"phone": phone, "code": wrong})
    assert refused.codes == ["AUTH_CODE_WRONG"]
    signed = await city.ask(SIGN_IN, input={"phone": phone, "code": code, "deviceName": "王女士的手机"})
    assert signed.data is not None
    tokens = signed.data["signIn"]
    officer = await city.token(staff_phone, audience="STAFF")
    secrets += [wrong, code, tokens["accessToken"], tokens["refreshToken"], officer, "王女士的手机"]
    home = await city.ask("query { me { name cityCode { text } } }", token=tokens["accessToken"])
    assert home.data is not None
    text = home.data["me"]["cityCode"]["text"]
    secrets.append(text)
    scan = "mutation($i: ScanCityCodeInput!) { scanCityCode(input: $i) { id } }"
    given = {"text": text, "purpose": "TRANSIT"}
    assert (await city.ask(scan, token=officer, i=given)).errors == []
    assert (await city.ask(scan, token=officer, i=given)).codes == ["CITYCODE_REPLAYED"]
    assert (await city.ask(scan, token=officer, i={**given, "text": text[:-2]})).codes != []
    await city.ask("query { me { nam } }", token=tokens["accessToken"])
    await city.ask(f'query {{ districts(x: "{phone}") {{ name }} }}')
    await city.ask(SIGN_IN, input={"phone": phone + "9999999", "code": code})

    lines = log.getvalue().splitlines()
    assert any(json.loads(line).get("request") for line in lines), "requests are logged with their id"
    # As a word of its own: six digits may stand inside an id or a time by chance.
    leaked = [s for s in secrets if any(re.search(rf"(?<!\w){re.escape(s)}(?!\w)", line) for line in lines)]
    assert leaked == []
