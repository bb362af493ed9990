"""A stranger's program, from an empty folder to everybody's phone and back: every step by the command or the SDK that
they would use, against a city that listens.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from backend.operations import Branches, Reader
from citytong_sdk import MiniApp, PrivateKey
from citytong_sdk.errors import CodeUsed

from core.clock import FixedClock, to_ms
from core.embedded import Stores
from core.mongo import Mongo
from core.redis import Redis
from miniapps.developers.demo import NAME
from miniapps.developers.domains import DomainProof, DomainState, Method
from tests.support.city import JSON, OpenCity, did
from tests.support.laptop import Laptop, city_that_listens
from tests.support.waiting import until

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "examples" / "library"
APP: Final = "org.example.library"
ZHANG, OUYANG, LIU = "13800000001", "13800000003", "13800000004"
REVIEWER: Final = "13900000017"
_ORGANISATIONS: Final = "{ developer { organisations { id name } } }"
_APP: Final = """mutation($of: ID!, $id: String!) {
  registerApp(input: {organisation: $of, appId: $id, category: CULTURE, names: {en: "Library"}}) { appId }
}"""
_KEY: Final = """mutation($app: String!, $jwk: JSON!, $proof: String!) {
  addAppKey(appId: $app, jwk: $jwk, use: SIGN, proof: $proof) { id }
}"""
_QUEUE: Final = "{ reviewQueue { nodes { id versionName asked difference { files { path } } } } }"
_APPROVE: Final = """mutation($id: ID!, $granted: [String!]) {
  reviewVersion(id: $id, decision: APPROVE, granted: $granted, note: "Good") { state }
}"""
_OPEN: Final = 'mutation($app: String!) { openMiniProgram(appId: $app, scene: "home") { id release { versionCode } } }'
_ANSWER: Final = """mutation($id: ID!, $granted: [String!]!) {
  answerMiniPermissions(session: $id, granted: $granted, denied: [], text: "Yes") { name state }
}"""
_LOGIN: Final = "mutation($id: ID!) { miniLogin(session: $id) { code } }"
_PHONE: Final = "mutation($id: ID!) { miniPhoneCode(session: $id) { code } }"
_ENDED: Final = "query($id: ID!) { miniSession(session: $id) { ended } }"


@pytest_asyncio.fixture
async def city(
    stores: Stores, mongo: Mongo, redis: Redis, clock: FixedClock, beside: dict[str, str]
) -> AsyncIterator[OpenCity]:
    async with city_that_listens(stores, mongo, clock, beside) as opened:
        yield opened


async def _opens(city: OpenCity, citizen: str) -> int | None:
    """The version that a citizen is given; None where there is none for them."""
    answer = await city.ask(_OPEN, token=citizen, app=APP)
    if answer.codes == ["NOT_FOUND"]:
        return None
    assert answer.errors == [] and answer.data is not None, answer.errors
    found: int = answer.data["openMiniProgram"]["release"]["versionCode"]
    return found


async def _proved(city: OpenCity, domain: str) -> None:
    """What a name server of the internet would say is not here: the proof is entered as it would be found."""
    store, now = city.city.rooms.platform.developers.domains, to_ms(city.clock.now())
    until = now + timedelta(days=3)
    proof = DomainProof("mpd_1", APP, domain, "t", DomainState.PROVED, Method.FILE, 0, asked_at=now, due_at=until)

    async def work(session: Any) -> None:
        await store.add(proof, session=session)

    await store.mongo.transaction(work)


async def _approved(city: OpenCity, laptop: Laptop, reviewer: str, code: int, granted: list[str]) -> None:
    """Packed, signed, handed in, examined, read by an officer."""
    packed = await laptop.tong("pack", "--check-reproducible")
    await laptop.tong("sign", packed["path"])
    await laptop.tong("submit", packed["path"], "--notes", f"Version {code}")

    async def waits_for_an_officer() -> JSON | None:
        queue: JSON = await did(city, _QUEUE, reviewer)
        return queue["nodes"][0] if queue["nodes"] else None

    version = await until(waits_for_an_officer, what="the version in the queue", deadline_s=60)
    await did(city, _APPROVE, reviewer, id=version["id"], granted=granted)


async def test_a_library_from_an_empty_folder_to_everybody_and_back(
    city: OpenCity, clock: FixedClock, tmp_path: Path
) -> None:
    zhang, reviewer = await city.token(ZHANG), await city.token(REVIEWER, audience="STAFF")
    readers = [await city.token(phone) for phone in (OUYANG, LIU)]
    (tmp_path / "home").mkdir()
    laptop = Laptop(city, tmp_path / "home", tmp_path)

    # An empty folder, and the tutorial's files.
    await laptop.tong("new", "library", "--id", APP, "--template", "w3c-pages")
    laptop.folder = tmp_path / "library"
    shutil.rmtree(laptop.folder / "program" / "pages")
    shutil.copytree(EXAMPLE, laptop.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("sdk", "*.pem"))
    made = await laptop.tong("typegen", "--refresh")
    assert set(made["written"]) <= {"schema.graphql"}  # what the example has is what it makes
    assert [one["name"] for one in made["documents"]] == ["Branches", "Reader"]
    findings = (await laptop.tong("lint", "--profile", "review"))["findings"]
    assert {one["severity"] for one in findings} <= {"note"}

    # Who builds it, with which keys.
    studio = next(one["id"] for one in (await did(city, _ORGANISATIONS, zhang))["organisations"] if one["name"] == NAME)
    await did(city, _APP, zhang, of=studio, id=APP)
    told = await laptop.sign_in(zhang, organisation=studio)
    assert [one["id"] for one in told["organisations"]] == [studio]
    await laptop.tong("keys", "new")
    await laptop.tong("keys", "register")
    key = PrivateKey.generate()
    proof = key.proof(app_id=APP, now=clock.now().timestamp())
    await did(city, _KEY, zhang, app=APP, jwk=key.jwk, proof=proof)
    await _proved(city, "api.library.example")

    # The first version: a few, then everybody.
    wanted = ["city.user.openid", "city.user.phone", "city.data.masked_name", "city.message.subscribe"]
    await _approved(city, laptop, reviewer, 1, wanted)
    await laptop.tong("release", "--percent", "5")
    await laptop.tong("release", "promote")
    assert [await _opens(city, reader) for reader in readers] == [1, 1]
    await _serves(city, readers[0], key, clock)

    # The second one goes wrong: back to the first, for everybody, and the second runs nowhere any more.
    manifest = laptop.folder / "program" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"name": "1.0.0", "code": 1', '"name": "1.1.0", "code": 2'))
    await _approved(city, laptop, reviewer, 2, wanted)
    await laptop.tong("release", "--percent", "5")
    drawn = [await _opens(city, reader) for reader in readers]
    assert set(drawn) <= {1, 2}
    assert [await _opens(city, reader) for reader in readers] == drawn
    await laptop.tong("release", "promote")
    assert [await _opens(city, reader) for reader in readers] == [2, 2]
    session = (await did(city, _OPEN, readers[0], app=APP))["id"]
    await laptop.tong("release", "rollback", "--reason", "It loses loans")
    assert (await did(city, _ENDED, readers[0], id=session))["ended"] == "VERSION_REVOKED"
    assert [await _opens(city, reader) for reader in readers] == [1, 1]

    # Figures name nobody; and in the end it is taken back.
    figures = await laptop.tong("stats")
    assert figures["days"][-1]["opens"] == 12
    await laptop.tong("release", "revoke", "--version", "1.0.0", "--reason", "The library has closed")
    assert [await _opens(city, reader) for reader in readers] == [None, None]


async def _serves(city: OpenCity, reader: str, key: PrivateKey, clock: FixedClock) -> None:
    """The library's own server, by the SDK."""
    session = (await did(city, _OPEN, reader, app=APP))["id"]
    now = lambda: clock.now().timestamp()  # noqa: E731
    async with MiniApp(app_id=APP, key=key, platform=city.base, clock=now) as app:
        code = (await did(city, _LOGIN, reader, id=session))["code"]
        who = await app.auth.code2session(code)
        with pytest.raises(CodeUsed):
            await app.auth.code2session(code)
        branches = await app.graphql(Branches)
        assert branches.data is not None and branches.data["districts"]
        before = await app.graphql(Reader, on_behalf_of=who)
        assert before.withheld == ("Citizen.maskedName",)
        granted = ["city.user.phone", "city.data.masked_name"]
        await did(city, _ANSWER, reader, id=session, granted=granted)
        after = await app.graphql(Reader, on_behalf_of=who)
        assert after.withheld == () and after.data is not None and after.data["me"]["maskedName"]
        phone = await app.phone.exchange((await did(city, _PHONE, reader, id=session))["code"])
        assert phone.e164 == f"+86{OUYANG}"
