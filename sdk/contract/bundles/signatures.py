"""Signed packages: one that everybody believes, in two algorithms, and all the ways not to be believed.

Keys come from fixed seeds and sign nothing else. ECDSA is deterministic here (RFC 6979), so the file is the same each
time.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from citytong_sdk.bundles import archive, blocks, errors, hashing, jws, revocations, statement, tiles, tlog
from citytong_sdk.bundles.encoding import b64url, canonical
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from .manifests import BASE
from .zips import Entry, deflated, zipped

NOW: Final = 1_800_000_000
_ORIGIN: Final = "city.example/log"
_DEVELOPER, _PLATFORM, _LOG, _STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3, 4))
_P256: Final = derive_private_key(5, SECP256R1())
_KEYS: Final = {"dev-1": _DEVELOPER.public_key(), "dev-2": _P256.public_key()}
_MANIFEST: Final = json.dumps({**BASE, "city_operations": "operations.json"}).encode()
_FILES: Final[Mapping[str, bytes]] = {
    "manifest.json": _MANIFEST,
    "app.js": b"",
    "app.css": b"",
    "common/i.png": b"\x89PNG",
    "operations.json": b"{}",
    "pages/index/index.html": b"<!doctype html><p>1",
    "pages/loan/loan.html": b"<!doctype html><p>2",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """A release in pieces, so that each can be wrong by itself."""

    unsigned: bytes
    said: statement.Statement
    developer: bytes
    platform: bytes
    proof: bytes

    def package(self, *, without: int = 0) -> bytes:
        values = {blocks.DEVELOPER: self.developer, blocks.PLATFORM: self.platform, blocks.LOG_PROOF: self.proof}
        return blocks.join(self.unsigned, {key: value for key, value in values.items() if key != without})


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """An archive whose bytes do not depend on a version of zlib."""
    return zipped(
        [
            Entry(name=path.encode(), content=content, method=8, packed=deflated(content))
            if path.endswith(".html")
            else Entry(name=path.encode(), content=content)
            for path, content in sorted(files.items())
        ]
    )


def profile_of(parts_said: statement.Statement, developer: bytes) -> statement.Profile:
    return statement.Profile(
        issuer="https://city.example",
        issued_at=NOW - 60,
        not_before=NOW - 30,
        app_id=parts_said.app_id,
        version_code=parts_said.version_code,
        pkg_sha256=parts_said.pkg_sha256,
        files_h1=parts_said.files_h1,
        developer_sha256=hashing.sha256_hex(developer),
        review="rev_1",
        capabilities=frozenset({"city.user.openid", "city.data.licences"}),
        connect=("https://api.lib.example",),
        quotas={"storage_bytes": 1000},
    )


def proof_of(entry: bytes, *, key: Ed25519PrivateKey = _LOG, origin: str = _ORIGIN) -> str:
    """The proof that `entry` is number 4 of a log of seven."""
    leaves = [tlog.leaf_hash(b"release %d" % number) for number in range(7)]
    leaves[4] = tlog.leaf_hash(entry)
    checkpoint = tlog.sign_checkpoint(tlog.Checkpoint(origin, len(leaves), tlog.root(leaves)), key)
    tree = tiles.Tree(len(leaves), tiles.laid(leaves))
    return tlog.write_proof(4, tree.inclusion(4), checkpoint)


def release(
    files: Mapping[str, bytes] = _FILES,
    *,
    say: Callable[[statement.Statement], statement.Statement] = lambda said: said,
    sign: Callable[[statement.Statement], bytes] | None = None,
    approve: Callable[[statement.Profile], statement.Profile] = lambda profile: profile,
) -> Parts:
    """A release, right but for what the callables change."""
    unsigned = archive_of(files)
    said = say(statement.make(unsigned, built_with="tong 0.1", created=NOW - 3600))
    developer = sign(said) if sign else statement.sign_developer(said, key=_DEVELOPER, kid="dev-1")
    platform = statement.sign_platform(approve(profile_of(said, developer)), key=_PLATFORM, kid="city-1")
    proof = proof_of(statement.log_entry(said, developer=developer, platform=platform))
    return Parts(unsigned, said, developer, platform, proof.encode())


def vectors() -> object:
    good = release()
    return {
        "now": NOW,
        "developer_keys": {"keys": [_jwk("dev-1", _DEVELOPER), _jwk("dev-2", None)]},
        "platform_keys": {"keys": [_jwk("city-1", _PLATFORM)]},
        "log_key": tlog.NoteKey(name=_ORIGIN, public=_LOG.public_key()).text,
        "hashes": {
            "pkg_sha256": good.said.pkg_sha256,
            "files_h1": good.said.files_h1,
            "root": hashing.root_prefix(good.said.files_h1),
            "app_key": hashing.app_key(good.said.app_id, "dev-1"),
            "organisation_key_id": "dev-1",
        },
        "good": [{"id": case, "bytes": _b64(package)} for case, package in _good().items()],
        "refused": [
            {"id": case, "bytes": _b64(package), "code": code, **more} for case, (package, code, more) in _bad().items()
        ],
        "revocations": _revocations(),
        "floors": _floors(),
    }


def _floors() -> list[dict[str, Any]]:
    """Which versions ran on a device, what was taken back, and below which none runs there again."""
    app_id = "org.example.library"
    cases: dict[str, tuple[list[int], list[tuple[str, int]], int]] = {
        "pkg-floor-nothing-ran": ([], [], 0),
        "pkg-floor-the-highest": ([13, 15, 14], [], 15),
        "pkg-floor-rolled-back": ([15, 14], [(app_id, 15)], 14),
        "pkg-floor-of-another-program": ([15, 14], [("org.example.other", 15)], 15),
        "pkg-floor-all-taken-back": ([15], [(app_id, 15), (app_id, 14)], 0),
    }
    return [
        {
            "id": case,
            "app_id": app_id,
            "seen": seen,
            "versions": [{"app_id": app, "code": code} for app, code in listed],
            "floor": floor,
        }
        for case, (seen, listed, floor) in cases.items()
    ]


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _jwk(kid: str, key: Ed25519PrivateKey | None) -> dict[str, str]:
    if key is not None:
        return {"kid": kid, "kty": "OKP", "crv": "Ed25519", "x": b64url(key.public_key().public_bytes_raw())}
    point = _P256.public_key().public_numbers()
    return {
        "kid": kid,
        "kty": "EC",
        "crv": "P-256",
        "x": b64url(point.x.to_bytes(32)),
        "y": b64url(point.y.to_bytes(32)),
    }


def _signed_by_p256(said: statement.Statement) -> bytes:
    return _signed(
        {"alg": "ES256", "b64": False, "crit": ["b64"], "kid": "dev-2", "typ": statement.DEVELOPER_TYP}, said
    )


def _signed(header: Mapping[str, object], said: statement.Statement) -> bytes:
    """The developer's value under any header at all, signed by the key that it names."""
    head = b64url(canonical(header)).encode()
    text = said.to_json()
    if header["kid"] == "dev-2":
        r, s = decode_dss_signature(_P256.sign(head + b"." + text, ECDSA(SHA256(), deterministic_signing=True)))
        signature = r.to_bytes(32) + s.to_bytes(32)
    else:
        signature = _DEVELOPER.sign(head + b"." + text)
    return head + b".." + b64url(signature).encode() + b"\n" + text


