"""The verbs: tell a citizen something, read the inbox, choose how to be reached."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Final

from core.clock import Clock, to_ms
from core.crypto import FieldCipher, same
from core.errors import BadInput, NotFound
from core.events import Event
from core.ids import Ids, is_id
from core.locale import Locale
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal
from notifications.announcements import Announcement, announcement
from notifications.catalogue import CATALOGUE, CODE_LIFETIME, EMAIL_CODE, Catalogue
from notifications.errors import EmailCodeExpired, EmailCodeTooSoon, EmailCodeWrong, EmailOff
from notifications.model import (
    CODE_RATE,
    DELIVERY_PREFIX,
    MARKED_MAX,
    MATTER,
    MESSAGE_PREFIX,
    TARGET_PREFIX,
    Category,
    Channel,
    Lane,
    Notification,
    Plan,
    Planned,
    Platform,
    QuietHours,
    Reach,
    Target,
    TargetKind,
    Unconfirmed,
    plan,
)
from notifications.outgoing import Delivery, DeliveryStore
from notifications.reach import ReachStore
from notifications.sealing import (
    code_digest,
    open_target,
    open_variables,
    parse_email,
    parse_push,
    seal_target,
    seal_variables,
    target_index,
)
from notifications.store import MessageStore
from notifications.templates import Rendered, Template

CODE_TRIES_MAX: Final = 5
_CODES: Final = "CODES"


def random_code() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


@dataclass(frozen=True, slots=True)
class Notifications:
    """channels: the ways that the city has set up; with none, everything still lies in the inbox. zone: the city's.

    new_code: makes the six digits for an e-mail address.
    """

    store: MessageStore
    reach: ReachStore
    deliveries: DeliveryStore
    cipher: FieldCipher
    ids: Ids
    clock: Clock
    zone: tzinfo
    channels: frozenset[Channel] = frozenset()
    catalogue: Catalogue = CATALOGUE
    new_code: Callable[[], str] = field(default=random_code, repr=False)

    async def open(self) -> None:
        """Make the indexes. Called once, before anything else."""
        await self.store.open()
        await self.reach.open()
        await self.deliveries.open()

    # --- telling ------------------------------------------------------------------------------------------------

    async def tell(self, event: Event, *, session: Session) -> None:
        """Tell the citizen of an event of another room, in the transaction that marks the event as done.

        Raises: UnsealError, VariableMissing, VariableInvalid.
        """
        told = announcement(event, template=self.catalogue.latest(event.name), cipher=self.cipher)
        if told is not None:
            await self.announce(told, session=session)

    async def announce(self, told: Announcement, *, session: Session) -> bool:
        """Put a message into the inbox and on its way; False when this citizen has been told it already, or is gone.

        Raises: TemplateUnknown, VariableMissing, VariableUnknown, VariableInvalid: nothing is stored then.
        """
        template = self.catalogue.latest(told.template)
        template.check(told.variables)
        reach = await self.reach.of(told.citizen, session=session)
        message = self._message(told, template)
        if reach.gone or not await self.store.add(message, session=session):
            return False
        channels = template.channels & self.channels
        if channels:
            planned = plan(reach, message, channels=channels, now=message.at, zone=self.zone)
            await self._send(message, planned, session=session)
        return True

    async def forget(self, citizen_id: str) -> None:
        """Tell somebody nothing more whose account is gone, and delete what they were told. Raises: Unavailable."""
        await self.reach.forget(citizen_id)
        await self.deliveries.forget(await self.store.ids_of(citizen_id))
        await self.store.forget(citizen_id)

    def _message(self, told: Announcement, template: Template) -> Notification:
        now, message_id = to_ms(self.clock.now()), self.ids.new(MESSAGE_PREFIX)
        return Notification(
            id=message_id,
            citizen=told.citizen,
            template=template.code,
            version=template.version,
            sealed=seal_variables(told.variables, message_id=message_id, cipher=self.cipher),
            category=template.category,
            priority=template.priority,
            link=template.link.format_map(told.things),
            dedup_key=told.dedup_key,
            at=now,
            not_before=now,
            expires_at=now + template.lifetime,
            inbox=template.inbox,
        )

    async def _send(self, message: Notification, planned: Plan, *, session: Session) -> None:
        if planned.spent:
            spent = {channel.value: full_at for channel, full_at in planned.spent.items()}
            await self.reach.spend(message.citizen, spent, session=session)
        await self.deliveries.add([self._delivery(message, one) for one in planned.deliveries], session=session)

    def _delivery(self, message: Notification, planned: Planned) -> Delivery:
        return Delivery(
            id=self.ids.new(DELIVERY_PREFIX),
            message=message.id,
            citizen=message.citizen,
            channel=planned.target.channel,
            target=planned.target.id,
            lane=Lane.of(message.priority),
            at=message.at,
            expires_at=message.expires_at,
            next_at=planned.next_at,
        )

    # --- the inbox ----------------------------------------------------------------------------------------------

    async def inbox(
        self, *, principal: Principal, citizen_id: str, page: PageRequest, unread_only: bool = False
    ) -> Page[Notification]:
        """A citizen's messages, newest first, for them and for who reads messages for them.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), BadInput (cursor), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=MATTER)
        return await self.store.inbox(citizen_id, page=page, unread_only=unread_only)

    async def messages(self, *, principal: Principal, ids: Sequence[str]) -> dict[str, Notification]:
        """Those of the messages that lie in the inbox of the citizen who asks, or is asked for, by id.

        Raises: SignInRequired, Forbidden, Unavailable.
        """
        principal.require_citizen(principal.subject, matter=MATTER)
        return await self.store.find(principal.subject, ids)

    def read(self, message: Notification, *, locale: Locale) -> Rendered:
        """The words of a message. Raises: TemplateUnknown, UnsealError."""
        values = open_variables(message.sealed, message_id=message.id, cipher=self.cipher)
        return self.catalogue.of(message.template, message.version).rendered(values, locale=locale, zone=self.zone)

    async def unread_count(self, *, principal: Principal, citizen_id: str) -> int:
        """Counted up to 1,000. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        principal.require_citizen(citizen_id, matter=MATTER)
        return await self.store.unread(citizen_id)

    async def mark_read(self, *, principal: Principal, ids: Collection[str]) -> int:
        """Mark messages of one's own as read, all of them or none. Returns how many are unread after that.

        Raises: SignInRequired, Forbidden, BadInput (none, or more than 100), NotFound, Unavailable.
        """
        principal.require_citizen(principal.subject)
        if not 1 <= len(ids) <= MARKED_MAX:
            raise BadInput(field="ids", problem=f"must be 1 to {MARKED_MAX} messages")
        wanted = sorted(set(ids))
        if len(await self.store.find(principal.subject, wanted)) < len(wanted):
            raise NotFound(thing="message")
        await self.store.mark_read(principal.subject, ids=wanted, now=self.clock.now())
        return await self.store.unread(principal.subject)

    async def mark_all_read(self, *, principal: Principal, up_to: str | None = None) -> int:
        """Mark one's messages as read, up to the newest that one has seen. Returns how many are unread after that.

        Raises: SignInRequired, Forbidden, BadInput, Unavailable.
        """
        principal.require_citizen(principal.subject)
        if up_to is not None and not is_id(up_to, prefix=MESSAGE_PREFIX):
            raise BadInput(field="upTo", problem="is not a message's id")
        await self.store.mark_all_read(principal.subject, up_to=up_to, now=self.clock.now())
        return await self.store.unread(principal.subject)

    # --- being reached ------------------------------------------------------------------------------------------

    async def reach_of(self, *, principal: Principal, citizen_id: str) -> Reach:
        """How the citizen who asks can be reached. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        principal.require_citizen(citizen_id)
        return await self.reach.of(citizen_id)

    def address(self, target: Target) -> str:
        """The value of a target, for its owner and for those who send. Raises: UnsealError."""
        return open_target(target.sealed, target_id=target.id, cipher=self.cipher)

    async def prefer(
        self,
        *,
        principal: Principal,
        wanted: Sequence[tuple[Category, Channel, bool]] = (),
        quiet: QuietHours | None,
        keep_quiet: bool = False,
    ) -> Reach:
        """Change what is named and keep the rest. keep_quiet: leave the quiet hours as they are, whatever `quiet` says.

        wanted: at most one for each category and channel.
        Raises: SignInRequired, Forbidden, BadInput, Unavailable.
        """
        principal.require_citizen(principal.subject)
        if len(wanted) > len(Category) * len(Channel):
            raise BadInput(field="categories", problem=f"must be at most {len(Category)}")

        async def work(session: Session) -> Reach:
            reach = await self.reach.of(principal.subject, session=session)
            chosen = reach.preferences if keep_quiet else replace(reach.preferences, quiet=quiet)
            for category, channel, on in wanted:
                chosen = chosen.with_(category, channel, wanted=on)
            await self.reach.prefer(principal.subject, chosen, session=session)
            return replace(reach, preferences=chosen)

        return await self.store.transaction(work)

    async def register_push(
        self, *, principal: Principal, kind: TargetKind, value: str, platform: Platform, language: Locale
    ) -> Target:
        """Send this citizen's messages to this app from now on, and nobody else's; the eleventh sends the first away.

        Raises: SignInRequired, Forbidden, PushTargetInvalid, Unavailable.
        """
        principal.require_citizen(principal.subject)
        target = self._target(kind, parse_push(value), language, platform)
        await self.reach.add_target(principal.subject, target)
        return target

    async def remove_push(self, *, principal: Principal, target_id: str) -> None:
        """Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        principal.require_citizen(principal.subject)
        own = {target.id for target in (await self.reach.of(principal.subject)).targets}
        if target_id not in own or not await self.reach.remove_target(principal.subject, target_id):
            raise NotFound(thing="push target")

    async def set_email(self, *, principal: Principal, address: str, language: Locale) -> Unconfirmed:
        """Send a code to an address, which is used once it is confirmed; until then a former one stays in use.

        Raises: SignInRequired, Forbidden, EmailOff, EmailInvalid, EmailCodeTooSoon, Unavailable.
        """
        principal.require_citizen(principal.subject)
        if Channel.EMAIL not in self.channels:
            raise EmailOff()
        target, code = self._target(TargetKind.EMAIL, parse_email(address), language), self.new_code()
        digest = code_digest(code, target_id=target.id, cipher=self.cipher)
        unconfirmed = Unconfirmed(target, digest, self.clock.now() + CODE_LIFETIME)

        async def work(session: Session) -> None:
            await self._charge_code(principal.subject, session)
            await self.reach.await_code(principal.subject, unconfirmed, session=session)
            await self._send_code(principal.subject, target, code, session)

        await self.store.transaction(work)
        return unconfirmed

    async def confirm_email(self, *, principal: Principal, code: str) -> Target:
        """Raises: SignInRequired, Forbidden, EmailCodeWrong, EmailCodeExpired, Unavailable."""
        principal.require_citizen(principal.subject)
        tried = await self.reach.try_code(principal.subject, tries_max=CODE_TRIES_MAX, now=self.clock.now())
        if tried is None:
            raise EmailCodeExpired()
        answered = code_digest(code[:64], target_id=tried.target.id, cipher=self.cipher)
        if not same(tried.digest, answered):
            raise EmailCodeWrong(tries_left=CODE_TRIES_MAX - tried.tries)
        if not await self.reach.confirm(principal.subject, tried):
            raise EmailCodeExpired()
        return tried.target

    async def remove_email(self, *, principal: Principal) -> None:
        """Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_citizen(principal.subject)
        await self.reach.remove_email(principal.subject)

    def _target(self, kind: TargetKind, value: str, language: Locale, platform: Platform | None = None) -> Target:
        target_id = self.ids.new(TARGET_PREFIX)
        return Target(
            id=target_id,
            kind=kind,
            index=target_index(value, kind, cipher=self.cipher),
            sealed=seal_target(value, target_id=target_id, cipher=self.cipher),
            language=language,
            since=to_ms(self.clock.now()),
            platform=platform,
        )

    async def _charge_code(self, citizen: str, session: Session) -> None:
        now, spent = self.clock.now(), (await self.reach.of(citizen, session=session)).spent.get(_CODES)
        full_at = CODE_RATE.charge(spent, now)
        if full_at is None:
            assert spent is not None
            raise EmailCodeTooSoon(retry_after_s=int(CODE_RATE.room_in(spent, now).total_seconds()) + 1)
        await self.reach.spend(citizen, {_CODES: full_at}, session=session)

    async def _send_code(self, citizen: str, target: Target, code: str, session: Session) -> None:
        """As a message like any other, but to this address alone and not into the inbox: that would prove nothing."""
        variables = {"code": code, "minutes": int(CODE_LIFETIME.total_seconds()) // 60}
        template = self.catalogue.latest(EMAIL_CODE)
        template.check(variables)
        message = self._message(Announcement(citizen, EMAIL_CODE, variables, {}, f"{EMAIL_CODE}:{target.id}"), template)
        await self.store.add(message, session=session)
        await self._send(message, Plan((Planned(target, message.at),), {}), session=session)
