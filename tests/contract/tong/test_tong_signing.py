"""`tong keys`, `sign`, `verify`: whose word stands on a package, and a log that lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from citytong_sdk.bundles import blocks, statement
from citytong_sdk.keys import verification_key

from tests.contract.tong.conftest import Bench
from tests.contract.tong.tong_city import TongCity
from tests.support.threats import covers


@pytest.fixture
def signed(bench: Bench, project: Path) -> Path:
    """A package that its developer signed."""
    assert bench.run("keys", "new").status == 0
    assert bench.run("pack", "-o", "library.ma", folder=project).status == 0
    assert bench.run("sign", "library.ma", folder=project).status == 0
    return project / "library.ma"


@pytest.fixture
def released(bench: Bench, city: TongCity, signed: Path) -> Path:
    """The same as the city released it."""
    bench.env["TONG_CITY"] = city.base
    bench.now = city.platform.clock()
    jwk = bench.json("keys", "list").result["keys"][0]["jwk"]
    package = city.platform.publish(signed.read_bytes(), developer=jwk, capabilities=["city.user.openid"])
    signed.write_bytes(package)
    return signed


def test_a_key_is_a_file_of_its_owner_and_never_overwritten(bench: Bench) -> None:
    made = bench.json("keys", "new", "work", "--algorithm", "p256").result
    path = Path(made["path"])
    assert path == bench.home / ".config/citytong/keys/work.pem"
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    before = path.read_bytes()
    again = bench.json("keys", "new", "work")
    assert again.status == 2 and again.error["code"] == "TONG_KEY_EXISTS" and path.read_bytes() == before
    assert "PRIVATE" not in json.dumps(made) and made["jwk"]["kty"] == "EC" and "d" not in made["jwk"]
    assert [one["name"] for one in bench.json("keys", "list").result["keys"]] == ["work"]


@covers("T29")
def test_a_rotated_key_signs_and_the_old_one_is_kept(bench: Bench) -> None:
    old = bench.json("keys", "new").result
    fresh = bench.json("keys", "rotate").result
    assert fresh["retired"] == old["kid"] != fresh["kid"]
    kept = {one["kid"]: one["name"] for one in bench.json("keys", "list").result["keys"]}
    assert kept[fresh["kid"]] == "default" and kept[old["kid"]].startswith("default-")


def test_a_sealed_key_needs_its_passphrase(bench: Bench, project: Path) -> None:
    bench.env["TONG_KEY_PASSPHRASE"] = "right"
    assert bench.run("keys", "new", "sealed", "--passphrase").status == 0
    bench.run("pack", "-o", "library.ma", folder=project)
    before = (project / "library.ma").read_bytes()
    del bench.env["TONG_KEY_PASSPHRASE"]
    nobody = bench.json("sign", "library.ma", "--key", "sealed", folder=project)
    assert nobody.status == 4 and nobody.error["code"] == "TONG_KEY_SEALED"
    bench.env["TONG_KEY_PASSPHRASE"] = "wrong"
    wrong = bench.json("sign", "library.ma", "--key", "sealed", folder=project)
    assert wrong.status == 4 and wrong.error["code"] == "TONG_KEY_INVALID"
    assert (project / "library.ma").read_bytes() == before
    bench.env["TONG_KEY_PASSPHRASE"] = "right"
    assert bench.run("sign", "library.ma", "--key", "sealed", folder=project).status == 0


def test_what_is_signed_is_the_package_as_it_is(bench: Bench, signed: Path) -> None:
    jwk = bench.json("keys", "list").result["keys"][0]["jwk"]
    key = verification_key(jwk)
    assert key is not None
    said = statement.submitted(signed.read_bytes(), developer_keys={jwk["kid"]: key}).statement
    assert (said.app_id, said.built_with, said.created) == ("org.example.library", "tong", int(bench.now))
    twice = bench.json("sign", str(signed))
    assert twice.status == 2 and twice.error["code"] == "TONG_SIGNED"
    bench.env["SOURCE_DATE_EPOCH"] = "1700000000"
    assert bench.json("sign", str(signed), "--again").result["created"] == 1_700_000_000
    alone = bench.json("verify", str(signed), "--developer-only", "--key", "default").result
    assert alone["developer"]["kid"] == jwk["kid"] and alone["platform"] is None


def test_a_released_package_is_believed_with_a_line_and_without(bench: Bench, city: TongCity, released: Path) -> None:
    online = bench.json("verify", str(released)).result
    assert online["developer"]["organisation"] == "mpo_test" and online["grants"] == ["city.user.openid"]
    assert online["platform"]["issuer"] == city.base and online["log"]["size"] == len(city.platform.leaves)
    assert online["log"]["view"] is None and online["revocations"] >= 1
    assert bench.json("verify", str(released)).result["log"]["view"] == "SAME"
    offline = bench.json("verify", str(released), "--offline").result
    assert offline["log"]["index"] == online["log"]["index"] and offline["revocations"] is None
    assert "entry" in bench.run("verify", str(released)).out


def test_offline_without_ever_having_seen_the_city_says_so(bench: Bench, signed: Path) -> None:
    refused = bench.json("verify", str(signed), "--offline", "--city", "https://elsewhere.example")
    assert refused.status == 3 and refused.error["code"] == "TONG_NOTHING_KNOWN"


@covers("T26")
def test_every_changed_byte_is_refused_with_status_5_or_as_no_package(bench: Bench, released: Path) -> None:
    bench.run("verify", str(released))
    package = bytearray(released.read_bytes())
    for at in range(0, len(package), len(package) // 16):
        changed = bytearray(package)
        changed[at] ^= 1
        released.write_bytes(changed)
        refused = bench.json("verify", str(released), "--offline")
        assert refused.status in (1, 5) and refused.error["code"].startswith("BUNDLE_"), at
    developer = {blocks.DEVELOPER: blocks.split(bytes(package)).values[blocks.DEVELOPER]}
    released.write_bytes(blocks.join(blocks.strip(bytes(package)), developer))
    assert bench.json("verify", str(released), "--offline").status == 5
    assert bench.json("verify", str(released)).error["code"] == "BUNDLE_UNSIGNED"


def test_a_revoked_version_is_refused_only_with_a_line(bench: Bench, city: TongCity, released: Path) -> None:
    assert bench.run("verify", str(released)).status == 0
    city.platform.revoked.add(("org.example.library", 1))
    city.platform._list_number += 1
    try:
        refused = bench.json("verify", str(released))
        assert refused.status == 5 and refused.error["code"] == "BUNDLE_REVOKED"
    finally:
        city.platform.revoked.clear()
    city.platform._list_number -= 1
    older = bench.json("verify", str(released))
    assert older.status == 5 and older.error["code"] == "BUNDLE_REVOCATIONS_STALE"


def test_a_log_that_grew_is_told_so(bench: Bench, city: TongCity, released: Path) -> None:
    bench.run("verify", str(released))
    city.platform.leaves.append(bytes(32))
    try:
        found = bench.json("verify", str(released)).result
    finally:
        city.platform.leaves.pop()
    assert found["log"]["view"] == "GREW"


@covers("T30")
def test_a_log_that_takes_back_is_status_5_and_says_what_it_means(bench: Bench, city: TongCity, released: Path) -> None:
    city.platform.leaves.append(bytes(32))
    bench.run("verify", str(released))
    city.platform.leaves.pop()
    refused = bench.json("verify", str(released))
    assert refused.status == 5 and refused.error["code"] == "TONG_LOG_ROLLED_BACK"
    assert "A log only grows" in refused.error["why"]
    # What was seen stays seen: it does not help to ask again.
    assert bench.json("verify", str(released)).error["code"] == "TONG_LOG_ROLLED_BACK"


@covers("T30")
def test_two_histories_are_status_5_and_both_are_kept(bench: Bench, city: TongCity, released: Path) -> None:
    bench.run("verify", str(released))
    honest = list(city.platform.leaves)
    # The release is in it all the same: only what was before it is another.
    city.platform.leaves[:] = [bytes(32), *honest]
    try:
        refused = bench.json("verify", str(released))
    finally:
        city.platform.leaves[:] = honest
    assert refused.status == 5 and refused.error["code"] == "TONG_LOG_SPLIT"
    state = next((bench.home / ".local/state/citytong").iterdir())
    notes = [(state / name).read_text() for name in ("split-before", "split-now")]
    assert all(note.startswith("city.test/log\n") for note in notes) and notes[0] != notes[1]
    assert bench.json("verify", str(released)).status == 0


@covers("T30")
def test_a_package_that_another_history_proves_is_refused_at_first_sight(
    bench: Bench, city: TongCity, released: Path
) -> None:
    honest = list(city.platform.leaves)
    city.platform.leaves[:] = [bytes([1]) * 32, bytes([2]) * 32, *honest[1:]]
    try:
        refused = bench.json("verify", str(released))
    finally:
        city.platform.leaves[:] = honest
    assert refused.status == 5 and refused.error["code"] == "TONG_LOG_SPLIT"


def test_a_list_of_keys_in_a_file_is_enough_without_a_city(bench: Bench, released: Path, tmp_path: Path) -> None:
    bench.run("verify", str(released))
    [jwks] = (bench.home / ".local/state/citytong").glob("*/jwks.json")
    file = tmp_path / "keys.json"
    file.write_bytes(jwks.read_bytes())
    del bench.env["TONG_CITY"]
    assert bench.json("verify", str(released), "--jwks", str(file)).result["app_id"] == "org.example.library"
