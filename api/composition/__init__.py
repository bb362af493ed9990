"""The graph as files: each room's `schema.graphql`, and the supergraph that is composed of all of them.

They are committed and reviewed. Composing needs Node and `@theguild/federation-composition`; serving needs neither:
it reads `supergraph.graphql`, whose first line names the very subgraphs that it was composed of.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from api.subgraphs import DEPARTMENTS, ROOMS
from core.graph import sdl

_ROOT: Final = Path(__file__).parents[2]
SUPERGRAPH: Final = _ROOT / "api" / "supergraph.graphql"
_COMPOSER: Final = Path(__file__).parent / "compose.mjs"
_MARK: Final = "# composed of "


class CompositionFailed(Exception):
    """The subgraphs do not fit together, or the composer is not installed. The message says which."""


@dataclass(frozen=True, slots=True)
class Subgraph:
    """One subgraph as it is composed.

    file: where its SDL is committed. url: where it answers by default; empty for one in this process.
    """

    name: str
    file: Path
    sdl: str
    url: str


def current() -> list[Subgraph]:
    """Every subgraph as the code (rooms) or its department's snapshot (backends) has it now."""
    rooms = [
        Subgraph(name, _ROOT / room.folder / "schema.graphql", sdl(room.schema), "") for name, room in ROOMS.items()
    ]
    departments = [
        Subgraph(name, _ROOT / folder / "schema.graphql", (_ROOT / folder / "schema.graphql").read_text(), "")
        for name, folder in DEPARTMENTS.items()
    ]
    return rooms + departments


def fingerprint(subgraphs: list[Subgraph]) -> str:
    """Changes when any subgraph's name or SDL does."""
    hashed = hashlib.sha256()
    for one in sorted(subgraphs, key=lambda s: s.name):
        hashed.update(f"{one.name}\0{one.sdl}\0".encode())
    return hashed.hexdigest()[:16]


def composed_of(supergraph: str) -> str:
    """The fingerprint in the first line of a supergraph file; empty when it has none."""
    first = supergraph.partition("\n")[0]
    return first.removeprefix(_MARK) if first.startswith(_MARK) else ""


async def write_supergraph() -> None:
    """Write each room's SDL and the supergraph. Raises: CompositionFailed; then no file has changed."""
    subgraphs = current()
    supergraph = await compose(subgraphs)
    for one in subgraphs:
        one.file.write_text(one.sdl)
    SUPERGRAPH.write_text(supergraph)


async def compose(subgraphs: list[Subgraph]) -> str:
    """The supergraph's SDL. Raises: CompositionFailed."""
    asked: Mapping[str, object] = {s.name: {"url": s.url, "sdl": s.sdl} for s in subgraphs}
    try:
        process = await asyncio.create_subprocess_exec(
            "node",
            str(_COMPOSER),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError as fault:
        raise CompositionFailed("Composing needs Node.js 20 or later, and no `node` is on the path.") from fault
    printed, faults = await process.communicate(orjson.dumps(asked))
    if b"ERR_MODULE_NOT_FOUND" in faults:
        raise CompositionFailed("The composer is not installed: `make composer` installs it.")
    if process.returncode != 0:
        raise CompositionFailed(f"The subgraphs do not compose:\n{faults.decode().strip()}")
    return f"{_MARK}{fingerprint(subgraphs)}\n{printed.decode()}"
