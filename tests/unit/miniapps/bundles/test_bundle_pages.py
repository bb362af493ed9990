"""What a browser is told about a program's files."""

from __future__ import annotations

import dataclasses

import pytest
from citytong_sdk.bundles.statement import Profile as DevelopersProfile

from miniapps.bundles import html, policy
from miniapps.bundles.errors import HTML_SYNTAX, BundleError
from miniapps.bundles.statement import Profile
from tests.support.threats import covers

PROFILE = Profile(
    issuer="https://city.example",
    issued_at=1,
    not_before=1,
    app_id="a.b",
    version_code=1,
    pkg_sha256="",
    files_h1="",
    developer_sha256="",
    review="r",
    connect=("https://api.lib.example",),
    img=("https://img.lib.example",),
)
SHELL = ("https://app.city.example",)


def test_a_page_s_policy_is_that_of_the_measured_configuration() -> None:
    told = policy.headers("p/a.html", profile=PROFILE, hashes=["'sha256-AA='"], shell_origins=SHELL)
    assert told["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-AA='; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob: https://img.lib.example; font-src 'self' data:; media-src 'self' blob:; "
        "connect-src 'self' https://api.lib.example; worker-src blob:; frame-src 'none'; form-action 'none'; "
        "base-uri 'none'; frame-ancestors https://app.city.example; sandbox allow-scripts allow-forms; "
        "require-trusted-types-for 'script'; trusted-types mp#host"
    )
    assert {name: told[name] for name in told if name not in ("Content-Security-Policy", "Permissions-Policy")} == {
        "Content-Type": "text/html; charset=utf-8",
        "Connection-Allowlist": '(response-origin "https://api.lib.example" "https://img.lib.example")',
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
        "X-DNS-Prefetch-Control": "off",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "public, max-age=31536000, immutable",
    }
    asked = told["Permissions-Policy"].split(", ")
    assert {"camera=()", "geolocation=()", "microphone=()", "payment=()", "usb=()"} <= set(asked)
    assert all(feature.endswith("=()") for feature in asked)


def test_only_what_was_approved_changes_a_policy() -> None:
    own = dataclasses.replace(PROFILE, capabilities=frozenset({"city.web.own-origin"}), trusted_types=False)
    told = policy.content_security_policy(profile=own, hashes=(), shell_origins=(), report_url="/r")
    assert "sandbox allow-scripts allow-forms allow-same-origin; report-uri /r" in told
    assert "trusted-types" not in told and "frame-ancestors 'none'" in told
    headers = policy.headers("p/a.html", profile=own, hashes=(), shell_origins=SHELL)
    assert headers["Origin-Agent-Cluster"] == "?1"
    for path, reports in (("a.html", True), ("a.svg", False)):
        reported = policy.headers(path, profile=own, shell_origins=SHELL, report_url="/r")
        assert reported["Content-Security-Policy"].endswith("; report-uri /r") is reports


def test_what_is_no_page_runs_nothing_when_it_is_opened() -> None:
    for path in ("i.svg", "app.js", "data.json", "app.css"):
        told = policy.headers(path, profile=PROFILE, shell_origins=SHELL)
        assert told["Content-Security-Policy"] == policy.NO_DOCUMENT
        assert "allow-scripts" not in told["Content-Security-Policy"]


@covers("E28")
def test_a_page_s_own_scripts_are_known_by_their_hashes() -> None:
    page = b"<!doctype html><script>1</script><script type=module>2\r\n</script><script src=a.js>3</script>"
    page += b"<script>1</script>"
    data = b'<script type="application/json">{"a": 1}</script><template><script>4</script></template>'
    found = policy.page_hashes({"a.html": page, "b.HTML": data, "app.js": b"<script>"})
    # printf 1 | openssl dgst -sha256 -binary | base64; a parser makes one line feed of a carriage return and its own.
    assert found["a.html"] == (
        "'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='",
        html._source("2\n"),
    )
    assert found["b.HTML"] == (html._source("4"),)


@pytest.mark.parametrize("digits", [8, 5_000, 1_000_000])
def test_the_number_of_no_character_is_refused_and_not_read(digits: int) -> None:
    """Python reads no number of more than 4,300 digits, and says so with an error of its own."""
    page = b'<p title="&#' + b"9" * digits + b';">text</p>'
    with pytest.raises(BundleError, match="the number of no character") as refusal:
        html.check_html("pages/index.html", page)
    assert refusal.value.code == HTML_SYNTAX
    html.check_html("pages/index.html", b'<p title="&#1114111;&#x10FFFF;">text</p>')


def test_the_developer_s_profile_is_the_city_s() -> None:
    own = DevelopersProfile(**{name.name: getattr(PROFILE, name.name) for name in dataclasses.fields(PROFILE)})
    assert own.to_json() == PROFILE.to_json()
