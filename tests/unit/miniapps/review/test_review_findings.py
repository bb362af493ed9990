"""Findings: no secret in them, silenced only while one builds, bounded, in one order, as SARIF, and of a run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from miniapps.bundles import manifest
from miniapps.bundles.archive import pack
from miniapps.review import RULES, Known, Severity, check, dynamic, sarif
from miniapps.review.dynamic import Measured
from miniapps.review.finding import from_json
from miniapps.review.names import skeleton
from miniapps.versions import demo
from tests.support.reviewed import base, cases
from tests.support.threats import covers

HOME = "pages/home.js"
_KIT = Path("sdk/js/dist/index.js").read_bytes()


def with_home(text: str, **files: str) -> dict[str, bytes]:
    return {**base(), HOME: f"import '../app.js';\n{text}\n".encode(), **{k: v.encode() for k, v in files.items()}}


def test_every_rule_has_its_words_and_its_anchor() -> None:
    anchors = set(re.findall(r"^### (R-[A-Z0-9-]+)$", Path("docs/sdk/review-rules.md").read_text("utf-8"), re.M))
    assert anchors == set(RULES)
    for rule in RULES.values():
        assert re.fullmatch(r"R-[A-Z0-9]+(?:-[A-Z0-9]+)*", rule.id)
        assert all((rule.title.zh, rule.title.en, rule.advice.zh, rule.advice.en))
        assert rule.review is Severity.ERROR or rule.dev is not Severity.ERROR, "review is never milder"


def test_a_secret_is_never_in_a_finding() -> None:
    secret = "q7Xk29" + "bLmZ04pTr8Vw"
    found = check(with_home(f"const client_secret = '{secret}';"))
    assert [one.rule for one in found] == ["R-SECRET-NAMED"]
    assert secret not in json.dumps([one.json() for one in found])
    assert secret not in repr(found)


@pytest.mark.parametrize(
    ("comment", "dev", "review"),
    [
        ("// citytong-ignore R-EVAL it is a test", [], ["R-EVAL", "R-IGNORE"]),
        ("// citytong-ignore R-EVAL", ["R-EVAL", "R-IGNORE"], ["R-EVAL", "R-IGNORE"]),
        ("// citytong-ignore R-WEBRTC another rule", ["R-EVAL"], ["R-EVAL", "R-IGNORE"]),
    ],
)
def test_a_rule_is_silenced_with_a_reason_and_only_while_one_builds(
    comment: str, dev: list[str], review: list[str]
) -> None:
    for text in (f"eval(1); {comment}", f"{comment}\neval(1);"):
        assert sorted(one.rule for one in check(with_home(text), profile="dev")) == dev
        assert sorted(one.rule for one in check(with_home(text), profile="review")) == review


def test_of_one_rule_in_one_file_twenty_are_told() -> None:
    assert len(check(with_home("eval(1);\n" * 500))) == 20


def test_the_same_files_in_any_order_give_the_same_findings() -> None:
    files = with_home("eval(1); new RTCPeerConnection();", **{"app.css": "body { font-size: 9px; }"})
    found = check(files)
    assert found == check(dict(reversed(files.items())))
    assert [(one.path, one.rule) for one in found] == [
        ("", "R-DARK"),
        ("app.css", "R-FONT-FIXED"),
        (HOME, "R-EVAL"),
        (HOME, "R-WEBRTC"),
    ]
    assert (found[2].line, found[2].column) == (2, 1)


def test_a_finding_is_what_its_json_says() -> None:
    for case in cases("hostile")[:40]:
        for one in check(case.package, known=Known(**case.known), schema=case.schema):
            assert from_json(json.loads(json.dumps(one.json()))) == one


def test_sarif_names_the_rule_the_place_and_the_advice() -> None:
    log = sarif.log(check(with_home("eval(1);")), version="1.0.0")
    (run,) = log["runs"]
    (result,) = run["results"]
    assert (log["version"], result["ruleId"], result["level"]) == ("2.1.0", "R-EVAL", "error")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "R-EVAL"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == HOME
    assert place["region"] == {"startLine": 2, "startColumn": 1}
    jsonschema.validate(log, _SARIF)


# Of the standard's schema, the members that are written here.
_SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "items": {
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "required": ["driver"],
                        "properties": {"driver": {"required": ["name"], "properties": {"name": {"type": "string"}}}},
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {
                        "items": {
                            "required": ["message"],
                            "properties": {"level": {"enum": ["none", "note", "warning", "error"]}},
                        }
                    },
                },
            }
        },
    },
}


def test_a_run_that_is_well_says_nothing_and_one_that_is_not_says_each_thing() -> None:
    assert list(dynamic.hits(Measured(HOME))) == []
    assert list(dynamic.hits(Measured(HOME, paint_ms=1499, unload_ms=999))) == []
    ill = Measured(
        HOME,
        faults_offline=("E_NETWORK",),
        paint_ms=1500,
        unload_ms=1000,
        overflow_px=12.4,
        leaks=("evil.example.com",) * 2,
        console=tuple(f"line {number}" for number in range(100)),
        policy=("x " * 1000,),
        axe=("label ×2",),
    )
    found = list(dynamic.hits(ill))
    of_runs = {rule.id for rule in RULES.values() if rule.group == "run"}
    assert {one.rule for one in found} == of_runs - {"R-RUN-BOOT"}
    assert [one.seen for one in found if one.rule in ("R-RUN-PAINT", "R-RUN-UNLOAD", "R-RUN-ELDER", "R-RUN-LEAK")] == [
        "evil.example.com",
        "1500 ms ≥ 1500 ms",
        "1000 ms ≥ 1000 ms",
        "+12 px",
    ]
    # What a page says is cut, and counted only so far.
    assert sum(one.rule == "R-RUN-CONSOLE" for one in found) == dynamic.ITEMS_MAX
    assert max(len(one.seen) for one in found) == dynamic.SEEN_CHARACTERS_MAX
    # What cannot be written down would end the run, and with it what else was found.
    (odd,) = dynamic.hits(Measured(HOME, console=("a\ud800b \u202ecod.exe",)))
    assert odd.seen == "a\ufffdb \ufffdcod.exe"
    # What never starts is not told to fail without a line as well.
    never = Measured(HOME, faults=("it did not load",), faults_offline=("it did not load",))
    assert [one.rule for one in dynamic.hits(never)] == ["R-RUN-BOOT"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("CityPay", "C\u0456tyP\u0430y"), ("CityPay", "ＣｉｔｙＰａｙ"), ("modern", "modem"), ("城市通", "城\u200b市通")],
)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)
    assert skeleton(one) != skeleton("another")


def _packed(folder: Path) -> dict[str, bytes]:
    """A program's files as they are packed, with the SDK."""
    packed = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith((".md", ".d.ts")))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in packed} | {"sdk/index.js": _KIT}


