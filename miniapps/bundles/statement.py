"""Who vouches for a package: its developer, the city and the log, each for the same bytes and the same content.

The developer's value in the signing block is a detached JWS, a line feed, and the statement that it signs. The city's
is a JWS that holds the profile: what was approved, for exactly that value. The log's is a proof that both stand in it.
`verify` asks all three, offline; nothing in a package can change without one of them failing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from . import archive, blocks, jws, manifest, permissions, tlog
from .encoding import canonical, json_object
from .errors import HASH, LAYOUT_MISSING, NOT_YET, OLDER, STATEMENT, UNSIGNED, BundleError
from .hashing import files_h1, sha256_hex
from .manifest import Manifest
from .revocations import Revocations

DEVELOPER_TYP: Final = "mini-package+jws"
PLATFORM_TYP: Final = "mini-profile+jws"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a developer signs. `pkg_sha256`: hex, of the bytes without a block; `created`: seconds of Unix time."""

    app_id: str
    version_code: int
    version_name: str
    pkg_sha256: str
    files_h1: str
    manifest_sha256: str
    operations_h1: str | None
    built_with: str
    created: int

    def to_json(self) -> bytes:
        """The one spelling of the statement, which is what is signed."""
        return canonical(
            {
                "app_id": self.app_id,
                "version": {"code": self.version_code, "name": self.version_name},
                "pkg_sha256": self.pkg_sha256,
                "files_h1": self.files_h1,
                "manifest_sha256": self.manifest_sha256,
                "operations_h1": self.operations_h1,
                "built_with": self.built_with,
                "created": self.created,
            }
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """What the city approved: capabilities by name, domains to speak to, quotas by name, and from when on.

    `developer_sha256`: of the developer's value in the block, so an approval is for one signature. Times in seconds of
    Unix time.
    """

    issuer: str
    issued_at: int
    not_before: int
    app_id: str
    version_code: int
    pkg_sha256: str
    files_h1: str
    developer_sha256: str
    review: str
    capabilities: frozenset[str] = frozenset()
    connect: tuple[str, ...] = ()
    img: tuple[str, ...] = ()
    quotas: Mapping[str, int] = field(default_factory=dict)
    trusted_types: bool = True

    def to_json(self) -> bytes:
        return canonical(
            {
                "iss": self.issuer,
                "iat": self.issued_at,
                "not_before": self.not_before,
                "app_id": self.app_id,
                "version_code": self.version_code,
                "pkg_sha256": self.pkg_sha256,
                "files_h1": self.files_h1,
                "developer_sha256": self.developer_sha256,
                "review": self.review,
                "capabilities": sorted(self.capabilities),
                "domains": {"connect": list(self.connect), "img": list(self.img)},
                "quotas": dict(self.quotas),
                "trusted_types": self.trusted_types,
            }
        )


@dataclass(frozen=True, slots=True)
class Submission:
    """A package as its developer signed it, taken apart and found sound. `developer`: the value in the block."""

    unsigned: bytes = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    manifest: Manifest
    statement: Statement
    developer: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """A package that its developer, the city and the log vouch for."""

    files: Mapping[str, bytes] = field(repr=False)
    manifest: Manifest
    statement: Statement
    profile: Profile
    log_index: int


def make(unsigned: bytes, *, built_with: str, created: int) -> Statement:
    """What its developer says of the package `unsigned`. Raises: BundleError unless it is a sound one."""
    return _expected(unsigned, *_opened(unsigned), built_with=built_with, created=created)


def sign_developer(statement: Statement, *, key: jws.PrivateKey, kid: str) -> bytes:
    """The value for `blocks.DEVELOPER`."""
    said = statement.to_json()
    return jws.sign_detached(said, key, typ=DEVELOPER_TYP, kid=kid).encode() + b"\n" + said


def sign_platform(profile: Profile, *, key: jws.PrivateKey, kid: str) -> bytes:
    """The value for `blocks.PLATFORM`."""
    return jws.sign(profile.to_json(), key, typ=PLATFORM_TYP, kid=kid).encode()


def log_entry(statement: Statement, *, developer: bytes, platform: bytes) -> bytes:
    """What the log holds of a release: its hashes, and those of both signatures."""
    return canonical(
        {
            "app_id": statement.app_id,
            "version_code": statement.version_code,
            "pkg_sha256": statement.pkg_sha256,
            "developer_sha256": sha256_hex(developer),
            "profile_sha256": sha256_hex(platform),
        }
    )


def submitted(package: bytes, *, developer_keys: jws.Keys) -> Submission:
    """`package` as its developer signed it, by one of `developer_keys` (by `kid`), whether or not the city has yet.

    Raises: BundleError of the archive, the manifest, the layout, and UNSIGNED, JWS, KEY_UNKNOWN, SIGNATURE, STATEMENT,
    HASH.
    """
    signed = blocks.split(package)
    files, found = _opened(signed.unsigned)
    value = _value(signed.values, blocks.DEVELOPER)
    said, signature = _developer(value)
    jws.verify_detached(signature, said, developer_keys, typ=DEVELOPER_TYP)
    statement = _statement(said)
    expected = _expected(signed.unsigned, files, found, built_with=statement.built_with, created=statement.created)
    if statement != expected or statement.to_json() != said:
        raise BundleError(HASH, "statement", "it is of another package")
    return Submission(unsigned=signed.unsigned, files=files, manifest=found, statement=statement, developer=value)


def verify(
    package: bytes,
    *,
    developer_keys: jws.Keys,
    platform_keys: jws.Keys,
    log_key: tlog.NoteKey,
    now: int,
    seen_version_code: int = 0,
    revocations: Revocations | None = None,
) -> Verified:
    """`package`, when its developer, the city and the log vouch for it, and it may run now. Offline.

    now: seconds of Unix time. seen_version_code: the highest that ran here before and was not
    taken back since (`Revocations.floor`).
    Raises: BundleError: all of `submitted`, and LOG, NOT_YET, OLDER, REVOKED.
    Source: sections "Package trust" and T28 of the threat model.
    """
    submission = submitted(package, developer_keys=developer_keys)
    values, statement = blocks.split(package).values, submission.statement
    platform = _value(values, blocks.PLATFORM)
    profile = _profile(jws.verify(_ascii(platform), platform_keys, typ=PLATFORM_TYP))
    _check_profile(profile, submission)
    entry = log_entry(statement, developer=submission.developer, platform=platform)
    index = tlog.check_proof(_utf8(_value(values, blocks.LOG_PROOF)), entry, log_key)
    if now < profile.not_before:
        raise BundleError(NOT_YET)
    if statement.version_code < seen_version_code:
        raise BundleError(OLDER, detail=f"{statement.version_code} after {seen_version_code}")
    if revocations is not None:
        revocations.check(statement.app_id, statement.version_code)
    return Verified(
        files=submission.files,
        manifest=submission.manifest,
        statement=statement,
        profile=profile,
        log_index=index,
    )


def _opened(unsigned: bytes) -> tuple[Mapping[str, bytes], Manifest]:
    files = archive.unpack(unsigned)
    if manifest.FILE not in files:
        raise BundleError(LAYOUT_MISSING, manifest.FILE)
    found = manifest.read(files[manifest.FILE])
    manifest.check_layout(found, files)
    return files, found


def _expected(
    unsigned: bytes, files: Mapping[str, bytes], found: Manifest, *, built_with: str, created: int
) -> Statement:
    """The statement that fits these bytes."""
    operations = {found.operations: files[found.operations]} if found.operations else None
    return Statement(
        app_id=found.app_id,
        version_code=found.version_code,
        version_name=found.version_name,
        pkg_sha256=sha256_hex(unsigned),
        files_h1=files_h1(files),
        manifest_sha256=sha256_hex(files[manifest.FILE]),
        operations_h1=files_h1(operations) if operations else None,
        built_with=built_with,
        created=created,
    )


def _value(values: Mapping[int, bytes], key: int) -> bytes:
    if key not in values:
        raise BundleError(UNSIGNED, detail=f"nothing under 0x{key:08x}")
    return values[key]


def _developer(value: bytes) -> tuple[bytes, str]:
    signature, _, said = value.partition(b"\n")
    return said, _ascii(signature)


def _ascii(value: bytes) -> str:
    return value.decode("ascii", "replace")


def _utf8(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _statement(said: bytes) -> Statement:
    try:
        match json_object(said):
            case {
                "app_id": str(app_id),
                "version": {"code": int(code), "name": str(name)},
                "pkg_sha256": str(pkg_sha256),
                "files_h1": str(h1),
                "manifest_sha256": str(manifest_sha256),
                "operations_h1": (str() | None) as operations_h1,
                "built_with": str(built_with),
                "created": int(created),
            }:
                return Statement(
                    app_id=app_id,
                    version_code=code,
                    version_name=name,
                    pkg_sha256=pkg_sha256,
                    files_h1=h1,
                    manifest_sha256=manifest_sha256,
                    operations_h1=operations_h1,
                    built_with=built_with,
                    created=created,
                )
    except ValueError:
        pass
    raise BundleError(STATEMENT, "statement")


def _profile(said: bytes) -> Profile:
    try:
        match json_object(said):
            case {
                "iss": str(issuer),
                "iat": int(issued_at),
                "not_before": int(not_before),
                "app_id": str(app_id),
                "version_code": int(code),
                "pkg_sha256": str(pkg_sha256),
                "files_h1": str(h1),
                "developer_sha256": str(developer_sha256),
                "review": str(review),
                "capabilities": list(capabilities),
                "domains": {"connect": list(connect), "img": list(img)},
                "quotas": dict(quotas),
                "trusted_types": bool(trusted_types),
            } if (
                all(isinstance(name, str) and permissions.known(name) for name in capabilities)
                and all(isinstance(domain, str) and manifest.is_domain(domain) for domain in (*connect, *img))
                and all(isinstance(count, int) for count in quotas.values())
            ):
                return Profile(
                    issuer=issuer,
                    issued_at=issued_at,
                    not_before=not_before,
                    app_id=app_id,
                    version_code=code,
                    pkg_sha256=pkg_sha256,
                    files_h1=h1,
                    developer_sha256=developer_sha256,
                    review=review,
                    capabilities=frozenset(capabilities),
                    connect=tuple(connect),
                    img=tuple(img),
                    quotas=quotas,
                    trusted_types=trusted_types,
                )
    except ValueError:
        pass
    raise BundleError(STATEMENT, "profile")


def _check_profile(profile: Profile, submission: Submission) -> None:
    said = submission.statement
    approved = (profile.app_id, profile.version_code, profile.pkg_sha256, profile.files_h1)
    if approved != (said.app_id, said.version_code, said.pkg_sha256, said.files_h1):
        raise BundleError(HASH, "profile", "it is of another package")
    if profile.developer_sha256 != sha256_hex(submission.developer):
        raise BundleError(HASH, "profile", "it is of another signature")
