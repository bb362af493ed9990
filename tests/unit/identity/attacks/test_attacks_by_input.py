"""What nobody was asked for: more members, other types, addresses that look alike, text that is not what it seems."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.errors import DomainError
from core.jose import TokenFault, take_apart
from core.oauth import OAuthError
from identity.credentials.model import normal_password, parse_recovery_code, parse_totp
from identity.evidence.model import parse_credential, parse_ticket
from identity.id_numbers import IdNumber
from identity.model import (
    comparable_name,
    parse_code,
    parse_device_id,
    parse_device_name,
    parse_name,
    parse_phone,
    parse_reason,
)
from identity.oidc.authorization import redirect_uri_of
from identity.oidc.model import redirect_fault
from identity.organisations.model import parse_organisation_name, parse_uscc
from tests.conftest import NOW
from tests.support.attacks import against
from tests.unit.identity.oidc.partners import SHOP
from tests.unit.identity.room import ISSUER, Room
from tests.unit.identity.room import ZHANG as PHONE

_ID = "cit_01J9ZZZZZZZZZZZZZZZZZZZZZZ"
# A member that there is not, or a type that it does not have.
MORE = (
    f'mutation {{ signIn(input: {{phone: "{PHONE}", code: "123456", methods: ["mfa"]}}) {{ accessToken }} }}',
    f'mutation {{ signIn(input: {{phone: "{PHONE}", code: "123456", realNameLevel: 5}}) {{ accessToken }} }}',
    f'mutation {{ signIn(input: {{phone: "{PHONE}", code: "123456", audience: ADMIN}}) {{ accessToken }} }}',
    'mutation { signInWithPassword(input: {phone: "x", password: "x", scopes: ["staff"]}) { accessToken } }',
    'mutation { refreshSession(refreshToken: "x", audience: STAFF) { accessToken } }',
    'mutation { stepUp(input: {code: "123456", methods: ["mfa"]}) { accessToken } }',
    f'mutation {{ setHomeDistrict(code: "110101", citizenId: "{_ID}") {{ id }} }}',
    'mutation { confirmRealName(input: {name: "x", idNumber: "x", realNameLevel: 5}) { id } }',
    'mutation { actFor(relationId: "rel_x", matters: ["payments:pay"]) { accessToken } }',
    f'mutation {{ beginPhoneChange(newPhone: "{PHONE}", citizenId: "{_ID}") {{ id }} }}',
    f'mutation {{ finishRecovery(id: "x", deviceName: "x", citizen: "{_ID}") {{ accessToken }} }}',
    'mutation { registerOrganisation(uscc: "x", name: "x", role: OWNER) { id } }',
    f'mutation {{ approveInteraction(input: {{id: "x", claims: [], citizen: "{_ID}"}}) {{ redirectTo }} }}',
    'mutation { proposeAct(input: {kind: STAFF_HIRE, subject: "x", reason: "x", details: {}, state: DONE}) { id } }',
    f'mutation {{ freezeAccount(input: {{citizenId: "{_ID}", reason: "x", until: "2030-01-01T00:00:00Z"}}) {{ id }} }}',
    'mutation { signIn(input: [{phone: "x", code: "1"}, {phone: "x", code: "2"}]) { accessToken } }',
    f'mutation {{ signIn(input: {{phone: "{PHONE}", code: ["123456", "123457"]}}) {{ accessToken }} }}',
    f'mutation {{ signIn(input: {{phone: "{PHONE}", code: null}}) {{ accessToken }} }}',
)
# What a database would understand.
OPERATORS: tuple[object, ...] = ({"$ne": None}, {"$gt": ""}, {"$regex": ".*"}, ["x"], 7, True)


@against("mass assignment", "graph")
@against("injection", "graph")
async def test_what_an_input_does_not_have_is_refused_before_anything_runs(room: Room) -> None:
    zhang = await room.citizen(PHONE)
    before, keys = await room.dump(), await room.redis.dbsize()
    for query in MORE:
        answer = await room.ask(query, principal=zhang)
        assert answer["data"] is None and answer["codes"], query
    by_variable = "mutation ($told: String!) { refreshSession(refreshToken: $told) { accessToken } }"
    for told in OPERATORS:
        answer = await room.ask(by_variable, variables={"told": told})
        assert answer["data"] is None and answer["codes"], told
    assert (await room.dump(), await room.redis.dbsize()) == (before, keys)


# --- open redirects

GOOD = SHOP.redirect_uris[0]
LOOKALIKES = (
    GOOD + "@evil.example",
    "https://shop.example@evil.example/back",
    "https://evil.example/https://shop.example/back",
    "//shop.example/back",
    "//evil.example/back",
    "/back",
    "https:/shop.example/back",
    "https:shop.example/back",
    "https://shop.example\\@evil.example/back",
    "https://shop.example./back",
    "https://shop.example:443/back",
    "https://SHOP.example/back",
    "https://shop.example/%62ack",
    "https://shop.example/back%00",
    "https://shop.example/back/",
    "https://shop.example/back#",
    "https://shop.example/back#@evil.example",
    "https://shop.example/back?next=//evil.example",
    "https://shop.example/x/../back",
    "https://ѕhop.example/back",
    "https://xn--hop-8cd.example/back",
    " " + GOOD,
    GOOD + "\n",
    GOOD + "\tx",
    "javascript:alert(1)//" + GOOD,
    "data:text/html,x",
    GOOD.replace("https", "http"),
)
NEVER_REGISTERED = (
    "https://good.example@evil.example/",
    "https://good.example:x@evil.example/",
    "https://good.example\\@evil.example/",
    "https://good.example/#x",
    "https://*.example/back",
    "https://good.example/ back",
    "https://good.example/back\n",
    "https://ѕhop.example/back",
    "https:///back",
    "https://",
    "//evil.example/",
    "/back",
    "http://good.example/back",
    "http://localhost/back",
    "http://127.0.0.1.evil.example/back",
    "http://[::2]/back",
    "https://[/back",
    "javascript:alert(1)",
    "data:text/html,x",
    "city://back",
    "https://good.example/" + "x" * 4096,
)


@against("open redirect", "authorization", "registering a client")
def test_no_address_that_only_looks_like_a_registered_one_is_gone_to() -> None:
    assert redirect_uri_of({"redirect_uri": GOOD}, SHOP) == GOOD
    for uri in LOOKALIKES:
        with pytest.raises(OAuthError) as refused:
            redirect_uri_of({"redirect_uri": uri}, SHOP)
        assert refused.value.code == "invalid_request", uri
    assert redirect_fault(GOOD) is None
    assert [uri for uri in NEVER_REGISTERED if redirect_fault(uri) is None] == []
    assert ISSUER.startswith("https://")  # where the shell's pages send a browser on: `issuer` and a path of ours


# --- text that is not what it seems

UNSEEN = "\u200b\u200d\u2060\ufeff\u202e\u2066\u00ad\u0000\u001b\x7f\ud800"


@against("text that deceives", "names", "phones", "codes", "organisations", "devices")
def test_text_that_is_not_what_it_seems_is_refused_or_read_as_what_it_is() -> None:
    typed: dict[Callable[[str], object], str] = {
        parse_name: "张丽华",
        parse_organisation_name: "四月餐饮有限公司",
        parse_device_name: "手机",
        parse_device_id: "device-1",
        parse_reason: "窗口办理业务",
        parse_uscc: "91110101MA0DEM001X",
        parse_code: "123456",
        parse_totp: "123456",
        parse_ticket: "12345678",
    }
    for parse, text in typed.items():
        for unseen in UNSEEN:
            for changed in (unseen + text, text[:2] + unseen + text[2:], text + unseen):
                with pytest.raises(DomainError):
                    parse(changed)
    # Digits of other scripts are no codes and no numbers of organisations.
    for parse, text in ((parse_code, "１２３４５６"), (parse_totp, "١٢٣٤٥٦"), (parse_uscc, "９1110101MA0DEM001X")):
        with pytest.raises(DomainError):
            parse(text)
    # One phone has one account, however it is written.
    for written in (
        "13800000001",
        "+86 138 0000 0001",
        PHONE.translate({ord("0") + n: ord("０") + n for n in range(10)}),
        "0086 13800000001",
    ):
        assert parse_phone(written) == "+8613800000001"
    # Two ways of writing a name are one, and two names are two.
    assert comparable_name("ＡＮＮＡ‧Ｂ") == comparable_name("Anna · b")
    assert comparable_name("аnna") != comparable_name("anna")  # the first letter is Cyrillic


@against("oversized input", "what people type", "tokens")
def test_a_megabyte_is_refused_by_whatever_takes_text() -> None:
    """Bounded before anything is normalised, parsed, hashed or compared."""
    megabyte = 1 << 20
    typed: tuple[Callable[[str], object], ...] = (
        *(parse_phone, parse_name, parse_organisation_name, parse_device_name, parse_device_id, parse_reason),
        *(parse_code, parse_totp, parse_recovery_code, parse_ticket, parse_credential, parse_uscc, normal_password),
        lambda text: IdNumber.parse(text, today=NOW.date()),
    )
    for parse in typed:
        for character in ("1", "é", "㐀"):
            with pytest.raises(DomainError):
                parse(character * megabyte)
    with pytest.raises(TokenFault):
        take_apart("a" * megabyte + ".b.c")
