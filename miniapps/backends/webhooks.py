"""The verbs about webhooks: set an address, try it, see what was told, tell it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from yarl import URL

from core.clock import to_ms
from core.errors import BadInput, NotFound
from core.ids import is_id
from core.keys import KeyRing
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal
from miniapps.backends.errors import NoWebhook
from miniapps.backends.model import DELIVERY_PREFIX, Delivery, Kind, Webhook, webhook_url
from miniapps.backends.store import WebhookStore
from miniapps.backends.telling import Telling
from miniapps.developers.model import Role
from miniapps.developers.service import Developers
from miniapps.limits import Pace, Paces

KEY_PURPOSE: Final = "mini-webhook"
PAGE_MAX: Final = 200
# Of one program each.
_PINGS: Final = Pace("webhook-ping", 12, 60)
_REPLAYS: Final = Pace("webhook-replay", 120, 60)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """demo: a city for demonstrations calls this machine as well. keys: that webhooks are signed with."""

    developers: Developers
    store: WebhookStore
    telling: Telling
    keys: KeyRing
    paces: Paces
    demo: bool

    async def open(self) -> None:
        """Make the indexes and the first key."""
        await self.store.open()
        await self.keys.open()

    # --- for those who build

    async def set(self, *, principal: Principal, app_id: str, url: str | None) -> Webhook | None:
        """Call this address from now on, also where the same had been given up; None: call nobody.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, WebhookRefused, Unavailable.
        """
        authority = await self.developers.authority(principal=principal, app_id=app_id)
        authority.require(Role.DEVELOPER)
        app, now = authority.the_app, to_ms(self.telling.clock.now())
        told = None
        if url is not None:
            told = Webhook(app.app_id, webhook_url(url, proved=app.domains, demo=self.demo), now)

        async def work(session: Session) -> None:
            if told is None:
                await self.store.remove(app.app_id, session=session)
            else:
                await self.store.put(told, session=session)
            # A path or query may hold the program's own secret, and the audit forgets nothing.
            about = {"app": app.app_id, "host": URL(told.url).host or "" if told else ""}
            await self.developers.audit.append(
                "miniapps.webhook_set",
                actor=authority.developer,
                subject=authority.organisation.id,
                about=about,
                session=session,
            )

        await self.developers.transaction(work)
        return told

    async def of(self, *, principal: Principal, app_id: str) -> Webhook | None:
        """Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        await self.developers.membership(principal=principal, app_id=app_id)
        return await self.store.webhook(app_id)

    async def told(self, *, principal: Principal, app_id: str, request: PageRequest) -> Page[Delivery]:
        """What was told and what waits, the newest first. Raises: SignInRequired, Forbidden, NotFound, BadInput,
        Unavailable.
        """
        await self.developers.membership(principal=principal, app_id=app_id)
        if request.after is not None and not is_id(request.after, prefix=DELIVERY_PREFIX):
            raise BadInput(field="after", problem="is not a cursor")
        found = await self.store.deliveries(app_id, limit=request.limit, after=request.after)
        return Page.of(rows=found, keys=[one.id for one in found], request=request)

    async def tell_again(self, *, principal: Principal, app_id: str, id: str) -> Delivery:
        """As `replay`. Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, NoWebhook, TooOften,
        Unavailable.
        """
        return await self.replay(await self._built(principal, app_id), id)

    async def try_now(self, *, principal: Principal, app_id: str) -> Delivery:
        """As `ping`. Raises: as `tell_again`."""
        return await self.ping(await self._built(principal, app_id))

    async def _built(self, principal: Principal, app_id: str) -> str:
        """A program that the caller builds."""
        authority = await self.developers.authority(principal=principal, app_id=app_id)
        authority.require(Role.DEVELOPER)
        return authority.the_app.app_id

    # --- for its backend

    async def ping(self, app_id: str) -> Delivery:
        """Raises: NoWebhook, TooOften, Unavailable."""
        await self.paces.charge(_PINGS, app_id)

        async def work(session: Session) -> Delivery:
            told = await self.telling.tell(app_id, Kind.PING, {}, session=session)
            if told is None:
                raise NoWebhook()
            return told

        return await self.developers.transaction(work)

    async def deliveries(self, app_id: str, *, first: int, after: str | None) -> tuple[Sequence[Delivery], str | None]:
        """The newest first, and what comes after the page; None: nothing. Raises: BadInput, Unavailable."""
        if not 1 <= first <= PAGE_MAX:
            raise BadInput(field="first", problem=f"must be 1 to {PAGE_MAX}")
        if after is not None and not is_id(after, prefix=DELIVERY_PREFIX):
            raise BadInput(field="after", problem="must be a delivery's id")
        found = await self.store.deliveries(app_id, limit=first + 1, after=after)
        return found[:first], found[first - 1].id if len(found) > first else None

    async def replay(self, app_id: str, id: str) -> Delivery:
        """Tell it again, from the first try on. Raises: NotFound, NoWebhook, TooOften, Unavailable."""
        await self.paces.charge(_REPLAYS, app_id)

        async def work(session: Session) -> Delivery:
            known = is_id(id, prefix=DELIVERY_PREFIX)
            found = await self.store.delivery(app_id, id, session=session) if known else None
            if found is None:
                raise NotFound(thing="delivery")
            webhook = await self.store.webhook(app_id, session=session)
            if webhook is None or webhook.disabled_at is not None:
                raise NoWebhook()
            again = found.again(to_ms(self.telling.clock.now()))
            await self.store.again(again, session=session)
            return again

        return await self.developers.transaction(work)
