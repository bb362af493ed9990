"""Publishing programs, the log of releases, taking back, and the city's own programs."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from core.clock import FixedClock, epoch_s
from core.crypto import FieldCipher
from core.errors import NotFound
from core.events import EVENTS
from core.graph import Context
from core.ids import Ids
from core.locale import Locale
from core.mongo import Mongo
from core.paging import PageRequest
from miniapps.bundles import blocks, revocations, statement, tiles, tlog
from miniapps.bundles.encoding import b64url
from miniapps.bundles.errors import BundleError
from miniapps.releases import own
from miniapps.releases.catalogue import Catalogue
from miniapps.releases.errors import (
    CannotChange,
    NotTheDevelopers,
    PackageInvalid,
    ProgramRevoked,
    ProgramTaken,
    VersionNotNewer,
)
from miniapps.releases.model import Category, Program, ReleaseState
from miniapps.releases.own import OwnPrograms
from miniapps.releases.service import Releases
from miniapps.releases.signing import public_keys
from miniapps.releases.store import ReleaseStore
from miniapps.schema import schema
from tests.support.threats import covers
from tests.support.waiting import until
from tests.unit.miniapps.releases.workshop import APP, ICON, PAGE, Developer, Workshop, build, files

ALL = PageRequest.of(first=20, after=None)


async def listed(workshop: Workshop, search: str = "", locale: Locale = Locale.EN) -> list[Program]:
    return list((await workshop.releases.programs(search=search, locale=locale, page=ALL)).rows)


async def verified(workshop: Workshop, package: bytes) -> statement.Verified:
    """As a host does it, offline, with what the city publishes."""
    releases = workshop.releases
    return statement.verify(
        package,
        developer_keys=public_keys([workshop.developer.jwk]),
        platform_keys=public_keys(releases.rings.platform.jwks()["keys"]),
        log_key=next(key for key in releases.log.note_keys() if key.id.hex() in _note_ids(package)),
        now=epoch_s(workshop.clock.now()),
    )


def _note_ids(package: bytes) -> str:
    proof = blocks.split(package).values[blocks.LOG_PROOF].decode()
    return base64.b64decode(proof.rstrip("\n").rpartition(" ")[2])[:4].hex()


async def test_a_release_is_vouched_for_by_developer_city_and_log(workshop: Workshop) -> None:
    release = await workshop.publish()
    package = await workshop.releases.package(release.package_sha256)
    assert package is not None and len(package) == release.size
    found = await verified(workshop, package)
    assert found.profile.capabilities == release.granted == {"city.user.phone"}
    assert found.profile.connect == ("https://api.library.example",)
    assert (found.profile.issuer, found.profile.review) == ("http://127.0.0.1:8000", release.id)
    assert found.log_index == release.log_index == 0
    assert release.files_h1 == found.statement.files_h1 and release.manifest == found.manifest


async def test_what_citizens_find(workshop: Workshop) -> None:
    release = await workshop.publish()
    (program,) = await listed(workshop, "LIBRARY")
    assert (program.app_id, program.category, program.current) == (APP, Category.CULTURE, release.id)
    assert program.in_(Locale.ZH_CN).name == "图书馆" and program.in_(Locale.EN).name == "Library"
    assert [one.app_id for one in await listed(workshop, "借书", Locale.EN)] == [APP]
    assert await listed(workshop, "swimming") == []
    running = await workshop.releases.running(APP.upper())
    assert running.release == release and running.organisation.names[Locale.ZH_CN] == "市图书馆"
    assert release.reasons[Locale.EN] == {"city.user.phone": "To tell you", "city.device.location": "分馆"}
    assert release.told_in(Locale.EN)["window"] == {"navigation_bar_title_text": "My books"}
    assert "window" not in release.told_in(Locale.ZH_CN)


async def test_tabs_are_told_in_the_readers_language(workshop: Workshop) -> None:
    items = [{"page": "pages/index", "text": "书架"}, {"page": "pages/mine", "text": "我的"}]
    made = files(pages=["pages/index", "pages/mine"], city_tab_bar={"items": items})
    words = {**orjson.loads(made["i18n/en.json"]), "city_tab_bar": {"pages/index": "Shelf", "pages/none": "Nothing"}}
    made |= {"i18n/en.json": orjson.dumps(words), "pages/mine.html": PAGE}
    release = await workshop.publish(package=workshop.developer.signed(made, at=epoch_s(workshop.clock.now())))
    told = {locale: release.told_in(locale)["city_tab_bar"]["items"] for locale in Locale}
    assert told[Locale.ZH_CN] == items
    assert told[Locale.EN] == [{**items[0], "text": "Shelf"}, items[1]]
    assert await workshop.releases.release(release.id) == release


async def test_the_same_package_is_published_once(workshop: Workshop, mongo: Mongo) -> None:
    package = workshop.package()
    releases = await asyncio.gather(*(workshop.publish(package=package) for _ in range(3)))
    assert len({one.id for one in releases}) == 1
    assert await mongo.collection(EVENTS).count_documents({"name": "miniapps.release_published"}) == 1
    assert size_of(await workshop.releases.log.checkpoint()) == 1


async def test_the_same_files_signed_by_another_are_not_theirs(workshop: Workshop, mongo: Mongo) -> None:
    """Packages are public: whoever takes one apart can sign its bytes as their own."""
    await workshop.publish()
    other = Developer(bytes(range(1, 33)))
    organisation = await workshop.organisation("Another Library", other)
    package = other.signed(files(), at=epoch_s(workshop.clock.now()))
    with pytest.raises(ProgramTaken):
        await workshop.releases.publish(package=package, organisation=organisation, granted=(), by="stf_1")
    assert await mongo.collection(EVENTS).count_documents({"name": "miniapps.release_published"}) == 1


async def test_what_was_taken_back_is_not_published_unchanged(workshop: Workshop) -> None:
    package = workshop.package()
    await workshop.publish(package=package)
    await workshop.releases.revoke(app_id=APP, version_code=1, reason="a fault", by="stf_1")
    with pytest.raises(ProgramRevoked):
        await workshop.publish(package=package)


def key_of(workshop: Workshop) -> tlog.NoteKey:
    """Of the log; it has signed with one key only."""
    active = workshop.releases.log.keys.active.jwk()["x"]
    return next(key for key in workshop.releases.log.note_keys() if b64url(key.public.public_bytes_raw()) == active)


def size_of(checkpoint: str) -> int:
    return int(checkpoint.split("\n")[1])


async def hashes_of(workshop: Workshop, tile: tiles.Tile) -> bytes:
    hashes = await workshop.releases.log.hashes(tile)
    assert hashes is not None
    return hashes


@covers("T30")
async def test_the_next_release_supersedes_and_the_log_grows_into_itself(workshop: Workshop) -> None:
    releases = [await workshop.publish(code) for code in (1, 2, 5)]
    states = [(one.version_code, one.state) for one in await workshop.releases.store.releases_of(APP)]
    assert states == [
        (5, ReleaseState.RELEASED),
        (2, ReleaseState.SUPERSEDED),
        (1, ReleaseState.SUPERSEDED),
    ]
    tiles_of_log = {tile.place: await hashes_of(workshop, tile) for tile in tiles.tiles_of_growth(1, 3)}
    now = tlog.read_checkpoint(await workshop.releases.log.checkpoint(), key_of(workshop))
    for size, release in enumerate(releases, start=1):
        package = await workshop.releases.package(release.package_sha256)
        assert package is not None
        proof = blocks.split(package).values[blocks.LOG_PROOF].decode()
        checkpoint = tlog.read_checkpoint(proof.partition("\n\n")[2], key_of(workshop))
        assert (checkpoint.size, now.size) == (size, 3)
        expected = tiles.View.SAME if size == 3 else tiles.View.GREW
        assert tiles.compare(checkpoint, now, tiles.Tree(3, tiles_of_log)) is expected


async def test_two_programs_at_once_both_stand_in_the_log(workshop: Workshop) -> None:
    other = workshop.package(app_id="org.example.swimming")
    await asyncio.gather(workshop.publish(1), workshop.publish(package=other))
    assert sorted(one.app_id for one in await listed(workshop)) == [APP, "org.example.swimming"]
    both = [await workshop.releases.running(app_id) for app_id in (APP, "org.example.swimming")]
    assert sorted(one.release.log_index for one in both) == [0, 1]
    for one in both:
        package = await workshop.releases.package(one.release.package_sha256)
        assert package is not None
        assert (await verified(workshop, package)).log_index == one.release.log_index


async def test_what_is_refused_changes_nothing(workshop: Workshop) -> None:
    await workshop.publish(3)
    stranger = Developer(bytes(range(32, 64)))
    at = epoch_s(workshop.clock.now())
    with pytest.raises(VersionNotNewer) as refusal:
        await workshop.publish(2)
    assert refusal.value.newest == 3
    with pytest.raises(NotTheDevelopers):
        await workshop.publish(package=stranger.signed(files(4), at=at))
    with pytest.raises(PackageInvalid) as invalid:
        hostile = {**files(4), "pages/index.html": b"<!doctype html><iframe src='x'></iframe>"}
        await workshop.publish(package=workshop.developer.signed(hostile, at=at))
    assert (invalid.value.rule, invalid.value.where) == ("BUNDLE_HTML_ELEMENT", "pages/index.html")
    with pytest.raises(PackageInvalid, match="BUNDLE_NOT_A_ZIP"):
        await workshop.publish(package=b"no package")
    with pytest.raises(ProgramTaken):
        theirs = await workshop.organisation("Somebody else", stranger)
        await workshop.releases.publish(
            package=stranger.signed(files(9), at=at), organisation=theirs, granted=(), by="stf_1"
        )
    assert (await workshop.releases.running(APP)).release.version_code == 3
    assert size_of(await workshop.releases.log.checkpoint()) == 1


BOMB = b"""<svg xmlns="http://www.w3.org/2000/svg"><defs><g id="a"><rect/></g>
<g id="b"><use href="#a"/><use href="#a"/></g></defs><use href="#b"/></svg>"""


@pytest.mark.parametrize(
    ("icon", "says"),
    [
        (BOMB, "<use>"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/2000/svg"><x:use/></svg>', "<x:use>"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><marker/></svg>', "<marker>"),
        (b'<!DOCTYPE svg [<!ENTITY u "<use/>">]><svg xmlns="http://www.w3.org/2000/svg">&u;</svg>', "<!DOCTYPE>"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><![CDATA[<use/>]]></svg>', "<![CDATA[<use>"),
        (b'<?xml version="1.0" encoding="utf-7"?><svg xmlns="http://www.w3.org/2000/svg"/>', "<?xml>"),
        (BOMB.decode().encode("utf-16"), "it is not UTF-8"),
        (BOMB.decode().encode("utf-16-le"), "it is not UTF-8"),
    ],
)
async def test_an_icon_that_would_freeze_the_shell_is_refused(workshop: Workshop, icon: bytes, says: str) -> None:
    package = workshop.developer.signed({**files(), "common/icon.svg": icon}, at=epoch_s(workshop.clock.now()))
    with pytest.raises(PackageInvalid) as refusal:
        await workshop.publish(package=package)
    assert (refusal.value.rule, refusal.value.where) == ("ICON", "common/icon.svg")
    assert refusal.value.detail == f"an icon holds shapes and colours alone: {says}"


async def test_an_icon_may_say_what_it_is(workshop: Workshop) -> None:
    icon = b"""<?xml version="1.0" encoding="UTF-8"?><!-- a <use> is none here -->
