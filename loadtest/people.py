"""Somebody with a phone, and what people hand each other in the street: codes, names, plates."""

from __future__ import annotations

import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from gevent.lock import BoundedSemaphore
from locust import HttpUser
from locust.exception import RescheduleTask, StopUser

from loadtest.documents import COMPLETE_SIGN_IN, REQUEST_CODE, SIGN_IN
from loadtest.photographs import PHOTO_TYPE, a_photograph

_SMS_DEADLINE_S: Final = 10.0
# Half of what a code lives: nobody holds up a phone for longer.
_SHOWN_FOR_S: Final = 25.0


@dataclass(slots=True)
class Air:
    """Codes on their way from one phone to another. A code that was held up for too long is not looked at."""

    _shown: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=200))

    def show(self, text: str) -> None:
        self._shown.append((time.monotonic(), text))

    def see(self) -> str | None:
        while self._shown:
            at, text = self._shown.popleft()
            if time.monotonic() - at < _SHOWN_FOR_S:
                return text
        return None


@dataclass(slots=True)
class Street:
    """What one process of the load knows of its city: all of it was said by somebody.

    unlicensed, billed: ids of citizens who stand at a counter, told by themselves. cases: ids of cases that wait.
    """

    city_codes: Air = field(default_factory=Air)
    licence_codes: Air = field(default_factory=Air)
    unlicensed: deque[str] = field(default_factory=deque)
    billed: deque[str] = field(default_factory=deque)
    cases: deque[str] = field(default_factory=deque)
    things: list[dict[str, str]] = field(default_factory=list)
    venues: list[dict[str, str]] = field(default_factory=list)


STREET: Final = Street()
_tokens: Final[dict[str, str]] = {}
_signing_in: Final = BoundedSemaphore()


class Person(HttpUser):
    """Somebody with a phone: signs in, then asks over /graphql."""

    abstract = True
    token = ""

    def ask(
        self, name: str, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None
    ) -> dict[str, Any]:
        """One operation; an answer with errors counts as a failure. Returns its data. token: instead of one's own."""
        body = {"query": query, "variables": variables or {}}
        headers = self._headers(self.token if token is None else token)
        with self.client.post("/graphql", json=body, headers=headers, name=name, catch_response=True) as response:
            answer = response.json() if response.content else {}
            if response.status_code != 200 or "errors" in answer:
                codes = [e.get("extensions", {}).get("code") for e in answer.get("errors", [])]
                response.failure(f"{response.status_code} {codes}")
                raise RescheduleTask()
            data: dict[str, Any] = answer["data"]
            return data

    def upload(self) -> str:
        """A photograph of something; its id."""
        headers = {**self._headers(self.token), "Content-Type": PHOTO_TYPE}
        with self.client.post(
            "/uploads/report-photos", data=a_photograph(), headers=headers, name="upload photo", catch_response=True
        ) as response:
            if response.status_code != 201:
                response.failure(f"{response.status_code} {response.text[:100]}")
                raise RescheduleTask()
            photo_id: str = response.json()["id"]
            return photo_id

    def sign_in(self, phone: str, audience: str) -> str:
        asked = self.ask("requestSignInCode", REQUEST_CODE, {"input": {"phone": phone, "audience": audience}})
        code = self._sms(phone, datetime.fromisoformat(asked["requestSignInCode"]["expiresAt"]))
        given = {"phone": phone, "code": code, "audience": audience, "deviceName": "locust"}
        if audience == "STAFF":
            return self._second_step(given)
        token: str = self.ask("signIn", SIGN_IN, {"input": given})["signIn"]["accessToken"]
        return token

    def _second_step(self, given: dict[str, str]) -> str:
        """Staff are refused with what goes on: a code of the app that all of the demo's staff have."""
        body = {"query": SIGN_IN, "variables": {"input": given}}
        with self.client.post("/graphql", json=body, name="signIn", catch_response=True) as response:
            response.success()  # a second step is what staff are asked for
            refusal = response.json()["errors"][0]["extensions"]
        code = self.client.get("/dev/totp", name="dev totp").json()["code"]
        shown = {"pendingId": refusal["pending_id"], "code": code}
        token: str = self.ask("completeSignIn", COMPLETE_SIGN_IN, {"input": shown})["completeSignIn"]["accessToken"]
        return token

    def sign_in_once(self, phone: str, audience: str) -> str:
        """For an account that several of us share: they share its session too."""
        with _signing_in:
            if phone not in _tokens:
                _tokens[phone] = self.sign_in(phone, audience)
        return _tokens[phone]

    def _headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _sms(self, phone: str, expires_at: datetime) -> str:
        """The code that the demo's sink shows, a moment later; until then an older one may stand there."""
        deadline = time.monotonic() + _SMS_DEADLINE_S
        while time.monotonic() < deadline:
            with self.client.get("/dev/sms", params={"phone": phone}, name="dev sms", catch_response=True) as response:
                response.success()  # not there yet is an answer too
                if response.status_code == 200 and _is_of(response.json(), expires_at):
                    code: str = response.json()["code"]
                    return code
            time.sleep(0.05)
        silence = TimeoutError(f"no SMS within {_SMS_DEADLINE_S:.0f} s")
        self.environment.events.request.fire(
            request_type="GET",
            name="dev sms",
            response_time=_SMS_DEADLINE_S * 1000,
            response_length=0,
            exception=silence,
        )
        raise StopUser()


def _is_of(message: dict[str, str], expires_at: datetime) -> bool:
    """MongoDB keeps milliseconds."""
    return datetime.fromisoformat(message["expires_at"]) >= expires_at - timedelta(milliseconds=1)


def a_name() -> str:
    """As a device names what it may have to send again."""
    return uuid.uuid4().hex
