"""The middleware for ASGI: `app = CityTongMiddleware(app, miniapp, public=["/webhooks/*"])`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final

from citytong_sdk.app import MiniApp
from citytong_sdk.auth import Claims
from citytong_sdk.errors import CityTongError
from citytong_sdk.replay import ReplayStore

from .session import SESSION, Refused, Rules, is_preflight, refused, token_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Of a WebSocket that is refused before it opens: policy violation (RFC 6455 §7.4.1).
_POLICY: Final = 1008


class CityTongMiddleware:
    """public: paths that need no token, with `*` for any text. max_age: of tokens, in seconds. replay: takes each
    token once. headers, expose: of other origins' requests and answers (`Rules`).

    The claims are in `current_session()` and in `scope["state"]["citytong"]`.
    """

    def __init__(
        self,
        app: Any,
        miniapp: MiniApp,
        *,
        public: Sequence[str] = (),
        max_age: float = 300,
        replay: ReplayStore | None = None,
        headers: Sequence[str] = (),
        expose: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._miniapp = miniapp
        self._max_age = max_age
        self._replay = replay
        self._rules = Rules(public, headers, expose)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if is_preflight(scope.get("method", ""), headers):
            await _answer(Refused(204, self._rules.preflight(), b""), send)
            return
        told = _sharing(send, self._rules.shared()) if "origin" in headers else send
        try:
            claims = await self._claims(headers.get("authorization"))
        except CityTongError as error:
            await _refuse(scope, refused(error), told)
            return
        if claims is None and not self._rules.is_public(scope["path"]):
            await _refuse(scope, refused(None), told)
            return
        await self._asked(claims, scope, receive, told)

    async def _claims(self, authorization: str | None) -> Claims | None:
        """Raises: CityTongError."""
        token = token_of(authorization)
        if token is None:
            return None
        return await self._miniapp.auth.verify_launch_token(token, max_age=self._max_age, replay=self._replay)

    async def _asked(self, claims: Claims | None, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["citytong"] = claims
        before = SESSION.set(claims)
        try:
            await self._app(scope, receive, send)
        finally:
            SESSION.reset(before)


def _sharing(send: Send, headers: Mapping[str, str]) -> Send:
    """`send` that adds `headers`, in place of the app's own of these names."""
    added = _raw(headers)
    names = {name for name, _ in added}

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in names]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return told


async def _refuse(scope: Scope, refusal: Refused, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY})
        return
    await _answer(refusal, send)


async def _answer(refusal: Refused, send: Send) -> None:
    await send({"type": "http.response.start", "status": refusal.status, "headers": _raw(refusal.headers)})
    await send({"type": "http.response.body", "body": refusal.body})


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
