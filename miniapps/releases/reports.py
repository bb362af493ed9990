"""What a browser says of a page that tried what its policy forbids: which directive, and what kind of address; no more.

Rules
- Anybody may say so: it is a count of what was said, and proves nothing.
- Nothing of it that a page chose is kept: of the address that it tried, only which of a few kinds it is. So a page
  tells nobody more by what it tries than one name of a short list, and to a counter of the day.
- Neither who nor where from is kept.
Sources: CSP Level 3 §5.3; docs/decisions/0053-a-program-runs-in-an-opaque-frame-within-a-player.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import orjson

from miniapps.releases.model import Release

# A policy with its hashes and domains comes along.
BYTES_MAX: Final = 32 * 1024
TYPE: Final = "application/csp-report"
_DIRECTIVES: Final = frozenset(
    {
        *("script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr"),
        *("img-src", "font-src", "media-src", "connect-src", "worker-src", "frame-src", "object-src", "manifest-src"),
        *("form-action", "base-uri", "frame-ancestors", "default-src", "require-trusted-types-for", "trusted-types"),
    }
)


class Kind(StrEnum):
    """INLINE: no address; also a sink that takes no text. OWN: the program's host. CITY: the shell. DECLARED: a domain
    that the program may speak to, in another way.
    """

    INLINE = "inline"
    EVAL = "eval"
    DATA = "data"
    BLOB = "blob"
    OWN = "own"
    CITY = "city"
    DECLARED = "declared"
    ELSEWHERE = "elsewhere"


_SCHEMES: Final[Mapping[str, Kind]] = {
    "inline": Kind.INLINE,
    "trusted-types-policy": Kind.INLINE,
    "trusted-types-sink": Kind.INLINE,
    "eval": Kind.EVAL,
    "wasm-eval": Kind.EVAL,
    "data": Kind.DATA,
    "blob": Kind.BLOB,
}


@dataclass(frozen=True, slots=True)
class Blocked:
    directive: str
    kind: Kind


class Hears(Protocol):
    """Who counts what browsers say."""

    async def blocked(self, release: Release, one: Blocked, *, address: str) -> None:
        """address: of whoever says it, by which they are counted. Raises: DomainError of kind LIMITED, Unavailable."""
        ...


def blocked(body: bytes, *, csp: str, host: str) -> Blocked | None:
    """What a report says; None for what is none. csp: of the page. host: the program's, as it was asked."""
    try:
        told: Any = orjson.loads(body)["csp-report"]
        directive, where = told.get("effective-directive") or told["violated-directive"], told.get("blocked-uri", "")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None
    if not isinstance(directive, str) or not isinstance(where, str) or directive not in _DIRECTIVES:
        return None
    return Blocked(directive, _kind(where, _sources(csp), host))


def _kind(where: str, sources: Mapping[str, frozenset[str]], host: str) -> Kind:
    scheme = where.partition(":")[0]
    if scheme in _SCHEMES:
        return _SCHEMES[scheme]
    try:
        parts = urlsplit(where)
    except ValueError:
        return Kind.ELSEWHERE
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.netloc == host:
        return Kind.OWN
    if origin in sources["frame-ancestors"]:
        return Kind.CITY
    return Kind.DECLARED if origin in sources["connect-src"] | sources["img-src"] else Kind.ELSEWHERE


def _sources(csp: str) -> Mapping[str, frozenset[str]]:
    directives = (one.split() for one in csp.split(";"))
    return {name: frozenset(values) for name, *values in directives}
