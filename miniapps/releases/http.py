"""What the city's own host answers about programs: packages, icons, keys, revocations, the log, the player and links.

Rules
- No file of a program is answered here but its icon, which can do nothing: it is a picture, and comes with a policy
  that lets no script run in it, should somebody open it by itself. It goes with its program, from caches within a day.
- The player is a document without any script: the shell's reaches into it. Its policy names the one origin that it may
  frame, so no program navigates its frame anywhere else (E3, E21, E27).
Source: W3C MiniApp Addressing (§3.5 of its dereferencing) for links.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

import orjson
from aiohttp import web

from core.keys import KeyRing
from core.locale import negotiate
from miniapps.bundles.address import parse_path
from miniapps.bundles.errors import BundleError
from miniapps.releases import log_http
from miniapps.releases.service import Releases

PACKAGE_TYPE: Final = "application/miniapp-pkg+zip"
REVOCATIONS_PATH: Final = "/.well-known/mini-revocations.json"
KEYS_PATH: Final = "/.well-known/mini-jwks.json"
_SHA256: Final = "[0-9a-f]{64}"
_KID_MAX: Final = 64
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_A_DAY: Final = "public, max-age=86400"
_ANYBODY: Final = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
# The next key is in the set long before it signs, so a copy that is five minutes old still knows every signer.
_KEYS_CACHE: Final = "public, max-age=300"
_ICON_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def package_path(sha256: str) -> str:
    return f"/mini/packages/{sha256}.ma"


def icon_path(sha256: str) -> str:
    return f"/mini/icons/{sha256}"


def player_policy(origin: str) -> str:
    """origin: of the one program that runs in it."""
    return (
        f"default-src 'none'; frame-src {origin}; style-src 'self'; frame-ancestors 'self'; base-uri 'none'; "
        "form-action 'none'; object-src 'none'"
    )


def routes(releases: Releases, *, rings: Sequence[KeyRing], https: bool, trusted_proxies: int) -> list[web.RouteDef]:
    """rings: all whose keys programs, their hosts and their developers check with. https: whether citizens come by it;
    trusted_proxies: how many stand before the door.
    """
    doors = _Doors(releases, rings)
    links = _Links(releases, https=https and trusted_proxies > 0)
    return [
        web.get(f"/mini/packages/{{sha256:{_SHA256}}}.ma", doors.package),
        web.get(f"/mini/icons/{{sha256:{_SHA256}}}", doors.icon),
        web.get(REVOCATIONS_PATH, doors.revocations),
        web.get("/run/{app_id:[a-z0-9.-]{1,128}}", doors.player),
        web.get(KEYS_PATH, doors.keys),
        web.route("*", "/miniapp/{rest:.+}", links.answer),
        *log_http.routes(releases.log),
    ]


class _Doors:
    def __init__(self, releases: Releases, rings: Sequence[KeyRing]) -> None:
        self._releases = releases
        self._rings = rings

    async def keys(self, request: web.Request) -> web.Response:
        """A JWK set (RFC 7517 §5). `?kid=`: of the one key that signed a package which is not among the last."""
        kid = request.query.get("kid", "")[:_KID_MAX]
        found = await self._releases.published_key(kid) if kid else None
        listed = [found] if found else [] if kid else await self._releases.published_keys(self._rings)
        return web.Response(
            body=orjson.dumps({"keys": listed}),
            content_type="application/jwk-set+json",
            headers={"Cache-Control": _KEYS_CACHE, **_ANYBODY},
        )

    async def package(self, request: web.Request) -> web.Response:
        raw = await self._releases.package(request.match_info["sha256"])
        if raw is None:
            raise web.HTTPNotFound()
        headers = {"Content-Type": PACKAGE_TYPE, "Cache-Control": _FOR_EVER, **_ANYBODY}
        return web.Response(body=raw, headers={**headers, "Content-Disposition": "attachment"})

    async def icon(self, request: web.Request) -> web.Response:
        icon = await self._releases.icon(request.match_info["sha256"])
        if icon is None:
            raise web.HTTPNotFound()
        headers = {"Content-Type": icon.media_type, "Cache-Control": _A_DAY}
        return web.Response(body=icon.raw, headers={**headers, "Content-Security-Policy": _ICON_POLICY})

    async def revocations(self, _: web.Request) -> web.Response:
        """The compact JWS itself. Nobody keeps it: what was revoked a moment ago is in it."""
        text = await self._releases.revocations()
        return web.Response(
            text=text, content_type="application/jose", headers={"Cache-Control": "no-cache", **_ANYBODY}
        )

    async def player(self, request: web.Request) -> web.Response:
        # Also of one that is not listed: whoever it is rolled out to opens it.
        program = await self._releases.known(request.match_info["app_id"]) if self._releases.origins else None
        if program is None or self._releases.origins is None:
            raise web.HTTPNotFound()
        locale = negotiate(request.headers.get("Accept-Language"))
        policy = player_policy(self._releases.origins.of_program(program.app_key))
        return web.Response(
            text=_PLAYER.format(lang=locale.value, name=html.escape(program.in_(locale).name)),
            content_type="text/html",
            headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache", "Vary": "Accept-Language"},
        )


_PLAYER: Final = """\
<!doctype html>
<html lang="{lang}">
<head><meta charset="utf-8"><title>{name}</title></head>
<body></body>
</html>
"""


class _Links:
    """`/miniapp/<id>[;version=…]/<path>`: leads to the shell's screen of that program."""

    def __init__(self, releases: Releases, *, https: bool) -> None:
        self._releases = releases
        self._https = https

    async def answer(self, request: web.Request) -> web.Response:
        """303; 403 for what came without TLS, 404 where there is no such program, 501 for what is no reading."""
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=501)
        if self._https and request.headers.get("X-Forwarded-Proto", "https").rpartition(",")[2].strip() == "http":
            raise web.HTTPForbidden()
        try:
            address = parse_path(request.rel_url.raw_path_qs)
        except BundleError:
            raise web.HTTPNotFound() from None
        program = await self._releases.program(address.app_id)
        known = address.version == "" or await self._releases.has_version(address.app_id, address.version)
        if program is None or not known:
            raise web.HTTPNotFound()
        said = {"page": address.page, "query": address.query}
        told = urlencode({name: value for name, value in said.items() if value})
        screen = f"/#/mini/{program.app_id}" + (f"?{told}" if told else "")
        return web.Response(status=303, headers={"Location": screen, "Cache-Control": "no-store"})
