"""Open311 GeoReport v2: cities' common language for reports, in XML and JSON.

What the public may read of a case is what the public may know: its kind, its state and its days; the point to about a
hundred metres; nothing that anybody wrote, no photo, no address. Who reports here needs a key; what a partner sends of
a person (name, phone, mail) is not kept.
Source: open311.org, GeoReport v2, https://wiki.open311.org/GeoReport_v2/.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import orjson
from aiohttp import web

from api.domains.reports.categories import CATEGORIES, Category
from api.domains.reports.errors import CategoryUnknown
from api.domains.reports.model import Case, is_case_number
from api.domains.reports.service import NewReport, Reports
from api.domains.reports.workflow import STATUS_LABELS
from core.crypto import digest, same
from core.divisions import CITY_NAME, DISTRICTS
from core.errors import DomainError, Kind
from core.geo import Point

MOUNT: Final = "/open311/v2"
SPAN_MAX: Final = timedelta(days=90)
PAGE_SIZE_MAX: Final = 100
_PAGES_MAX: Final = 100
_IDS_MAX: Final = 50
_FORM_BYTES_MAX: Final = 64 * 1024
_KEY_LENGTH_MIN: Final = 24
_PARTNER: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_DECIMALS_SHOWN: Final = 3  # about 100 m
_TYPES: Final = {"json": "application/json", "xml": "text/xml"}
_XML: Final = '<?xml version="1.0" encoding="utf-8"?>\n'

Row: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class _Refusal(Exception):
    """An answer of the specification: a status, which is also its code, and a sentence."""

    status: int
    description: str


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows and the names of their XML elements."""

    root: str
    row: str
    rows: Sequence[Row]


def partner_keys(text: str) -> dict[str, bytes]:
    """The partners of a setting `name:key,name:key`, each with the digest of their key.

    Raises: ValueError when a name is not a-z, 0-9 and `-`, a key has less than 24 characters, or a name comes twice.
    """
    partners: dict[str, bytes] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, key = part.partition(":")
        if not _PARTNER.fullmatch(name) or name in partners:
            raise ValueError("a partner's name is missing, malformed or there twice")
        if len(key) < _KEY_LENGTH_MIN:
            raise ValueError(f"the key of {name} has less than {_KEY_LENGTH_MIN} characters")
        partners[name] = digest(key)
    return partners


def routes(
    *, service: Reports, partners: Mapping[str, bytes], public_url: str, arrives_within_s: float = 10.0
) -> list[web.RouteDef]:
    """Discovery, services and requests under `/open311/v2`.

    partners: name → digest of the key, of those who may report. public_url: of the city, without a slash at its end.
    arrives_within_s: what a form has to arrive.
    """
    door = _Door(service, partners, public_url, arrives_within_s)
    form = "{format:json|xml}"
    return [
        web.get(f"{MOUNT}/discovery.{form}", _answering(door.discovery)),
        web.get(f"{MOUNT}/services.{form}", _answering(door.services)),
        web.get(f"{MOUNT}/services/{{code:[a-z0-9-]+}}.{form}", _answering(door.definition)),
        web.get(f"{MOUNT}/requests.{form}", _answering(door.requests)),
        web.get(f"{MOUNT}/requests/{{id:[0-9-]+}}.{form}", _answering(door.request)),
        web.post(f"{MOUNT}/requests.{form}", _answering(door.report)),
    ]


