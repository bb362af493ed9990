"""A desk with a home of its own, and a city to speak to."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from citytong_sdk.tong import cli
from citytong_sdk.tong.desk import Desk

from tests.contract.tong.tong_city import TongCity, tong_city


class Screen(io.StringIO):
    """Standard error that a person sits before, or does not."""

    def __init__(self, attended: bool) -> None:
        super().__init__()
        self.attended = attended

    def isatty(self) -> bool:
        return self.attended


@dataclass(frozen=True)
class Ran:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def result(self) -> dict[str, Any]:
        assert self.status in (0, 1), self.out + self.err
        found: dict[str, Any] = self.document["result"]
        return found

    @property
    def error(self) -> dict[str, Any]:
        assert self.document["ok"] is False
        found: dict[str, Any] = self.document["error"]
        return found


@dataclass
class Bench:
    """home: of the developer. folder: where they work. now: seconds of Unix time; sleeping turns it."""

    home: Path
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    now: float = 1_795_000_000.0
    sleeps: Callable[[], None] = lambda: None

    def run(self, *argv: str, folder: Path | None = None, attended: bool = False) -> Ran:
        out, err = Screen(attended), Screen(attended)
        desk = Desk(
            env={"HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", **self.env},
            folder=folder or self.folder,
            out=out,
            err=err,
            now=lambda: self.now,
            sleep=self._slept,
            secret=lambda _: "a passphrase",
        )
        status = cli.main(argv, desk)
        return Ran(status, out.getvalue(), err.getvalue())

    def json(self, *argv: str, folder: Path | None = None) -> Ran:
        return self.run(*argv, "--json", folder=folder)

    def _slept(self, seconds: float) -> None:
        self.now += seconds
        self.sleeps()


def let_in(bench: Bench, city: TongCity) -> None:
    """Whoever is asked lets the screen in while `tong` waits for the first time."""
    doors = city.platform._doors

    def approve() -> None:
        for device in doors._devices.values():
            city.platform.approve_device(device.user_code)
        bench.sleeps = lambda: None

    bench.sleeps = approve


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    home, folder = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    folder.mkdir()
    return Bench(home, folder)


@pytest.fixture(scope="module")
def module_s_tong_city() -> Iterator[TongCity]:
    with tong_city() as city:
        yield city


@pytest.fixture
def city(module_s_tong_city: TongCity) -> TongCity:
    """Without versions. Its clock is the one of its module."""
    module_s_tong_city.clear()
    return module_s_tong_city


@pytest.fixture
def online(bench: Bench, city: TongCity) -> TongCity:
    """Somebody is signed in."""
    bench.env["TONG_CITY"] = city.base
    bench.now = city.platform.clock()
    let_in(bench, city)
    assert bench.run("login").status == 0
    return city


@pytest.fixture
def project(bench: Bench) -> Path:
    """A new project, `org.example.library`."""
    assert bench.run("new", "library", "--title", "图书馆").status == 0
    return bench.folder / "library"
