"""The middleware for WSGI: `flask_app.wsgi_app = CityTongWSGIMiddleware(flask_app.wsgi_app, miniapp)`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from citytong_sdk.app import MiniApp
from citytong_sdk.auth import Claims
from citytong_sdk.errors import CityTongError
from citytong_sdk.replay import ReplayStore

from .session import SESSION, Refused, Rules, is_preflight, refused, token_of

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
KEY: Final = "citytong.session"


class CityTongWSGIMiddleware:
    """As `CityTongMiddleware`; it asks by `miniapp.sync`. The claims are in `current_session()` and in
    `environ["citytong.session"]`.
    """

    def __init__(
        self,
        app: Callable[[Environ, StartResponse], Iterable[bytes]],
        miniapp: MiniApp,
        *,
        public: Sequence[str] = (),
        max_age: float = 300,
        replay: ReplayStore | None = None,
        headers: Sequence[str] = (),
        expose: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._miniapp = miniapp.sync
        self._max_age = max_age
        self._replay = replay
        self._rules = Rules(public, headers, expose)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        headers = {
            name: environ[key]
            for name, key in (
                ("origin", "HTTP_ORIGIN"),
                ("access-control-request-method", "HTTP_ACCESS_CONTROL_REQUEST_METHOD"),
            )
            if key in environ
        }
        if is_preflight(environ["REQUEST_METHOD"], headers):
            return _answer(Refused(204, self._rules.preflight(), b""), start_response)
        told = _sharing(start_response, self._rules.shared()) if "origin" in headers else start_response
        try:
            claims = self._claims(environ.get("HTTP_AUTHORIZATION"))
        except CityTongError as error:
            return _answer(refused(error), told)
        if claims is None and not self._rules.is_public(environ.get("PATH_INFO", "/")):
            return _answer(refused(None), told)
        return self._asked(claims, environ, told)

    def _claims(self, authorization: str | None) -> Claims | None:
        """Raises: CityTongError."""
        token = token_of(authorization)
        if token is None:
            return None
        return self._miniapp.auth.verify_launch_token(token, max_age=self._max_age, replay=self._replay)

    def _asked(self, claims: Claims | None, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ[KEY] = claims
        before = SESSION.set(claims)
        try:
            return _Body(self._app(environ, start_response), claims)
        finally:
            SESSION.reset(before)


class _Body:
    """The app's answer, which may be made while it is read: also then the session is the request's."""

    def __init__(self, parts: Iterable[bytes], claims: Claims | None) -> None:
        self._parts = parts
        self._claims = claims

    def __iter__(self) -> Iterator[bytes]:
        parts = iter(self._parts)
        while True:
            before = SESSION.set(self._claims)
            try:
                part = next(parts)
            except StopIteration:
                return
            finally:
                SESSION.reset(before)
            yield part

    def close(self) -> None:
        if callable(close := getattr(self._parts, "close", None)):
            close()


def _sharing(start_response: StartResponse, added: Mapping[str, str]) -> StartResponse:
    """`start_response` that adds headers, in place of the app's own of these names."""

    def told(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        kept = [pair for pair in headers if pair[0].lower() not in added]
        return start_response(status, [*kept, *added.items()], *rest)

    return told


def _answer(refusal: Refused, start_response: StartResponse) -> Iterable[bytes]:
    status = HTTPStatus(refusal.status)
    start_response(f"{status.value} {status.phrase}", list(refusal.headers.items()))
    return [refusal.body]
