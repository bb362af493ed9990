"""The provider's HTTP door: thin views that read a bounded request, call a verb, and write OAuth's own shapes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

import orjson
from aiohttp import web

from core.errors import DomainError, Kind
from core.oauth import OAuthError, once_each, read_body, read_form
from identity.errors import TooManyRequests
from identity.oidc import metadata
from identity.oidc.authorizing import PAGE, Redirect, Visit
from identity.oidc.certificates import CertificateFault, handed_on
from identity.oidc.client_metadata import as_metadata
from identity.oidc.model import BROWSER_LIFETIME
from identity.oidc.proving import Call
from identity.oidc.resources import INTROSPECTION_MEDIA_TYPE
from identity.oidc.service import OpenIdProvider

_CACHED: Final = "public, max-age=300"
# Where services send browsers.
_SEEN_BY_PEOPLE: Final = (metadata.AUTHORIZE, metadata.END_SESSION)
# These endpoints know nothing of cookies, so any page may call them with what it holds.
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "DPoP-Nonce, WWW-Authenticate",
}
_PREFLIGHT: Final = {
    **_CORS,
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
    "Access-Control-Max-Age": "7200",
}

AddressOf: TypeAlias = Callable[[web.Request], str]
Verb: TypeAlias = Callable[["Door", web.Request], Awaitable[web.Response]]


class Door:
    """address: the client's, as the outermost proxy that we trust saw it.

    A client's certificate is what that proxy wrote into the header of the settings; without one, nothing is read.
    """

    def __init__(self, provider: OpenIdProvider, address: AddressOf) -> None:
        self.provider = provider
        self.issuer = provider.parts.issuer
        self._address = address
        secure = self.issuer.startswith("https://")
        self._secure = secure
        # A __Host- cookie comes from this host and over TLS, whatever another host of the domain sets.
        self._browser_cookie = "__Host-oidc-browser" if secure else "oidc-browser"
        self._session_cookie = "__Host-oidc-session" if secure else "oidc-session"

    # --- reading

    async def call(self, request: web.Request) -> Call:
        form = await read_form(request) if request.method == "POST" else {}
        return Call(
            form=form,
            authorization=request.headers.get("Authorization", ""),
            proofs=request.headers.getall("DPoP", []),
            method=request.method,
            url=self.issuer + request.path,
            address=self._address(request),
            accept=request.headers.get("Accept", ""),
            certificate=self._certificate(request),
        )

    def _certificate(self, request: web.Request) -> bytes:
        header = self.provider.parts.certificates.header
        try:
            return handed_on(request.headers.getall(header, [])) if header else b""
        except CertificateFault as fault:
            raise OAuthError("invalid_request", "the certificate of the connection cannot be read") from fault

    def visit(self, request: web.Request) -> Visit:
        cookies = request.cookies
        return Visit(cookies.get(self._browser_cookie, "")[:128], cookies.get(self._session_cookie, "")[:128])

    async def charged(self, request: web.Request) -> None:
        await self.provider.parts.charge_call(self._address(request))

    # --- writing

    def moved(self, redirect: Redirect) -> web.Response:
        response = web.Response(status=303, headers={"Location": redirect.to, "Cache-Control": "no-store"})
        if redirect.browser:
            self._set(response, self._browser_cookie, redirect.browser)
        if redirect.session:
            self._set(response, self._session_cookie, redirect.session)
        return response

    def forget(self, response: web.Response) -> None:
        response.del_cookie(self._session_cookie, path="/", secure=self._secure, httponly=True, samesite="Lax")

    def _set(self, response: web.Response, name: str, value: str) -> None:
        life = int(BROWSER_LIFETIME.total_seconds())
        response.set_cookie(name, value, max_age=life, path="/", secure=self._secure, httponly=True, samesite="Lax")


def routes(provider: OpenIdProvider, *, address: AddressOf) -> list[web.RouteDef]:
    door = Door(provider, address)
    table: list[tuple[str, str, Verb]] = [
        ("GET", metadata.DISCOVERY, _discovery),
        ("GET", metadata.AUTHORIZATION_SERVER, _discovery),
        ("GET", metadata.JWKS, _jwks),
        ("POST", metadata.PAR, _push),
        ("GET", metadata.AUTHORIZE, _authorize),
        ("POST", metadata.AUTHORIZE, _authorize),
        ("GET", metadata.AUTHORIZE + "/{interaction}", _resume),
        ("POST", metadata.TOKEN, _token),
        ("GET", metadata.USERINFO, _userinfo),
        ("POST", metadata.USERINFO, _userinfo),
        ("POST", metadata.INTROSPECT, _introspect),
        ("POST", metadata.REVOKE, _revoke),
        ("POST", metadata.DEVICE, _device),
        ("GET", metadata.END_SESSION, _end_session),
        ("POST", metadata.END_SESSION, _end_session),
        ("POST", metadata.END_SESSION + "/confirm", _confirm),
        ("POST", metadata.REGISTER, _register),
        ("GET", metadata.REGISTER + "/{client}", _read_client),
        ("PUT", metadata.REGISTER + "/{client}", _change_client),
        ("DELETE", metadata.REGISTER + "/{client}", _remove_client),
    ]
    open_to_pages = (metadata.PAR, metadata.TOKEN, metadata.USERINFO, metadata.REVOKE, metadata.DEVICE)
    return [
        *(web.route(method, path, partial(_answered, door, verb)) for method, path, verb in table),
        *(web.options(path, _preflight) for path in open_to_pages),
    ]


# --- views


async def _discovery(door: Door, _: web.Request) -> web.Response:
    return _json(metadata.metadata(door.issuer, certificates=door.provider.parts.certificates), cache=_CACHED)


async def _jwks(door: Door, _: web.Request) -> web.Response:
    return _json(door.provider.parts.tokens.jwks(), cache=_CACHED, content_type="application/jwk-set+json")


async def _push(door: Door, request: web.Request) -> web.Response:
    await door.charged(request)
    return _json(await door.provider.authorizing.push(await door.call(request)), status=201)


async def _authorize(door: Door, request: web.Request) -> web.Response:
    await door.charged(request)
    params = await read_form(request) if request.method == "POST" else once_each(request.query_string)
    return door.moved(await door.provider.authorizing.authorize(params, door.visit(request)))


async def _resume(door: Door, request: web.Request) -> web.Response:
    interaction = request.match_info["interaction"][:128]
    return door.moved(await door.provider.authorizing.resume(interaction, door.visit(request)))


async def _token(door: Door, request: web.Request) -> web.Response:
    await door.charged(request)
    return _json(await door.provider.issuing.answer(await door.call(request)))


async def _userinfo(door: Door, request: web.Request) -> web.Response:
    return _told(await door.provider.resources.userinfo(await door.call(request)), "application/jwt")


async def _introspect(door: Door, request: web.Request) -> web.Response:
    await door.charged(request)
    answer = await door.provider.resources.introspect(await door.call(request))
    return _told(answer, INTROSPECTION_MEDIA_TYPE)


async def _revoke(door: Door, request: web.Request) -> web.Response:
    await door.charged(request)
    await door.provider.resources.revoke(await door.call(request))
    return _json({})


async def _device(door: Door, request: web.Request) -> web.Response:
    await door.charged(request)
    return _json(await door.provider.devices.begin(await door.call(request)))


async def _end_session(door: Door, request: web.Request) -> web.Response:
    params = await read_form(request) if request.method == "POST" else once_each(request.query_string)
    out = await door.provider.logout.end_session(params, door.visit(request))
    response = door.moved(Redirect(out.to))
    if out.ended:
        door.forget(response)
    return response


async def _confirm(door: Door, request: web.Request) -> web.Response:
    # SameSite=Lax keeps the cookie from another site's form; the origin is asked as well.
    if request.headers.get("Origin", "") != door.issuer:
        raise OAuthError("access_denied", "only the city's own page may confirm this", status=403)
    response = door.moved(Redirect((await door.provider.logout.confirmed(door.visit(request))).to))
    door.forget(response)
    return response


async def _register(door: Door, request: web.Request) -> web.Response:
    await door.charged(request)
    registered = await door.provider.registration.register(await _read_json(request), token=_bearer(request))
    secrets = {"secret": registered.secret, "registration_token": registered.registration_token}
    return _json(as_metadata(registered.client, issuer=door.issuer, **secrets), status=201)


async def _read_client(door: Door, request: web.Request) -> web.Response:
    await door.charged(request)
    client = await door.provider.registration.read(request.match_info["client"][:128], token=_bearer(request))
    return _json(as_metadata(client, issuer=door.issuer))


async def _change_client(door: Door, request: web.Request) -> web.Response:
    await door.charged(request)
    client_id, body = request.match_info["client"][:128], await _read_json(request)
    client = await door.provider.registration.change(client_id, body, token=_bearer(request))
    return _json(as_metadata(client, issuer=door.issuer))


async def _remove_client(door: Door, request: web.Request) -> web.Response:
    await door.charged(request)
    await door.provider.registration.remove(request.match_info["client"][:128], token=_bearer(request))
    return web.Response(status=204)


async def _preflight(_: web.Request) -> web.Response:
    return web.Response(status=204, headers=_PREFLIGHT)


# --- what surrounds them


async def _answered(door: Door, verb: Verb, request: web.Request) -> web.Response:
    """A refusal in OAuth's own shape; the nonce for the next proof wherever proofs are taken."""
    try:
        response = await verb(door, request)
    except OAuthError as fault:
        response = _refused(door, request, fault.body, status=fault.status)
        response.headers.update(fault.headers)
    except TooManyRequests as fault:
        response = _refused(door, request, _unavailable("too many requests"), status=429)
        response.headers["Retry-After"] = str(fault.retry_after_s)
    except DomainError as fault:
        if fault.kind is not Kind.UNAVAILABLE:
            raise
        response = _refused(door, request, _unavailable("try again shortly"), status=503)
    if request.path in (metadata.TOKEN, metadata.USERINFO, metadata.PAR):
        response.headers["DPoP-Nonce"] = door.provider.proving.nonces[0]
    return response