@dataclass(frozen=True, slots=True)
class _Door:
    reports: Reports
    partners: Mapping[str, bytes]
    public_url: str
    arrives_within_s: float

    async def discovery(self, request: web.Request) -> web.Response:
        """Source: https://wiki.open311.org/Service_Discovery/."""
        endpoint = {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": f"{self.public_url}{MOUNT}",
            "changeset": "2026-11-22T00:00:00Z",
            "type": "production",
            "formats": list(_TYPES.values()),
        }
        found = {
            "changeset": "2026-11-22T00:00:00Z",
            "contact": "12345",
            "key_service": "12345",
            "endpoints": [endpoint],
        }
        if request.match_info["format"] == "json":
            return _said(request, orjson.dumps(found))
        formats = "".join(f"<format>{one}</format>" for one in endpoint["formats"])
        inner = _elements({k: v for k, v in endpoint.items() if k != "formats"}) + f"<formats>{formats}</formats>"
        head = _elements({k: v for k, v in found.items() if k != "endpoints"})
        body = f"<discovery>{head}<endpoints><endpoint>{inner}</endpoint></endpoints></discovery>"
        return _said(request, (_XML + body).encode())

    async def services(self, request: web.Request) -> web.Response:
        return _listed(request, _Table("services", "service", [_service(one) for one in CATEGORIES.values()]))

    async def definition(self, request: web.Request) -> web.Response:
        """No service asks for more than a report has, so its list of attributes is empty."""
        code = request.match_info["code"]
        if code not in CATEGORIES:
            raise _Refusal(404, "service_code was not found")
        if request.match_info["format"] == "json":
            return _said(request, orjson.dumps({"service_code": code, "attributes": []}))
        body = f"<service_definition><service_code>{code}</service_code><attributes/></service_definition>"
        return _said(request, (_XML + body).encode())

    async def requests(self, request: web.Request) -> web.Response:
        """Newest first. `service_request_id` outranks every other argument."""
        if ids := _list_of(request.query.get("service_request_id", "")):
            if len(ids) > _IDS_MAX:
                raise _Refusal(400, f"service_request_id may name {_IDS_MAX} requests")
            cases = await self.reports.store.cases_numbered([one for one in ids if is_case_number(one)])
        else:
            cases = await self._between(request.query)
        return _listed(request, _Table("service_requests", "request", [_request(case) for case in cases]))

    async def _between(self, query: Mapping[str, str]) -> list[Case]:
        start, end = _span(query, now=self.reports.clock.now())
        size = _number(query, "page_size", default=PAGE_SIZE_MAX, most=PAGE_SIZE_MAX)
        page = _number(query, "page", default=1, most=_PAGES_MAX)
        return await self.reports.store.between(
            start=start,
            end=end,
            categories=_list_of(query.get("service_code", "")) or None,
            opened=_opened(query.get("status", "")),
            skip=(page - 1) * size,
            limit=size,
        )

    async def request(self, request: web.Request) -> web.Response:
        number = request.match_info["id"]
        cases = await self.reports.store.cases_numbered([number]) if is_case_number(number) else []
        if not cases:
            raise _Refusal(404, "service_request_id was not found")
        return _listed(request, _Table("service_requests", "request", [_request(case) for case in cases]))

    async def report(self, request: web.Request) -> web.Response:
        form = await _form(request, within_s=self.arrives_within_s)
        partner = self._partner(form.get("api_key", ""))
        case = await self.reports.create_for_partner(partner=partner, report=_new(form))
        row = {"service_request_id": case.number, "service_notice": None, "account_id": None}
        return _listed(request, _Table("service_requests", "request", [row]), status=201)

    def _partner(self, key: str) -> str:
        """Whose key this is; looks at every partner's, so that the time tells nothing."""
        given = digest(key)
        found = [name for name, kept in self.partners.items() if same(kept, given)]
        if not found:
            raise _Refusal(403, "api_key is missing or not known")
        return found[0]


