"""How a version may change, who is drawn, what differs, and what is taken out of a program's words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.errors import BadInput
from miniapps.releases.model import Rollout
from miniapps.versions.difference import difference
from miniapps.versions.errors import VersionCannotChange
from miniapps.versions.model import TRANSITIONS, Act, State, Version, Who, parse_share, proved
from miniapps.versions.redacting import GONE, name_of, redacted
from tests.support.threats import covers
from tests.unit.miniapps.releases.workshop import files

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DRAFT = Version(
    id="mpv_1",
    app_id="org.example.library",
    organisation="mpo_1",
    developer="dev_1",
    version_name="1.0",
    version_code=1,
    package="00",
    files_h1="h1:",
    size=1,
    asked=frozenset(),
    domains=frozenset(),
    state=State.DRAFT,
    created_at=NOW,
)
# Every way there is; whatever is not here is refused.
WAYS = {
    ("draft", "submit"): "submitted",
    ("submitted", "examine"): "checking",
    ("checking", "fail"): "rejected",
    ("checking", "pass"): "in_review",
    ("in_review", "approve"): "approved",
    ("in_review", "reject"): "rejected",
    **{(state, "withdraw"): "withdrawn" for state in ("draft", "submitted", "checking", "in_review", "approved")},
    ("approved", "roll"): "rolling",
    **{("rolling", act): "rolling" for act in ("widen", "pause", "resume")},
    ("rolling", "promote"): "released",
    **{(state, "supersede"): "superseded" for state in ("rolling", "released")},
    ("superseded", "restore"): "released",
    **{(state, "roll_back"): "revoked" for state in ("rolling", "released")},
    **{(state, "revoke"): "revoked" for state in ("rolling", "released", "superseded")},
    ("released", "confirm"): "released",
}


def test_a_version_changes_as_the_table_says_and_no_other_way() -> None:
    ways = {}
    for act in TRANSITIONS:
        for state in State:
            version = replace(DRAFT, state=state)
            try:
                ways[state.value, act.value] = version.after(act, by=Who.MACHINE, actor="", at=NOW).state.value
            except VersionCannotChange as refusal:
                assert refusal.public_fields == {"act": act.value, "state": state.value}
    assert ways == WAYS
    assert set(Act) - TRANSITIONS.keys() == {Act.CREATE}


def test_steps_are_kept_and_the_last_of_a_person_is_known() -> None:
    handed_in = DRAFT.after(Act.SUBMIT, by=Who.DEVELOPER, actor="dev_1", at=NOW, note="Please")
    examined = handed_in.after(Act.EXAMINE, by=Who.MACHINE, actor="", at=NOW)
    assert [(step.act, step.state, step.actor, step.note) for step in examined.steps] == [
        (Act.SUBMIT, State.SUBMITTED, "dev_1", "Please"),
        (Act.EXAMINE, State.CHECKING, "", ""),
    ]
    assert examined.did_last(Act.SUBMIT) and not examined.did_last(Act.EXAMINE) and not DRAFT.did_last(Act.SUBMIT)


def test_a_draw_is_stable_and_growing_adds_alone() -> None:
    openids = [f"o_{number}" for number in range(4_000)]

    def drawn(share: int, salt: str = "a") -> set[str]:
        rollout = Rollout("mpr_1", 2, share, salt)
        return {openid for openid in openids if rollout.draws(openid=openid, app_id="org.example.library")}

    few, more = drawn(500), drawn(2_500)
    assert few < more and few == drawn(500)
    assert 0.03 < len(few) / len(openids) < 0.07 and 0.21 < len(more) / len(openids) < 0.29
    assert drawn(10_000) == set(openids) and drawn(0) == set()
    assert drawn(500, salt="b") != few


@pytest.mark.parametrize(("percent", "share"), [(100, 10_000), (5, 500), (0.01, 1), (33.333, 3_333)])
def test_a_share_is_counted_in_hundredths_of_a_percent(percent: float, share: int) -> None:
    assert parse_share(percent) == share


@pytest.mark.parametrize("percent", [0, -1, 0.001, 100.01, 1e9])
def test_a_share_of_nobody_or_of_more_than_all_is_none(percent: float) -> None:
    with pytest.raises(BadInput):
        parse_share(percent)


def test_a_domain_is_proved_by_its_host_alone() -> None:
    domains = {"api.library.example"}
    assert proved("https://api.library.example", domains) and proved("https://api.library.example:8443", domains)
    assert not proved("https://evil.example", domains) and not proved("https://x.api.library.example", domains)


def test_what_a_version_changes_is_said_by_member_permission_domain_and_file() -> None:
    before, after = files(1), files(2, req_permissions=[{"name": "city.pay", "reason": "罚款"}], city_domains={})
    del after["common/icon.svg"]
    after["app.js"] = before["app.js"].replace(b"'A1'", b"'B2'", 1)
    after["data.bin"] = b"\0\1"
    found = difference(before, after)
    assert [one.name for one in found.members] == ["city_domains", "req_permissions", "version"]
    assert found.permissions.added == ("city.pay",)
    assert found.permissions.removed == ("city.device.location", "city.user.phone")
    assert (found.domains.added, found.domains.removed) == ((), ("https://api.library.example",))
    changed = {one.name: one for one in found.files}
    assert list(changed) == ["app.js", "common/icon.svg", "data.bin", "manifest.json"] and not found.cut
    assert "-export const shelf = 'A1';" in changed["app.js"].lines
    assert "+export const shelf = 'B2';" in changed["app.js"].lines
    assert (changed["common/icon.svg"].after, changed["data.bin"].before, changed["data.bin"].lines) == (None, None, ())
    first = difference({}, before)
    assert first.permissions.added == ("city.device.location", "city.user.phone")
    assert len(first.files) == len(before)


def test_a_comparison_is_bounded() -> None:
    before, after = files(1), files(1)
    before |= {f"text/{number:03}.js": b"a\n" * 500 for number in range(600)}
    after |= {f"text/{number:03}.js": b"b\n" * 500 for number in range(600)}
    found = difference(before, after)
    assert found.cut and len(found.files) == 500
    assert sum(len(one.lines) for one in found.files) == 4_000


def test_texts_that_are_dear_to_compare_are_shown_as_replaced() -> None:
    # Each line occurs in so many places that comparing them all would take hours.
    old = [str(number % 120) for number in range(16_000)]
    new = [str(number * 7 % 120) for number in range(16_000)]
    before, after = files(1), files(1)
    before |= {f"text/{number}.js": "\n".join(old).encode() for number in range(20)}
    after |= {f"text/{number}.js": "\n".join(new).encode() for number in range(20)}
    before["app.js"], after["app.js"] = b"a\nb\nc\nd\ne\nf\n", b"a\nb\nc\nD\ne\nf\n"
    found = {one.name: one.lines for one in difference(before, after).files}
    assert found["app.js"] == ("@@ -2,5 +2,5 @@", " b", " c", "-d", "+D", " e", " f")
    assert found["text/0.js"][:3] == ("@@ -1,16000 +1,16000 @@", "-0", "-1")


@covers("T37")
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("call 138 0000 0001 now", f"call {GONE} now"),
        ("id 11010119850312002X.", f"id {GONE}."),
        ("mail li.hua+x@mail.example.cn ok", f"mail {GONE} ok"),
        ("Authorization: Bearer abc.def", f"Authorization: {GONE}"),
        ("openid o_9fZk31ab", f"openid {GONE}"),
        ("GET /loans?card=991&name=li failed", f"GET /loans{GONE} failed"),
        ("loaded 12 books in 340 ms", "loaded 12 books in 340 ms"),
        ("line\x00one\nline two", "line one\nline two"),
    ],
)
def test_what_may_be_a_persons_is_taken_out_of_logs(said: str, kept: str) -> None:
    assert redacted(said) == kept


def test_names_that_are_counted_are_names() -> None:
    assert name_of("E_TIMEOUT") == "E_TIMEOUT" and name_of("loan.due") == "loan_due"
    assert name_of("$where") == name_of("a b") == name_of("13800000001") == name_of("x" * 65) == ""
