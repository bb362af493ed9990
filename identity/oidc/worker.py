"""What the provider does about events: a session or relation that ended ends its grants, and clients are told."""

from __future__ import annotations

from core.events import Event, Subscription
from core.mongo import Session
from identity.acting import RELATION_ENDED
from identity.oidc.grants import LOGOUT_DUE
from identity.oidc.logout import Post
from identity.oidc.service import OpenIdProvider
from identity.sessions import SESSION_ENDED


def subscriptions(provider: OpenIdProvider, *, post: Post) -> list[Subscription]:
    """post: how a client is reached. A client that does not answer is tried again as any handler is."""

    async def end_with_session(event: Event, session: Session) -> None:
        await provider.logout.session_ended(event.payload["session_id"], session=session)

    async def end_with_relation(event: Event, session: Session) -> None:
        await provider.logout.relation_ended(event.payload["relation_id"], session=session)

    async def tell_client(event: Event) -> None:
        payload = event.payload
        await provider.logout.tell(
            client_id=payload["client_id"],
            subject=payload["subject"],
            browser_id=payload["browser_id"],
            post=post,
        )

    return [
        Subscription(event=SESSION_ENDED, handler="identity.end_grants_of_session", within=end_with_session),
        Subscription(event=RELATION_ENDED, handler="identity.end_grants_of_relation", within=end_with_relation),
        Subscription(event=LOGOUT_DUE, handler="identity.tell_client_of_logout", after=tell_client),
    ]