_HEADER: Final[Mapping[str, object]] = {
    "alg": "EdDSA",
    "b64": False,
    "crit": ["b64"],
    "kid": "dev-1",
    "typ": statement.DEVELOPER_TYP,
}


def _headed(**members: object) -> bytes:
    return release(sign=lambda said: _signed({**_HEADER, **members}, said)).package()


def _good() -> dict[str, bytes]:
    return {"pkg-sign-eddsa": release().package(), "pkg-sign-es256": release(sign=_signed_by_p256).package()}


def _bad() -> dict[str, tuple[bytes, str, dict[str, Any]]]:
    good = release()
    package = good.package()
    other = release({**_FILES, "app.js": b"1"})
    cases: dict[str, tuple[bytes, str] | tuple[bytes, str, dict[str, Any]]] = {
        "pkg-sign-none": (good.unsigned, errors.UNSIGNED),
        "pkg-sign-no-developer": (good.package(without=blocks.DEVELOPER), errors.UNSIGNED),
        "pkg-sign-no-platform": (good.package(without=blocks.PLATFORM), errors.UNSIGNED),
        "pkg-sign-no-log": (good.package(without=blocks.LOG_PROOF), errors.UNSIGNED),
        "pkg-sign-other-files": (replace(good, unsigned=other.unsigned).package(), errors.HASH),
        "pkg-sign-other-statement": (replace(good, developer=other.developer).package(), errors.HASH),
        "pkg-sign-other-profile": (replace(good, platform=other.platform).package(), errors.HASH),
        "pkg-sign-other-proof": (replace(good, proof=other.proof).package(), errors.LOG),
        "pkg-sign-same-content-other-bytes": (
            replace(
                good, unsigned=zipped([Entry(name=p.encode(), content=c) for p, c in sorted(_FILES.items())])
            ).package(),
            errors.HASH,
        ),
        "pkg-sign-second-signature-by-the-developer": (
            replace(good, developer=_signed_by_p256(good.said)).package(),
            errors.HASH,
        ),
        "pkg-sign-statement-app-id": (
            release(say=lambda said: replace(said, app_id="org.example.b")).package(),
            errors.HASH,
        ),
        "pkg-sign-statement-version": (release(say=lambda said: replace(said, version_code=15)).package(), errors.HASH),
        "pkg-sign-statement-h1": (
            release(say=lambda said: replace(said, files_h1=other.said.files_h1)).package(),
            errors.HASH,
        ),
        "pkg-sign-statement-operations": (
            release(say=lambda said: replace(said, operations_h1=None)).package(),
            errors.HASH,
        ),
        "pkg-sign-statement-created-text": (
            release(say=lambda said: replace(said, created="today")).package(),  # type: ignore[arg-type]
            errors.STATEMENT,
        ),
        "pkg-sign-statement-spelled-otherwise": (
            replace(good, developer=_respelled(good.said)).package(),
            errors.HASH,
        ),
        "pkg-sign-unknown-key": (_headed(kid="dev-9"), errors.KEY_UNKNOWN),
        "pkg-sign-other-key": (
            release(sign=lambda said: statement.sign_developer(said, key=_STRANGER, kid="dev-1")).package(),
            errors.SIGNATURE,
        ),
        "pkg-sign-alg-none": (_headed(alg="none"), errors.JWS),
        "pkg-sign-alg-hs256": (_headed(alg="HS256"), errors.JWS),
        "pkg-sign-alg-of-another-key": (_headed(kid="dev-2"), errors.JWS),
        "pkg-sign-typ": (_headed(typ=statement.PLATFORM_TYP), errors.JWS),
        "pkg-sign-crit": (_headed(crit=["b64", "exp"]), errors.JWS),
        "pkg-sign-b64-true": (_headed(b64=True), errors.JWS),
        "pkg-sign-header-jwk": (_headed(jwk={}), errors.JWS),
        "pkg-sign-not-detached": (
            replace(good, developer=good.developer.replace(b"..", b".e30.", 1)).package(),
            errors.JWS,
        ),
        "pkg-sign-not-a-jws": (replace(good, developer=b"x").package(), errors.JWS),
        "pkg-sign-empty-value": (replace(good, developer=b"").package(), errors.JWS),
        "pkg-sign-signature-longer": (
            replace(good, developer=good.developer.replace(b"\n", b"AA\n", 1)).package(),
            errors.SIGNATURE,
        ),
        "pkg-sign-platform-by-the-developer": (
            replace(
                good, platform=jws.sign(b"{}", _DEVELOPER, typ=statement.PLATFORM_TYP, kid="dev-1").encode()
            ).package(),
            errors.KEY_UNKNOWN,
        ),
        "pkg-sign-platform-revocation-list": (
            replace(good, platform=jws.sign(b"{}", _PLATFORM, typ=revocations.TYP, kid="city-1").encode()).package(),
            errors.JWS,
        ),
        "pkg-sign-profile-empty": (
            replace(
                good, platform=jws.sign(b"{}", _PLATFORM, typ=statement.PLATFORM_TYP, kid="city-1").encode()
            ).package(),
            errors.STATEMENT,
        ),
        "pkg-sign-profile-version": (
            release(approve=lambda found: replace(found, version_code=9)).package(),
            errors.HASH,
        ),
        "pkg-sign-profile-app-id": (release(approve=lambda found: replace(found, app_id="a.b")).package(), errors.HASH),
        "pkg-sign-not-yet": (
            release(approve=lambda found: replace(found, not_before=NOW + 1)).package(),
            errors.NOT_YET,
        ),
        "pkg-sign-older": (package, errors.OLDER, {"seen_version_code": 15}),
        "pkg-sign-revoked-version": (
            package,
            errors.REVOKED,
            {"revoked": {"apps": [], "versions": [{"app_id": good.said.app_id, "code": 14}]}},
        ),
        "pkg-sign-revoked-program": (
            package,
            errors.REVOKED,
            {"revoked": {"apps": [good.said.app_id], "versions": []}},
        ),
        "pkg-log-other-key": (_proven(good, proof_of(_entry(good), key=_STRANGER)), errors.LOG),
        "pkg-log-other-origin": (_proven(good, proof_of(_entry(good), origin="other.example/log")), errors.LOG),
        "pkg-log-other-entry": (_proven(good, proof_of(b"release")), errors.LOG),
        "pkg-log-other-index": (_proven(good, _proof(good).replace("index 4", "index 5")), errors.LOG),
        "pkg-log-index-spelled-otherwise": (_proven(good, _proof(good).replace("index 4", "index 04")), errors.LOG),
        "pkg-log-extra": (_proven(good, _proof(good).replace("index 4", "extra AAAA\nindex 4")), errors.LOG),
        "pkg-log-hash-missing": (_proven(good, _without_line(_proof(good), 2)), errors.LOG),
        "pkg-log-other-version": (_proven(good, _proof(good).replace("@v1", "@v2")), errors.LOG),
        "pkg-log-second-signature": (_proven(good, _proof(good) + "— witness.example AAAAAAAA\n"), errors.LOG),
        "pkg-log-larger-tree": (_proven(good, _proof(good).replace("\n7\n", "\n8\n")), errors.LOG),
        "pkg-block-size-of-the-head": (_flipped(package, len(_entries(good))), errors.BLOCK),
        "pkg-block-size-of-the-foot": (_flipped(package, _foot(package)), errors.BLOCK),
        "pkg-block-magic": (_flipped(package, _foot(package) + 8), errors.ZIP_LAYOUT),
        "pkg-block-unknown-id": (package.replace(b"\x01\x01\x00\x01ey", b"\x01\x01\x00\x09ey", 1), errors.BLOCK),
        "pkg-block-ids-out-of-order": (package.replace(b"\x01\x01\x00\x01ey", b"\x01\x03\x00\x02ey", 1), errors.BLOCK),
        "pkg-block-pair-length": (_flipped(package, len(_entries(good)) + 8), errors.BLOCK),
        "pkg-block-empty": (_with_block(good.unsigned, b""), errors.BLOCK),
        "pkg-block-pair-cut": (_with_block(good.unsigned, b"\1\2\3"), errors.BLOCK),
        "pkg-block-two": (_with_block(good.unsigned, b"", again=package), errors.ZIP_LAYOUT),
        "pkg-layout-no-manifest": (_signed_block(archive_of({"app.js": b""}), good), errors.LAYOUT_MISSING),
        "pkg-layout-manifest-not-json": (
            _signed_block(archive_of({**_FILES, "manifest.json": b"{"}), good),
            errors.MANIFEST_JSON,
        ),
    }
    return {case: (found[0], found[1], found[2] if len(found) == 3 else {}) for case, found in cases.items()}


