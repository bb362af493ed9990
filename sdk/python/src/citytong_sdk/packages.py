"""Packages and revocations, as a program's developer can check them: with the city's published keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .bundles import jws, revocations, statement
from .bundles.errors import LOG, REVOKED, BundleError
from .bundles.revocations import Revocations
from .bundles.statement import Verified
from .calls import Call, Request
from .city import REVOCATIONS_PATH, City
from .errors import CityTongError, RevocationsInvalid
from .keys import DEVELOPER, PLATFORM, REVOCATIONS, PublishedKeys

_PACKAGE_BYTES_MAX: Final = 4 << 20
_FRESH_S: Final = 60


@dataclass(frozen=True, slots=True)
class Package:
    city: City

    def verify(self, package: str | Path | bytes, *, seen_version_code: int = 0) -> Call[Verified]:
        """The package (a file's path, or its bytes), when its developer, the city and the log of releases vouch for it.

        seen_version_code: the highest that was seen before. Whether it was revoked since: `revocations`.
        Raises: BundleError with a stable code; OSError; CityTongError where the city's keys were never told.
        """
        raw = package if isinstance(package, bytes) else _read(package)
        keys = yield from self.city.keys()
        return verify_package(raw, keys=keys, now=int(self.city.clock()), seen_version_code=seen_version_code)


def verify_package(raw: bytes, *, keys: PublishedKeys, now: int, seen_version_code: int = 0) -> Verified:
    """The same without asking anybody. Raises: BundleError."""
    refused = BundleError(LOG, detail="the city published no key of its log")
    for log_key in keys.logs:
        try:
            return statement.verify(
                raw,
                developer_keys=keys.of(DEVELOPER),
                platform_keys=keys.of(PLATFORM),
                log_key=log_key,
                now=now,
                seen_version_code=seen_version_code,
            )
        except BundleError as fault:
            if fault.code != LOG:
                raise
            refused = fault  # perhaps another key of the log's signed it
    raise refused


@dataclass(slots=True)
class RevocationList:
    """The city's signed list. sequence: of the newest list that was seen; give the one that you kept when you start,
    and an older list is refused also then.
    """

    city: City
    sequence: int = 0
    _held: Revocations | None = field(default=None, init=False, repr=False)
    _asked_at: float = field(default=float("-inf"), init=False, repr=False)

    def current(self) -> Call[Revocations]:
        """Asked for at most once a minute; while the city does not answer, the one before holds for as long as it said.

        Raises: RevocationsInvalid, CityTongError.
        """
        now, held = self.city.clock(), self._held
        if held is not None and now - self._asked_at < _FRESH_S and _holds(held, now):
            return held
        try:
            text = (yield from self.city.asked(self._request)).body.decode("ascii", "replace").strip()
        except CityTongError:
            if held is not None and _holds(held, now):
                return held
            raise
        found = yield from self._read(text)
        self._asked_at = now
        self._held, self.sequence = found, max(found.sequence, self.sequence)
        return found

    def is_revoked(self, version_code: int) -> Call[bool]:
        """Whether this version of the program, or the program, may no longer run. Raises: as `current`."""
        listed = yield from self.current()
        try:
            listed.check(self.city.app_id, version_code)
        except BundleError as refusal:
            if refusal.code != REVOKED:
                raise
            return True
        return False

    def _request(self) -> Request:
        return Request("GET", self.city.issuer + REVOCATIONS_PATH, repeatable=True)

    def _read(self, text: str) -> Call[Revocations]:
        """By the keys that are held, or else by newer ones."""
        try:
            return self._believed(text, (yield from self.city.keys()).of(REVOCATIONS))
        except RevocationsInvalid:
            return self._believed(text, (yield from self.city.keys(unknown=True)).of(REVOCATIONS))

    def _believed(self, text: str, keys: jws.Keys) -> Revocations:
        try:
            return revocations.read(text, keys=keys, now=int(self.city.clock()), seen_sequence=self.sequence)
        except BundleError as fault:
            raise RevocationsInvalid(f"The list of revocations is not believed: {fault.code}.") from None


def _holds(listed: Revocations, now: float) -> bool:
    return now <= listed.issued_at + listed.max_age


def _read(path: str | Path) -> bytes:
    """As many bytes as a package may have, and one more: what is larger is refused as what it is."""
    with Path(path).open("rb") as file:
        return file.read(_PACKAGE_BYTES_MAX + 1)
