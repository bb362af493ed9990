"""Without a container engine here: what the container files say is held against the code they run."""

from __future__ import annotations

import argparse
import base64
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

import api.__main__
import backends.carriers.__main__
import backends.data.__main__
import backends.governance.__main__
import backends.sensor.__main__
from api.backends import BACKENDS
from api.settings import Settings, variable
from api.subgraphs import DEPARTMENTS
from backends.base.keys import digests_of
from backends.data.keys import Right, grants_of
from core.crypto import MASTER_KEY_BYTES

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
EXAMPLE = (ROOT / "docker" / "env.example").read_text()
OURS = {name: s for name, s in COMPOSE["services"].items() if s["image"].startswith("citytong")}
THE_CITY = ("gateway", "worker")

KEY = base64.b64encode(bytes(range(MASTER_KEY_BYTES))).decode()
# What an operator writes into docker/.env, and no less.
REQUIRED = {
    "TONG_MASTER_KEY": KEY,
    "TONG_DATA_MASTER_KEY": base64.b64encode(bytes(range(100, 100 + MASTER_KEY_BYTES))).decode(),
    "TONG_GOVERNANCE_KEY": "governance-key-of-the-tests",
    "TONG_DATA_KEY": "data-key-of-the-tests",
}


def environment(service: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, str]:
    """As Compose fills it in: `${NAME:-default}`, `${NAME:?what to do}`. Raises: KeyError for one that is missing."""

    def filled(found: re.Match[str]) -> str:
        name, kind, default = found.groups()
        return env[name] if kind == "?" else env.get(name) or default

    texts = {k: "off" if v is False else str(v) for k, v in service["environment"].items()}
    return {k: re.sub(r"\$\{(\w+):([-?])([^}]*)\}", filled, v) for k, v in texts.items()}


def _parser(module: str, env: Mapping[str, str]) -> argparse.ArgumentParser:
    match module:
        case "api":
            return api.__main__._parser()
        case "backends.sensor":
            return backends.sensor.__main__._parser(env)
        case "backends.governance":
            return backends.governance.__main__._parser(env)
        case "backends.data":
            return backends.data.__main__._parser(env)
        case "backends.carriers":
            return backends.carriers.__main__._parser()
    raise AssertionError(f"{module} is no command of ours")


def arguments(name: str) -> argparse.Namespace:
    """The command of a service, read as its module reads it."""
    flag, module, *words = OURS[name]["command"]
    assert flag == "-m"
    return _parser(module, environment(OURS[name], REQUIRED)).parse_args(words)


def settings(name: str) -> Settings:
    return Settings.from_env(environment(OURS[name], REQUIRED))


def test_every_process_of_the_city_is_a_service() -> None:
    assert set(OURS) == {*THE_CITY, *DEPARTMENTS, *(backend.name for backend in BACKENDS)}


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_the_code_takes(name: str) -> None:
    assert arguments(name)


@pytest.mark.parametrize("backend", [b for b in BACKENDS if b.subgraph], ids=lambda b: b.name)
def test_a_department_is_told_what_it_reads(backend: Any) -> None:
    told = environment(OURS[backend.name], REQUIRED)
    assert set(backend.given) <= set(told)
    assert arguments(backend.name).mongo_url == told[f"TONG_{backend.name.upper()}_MONGO_URL"]
    source = (ROOT / "backends" / backend.name / "__main__.py").read_text()
    assert [name for name in told if name not in source] == []


@pytest.mark.parametrize("name", THE_CITY)
def test_the_city_and_its_departments_find_and_know_each_other(name: str) -> None:
    told = settings(name)
    assert set(told.subgraphs) == set(DEPARTMENTS)
    reached = {**told.subgraphs, "governance!": told.governance_url, "data!": told.data_url}
    for department, url in reached.items():
        service = department.strip("!")
        assert (urlsplit(url).hostname, urlsplit(url).port) == (service, arguments(service).port), url
        assert arguments(service).host == "0.0.0.0"
    governance = environment(OURS["governance"], REQUIRED)["TONG_GOVERNANCE_KEYS"]
    assert digests_of(governance) == digests_of(told.governance_key)
    (grant,) = grants_of(environment(OURS["data"], REQUIRED)["TONG_DATA_KEYS"])
    assert (grant.digest,) == digests_of(told.data_key)
    assert grant.rights == {
        Right.PUBLISH,
        Right.POPULATION,
        Right.FAMILIES,
        Right.ORGANISATIONS,
        Right.DOCUMENTS,
    }


