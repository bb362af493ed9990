"""A program of the demo's studio that has a backend: its release, its keys, and the SDK on this side of the wire."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx
import orjson
from citytong_sdk import DecryptionKey, MiniApp, PrivateKey

from core.clock import epoch_s
from miniapps.developers.demo import APP
from tests.support.city import JSON, OpenCity, did
from tests.unit.miniapps.releases.workshop import Developer, files

__all__ = ["APP", "Backing", "documents"]

BUILDER: Final = "13800000001"
_DOCUMENTS: Final = ("query Name { me { maskedName } }", "query City { miniPrograms(first: 1) { nodes { appId } } }")
_ADD_KEY: Final = """mutation($app: String!, $jwk: JSON!, $use: DeveloperKeyUse!, $proof: String) {
  addAppKey(appId: $app, jwk: $jwk, use: $use, proof: $proof) { id }
}"""
_OPEN: Final = 'mutation($app: String!) { openMiniProgram(appId: $app, scene: "home") { id } }'


class _Detour(httpx.AsyncBaseTransport):
    """The city is where its settings say, but for the port that it got here."""

    def __init__(self, base: str) -> None:
        self._base, self._wire = httpx.URL(base), httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host=self._base.host, port=self._base.port)
        return await self._wire.handle_async_request(request)

    async def aclose(self) -> None:
        await self._wire.aclose()


@dataclass(frozen=True, slots=True)
class Backing:
    """builder: the access token of who builds it. sealed_to: the key that phones are sealed to."""

    city: OpenCity
    builder: str
    key: PrivateKey
    sealed_to: DecryptionKey

    @classmethod
    async def registered(cls, city: OpenCity) -> Backing:
        """The program has a key for its backend, and one that phones are sealed to."""
        builder, key, sealed_to = await city.token(BUILDER), PrivateKey.generate(), DecryptionKey.generate()
        proof = key.proof(app_id=APP, now=city.clock.now().timestamp())
        await did(city, _ADD_KEY, builder, app=APP, jwk=key.jwk, use="SIGN", proof=proof)
        await did(city, _ADD_KEY, builder, app=APP, jwk=sealed_to.jwk, use="ENCRYPT", proof=None)
        return cls(city, builder, key, sealed_to)

    async def released(self, code: int = 1, *, permissions: tuple[str, ...], **more: Any) -> None:
        """more: of its manifest."""
        releases, developer = self.city.city.rooms.releases, Developer()
        app = await self.city.city.rooms.platform.developers.app(APP)
        assert app is not None, "the demo's studio has it"
        known = (await releases.store.organisations([app.organisation]))[app.organisation]
        organisation = replace(known, keys=(developer.jwk,))
        await releases.store.put_organisation(organisation)
        told: Any = {
            "app_id": APP,
            "name": "胡同你好",
            "req_permissions": [{"name": name, "reason": "示例"} for name in permissions],
            "city_domains": {},
            "city_operations": "operations.json",
            **more,
        }
        program = {**files(code, **told), "operations.json": _operations()}
        package = developer.signed(program, at=epoch_s(self.city.clock.now()))
        await releases.publish(package=package, organisation=organisation, granted=set(permissions), by="stf_1")

    def app(self, *, app_id: str = APP, key: PrivateKey | None = None) -> MiniApp:
        """The SDK of its backend, over HTTP."""
        settings = self.city.city.ground.settings
        return MiniApp(
            app_id=app_id,
            key=key or self.key,
            platform=settings.public_url.rstrip("/"),
            open_with=[self.sealed_to],
            transport=_Detour(self.city.base),
            clock=lambda: self.city.clock.now().timestamp(),
        )

    async def opened(self, citizen: str) -> str:
        """The session in which a citizen runs it."""
        session: JSON = await did(self.city, _OPEN, citizen, app=APP)
        return str(session["id"])


def documents() -> Mapping[str, str]:
    """Of the program, by their ids' names."""
    return {text.split()[1]: hashlib.sha256(text.encode()).hexdigest() for text in _DOCUMENTS}


def _operations() -> bytes:
    return orjson.dumps({"documents": list(_DOCUMENTS)})
