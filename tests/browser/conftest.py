"""Fixtures of the shell's tests: one city for the run, with a clock that goes, and phones to open it on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from core.clock import SystemClock
from core.embedded import Stores
from core.processes import free_port
from tests.browser.shell_phone import CHROMIUM_ARGS, PLAIN, NewPhone, Phone, chromium, phone_of
from tests.support.city import OpenCity, open_demo_city, settings
from tests.support.departments import departments, seen_by


@pytest_asyncio.fixture(scope="session")
async def shell_city(stores: Stores) -> AsyncIterator[OpenCity]:
    clock = SystemClock()
    async with departments(mongo_url=stores.mongo_url, database="shell", clock=clock) as beside:
        port = free_port()
        more = {"TONG_PUBLIC_URL": f"http://127.0.0.1:{port}", **seen_by(beside["TONG_DATA_URL"])}
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
    """Makes phones. `signed_in`: a phone number to sign in with; other words are the owner's look or Chromium's."""
    async with AsyncExitStack() as stack:

        async def make(*, signed_in: str = "", prefs: dict[str, str] | None = None, **look: object) -> Phone:
            context, phone = await phone_of(shell_browser, shell_city.base, prefs={**PLAIN, **(prefs or {})}, **look)
            stack.push_async_callback(context.close)
            if signed_in:
                await phone.sign_in(signed_in)
            return phone

        yield make
