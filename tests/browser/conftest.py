"""Fixtures of the shell's tests: one city for the run, with a clock that goes, and phones to open it on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from core.clock import SystemClock
from core.embedded import Stores
from core.processes import free_port
from tests.browser.mini_stage import Stage, isolating_browser, open_stage
from tests.browser.shell_phone import CHROMIUM_ARGS, PLAIN, NewPhone, Phone, SamePhone, chromium, phone_of
from tests.support.city import OpenCity, open_demo_city, settings
from tests.support.departments import departments, seen_by
from tests.support.waiting import DEADLINE_S

# Five seconds are short for a page on a machine that does four other things.
expect.set_options(timeout=DEADLINE_S * 1000)


@pytest_asyncio.fixture(scope="session")
async def shell_city(stores: Stores) -> AsyncIterator[OpenCity]:
    clock = SystemClock()
    async with departments(mongo_url=stores.mongo_url, database="shell", clock=clock) as beside:
        port = free_port()
        more = {
            "TONG_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "TONG_SANDBOX": "on",
            "TONG_CI_ISSUERS": "https://ci.example",
            **seen_by(beside["TONG_DATA_URL"]),
        }
        told = settings(
            mongo_url=stores.mongo_url, redis_url=stores.redis_url, database="shell", departments=beside, **more
        )
        async with open_demo_city(told, clock, port=port) as city:
            yield city


@pytest_asyncio.fixture(scope="session")
async def shell_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def new_phone(shell_city: OpenCity, shell_browser: Browser) -> AsyncIterator[NewPhone]:
    """Makes phones. `signed_in`: a phone number to sign in with; other words are those of `phone_of`."""
    async with AsyncExitStack() as stack:

        async def make(*, signed_in: str = "", prefs: dict[str, str] | None = None, **look: Any) -> Phone:
            context, phone = await phone_of(shell_browser, shell_city.base, prefs={**PLAIN, **(prefs or {})}, **look)
            stack.push_async_callback(context.close)
            if signed_in:
                await phone.sign_in(signed_in)
            return phone

        yield make


@pytest_asyncio.fixture(scope="module")
async def phones_kept() -> AsyncIterator[dict[str, Phone]]:
    kept: dict[str, Phone] = {}
    yield kept
    for phone in kept.values():
        await phone.page.context.close()


@pytest_asyncio.fixture
async def same_phone(
    shell_city: OpenCity, shell_browser: Browser, phones_kept: dict[str, Phone]
) -> AsyncIterator[SamePhone]:
    """The module's phone of somebody who is signed in with this number, in the plain look, where one begins.

    To load the shell and to sign in costs more than most tests. One that stops the clock, goes offline, signs out or
    adds to what a page begins with takes a new phone.
    """
    taken: list[Phone] = []

    async def take(number: str) -> Phone:
        if number in phones_kept:
            await phones_kept[number].begin_again()
        else:
            _, phone = await phone_of(shell_browser, shell_city.base, prefs=PLAIN)
            phones_kept[number] = phone
            await phone.sign_in(number)
        taken.append(phones_kept[number])
        return taken[-1]

    yield take
    for phone in taken:
        # A screen on which nothing moves: others would be drawn for as long as the phone is kept.
        await phone.page.evaluate("location.hash = '/me'")


@pytest_asyncio.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    """A small city for programs, without a database."""
    async with open_stage() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One in which each site has processes of its own."""
    async with isolating_browser() as opened:
        yield opened
