"""The code flow over HTTP, and everything that a code must not do."""

from __future__ import annotations

import asyncio

from identity.oidc.demo import DEMO_REDIRECT
from tests.support.attacks import against
from tests.support.conformance import fapi2, oidcc
from tests.unit.identity.oidc.partners import APP, BANK, BASIC_REQUEST, CHALLENGE, PARTNER, SHOP, Partners, id_claims
from tests.unit.identity.room import ISSUER, Room


@oidcc("oidcc-server", "oidcc-alternate-happy-flow", "oidcc-ensure-request-with-valid-pkce-succeeds")
async def test_a_citizen_lets_a_client_know_their_name(partners: Partners, room: Room) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    answer = await partners.agreed(browser, await partners.asked(browser), zhang)
    assert answer.to.startswith(f"{DEMO_REDIRECT}?")
    assert answer.told.keys() == {"code", "state", "iss"}
    assert (answer.told["state"], answer.told["iss"]) == ("a state", ISSUER)
    tokens = await partners.redeem(answer.told["code"])
    assert tokens.headers["Cache-Control"] == "no-store"
    claims = id_claims(tokens.body)
    assert claims["aud"] == "demo-partner" and claims["nonce"] == "a nonce" and claims["iss"] == ISSUER
    assert (claims["acr"], claims["amr"]) == ("urn:city:rl:4", ["sms"])
    assert claims["exp"] - claims["iat"] == 600 and "name" not in claims
    told = await partners.userinfo(tokens.body["access_token"])
    assert told.body == {"sub": claims["sub"], "name": "张丽华"}
    assert zhang.subject not in (claims["sub"], tokens.body["access_token"])
    (granted,) = await room.audited("oidc.granted")
    assert (granted["actor"], granted["client"], granted["about"]["claims"]) == (zhang.actor, "demo-partner", ["name"])
    assert [entry["about"]["claims"] for entry in await room.audited("oidc.claims_released")] == [["name"]]


async def test_what_was_read_stands_in_the_citizens_access_log(partners: Partners, room: Room) -> None:
    tokens = await partners.tokens()
    await partners.userinfo(tokens["access_token"])
    rows = await room.mongo.collection("access_log").find({"client": "demo-partner"}).to_list(None)
    assert [(row["subject"], row["fields"]) for row in rows] == [(await room.id_of("zhang"), ["name"])]


BAD = [
    ({"response_type": ""}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"scope": "profile"}, "invalid_scope"),
    ({"code_challenge": ""}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    ({"request_uri": "https://evil.example/request"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "surprise"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"claims": "{"}, "invalid_request"),
    ({"claims": '{"userinfo": []}'}, "invalid_request"),
    ({"claims": '{"id_token":{"acr":{"essential":true,"values":["loa9"]}}}'}, "unmet_authentication_requirements"),
    ({"id_token_hint": "a.b.c"}, "invalid_request"),
    ({"dpop_jkt": "short"}, "invalid_request"),
    ({"nonce": "n" * 3000}, "invalid_request"),
]


@oidcc("oidcc-response-type-missing")
@against("PKCE downgrade", "authorization")
@against("mix-up", "answer without issuer")
async def test_a_bad_request_is_refused_at_the_clients_own_uri(partners: Partners) -> None:
    for changed, error in BAD:
        answer = await partners.browser.get("/oidc/authorize", {**BASIC_REQUEST, **changed})
        assert answer.to.startswith(f"{DEMO_REDIRECT}?"), changed
        assert (answer.told["error"], answer.told["state"], answer.told["iss"]) == (error, "a state", ISSUER), changed
        assert "code" not in answer.told


@against("guessing", "pushed request")
async def test_a_pushed_request_is_not_guessed(partners: Partners) -> None:
    guess = {"request_uri": "urn:ietf:params:oauth:request_uri:guessed"}
    answer = await partners.browser.get("/oidc/authorize", {**BASIC_REQUEST, **guess})
    assert (answer.status, answer.error, answer.to) == (400, "invalid_request_uri", "")


UNREGISTERED = [
    "",
    "https://evil.example/",
    DEMO_REDIRECT + "/",
    DEMO_REDIRECT + "?more=1",
    DEMO_REDIRECT.upper(),
    DEMO_REDIRECT.replace("8765", "8766"),
    DEMO_REDIRECT + "/../callback",
    "http://127.0.0.1:8765@evil.example/callback",
    SHOP.redirect_uris[0],
]


