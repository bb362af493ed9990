"""The HTTP door: FCM as the city sees it, and a window for people and tests.

| route | what |
|---|---|
| POST /token | an OAuth token for the stand-in's service account |
| POST /v1/projects/{project}/messages:send | one message, with such a token |
| GET /messages?to=… | what arrived for a phone or an address, oldest first |
| PUT /behaviour | which targets fail, and how |
| GET /healthz | alive |
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from backends.base.http import json_of, refusal_of, reply
from backends.carriers import fcm
from backends.carriers.account import AUDIENCE, Account, GrantRefused
from backends.carriers.arrivals import Arrivals, FaultKind
from backends.carriers.fcm import MessageInvalid
from core.clock import Clock
from core.errors import BadInput, DomainError
from core.ids import Ids

BODY_BYTES_MAX: Final = 256 * 1024
HANG_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class CarriersDoor:
    account: Account
    arrivals: Arrivals
    ids: Ids
    clock: Clock

    def application(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[_answer])
        app.router.add_post("/token", self.token)
        app.router.add_post("/v1/projects/{project}/messages:send", self.send)
        app.router.add_get("/messages", self.messages)
        app.router.add_put("/behaviour", self.behaviour)
        app.router.add_get("/healthz", self.alive)
        return app

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        try:
            granted = self.account.grant(
                grant_type=str(form.get("grant_type", "")),
                assertion=str(form.get("assertion", "")),
                audience=AUDIENCE,
            )
        except GrantRefused as fault:
            return reply({"error": str(fault)}, status=400)
        return reply(granted)

    async def send(self, request: web.Request) -> web.Response:
        if not self.account.knows(request.headers.get("Authorization", "")):
            return _refused(FaultKind.UNAUTHENTICATED)
        if request.match_info["project"] != self.account.project:
            return _refused(FaultKind.SENDER_ID_MISMATCH)
        try:
            target, message = fcm.target_of(json_of(await request.read()))
        except (MessageInvalid, BadInput) as fault:
            return _refused(FaultKind.INVALID_ARGUMENT, said=str(fault))
        told = self.arrivals.fault_of(target)
        if told is not None and told.kind is FaultKind.HANG:
            await asyncio.sleep(HANG_S)
            return _refused(FaultKind.UNAVAILABLE)
        if told is not None:
            return _refused(told.kind, retry_after_s=told.retry_after_s)
        name = f"projects/{self.account.project}/messages/{self.ids.new('fcm')}"
        at = self.clock.now().isoformat()
        self.arrivals.messages.append({"channel": "PUSH", "to": target, "at": at, "name": name, "message": message})
        return reply({"name": name})

    async def messages(self, request: web.Request) -> web.Response:
        return reply({"messages": self.arrivals.to(request.query.get("to"))})

    async def behaviour(self, request: web.Request) -> web.Response:
        self.arrivals.behave(json_of(await request.read()))
        return web.Response(status=204)

    async def alive(self, request: web.Request) -> web.Response:
        return reply({"status": "alive"})


def _refused(kind: FaultKind, *, said: str = "", retry_after_s: int | None = None) -> web.Response:
    status, body = fcm.error(kind, said)
    response = reply(body, status=status)
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response


@web.middleware
async def _answer(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except DomainError as refusal:
        return refusal_of(request, refusal)