def _entry(parts: Parts) -> bytes:
    return statement.log_entry(parts.said, developer=parts.developer, platform=parts.platform)


def _proof(parts: Parts) -> str:
    return parts.proof.decode()


def _proven(parts: Parts, proof: str) -> bytes:
    return replace(parts, proof=proof.encode()).package()


def _without_line(text: str, number: int) -> str:
    lines = text.split("\n")
    return "\n".join(lines[:number] + lines[number + 1 :])


def _respelled(said: statement.Statement) -> bytes:
    text = said.to_json().replace(b":", b": ", 1)
    return jws.sign_detached(text, _DEVELOPER, typ=statement.DEVELOPER_TYP, kid="dev-1").encode() + b"\n" + text


def _entries(parts: Parts) -> bytes:
    return parts.unsigned[: archive.directory_offset(parts.unsigned)]


def _foot(package: bytes) -> int:
    """Where the block's second size stands."""
    return archive.directory_offset(package) - len(blocks.MAGIC) - 8


def _flipped(package: bytes, at: int) -> bytes:
    return package[:at] + bytes([package[at] ^ 1]) + package[at + 1 :]


def _with_block(unsigned: bytes, pairs: bytes, *, again: bytes = b"") -> bytes:
    """`unsigned` (or `again`, which has a block) with a block of these pairs, which `blocks.join` would not write."""
    package = again or unsigned
    at = archive.directory_offset(package)
    size = (len(pairs) + 24).to_bytes(8, "little")
    if again:
        pairs = (4 + 1).to_bytes(8, "little") + blocks.DEVELOPER.to_bytes(4, "little") + b"x"
        size = (len(pairs) + 24).to_bytes(8, "little")
    block = size + pairs + size + blocks.MAGIC
    moved = package[:at] + block + package[at:]
    return moved[:-6] + (at + len(block)).to_bytes(4, "little") + moved[-2:]


