"""Which programs there are, as sessions ask: a release's row, read as what may run."""

from __future__ import annotations

from dataclasses import dataclass

from core.locale import Locale, Text
from miniapps.bundles.manifest import Permission
from miniapps.releases.model import SERVED, Release
from miniapps.releases.service import Releases
from miniapps.sessions.model import Runnable, Standing


@dataclass(frozen=True, slots=True)
class ReleasedPrograms:
    """What `Sessions` asks (its protocol `Programs`)."""

    releases: Releases

    async def current(self, app_id: str) -> Runnable:
        """What is opened under this id now. Raises: NotFound, NoProgramsHere, Unavailable."""
        return runnable((await self.releases.running(app_id)).release, Standing.RUNS)

    async def release(self, release_id: str) -> Runnable | None:
        """One that was opened before, also when it was revoked since. Raises: Unavailable."""
        found = await self.releases.release(release_id)
        if found is None:
            return None
        if found.state in SERVED:
            return runnable(found, Standing.RUNS)
        program = await self.releases.store.program(found.app_id)
        gone = program is None or program.revoked
        return runnable(found, Standing.PROGRAM_REVOKED if gone else Standing.VERSION_REVOKED)


def runnable(release: Release, standing: Standing) -> Runnable:
    manifest = release.manifest
    return Runnable(
        release=release.id,
        app_id=release.app_id,
        organisation=release.organisation,
        version_name=release.version_name,
        version_code=release.version_code,
        pages=manifest.pages,
        declared={one.name: _reason(release, one) for one in (*manifest.req_permissions, *manifest.opt_permissions)},
        granted=release.granted,
        standing=standing,
        accept_from=frozenset(manifest.accept_from) or None,
    )


def _reason(release: Release, asked: Permission) -> Text:
    """In each language of the city; in the manifest's where the program did not say it in that one."""
    said = {locale: release.reasons.get(locale, {}).get(asked.name) or asked.reason for locale in Locale}
    return Text(zh=said[Locale.ZH_CN], en=said[Locale.EN])
