"""What programs' backends are told of events, and what goes on beside the requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.events import Event, Subscription
from core.mongo import Session
from core.tasks import Work
from miniapps.backends.courier import Courier
from miniapps.backends.messages import MESSAGE_ACCEPTED, Messages
from miniapps.backends.model import Kind
from miniapps.backends.telling import Telling
from miniapps.developers.blocking import ORGANISATION_BLOCKED, ORGANISATION_UNBLOCKED
from miniapps.developers.store import DeveloperStore
from miniapps.ledger import app_of
from miniapps.openid.store import OpenidStore
from miniapps.releases.service import RELEASE_REVOKED

# Identity's, and those of a wing beside this one; they meet in events by name.
_CONSENT_WITHDRAWN: Final = "identity.consent_withdrawn"
_VERSION_MOVED: Final = "miniapps.version_moved"
_SUBMITTED, _APPROVED = "submitted", "approved"
_STEPS: Final[Mapping[str, Kind]] = {
    _APPROVED: Kind.VERSION_APPROVED,
    "rejected": Kind.VERSION_REJECTED,
    "released": Kind.VERSION_RELEASED,
    "revoked": Kind.VERSION_REVOKED,
}
_BLOCKED: Final[Mapping[str, Kind]] = {
    ORGANISATION_BLOCKED: Kind.ORGANISATION_BLOCKED,
    ORGANISATION_UNBLOCKED: Kind.ORGANISATION_UNBLOCKED,
}


def subscriptions(
    telling: Telling, openids: OpenidStore, messages: Messages, builders: DeveloperStore
) -> list[Subscription]:
    async def tell(event: Event, kind: Kind, app_id: str, data: Mapping[str, Any], session: Session) -> None:
        await telling.tell(app_id, kind, data, at=event.occurred_at, session=session)

    async def consent_withdrawn(event: Event, session: Session) -> None:
        told = event.payload
        app_id = app_of(told["client"])
        openid = (await openids.subjects(told["citizen"])).get(app_id) if app_id is not None else None
        if app_id is not None and openid is not None:
            data = {"openid": openid, "names": list(told["fields"])}
            await tell(event, Kind.CONSENT_REVOKED, app_id, data, session)

    async def version_moved(event: Event, session: Session) -> None:
        told = event.payload
        # Words of messages go with the version: what was written when it was handed in is what is decided about.
        if told["state"] == _SUBMITTED:
            await messages.shelf.hand_in(told["app_id"], at=event.occurred_at, session=session)
        if told["state"] == _APPROVED:
            await messages.shelf.approve(told["app_id"], session=session)
        kind = _STEPS.get(told["state"])
        if kind is not None and told["state"] != told["before"]:
            data = {"versionCode": told["version_code"], "versionName": told["version_name"]}
            await tell(event, kind, told["app_id"], data, session)

    async def release_revoked(event: Event, session: Session) -> None:
        told = event.payload
        if told["whole"]:
            await tell(event, Kind.APP_REVOKED, told["app_id"], {"reason": told["reason"]}, session)

    async def organisation_blocked(event: Event, session: Session) -> None:
        told = event.payload
        for app in await builders.apps_of(told["organisation"], session=session):
            await tell(event, _BLOCKED[event.name], app.app_id, dict(told), session)

    async def message_accepted(event: Event, session: Session) -> None:
        await messages.deliver(event.payload["message"], session=session)

    return [
        Subscription(event=MESSAGE_ACCEPTED, handler="miniapps.deliver_message", within=message_accepted),
        Subscription(event=_CONSENT_WITHDRAWN, handler="miniapps.tell_consent_withdrawn", within=consent_withdrawn),
        Subscription(event=_VERSION_MOVED, handler="miniapps.tell_version_moved", within=version_moved),
        Subscription(event=RELEASE_REVOKED, handler="miniapps.tell_release_revoked", within=release_revoked),
        *(
            Subscription(event=name, handler=f"miniapps.tell_{name.split('.')[1]}", within=organisation_blocked)
            for name in _BLOCKED
        ),
    ]


def chores(courier: Courier) -> Mapping[str, Work]:
    return {"mini-webhooks": courier.work}
