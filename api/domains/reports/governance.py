"""The departments' side as this room speaks to it, in HTTP and JSON: cases go out, what becomes of them comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import aiohttp
import orjson

from api.domains.reports.errors import HandOverFailed, HandOverRefused
from api.domains.reports.model import Case, EntryKind, Progress
from core.locale import Text

PAGE: Final = 100
_TIMEOUT_S: Final = 5.0
_BYTES_MAX: Final = 2**20
_UNIT_LENGTH_MAX: Final = 100
_NOTE_LENGTH_MAX: Final = 1000
# 401 and 403 say nothing of the case: it waits while keys are changed.
_TRIED_AGAIN: Final = frozenset({401, 403, 408, 429})


@dataclass(frozen=True, slots=True)
class Change:
    """Something that the departments' side did with a case. seq: its place in their log. ref: our case's id.

    kind: None for a change that this room has no words for. progress: of a STATUS, None when it has no word for it.
    at: when, by their clock; None when they do not say.
    """

    seq: int
    ref: str
    kind: EntryKind | None
    progress: Progress | None = None
    at: datetime | None = None
    unit: Text | None = None
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Governance:
    """url: where it answers. key: what it knows us by."""

    url: str
    key: str = field(repr=False)
    session: aiohttp.ClientSession = field(repr=False)
    timeout_s: float = _TIMEOUT_S

    async def hand_over(self, case: Case) -> None:
        """Tell of a case. It may be told again: `ref` and `version` say whether it is news.

        Raises: HandOverRefused (it will not be taken later either), HandOverFailed (try again).
        """
        status, _ = await self._ask("POST", "/intake/events", body=orjson.dumps(case_facts(case)))
        if 200 <= status < 300:
            return
        if 400 <= status < 500 and status not in _TRIED_AGAIN:
            raise HandOverRefused(status=status)
        raise HandOverFailed()

    async def changes(self, *, after: int) -> list[Change]:
        """Up to 100 changes behind `after`, in their order. Raises: HandOverFailed."""
        status, body = await self._ask("GET", f"/changes?after={after}&limit={PAGE}")
        if status != 200:
            raise HandOverFailed()
        try:
            rows = orjson.loads(body)["changes"]
            changes = [change_of(row) for row in rows[:PAGE]]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as fault:
            raise HandOverFailed() from fault
        return _ascending(changes, after)

    async def _ask(self, method: str, path: str, *, body: bytes | None = None) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            async with asyncio.timeout(self.timeout_s):
                async with self.session.request(
                    method, self.url.rstrip("/") + path, data=body, headers=headers, allow_redirects=False
                ) as answer:
                    return answer.status, await _bounded(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            raise HandOverFailed() from fault


def case_facts(case: Case) -> dict[str, Any]:
    """What the departments' side needs to send somebody: nothing that a person wrote, and nobody's name."""
    return {
        "source": "CITIZEN",
        "ref": case.id,
        "number": case.number,
        "category": case.category.code,
        "district": case.district,
        "longitude": case.location.longitude,
        "latitude": case.location.latitude,
        "openedAt": _instant(case.created_at),
        "dueAt": _instant(case.due_at),
        "status": case.status.value,
        "version": case.version,
    }


def change_of(row: Mapping[str, Any]) -> Change:
    """Raises: KeyError, TypeError, ValueError when it has no place in the log; what else is wrong makes it unknown."""
    seq, ref = row["seq"], row["ref"]
    if isinstance(seq, bool) or not isinstance(seq, int) or not 0 < seq < 2**63:
        raise ValueError("seq")
    kinds = {one.value: one for one in (EntryKind.DISPATCHED, EntryKind.STATUS)}
    kind = kinds.get(row["kind"]) if isinstance(row.get("kind"), str) else None
    note = row.get("note") or ""
    return Change(
        seq=seq,
        ref=ref if isinstance(ref, str) and len(ref) <= 64 else "",
        kind=kind,
        progress=_progress(row.get("status")) if kind is EntryKind.STATUS else None,
        at=_at(row.get("at")),
        unit=_unit(row.get("unit")),
        note=note.strip()[:_NOTE_LENGTH_MAX] if isinstance(note, str) else "",
    )


def _progress(word: object) -> Progress | None:
    return Progress(word) if isinstance(word, str) and word in set(Progress) else None


def _unit(row: object) -> Text | None:
    if not isinstance(row, Mapping) or not isinstance(row.get("zh"), str) or not isinstance(row.get("en"), str):
        return None
    return Text(zh=row["zh"][:_UNIT_LENGTH_MAX], en=row["en"][:_UNIT_LENGTH_MAX])


def _at(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _ascending(changes: Sequence[Change], after: int) -> list[Change]:
    last = after
    for change in changes:
        if change.seq <= last:
            raise HandOverFailed()
        last = change.seq
    return list(changes)


def _instant(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    body = await answer.content.read(_BYTES_MAX + 1)
    while len(body) <= _BYTES_MAX and (more := await answer.content.read(_BYTES_MAX + 1 - len(body))):
        body += more
    if len(body) > _BYTES_MAX:
        raise HandOverFailed()
    return body
