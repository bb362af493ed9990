"""What identity does about events: it sends the codes that were asked for, and says again what has ended."""

from __future__ import annotations

from core.events import Event, Subscription
from identity.acting import RELATION_ENDED
from identity.service import Identity
from identity.sessions import SESSION_ENDED
from identity.sms import CODE_REQUESTED, NOTICE_DUE, PhoneNotice, SmsSender


def subscriptions(identity: Identity, *, sender: SmsSender) -> list[Subscription]:
    async def send_code(event: Event) -> None:
        message = await identity.message_to_send(payload=event.payload)
        if message is not None:
            await sender.send(message, reference=event.id)

    async def tell_phone(event: Event) -> None:
        await sender.tell(PhoneNotice.opened(event.payload, cipher=identity.cipher), reference=event.id)

    async def announce_end(event: Event) -> None:
        # The request that ended the session announced it too; it may have died, or met a Redis that was away.
        await identity.revocations.announce(event.payload["session_id"])

    async def announce_relation_end(event: Event) -> None:
        await identity.revocations.announce(event.payload["relation_id"])

    return [
        Subscription(event=CODE_REQUESTED, handler="identity.send_sign_in_code", after=send_code),
        Subscription(event=NOTICE_DUE, handler="identity.tell_phone", after=tell_phone),
        Subscription(event=SESSION_ENDED, handler="identity.announce_session_end", after=announce_end),
        Subscription(event=RELATION_ENDED, handler="identity.announce_relation_end", after=announce_relation_end),
    ]
