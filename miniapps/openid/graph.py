"""What the host hands to a program: codes and tokens, which only its backend can use."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Final

import strawberry

from core.graph import Info
from miniapps.openid import model
from miniapps.openid.service import Openids

CITIZEN: Final = [["citizen"]]


@strawberry.federation.type(description="A code that a mini-program's backend redeems, once.", authenticated=True)
class MiniCode:
    code: str
    expires_in: int = strawberry.federation.field(description="In seconds.")

    @classmethod
    def of(cls, code: model.Code) -> MiniCode:
        return cls(code=code.text, expires_in=code.expires_in)


@strawberry.federation.type(
    description="A signed token that a mini-program's backend checks by itself (`/.well-known/mini-jwks.json`).",
    authenticated=True,
)
class MiniLaunchToken:
    token: str
    expires_at: datetime

    @classmethod
    def of(cls, token: model.LaunchToken) -> MiniLaunchToken:
        return cls(token=token.text, expires_at=token.expires_at)


@strawberry.type
class OpenidMutation:
    @strawberry.federation.field(
        requires_scopes=CITIZEN, description="A code that tells the program's backend how the program knows you."
    )
    async def mini_login(self, info: Info, session: strawberry.ID) -> MiniCode:
        service = info.context.service(Openids)
        return MiniCode.of(await service.login_code(principal=info.context.principal, session_id=session))

    @strawberry.federation.field(
        requires_scopes=CITIZEN, description="Says to the program's backend who runs it now; good for five minutes."
    )
    async def mini_launch_token(self, info: Info, session: strawberry.ID) -> MiniLaunchToken:
        service = info.context.service(Openids)
        return MiniLaunchToken.of(await service.launch_token(principal=info.context.principal, session_id=session))

    @strawberry.federation.field(
        requires_scopes=CITIZEN,
        description="A code that tells the program's backend your phone number. You agreed to that before.",
    )
    async def mini_phone_code(self, info: Info, session: strawberry.ID) -> MiniCode:
        service = info.context.service(Openids)
        return MiniCode.of(await service.phone_code(principal=info.context.principal, session_id=session))
