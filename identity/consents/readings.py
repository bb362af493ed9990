"""The access log as its person reads and exports it: the entries of every room in one list, with who it was.

A member of staff appears by unit and badge, somebody of the family by a masked name, a program by its name. The same
reading is told once, in the room that recorded it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import orjson

from core.access_log import Access, AccessLog, AccessSource
from core.clock import Clock
from core.ids import is_id
from core.locale import Locale, Text
from core.paging import PAGE_SIZE_MAX, Page, PageRequest
from core.principal import Principal
from identity.consents.catalogue import field_words, purpose_words
from identity.consents.service import Clients
from identity.store import IdentityStore

EXPORTED_MAX: Final = 5_000
# What a spreadsheet takes for a formula (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_BYTE_ORDER_MARK: Final = "\ufeff"  # Excel takes a file without it for GBK
_HEAD: Final = (
    Text(zh="时间", en="When"),
    Text(zh="谁", en="Who"),
    Text(zh="看了什么", en="What"),
    Text(zh="为什么", en="Why"),
    Text(zh="说明", en="In their words"),
    Text(zh="经由", en="With"),
    Text(zh="代表谁", en="On whose behalf"),
)
_YOURSELF: Final = Text(zh="您本人", en="you")
_SOMEBODY: Final = Text(zh="已注销的用户", en="an account that is gone")
_THE_CITY: Final = Text(zh="城市通", en="CityTong")


class ExportFormat(StrEnum):
    """JSON for programs, CSV for spreadsheets."""

    JSON = "JSON"
    CSV = "CSV"


@dataclass(frozen=True, slots=True)
class Export:
    """A file. entries: how many it holds; complete: False when there are more than `EXPORTED_MAX`."""

    name: str
    content_type: str
    content: str
    entries: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read of whom. sources: what the rooms recorded themselves."""

    log: AccessLog
    sources: Sequence[AccessSource]
    clients: Clients
    people: IdentityStore
    clock: Clock

    async def open(self) -> None:
        """Make the indexes."""
        await self.log.open()

    async def page(self, *, principal: Principal, request: PageRequest) -> Page[Access]:
        """Who read what of the caller, newest first.

        Raises: SignInRequired, Forbidden (staff, or acts for another), BadInput (cursor), Unavailable.
        """
        principal.require_citizen(principal.subject)
        return await self.log.page(principal.subject, sources=self.sources, request=request)

    async def export(self, *, principal: Principal, format: ExportFormat, locale: Locale) -> Export:
        """The newest `EXPORTED_MAX` entries in one file. Raises: as `page`."""
        principal.require_citizen(principal.subject)
        entries = [entry async for entry in self.all(principal.subject)]
        shown = entries[:EXPORTED_MAX]
        rows = await self.in_words(shown, citizen=principal.subject, locale=locale)
        day = self.clock.now().date().isoformat()
        complete = len(entries) == len(shown)
        if format is ExportFormat.JSON:
            content = orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode()
            return Export(f"access-log-{day}.json", "application/json", content, len(rows), complete)
        return Export(f"access-log-{day}.csv", "text/csv", _csv(rows, locale), len(rows), complete)

    async def all(self, citizen: str) -> AsyncIterator[Access]:
        """Page after page, one entry more than is exported at most. Raises: Unavailable."""
        after, told = None, 0
        while told <= EXPORTED_MAX:
            request = PageRequest(PAGE_SIZE_MAX, after)
            page = await self.log.page(citizen, sources=self.sources, request=request)
            for entry in page.rows:
                told += 1
                yield entry
            if not page.has_next:
                return
            after = page.keys[-1]

    async def in_words(
        self, entries: Sequence[Access], *, citizen: str, locale: Locale
    ) -> list[Mapping[str, str | list[str]]]:
        """As they are exported: codes for programs, words for people."""
        names = await self._names(entries, citizen, locale)
        return [
            {
                "id": entry.id,
                "at": entry.at.isoformat(timespec="milliseconds"),
                "reader": names[entry.reader],
                "fields": list(entry.fields),
                "fieldsInWords": [field_words(code, locale) for code in entry.fields],
                "purpose": entry.purpose,
                "purposeInWords": purpose_words(entry.purpose, locale),
                "reason": entry.reason.in_(locale) if entry.reason else "",
                "client": names[entry.client],
                "forWhom": names[entry.for_whom],
            }
            for entry in entries
        ]

    async def _names(self, entries: Sequence[Access], citizen: str, locale: Locale) -> dict[str, str]:
        ids = {id_ for entry in entries for id_ in (entry.reader, entry.client, entry.for_whom)}
        staff = await self.people.staff(id_ for id_ in ids if is_id(id_, prefix="stf"))
        citizens = await self.people.citizens(id_ for id_ in ids if is_id(id_, prefix="cit"))
        names = {"": ""}
        for id_ in ids - {""}:
            if id_ in staff:
                names[id_] = f"{staff[id_].organisation.in_(locale)} {staff[id_].badge}"
            elif id_ == citizen:
                names[id_] = _YOURSELF.in_(locale)
            elif id_ in citizens:
                names[id_] = citizens[id_].masked_name(locale)
            elif is_id(id_, prefix="cit") or is_id(id_, prefix="stf"):
                names[id_] = _SOMEBODY.in_(locale)
            else:
                names[id_] = await self.clients.name(id_)
        return names


def _csv(rows: Sequence[Mapping[str, str | list[str]]], locale: Locale) -> str:
    """RFC 4180, with lists joined by a semicolon."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([head.in_(locale) for head in _HEAD])
    for row in rows:
        fields = "; ".join(row["fieldsInWords"])
        told = [row["at"], row["reader"], fields, row["purposeInWords"], row["reason"], row["client"], row["forWhom"]]
        told[5] = told[5] or _THE_CITY.in_(locale)
        writer.writerow([_cell(str(one)) for one in told])
    return _BYTE_ORDER_MARK + out.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
