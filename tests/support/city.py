"""A whole city in this process, behind a port of its own, and somebody who uses it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pyotp

from api.app import City, open_city
from api.serving import bound, listening
from api.settings import Settings
from core.clock import Clock
from identity.demo import DEMO_TOTP_SECRET
from tests.support.waiting import until

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a GraphQL request brought back."""

    status: int
    data: JSON | None
    errors: list[JSON]
    extensions: JSON = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who uses a city over HTTP. base: its address."""

    base: str
    http: aiohttp.ClientSession

    async def ask(
        self, query: str, *, token: str = "", language: str = "zh-CN", device: str = "", **variables: Any
    ) -> Answer:
        headers = {"Accept-Language": language, "Accept": "application/graphql-response+json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if device:
            headers["X-Device-Id"] = device
        body = {"query": query, "variables": variables}
        async with self.http.post(f"{self.base}/graphql", json=body, headers=headers) as response:
            answer = await response.json(content_type=None)
            return Answer(response.status, answer.get("data"), answer.get("errors", []), answer.get("extensions", {}))

    async def sms(self, phone: str, *, asked: JSON) -> str:
        """The code that `asked` (a `SignInCodeRequest`) had sent, as the demo shows it; waits until it is there."""
        # MongoDB keeps milliseconds.
        asked_until = datetime.fromisoformat(asked["expiresAt"]) - timedelta(milliseconds=1)

        async def look() -> str | None:
            async with self.http.get(f"{self.base}/dev/sms", params={"phone": phone}) as response:
                if response.status != 200:
                    return None
                message = await response.json()
                # An older message may still be the newest there.
                return message["code"] if datetime.fromisoformat(message["expires_at"]) >= asked_until else None

        return await until(look, what="an SMS")

    async def sign_in(self, phone: str, *, audience: str = "CITIZEN", device: str = "test") -> JSON:
        """The whole way through phone and code; the `SignInResult`."""
        given = {"phone": phone, "audience": audience, "deviceId": device}
        asked = await self.ask(REQUEST_CODE, input=given)
        assert asked.data and not asked.errors, asked.errors
        code = await self.sms(phone, asked=asked.data["requestSignInCode"])
        signed = await self.ask(SIGN_IN, input={**given, "code": code, "deviceName": "Test phone"})
        if signed.codes == ["AUTH_SECOND_FACTOR_REQUIRED"]:
            return await self._second_step(signed.errors[0]["extensions"]["pending_id"])
        assert signed.data and not signed.errors, signed.errors
        result: JSON = signed.data["signIn"]
        return result

    async def _second_step(self, pending_id: str) -> JSON:
        """As the demo's staff take it, with the secret that everybody knows."""
        given = {"pendingId": pending_id, "code": self._code_of_app()}
        signed = await self.ask(COMPLETE_SIGN_IN, input=given)
        assert signed.data and not signed.errors, signed.errors
        result: JSON = signed.data["completeSignIn"]
        return result

    def _code_of_app(self) -> str:
        return pyotp.TOTP(DEMO_TOTP_SECRET).now()

    async def token(self, phone: str, *, audience: str = "CITIZEN") -> str:
        text: str = (await self.sign_in(phone, audience=audience))["accessToken"]
        return text


@dataclass(frozen=True, slots=True)
class OpenCity(Visitor):
    """A city in this process, which is all that its repr says of it. clock: the one it lives by."""

    city: City = field(repr=False)
    clock: Clock

    def _code_of_app(self) -> str:
        return pyotp.TOTP(DEMO_TOTP_SECRET).at(self.clock.now())


REQUEST_CODE = """mutation($input: RequestSignInCodeInput!) {
  requestSignInCode(input: $input) { expiresAt resendAfterS }
}"""
SIGN_IN = """mutation($input: SignInInput!) {
  signIn(input: $input) { accessToken refreshToken accessTokenExpiresAt session { id current } }
}"""

COMPLETE_SIGN_IN = """mutation($input: CompleteSignInInput!) {
  completeSignIn(input: $input) { accessToken refreshToken accessTokenExpiresAt session { id current } }
}"""


async def answered(city: OpenCity, document: str, token: str = "", **asked: Any) -> JSON:
    """All that was asked; nothing may go wrong. asked: as of `OpenCity.ask`."""
    answer = await city.ask(document, token=token, **asked)
    assert answer.errors == [] and answer.data is not None, (document, answer.errors)
    return answer.data


async def did(city: OpenCity, document: str, token: str, **variables: Any) -> Any:
    """The one thing that was asked, in English; nothing may go wrong."""
    (found,) = (await answered(city, document, token, language="en", **variables)).values()
    return found


def settings(*, mongo_url: str, redis_url: str, database: str, departments: Mapping[str, str], **more: str) -> Settings:
    """departments: the settings by which the departments' backends are reached."""
    env = {
        "TONG_MONGO_URL": mongo_url,
        "TONG_REDIS_URL": redis_url,
        "TONG_MONGO_DATABASE": database,
        "TONG_MASTER_KEY": base64.b64encode(bytes(range(32))).decode(),
        **departments,
        "TONG_PORT": "0",
        "TONG_DEMO": "on",
        "TONG_DEVELOPMENT": "on",
        **more,
    }
    return Settings.from_env(env)


@asynccontextmanager
async def open_demo_city(told: Settings, clock: Clock, *, port: int = 0) -> AsyncIterator[OpenCity]:
    """port: where its own address says that it is, for what leads people back to it; 0 for any."""
    city = await open_city(told, clock=clock)
    try:
        await city.load_demo()
        async with (
            city.working(),
            listening(city, bound(host="127.0.0.1", port=port)) as base,
            aiohttp.ClientSession() as http,
        ):
            yield OpenCity(base, http, city, clock)
    finally:
        await city.close()
