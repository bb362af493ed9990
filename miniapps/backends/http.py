"""`/open/v1/…`: what a program's backend is answered. Source: docs/sdk/backend-api.md.

Refusals are JSON of one shape, with the number that the bridge has for the same trouble; they never hold a code, a
token or a phone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from aiohttp import web

from core.errors import BadInput, DomainError, SignInRequired
from miniapps.backends.messages import KEY_LENGTH_MAX, PAGE_LENGTH_MAX, Messages
from miniapps.backends.model import Delivery
from miniapps.backends.service import Backends
from miniapps.backends.webhooks import Webhooks
from miniapps.bodies import json_body, optional_text, text_of
from miniapps.open_replies import RequestId, refusal, reply

BASE: Final = "/open/v1"
_TOKEN_LENGTH_MAX: Final = 4096
_FIRST: Final = 50

Json: TypeAlias = Mapping[str, Any]
# Answers a program's backend: whose it is, what it says, and the request.
Verb: TypeAlias = Callable[[str, Json, web.Request], Awaitable[Json]]
# Asks the graph in a request's name: as this citizen (None: as nobody), a text and its variables.
GraphAs: TypeAlias = Callable[[web.Request, str | None, str, Json], Awaitable[Json]]


def routes(
    backends: Backends, webhooks: Webhooks, messages: Messages, *, graph: GraphAs, request_id: RequestId
) -> list[web.RouteDef]:
    def answering(verb: Verb) -> Callable[[web.Request], Awaitable[web.Response]]:
        return answered(verb, backends, request_id)

    doors = {**_doors(backends, graph), "messages": _send(messages), "webhooks/test": _ping(webhooks)}
    return [
        *(web.post(f"{BASE}/{name}", answering(verb)) for name, verb in doors.items()),
        web.get(f"{BASE}/webhooks/deliveries", answering(_deliveries(webhooks))),
        web.post(f"{BASE}/webhooks/deliveries/{{id}}/replay", answering(_replay(webhooks))),
    ]


def _doors(backends: Backends, graph: GraphAs) -> Mapping[str, Verb]:
    async def code2session(app_id: str, body: Json, _: web.Request) -> Json:
        who = await backends.code2session(app_id=app_id, code=text_of(body, "code"))
        return {
            "openid": who.openid,
            "unionid": who.unionid,
            "sessionId": who.session_id,
            "scopes": list(who.scopes),
            "versionName": who.version_name,
            "versionCode": who.version_code,
            "expiresAt": who.expires_at.isoformat(),
        }

    async def phone(app_id: str, body: Json, _: web.Request) -> Json:
        code, wants_seal = text_of(body, "code"), body.get("sealed", False)
        if not isinstance(wants_seal, bool):
            raise BadInput(field="sealed", problem="must be true or false")
        if wants_seal:
            return {"sealed": await backends.sealed_phone(app_id=app_id, code=code)}
        return {"phone": (await backends.phone(app_id=app_id, code=code)).told()}

    async def graphql(app_id: str, body: Json, request: web.Request) -> Json:
        async def ask(citizen: str | None, text: str, variables: Json) -> Json:
            return await graph(request, citizen, text, variables)

        told = await backends.ask(
            app_id=app_id,
            document_id=text_of(body, "documentId"),
            variables=body.get("variables"),
            openid=optional_text(body, "openid"),
            session_id=optional_text(body, "session"),
            ask=ask,
        )
        return {"data": told.data, "errors": list(told.errors), "withheld": list(told.withheld)}

    return {"code2session": code2session, "phone": phone, "graphql": graphql}


def _send(messages: Messages) -> Verb:
    async def send(app_id: str, body: Json, _: web.Request) -> Json:
        id = await messages.send(
            app_id=app_id,
            openid=text_of(body, "openid"),
            template=text_of(body, "template"),
            data=body.get("data"),
            page=optional_text(body, "page", length_max=PAGE_LENGTH_MAX),
            key=text_of(body, "idempotencyKey", length_max=KEY_LENGTH_MAX),
        )
        return {"id": id, "state": "accepted"}

    return send


def _ping(webhooks: Webhooks) -> Verb:
    async def ping(app_id: str, _: Json, __: web.Request) -> Json:
        return {"id": (await webhooks.ping(app_id)).id}

    return ping


def _deliveries(webhooks: Webhooks) -> Verb:
    async def deliveries(app_id: str, _: Json, request: web.Request) -> Json:
        asked = request.query.get("first", str(_FIRST))
        if not (asked.isascii() and asked.isdigit() and len(asked) < 6):
            raise BadInput(field="first", problem="must be a number")
        found, following = await webhooks.deliveries(app_id, first=int(asked), after=request.query.get("after"))
        return {"deliveries": [_told(one) for one in found], "next": following}

    return deliveries


def _replay(webhooks: Webhooks) -> Verb:
    async def replay(app_id: str, _: Json, request: web.Request) -> Json:
        again = await webhooks.replay(app_id, request.match_info["id"])
        return {"id": again.id, "state": again.state.value}

    return replay


def _told(one: Delivery) -> Json:
    return {
        "id": one.id,
        "type": one.kind.value,
        "state": one.state.value,
        "attempts": one.attempts,
        "lastStatus": one.last_status,
        "createdAt": one.created_at.isoformat(),
        "nextAt": one.next_at.isoformat() if one.next_at else None,
    }


def answered(verb: Verb, backends: Backends, request_id: RequestId) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A view for whoever holds a backend's access token."""

    async def view(request: web.Request) -> web.Response:
        try:
            app_id = await backends.who(_bearer(request))
            body = await json_body(request) if request.method == "POST" else {}
            return reply(await verb(app_id, body, request))
        except DomainError as fault:
            return refusal(fault, request, request_id(request))

    return view


def _bearer(request: web.Request) -> str:
    """Raises: SignInRequired."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= _TOKEN_LENGTH_MAX:
        raise SignInRequired()
    return token
