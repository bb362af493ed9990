"""The first walk as a load: citizens open the shell and show their code, officers scan it.

Run by `make load`, or against any demo city: `locust -f loadtest/journeys.py --host http://…`.
A citizen's code goes to an officer through a small queue, as it would through the air between two phones.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import deque
from typing import Any, Final

from gevent.lock import BoundedSemaphore
from locust import HttpUser, between, task
from locust.exception import RescheduleTask, StopUser

_HOME: Final = """
query Home {
  me {
    id name maskedPhone
    homeDistrict { code name airQuality { aqi categoryLabel advice observedAt synthetic } }
    scans(first: 1) { nodes { at purposeLabel scanner { organisation badge } } }
  }
}"""
_CODE: Final = "query Code { me { maskedName cityCode { text expiresAt } } }"
_SCANS: Final = (
    "query Scans { me { scans(first: 20) { nodes { id at purposeLabel scanner { organisation badge } } } } }"
)
_SCAN: Final = """
mutation Scan($input: ScanCityCodeInput!) {
  scanCityCode(input: $input) { id at purposeLabel person { maskedName realNameLevel } }
}"""
_REQUEST: Final = "mutation Request($input: RequestSignInCodeInput!) { requestSignInCode(input: $input) { expiresAt } }"
_SIGN_IN: Final = "mutation SignIn($input: SignInInput!) { signIn(input: $input) { accessToken } }"
_HOME_DISTRICT: Final = 'mutation District { setHomeDistrict(code: "110105") { id } }'

_OFFICERS: Final = ("13900000001", "13900000002")
_PURPOSES: Final = ("IDENTITY_CHECK", "VENUE_ENTRY", "TRANSIT", "CLINIC")
_SMS_DEADLINE_S: Final = 10.0
_phones = itertools.count(13700000000)
_shown: deque[str] = deque(maxlen=200)
_staff_tokens: dict[str, str] = {}
_signing_in = BoundedSemaphore()


class Person(HttpUser):
    """Somebody with a phone: signs in, then asks over /graphql."""

    abstract = True
    token = ""

    def ask(self, name: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """One operation; an answer with errors counts as a failure. Returns its data."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        body = {"query": query, "variables": variables or {}}
        with self.client.post("/graphql", json=body, headers=headers, name=name, catch_response=True) as response:
            answer = response.json() if response.content else {}
            if response.status_code != 200 or "errors" in answer:
                codes = [e.get("extensions", {}).get("code") for e in answer.get("errors", [])]
                response.failure(f"{response.status_code} {codes}")
                raise RescheduleTask()
            data: dict[str, Any] = answer["data"]
            return data

    def sign_in(self, phone: str, audience: str) -> str:
        self.ask("requestSignInCode", _REQUEST, {"input": {"phone": phone, "audience": audience}})
        code = self._sms(phone)
        given = {"phone": phone, "code": code, "audience": audience, "deviceName": "locust"}
        token: str = self.ask("signIn", _SIGN_IN, {"input": given})["signIn"]["accessToken"]
        return token

    def _sms(self, phone: str) -> str:
        """The code that the demo's sink shows; it arrives through the outbox, a moment later."""
        deadline = time.monotonic() + _SMS_DEADLINE_S
        while time.monotonic() < deadline:
            with self.client.get("/dev/sms", params={"phone": phone}, name="dev sms", catch_response=True) as response:
                response.success()  # not there yet is an answer too
                if response.status_code == 200:
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


class Citizen(Person):
    weight = 9
    wait_time = between(0.5, 2.0)
    shown = ""

    def on_start(self) -> None:
        self.token = self.sign_in(str(next(_phones)), "CITIZEN")
        self.ask("setHomeDistrict", _HOME_DISTRICT)

    @task(6)
    def home(self) -> None:
        self.ask("home", _HOME)

    @task(3)
    def show_code(self) -> None:
        text = self.ask("code", _CODE)["me"]["cityCode"]["text"]
        # Within one second a citizen's code is the same code; it is shown once.
        if text != self.shown:
            self.shown = text
            _shown.append(text)

    @task(1)
    def who_scanned_me(self) -> None:
        self.ask("scans", _SCANS)


class Officer(Person):
    weight = 1
    wait_time = between(0.1, 0.5)

    def on_start(self) -> None:
        phone = random.choice(_OFFICERS)
        with _signing_in:
            if phone not in _staff_tokens:
                _staff_tokens[phone] = self.sign_in(phone, "STAFF")
        self.token = _staff_tokens[phone]

    @task
    def scan(self) -> None:
        if not _shown:
            raise RescheduleTask()
        given = {"text": _shown.popleft(), "purpose": random.choice(_PURPOSES)}
        self.ask("scanCityCode", _SCAN, {"input": given})
