"""A release's files as they are answered: the package verified once more, its pages begun by the host's script.

The developer's, the city's and the log's signatures are asked before anything is served (T26): bytes that changed in
the database reach no browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.clock import epoch_s
from core.files import File
from core.keys import KeyRing
from miniapps.bundles import blocks, policy, statement
from miniapps.bundles.encoding import from_b64
from miniapps.bundles.errors import LOG, BundleError
from miniapps.bundles.tlog import NoteKey
from miniapps.releases import hints
from miniapps.releases.log import Log
from miniapps.releases.model import Organisation, Release
from miniapps.releases.signing import public_keys

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"


@dataclass(frozen=True, slots=True)
class Opened:
    """A release whose files are at hand. csp: the policy of its pages, with the inline scripts of all of them."""

    release: Release
    files: Mapping[str, File] = field(repr=False)
    csp: str

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files.values())


@dataclass(frozen=True, slots=True)
class Opener:
    """platform: the ring whose keys the city approves with. shells: who may frame pages. preload: address of the
    script that every page begins with. reports: under which address a release is told what its pages tried.
    """

    platform: KeyRing
    log: Log
    shells: Sequence[str]
    preload: str
    reports: str

    def opened(self, release: Release, organisation: Organisation, package: bytes, now: datetime) -> Opened:
        """Raises: BundleError where the package is not what was published."""
        found = statement.verify(
            package,
            developer_keys=public_keys(organisation.keys),
            platform_keys=public_keys(self.platform.jwks()["keys"]),
            log_key=self._log_key(package),
            now=epoch_s(now),
        )
        hashes = policy.page_hashes(found.files)
        every = tuple(dict.fromkeys(source for sources in hashes.values() for source in sources))
        csp = policy.content_security_policy(profile=found.profile, hashes=every, shell_origins=self.shells)
        reports = f"{self.reports}{release.root}"
        files = {path: self._file(path, found.files, found.profile, hashes.get(path), reports) for path in found.files}
        return Opened(release, files, csp)

    def _file(
        self,
        path: str,
        every: Mapping[str, bytes],
        profile: statement.Profile,
        hashes: Sequence[str] | None,
        reports: str,
    ) -> File:
        """hashes: None for what is no page."""
        headers = policy.headers(
            path, profile=profile, hashes=hashes or (), shell_origins=self.shells, report_url=reports
        )
        if hashes is None:
            return File.of(every[path], {**headers, "Cache-Control": _FOR_EVER})
        linked = {"Link": link} if (link := hints.modules(path, every)) else {}
        return File.of(policy.inject(every[path], self.preload), {**headers, **linked, "Cache-Control": _ASK_AGAIN})

    def _log_key(self, package: bytes) -> NoteKey:
        """The one of the log's keys that the package's proof names."""
        proof = blocks.split(package).values.get(blocks.LOG_PROOF, b"")
        try:
            named = from_b64(proof.decode().rstrip("\n").rpartition(" ")[2])[:4]
        except ValueError:
            raise BundleError(LOG, detail="not a proof") from None
        for key in self.log.note_keys():
            if key.id == named:
                return key
        raise BundleError(LOG, detail="signed with none of the log's keys")
