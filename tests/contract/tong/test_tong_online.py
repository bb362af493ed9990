"""`tong login` to `tong stats`: a developer's way with a city, its refusals, and tokens that nobody sees."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from citytong_sdk.bundles.encoding import b64url
from citytong_sdk.tong import credentials, following
from citytong_sdk.tong.city import City
from citytong_sdk.tong.errors import Exit, TongError

from tests.contract.tong.conftest import Bench, let_in
from tests.contract.tong.tong_city import APP, TongCity, refusal

FAR = 10_000_000_000


def kept(bench: Bench) -> Path:
    return bench.home / ".config/citytong/credentials.json"


def test_signing_in_is_a_code_on_another_screen(bench: Bench, city: TongCity) -> None:
    bench.env["TONG_CITY"] = city.base
    bench.now = city.platform.clock()
    let_in(bench, city)
    done = bench.json("login")
    assert done.result["developer"] == "dev_test"
    assert done.result["organisations"] == [{"id": "mpo_test", "name": "Example Ltd", "role": "OWNER"}]
    assert f"{city.base}/#/developer/device" in done.err
    assert kept(bench).stat().st_mode & 0o777 == 0o600
    tokens = json.loads(kept(bench).read_text())["cities"][city.base]
    assert all(secret not in done.out + done.err for secret in (tokens["access"], tokens["refresh"]))
    assert bench.json("logout").result["was"] is True
    assert json.loads(kept(bench).read_text()) == {"cities": {}}
    assert bench.json("logout").result["was"] is False


def test_signing_out_ends_it_in_the_city_too(bench: Bench, online: TongCity) -> None:
    tokens = json.loads(kept(bench).read_text())
    claims = b64url(json.dumps({"sid": "mdd_1"}).encode())
    tokens["cities"][online.base]["access"] = f"header.{claims}.signature"
    kept(bench).write_text(json.dumps(tokens))
    assert bench.json("logout").result == {"city": online.base, "was": True, "ended": True}
    assert online.said == [("endDeveloperDevice", {"id": "mdd_1"})]
    assert json.loads(kept(bench).read_text()) == {"cities": {}}


def test_nobody_lets_it_in(bench: Bench, city: TongCity) -> None:
    bench.env["TONG_CITY"] = city.base
    expired = bench.json("login")
    assert expired.status == 4 and expired.error["code"] == "TONG_LOGIN_EXPIRED"
    city.platform.fail("token", "access_denied")
    refused = bench.json("login")
    assert refused.status == 4 and refused.error["code"] == "TONG_OAUTH_ACCESS_DENIED"
    assert not kept(bench).exists()


def test_who_is_asked_too_often_asks_less(bench: Bench, city: TongCity) -> None:
    bench.env["TONG_CITY"] = city.base
    began = bench.now
    city.platform.fail("token", "slow_down")
    waits: list[float] = []
    let_in(bench, city)
    approve = bench.sleeps

    def second() -> None:
        waits.append(bench.now - began)
        if len(waits) == 2:
            approve()
            bench.sleeps = lambda: None

    bench.sleeps = second
    assert bench.run("login").status == 0
    assert waits == [5, 15]


def test_without_a_sign_in_and_without_a_line(bench: Bench, city: TongCity, project: Path) -> None:
    bench.env["TONG_CITY"] = city.base
    nobody = bench.json("status", folder=project)
    assert nobody.status == 4 and nobody.error["code"] == "TONG_SIGNED_OUT"
    bench.env["TONG_CITY"] = "http://127.0.0.1:9"
    nowhere = bench.json("login")
    assert nowhere.status == 3 and nowhere.error["code"] == "TONG_CITY_UNREACHABLE"


@pytest.mark.parametrize(
    "url", ["http://city.example", "ftp://city.example", "https://user:pw@city.example", "https://city.example/x", "x"]
)
def test_a_token_goes_to_no_address_that_is_open(bench: Bench, url: str) -> None:
    refused = bench.json("login", "--city", url)
    assert refused.status == 2 and refused.error["code"] == "TONG_CITY_ADDRESS"


def test_a_spent_access_token_is_renewed_once_for_all_who_ask_at_the_same_time(bench: Bench, online: TongCity) -> None:
    before = json.loads(kept(bench).read_text())["cities"][online.base]
    asked = len(online.platform.requests)
    bench.now += 700
    threads = [threading.Thread(target=bench.run, args=("status", "--app", APP)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    renewals = [one for one in online.platform.requests[asked:] if one.path == "/open/token"]
    after = json.loads(kept(bench).read_text())["cities"][online.base]
    assert len(renewals) == 1 and after["refresh"] != before["refresh"]
    assert bench.run("status", "--app", APP).status == 0


def test_a_refresh_token_that_the_city_does_not_take_is_forgotten(bench: Bench, online: TongCity) -> None:
    online.platform.fail("token", "invalid_grant")
    bench.now += 700
    refused = bench.json("status", "--app", APP)
    assert refused.status == 4 and refused.error["code"] == "TONG_OAUTH_INVALID_GRANT"
    assert json.loads(kept(bench).read_text())["cities"] == {}


def test_a_city_that_is_ill_takes_nobody_s_sign_in(bench: Bench, online: TongCity) -> None:
    before = kept(bench).read_bytes()
    online.platform.fail("token", "temporarily_unavailable")
    bench.now += 700
    assert bench.json("status", "--app", APP).status == 3
    assert kept(bench).read_bytes() == before
    assert bench.json("status", "--app", APP).status == 0


def test_an_answer_that_is_lost_ends_a_sign_in_cleanly(bench: Bench, online: TongCity) -> None:
    online.platform.lose("token")
    bench.now += 700
    assert bench.json("status", "--app", APP).status == 3
    assert [bench.json("status", "--app", APP).error["code"] for _ in range(2)] == [
        "TONG_OAUTH_INVALID_GRANT",
        "TONG_SIGNED_OUT",
    ]


def test_an_access_token_that_the_city_does_not_take_is_renewed(bench: Bench, online: TongCity) -> None:
    online.refusals.append(refusal("UNAUTHENTICATED", "UNAUTHENTICATED", "Sign in."))
    before = json.loads(kept(bench).read_text())["cities"][online.base]
    assert bench.run("status", "--app", APP).status == 0
    assert json.loads(kept(bench).read_text())["cities"][online.base]["refresh"] != before["refresh"]


def test_tokens_show_themselves_nowhere(bench: Bench, online: TongCity) -> None:
    tokens = credentials.Tokens("secret-access", "secret-refresh", FAR)
    assert "secret" not in repr(tokens)
    held = json.loads(kept(bench).read_text())["cities"][online.base]
    online.refusals.append(refusal("INTERNAL", "INTERNAL", "An incident."))
    failed = bench.run("status", "--app", APP, "--debug")
    assert failed.status == 3 and "Traceback" in failed.err
    assert held["access"] not in failed.err and held["refresh"] not in failed.err


def test_a_version_from_its_package_to_everybody(bench: Bench, online: TongCity, project: Path) -> None:
    bench.run("keys", "new")
    bench.run("pack", "-o", "library.ma", folder=project)
    unsigned = bench.json("submit", "library.ma", folder=project)
    assert unsigned.status == 5 and unsigned.error["code"] == "BUNDLE_UNSIGNED" and online.said == []
    bench.run("sign", "library.ma", folder=project)
    told = ["--notes", "The first.", "--test-account", "reader/1234"]
    made = bench.json("submit", "library.ma", *told, folder=project).result
    packed = bench.json("pack", "-o", "again.ma", folder=project).result
    assert made["state"] == "SUBMITTED" and made["package_sha256"] == packed["pkg_sha256"]
    assert online.said == [
        ("createVersion", {"appId": APP, "upload": packed["pkg_sha256"], "notes": "The first."}),
        ("submitVersion", {"id": "mpv_1", "notes": "The first.", "testAccount": "reader/1234"}),
    ]
    online.versions[0]["state"] = "APPROVED"
    rolling = bench.json("release", "--percent", "5", folder=project).result
    assert rolling["rollout"] == {"percent": 5.0, "cohort": None, "paused": False}
    assert bench.json("release", "--percent", "20", folder=project).result["rollout"]["percent"] == 20.0
    assert bench.json("release", "pause", folder=project).result["rollout"]["paused"] is True
    assert bench.json("release", "resume", folder=project).result["rollout"]["paused"] is False
    assert bench.json("release", "promote", folder=project).result["state"] == "RELEASED"
    acts = [name for name, _ in online.said[2:]]
    assert acts == ["startRollout", "changeRollout", "pauseRollout", "resumeRollout", "promoteVersion"]
    back = bench.json("release", "rollback", "--reason", "It fails on old phones.", folder=project)
    assert online.said[-1] == ("rollBack", {"id": "mpv_1", "reason": "It fails on old phones."})
    assert back.result["state"] == "REVOKED"


def test_what_lasts_takes_the_person_who_signs_in_anew_where_one_sits_there(
    bench: Bench, online: TongCity, project: Path
) -> None:
    online.has("RELEASED")
    asks = refusal("MINIAPPS_PERSON_NEEDED", "FORBIDDEN", "This takes you in person.")
    revoke = ("release", "revoke", "--version", "1.0.0", "--reason", "A key leaked")
    online.refusals.append(asks)
    alone = bench.json(*revoke, folder=project)
    assert (alone.status, alone.error["code"]) == (Exit.AUTH, "MINIAPPS_PERSON_NEEDED")
    assert alone.error["advice"].startswith("tong login") and online.said == []
    before = kept(bench).read_text()
    online.refusals.append(asks)
    let_in(bench, online)
    done = bench.run(*revoke, folder=project, attended=True)
    assert done.status == 0 and "and let in the screen that shows" in done.err
    assert [name for name, _ in online.said] == ["revokeVersion"] and kept(bench).read_text() != before


def test_testers_get_it_first(bench: Bench, online: TongCity) -> None:
    online.has("APPROVED")
    assert bench.json("release", "--cohort", "testers", "--app", APP).result["rollout"]["cohort"] == "testers"
    neither = bench.json("release", "--app", APP)
    assert neither.status == 2 and neither.error["code"] == "TONG_USAGE"


def test_for_ever_is_asked_for_by_name_and_reason(bench: Bench, online: TongCity) -> None:
    online.has("RELEASED", name="1.4.0", code=14)
    for words in (["--reason", "Leaks."], ["--version", "1.4.0"]):
        assert bench.json("release", "revoke", *words, "--app", APP).status == 2
    assert online.said == []
    assert bench.run("release", "revoke", "--version", "1.4.0", "--reason", "Leaks.", "--app", APP).status == 0
    assert online.said == [("revokeVersion", {"id": "mpv_14", "reason": "Leaks."})]


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (["release", "promote"], "RELEASED"),
        (["release", "pause"], "APPROVED"),
        (["withdraw"], "RELEASED"),
        (["release", "--percent", "5"], "IN_REVIEW"),
        (["release", "rollback", "--reason", "x"], "DRAFT"),
    ],
)
def test_what_no_version_can_do_is_said_without_asking(
    bench: Bench, online: TongCity, words: list[str], state: str
) -> None:
    online.has(state)
    refused = bench.json(*words, "--app", APP)
    assert refused.status == 2 and refused.error["code"] == "TONG_NO_VERSION" and online.said == []


def test_a_version_that_waits_is_withdrawn(bench: Bench, online: TongCity) -> None:
    online.has("IN_REVIEW")
    assert bench.json("withdraw", "--app", APP).result["state"] == "WITHDRAWN"


def test_watching_ends_when_it_is_decided(bench: Bench, online: TongCity) -> None:
    version = online.has("CHECKING")
    finding = {"rule": "R-EVAL", "severity": "ERROR", "path": "app.js", "line": 3, "column": 1, "by": "MACHINE"}
    finding |= {"message": "Text is run as code", "advice": "Write functions.", "docs": ""}
    states = iter(["IN_REVIEW", "REJECTED"])

    def goes_on() -> None:
        version["state"] = next(states)
        if version["state"] == "REJECTED":
            version["findings"] = [finding]

    bench.sleeps = goes_on
    watched = bench.run("status", "--watch", "--app", APP)
    assert watched.status == 1
    assert "app.js:3: error R-EVAL: Text is run as code" in watched.out


def test_a_city_that_tells_is_not_asked_while_it_does(bench: Bench, online: TongCity) -> None:
    version, other = online.has("SUBMITTED"), online.has("DRAFT", name="1.1.0", code=2)
    first = {"act": "SUBMIT", "state": "SUBMITTED", "by": "DEVELOPER", "at": "2026-11-22T04:00:00Z", "note": "\u2028"}
    version["steps"] = [first]

    def becomes(state: str, act: str) -> dict[str, Any]:
        version["state"] = state
        version["steps"] = [*version["steps"], first | {"act": act, "state": state, "by": "MACHINE"}]
        return version

    def never() -> None:
        raise AssertionError("it was told, and waits for nothing")

    bench.sleeps = never
    online.tells[:] = [
        lambda: becomes("CHECKING", "EXAMINE"),
        lambda: other,
        lambda: becomes("IN_REVIEW", "PASS"),
        lambda: becomes("APPROVED", "APPROVE"),
    ]
    watched = bench.run("status", "--watch", "--version", "1.0.0", "--json-lines", "--app", APP)
    assert (watched.status, watched.err) == (0, "")
    lines = watched.out.removesuffix("\n").split("\n")
    assert [json.loads(line)["act"] for line in lines] == ["SUBMIT", "EXAMINE", "PASS", "APPROVE"]


def test_a_stream_that_ends_is_no_end_of_what_is_watched(bench: Bench, online: TongCity) -> None:
    version = online.has("CHECKING")
    online.tells[:] = [lambda: version]

    def goes_on() -> None:
        version["state"] = "APPROVED"

    bench.sleeps = goes_on
    watched = bench.json("status", "--watch", "--app", APP)
    assert (watched.status, watched.result["versions"][0]["state"]) == (0, "APPROVED")


def test_a_city_that_is_started_anew_is_waited_for_and_one_that_stays_away_is_not(
    bench: Bench, online: TongCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = online.has("CHECKING")
    asked, away = following._asked, iter([True, True])

    def while_away(there: City, id: str) -> Mapping[str, Any]:
        if next(away, False):
            raise TongError("TONG_CITY_UNREACHABLE", "The city does not answer.", exit=Exit.NETWORK)
        version["state"] = "APPROVED"
        return asked(there, id)

    monkeypatch.setattr(following, "_asked", while_away)
    slept: list[None] = []
    bench.sleeps = lambda: slept.append(None)
    assert (bench.run("status", "--watch", "--app", APP).status, len(slept)) == (0, 2)
    version["state"], away = "CHECKING", iter([True] * 100)
    gone = bench.json("status", "--watch", "--app", APP)
    assert (gone.status, gone.error["code"]) == (3, "TONG_CITY_UNREACHABLE")
    assert len(slept) == 2 + 60 / 5


def test_another_s_program_is_not_there(bench: Bench, online: TongCity) -> None:
    refused = bench.json("status", "--app", "org.example.other")
    assert refused.status == 2 and refused.error["code"] == "NOT_FOUND"
    assert "no program org.example.other" in refused.error["message"]
    assert refused.error["advice"].startswith("Register org.example.other in the Developer console")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("FORBIDDEN", Exit.AUTH),
        ("CONFLICT", Exit.USAGE),
        ("NOT_FOUND", Exit.USAGE),
        ("LIMITED", Exit.NETWORK),
        ("UNAVAILABLE", Exit.NETWORK),
    ],
)
def test_a_refusal_of_the_city_keeps_its_code(bench: Bench, online: TongCity, kind: str, status: Exit) -> None:
    online.refusals.append(refusal("MINIAPPS_SOMETHING", kind, "The city says no."))
    refused = bench.json("status", "--app", APP)
    assert refused.status == status
    assert (refused.error["code"], refused.error["message"]) == ("MINIAPPS_SOMETHING", "The city says no.")


def test_what_a_city_says_cannot_command_a_terminal(bench: Bench, online: TongCity) -> None:
    # Sets the window's title, goes up a line, begins as one character of C1, and writes from right to left.
    said = "\x1b]0;owned\x07\x1b[1A\x9b2J\u202eno\rOK 图书馆"
    online.refusals.append(refusal("MINIAPPS_SOMETHING", "CONFLICT", said))
    refused = bench.run("status", "--app", APP, attended=True)
    assert "no\ufffdOK 图书馆" in refused.err and "\x1b[31m" in refused.err
    online.has("REVOKED", name="1.0\x1b[2J\x1b[8m")
    told = bench.run("status", "--app", APP, attended=True)
    shown = (refused.err + told.out + told.err).replace("\n", "")
    for own in ("\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"):
        shown = shown.replace(own, "")
    assert "1.0" in shown and not set(shown) & {"\x1b", "\x07", "\x9b", "\r", "\u202e"}


def test_a_package_that_the_city_finds_changed_is_status_5(bench: Bench, online: TongCity) -> None:
    more = {"rule": "BUNDLE_SIGNATURE", "path": ""}
    online.refusals.append(refusal("MINIAPPS_PACKAGE_INVALID", "INVALID", "It does not hold.", **more))
    assert bench.json("status", "--app", APP).status == 5


def test_logs_are_shown_oldest_first_and_cannot_command_a_terminal(bench: Bench, online: TongCity) -> None:
    online.logs[:] = [_log(2, "\x1b[2Jgone"), _log(1, "began")]
    shown = bench.run("logs", "--app", APP)
    assert shown.out.index("began") < shown.out.index("gone") and "\x1b" not in shown.out
    asked = {"first": 50, "level": "ERROR", "versionCode": 3}
    found = bench.json("logs", "--level", "error", "--version", "3", "--app", APP).result
    assert online.said[-1] == ("logs", asked) and [one["id"] for one in found["lines"]] == ["mlg_1", "mlg_2"]


def test_following_shows_each_line_once_and_ends_by_ctrl_c(bench: Bench, online: TongCity) -> None:
    online.logs[:] = [_log(1, "first")]
    turns: list[Callable[[], None]] = [
        lambda: online.logs.insert(0, _log(2, "second")),
        lambda: None,
        lambda: online.logs.insert(0, _log(3, "third")),
    ]

    def goes_on() -> None:
        if not turns:
            raise KeyboardInterrupt
        turns.pop(0)()

    bench.sleeps = goes_on
    followed = bench.run("logs", "-f", "--json-lines", "--app", APP)
    assert followed.status == 130
    assert [json.loads(line)["text"] for line in followed.out.splitlines()] == ["first", "second", "third"]


def test_statistics_are_days(bench: Bench, online: TongCity) -> None:
    [day] = bench.json("stats", "--app", APP).result["days"]
    assert (day["day"], day["opens"], day["people"]) == ("2026-11-22", 3, "<10")


def test_the_doctor_sees_what_is_there(bench: Bench, online: TongCity, project: Path) -> None:
    found = {one["name"]: one for one in bench.json("doctor", folder=project).result["checks"]}
    assert found["project"]["state"] == found["manifest"]["state"] == found["city"]["state"] == "ok"
    assert found["login"]["state"] == "ok" and found["keys"]["state"] == "warn"
    key = bench.json("keys", "new").result["path"]
    Path(key).chmod(0o644)
    ill = bench.json("doctor", folder=project)
    assert ill.status == 1
    assert {one["name"]: one["state"] for one in ill.result["checks"]}["key default"] == "fail"


def test_a_key_is_registered_with_a_proof_that_the_city_takes(bench: Bench, online: TongCity) -> None:
    first = bench.json("keys", "new").result
    bench.now = online.platform.clock()
    assert bench.json("keys", "register").result == {"organisation": "mpo_test", "kid": first["kid"], "retires": None}
    fresh = bench.json("keys", "rotate").result
    told = bench.json("keys", "register", "--retires", fresh["retired"]).result
    assert told == {"organisation": "mpo_test", "kid": fresh["kid"], "retires": first["kid"]}
    assert [name for name, _ in online.said] == ["addDeveloperKey", "rotateDeveloperKey"]
    assert "d" not in online.said[0][1]["jwk"]


def _log(number: int, text: str) -> dict[str, object]:
    at = f"2026-11-22T04:00:0{number}+00:00"
    return {"id": f"mlg_{number}", "level": "INFO", "at": at, "versionCode": 1, "text": text, "code": None}
