"""Notifications on the ground, and the carriers that the settings name: to phones by FCM, to mailboxes by SMTP."""

from __future__ import annotations

from pathlib import Path

from api.ground import Ground
from api.startup import CityUnavailable
from notifications.channels import Carrier
from notifications.dispatcher import Dispatcher
from notifications.mail import CannotMail, SmtpCarrier
from notifications.model import Channel
from notifications.outgoing import DeliveryStore
from notifications.reach import ReachStore
from notifications.service import Notifications
from notifications.store import MessageStore


def notifications_of(ground: Ground) -> tuple[Notifications, Dispatcher]:
    """The room, and who carries what it says out of the city. Raises: CityUnavailable."""
    carriers = _carriers(ground)
    room = Notifications(
        store=MessageStore(mongo=ground.mongo),
        reach=ReachStore(mongo=ground.mongo),
        deliveries=DeliveryStore(mongo=ground.mongo),
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
        zone=ground.settings.city_zone,
        channels=frozenset(carriers),
    )
    return room, Dispatcher(room=room, carriers=carriers)


def _carriers(ground: Ground) -> dict[Channel, Carrier]:
    """Those that the settings name. Raises: CityUnavailable."""
    settings, carriers = ground.settings, dict[Channel, Carrier]()
    if settings.fcm_project and settings.fcm_credentials_file:
        carriers[Channel.PUSH] = _fcm(ground)
    if settings.smtp_url:
        try:
            carriers[Channel.EMAIL] = SmtpCarrier(
                url=settings.smtp_url, sender=settings.mail_from, public_url=settings.public_url, clock=ground.clock
            )
        except CannotMail as fault:
            raise CityUnavailable(str(fault)) from fault
    return carriers


def _fcm(ground: Ground) -> Carrier:
    # Google's library takes half a second to load: only who pushes waits for it.
    from notifications.push import CannotPush, FcmCarrier

    settings = ground.settings
    try:
        return FcmCarrier(
            url=settings.fcm_url,
            project=settings.fcm_project,
            credentials_file=Path(settings.fcm_credentials_file),
            clock=ground.clock,
        )
    except CannotPush as fault:
        raise CityUnavailable(str(fault)) from fault
