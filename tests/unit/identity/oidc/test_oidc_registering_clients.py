"""What the provider says of itself, and how clients come to be, change and are stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import jwt
import pytest

from core import jose
from core.errors import BadInput, Forbidden, SignInRequired
from core.keys import Algorithm
from core.oauth import OAuthError
from core.principal import ANONYMOUS, Principal
from identity.oidc.client_metadata import read_metadata
from identity.oidc.demo import DEMO_SECRET
from identity.oidc.errors import ClientMetadataInvalid
from identity.oidc.model import Client, ClientState, GrantType, Profile
from tests.support.attacks import against
from tests.support.conformance import fapi2, oidcc
from tests.unit.identity.oidc.partners import (
    BANK_KEY,
    BASIC_REQUEST,
    PARTNER,
    Answer,
    Partners,
    answer_of,
    id_claims,
    public_jwk,
)
from tests.unit.identity.room import CLERK, ISSUER, Room

LIBRARY: dict[str, Any] = {
    "client_name": "图书馆",
    "client_name#en": "Library",
    "operator_name": "市文化局",
    "purpose": "办理借书证",
    "redirect_uris": ["https://library.example/back"],
    "scope": "openid profile",
    "grant_types": ["authorization_code", "refresh_token"],
}


async def _officer(room: Room) -> Principal:
    clerk = await room.clerk(CLERK)
    return replace(clerk, scopes=clerk.scopes | {"oidc:clients"})


async def _send(
    partners: Partners, body: Any, *, token: str, method: str = "POST", path: str = "/oidc/register"
) -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    async with partners.http.request(method, path, json=body, headers=headers) as response:
        return await answer_of(response)


async def _registered(partners: Partners, **changed: Any) -> dict[str, Any]:
    token = await partners.provider.registration.give_token(principal=await _officer(partners.room))
    answer = await _send(partners, {**LIBRARY, **changed}, token=token)
    assert answer.status == 201, answer.body
    return answer.body


# --- discovery


@oidcc(
    "oidcc-rp-initiated-logout-discovery-endpoint-verification",
    "oidcc-backchannel-logout-discovery-endpoint-verification",
)
@fapi2("discovery-end-point-verification")
async def test_the_provider_says_what_it_does(partners: Partners) -> None:
    async with partners.http.get("/.well-known/openid-configuration") as response:
        told = await response.json()
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    async with partners.http.get("/.well-known/oauth-authorization-server") as response:
        assert await response.json() == told
    assert told["issuer"] == ISSUER and told["response_types_supported"] == ["code"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["subject_types_supported"] == ["pairwise"]
    assert set(told["id_token_signing_alg_values_supported"]) == {"ES256", "Ed25519", "RS256"}
    assert not {"implicit", "password"} & set(told["grant_types_supported"])
    assert told["backchannel_logout_supported"] is told["backchannel_logout_session_supported"] is True
    assert told["end_session_endpoint"] == f"{ISSUER}/oidc/end_session"
    assert told["response_modes_supported"] == ["query", "query.jwt", "jwt"]
    assert "RS256" in told["request_object_signing_alg_values_supported"]
    assert told["id_token_encryption_alg_values_supported"] == ["ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP-256"]
    assert told["trust_frameworks_supported"] == ["urn:city:real-name"] and told["verified_claims_supported"] is True
    assert told["claims_in_verified_claims_supported"] == ["birthdate", "name"]
    assert not any("." in claim for claim in told["claims_supported"])
    assert told["request_parameter_supported"] is True and told["request_uri_parameter_supported"] is False


async def test_the_keys_are_public_and_of_every_algorithm(partners: Partners) -> None:
    async with partners.http.get("/oidc/jwks") as response:
        keys = (await response.json())["keys"]
    assert sorted(key["alg"] for key in keys) == ["ES256"] * 2 + ["Ed25519"] * 2 + ["RS256"] * 2
    assert all(key["use"] == "sig" and not {"d", "p", "q", "k"} & key.keys() for key in keys)


@oidcc("oidcc-idtoken-signature")
async def test_an_id_token_is_signed_as_its_client_wants(partners: Partners) -> None:
    for algorithm in Algorithm:
        await partners.provider.parts.store.put_client(replace(PARTNER, id_token_alg=algorithm))
        tokens = await partners.tokens()
        header = jwt.get_unverified_header(tokens["id_token"])
        assert header.keys() == {"alg", "kid", "typ"} and header["alg"] == algorithm
        (key,) = [k for k in partners.provider.parts.tokens.jwks()["keys"] if k["kid"] == header["kid"]]
        jose.check(jose.take_apart(tokens["id_token"]), key, allowed=(algorithm.value,))
        assert id_claims(tokens)["at_hash"] == jose.half_hash(tokens["access_token"], algorithm.value)


async def test_a_rotated_key_still_checks_a_hint(partners: Partners) -> None:
    browser = partners.browser
    tokens = await partners.tokens(browser)
    for ring in partners.provider.parts.tokens.rings.values():
        await ring.rotate()
    assert (await partners.userinfo(tokens["access_token"])).status == 200
    answer = await browser.get("/oidc/end_session", {"id_token_hint": tokens["id_token"]})
    assert answer.to == f"{ISSUER}/signed-out"


# --- registration over HTTP


async def test_a_registered_client_waits_for_staff(partners: Partners, room: Room) -> None:
    told = await _registered(partners)
    assert told["client_secret_expires_at"] == 0 and told["review_state"] == "PENDING"
    code = {"grant_type": "authorization_code", "code": "x"}
    auth = (told["client_id"], told["client_secret"])
    assert (await partners.post("/oidc/token", code, auth=auth)).error == "unauthorized_client"
    approved = await partners.provider.registration.approve(principal=await _officer(room), client_id=told["client_id"])
    assert approved.state is ClientState.APPROVED
    assert (await partners.post("/oidc/token", code, auth=auth)).error == "invalid_grant"
    kinds = [await room.audited(f"oidc.client_{done}") for done in ("registered", "approved")]
    assert [len(entries) for entries in kinds] == [1, 1]
    row = await room.mongo.collection("identity_oidc_clients").find_one({"_id": told["client_id"]})
    assert told["client_secret"] not in repr(row) and told["registration_access_token"] not in repr(row)


@against("replaying", "registration token")
async def test_a_registration_token_is_good_once_and_for_a_week(partners: Partners, room: Room) -> None:
    token = await partners.provider.registration.give_token(principal=await _officer(room))
    assert (await _send(partners, LIBRARY, token=token)).status == 201
    assert (await _send(partners, LIBRARY, token=token)).status == 401
    assert (await _send(partners, LIBRARY, token="guess")).status == 401
    late = await partners.provider.registration.give_token(principal=await _officer(room))
    room.clock.advance(seconds=8 * 86_400)
    assert (await _send(partners, LIBRARY, token=late)).error == "invalid_token"


@oidcc("oidcc-idtoken-unsigned")
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://library.example/back"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://library.example/back#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://*.library.example/back"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://me@library.example/back"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["library:/back"]}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://a.example/" + "x" * 600}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/", "https://b.example/"]}, "invalid_client_metadata"),
        ({"redirect_uris": [7]}, "invalid_client_metadata"),
        ({"scope": "openid everything"}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"subject_type": "public"}, "invalid_client_metadata"),
        ({"jwks_uri": "http://169.254.169.254/"}, "invalid_client_metadata"),
        ({"sector_identifier_uri": "http://127.0.0.1/"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"require_pushed_authorization_requests": True}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "HS256"}, "invalid_client_metadata"),
        ({"backchannel_logout_uri": "http://10.0.0.1/"}, "invalid_redirect_uri"),
        ({"client_name": "x\u0000y"}, "invalid_client_metadata"),
        ({"client_name": "", "client_name#en": ""}, "invalid_client_metadata"),
        ({"purpose": ""}, "invalid_client_metadata"),
        ({"default_max_age": -1}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{**public_jwk(BANK_KEY), "d": "AAAA"}]}}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}}, "invalid_client_metadata"),
    ],
)
def test_metadata_that_will_not_do(changed: dict[str, Any], error: str) -> None:
    with pytest.raises(OAuthError) as refusal:
        read_metadata({**LIBRARY, **changed}, client_id="cli_1")
    assert (refusal.value.status, refusal.value.code) == (400, error)


async def test_a_registration_that_is_refused_spends_no_token(partners: Partners, room: Room) -> None:
    token = await partners.provider.registration.give_token(principal=await _officer(room))
    refused = await _send(partners, {**LIBRARY, "redirect_uris": []}, token=token)
    assert (refused.status, refused.error) == (400, "invalid_redirect_uri")
    assert (await _send(partners, [], token=token)).error == "invalid_client_metadata"
    assert (await _send(partners, LIBRARY, token=token)).status == 201


@against("mass assignment", "client's metadata")
async def test_nobody_gives_themself_what_only_staff_give(partners: Partners) -> None:
    told = await _registered(
        partners, client_id="demo-bank", state="APPROVED", review_state="APPROVED", service_scopes=["x"],
        exchange_to=["demo-shop"], sector="bank.example", client_secret="mine", profile="FAPI2",
    )  # fmt: skip
    client = await partners.provider.parts.store.client(told["client_id"])
    assert client is not None and told["client_id"] != "demo-bank" and told["client_secret"] != "mine"
    assert (client.state, client.profile, client.sector) == (ClientState.PENDING, Profile.BASIC, "library.example")
    assert (client.service_scopes, client.exchange_to) == (frozenset(), frozenset())


async def test_a_client_is_managed_with_its_own_token(partners: Partners, room: Room) -> None:
    told, other = await _registered(partners), await _registered(partners)
    path = told["registration_client_uri"].removeprefix(ISSUER)
    own = told["registration_access_token"]

    async def send(method: str, body: Any = None, token: str = own) -> Answer:
        return await _send(partners, body, token=token, method=method, path=path)

    assert (await send("GET")).body["client_name"] == "图书馆"
    for token in (other["registration_access_token"], "guess", ""):
        assert (await send("GET", token=token)).status == 401
    await partners.provider.registration.approve(principal=await _officer(room), client_id=told["client_id"])
    less = {**LIBRARY, "scope": "openid"}
    assert (await send("PUT", less)).body["review_state"] == "APPROVED"
    assert (await send("PUT", LIBRARY)).body["review_state"] == "PENDING"  # wider: looked at again
    moved = {**LIBRARY, "redirect_uris": ["https://evil.example/"]}
    assert (await send("PUT", moved)).body["review_state"] == "PENDING"
    client = await partners.provider.parts.store.client(told["client_id"])
    assert client is not None and client.sector == "library.example"
    assert (await send("PUT", {**LIBRARY, "client_id": "demo-bank"})).error == "invalid_request"
    assert (await send("PUT", {**LIBRARY, "client_secret": "mine"})).error == "invalid_request"
    weaker = {**LIBRARY, "token_endpoint_auth_method": "none"}
    assert (await send("PUT", weaker)).error == "invalid_client_metadata"
    assert (await send("DELETE")).status == 204
    assert (await send("GET")).status == 401


# --- staff


@against("another's rights", "officer without the role")
async def test_only_those_whose_work_it_is(partners: Partners, room: Room) -> None:
    registration, clerk = partners.provider.registration, await room.clerk(CLERK)
    calls: list[Callable[[Principal], Awaitable[object]]] = [
        lambda who: registration.give_token(principal=who),
        lambda who: registration.enter(principal=who, body=LIBRARY),
        lambda who: registration.approve(principal=who, client_id="demo-partner"),
        lambda who: registration.suspend(principal=who, client_id="demo-partner"),
        lambda who: registration.renew_secret(principal=who, client_id="demo-partner"),
    ]
    before = await room.dump()
    for call in calls:
        with pytest.raises(SignInRequired):
            await call(ANONYMOUS)
        with pytest.raises(Forbidden):
            await call(clerk)
    assert await room.dump() == before


async def test_staff_register_and_say_what_a_client_may_do_as_itself(partners: Partners, room: Room) -> None:
    officer, registration = await _officer(room), partners.provider.registration
    with pytest.raises(ClientMetadataInvalid):
        await registration.enter(principal=officer, body={})
    entered = await registration.enter(
        principal=officer, body={**LIBRARY, "grant_types": ["client_credentials"], "redirect_uris": []}
    )
    approved: Client = await registration.approve(
        principal=officer, client_id=entered.client.id, service_scopes=frozenset({"archive:read"})
    )
    assert approved.grant_types == {GrantType.CLIENT}
    answer = await partners.post(
        "/oidc/token", {"grant_type": "client_credentials"}, auth=(approved.id, entered.secret)
    )
    assert answer.body["scope"] == "archive:read"


async def test_a_suspended_client_loses_all_it_was_granted(partners: Partners, room: Room) -> None:
    tokens = await partners.tokens(scope="openid profile offline_access")
    await partners.provider.registration.suspend(principal=await _officer(room), client_id="demo-partner")
    assert (await partners.userinfo(tokens["access_token"])).status == 401
    assert (await partners.refresh(tokens["refresh_token"])).error == "unauthorized_client"
    await partners.provider.registration.approve(principal=await _officer(room), client_id="demo-partner")
    assert (await partners.refresh(tokens["refresh_token"])).error == "invalid_grant"


async def test_a_renewed_secret_replaces_the_old_one(partners: Partners, room: Room) -> None:
    officer = await _officer(room)
    renewed = await partners.provider.registration.renew_secret(principal=officer, client_id="demo-partner")
    code = {"grant_type": "authorization_code", "code": "x"}
    assert (await partners.token(code)).error == "invalid_client"
    answer = await partners.post("/oidc/token", code, auth=("demo-partner", renewed.secret))
    assert answer.error == "invalid_grant"
    with pytest.raises(ClientMetadataInvalid):
        await partners.provider.registration.renew_secret(principal=officer, client_id="demo-bank")


async def test_a_secret_changes_over_and_scopes_are_given_by_staff(partners: Partners, room: Room) -> None:
    officer, registration = await _officer(room), partners.provider.registration
    code = {"grant_type": "authorization_code", "code": "x"}
    renewed = await registration.renew_secret(principal=officer, client_id="demo-partner", overlap_hours=1)
    new = ("demo-partner", renewed.secret)
    for auth in (new, ("demo-partner", DEMO_SECRET)):
        assert (await partners.post("/oidc/token", code, auth=auth)).error == "invalid_grant"
    room.clock.advance(seconds=3600)
    assert (await partners.token(code)).error == "invalid_client"
    assert (await partners.post("/oidc/token", code, auth=new)).error == "invalid_grant"
    for hours in (-1, 73):
        with pytest.raises(BadInput):
            await registration.renew_secret(principal=officer, client_id="demo-partner", overlap_hours=hours)
    only = await registration.approve(principal=officer, client_id="demo-partner", scopes=frozenset({"phone"}))
    assert only.scopes == {"openid", "phone"}
    answer = await partners.browser.get("/oidc/authorize", BASIC_REQUEST)
    assert answer.told["error"] == "invalid_scope"
    with pytest.raises(BadInput):
        await registration.approve(principal=officer, client_id="demo-partner", scopes=frozenset({"profile"}))


async def test_a_change_never_undoes_a_suspension(partners: Partners, room: Room) -> None:
    """Both at once, again and again: whichever comes last, the client stays suspended."""
    officer, registration = await _officer(room), partners.provider.registration
    told = await _registered(partners)
    client_id, token = told["client_id"], told["registration_access_token"]
    for _ in range(5):
        await registration.approve(principal=officer, client_id=client_id)
        await asyncio.gather(
            registration.change(client_id, LIBRARY, token=token),
            registration.suspend(principal=officer, client_id=client_id),
            registration.change(client_id, LIBRARY, token=token),
        )
        client = await partners.provider.parts.store.client(client_id)
        assert client is not None and client.state is ClientState.SUSPENDED