@pytest.mark.parametrize("missing", REQUIRED)
def test_no_key_has_a_default(missing: str) -> None:
    less = {name: value for name, value in REQUIRED.items() if name != missing}
    with pytest.raises(KeyError, match=missing):
        for service in OURS.values():
            environment(service, less)
    assert re.search(rf"^{missing}=$", EXAMPLE, re.M), "the example names it and holds none"


def test_a_secret_goes_to_whom_it_is_for() -> None:
    for key, theirs in {
        "TONG_MASTER_KEY": set(THE_CITY),
        "TONG_DATA_MASTER_KEY": {"data"},
        "TONG_GOVERNANCE_KEY": {*THE_CITY, "governance"},
        "TONG_DATA_KEY": {*THE_CITY, "data"},
    }.items():
        holders = {
            name
            for name, service in OURS.items()
            if any(REQUIRED[key] in value for value in environment(service, REQUIRED).values())
        }
        assert holders == theirs, key


def test_every_variable_is_a_setting() -> None:
    own = {name for name in _named(EXAMPLE) if name.startswith(("TONG_SENSOR_", "TONG_GOVERNANCE_", "TONG_DATA_"))}
    known = {variable(f.name) for f in fields(Settings)}
    assert {name for service in THE_CITY for name in OURS[service]["environment"]} <= known
    assert _named(EXAMPLE) - own <= known
    text = (ROOT / "docker" / "compose.yaml").read_text()
    assert _named(EXAMPLE) == set(re.findall(r"\$\{(\w+):", text)), "the example names what compose asks for"


def _named(example: str) -> set[str]:
    return set(re.findall(r"^(TONG_\w+)=", example, re.M))


def test_the_carriers_stand_in_the_demonstration_alone() -> None:
    profiles = {name: service.get("profiles", []) for name, service in OURS.items()}
    assert {name: found for name, found in profiles.items() if found} == {"carriers": ["demo"]}
    for name in THE_CITY:
        assert OURS[name]["depends_on"]["carriers"]["required"] is False
        told = settings(name)
        assert (told.fcm_project, told.smtp_url) == ("", ""), "without carriers nothing is sent"
    written = arguments("carriers").credentials
    assert str(written.parent) in [volume.split(":")[1] for volume in OURS["carriers"]["volumes"]]


def test_images_are_pinned_and_city_containers_are_least_privileged() -> None:
    own = {"build", "build-carriers", "city"}
    images = [s["image"] for s in COMPOSE["services"].values()] + re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert all(i.startswith("citytong") or i in own or re.search(r":\d+\.\d+", i) for i in images)
    for service in OURS.values():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert re.search(r"^USER citytong$", DOCKERFILE, re.M)


@pytest.mark.parametrize("name", [n for n in OURS if n != "worker"])
def test_a_service_says_when_it_is_ready(name: str) -> None:
    port = 8000 if name == "gateway" else arguments(name).port
    path = "/healthz" if name == "carriers" else "/readyz"
    probe = OURS[name]["healthcheck"]["test"][-1]
    assert re.search(rf"http://(127\.0\.0\.1|{name}):{port}{path}'", probe)


def test_the_image_holds_what_it_copies_and_ignores_the_rest() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.M)
    ignore = (ROOT / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignore[0] == "**"
    for path in copied:
        assert (ROOT / path).exists(), path
        assert f"!{path}" in ignore or f"!{path}/**" in ignore, path


def test_services_that_are_waited_for_exist() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert {v.split(":")[0] for v in service.get("volumes", ())} <= set(COMPOSE["volumes"])


@pytest.mark.parametrize("lock", ["requirements.lock", "carriers.lock"])
def test_the_image_installs_a_subset_of_the_tested_lock(lock: str) -> None:
    pinned = re.compile(r"^([a-z0-9._-]+==\S+)", re.M)
    tested = set(pinned.findall((ROOT / "requirements.lock").read_text()))
    shipped = set(pinned.findall((ROOT / "docker" / lock).read_text()))
    assert shipped and shipped < tested
