"""A citizen takes their data away: a ZIP of everything that the city's rooms hold of them.

Rules
- Asked for with a fresh proof, made behind the request by any process, fetched with a fresh proof by that citizen and
  nobody else, for seven days.
- Each room tells what it holds as a `DataSource`, given at the roof. A room that does not answer makes the copy wait,
  never incomplete.
- The ZIP holds a JSON file for each source and an index for people, in both languages.
Source: PIPL article 45 (access, copy and transfer).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import io
import logging
import zipfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from core.audit import AuditLog
from core.clock import Clock, to_ms
from core.errors import NotFound
from core.events import Outbox
from core.ids import Ids, is_id
from core.locale import Locale, Text
from core.mongo import Session
from core.principal import Principal
from identity.charges import Charge, Charges
from identity.consents.shelf import DOWNLOAD_PREFIX, Download, DownloadState, Shelf
from identity.limits import Limit
from identity.store import IdentityStore

DOWNLOAD_READY: Final = "identity.data_download_ready"
DOWNLOAD_FAILED: Final = "identity.data_download_failed"
DOWNLOADS_PATH: Final = "/identity/downloads"
KEPT: Final = timedelta(days=7)
FRESH: Final = timedelta(minutes=5)
MADE_WITHIN: Final = timedelta(minutes=2)
TRIES_MAX: Final = 12
FILE_BYTES_MAX: Final = 8 * 1024 * 1024  # a document of MongoDB takes 16 MiB
# Each makes every room read all that it holds.
DOWNLOAD_LIMITS: Final = (Limit(3, 86_400),)
_TITLE: Final = Text(zh="您的个人数据", en="Your personal data")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DataSource:
    """What one room holds of a citizen. name: of its file. read: a JSON value, or dataclasses that become one."""

    name: str
    title: Text
    read: Callable[[str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Downloads:
    """Everybody's copies. second_factor: whether an account has a strong method, which must then be used."""

    shelf: Shelf
    sources: Sequence[DataSource]
    store: IdentityStore
    charges: Charges
    outbox: Outbox
    audit: AuditLog
    ids: Ids
    clock: Clock
    second_factor: Callable[[str], Awaitable[bool]]

    async def open(self) -> None:
        """Make the indexes."""
        await self.shelf.open()

    async def ask(self, *, principal: Principal, locale: Locale) -> Download:
        """Have a copy made. An event says when it is there.

        Raises: SignInRequired, Forbidden (acts for another), StepUpRequired, TooManyRequests, DownloadUnderWay,
        Unavailable.
        """
        await self._require(principal)
        now = to_ms(self.clock.now())
        await self.charges.charge([Charge(self.charges.key("download:account", principal.actor), DOWNLOAD_LIMITS)])
        asked = Download(self.ids.new(DOWNLOAD_PREFIX), principal.subject, locale, DownloadState.ASKED, now)

        async def work(session: Session) -> None:
            await self.shelf.add(asked, delete_at=now + KEPT, session=session)
            await self._audit("downloads.asked", asked, session)

        await self.store.transaction(work)
        return asked

    async def list(self, *, principal: Principal) -> Sequence[Download]:
        """The caller's copies, newest first. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_citizen(principal.subject)
        return await self.shelf.of(principal.subject, now=self.clock.now())

    async def fetch(self, *, principal: Principal, download_id: str) -> tuple[Download, bytes]:
        """The file, to the citizen whose data it is.

        Raises: SignInRequired, Forbidden, StepUpRequired, NotFound (also: another's, not ready, expired), Unavailable.
        """
        await self._require(principal)
        found = await self.shelf.download(download_id) if is_id(download_id, prefix=DOWNLOAD_PREFIX) else None
        if found is None or found.citizen != principal.subject or not found.fetchable(self.clock.now()):
            raise NotFound(thing="download")
        raw = await self.shelf.file(found)
        if raw is None:
            raise NotFound(thing="download")

        async def work(session: Session) -> None:
            await self._audit("downloads.fetched", found, session)

        await self.store.transaction(work)
        return found, raw

    async def _require(self, principal: Principal) -> None:
        principal.require_citizen(principal.subject)
        strong = await self.second_factor(principal.actor)
        principal.require_fresh(now=self.clock.now(), max_age=FRESH, strong=strong)

    async def work(self) -> None:
        """Make every copy that waits. Any number of processes may do so at once. Raises: Unavailable."""
        while (claimed := await self.shelf.claim(now=self.clock.now(), lease=MADE_WITHIN)) is not None:
            await self._make(claimed)

    async def _make(self, claimed: Download) -> None:
        try:
            raw = await self._file(claimed)
        except Exception:
            # Another try comes when the claim has run out; the last one says that there will be no copy.
            _LOG.exception("a copy was not made", extra={"facts": {"download": claimed.id, "tries": claimed.tries}})
            if claimed.tries < TRIES_MAX:
                return
            raw = None
        await self._finish(claimed, raw if raw is not None and len(raw) <= FILE_BYTES_MAX else None)

    async def _file(self, claimed: Download) -> bytes:
        held = {source: _json(await source.read(claimed.citizen)) for source in self.sources}
        return await asyncio.to_thread(_zipped, held, made_at=self.clock.now())

    async def _finish(self, claimed: Download, raw: bytes | None) -> None:
        now = to_ms(self.clock.now())
        done = replace(claimed, state=DownloadState.FAILED)
        if raw is not None:
            sha256 = hashlib.sha256(raw).hexdigest()
            done = replace(
                claimed,
                state=DownloadState.READY,
                ready_at=now,
                expires_at=now + KEPT,
                size=len(raw),
                sha256=sha256,
            )

        async def work(session: Session) -> None:
            if not await self.shelf.finish(done, raw=raw, delete_at=now + KEPT, session=session):
                return
            name = DOWNLOAD_FAILED if raw is None else DOWNLOAD_READY
            payload = {"citizen": done.citizen, "download": done.id}
            await self.outbox.append(name=name, payload=payload, session=session)

        await self.store.transaction(work)

    async def _audit(self, kind: str, download: Download, session: Session) -> None:
        await self.audit.append(kind, actor=download.citizen, about={"download": download.id}, session=session)


def _json(value: object) -> bytes:
    option = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=_plain, option=option)


def _plain(value: Any) -> Any:
    """What JSON has no type for."""
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _zipped(held: Mapping[DataSource, bytes], *, made_at: datetime) -> bytes:
    out, date = io.BytesIO(), made_at.timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_named("index.html", date), _index(list(held), made_at), zipfile.ZIP_DEFLATED)
        for source, raw in held.items():
            archive.writestr(_named(f"{source.name}.json", date), raw, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _named(name: str, date: tuple[int, ...]) -> zipfile.ZipInfo:
    year, month, day, hour, minute, second = date
    return zipfile.ZipInfo(name, (year, month, day, hour, minute, second))


def _index(sources: Sequence[DataSource], made_at: datetime) -> str:
    """One page that a person opens first: what is in which file, in both languages."""
    at = made_at.isoformat(timespec="seconds")
    rows = "\n".join(
        f'<tr><td><a href="{html.escape(one.name)}.json">{html.escape(one.name)}.json</a></td>'
        f'<td>{html.escape(one.title.zh)}</td><td lang="en">{html.escape(one.title.en)}</td></tr>'
        for one in sources
    )
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">\n'
        f"<title>{_TITLE.zh} · {_TITLE.en}</title></head><body>\n"
        f'<h1>{_TITLE.zh} · <span lang="en">{_TITLE.en}</span></h1>\n'
        f'<p>生成时间 · <span lang="en">Made at</span>: {at}</p>\n'
        f'<table><thead><tr><th>文件 · <span lang="en">File</span></th><th>内容</th><th lang="en">Contents</th></tr>'
        f"</thead><tbody>\n{rows}\n</tbody></table>\n</body></html>\n"
    )
