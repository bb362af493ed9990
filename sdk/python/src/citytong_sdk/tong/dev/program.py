"""The program under work as a city would hold it: packed, signed, approved, logged, served from an origin of its own.

Everything that a citizen's host asks is asked here as well: the package is signed by keys that are made when the dev
server starts, and the production host verifies it as it would any other. What the developer has just saved and what
does not hold is told as a fault, while the last sound version goes on running.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from citytong_sdk.bundles import policy, statement
from citytong_sdk.bundles.archive import pack
from citytong_sdk.bundles.hashing import app_key, files_h1, root_prefix, sha256_hex
from citytong_sdk.bundles.manifest import Manifest, localised
from citytong_sdk.bundles.statement import Profile
from citytong_sdk.keys import DEVELOPER
from citytong_sdk.testing.rings import Rings

PRELOAD: Final = "/__mini/preload.js"


@dataclass(frozen=True, slots=True)
class Served:
    body: bytes = field(repr=False)
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Program:
    """One saved state of it. connect: the domains that it may speak to here. package: with every signature."""

    manifest: Manifest
    told: Mapping[str, Any] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    h1: str
    sha256: str
    package: bytes = field(repr=False)
    profile: Profile
    hashes: Mapping[str, Sequence[str]] = field(repr=False)

    @classmethod
    def of(cls, files: Mapping[str, bytes], manifest: Manifest, *, rings: Rings, backend: str, now: int) -> Self:
        """backend: takes the place of the first domain that the manifest asks for. Raises: BundleError."""
        unsigned = pack(dict(files))
        said = statement.make(unsigned, built_with="tong dev", created=now)
        signer = rings.active(DEVELOPER)
        developer = statement.sign_developer(said, key=signer.private, kid=signer.kid)
        connect = (backend, *manifest.connect[1:]) if backend else manifest.connect
        profile = Profile(
            issuer="tong dev",
            issued_at=now,
            not_before=0,
            app_id=manifest.app_id,
            version_code=manifest.version_code,
            pkg_sha256=said.pkg_sha256,
            files_h1=said.files_h1,
            developer_sha256=sha256_hex(developer),
            review="tong dev",
            capabilities=frozenset(manifest.declared),
            connect=connect,
            img=manifest.img,
            trusted_types=manifest.trusted_types,
        )
        told = json.loads(files["manifest.json"])
        if connect:
            told["city_domains"] = {**told.get("city_domains", {}), "connect": list(connect)}
        return cls(
            manifest=manifest,
            told=told,
            files=files,
            h1=files_h1(files),
            sha256=said.pkg_sha256,
            package=rings.vouched(unsigned, said, developer, profile, leaves=[]),
            profile=profile,
            hashes=policy.page_hashes(files),
        )

    @property
    def root(self) -> str:
        return root_prefix(self.h1)

    @property
    def host(self) -> str:
        """The first label of its host; the same in each run of the dev server, so that bookmarks hold."""
        return app_key(self.manifest.app_id, "tong dev")

    def words(self, locale: str) -> Manifest:
        return localised(self.manifest, self.files, locale)

    def served(self, path: str, *, shells: Sequence[str]) -> Served | None:
        """The file at `path` with the headers that a city sends. shells: who may frame its pages."""
        content = self.files.get(path)
        if content is None:
            return None
        headers = policy.headers(path, profile=self.profile, hashes=self.hashes.get(path, ()), shell_origins=shells) | {
            "Cache-Control": "no-store"
        }
        return Served(policy.inject(content, PRELOAD) if path in self.hashes else content, headers)
