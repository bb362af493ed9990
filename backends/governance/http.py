"""The HTTP door: what every backend answers (`backends.base.door`), and the department's own routes, all with a key.

| route | who | what |
|---|---|---|
| POST /intake/events | the city, sensors, patrols | a report (`intake.report_of`), answered `{"id", "created"}` |
| POST /events/{id}/dispatch | dispatchers | `{"unit", "note"}`, both optional: else the district's government |
| POST /events/{id}/status | units | `{"status", "note"}`: a step (`model.STEPS`) |
| GET /changes?after=&limit= | the city | what became of its reports, in order: `{"changes", "next"}` |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import web

from backends.base.door import Door
from backends.base.http import reply
from backends.governance.errors import BodyMalformed, FieldInvalid
from backends.governance.intake import dispatch_of, report_of, step_of
from backends.governance.model import Change, Event
from backends.governance.service import CHANGES_MAX, Governance
from backends.governance.units import unit_named
from core.locale import Text

POST_BYTES_MAX: Final = 16 * 1024
_PLACE_MAX: Final = 2**53  # what every JSON reader holds exactly
_CHANGES_DEFAULT: Final = 100


@dataclass(frozen=True, slots=True)
class GovernanceDoor:
    """The department's own routes over one `Governance`, beside those of every backend."""

    governance: Governance
    door: Door

    def application(self) -> web.Application:
        return self.door.application(
            routes=[
                web.post("/intake/events", self.intake),
                web.post("/events/{id}/dispatch", self.dispatch),
                web.post("/events/{id}/status", self.step),
                web.get("/changes", self.changes),
            ]
        )

    async def intake(self, request: web.Request) -> web.Response:
        report = report_of(await self._posted(request), now=self.governance.clock.now())
        taken = await self.governance.take_in(report=report)
        return reply({"id": taken.id, "created": taken.created})

    async def dispatch(self, request: web.Request) -> web.Response:
        unit, note = dispatch_of(await self._posted(request))
        event = await self.governance.dispatch(event_id=request.match_info["id"], unit_code=unit, note=note)
        return reply(_shown(event))

    async def step(self, request: web.Request) -> web.Response:
        status, note = step_of(await self._posted(request))
        event = await self.governance.move(event_id=request.match_info["id"], to=status, note=note)
        return reply(_shown(event))

    async def changes(self, request: web.Request) -> web.Response:
        self.door.authorise(request)
        after = _number(request, "after", default=0, least=0, most=_PLACE_MAX)
        limit = _number(request, "limit", default=_CHANGES_DEFAULT, least=1, most=CHANGES_MAX)
        found = await self.governance.changes(after=after, limit=limit)
        return reply({"changes": [_told(change) for change in found], "next": found[-1].seq if found else after})

    async def _posted(self, request: web.Request) -> object:
        """Raises: KeyInvalid, BodyTooLarge, BodyTooSlow, BodyMalformed."""
        self.door.authorise(request)
        try:
            return orjson.loads(await self.door.body(request, bytes_max=POST_BYTES_MAX))
        except orjson.JSONDecodeError as fault:
            raise BodyMalformed(problem="it is not JSON") from fault


def _number(request: web.Request, name: str, *, default: int, least: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and least <= int(text) <= most):
        raise FieldInvalid(field=name, problem=f"must be a whole number from {least} to {most}")
    return int(text)


def _shown(event: Event) -> dict[str, Any]:
    unit = _unit(event.dispatch.unit) if event.dispatch else None
    return {"id": event.id, "number": event.report.number, "status": event.status, "unit": unit}


def _told(change: Change) -> dict[str, Any]:
    return {
        "seq": change.seq,
        "ref": change.ref,
        "kind": change.kind,
        "unit": _text(unit_named(change.unit).name),
        "status": change.status,
        "note": change.note,
        "at": change.at.isoformat(),
    }


def _unit(code: str) -> dict[str, str]:
    return {"code": code, **_text(unit_named(code).name)}


def _text(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
