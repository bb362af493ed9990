"""What is known of a city and must not be forgotten: its keys and its list of revocations.

Kept under `<state>/<host>/`. A list that is older than one seen before is nothing to go on with: status 5.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from citytong_sdk.bundles import jws, revocations
from citytong_sdk.bundles.errors import BundleError
from citytong_sdk.bundles.revocations import Revocations
from citytong_sdk.keys import DEVELOPER, PublishedKeys, published
from citytong_sdk.keys import REVOCATIONS as REVOCATIONS_KEYS

from . import files
from .desk import Desk
from .errors import of_package
from .web import Web, as_json

JWKS: Final = "/.well-known/mini-jwks.json"
REVOCATIONS: Final = "/.well-known/mini-revocations.json"


@dataclass(frozen=True, slots=True)
class CityKeys:
    """A city's public keys. organisations: whose a developer's key is, by kid. packages: of keys that sign one package
    alone, its SHA-256.
    """

    published: PublishedKeys
    organisations: Mapping[str, str]
    packages: Mapping[str, str] = field(default_factory=dict)

    def developers(self, package: str) -> jws.Keys:
        """Those that may have signed this package."""
        keys = self.published.of(DEVELOPER)
        return {kid: key for kid, key in keys.items() if self.packages.get(kid, package) == package}


@dataclass(frozen=True, slots=True)
class Memory:
    """What this machine remembers of one city."""

    folder: Path
    desk: Desk = field(repr=False)

    def keep(self, name: str, content: bytes) -> None:
        files.write(self.folder / name, content)

    def recalled(self, name: str) -> bytes | None:
        path = self.folder / name
        return path.read_bytes() if path.is_file() else None

    def lock(self) -> Path:
        return self.folder / "lock"


def memory(desk: Desk, city: Web) -> Memory:
    return Memory(desk.state / city.host.replace(":", "_"), desk)


def keys(raw: bytes, where: str) -> CityKeys:
    """The keys in a set that a city publishes. Raises: TongError."""
    with as_json(where):
        told = json.loads(raw)
        owners = {one["kid"]: one["city_organisation"] for one in told["keys"] if "city_organisation" in one}
        packages = {one["kid"]: one["city_package"] for one in told["keys"] if "city_package" in one}
        return CityKeys(published(told), owners, packages)


def fetched_keys(city: Web, kept: Memory, *, signer: str = "") -> CityKeys:
    """signer: the key that a package says; of keys that sign one package each, the city's set has only the last ones.

    Raises: TongError.
    """
    raw = city.get(JWKS)
    found = keys(raw, city.base + JWKS)
    if signer and signer not in found.published.of(DEVELOPER):
        more = city.ask("GET", f"{JWKS}?{urlencode({'kid': signer})}")
        raw = _joined(raw, more.body, city.base + JWKS) if more.status == 200 else raw
        found = keys(raw, city.base + JWKS)
    kept.keep("jwks.json", raw)
    return found


def _joined(raw: bytes, more: bytes, where: str) -> bytes:
    """Two sets as one, so that what was asked for is known without a line, too."""
    with as_json(where):
        told, others = json.loads(raw), json.loads(more)["keys"]
        return json.dumps({**told, "keys": [*told["keys"], *others]}).encode()


def fetched_revocations(city: Web, known: CityKeys, kept: Memory, now: int) -> Revocations:
    """The list as it is now, no older than the one seen last. Raises: TongError."""
    with files.locked(kept.lock()):
        text = city.get(REVOCATIONS).decode("ascii", "replace").strip()
        seen = int(kept.recalled("revocations-sequence") or b"0")
        try:
            found = revocations.read(text, keys=known.published.of(REVOCATIONS_KEYS), now=now, seen_sequence=seen)
        except BundleError as fault:
            raise of_package(fault, city.base + REVOCATIONS) from fault
        kept.keep("revocations-sequence", str(found.sequence).encode())
    return found
