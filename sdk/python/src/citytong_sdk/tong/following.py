"""What becomes of a version, as it happens: the city tells it by a stream of events, or is asked again and again.

Rules
- A stream is a faster way to learn what the graph says anyway. Whenever one begins, the version is looked up once, so
  nothing is missed between two of them, or before the first.
- Where the city, or a proxy before it, does not stream, it is asked every few seconds instead, as it is whenever a
  stream ends: an older city knows no subscriptions, and some proxies let nothing through before the end.
- A city that is started anew is away for a while, and a build that waits for officers waits for that, too: only who
  finds it away every time for a minute is told so.
Source: github.com/enisdenjo/graphql-sse, PROTOCOL.md (distinct connections mode)
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any, Final

from . import graph
from .city import City
from .errors import Exit, TongError
from .web import NoStream

_ASKED_AGAIN_S: Final = 5
_AWAY_AT_MOST: Final = 60 // _ASKED_AGAIN_S


def states(there: City, version: str, *, app_id: str) -> Generator[Mapping[str, Any], None, None]:
    """The version as it is, and again whenever something may have become of it; without an end. Raises: TongError."""
    streams, away = True, 0
    while True:
        try:
            if streams:
                try:
                    with closing(there.told(graph.EVENTS, {"app": app_id})) as events:
                        for told in events:
                            changed = told["miniVersionEvents"]["version"] if told else _asked(there, version)
                            if changed["id"] == version:
                                yield changed
                except NoStream as refusal:
                    # A token may have run out: asking by the graph renews it.
                    streams = refusal.status == 401
            changed = _asked(there, version)
        except TongError as fault:
            away += 1
            if fault.exit is not Exit.NETWORK or away > _AWAY_AT_MOST:
                raise
            # Who is away refuses streams, too, and may tell again once it is back.
            streams = True
        else:
            away = 0
            yield changed
        there.desk.sleep(_ASKED_AGAIN_S)


def _asked(there: City, version: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = there.graphql(graph.VERSION, {"id": version})["miniVersion"]
    return found
