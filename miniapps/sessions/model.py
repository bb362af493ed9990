"""One run of a program by one citizen, and what it was opened with.

- A session belongs to a citizen, a release of a program and the device session that opened it. It ends when it is
  closed, when that device session ends, when its version or its program is revoked, after `LIFE` at the latest.
- Who calls is known by the session and the citizen's own token, never by a field that the program fills (T12).
- Where a program was opened from is the city's word: the live session of the same citizen that led here (T20). The page
  is one of the manifest, the query is bounded, and what it says is nobody's word (T19).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import orjson

from core.errors import BadInput
from core.locale import Text
from miniapps.sessions.errors import PageUnknown, ReferrerRefused

SESSION_PREFIX: Final = "mps"
LIFE: Final = timedelta(hours=12)
# So long after its end a session still says why it ended.
TOLD_FOR: Final = timedelta(minutes=10)
# Of one sign-in; with one more, the oldest is over.
AT_ONCE_MAX: Final = 64

QUERY_NAMES_MAX: Final = 32
QUERY_BYTES_MAX: Final = 2048
PAGE_LENGTH_MAX: Final = 256
SCENE_LENGTH_MAX: Final = 32
# How those who build a program, or review it, open what they only try, and nobody opens anything else.
TRIAL: Final = "trial"
_SCENE: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
# What a program may be asked at once.
NAMES_MAX: Final = 32


class Ending(StrEnum):
    """Why a session is over. EXPIRED is also said of what never was the caller's."""

    CLOSED = "CLOSED"
    SIGNED_OUT = "SIGNED_OUT"
    EXPIRED = "EXPIRED"
    VERSION_REVOKED = "VERSION_REVOKED"
    PROGRAM_REVOKED = "PROGRAM_REVOKED"


class Standing(StrEnum):
    """Whether a release may still run. EXPIRED: it is only tried, and no longer by this citizen."""

    RUNS = "RUNS"
    EXPIRED = "EXPIRED"
    VERSION_REVOKED = "VERSION_REVOKED"
    PROGRAM_REVOKED = "PROGRAM_REVOKED"


@dataclass(frozen=True, slots=True)
class Runnable:
    """A release of a program, as far as a session asks.

    organisation: who builds it (`mpo_…`). declared: the permissions of its manifest, each with the program's reason.
    granted: those that the platform granted at review. accept_from: ids of programs that may open it; None: any may.
    districts: where it is for (GB/T 2260); None for the whole city. trial: those who build it, or review it, try it.
    """

    release: str
    app_id: str
    organisation: str
    version_name: str
    version_code: int
    pages: tuple[str, ...]
    declared: Mapping[str, Text]
    granted: frozenset[str]
    standing: Standing = Standing.RUNS
    accept_from: frozenset[str] | None = None
    districts: frozenset[str] | None = None
    trial: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """How a program is opened. page: of its manifest. query: untrusted. scene: where from, as the shell says.

    referrer: the program that led here, by the city's word; None where the citizen opened it.
    """

    page: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    scene: str = "home"
    referrer: str | None = None

    @classmethod
    def into(cls, program: Runnable, *, page: str, query: Any, scene: str, referrer: str | None) -> Way:
        """page: empty for the first. Raises: PageUnknown, ReferrerRefused, BadInput."""
        if page and page not in program.pages:
            raise PageUnknown(page=page[:PAGE_LENGTH_MAX])
        if referrer is not None and program.accept_from is not None and referrer not in program.accept_from:
            raise ReferrerRefused()
        if not 0 < len(scene) <= SCENE_LENGTH_MAX or not _SCENE.issuperset(scene):
            raise BadInput(field="scene", problem=f"must be 1 to {SCENE_LENGTH_MAX} of a-z, 0-9, _ and -")
        return cls(page or program.pages[0], _query(query), scene, referrer)


def _query(query: Any) -> Mapping[str, str]:
    """Raises: BadInput."""
    if query is None:
        return {}
    if not isinstance(query, dict) or not all(isinstance(value, str) for value in query.values()):
        raise BadInput(field="query", problem="must be an object of texts")
    if len(query) > QUERY_NAMES_MAX or len(orjson.dumps(query)) > QUERY_BYTES_MAX:
        raise BadInput(field="query", problem=f"must be {QUERY_NAMES_MAX} names, {QUERY_BYTES_MAX} bytes at most")
    return query


@dataclass(frozen=True, slots=True)
class Session:
    """device_session: the sign-in that opened it (`ses_…`). cooling_until: as of its principal."""

    id: str
    citizen: str
    app_id: str
    organisation: str
    release: str
    version_name: str
    version_code: int
    device_session: str
    way: Way
    opened_at: datetime
    expires_at: datetime
    cooling_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """A session as it stands. prompts: sheets that it has shown. refused: what was refused in it. ending: None while
    it runs.
    """

    session: Session
    prompts: int = 0
    refused: frozenset[str] = frozenset()
    ending: Ending | None = None
