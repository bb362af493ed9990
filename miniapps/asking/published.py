"""Where the documents of a release come from: the files that are served, every signature checked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from miniapps.asking.errors import OperationsInvalid
from miniapps.asking.model import GraphRules, document, texts
from miniapps.releases.service import Releases


@dataclass(frozen=True, slots=True)
class ReleasedOperations:
    """What `Asking` asks (its protocol `Operations`)."""

    releases: Releases

    async def operations(self, release_id: str) -> bytes | None:
        """The release's file of operations; None where it has none. Raises: Unavailable."""
        release = await self.releases.release(release_id)
        path = release.manifest.operations if release else ""
        if release is None or not path or self.releases.shelf is None:
            return None
        opened = await self.releases.shelf.find(release.app_key, release.root)
        return opened[0].files[path].raw if opened else None


@dataclass(frozen=True, slots=True)
class OperationsCheck:
    """What publishing asks of a package with documents."""

    graph: GraphRules

    def __call__(self, raw: bytes, declared: Collection[str]) -> None:
        """Raises: OperationsInvalid."""
        for text in texts(raw).values():
            found = document(text, self.graph)
            for field, scope in sorted(found.fields.items()):
                if scope not in declared:
                    raise OperationsInvalid(
                        rule="undeclared", document=found.name or found.id, detail=f"{field} needs {scope}"
                    )
