"""Where programs live, and which hosts are theirs: as tables."""

from __future__ import annotations

import pytest

from miniapps.releases.origins import Origins, OriginsInvalid
from tests.support.threats import covers

KEY = "abcdefghijklmnopqrstuvwxy2"
HERE = Origins.of(mini_url="", public_url="http://127.0.0.1:8000")
THERE = Origins.of(mini_url="https://CityMini.example:8443/", public_url="https://app.city.example")


def test_a_city_on_this_machine_has_programs_beside_it() -> None:
    assert HERE is not None
    assert HERE.of_program(KEY) == f"http://{KEY}.mini.localhost:8000"
    assert HERE.shells == ("http://127.0.0.1:8000", "http://localhost:8000")


def test_elsewhere_programs_need_a_host() -> None:
    assert Origins.of(mini_url="", public_url="https://city.example") is None
    assert THERE is not None
    assert THERE.of_program(KEY) == f"https://{KEY}.citymini.example:8443"
    assert THERE.shells == ("https://app.city.example",)


@pytest.mark.parametrize(
    ("host", "key"),
    [
        (f"{KEY}.citymini.example", KEY),
        (f"{KEY}.CITYMINI.example:8443", KEY),
        (f"{KEY}.citymini.example.", KEY),
        (f"{KEY}.citymini.example.:1", KEY),
        (f"{KEY}.citymini.example..", KEY),
        (f"{KEY}.citymini.example:80:80", KEY),
        (f"x.{KEY}.citymini.example", None),
        ("citymini.example", None),
        ("nobody.citymini.example", None),
        (f"{KEY.upper()}1.citymini.example", None),
    ],
)
def test_every_host_under_theirs_is_the_programs(host: str, key: str | None) -> None:
    assert THERE is not None
    assert THERE.owns(host) and THERE.key_at(host) == key


@pytest.mark.parametrize(
    "host",
    ["app.city.example", "xcitymini.example", "citymini.example.evil.example", "127.0.0.1:8000", "[::1]:8000", ""],
)
def test_every_other_host_is_the_citys(host: str) -> None:
    assert THERE is not None and not THERE.owns(host)


@pytest.mark.parametrize(
    ("mini", "city"),
    [
        ("http://localhost", "http://localhost:8000"),
        ("http://programs.mini.localhost", "http://mini.localhost:8000"),
        ("https://example", "https://city.example"),
    ],
)
@covers("T7", "E18b")
def test_a_host_of_the_citys_site_is_none_for_programs(mini: str, city: str) -> None:
    with pytest.raises(OriginsInvalid):
        Origins.of(mini_url=mini, public_url=city)


def test_a_machines_own_name_is_not_above_its_programs() -> None:
    assert Origins.of(mini_url="http://mini.localhost:9000", public_url="http://localhost:8000") is not None