_OWN = [path for path in Path("miniapps/programs").iterdir() if path.is_dir()]


@pytest.mark.parametrize("folder", [*_OWN, Path("examples/library/program")], ids=str)
def test_nothing_is_found_in_what_the_city_shows_developers(folder: Path) -> None:
    proved = frozenset({"api.library.example"})
    assert check(_packed(folder), profile="review", known=Known(proved=proved)) == []


def test_nothing_is_found_in_what_waits_for_the_demo_s_officers() -> None:
    assert check(demo.files(_KIT), profile="review", known=Known(proved=frozenset())) == []


_TAKES_KIT = "import { mp } from '../sdk/index.js'; mp.ready();"


def _with_kit(kit: bytes, path: str = "sdk/index.js") -> list[tuple[str, str]]:
    files = {**with_home(_TAKES_KIT), path: kit}
    return [(one.rule, one.path) for one in check(files) if one.path.startswith("sdk/")]


def test_the_sdk_as_it_was_published_is_nobody_s_finding() -> None:
    assert _with_kit(_KIT) == []
    assert _with_kit(_KIT, "sdk/another-name.js") == []
    for name in ("wx", "testing"):
        assert _with_kit(Path(f"sdk/js/dist/{name}.js").read_bytes(), f"sdk/{name}.js") == []


@pytest.mark.parametrize("name", ["index", "wx", "testing"])
def test_what_the_sdk_mentions_is_no_use_of_a_permission(name: str) -> None:
    """Its stand-in for tests answers every call by its name."""
    asked = {
        **json.loads(base()["manifest.json"]),
        "req_permissions": [{"name": "city.device.camera", "reason": "拍照"}],
    }
    files = with_home("") | {"manifest.json": json.dumps(asked).encode()}
    files["sdk/kit.js"] = Path(f"sdk/js/dist/{name}.js").read_bytes()
    assert "R-PERMISSION-UNUSED" in [one.rule for one in check(files)]


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        (b"", b"", []),
        (b"(", b"(eval(x),", ["R-EVAL"]),
    ],
)
def test_an_altered_sdk_is_looked_at_and_said_to_be_altered(before: bytes, after: bytes, more: list[str]) -> None:
    altered = _KIT.replace(before, after, 1) + b"\n"
    rules = [rule for rule, _ in _with_kit(altered)]
    assert sorted(rules) == sorted([*more, "R-MINIFIED", "R-SDK-ALTERED"])
    assert {path for _, path in _with_kit(altered, "sdk/renamed.js")} == {"sdk/renamed.js"}


def test_an_altered_host_of_tests_is_one_too() -> None:
    altered = Path("sdk/js/dist/testing.js").read_bytes() + b"\n"
    assert ("R-SDK-ALTERED", "sdk/testing.js") in _with_kit(altered, "sdk/testing.js")


def test_who_speaks_of_the_line_has_no_copy_of_the_sdk() -> None:
    files = with_home("export { home }; const home = globalThis[Symbol.for('citytong.mp')];")
    assert [one for one in check(files) if one.rule == "R-SDK-ALTERED"] == []


@covers("T41")
def test_there_are_no_packages_within_a_package() -> None:
    inner = pack(base())
    found = check({**base(), "common/lib.ma": inner})
    assert "R-FILE-TYPE" in [one.rule for one in found if one.path == "common/lib.ma"]
    disguised = check({**base(), "common/lib.png": inner})
    assert "R-FILE-CONTENT" in [one.rule for one in disguised if one.path == "common/lib.png"]
    odd = {**json.loads(base()["manifest.json"]), "plugins": {"a": {"provider": "org.b"}}, "subpackages": ["b"]}
    assert manifest.read(json.dumps(odd).encode()) == manifest.read(base()["manifest.json"])  # they mean nothing
