"""Packages: Python and the shell's JavaScript say the same of the same bytes, each refusal by its code."""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from citytong_sdk.bundles import (
    address,
    archive,
    blocks,
    hashing,
    html,
    manifest,
    names,
    policy,
    revocations,
    statement,
    tlog,
)
from citytong_sdk.bundles.encoding import from_b64url
from citytong_sdk.bundles.errors import BundleError
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.threats import covers

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "sdk" / "contract" / "vectors" / "bundles"


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def cases(name: str, kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", read(name)[kind], ids=lambda case: case["id"])


def refused(case: Mapping[str, Any], run: Any) -> None:
    with pytest.raises(BundleError) as fault:
        run()
    assert fault.value.code == case["code"], str(fault.value)


@cases("archives", "good")
def test_an_archive_is_opened(case: dict[str, Any]) -> None:
    assert hashing.files_h1(archive.unpack(base64.b64decode(case["bytes"]))) == case["files_h1"]


@cases("archives", "refused")
@covers("T27")
def test_an_archive_is_refused(case: dict[str, Any]) -> None:
    limits = archive.Limits(**case["limits"]) if "limits" in case else archive.BUDGET
    refused(case, lambda: archive.unpack(base64.b64decode(case["bytes"]), limits))


@cases("manifests", "read")
def test_a_manifest_is_read(case: dict[str, Any]) -> None:
    read_as = dataclasses.asdict(manifest.read(json.dumps(case["manifest"]).encode()))
    flat = {**read_as, **{f"window.{name}": value for name, value in read_as["window"].items()}}
    assert json.loads(json.dumps({name: flat[name] for name in case["read"]})) == case["read"]


@cases("manifests", "refused")
def test_a_manifest_is_refused(case: dict[str, Any]) -> None:
    text = case.get("text") or json.dumps(case["manifest"])
    refused(case, lambda: manifest.read(text.encode()))


@cases("addresses", "good")
def test_an_address_is_read_and_written(case: dict[str, Any]) -> None:
    found = address.parse(case["uri"])
    assert found == address.Address(**case["address"])
    assert address.parse(address.build(found)) == found


@cases("addresses", "refused")
def test_an_address_is_refused(case: dict[str, Any]) -> None:
    refused({"code": "BUNDLE_ADDRESS"}, lambda: address.parse(case["uri"]))


@cases("pages", "good")
def test_a_page_is_allowed(case: dict[str, Any]) -> None:
    html.check_html("p.html", case["html"].encode())


@cases("pages", "refused")
@covers("T27", "T31")
def test_a_page_is_refused(case: dict[str, Any]) -> None:
    refused(case, lambda: html.check_html("p.html", case["html"].encode()))


def keys(jwks: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for jwk in jwks["keys"]:
        x = from_b64url(jwk["x"])
        if jwk["crv"] == "Ed25519":
            found[jwk["kid"]] = Ed25519PublicKey.from_public_bytes(x)
        else:
            point = EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(from_b64url(jwk["y"])), SECP256R1())
            found[jwk["kid"]] = point.public_key()
    return found


SIGNED = read("signatures")
KNOWN: dict[str, Any] = {
    "developer_keys": keys(SIGNED["developer_keys"]),
    "platform_keys": keys(SIGNED["platform_keys"]),
    "log_key": tlog.read_key(SIGNED["log_key"]),
    "now": SIGNED["now"],
}


@cases("signatures", "good")
def test_a_signed_package_is_believed(case: dict[str, Any]) -> None:
    package = base64.b64decode(case["bytes"])
    verified = statement.verify(package, **KNOWN)
    assert verified.log_index == 4
    assert verified.profile.capabilities == {"city.user.openid", "city.data.licences"}
    assert hashing.sha256_hex(blocks.strip(package)) == verified.statement.pkg_sha256 == SIGNED["hashes"]["pkg_sha256"]


@cases("signatures", "refused")
@covers("T26", "T28")
def test_a_signed_package_is_refused(case: dict[str, Any]) -> None:
    listed = case.get("revoked", {"apps": [], "versions": []})
    known = revocations.Revocations(
        sequence=1,
        issued_at=0,
        max_age=0,
        apps=frozenset(listed["apps"]),
        versions=frozenset((one["app_id"], one["code"]) for one in listed["versions"]),
    )
    seen = case.get("seen_version_code", 0)
    package = base64.b64decode(case["bytes"])
    refused(case, lambda: statement.verify(package, **KNOWN, seen_version_code=seen, revocations=known))


@cases("signatures", "floors")
@covers("T28")
def test_a_device_goes_back_from_what_was_taken_back_alone(case: dict[str, Any]) -> None:
    listed = frozenset((one["app_id"], one["code"]) for one in case["versions"])
    known = revocations.Revocations(sequence=1, issued_at=0, max_age=0, versions=listed)
    assert known.floor(case["app_id"], case["seen"]) == case["floor"]


@cases("signatures", "revocations")
def test_a_list_of_revocations(case: dict[str, Any]) -> None:
    def run() -> revocations.Revocations:
        return revocations.read(
            case["text"], keys=KNOWN["platform_keys"], now=case["now"], seen_sequence=case["seen_sequence"]
        )

    if case["code"] is None:
        assert run().versions == {("c.d", 3)}
    else:
        refused(case, run)


GOOD = base64.b64decode(SIGNED["good"][0]["bytes"])


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
@covers("T26")
def test_no_byte_of_a_signed_package_can_change(at: int, by: int) -> None:
    with pytest.raises(BundleError):
        statement.verify(GOOD[:at] + bytes([GOOD[at] ^ by]) + GOOD[at + 1 :], **KNOWN)


@given(st.integers(0, len(GOOD)), st.integers(1, 40), st.binary(max_size=40))
def test_nothing_can_be_cut_from_a_signed_package_or_put_in(at: int, cut: int, put: bytes) -> None:
    changed = GOOD[:at] + put + GOOD[at + cut :]
    assume(changed != GOOD)
    with pytest.raises(BundleError):
        statement.verify(changed, **KNOWN)


@covers("T27")
def test_javascript_says_the_same() -> None:
    node = shutil.which("node")
    assert node, "Node.js is needed (tests/debian-packages.sh)"
    runner = Path(__file__).with_name("bundles.mjs")
    said = subprocess.run(
        [node, str(runner), f"{ROOT / 'miniapps' / 'host'}/", f"{VECTORS}/"], capture_output=True, text=True, timeout=60
    )
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)

    archives = read("archives")
    assert {case["id"]: found["cases"][case["id"]] for case in archives["good"]} == {
        case["id"]: {"ok": case["files_h1"]} for case in archives["good"]
    }
    wanted = {case["id"]: {"code": case["code"]} for case in [*archives["refused"], *SIGNED["refused"]]}
    wanted |= {case["id"]: {"ok": 4} for case in SIGNED["good"]}
    wanted |= {case["id"]: {"code": case["code"]} if case["code"] else {"ok": 7} for case in SIGNED["revocations"]}
    assert {case: found["cases"][case] for case in wanted} == wanted
    assert "BELIEVED" not in found["flips"] and sum(found["flips"].values()) == len(
        base64.b64decode(SIGNED["good"][0]["bytes"])
    )
    assert found["media"] == names.MEDIA_TYPES
    assert found["hashes"] == {name: SIGNED["hashes"][name] for name in ("root", "app_key")}
    assert found["injected"] == [case["injected"] for case in read("pages")["injected"]]


def test_the_host_s_script_comes_first_in_a_page() -> None:
    for case in read("pages")["injected"]:
        assert policy.inject(case["html"].encode(), case["src"]).decode() == case["injected"]
