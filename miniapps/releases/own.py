"""The city's own programs: packed from their folders, signed as its own organisation, published as any other.

A folder holds a program's files; the SDK's scripts go under `sdk/` of its package, as a developer's build copies them.
The same files are the same release, and nothing happens. Others are the next one if their version code is above every
released one: of two processes that start with different files, the older one publishes nothing. For whoever works on
them, the code of what changed is counted here.
What was revoked does not come back unchanged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from core.clock import epoch_s
from core.jose import thumbprint
from core.locale import Locale
from miniapps.bundles import archive, blocks, hashing, statement
from miniapps.bundles import manifest as manifests
from miniapps.bundles.names import MEDIA_TYPES
from miniapps.releases.errors import ProgramRevoked, ProgramTaken, VersionNotNewer
from miniapps.releases.model import Category, Organisation, Release
from miniapps.releases.service import Releases
from miniapps.releases.signing import private_key

_LOG = logging.getLogger(__name__)
NAMES: Final = {Locale.ZH_CN: "城市通", Locale.EN: "CityTong"}
# Who publishes them, in the audit.
BY: Final = "city"
SDK_FOLDER: Final = "sdk"
_BUILT_WITH: Final = "citytong"
# Of a folder, what is for its readers and not for its program.
_NOT_PACKED: Final = frozenset({"md", "map"})
_CATEGORIES: Final = {"air": Category.ENVIRONMENT, "code": Category.GOVERNMENT, "developer": Category.GOVERNMENT}


@dataclass(frozen=True, slots=True)
class OwnPrograms:
    """programs: a folder with one for each. sdk: the SDK's scripts.

    counted: changed files are the next version, whatever their manifest says; never in production.
    """

    releases: Releases
    programs: Path
    sdk: Path
    counted: bool = False

    async def publish(self) -> list[Release]:
        """Release each that changed; those releases. Safe beside another process that does the same.

        Raises: PackageInvalid, OperationsInvalid, Unavailable.
        """
        folders = sorted(path.parent for path in self.programs.glob(f"*/{manifests.FILE}"))
        if not folders:
            return []
        organisation, made = await self._organisation(), list[Release]()
        for folder in folders:
            files = await asyncio.to_thread(self._files, folder)
            release = await self._publish(folder.name, files, organisation)
            if release:
                made.append(release)
        return made

    async def _organisation(self) -> Organisation:
        ring = self.releases.rings.developer
        return await self.releases.organisation_of(
            names=NAMES, verified=True, keys=ring.jwks()["keys"], key_id=thumbprint(ring.active.jwk())
        )

    def _files(self, folder: Path) -> Mapping[str, bytes]:
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _packed(folder)}
        scripts = [path for path in _packed(self.sdk) if path.suffix == ".js"]
        return files | {f"{SDK_FOLDER}/{path.relative_to(self.sdk).as_posix()}": path.read_bytes() for path in scripts}

    async def _publish(self, name: str, files: Mapping[str, bytes], organisation: Organisation) -> Release | None:
        manifest: dict[str, Any] = orjson.loads(files[manifests.FILE])
        published = await self.releases.store.releases_of(manifest["app_id"])
        code, newest = manifest["version"]["code"], next(iter(published), None)
        if newest is not None:
            if hashing.files_h1(_with_code(files, manifest, newest.version_code)) == newest.files_h1:
                return None
            if self.counted:
                code = max(code, newest.version_code + 1)
            if code <= newest.version_code:
                _tell_stale(name, code, newest.version_code)
                return None
        package = await asyncio.to_thread(self._signed, _with_code(files, manifest, code))
        try:
            return await self.releases.publish(
                package=package,
                organisation=organisation,
                granted=manifests.read(files[manifests.FILE]).declared,
                by=BY,
                category=_CATEGORIES.get(name),
            )
        except VersionNotNewer:
            # Another process, with another zlib, has just packed the same.
            return None
        except (ProgramRevoked, ProgramTaken) as refusal:
            # A city runs without a program that it took back, or whose id another organisation has.
            _LOG.warning("own program not published", extra={"facts": {"program": name, "because": refusal.code}})
            return None

    def _signed(self, files: Mapping[str, bytes]) -> bytes:
        releases = self.releases
        unsigned, key = archive.pack(files), releases.rings.developer.active
        said = statement.make(unsigned, built_with=_BUILT_WITH, created=epoch_s(releases.clock.now()))
        signature = statement.sign_developer(said, key=private_key(key), kid=key.kid)
        return blocks.join(unsigned, {blocks.DEVELOPER: signature})


def _tell_stale(name: str, code: int, newest: int) -> None:
    if code < newest:
        # A process of an earlier city, which starts beside those of the next one.
        _LOG.info("own program is an older one", extra={"facts": {"program": name, "code": code, "newest": newest}})
        return
    what = f"raise version.code in {name}/{manifests.FILE} above {newest}: its files are others than those released"
    _LOG.error("own program not published", extra={"facts": {"program": name, "because": what}})


def _packed(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix.removeprefix(".") in MEDIA_TYPES.keys() - _NOT_PACKED
    )


def _with_code(files: Mapping[str, bytes], manifest: Mapping[str, Any], code: int) -> Mapping[str, bytes]:
    """The same program as the version of this code."""
    told = {**manifest, "version": {**manifest["version"], "code": code}}
    return {**files, manifests.FILE: orjson.dumps(told, option=orjson.OPT_INDENT_2)}
