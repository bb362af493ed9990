"""Without a container engine here: what the container files say is held against the code they run."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from api.__main__ import _parser
from api.settings import Settings, variable
from backends.sensor.__main__ import _parser as sensor_parser

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
CITY = {name: s for name, s in COMPOSE["services"].items() if s["image"] == "citytong"}


def test_every_command_is_one_that_the_code_takes() -> None:
    assert set(CITY) == {"gateway", "worker", "sensor"}
    for service in CITY.values():
        flag, module, *arguments = service["command"]
        assert flag == "-m"
        parser = _parser() if module == "api" else sensor_parser({"TONG_SENSOR_MONGO_URL": "mongodb://x"})
        parser.parse_args(arguments)


def test_every_variable_is_a_setting() -> None:
    known = {variable(f.name) for f in fields(Settings)} | {"TONG_SENSOR_MONGO_URL", "TONG_SENSOR_INGEST_KEYS"}
    named = {name for service in CITY.values() for name in service["environment"]}
    named |= set(re.findall(r"^(TONG_\w+)=", (ROOT / "docker" / "env.example").read_text(), re.M))
    assert named <= known
    for name in ("gateway", "worker"):
        plain = {k: re.sub(r"\$\{\w+:[-?]([^}]*)\}", r"\1", str(v)) for k, v in CITY[name]["environment"].items()}
        plain["TONG_DEMO"] = "on" if plain["TONG_DEMO"] == "True" else "off"
        Settings.from_env({**plain, "TONG_MASTER_KEY": "A" * 43 + "="})


def test_images_are_pinned_and_city_containers_are_least_privileged() -> None:
    images = [s["image"] for s in COMPOSE["services"].values()] + re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert all(image == "citytong" or re.search(r":\d+\.\d+", image) for image in images)
    for service in CITY.values():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert re.search(r"^USER citytong$", DOCKERFILE, re.M)


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


def test_the_image_installs_a_subset_of_the_tested_lock() -> None:
    pinned = re.compile(r"^([a-z0-9._-]+==\S+)", re.M)
    tested = set(pinned.findall((ROOT / "requirements.lock").read_text()))
    shipped = set(pinned.findall((ROOT / "docker" / "requirements.lock").read_text()))
    assert shipped and shipped < tested
