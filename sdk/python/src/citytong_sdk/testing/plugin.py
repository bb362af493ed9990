"""Fixtures for pytest, there wherever `citytong-sdk` is installed: a city of tests, its clock, and one program's
backend.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from citytong_sdk.app import MiniApp

from .clock import FakeClock
from .platform import FakePlatform


@pytest.fixture
def citytong_clock() -> FakeClock:
    """Stands still; `advance` turns it. The city and the program's backend keep to it."""
    return FakeClock()


@pytest.fixture
def citytong_platform(citytong_clock: FakeClock) -> FakePlatform:
    """A city without programs or citizens."""
    return FakePlatform(clock=citytong_clock)


@pytest.fixture
def citytong_app(citytong_platform: FakePlatform) -> Iterator[MiniApp]:
    """The backend of the one program that `citytong_platform` knows, `org.example.program`."""
    app = citytong_platform.mini_app()
    yield app
    app.sync.close()
