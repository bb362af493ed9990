"""A message that a citizen asked a program for: taken in, and put into their inbox by an event.

Rules
- It takes one of the citizen's yeses, or is not taken in; who was never asked and who is nobody get one answer.
- The same key with the same contents is the same message for a day; with others it is refused.
- Nothing is sent while a program waits. What became of it, its backend is told by a webhook.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import orjson
from pymongo.errors import DuplicateKeyError

from core.clock import to_ms
from core.crypto import digest
from core.errors import BadInput, NotFound
from core.events import Outbox
from core.ids import Ids
from core.locale import Locale, Text
from core.mongo import Session
from miniapps.backends.errors import IdempotencyKeyReused, NotSubscribed, SubscriptionSpent, TemplateUnknown
from miniapps.backends.model import Kind
from miniapps.backends.shelves import Message, MessageShelf
from miniapps.backends.standing import Standings
from miniapps.backends.subscribing import PERMISSION
from miniapps.backends.telling import Telling
from miniapps.backends.templates import Words
from miniapps.openid.store import OpenidStore
from miniapps.releases.model import Release
from miniapps.releases.service import Releases
from miniapps.sessions.service import Sessions

MESSAGE_ACCEPTED: Final = "miniapps.message_accepted"
QUOTA: Final = "messages"
KEY_LENGTH_MAX: Final = 64
PAGE_LENGTH_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Letter:
    """What a citizen is to read. program: what it is called. page: the query of the shell's route; empty for none."""

    id: str
    citizen: str
    app_id: str
    program: Text
    words: Words
    page: str


class Inbox(Protocol):
    """Who puts messages before citizens."""

    async def put(self, letter: Letter, *, session: Session) -> bool:
        """False where the citizen gets none any more; in the caller's transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Messages:
    shelf: MessageShelf
    openids: OpenidStore
    sessions: Sessions
    releases: Releases
    standings: Standings
    telling: Telling
    inbox: Inbox
    outbox: Outbox
    ids: Ids

    async def send(self, *, app_id: str, openid: str, template: str, data: Any, page: str | None, key: str) -> str:
        """The id of the message that is on its way.

        Raises: BadInput, TemplateUnknown, NotSubscribed, SubscriptionSpent, IdempotencyKeyReused, SignInRequired,
        DomainError of kind LIMITED, Unavailable.
        """
        said = digest(orjson.dumps([openid, template, data, page], option=orjson.OPT_SORT_KEYS).decode()).hex()
        if known := await self._keyed(app_id, key, said):
            return known
        await self.standings.charge(app_id, QUOTA)
        release, words = await self._words(app_id, template)
        checked = words.check(data)
        path = _page(page, release)
        citizen = await self._citizen(app_id, openid)
        made = Message(
            id=self.ids.new("mpg"),
            app_id=app_id,
            citizen=citizen,
            template=template,
            page=path,
            key=key,
            digest=said,
            at=to_ms(self.telling.clock.now()),
            data=checked,
        )

        async def work(session: Session) -> None:
            await self.shelf.add(made, session=session)
            spent = await self.shelf.spend(citizen, app_id, template, session=session)
            if spent is not True:
                raise SubscriptionSpent() if spent is False else NotSubscribed()
            payload = {"message": made.id, "citizen": citizen, "app_id": app_id}
            await self.outbox.append(name=MESSAGE_ACCEPTED, payload=payload, session=session)

        try:
            await self.shelf.mongo.transaction(work)
        except DuplicateKeyError:  # the same was asked at the same time
            if known := await self._keyed(app_id, key, said):
                return known
            raise
        return made.id

    async def _keyed(self, app_id: str, key: str, said: str) -> str | None:
        """Raises: IdempotencyKeyReused."""
        found = await self.shelf.keyed(app_id, key)
        if found is None:
            return None
        if found[1] != said:
            raise IdempotencyKeyReused()
        return found[0]

    async def _words(self, app_id: str, template: str) -> tuple[Release, Words]:
        """Raises: TemplateUnknown."""
        try:
            release = (await self.releases.running(app_id)).release
        except NotFound as fault:
            raise TemplateUnknown() from fault
        found = (await self.shelf.templates(app_id)).get(template)
        if template not in release.manifest.subscribe_templates or found is None or found.approved is None:
            raise TemplateUnknown()
        if found.banned:
            raise NotSubscribed()
        return release, found.approved

    async def _citizen(self, app_id: str, openid: str) -> str:
        """Raises: NotSubscribed where the program knows nobody by it, or may not write to them."""
        citizen = await self.openids.citizen_of(openid, app_id=app_id)
        if citizen is None:
            raise NotSubscribed()
        try:
            standing = await self.sessions.on_behalf(citizen=citizen, app_id=app_id, session_id=None)
        except NotFound as fault:
            raise NotSubscribed() from fault
        if PERMISSION not in standing.granted:
            raise NotSubscribed()
        return citizen

    async def deliver(self, id: str, *, session: Session) -> None:
        """Put it into the inbox and tell its backend, in the transaction that marks the event as done."""
        message = await self.shelf.message(id, session=session)
        if message is None:
            return  # its citizen left meanwhile
        app_id = message.app_id
        template = (await self.shelf.templates(app_id, session=session)).get(message.template)
        program = await self.releases.store.program(app_id, session=session)
        put = False
        if template and template.approved and not template.banned and program and not program.revoked:
            if template.approved.places == set(message.data):
                letter = Letter(
                    id=message.id,
                    citizen=message.citizen,
                    app_id=app_id,
                    program=Text(zh=program.in_(Locale.ZH_CN).name, en=program.in_(Locale.EN).name),
                    words=template.approved.filled(message.data),
                    page=_query(message.page),
                )
                put = await self.inbox.put(letter, session=session)
        kind = Kind.MESSAGE_DELIVERED if put else Kind.MESSAGE_FAILED
        await self.telling.tell(app_id, kind, {"id": id}, session=session)


def _page(page: str | None, release: Release) -> str:
    """Raises: BadInput."""
    if page is None:
        return ""
    path, _, _ = page.partition("?")
    if len(page) > PAGE_LENGTH_MAX or not page.isprintable() or path not in release.manifest.pages:
        raise BadInput(field="page", problem="must be a page of the program")
    return page


def _query(page: str) -> str:
    """As the shell's route has it: the program's own query is one value of it."""
    path, _, query = page.partition("?")
    return f"?{urlencode({'page': path, **({'query': query} if query else {})})}" if page else ""
