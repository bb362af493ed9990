"""Runs of a CI system and the city: whose ID token is exchanged, and for what. The issuer is a server of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, Final

import aiohttp
import jwt
import orjson
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from core.clock import FixedClock, epoch_s
from core.errors import BadInput, Forbidden, NotFound, SignInRequired
from core.oauth import OAuthError
from core.principal import Principal
from core.remote_keys import IssuerKeys, RemoteKeys, fetching
from miniapps.developers.errors import KeyTaken, LimitReached
from miniapps.developers.model import KeyUse, Role
from miniapps.developers.publishers import PUBLISHERS, RUNS
from miniapps.developers.publishing import EXCHANGE_GRANT, ID_TOKEN, Publishing
from miniapps.developers.service import Post
from tests.support.ci_issuer import CiIssuer, ci_issuer
from tests.support.developing import Holder
from tests.unit.miniapps.developers.wing import APP, ISSUER, Wing, citizen

REPOSITORY: Final = "example/menu"
WORKFLOW: Final = "example/menu/.github/workflows/release.yml@refs/heads/main"
CLAIMS: Final = {"repository": REPOSITORY, "workflow_ref": WORKFLOW, "environment": "release"}


@dataclass
class Yard:
    """A program whose runs at a CI system hand in its versions."""

    wing: Wing
    ci: CiIssuer
    owner: Principal
    organisation: str
    publisher: str

    @property
    def publishing(self) -> Publishing:
        return self.wing.granting.publishing

    def form(self, token: str, key: Holder | None = None, **more: str) -> dict[str, str]:
        told = {
            "grant_type": EXCHANGE_GRANT,
            "client_id": "tong",
            "subject_token_type": ID_TOKEN,
            "subject_token": token,
            "app": APP,
        }
        if key is not None:
            now = epoch_s(self.wing.clock.now())
            told |= {"jwk": orjson.dumps(key.jwk).decode(), "proof": key.proof({"app": APP, "iat": now})}
        return told | more

    async def exchange(self, token: str, key: Holder | None = None, **more: str) -> dict[str, Any]:
        return await self.wing.granting.answer(self.form(token, key, **more), address="192.0.2.1")

    async def refused(self, token: str, key: Holder | None = None, **more: str) -> tuple[str, str]:
        """How it is refused; and nothing changed."""
        before = await self.wing.mongo.collection(RUNS).count_documents({})
        with pytest.raises(OAuthError) as fault:
            await self.exchange(token, key, **more)
        assert await self.wing.mongo.collection(RUNS).count_documents({}) == before
        return fault.value.code, fault.value.description


@pytest_asyncio.fixture
async def yard(wing: Wing, clock: FixedClock) -> AsyncIterator[Yard]:
    with ci_issuer(**CLAIMS, sha="c0ffee", run_id="7", actor="somebody") as ci:
        ci.now = clock.now().timestamp()
        async with aiohttp.ClientSession() as http:
            keys = IssuerKeys(fetching(http, inside=True), RemoteKeys(clock))
            publishing = replace(wing.granting.publishing, keys=keys, issuers=(ci.url, "https://ci.example"))
            wing.granting = replace(wing.granting, publishing=publishing)
            owner = citizen("cit_1", clock)
            organisation = (await wing.studio(owner)).organisation.id
            await wing.app(owner, organisation)
            made = await publishing.add(principal=owner, app_id=APP, issuer=ci.url, claims=CLAIMS)
            yield Yard(wing, ci, owner, organisation, made.id)


async def test_a_run_is_given_a_token_for_its_program_alone(yard: Yard) -> None:
    key = Holder.ed25519()
    told = await yard.exchange(yard.ci.token(aud=ISSUER), key)
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 600, "publisher")
    run = await yard.wing.principal(told)
    assert run.actor == yard.publisher and run.scopes == {"publisher"}
    authority = await yard.wing.developers.submitter(principal=run)
    assert (authority.the_app.app_id, authority.role, authority.developer) == (APP, Role.DEVELOPER, yard.publisher)
    assert authority.run is not None and authority.run.kid == key.kid
    # Which code, by which workflow; and not who pressed the button.
    assert authority.run.told == {**CLAIMS, "sha": "c0ffee", "run_id": "7"}
    other = await yard.wing.app(yard.owner, yard.organisation, "cn.tongcheng.other")
    with pytest.raises(NotFound):
        await yard.wing.developers.submitter(principal=run, app_id=other)
    # Whatever else is asked for is asked of a member.
    for asked in (yard.wing.developers.authority, yard.wing.developers.membership):
        with pytest.raises(Forbidden):
            await asked(principal=run, app_id=APP)
    with pytest.raises(Forbidden):
        await yard.publishing.add(principal=run, app_id=APP, issuer=yard.ci.url, claims=CLAIMS)
    yard.wing.clock.advance(seconds=606)
    with pytest.raises(SignInRequired):
        await yard.wing.principal(told)


async def test_its_token_ends_as_soon_as_its_publisher_is_removed(yard: Yard) -> None:
    run = await yard.wing.principal(await yard.exchange(yard.ci.token(aud=ISSUER)))
    await yard.publishing.remove(principal=yard.owner, id=yard.publisher)
    with pytest.raises(SignInRequired):
        await yard.wing.developers.submitter(principal=run)
    assert (await yard.refused(yard.ci.token(aud=ISSUER)))[0] == "invalid_target"


@pytest.mark.parametrize(
    ("claims", "code", "says"),
    [
        ({"aud": "https://elsewhere.example"}, "invalid_request", "aud must be"),
        ({"aud": [ISSUER, "https://elsewhere.example"]}, "invalid_request", "aud must be"),
        ({"repository": "example/menu-fork"}, "invalid_target", "no publisher"),
        ({"repository": None}, "invalid_target", "no publisher"),
        ({"repository": [REPOSITORY]}, "invalid_target", "no publisher"),
        ({"workflow_ref": WORKFLOW + "-mine"}, "invalid_target", "no publisher"),
        ({"environment": "Release"}, "invalid_target", "no publisher"),
        ({"iss": "https://ci.example"}, "invalid_target", "no publisher"),
        ({"iss": "https://unknown.example"}, "invalid_target", "no publisher"),
        ({"iss": None}, "invalid_target", "no publisher"),
        ({"jti": None}, "invalid_request", "no jti"),
        ({"exp": None}, "invalid_request", "no times"),
        ({"iat": True}, "invalid_request", "no times"),
    ],
)
async def test_what_an_id_token_must_say(yard: Yard, claims: dict[str, Any], code: str, says: str) -> None:
    refused = await yard.refused(yard.ci.token(**{"aud": ISSUER, **claims}))
    assert refused[0] == code and says in refused[1]


async def test_an_id_token_is_of_now_and_shown_once(yard: Yard) -> None:
    now, said = int(yard.ci.now), "not of now"
    wrong: list[dict[str, Any]] = [
        {"exp": now},
        {"iat": now + 60, "exp": now + 120},
        {"nbf": now + 60},
        {"exp": now + 90_000},
    ]
    for times in wrong:
        assert said in (await yard.refused(yard.ci.token(aud=ISSUER, **times)))[1]
    token = yard.ci.token(aud=ISSUER)
    await yard.exchange(token)
    assert "shown before" in (await yard.refused(token))[1]
    # Nor by its key.
    key = Holder.ed25519()
    await yard.exchange(yard.ci.token(aud=ISSUER), key)
    assert "another run's" in (await yard.refused(yard.ci.token(aud=ISSUER), key))[1]


async def test_who_signed_an_id_token(yard: Yard) -> None:
    stranger = generate_private_key(public_exponent=65537, key_size=2048)
    right = yard.ci.token(aud=ISSUER)
    head, body, signature = right.split(".")
    nobody_s = jwt.utils.base64url_encode(b'{"alg":"none","kid":"ci-1"}').decode()
    for token in (
        yard.ci.token(aud=ISSUER, key=stranger),
        yard.ci.token(aud=ISSUER, alg="HS256"),
        f"{nobody_s}.{body}.{signature}",
        f"{head}.{body}.{signature[:-8]}AAAAAAAA",
        "",
        "a.b.c",
    ):
        assert (await yard.refused(token))[0] == "invalid_request"
    await yard.exchange(right)


async def test_no_issuer_of_our_own_network_is_called(yard: Yard) -> None:
    async with aiohttp.ClientSession() as http:
        inside = IssuerKeys(fetching(http), RemoteKeys(yard.wing.clock))
        yard.wing.granting = replace(yard.wing.granting, publishing=replace(yard.publishing, keys=inside))
        assert "not signed by its issuer" in (await yard.refused(yard.ci.token(aud=ISSUER)))[1]
        yard.ci.url, served = f"https://localhost:{yard.ci.url.rpartition(':')[2]}", yard.ci.url
        publishing = replace(yard.publishing, issuers=(yard.ci.url,))
        yard.wing.granting = replace(yard.wing.granting, publishing=publishing)
        await publishing.add(principal=yard.owner, app_id=APP, issuer=yard.ci.url, claims=CLAIMS)
        assert "not signed by its issuer" in (await yard.refused(yard.ci.token(aud=ISSUER)))[1]
    assert yard.ci.asked == [] and served


async def test_an_issuer_is_asked_seldom_and_only_where_somebody_trusts_it(yard: Yard) -> None:
    yard.ci.claims["iss"] = "https://unknown.example"
    await yard.refused(yard.ci.token(aud=ISSUER))
    await yard.refused(yard.ci.token(aud=ISSUER), app="cn.tongcheng.nobody")
    assert yard.ci.asked == []
    del yard.ci.claims["iss"]
    for _ in range(3):
        await yard.exchange(yard.ci.token(aud=ISSUER))
    assert yard.ci.asked == ["/.well-known/openid-configuration", "/keys"]
    # One that calls itself otherwise is not the one that was meant.
    yard.wing.clock.advance(seconds=4000)
    yard.ci.now += 4000
    yard.ci.url, served = "https://ci.example", yard.ci.url
    yard.ci.claims["iss"] = served
    assert "not signed by its issuer" in (await yard.refused(yard.ci.token(aud=ISSUER)))[1]


async def test_the_key_that_a_run_brings_is_its_own(yard: Yard) -> None:
    now, key, other = epoch_s(yard.wing.clock.now()), Holder.ed25519(), Holder.ed25519()
    for more in (
        {"proof": other.proof({"app": APP, "iat": now})},
        {"proof": key.proof({"app": "cn.tongcheng.other", "iat": now})},
        {"proof": key.proof({"app": APP, "iat": now - 3600})},
        {"proof": ""},
        {"jwk": "[]"},
        {"jwk": "{"},
    ):
        assert "the key cannot be taken" in (await yard.refused(yard.ci.token(aud=ISSUER), key, **more))[1]
    proof = key.proof({"organisation": yard.organisation, "iat": now})
    await yard.wing.keys.add(principal=yard.owner, organisation=yard.organisation, jwk=key.jwk, proof=proof)
    assert "make a new one" in (await yard.refused(yard.ci.token(aud=ISSUER), key))[1]
    # Nor is a run's anybody's afterwards, nor what it signed by.
    brought, signed = Holder.ed25519(), Holder.ed25519()
    for run_s in (brought, signed):
        await yard.exchange(yard.ci.token(aud=ISSUER), run_s)
    (run,) = [one for one in await yard.publishing.keys_of_app(APP) if one.kid == signed.kid]
    assert await yard.wing.developers.sign_by(run, "ab" * 32)
    await yard.wing.mongo.collection(RUNS).delete_one({"_id": run.id})
    for run_s in (brought, signed):
        proof = run_s.proof({"organisation": yard.organisation, "iat": now})
        with pytest.raises(KeyTaken):
            await yard.wing.keys.add(principal=yard.owner, organisation=yard.organisation, jwk=run_s.jwk, proof=proof)
        proof = run_s.proof({"app": APP, "iat": now})
        with pytest.raises(KeyTaken):
            await yard.wing.keys.add_to_app(
                principal=yard.owner, app_id=APP, jwk=run_s.jwk, use=KeyUse.SIGN, proof=proof
            )


async def test_a_key_signs_no_more_once_its_publisher_is_removed(yard: Yard) -> None:
    """Also where a run of another publisher hands in what it signed."""
    key, package = Holder.ed25519(), "ab" * 32
    await yard.exchange(yard.ci.token(aud=ISSUER), key)
    more = {"repository": REPOSITORY, "sha": "c0ffee"}
    await yard.publishing.add(principal=yard.owner, app_id=APP, issuer=yard.ci.url, claims=more)
    other = await yard.wing.principal(await yard.exchange(yard.ci.token(aud=ISSUER, environment="test")))
    authority = await yard.wing.developers.submitter(principal=other)
    assert [one.kid for one in await yard.wing.developers.run_keys(authority, package)] == [key.kid]
    await yard.publishing.remove(principal=yard.owner, id=yard.publisher)
    assert await yard.wing.developers.run_keys(authority, package) == []


async def test_a_run_speaks_for_nobody_where_no_owner_may_act(yard: Yard) -> None:
    wing, li = yard.wing, citizen("cit_li", yard.wing.clock)
    run = await wing.principal(await yard.exchange(yard.ci.token(aud=ISSUER)))
    wing.people.levels["cit_1"] = None
    with pytest.raises(SignInRequired):
        await wing.developers.submitter(principal=run)
    assert (await yard.refused(yard.ci.token(aud=ISSUER)))[0] == "invalid_target"
    del wing.people.levels["cit_1"]
    await wing.developers.submitter(principal=run)

    # An organisation that the city suspended has no members while it is.
    wing.people.posts_of["cit_li"] = [Post("org_1", "示范公司", "91110101MA0DEM001X", Role.OWNER)]
    firm = (await wing.registering.register(principal=li, of="org_1", name=None)).organisation.id
    app = await wing.app(li, firm, "cn.tongcheng.firm")
    await yard.publishing.add(principal=li, app_id=app, issuer=yard.ci.url, claims=CLAIMS)
    run = await wing.principal(await yard.exchange(yard.ci.token(aud=ISSUER), app=app))
    await wing.developers.submitter(principal=run, app_id=app)
    del wing.people.posts_of["cit_li"]
    with pytest.raises(SignInRequired):
        await wing.developers.submitter(principal=run, app_id=app)
    assert (await yard.refused(yard.ci.token(aud=ISSUER), app=app))[0] == "invalid_target"


async def test_who_says_which_runs_are_the_program_s(yard: Yard) -> None:
    again = await yard.publishing.add(principal=yard.owner, app_id=APP, issuer=yard.ci.url, claims=CLAIMS)
    assert again.id == yard.publisher and [one.id for one in await yard.publishing.of_app(APP)] == [yard.publisher]
    wrong: list[tuple[str, object]] = [
        ("https://unknown.example", CLAIMS),
        (yard.ci.url, {}),
        (yard.ci.url, []),
        (yard.ci.url, {"environment": "release"}),
        (yard.ci.url, {**CLAIMS, "aud": ISSUER}),
        (yard.ci.url, {**CLAIMS, "run_attempt": 1}),
        (yard.ci.url, {**CLAIMS, "ref": ""}),
        (yard.ci.url, {**CLAIMS, "$ref": "x"}),
        (yard.ci.url, {f"c{n}": "x" for n in range(10)} | CLAIMS),
    ]
    for issuer, claims in wrong:
        with pytest.raises(BadInput):
            await yard.publishing.add(principal=yard.owner, app_id=APP, issuer=issuer, claims=claims)
    stranger = citizen("cit_2", yard.wing.clock)
    with pytest.raises(NotFound):
        await yard.publishing.add(principal=stranger, app_id=APP, issuer=yard.ci.url, claims=CLAIMS)
    with pytest.raises(NotFound):
        await yard.publishing.remove(principal=stranger, id=yard.publisher)
    assert await yard.wing.mongo.collection(PUBLISHERS).count_documents({}) == 1
    for n in range(19):
        more = {**CLAIMS, "ref": f"refs/heads/{n}"}
        await yard.publishing.add(principal=yard.owner, app_id=APP, issuer=yard.ci.url, claims=more)
    with pytest.raises(LimitReached):
        await yard.publishing.add(principal=yard.owner, app_id=APP, issuer=yard.ci.url, claims={"sub": "x"})