@oidcc("oidcc-ensure-registered-redirect-uri")
@against("open redirect", "authorization")
async def test_nobody_is_sent_to_a_uri_that_is_not_registered(partners: Partners) -> None:
    for uri in UNREGISTERED:
        answer = await partners.browser.get(
            "/oidc/authorize", {**BASIC_REQUEST, "redirect_uri": uri, "response_type": "x"}
        )
        assert (answer.status, answer.error, answer.to) == (400, "invalid_request", "")


@against("open redirect", "authorization")
async def test_an_unknown_client_leads_nowhere(partners: Partners) -> None:
    answer = await partners.browser.get("/oidc/authorize", {**BASIC_REQUEST, "client_id": "nobody"})
    assert (answer.status, answer.error, answer.to) == (400, "invalid_request", "")


@against("open redirect", "parameter given twice")
async def test_a_parameter_given_twice_leads_nowhere(partners: Partners) -> None:
    pairs = "&".join(f"{name}={value}" for name, value in BASIC_REQUEST.items() if name != "redirect_uri")
    query = f"{pairs}&redirect_uri={DEMO_REDIRECT}&redirect_uri=https://evil.example/"
    answer = await partners.browser.get(f"/oidc/authorize?{query}")
    assert (answer.status, answer.error, answer.to) == (400, "invalid_request", "")


@oidcc(
    "oidcc-ensure-request-with-unknown-parameter-succeeds",
    "oidcc-ensure-request-without-nonce-succeeds-for-code-flow",
    "oidcc-ensure-post-request-succeeds",
)
async def test_unknown_parameters_and_no_nonce_and_a_posted_request_are_fine(partners: Partners) -> None:
    browser = partners.browser
    form = {name: value for name, value in BASIC_REQUEST.items() if name != "nonce"} | {"surprise": "1"}
    answer = await browser.post("/oidc/authorize", form)
    assert answer.status == 303 and answer.to.startswith(f"{ISSUER}/authorize/")
    code = (await partners.agreed(browser, answer.to.rpartition("/")[2], await partners.zhang())).told["code"]
    assert "nonce" not in id_claims((await partners.redeem(code)).body)


@oidcc("oidcc-codereuse", "oidcc-codereuse-30seconds")
@fapi2("attempt-reuse-authorization-code-after-one-second")
@against("replaying", "authorization code")
async def test_a_code_is_good_once_and_a_second_use_ends_what_the_first_brought(partners: Partners, room: Room) -> None:
    browser = partners.browser
    code = await partners.code(browser, await partners.zhang(), scope="openid profile offline_access")
    first = (await partners.redeem(code)).body
    room.clock.advance(seconds=31)
    second = await partners.redeem(code)
    assert (second.status, second.error) == (400, "invalid_grant")
    assert (await partners.userinfo(first["access_token"])).status == 401
    assert (await partners.refresh(first["refresh_token"])).error == "invalid_grant"
    assert [entry["about"]["because"] for entry in await room.audited("oidc.grant_ended")] == ["code_reused"]
    assert len(await room.audited("oidc.refused")) == 1


@fapi2("ensure-token-endpoint-fails-with-expired-auth-code")
async def test_a_code_lives_for_a_minute(partners: Partners, room: Room) -> None:
    code = await partners.code(partners.browser, await partners.zhang())
    room.clock.advance(seconds=60)
    assert (await partners.redeem(code)).error == "invalid_grant"


UNFIT = [
    {"code_verifier": "w" * 64},
    {"code_verifier": CHALLENGE},
    {"code_verifier": ""},
    {"code_verifier": "v" * 200},
    {"redirect_uri": "https://shop.example/back"},
    {"redirect_uri": ""},
]


@fapi2("ensure-pkce-code-verifier-required", "incorrect-pkce-code-verifier-rejected")
@against("PKCE downgrade", "token")
async def test_a_code_wants_its_verifier_and_its_redirect_uri(partners: Partners) -> None:
    zhang = await partners.zhang()
    for changed in UNFIT:
        code = await partners.code(partners.browser, zhang)
        assert (await partners.redeem(code, client=PARTNER, **changed)).error == "invalid_grant", changed
        assert (await partners.redeem(code)).error == "invalid_grant"  # it was tried, and is spent


@fapi2("ensure-authorization-code-is-bound-to-client")
@against("mix-up", "code of another client")
async def test_another_client_cannot_use_a_code_nor_spoil_it(partners: Partners) -> None:
    code = await partners.code(partners.browser, await partners.zhang())
    assert (await partners.redeem(code, client=SHOP)).error == "invalid_grant"
    assert (await partners.redeem(code)).status == 200