<svg xmlns="http://www.w3.org/2000/svg"><title>A</title><g fill="red"><path d="M0 0h8"/></g></svg>"""
    package = workshop.developer.signed({**files(), "common/icon.svg": icon}, at=epoch_s(workshop.clock.now()))
    assert (await workshop.publish(package=package)).state is ReleaseState.RELEASED


async def test_a_program_of_another_key_lives_elsewhere(workshop: Workshop, mongo: Mongo) -> None:
    stranger = Developer(bytes(range(32, 64)))
    release = await workshop.publish()
    theirs = await workshop.releases.publish(
        package=stranger.signed(files(1, app_id="org.example.other"), at=epoch_s(workshop.clock.now())),
        organisation=await workshop.organisation("Somebody else", stranger),
        granted=(),
        by="stf_1",
    )
    origins = [workshop.releases.origin_of(one) for one in (release, theirs)]
    assert origins[0] == f"http://{release.app_key}.mini.localhost:8000" and len(set(origins)) == 2


async def test_taking_a_version_back_leaves_the_next_one_to_come(workshop: Workshop, mongo: Mongo) -> None:
    await workshop.publish(1)
    release = await workshop.publish(2)
    with pytest.raises(NotFound):
        await workshop.releases.revoke(app_id=APP, version_code=7, reason="it leaks", by="stf_1")
    revocation = await workshop.releases.revoke(app_id=APP, version_code=2, reason="it leaks", by="stf_1")
    assert (revocation.sequence, revocation.version_code) == (1, 2)
    assert await listed(workshop) == []
    with pytest.raises(NotFound):
        await workshop.releases.running(APP)
    assert await workshop.releases.package(release.package_sha256) is None
    event = await mongo.collection(EVENTS).find_one({"name": "miniapps.release_revoked"})
    assert event is not None
    assert event["payload"] == {
        "app_id": APP,
        "version_codes": [2],
        "whole": False,
        "sequence": 1,
        "reason": "it leaks",
    }
    with pytest.raises(CannotChange):
        await workshop.releases.revoke(app_id=APP, version_code=2, reason="again", by="stf_1")
    assert (await workshop.publish(3)).state is ReleaseState.RELEASED


async def test_a_program_that_was_taken_back_has_no_release_again(workshop: Workshop) -> None:
    await workshop.publish(1)
    await workshop.releases.revoke(app_id=APP, reason="a fraud", by="stf_1")
    with pytest.raises(ProgramRevoked):
        await workshop.publish(2)
    with pytest.raises(ProgramRevoked):
        await workshop.releases.revoke(app_id=APP, reason="again", by="stf_1")


async def test_the_list_of_what_was_revoked_is_signed_numbered_and_fresh(workshop: Workshop) -> None:
    releases, clock = workshop.releases, workshop.clock
    keys = public_keys(releases.rings.revocations.jwks()["keys"])
    empty = revocations.read(await releases.revocations(), keys=keys, now=epoch_s(clock.now()))
    assert (empty.sequence, empty.max_age, empty.apps) == (0, 3600, frozenset())
    await workshop.publish(1)
    await releases.revoke(app_id=APP, version_code=1, reason="it leaks", by="stf_1")
    await workshop.publish(2)
    await releases.revoke(app_id=APP, reason="a fraud", by="stf_1")
    clock.advance(seconds=60)
    found = revocations.read(await releases.revocations(), keys=keys, now=epoch_s(clock.now()), seen_sequence=1)
    assert (found.sequence, set(found.apps), set(found.versions)) == (2, {APP}, {(APP, 1)})
    with pytest.raises(BundleError, match="BUNDLE_REVOKED"):
        found.check(APP, 9)


@dataclass(frozen=True, slots=True)
class SlowStore(ReleaseStore):
    """Reads, and then waits to be let go on. reads: one for each time."""

    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    reads: list[int] = field(default_factory=list)

    async def running(self, *, most: int) -> list[Program]:
        self.reads.append(most)
        found = await ReleaseStore.running(self, most=most)
        await self.go_on.wait()
        return found


async def test_of_many_who_look_one_reads_and_what_is_published_meanwhile_is_not_missed(
    workshop: Workshop, mongo: Mongo, clock: FixedClock
) -> None:
    store = SlowStore(mongo)
    catalogue = Catalogue(store, clock)
    looking = [asyncio.create_task(catalogue.listed()) for _ in range(5)]
    await until(lambda: asyncio.sleep(0, result=bool(store.reads)), what="somebody who reads")
    await workshop.publish()
    catalogue.forget()
    store.go_on.set()
    assert len(await asyncio.gather(*looking)) == 5
    assert len(store.reads) == 2
    assert list((await catalogue.listed()).programs) == [APP]
    assert len(store.reads) == 2


async def test_programs_are_not_found_where_they_have_no_host(
    mongo: Mongo, clock: FixedClock, ids: Ids, cipher: FieldCipher, workshop: Workshop
) -> None:
    await workshop.publish()
    homeless = replace(workshop.releases, origins=None)
    page = await homeless.programs(locale=Locale.EN, page=ALL)
    assert list(page.rows) == [] and await homeless.program(APP) is None


@pytest.fixture
def folders(tmp_path: Path) -> OwnPrograms:
    """The city's own programs, but for the releases that they become."""
    for name, raw in files().items():
        file = tmp_path / "programs" / "library" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
    (tmp_path / "programs" / "library" / "README.md").write_text("For readers.")
    (tmp_path / "sdk").mkdir()
    (tmp_path / "sdk" / "index.js").write_text("export const mp = {};\n")
    (tmp_path / "sdk" / "index.d.ts").write_text("export const mp: {};\n")
    return OwnPrograms(None, tmp_path / "programs", tmp_path / "sdk")  # type: ignore[arg-type]


