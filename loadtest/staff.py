"""Those who serve: inspectors, clerks, a handler of reports, and who puts up the plates."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import Final

import gevent
from locust import between, constant, task
from locust.exception import RescheduleTask

from loadtest.documents import (
    ACT,
    CASE,
    ISSUE_BILL,
    ISSUE_LICENCE,
    LICENCE_TYPES,
    READ_CODE,
    REGISTER,
    SCAN,
    STAFF_CASES,
    VERIFY,
)
from loadtest.people import STREET, Person, a_name

_DRIVING_LICENCE: Final = "机动车驾驶证"
_BILL_FEN: Final = (1_200, 3_600)
_PAYABLE_FOR_S: Final = 14 * 86_400
# Dongcheng's streets: what is registered here is reported to Dongcheng's handler.
_LONGITUDES: Final = (116.405, 116.425)
_LATITUDES: Final = (39.925, 39.945)
_THINGS: Final = 10
_VENUES: Final = 5
# Other rooms hear of a new plate in the time that it takes to screw it on.
_SCREWED_ON_S: Final = 4.0
_PURPOSES: Final = ("IDENTITY_CHECK", "VENUE_ENTRY", "TRANSIT", "CLINIC")


class Staff(Person):
    abstract = True
    phones: tuple[str, ...]

    def on_start(self) -> None:
        self.token = self.sign_in_once(random.choice(self.phones), "STAFF")


class Officer(Staff):
    fixed_count = 3
    wait_time = between(0.1, 0.5)
    phones = ("13900000001", "13900000002")

    @task(3)
    def scan(self) -> None:
        if not (text := STREET.city_codes.see()):
            raise RescheduleTask()
        self.ask("scanCityCode", SCAN, {"input": {"text": text, "purpose": random.choice(_PURPOSES)}})

    @task(1)
    def verify(self) -> None:
        if not (text := STREET.licence_codes.see()):
            raise RescheduleTask()
        self.ask("verifyLicence", VERIFY, {"input": {"text": text, "clientVerificationId": a_name()}})


class LicenceClerk(Staff):
    fixed_count = 1
    wait_time = between(0.2, 0.5)
    phones = ("13900000003",)
    type_code = ""

    def on_start(self) -> None:
        super().on_start()
        types = self.ask("licenceTypes", LICENCE_TYPES)["licenceTypes"]
        self.type_code = next(one["code"] for one in types if one["name"] == _DRIVING_LICENCE)

    @task
    def issue(self) -> None:
        if not STREET.unlicensed:
            raise RescheduleTask()
        number = a_name()[:12].upper()
        values = {
            "name": "李示例",
            "sex": "F",
            "born": "1990-05-17",
            "number": f"SYNTHETIC-{number}",
            "class": "C1",
            "firstIssued": "2015-03-02",
            "address": "北京市东城区示例胡同3号",
            "fileNumber": f"FILE-{number}",
        }
        given = {
            "holderId": STREET.unlicensed.popleft(),
            "typeCode": self.type_code,
            "fields": [{"name": name, "value": value} for name, value in values.items()],
        }
        self.ask("issueLicence", ISSUE_LICENCE, {"input": given})


class BillingClerk(Staff):
    fixed_count = 1
    wait_time = between(0.5, 1.0)
    phones = ("13900000004",)

    @task
    def bill(self) -> None:
        """Everybody in turn, again and again."""
        if not STREET.billed:
            raise RescheduleTask()
        payer = STREET.billed.popleft()
        STREET.billed.append(payer)
        given = {
            "payerId": payer,
            "titleZh": "生活垃圾处理费",
            "titleEn": "Household waste",
            "amountFen": random.choice(_BILL_FEN),
            "dueOn": datetime.fromtimestamp(time.time() + _PAYABLE_FOR_S, UTC).date().isoformat(),
            "idempotencyKey": a_name(),
        }
        self.ask("issueBill", ISSUE_BILL, {"input": given})


class Handler(Staff):
    """Takes one case after the other through all its steps."""

    fixed_count = 1
    wait_time = between(0.5, 1.0)
    phones = ("13900000005",)

    @task(1)
    def look_at_the_list(self) -> None:
        self.ask("staffCases", STAFF_CASES)

    @task(3)
    def settle(self) -> None:
        if not STREET.cases:
            raise RescheduleTask()
        case = self.ask("case", CASE, {"id": STREET.cases.popleft()})["case"]
        step = {"caseId": case["id"], "version": case["version"]}
        for action in ("ACCEPT", "START"):
            step["version"] = self._act({**step, "action": action})
        self._act({**step, "action": "RESOLVE", "note": "已更换灯具，恢复照明。", "photoIds": [self.upload()]})

    def _act(self, given: dict[str, object]) -> int:
        version: int = self.ask("actOnCase", ACT, {"input": given})["actOnCase"]["version"]
        return version


class Registrar(Staff):
    """Puts up the plates, once; then goes round and looks at them."""

    fixed_count = 1
    wait_time = constant(5)
    phones = ("13900000008",)

    def on_start(self) -> None:
        super().on_start()
        things = [self._register("THING", "010101", "路灯", "Street lamp", "street-lamp") for _ in range(_THINGS)]
        venues = [self._register("PLACE", "060201", "图书馆", "Library", None) for _ in range(_VENUES)]
        gevent.sleep(_SCREWED_ON_S)
        STREET.things.extend(things)
        STREET.venues.extend(venues)

    @task
    def look_at_a_plate(self) -> None:
        self.ask("readCode", READ_CODE, {"text": random.choice(STREET.things + STREET.venues)["plate"]})

    def _register(self, kind: str, category: str, zh: str, en: str, reported_as: str | None) -> dict[str, str]:
        number = a_name()[:6]
        given = {
            "clientPlaceId": a_name(),
            "kind": kind,
            "category": category,
            "nameZh": f"{zh} {number}",
            "nameEn": f"{en} {number}",
            "location": {"longitude": random.uniform(*_LONGITUDES), "latitude": random.uniform(*_LATITUDES)},
            "reportCategory": reported_as,
            "checkIn": kind == "PLACE",
        }
        plate: dict[str, str] = self.ask("registerPlace", REGISTER, {"input": given})["registerPlace"]
        return plate