def _signed_block(unsigned: bytes, parts: Parts) -> bytes:
    return replace(parts, unsigned=unsigned).package()


def _revocations() -> list[dict[str, object]]:
    listed = revocations.Revocations(
        sequence=7, issued_at=NOW, max_age=3600, apps=frozenset({"a.b"}), versions=frozenset({("c.d", 3)})
    )
    text = revocations.sign(listed, key=_PLATFORM, kid="city-1")
    empty = jws.sign(b"{}", _PLATFORM, typ=revocations.TYP, kid="city-1")
    by_developer = revocations.sign(listed, key=_DEVELOPER, kid="dev-1")
    cases: dict[str, tuple[str, int, int, str | None]] = {
        "rev-good": (text, NOW, 7, None),
        "rev-good-at-the-end": (text, NOW + 3600, 0, None),
        "rev-good-clock-behind": (text, NOW - 300, 0, None),
        "rev-too-old": (text, NOW + 3601, 0, errors.REVOCATIONS_STALE),
        "rev-of-the-future": (text, NOW - 301, 0, errors.REVOCATIONS_STALE),
        "rev-older-than-seen": (text, NOW, 8, errors.REVOCATIONS_STALE),
        "rev-empty": (empty, NOW, 0, errors.STATEMENT),
        "rev-by-a-developer": (by_developer, NOW, 0, errors.KEY_UNKNOWN),
        "rev-cut": (text[:-2], NOW, 0, errors.SIGNATURE),
        "rev-profile-instead": (
            jws.sign(b"{}", _PLATFORM, typ=statement.PLATFORM_TYP, kid="city-1"),
            NOW,
            0,
            errors.JWS,
        ),
    }
    return [
        {"id": case, "text": said, "now": now, "seen_sequence": seen, "code": code}
        for case, (said, now, seen, code) in cases.items()
    ]
