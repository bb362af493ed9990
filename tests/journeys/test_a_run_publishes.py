"""A CI system's run hands in a version without anybody's key: signed by a key of its own, reviewed, released, and
believed by everybody long after that key has ended.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from citytong_sdk.bundles.encoding import from_b64url, json_object

from core.clock import FixedClock
from core.embedded import Stores
from core.mongo import Mongo
from core.redis import Redis
from miniapps.developers.demo import APP, NAME
from tests.support.ci_issuer import REQUEST, REQUEST_TOKEN, CiIssuer, ci_issuer
from tests.support.city import JSON, OpenCity, did
from tests.support.laptop import Laptop, city_that_listens
from tests.support.threats import covers
from tests.support.waiting import until

ZHANG, REVIEWER = "13800000001", "13900000017"
CLAIMS: Final = {
    "repository": "example/menu",
    "workflow_ref": "example/menu/.github/workflows/release.yml@refs/heads/main",
}
_ORGANISATIONS: Final = "{ developer { organisations { id name } } }"
_REMOVE: Final = "mutation($id: ID!) { removeTrustedPublisher(id: $id) { id } }"
_KEYS: Final = """query($app: String!) {
  developerApp(appId: $app) { publishers { id } publishingKeys { id publisher packageSha256 endsAt addedAt } }
}"""
_USED: Final = "query($app: String!) { developerApp(appId: $app) { publishers { lastUsedAt } publisherIssuers } }"
_QUEUE: Final = "{ reviewQueue { nodes { id origin { publisher issuer claims } } } }"
_VERSION: Final = "query($id: ID!) { miniVersion(id: $id) { versionName origin { publisher issuer claims } } }"
_APPROVE: Final = """mutation($id: ID!) {
  reviewVersion(id: $id, decision: APPROVE, granted: [], note: "Good") { state }
}"""
_ROLL: Final = "mutation($id: ID!) { startRollout(id: $id, percent: 5) { state } }"
_OPEN: Final = 'mutation($app: String!) { openMiniProgram(appId: $app, scene: "home") { release { versionName } } }'
_PROMOTE: Final = "mutation($id: ID!) { promoteVersion(id: $id) { state packageSha256 } }"


@pytest.fixture
def ci(clock: FixedClock) -> Iterator[CiIssuer]:
    with ci_issuer(**CLAIMS, sha="c0ffee", actor="somebody") as issuer:
        issuer.now = clock.now().timestamp()
        yield issuer


@pytest_asyncio.fixture
async def city(
    stores: Stores, mongo: Mongo, redis: Redis, clock: FixedClock, beside: dict[str, str], ci: CiIssuer
) -> AsyncIterator[OpenCity]:
    async with city_that_listens(stores, mongo, clock, beside, TONG_CI_ISSUERS=ci.url) as opened:
        yield opened


@covers("T29")
async def test_a_version_from_a_run_to_everybody(
    city: OpenCity, ci: CiIssuer, clock: FixedClock, tmp_path: Path
) -> None:
    zhang, reviewer = await city.token(ZHANG), await city.token(REVIEWER, audience="STAFF")
    studio = next(one["id"] for one in (await did(city, _ORGANISATIONS, zhang))["organisations"] if one["name"] == NAME)
    # Its owner says whose runs are the program's, by the command.
    owner = Laptop(city, tmp_path / "owner", tmp_path)
    await owner.sign_in(zhang, organisation=studio)
    claims = [word for name, text in CLAIMS.items() for word in ("--claim", f"{name}={text}")]
    added = await owner.tong("publishers", "add", "--app", APP, "--issuer", ci.url, *claims)
    (publisher,) = added["publishers"]
    assert (publisher["issuer"], publisher["claims"]) == (ci.url, CLAIMS)
    assert await owner.tong("publishers", "list", "--app", APP) == added

    (tmp_path / "home").mkdir()
    job = Laptop(city, tmp_path / "home", tmp_path)
    await job.tong("new", "menu", "--id", APP)
    job.folder = tmp_path / "menu"
    packed = await job.tong("pack")

    # Nobody is signed in here, and no key is here: without an ID token nothing goes.
    assert (await _refused(job, "submit", packed["path"], "--oidc"))["code"] == "TONG_NO_ID_TOKEN"
    job.env |= {
        "ACTIONS_ID_TOKEN_REQUEST_URL": ci.url + REQUEST,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
    }
    ci.claims["repository"] = "example/fork"
    refused = await _refused(job, "submit", packed["path"], "--oidc")
    assert refused["code"] == "TONG_OAUTH_INVALID_TARGET" and "repository example/fork" in refused["why"]
    ci.claims["repository"] = CLAIMS["repository"]
    submitted = await job.tong("submit", packed["path"], "--oidc", "--notes", "By a run")
    origin = {"publisher": publisher["id"], "issuer": ci.url, "claims": {**CLAIMS, "sha": "c0ffee"}}
    assert (submitted["state"], submitted["origin"]) == ("SUBMITTED", origin)
    assert list((tmp_path / "home").rglob("*")) == []  # nothing of it stays on the machine

    told = await did(city, _USED, zhang, app=APP)
    assert told["publishers"][0]["lastUsedAt"] is not None and told["publisherIssuers"] == [ci.url]
    here = await did(city, "{ developer { sandbox } }", zhang)
    assert here == {"sandbox": False}  # so its console has no test citizens

    # A run hands in and sees what became of it, and does nothing else.
    shown = await _exchanged(city, ci.token(aud=city.base))
    assert await did(city, _VERSION, shown, id=submitted["id"]) == {"versionName": "0.1.0", "origin": origin}
    assert (await city.ask(_REMOVE, token=shown, id=publisher["id"])).codes == ["FORBIDDEN"]
    assert (await city.ask(_ROLL, token=shown, id=submitted["id"])).codes == ["FORBIDDEN"]
    assert (await city.ask(_KEYS, token=shown, app=APP)).codes == ["FORBIDDEN"]
    # A key of one package signs no other, and who holds the file of an ID token uses it once.
    (tmp_path / "token").write_text(ci.token(aud=city.base))
    signed = await job.tong("sign", packed["path"], "--id-token-file", str(tmp_path / "token"))
    refused = await _refused(job, "submit", packed["path"], "--id-token-file", str(tmp_path / "token"))
    assert "shown before" in refused["why"]
    keys = (await did(city, _KEYS, zhang, app=APP))["publishingKeys"]
    assert {one["publisher"] for one in keys} == {publisher["id"]}
    by_package = {one["packageSha256"]: one["id"] for one in keys}
    assert by_package.keys() == {None, packed["pkg_sha256"]} and by_package[None] == signed["kid"]
    key = by_package[packed["pkg_sha256"]]

    # Reviewed and released days after the key has ended, and its publisher was removed.
    assert (await owner.tong("publishers", "remove", publisher["id"]))["id"] == publisher["id"]
    assert (await city.ask(_VERSION, token=shown, id=submitted["id"])).codes == ["UNAUTHENTICATED"]

    async def waits_for_an_officer() -> JSON | None:
        queue: JSON = await did(city, _QUEUE, reviewer)
        return queue["nodes"][0] if queue["nodes"] else None

    version = await until(waits_for_an_officer, what="the version in the queue", deadline_s=60)
    assert version == {"id": submitted["id"], "origin": origin}
    clock.advance(seconds=2 * 86_400)
    zhang, reviewer = await city.token(ZHANG), await city.token(REVIEWER, audience="STAFF")
    await did(city, _APPROVE, reviewer, id=version["id"])
    await did(city, _ROLL, zhang, id=version["id"])
    released = await did(city, _PROMOTE, zhang, id=version["id"])
    opened = await did(city, _OPEN, zhang, app=APP)
    assert opened["release"]["versionName"] == "0.1.0"
    async with city.http.get(f"{city.base}/mini/packages/{released['packageSha256']}.ma") as response:
        (tmp_path / "released.ma").write_bytes(await response.read())
    believed = await job.tong("verify", str(tmp_path / "released.ma"))
    assert believed["developer"]["kid"] == key
    assert believed["developer"]["organisation"] == studio
    assert (await job.tong("verify", str(tmp_path / "released.ma"), "--offline"))["log"] is not None
    # The key is published for this package alone, in the set and by itself.
    for query in ("", f"?kid={believed['developer']['kid']}"):
        async with city.http.get(f"{city.base}/.well-known/mini-jwks.json{query}") as response:
            listed = [one for one in (await response.json())["keys"] if one["kid"] == key]
        assert [one["city_package"] for one in listed] == [packed["pkg_sha256"]]
    async with city.http.get(f"{city.base}/.well-known/mini-jwks.json?kid={signed['kid']}") as response:
        assert await response.json() == {"keys": []}


async def _refused(job: Laptop, *words: str) -> JSON:
    status, out, _ = await job.tried(*words)
    assert status == 4, out
    found: JSON = json.loads(out)["error"]
    return found


async def _exchanged(city: OpenCity, token: str) -> str:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "client_id": "tong",
        "app": APP,
        "subject_token": token,
    }
    async with city.http.post(f"{city.base}/open/token", data=form) as response:
        told = await response.json()
    assert response.status == 200, told
    claims = json_object(from_b64url(told["access_token"].split(".")[1]))
    assert claims["scope"] == "publisher"
    return str(told["access_token"])
