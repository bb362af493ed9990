"""Settings: read once, every fault at once, no secret shown."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from api.settings import Settings, SettingsError

GOOD = {
    "TONG_MONGO_URL": "mongodb://user:secret@db.internal/",
    "TONG_REDIS_URL": "redis://:secret@cache.internal/0",
    "TONG_MASTER_KEY": base64.b64encode(b"s" * 32).decode(),
}


def test_defaults_and_values() -> None:
    settings = Settings.from_env(
        {**GOOD, "TONG_SUBGRAPHS": "sensor=http://s/graphql, data=https://d/", "TONG_DEMO": "on"}
    )
    assert settings.port == 8000
    assert settings.subgraphs == {"sensor": "http://s/graphql", "data": "https://d/"}
    assert settings.demo is True and settings.development is False
    assert settings.city_zone.key == "Asia/Shanghai"
    assert settings.mini_run_command == ()
    walled = Settings.from_env({**GOOD, "TONG_MINI_RUN_COMMAND": "/usr/bin/env -i '/opt/my tong'"})
    assert walled.mini_run_command == ("/usr/bin/env", "-i", "/opt/my tong")


def test_secrets_stay_out_of_the_repr() -> None:
    shown = repr(Settings.from_env(GOOD))
    assert "secret" not in shown and "ssss" not in shown


def test_every_fault_is_reported_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env(
            {"TONG_MONGO_URL": "http://x", "TONG_PORT": "70000", "TONG_DEMO": "perhaps", "TONG_PROT": "1"}
        )
    assert refusal.value.faults == [
        "TONG_PROT is not a setting; docs/settings.md lists them",
        "TONG_MONGO_URL must be a URL that begins with mongodb:// or mongodb+srv://",
        "TONG_REDIS_URL is missing: The Redis or Valkey that holds what may be lost; of this city alone.",
        "TONG_MASTER_KEY is missing: Seals personal fields and signing keys; losing it loses them.",
        "TONG_PORT must be a whole number from 0 to 65535",
        "TONG_DEMO must be on or off",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TONG_MASTER_KEY", "short"),
        ("TONG_MASTER_KEY", base64.b64encode(b"s" * 31).decode()),
        ("TONG_SUBGRAPHS", "sensor"),
        ("TONG_SUBGRAPHS", "sen sor=http://x"),
        ("TONG_SUBGRAPHS", "sensor=ftp://x"),
        ("TONG_CITY_ZONE", "Beijing"),
        ("TONG_CITY_ZONE", "../etc/passwd"),
        ("TONG_CITY_CODE", "999999"),
        ("TONG_LOG_LEVEL", "LOUD"),
        ("TONG_REQUEST_BYTES_MAX", "1e6"),
        ("TONG_PORT", "²"),
        ("TONG_MINI_RUN_COMMAND", "tong"),
        ("TONG_MINI_RUN_COMMAND", "/opt/tong 'half"),
    ],
)
def test_a_wrong_value_is_one_fault(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env({**GOOD, name: value})
    assert [fault.split(" ")[0] for fault in refusal.value.faults] == [name]


def test_clients_certificates_come_from_a_proxy_and_authorities_from_a_file(tmp_path: Path) -> None:
    told = {**GOOD, "TONG_CLIENT_CERTIFICATE_HEADER": "Client-Cert"}
    with pytest.raises(SettingsError, match="TONG_TRUSTED_PROXIES"):
        Settings.from_env(told)
    assert Settings.from_env({**told, "TONG_TRUSTED_PROXIES": "1"}).client_certificate_header == "Client-Cert"
    (tmp_path / "empty.pem").write_text("nothing")
    for file in ("empty.pem", "missing.pem"):
        with pytest.raises(SettingsError, match="certificates in PEM"):
            Settings.from_env({**GOOD, "TONG_CLIENT_CERTIFICATE_AUTHORITIES": str(tmp_path / file)})


@pytest.mark.parametrize(
    "mini",
    [
        "https://city.example",
        "https://CITY.example.",
        "https://example",
        "https://mini.city.example",
        "https://a.mini.city.example:8443",
        "http://citymini.example",
        "https://citymini.example/programs",
        "https://user@citymini.example",
        "https://203.0.113.7",
        "https://[2001:db8::7]",
        "https://citymini.example:99999",
    ],
)
def test_programs_are_never_of_the_citys_site(mini: str) -> None:
    """T7, E17: what a program's host could share with the city's stops the start."""
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env({**GOOD, "TONG_PUBLIC_URL": "https://city.example", "TONG_MINI_URL": mini})
    assert [fault.split(" ")[0] for fault in refusal.value.faults] == ["TONG_MINI_URL"]


def test_a_host_above_the_citys_is_none_for_programs() -> None:
    told = {**GOOD, "TONG_PUBLIC_URL": "https://app.city.example", "TONG_MINI_URL": "https://city.example"}
    with pytest.raises(SettingsError, match="one is under the other"):
        Settings.from_env(told)
    assert Settings.from_env({**told, "TONG_MINI_URL": "https://citymini.example"}).mini_url


@pytest.mark.parametrize(
    ("name", "of"),
    [
        *((name, "") for name in ("TONG_DATA_URL", "TONG_FACE_URL", "TONG_NET_ID_URL", "TONG_GOVERNANCE_URL")),
        ("TONG_SUBGRAPHS", "sensor=http://127.0.0.1:9100/graphql,lights="),
    ],
)
def test_a_sandbox_stands_beside_no_real_register_provider_or_department(name: str, of: str) -> None:
    beside = {**GOOD, name: f"{of}http://127.0.0.1:9000"}
    assert Settings.from_env({**beside, "TONG_SANDBOX": "on"}).sandbox
    for there in ("https://registers.gov.example", "https://127.0.0.1.example", "http://10.0.0.7:9000"):
        far = of + there
        assert not Settings.from_env({**beside, name: far}).sandbox
        with pytest.raises(SettingsError) as refusal:
            Settings.from_env({**beside, name: far, "TONG_SANDBOX": "on", "TONG_DEMO": "on"})
        assert refusal.value.faults == [
            f"{name} must be of this machine, as everything beside a sandbox (TONG_SANDBOX)"
        ]


def test_issuers_of_ci_systems_are_addresses_over_https() -> None:
    told = "https://token.actions.githubusercontent.com, https://gitlab.com,http://127.0.0.1:9"
    found = Settings.from_env({**GOOD, "TONG_CI_ISSUERS": told}).ci_issuers
    assert found == ("https://token.actions.githubusercontent.com", "https://gitlab.com", "http://127.0.0.1:9")
    assert Settings.from_env(GOOD).ci_issuers == ()
    for wrong in ("gitlab.com", "http://gitlab.com", "https://gitlab.com?x", "https://"):
        with pytest.raises(SettingsError, match="TONG_CI_ISSUERS must be addresses over https"):
            Settings.from_env({**GOOD, "TONG_CI_ISSUERS": wrong})
