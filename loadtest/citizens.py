"""Citizens: at home, in the street, at a till, and one who looks after her mother.

Nobody does what the city would rightly refuse: a code is shown once, a bill is paid with money that is there, and
nobody reports more than the city takes from one person in a day.
"""

from __future__ import annotations

import itertools
import random
from typing import Final

from locust import between, task
from locust.exception import RescheduleTask

from loadtest.documents import (
    A_DAY,
    ACT_FOR,
    BILLS,
    CHECK_IN,
    CODE,
    DATASETS,
    EVENTS,
    HEALTH,
    HERS,
    HOME,
    HOME_DISTRICT,
    INBOX,
    LICENCES,
    MARK_READ,
    PAY,
    READ_CODE,
    RELATIONS,
    REPORT,
    SCANS,
    SHARE,
    STATISTICS,
    TOP_UP,
)
from loadtest.people import STREET, Person, a_name

_DAUGHTER: Final = "13800000001"
_MOTHER: Final = "刘*英"
_TOP_UP_FEN: Final = 20_000
_REPORTS_MAX: Final = 20
_PURPOSES: Final = ("路面执法检查", "酒店入住", "租车")
_SEARCHES: Final = ("空气质量", "路灯", "air", "licence", None)
# From anywhere, so that a city that is loaded again meets new citizens.
_phones: Final = itertools.count(random.randrange(13700000000, 13799000000))


class Citizen(Person):
    weight = 9
    wait_time = between(0.5, 2.0)
    shown = ""
    licence = ""
    reports = 0

    def on_start(self) -> None:
        self.token = self.sign_in(str(next(_phones)), "CITIZEN")
        me = self.ask("setHomeDistrict", HOME_DISTRICT)["setHomeDistrict"]["id"]
        STREET.unlicensed.append(me)
        STREET.billed.append(me)

    @task(12)
    def home(self) -> None:
        self.ask("home", HOME)

    @task(1)
    def a_day(self) -> None:
        self.ask("a day", A_DAY)

    @task(5)
    def read_the_inbox(self) -> None:
        messages = self.ask("inbox", INBOX)["me"]["inbox"]["nodes"]
        if unread := [message["id"] for message in messages if message["readAt"] is None]:
            self.ask("markMessagesRead", MARK_READ, {"ids": unread})

    @task(6)
    def show_code(self) -> None:
        text = self.ask("code", CODE)["me"]["cityCode"]["text"]
        # Within one second a citizen's code is the same code; it is shown once.
        if text != self.shown:
            self.shown = text
            STREET.city_codes.show(text)

    @task(2)
    def who_scanned_me(self) -> None:
        self.ask("scans", SCANS)

    @task(6)
    def look_at_my_health(self) -> None:
        self.ask("healthStatus", HEALTH)

    @task(3)
    def show_a_licence(self) -> None:
        if not self.licence:
            held = self.ask("licences", LICENCES)["me"]["licences"]
            if not held:
                raise RescheduleTask()
            self.licence = held[0]["id"]
        given = {"licenceId": self.licence, "purpose": random.choice(_PURPOSES)}
        STREET.licence_codes.show(self.ask("shareLicence", SHARE, {"input": given})["shareLicence"]["text"])

    @task(3)
    def pay_what_is_due(self) -> None:
        me = self.ask("bills", BILLS)["me"]
        if not me["bills"]["nodes"]:
            return
        bill = me["bills"]["nodes"][0]
        if me["wallet"]["available"]["amount"] < bill["amount"]["amount"]:
            self.ask("topUpWallet", TOP_UP, {"input": {"amountFen": _TOP_UP_FEN, "idempotencyKey": a_name()}})
        self.ask("payBill", PAY, {"input": {"billId": bill["id"], "idempotencyKey": a_name()}})

    @task(2)
    def report_what_is_broken(self) -> None:
        """From the plate on the thing, with a photograph."""
        if not STREET.things or self.reports >= _REPORTS_MAX:
            raise RescheduleTask()
        plate = random.choice(STREET.things)["plate"]
        place = self.ask("readCode", READ_CODE, {"text": plate})["readCode"]
        given = {
            "clientReportId": a_name(),
            "description": "路灯不亮，晚上很黑，请尽快修复。",
            "placeCode": place["code"],
            "photoIds": [self.upload()],
        }
        self.reports += 1
        STREET.cases.append(self.ask("createReport", REPORT, {"input": given})["createReport"]["id"])

    @task(2)
    def check_in(self) -> None:
        if not STREET.venues:
            raise RescheduleTask()
        plate = random.choice(STREET.venues)["plate"]
        self.ask("readCode", READ_CODE, {"text": plate})
        self.ask("checkIn", CHECK_IN, {"input": {"text": plate, "clientCheckInId": a_name()}})


class Stranger(Person):
    """Somebody who is not signed in and looks at what is open to all."""

    weight = 1
    wait_time = between(0.5, 2.0)

    @task(3)
    def search_for_data(self) -> None:
        self.ask("datasets", DATASETS, {"search": random.choice(_SEARCHES)})

    @task(2)
    def see_what_happens(self) -> None:
        self.ask("cityEvents", EVENTS)

    @task(1)
    def see_how_reports_go(self) -> None:
        self.ask("reportStatistics", STATISTICS)


class Daughter(Person):
    """The demonstration's 张丽华, who looks after her mother's affairs."""

    fixed_count = 1
    wait_time = between(1.0, 3.0)
    hers = ""

    def on_start(self) -> None:
        self.token = self.sign_in_once(_DAUGHTER, "CITIZEN")
        relations = self.ask("relations", RELATIONS)["me"]["relations"]
        mother = next(one["id"] for one in relations if one["subject"]["maskedName"] == _MOTHER)
        self.hers = self.ask("actFor", ACT_FOR, {"id": mother})["actFor"]["accessToken"]

    @task
    def look_after_her(self) -> None:
        self.ask("acting for another", HERS, token=self.hers)
