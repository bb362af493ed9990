"""The wing as the roof assembles it, on the run's real MongoDB, and a developer who packs and signs programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.city_graph import PublishedGraph
from core.audit import KEY_OVERLAP as AUDIT_OVERLAP
from core.audit import KEY_PURPOSE, AuditLog
from core.clock import FixedClock, epoch_s
from core.crypto import FieldCipher
from core.events import Outbox
from core.ids import Ids
from core.jose import key_of_seed, thumbprint
from core.keys import Algorithm, KeyRing
from core.locale import Locale
from core.mongo import Mongo
from miniapps.asking.published import OperationsCheck
from miniapps.bundles import archive, blocks, statement
from miniapps.releases.catalogue import Catalogue
from miniapps.releases.log import Log
from miniapps.releases.model import Category, Organisation, Release
from miniapps.releases.opening import Opener
from miniapps.releases.origins import Origins
from miniapps.releases.reports import Blocked
from miniapps.releases.service import Releases
from miniapps.releases.serving import PRELOAD, REPORTS, HostFiles, ProgramHosts
from miniapps.releases.shelf import Shelf
from miniapps.releases.signing import (
    DEVELOPER_KEYS,
    KEY_OVERLAP,
    LOG_KEYS,
    PLATFORM_KEYS,
    REVOCATION_KEYS,
    Rings,
)
from miniapps.releases.store import ReleaseStore

CITY = "http://127.0.0.1:8000"
APP = "org.example.library"
PAGE = b"""<!doctype html>
<html lang="zh"><head><title>Library</title></head>
<body><script>document.title = "ready"</script><script type="module" src="../app.js"></script></body></html>
"""
ICON = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>'
PERMISSIONS = [{"name": "city.user.phone", "reason": "取书通知"}, {"name": "city.device.location", "reason": "分馆"}]


def manifest(code: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "app_id": APP,
        "name": "图书馆",
        "description": "借书还书",
        "icons": [{"src": "common/icon.svg", "sizes": "8x8"}],
        "version": {"name": f"1.{code}.0", "code": code},
        "platform_version": {"min_code": 1},
        "pages": ["pages/index"],
        "req_permissions": PERMISSIONS,
        "city_domains": {"connect": ["https://api.library.example"]},
        **more,
    }


def files(code: int = 1, **more: Any) -> dict[str, bytes]:
    """A small program. more: other members of its manifest."""
    english = {
        "name": "Library",
        "description": "Borrow books",
        "window": {"navigation_bar_title_text": "My books"},
        "city_reasons": {"city.user.phone": "To tell you"},
    }
    return {
        "manifest.json": orjson.dumps(manifest(code, **more)),
        "app.js": b"export const shelf = 'A1';\n" * 40,
        "app.css": b"",
        "pages/index.html": PAGE,
        "common/icon.svg": ICON,
        "i18n/en.json": orjson.dumps(english),
    }


@dataclass(frozen=True, slots=True)
class Developer:
    """Somebody who signs packages with a key of their own."""

    seed: bytes = bytes(range(32))

    @property
    def jwk(self) -> dict[str, str]:
        return key_of_seed(self.seed).jwk()

    def signed(self, program: Mapping[str, bytes], *, at: int) -> bytes:
        unsigned, key = archive.pack(program), Ed25519PrivateKey.from_private_bytes(self.seed)
        said = statement.make(unsigned, built_with="tests", created=at)
        value = statement.sign_developer(said, key=key, kid=self.jwk["kid"])
        return blocks.join(unsigned, {blocks.DEVELOPER: value})


@dataclass(frozen=True, slots=True)
class Heard:
    """What browsers said of releases' pages (the protocol `Hears`)."""

    said: list[tuple[int, Blocked]] = field(default_factory=list)

    async def blocked(self, release: Release, one: Blocked, *, address: str) -> None:
        self.said.append((release.version_code, one))


@dataclass(frozen=True, slots=True)
class Workshop:
    """One process's releases. hosts: what answers on programs' hosts."""

    releases: Releases
    hosts: ProgramHosts
    clock: FixedClock
    heard: Heard
    developer: Developer = field(default_factory=Developer)

    async def organisation(self, name: str = "City Library", developer: Developer | None = None) -> Organisation:
        key = (developer or self.developer).jwk
        names = {Locale.ZH_CN: "市图书馆", Locale.EN: name}
        return await self.releases.organisation_of(names=names, verified=True, keys=[key], key_id=thumbprint(key))

    def package(self, code: int = 1, **more: Any) -> bytes:
        return self.developer.signed(files(code, **more), at=epoch_s(self.clock.now()))

    async def publish(self, code: int = 1, *, package: bytes | None = None) -> Release:
        """The program's version of this code, granted half of what it asks for."""
        return await self.releases.publish(
            package=package or self.package(code),
            organisation=await self.organisation(),
            granted={"city.user.phone", "city.pay"},
            by="stf_1",
            category=Category.CULTURE,
        )


async def build(*, mongo: Mongo, clock: FixedClock, ids: Ids, cipher: FieldCipher, public_url: str = CITY) -> Workshop:
    def ring(purpose: str) -> KeyRing:
        return KeyRing(
            purpose=purpose,
            algorithm=Algorithm.ED25519,
            mongo=mongo,
            cipher=cipher,
            clock=clock,
            overlap=AUDIT_OVERLAP if purpose == KEY_PURPOSE else KEY_OVERLAP,
        )

    platform, log, store = ring(PLATFORM_KEYS), ring(LOG_KEYS), ReleaseStore(mongo)
    tree, host_files = Log("110000.citytong/mini-log", log, mongo), HostFiles.shipped()
    origins = Origins.of(mini_url="", public_url=public_url)
    assert origins is not None
    preload = host_files.path_of(PRELOAD)
    opener = Opener(platform=platform, log=tree, shells=origins.shells, preload=preload, reports=REPORTS)
    releases = Releases(
        issuer=public_url,
        store=store,
        rings=Rings(platform=platform, log=log, revocations=ring(REVOCATION_KEYS), developer=ring(DEVELOPER_KEYS)),
        log=tree,
        catalogue=Catalogue(store, clock),
        shelf=Shelf(store, clock, opener),
        origins=origins,
        outbox=Outbox(mongo=mongo, ids=ids, clock=clock),
        audit=AuditLog(mongo=mongo, keys=ring(KEY_PURPOSE), ids=ids, clock=clock),
        ids=ids,
        clock=clock,
        check_operations=OperationsCheck(PublishedGraph()),
    )
    await releases.open()
    heard = Heard()
    hosts = ProgramHosts(origins, releases.shelf, host_files, heard, lambda request: request.remote or "")
    return Workshop(releases, hosts, clock, heard)
