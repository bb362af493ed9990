"""Sessions and their tokens, as the graph shows them to whoever begins one or lists their own."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import strawberry

from core.graph import PUBLIC, personal
from identity import model
from identity.sessions import SignedIn

DEVICE: Final = personal("DEVICE", 2, own=True)

strawberry.enum(model.Audience, description="Which side of the counter a session is for.")


# Public, because the answer to a sign-in holds one and nobody is signed in yet. Every other way to it is closed.
@strawberry.federation.type(description="One sign-in on one device.", directives=[PUBLIC])
class Session:
    id: strawberry.ID
    device_name: str = strawberry.federation.field(directives=[DEVICE])
    created_at: datetime
    last_seen_at: datetime = strawberry.federation.field(description="When its tokens were last renewed.")
    current: bool = strawberry.federation.field(description="True for the session that asks.")
    device_id: strawberry.ID | None = strawberry.federation.field(description="Of one of `devices`.")
    idle_until: datetime = strawberry.federation.field(description="When it ends unless its tokens are renewed.")
    ends_at: datetime = strawberry.federation.field(description="When it ends in any case.")
    audience: model.Audience
    revoked_at: datetime | None
    enrolling: bool = strawberry.federation.field(
        description="Staff without a second factor: all that it may do is get one, then renew its tokens."
    )

    @classmethod
    def of(cls, session: model.DeviceSession, *, current_id: str) -> Session:
        return cls(
            id=strawberry.ID(session.id),
            device_name=session.device_name,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            current=session.id == current_id,
            device_id=strawberry.ID(session.device_id) if session.device_id else None,
            idle_until=session.idle_until,
            ends_at=session.ends_at,
            audience=session.audience,
            revoked_at=session.revoked_at,
            enrolling=session.enrolling,
        )


@strawberry.federation.type(description="A session and its tokens. Keep the refresh token secret.", directives=[PUBLIC])
class SignInResult:
    access_token: str
    access_token_expires_at: datetime
    token_type: str = strawberry.federation.field(
        description="How to show the access token: `Bearer`, or `DPoP` with a proof of the device's key (RFC 9449)."
    )
    refresh_token: str = strawberry.federation.field(description="Good for one use; a second use ends the session.")
    refresh_token_expires_at: datetime
    session: Session

    @classmethod
    def of(cls, signed_in: SignedIn) -> SignInResult:
        return cls(
            access_token=signed_in.access.text,
            access_token_expires_at=signed_in.access.expires_at,
            token_type="DPoP" if signed_in.session.jkt else "Bearer",
            refresh_token=signed_in.refresh,
            refresh_token_expires_at=signed_in.refresh_expires_at,
            session=Session.of(signed_in.session, current_id=signed_in.session.id),
        )
