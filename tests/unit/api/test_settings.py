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