async def test_own_programs_are_released_when_they_changed(workshop: Workshop, folders: OwnPrograms) -> None:
    programs = replace(folders, releases=workshop.releases, counted=True)
    (first,) = await programs.publish()
    assert (first.version_code, set(first.granted)) == (1, {"city.user.phone", "city.device.location"})
    assert first.by == own.BY
    found = await workshop.releases.shelf.find(first.app_key, first.root)
    assert found is not None
    assert sorted(found[0].files) == sorted([*files(), "sdk/index.js"])
    assert await programs.publish() == []
    (folders.sdk / "index.js").write_text("export const mp = { next: true };\n")
    (second,) = await programs.publish()
    assert (second.version_code, second.app_key) == (2, first.app_key)
    assert await programs.publish() == []
    await workshop.releases.revoke(app_id=APP, version_code=2, reason="a fault", by="stf_1")
    assert await programs.publish() == []
    # A city that took a program of its own back starts with the next files of it too, and without the program.
    await workshop.releases.revoke(app_id=APP, reason="a fraud", by="stf_1")
    (folders.sdk / "index.js").write_text("export const mp = { last: true };\n")
    assert await programs.publish() == []
    assert [one.version_code for one in await workshop.releases.store.releases_of(APP)] == [2, 1]


async def test_own_programs_change_with_their_version_alone(
    workshop: Workshop, folders: OwnPrograms, caplog: pytest.LogCaptureFixture
) -> None:
    """While a city is replaced by the next one, processes of both start: the older one changes nothing."""
    older = replace(folders, releases=workshop.releases)
    manifest = folders.programs / "library" / "manifest.json"
    (first,) = await older.publish()
    (folders.sdk / "index.js").write_text("export const mp = { next: true };\n")
    assert await older.publish() == []
    (told,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert "raise version.code in library/manifest.json above 1" in told.__dict__["facts"]["because"]
    assert (await workshop.releases.running(APP)).release == first
    manifest.write_bytes(files(2)["manifest.json"])
    (second,) = await older.publish()
    assert second.version_code == 2
    manifest.write_bytes(files(1)["manifest.json"])
    assert await older.publish() == []
    assert (await workshop.releases.running(APP)).release == second
    assert len([one for one in caplog.records if one.levelname == "ERROR"]) == 1


async def test_two_processes_publish_own_programs_once(
    workshop: Workshop, folders: OwnPrograms, mongo: Mongo, clock: FixedClock, ids: Ids, cipher: FieldCipher
) -> None:
    beside = await build(mongo=mongo, clock=clock, ids=ids, cipher=cipher)
    both = [replace(folders, releases=one.releases) for one in (workshop, beside)]
    await asyncio.gather(*(one.publish() for one in both))
    assert [one.version_code for one in await workshop.releases.store.releases_of(APP)] == [1]


PROGRAMS = """query($search: String, $after: String) {
  miniPrograms(search: $search, first: 1, after: $after) {
    nodes { appId name shortName description iconUrl category versionName organisation { name verified } }
    pageInfo { hasNextPage endCursor }
  }
  miniProgram(appId: "org.example.nobody") { appId }
}"""


async def test_the_graph_lists_programs_in_the_readers_language(workshop: Workshop) -> None:
    await workshop.publish()
    await workshop.publish(package=workshop.package(app_id="org.example.swimming", name="游泳馆"))

    async def asked(locale: Locale, **variables: str) -> dict[str, Any]:
        context = Context(request_id="req_1", locale=locale, services={Releases: workshop.releases})
        result = await schema.execute(PROGRAMS, variable_values=variables, context_value=context)
        assert result.errors is None and result.data is not None
        return result.data

    english = await asked(Locale.EN, search="library")
    (library,) = (await asked(Locale.EN))["miniPrograms"]["nodes"]
    assert library == english["miniPrograms"]["nodes"][0]
    assert library == {
        "appId": APP,
        "name": "Library",
        "shortName": "Library",
        "description": "Borrow books",
        "iconUrl": f"/mini/icons/{hashlib.sha256(ICON).hexdigest()}",
        "category": "CULTURE",
        "versionName": "1.1.0",
        "organisation": {"name": "City Library", "verified": True},
    }
    first = await asked(Locale.ZH_CN)
    second = await asked(Locale.ZH_CN, after=first["miniPrograms"]["pageInfo"]["endCursor"])
    names = [page["miniPrograms"]["nodes"][0]["name"] for page in (first, second)]
    assert names == ["图书馆", "游泳馆"]
    assert [page["miniPrograms"]["pageInfo"]["hasNextPage"] for page in (first, second)] == [True, False]
    assert first["miniProgram"] is None