async def test_a_public_client_binds_its_tokens_to_a_key(partners: Partners) -> None:
    code = await partners.code(partners.browser, await partners.zhang(), client_id=APP.id)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": DEMO_REDIRECT}
    assert (await partners.token(form, client=APP)).error == "invalid_dpop_proof"
    answer = await partners.redeem(code, client=APP)  # asked for before the code was looked at, so it is still good
    assert answer.body["token_type"] == "DPoP"


@fapi2(
    "ensure-unsigned-authorization-request-without-using-par-fails",
    "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds",
    "par-attempt-reuse-request_uri",
    "par-attempt-to-use-request_uri-for-different-client",
)
@against("replaying", "pushed request")
async def test_a_fapi_client_must_push_and_its_request_is_answered_once(partners: Partners, room: Room) -> None:
    browser, zhang = partners.browser, await partners.zhang()
    plain = await browser.get("/oidc/authorize", {**BASIC_REQUEST, "client_id": BANK.id})
    assert (plain.status, plain.error) == (400, "invalid_request")
    uri = await partners.pushed(BANK)
    stolen = await browser.get("/oidc/authorize", {"client_id": APP.id, "request_uri": uri})
    assert (stolen.status, stolen.error) == (400, "invalid_request_uri")
    only = {"client_id": BANK.id, "request_uri": uri, "scope": "openid phone", "redirect_uri": "https://evil.example/"}
    asked = await browser.get("/oidc/authorize", only)
    looked = await partners.provider.interactions.look(interaction_id=asked.to.rpartition("/")[2])
    assert looked.request.claims == {"name"}  # the pushed request alone counts
    loaded_again = await partners.asked(browser, client_id=BANK.id, request_uri=uri)
    assert "code" in (await partners.agreed(browser, loaded_again, zhang)).told
    again = await browser.get("/oidc/authorize", {"client_id": BANK.id, "request_uri": uri})
    assert (again.status, again.error) == (400, "invalid_request_uri")
    late = await partners.agreed(browser, asked.to.rpartition("/")[2], zhang)  # the first page, still open elsewhere
    assert (late.status, late.error, late.to) == (400, "invalid_request_uri", "")
    assert [entry["about"]["because"] for entry in await room.audited("oidc.grant_ended")] == ["answered_twice"]
    silent = {"client_id": BANK.id, "request_uri": await partners.pushed(BANK)}
    assert "code" in (await browser.get("/oidc/authorize", silent)).told
    assert (await browser.get("/oidc/authorize", silent)).error == "invalid_request_uri"
    silent["request_uri"] = await partners.pushed(BANK)
    at_once = await asyncio.gather(*(browser.get("/oidc/authorize", silent) for _ in range(5)))
    assert sum("code" in one.told for one in at_once) == 1


@fapi2("ensure-registered-redirect-uri", "par-attempt-to-use-expired-request_uri")
async def test_a_pushed_request_is_checked_when_it_is_pushed(partners: Partners, room: Room) -> None:
    good = {**BASIC_REQUEST, "client_id": BANK.id}

    async def push(**changed: str) -> str:
        return (await partners.post("/oidc/par", {**good, **changed, **partners.proof_of(BANK)})).error

    assert await push(request_uri="urn:ietf:params:oauth:request_uri:x") == "request_uri_not_supported"
    assert await push(request="a.b.c") == "invalid_request_object"
    assert await push(redirect_uri="https://evil.example/") == "invalid_request"
    assert await push(client_id=APP.id) == "invalid_request"
    assert (await partners.post("/oidc/par", good)).error == "invalid_client"
    uri = await partners.pushed(BANK)
    room.clock.advance(seconds=91)
    late = await partners.browser.get("/oidc/authorize", {"client_id": BANK.id, "request_uri": uri})
    assert late.error == "invalid_request_uri"


@fapi2("ensure-dpopproof-at-par-endpoint-binding-success", "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt")
async def test_a_code_bound_to_a_key_when_it_was_pushed_wants_that_key(partners: Partners) -> None:
    form = {**BASIC_REQUEST, "client_id": BANK.id, **partners.proof_of(BANK)}
    pushed = await partners.post("/oidc/par", form, proofs=[partners.proof("POST", "/oidc/par")])
    assert pushed.status == 201 and pushed.headers["DPoP-Nonce"]
    browser = partners.browser
    code = await partners.code(
        browser, await partners.zhang(), client_id=BANK.id, request_uri=pushed.body["request_uri"]
    )
    thief = Partners(partners.room, partners.provider, partners.http)
    assert (await thief.redeem(code, client=BANK)).error == "invalid_grant"
