"""The city of tests as the distribution brings it, and one program's backend in both ways to run it."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from citytong_sdk import MiniApp
from citytong_sdk.testing import Citizen, FakeClock, FakePlatform
from citytong_sdk.testing.plugin import citytong_app, citytong_clock, citytong_platform

__all__ = ["citytong_app", "citytong_clock", "citytong_platform"]

# Asks a verb of the program's backend: "auth.code2session", its arguments.
Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
def city(citytong_platform: FakePlatform) -> FakePlatform:
    return citytong_platform


@pytest.fixture
def turn(citytong_clock: FakeClock) -> FakeClock:
    return citytong_clock


@pytest_asyncio.fixture
async def app(city: FakePlatform) -> AsyncIterator[MiniApp]:
    async with city.mini_app() as made:
        yield made
        made.sync.close()


@pytest.fixture
def citizen(city: FakePlatform, app: MiniApp) -> Citizen:
    return city.citizen()


@pytest.fixture(params=["async", "sync"])
def ask(request: pytest.FixtureRequest, app: MiniApp) -> Ask:
    """Every test that takes it runs twice, for the verbs are written once."""
    return asking(app, blocking=request.param == "sync")


def asking(app: MiniApp, *, blocking: bool) -> Ask:
    async def ask(verb: str, *args: Any, **named: Any) -> Any:
        found: Any = app.sync if blocking else app
        for name in verb.split("."):
            found = getattr(found, name)
        told = found(*args, **named)
        assert inspect.isawaitable(told) is not blocking
        return await told if inspect.isawaitable(told) else told

    return ask
