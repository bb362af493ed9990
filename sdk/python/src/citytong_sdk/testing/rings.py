"""The keys of a city of tests, one ring for each purpose, from a seed; and what it signs and seals with them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from citytong_sdk.bundles import blocks, statement, tiles, tlog
from citytong_sdk.keys import (
    DEVELOPER,
    LAUNCH,
    LOG,
    OPEN,
    PLATFORM,
    REVOCATIONS,
    WEBHOOK,
    Jwk,
    PrivateKey,
    PublishedKeys,
    published,
)

PURPOSES: Final = (LAUNCH, WEBHOOK, OPEN, PLATFORM, REVOCATIONS, LOG, DEVELOPER)


class Rings:
    """log: the name of the log of releases."""

    def __init__(self, *, seed: int, log: str) -> None:
        self.log: Final = log
        self._seed: Final = seed
        self._rings: dict[str, list[PrivateKey]] = {purpose: [] for purpose in PURPOSES}
        self._strangers: list[Jwk] = []
        for purpose in PURPOSES:
            self.rotate(purpose)

    def active(self, purpose: str) -> PrivateKey:
        return self._rings[purpose][-1]

    def rotate(self, purpose: str) -> None:
        """A new key signs from now on; the ones before still verify."""
        ring = self._rings[purpose]
        raw = hashlib.sha256(f"citytong {self._seed} {purpose} {len(ring)}".encode()).digest()
        ring.append(PrivateKey(Ed25519PrivateKey.from_private_bytes(raw)))

    def add_developer(self, jwk: Jwk, *, organisation: str) -> None:
        self._strangers.append({**jwk, "city_purpose": DEVELOPER, "city_organisation": organisation})

    def jwks(self) -> dict[str, Any]:
        named: Mapping[str, dict[str, str]] = {LOG: {"city_log": self.log}}
        ours = [
            {**key.jwk, "city_purpose": purpose, **named.get(purpose, {})}
            for purpose, ring in self._rings.items()
            for key in ring
        ]
        return {"keys": [*ours, *self._strangers]}

    def published(self) -> PublishedKeys:
        return published(self.jwks())

    def vouched(
        self,
        unsigned: bytes,
        said: statement.Statement,
        developer: bytes,
        profile: statement.Profile,
        *,
        leaves: list[bytes],
    ) -> bytes:
        """The package with every signature: its developer's value, the city's word and the log's proof. leaves: of the
        log, which gets one more.
        """
        city = self.active(PLATFORM)
        platform = statement.sign_platform(profile, key=city.private, kid=city.kid)
        leaves.append(tlog.leaf_hash(statement.log_entry(said, developer=developer, platform=platform)))
        index = len(leaves) - 1
        path = tiles.Tree(len(leaves), tiles.laid(leaves)).inclusion(index)
        proof = tlog.write_proof(index, path, self.checkpoint(leaves)).encode()
        return blocks.join(unsigned, {blocks.DEVELOPER: developer, blocks.PLATFORM: platform, blocks.LOG_PROOF: proof})

    def checkpoint(self, leaves: Sequence[bytes]) -> str:
        """The log's signed note of what it holds."""
        key = self.active(LOG).private
        assert isinstance(key, Ed25519PrivateKey)
        return tlog.sign_checkpoint(tlog.Checkpoint(self.log, len(leaves), tlog.root(leaves)), key)

    def sign(self, purpose: str, claims: Mapping[str, object], *, typ: str) -> str:
        return self.active(purpose).sign_jwt(claims, typ=typ)