def _answering(handler: Callable[[web.Request], Awaitable[web.Response]]) -> Handler:
    """Turn a refusal into the specification's list of errors."""

    async def answered(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except _Refusal as fault:
            refusal = fault
        except CategoryUnknown:
            refusal = _Refusal(404, "service_code was not found")
        except DomainError as fault:
            # GeoReport knows 400, 403 and 404; what is too much or not there now has codes of HTTP's own.
            status = fault.http_status if fault.kind in (Kind.LIMITED, Kind.UNAVAILABLE) else 400
            refusal = _Refusal(status, fault.message)
        row = {"code": refusal.status, "description": refusal.description}
        return _listed(request, _Table("errors", "error", [row]), status=refusal.status)

    return answered


def _service(category: Category) -> Row:
    return {
        "service_code": category.code,
        "service_name": category.name.zh,
        "description": category.name.en,
        "metadata": False,
        "type": "realtime",
        "keywords": f"{category.name.en},{category.group.en}",
        "group": category.group.zh,
    }


def _request(case: Case) -> Row:
    return {
        "service_request_id": case.number,
        "status": "open" if case.open else "closed",
        "status_notes": STATUS_LABELS[case.status].zh,
        "service_name": case.category.name.zh,
        "service_code": case.category.code,
        "description": None,
        "agency_responsible": case.unit.zh if case.unit else None,
        "service_notice": None,
        "requested_datetime": _instant(case.created_at),
        "updated_datetime": _instant(case.updated_at),
        "expected_datetime": _instant(case.due_at),
        "address": f"{CITY_NAME.zh}{DISTRICTS[case.district].name.zh}",
        "address_id": None,
        "zipcode": None,
        "lat": round(case.location.latitude, _DECIMALS_SHOWN),
        "long": round(case.location.longitude, _DECIMALS_SHOWN),
        "media_url": None,
    }


def _new(form: Mapping[str, str]) -> NewReport:
    """Raises: _Refusal."""
    code = form.get("service_code", "")
    if not code:
        raise _Refusal(400, "service_code was not provided")
    if not form.get("lat") or not form.get("long"):
        raise _Refusal(400, "lat and long were not provided: this endpoint locates by them")
    try:
        location = Point.of(longitude=float(form["long"]), latitude=float(form["lat"]), field="lat, long")
    except ValueError as fault:
        raise _Refusal(400, "lat and long must be numbers") from fault
    return NewReport(
        category=code,
        location=location,
        description=form.get("description") or CATEGORIES.get(code, next(iter(CATEGORIES.values()))).name.zh,
        address=form.get("address_string", ""),
    )


async def _form(request: web.Request, *, within_s: float) -> dict[str, str]:
    """The fields of the body, each once. Raises: _Refusal."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise _Refusal(400, "send application/x-www-form-urlencoded in UTF-8")
    if (request.content_length or 0) > _FORM_BYTES_MAX:
        raise _Refusal(400, f"the form may take {_FORM_BYTES_MAX} bytes")
    try:
        async with asyncio.timeout(within_s):
            body = await request.read()
    except TimeoutError as fault:
        raise _Refusal(408, "the form did not arrive in time") from fault
    if len(body) > _FORM_BYTES_MAX:
        raise _Refusal(400, f"the form may take {_FORM_BYTES_MAX} bytes")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=64, errors="strict"))
    except ValueError as fault:
        raise _Refusal(400, "the form cannot be read") from fault


def _span(query: Mapping[str, str], *, now: datetime) -> tuple[datetime, datetime]:
    """From when to when; 90 days where one end or both are left out. Raises: _Refusal."""
    start, end = _date(query, "start_date"), _date(query, "end_date")
    if end is None:
        end = min(now, start + SPAN_MAX) if start else now
    if start is None:
        start = end - SPAN_MAX
    if start > end or end - start > SPAN_MAX:
        raise _Refusal(400, "start_date and end_date may be at most 90 days apart, in this order")
    return start, end


def _date(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        # A `+` of an offset that was not escaped arrives as a blank.
        instant = datetime.fromisoformat(text[:40].replace(" ", "+"))
    except ValueError as fault:
        raise _Refusal(400, f"{name} must be a W3C date and time with an offset") from fault
    if instant.tzinfo is None:
        raise _Refusal(400, f"{name} must be a W3C date and time with an offset")
    if not 1970 < instant.year < 9000:
        raise _Refusal(400, f"{name} is out of range")
    return instant.astimezone(UTC)


def _number(query: Mapping[str, str], name: str, *, default: int, most: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= most):
        raise _Refusal(400, f"{name} must be a number from 1 to {most}")
    return int(text)


def _opened(text: str) -> bool | None:
    wanted = set(_list_of(text))
    if wanted - {"open", "closed"}:
        raise _Refusal(400, "status must be open or closed")
    return None if len(wanted) != 1 else wanted == {"open"}


def _list_of(text: str) -> list[str]:
    return [one for one in (part.strip() for part in text[:4096].split(",")) if one]


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _listed(request: web.Request, table: _Table, *, status: int = 200) -> web.Response:
    """The same rows in the format that was asked for."""
    if request.match_info["format"] == "json":
        return _said(request, orjson.dumps(table.rows), status=status)
    rows = "".join(f"<{table.row}>{_elements(row)}</{table.row}>" for row in table.rows)
    return _said(request, f"{_XML}<{table.root}>{rows}</{table.root}>".encode(), status=status)


def _elements(row: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_text(value)}</{name}>" for name, value in row.items())


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else escape(str(value))


def _said(request: web.Request, body: bytes, *, status: int = 200) -> web.Response:
    """JSON is `application/json` and not a letter more: clients of the standard compare it so."""
    kind = request.match_info["format"]
    media_type = _TYPES[kind] if kind == "json" else f"{_TYPES[kind]}; charset=utf-8"
    cache = "no-store" if request.method == "POST" or status != 200 else "public, max-age=30"
    return web.Response(body=body, status=status, headers={"Content-Type": media_type, "Cache-Control": cache})