def _refused(door: Door, request: web.Request, body: Mapping[str, str], *, status: int) -> web.Response:
    """A person in a browser gets the shell's page, with the reason in its address alone; a program gets JSON."""
    if request.path.startswith(_SEEN_BY_PEOPLE) and "text/html" in request.headers.get("Accept", ""):
        return door.moved(Redirect(f"{door.issuer}{PAGE}refused?{urlencode(body)}"))
    return _json(body, status=status)


def _unavailable(description: str) -> dict[str, str]:
    return {"error": "temporarily_unavailable", "error_description": description}


def _json(
    body: Mapping[str, Any], *, status: int = 200, cache: str = "no-store", content_type: str = "application/json"
) -> web.Response:
    headers = {**_CORS, "Cache-Control": cache}
    return web.Response(body=orjson.dumps(body), status=status, content_type=content_type, headers=headers)


def _told(answer: Mapping[str, Any] | str, content_type: str) -> web.Response:
    """JSON, or a token of that type."""
    if not isinstance(answer, str):
        return _json(answer)
    headers = {**_CORS, "Cache-Control": "no-store"}
    return web.Response(body=answer.encode(), content_type=content_type, headers=headers)


async def _read_json(request: web.Request) -> dict[str, Any]:
    try:
        found = orjson.loads(await read_body(request))
    except ValueError as fault:
        raise OAuthError("invalid_client_metadata", "the body must be JSON") from fault
    if not isinstance(found, dict):
        raise OAuthError("invalid_client_metadata", "the body must be a JSON object")
    return found


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip()[:128] if scheme.lower() == "bearer" else ""
