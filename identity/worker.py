"""What identity does about events: it sends the codes that were asked for."""

from __future__ import annotations

from core.events import Event, Subscription
from identity.service import CODE_REQUESTED, Identity
from identity.sms import SmsSender


def subscriptions(identity: Identity, *, sender: SmsSender) -> list[Subscription]:
    async def send_code(event: Event) -> None:
        message = await identity.message_to_send(payload=event.payload)
        if message is not None:
            await sender.send(message, reference=event.id)

    return [Subscription(event=CODE_REQUESTED, handler="identity.send_sign_in_code", after=send_code)]
