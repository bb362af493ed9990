"""`tong dev`, used as a developer uses it: the wheel alone, a project, a browser, and an editor that saves."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from citytong_sdk import MiniApp
from citytong_sdk.errors import SubscriptionSpent
from citytong_sdk.keys import PrivateKey
from playwright.async_api import Browser, Error, Frame, Page, expect

from tests.support.waiting import until
from tests.support.wheel import built, installed


@pytest.fixture(scope="module")
def tong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, of an environment that holds the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("tong-dev-env")
    return installed(built(folder / "wheel"), folder / "env", extra="tong").with_name("tong")


@pytest.fixture(scope="module")
def project(tong: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tong-dev")
    done = subprocess.run([tong, "new", "demo"], cwd=folder, env=_env(folder), capture_output=True)
    assert done.returncode == 0, done.stderr
    found = folder / "demo"
    (found / "backend").mkdir()
    manifest = json.loads((found / "program/manifest.json").read_text())
    manifest["req_permissions"] = [{"name": "city.user.phone", "reason": "to call you"}]
    manifest["city_opt_permissions"] = [
        {"name": "city.user.openid", "reason": "to know you"},
        {"name": "city.message.subscribe", "reason": "to remind you"},
    ]
    manifest["city_subscribe_templates"] = ["due"]
    (found / "program/manifest.json").write_text(json.dumps(manifest))
    return found


@pytest.fixture(scope="module")
def served(tong: Path, project: Path) -> Iterator[str]:
    """The panel's address."""
    command = [str(tong), "dev", "--port", "0"]
    with subprocess.Popen(command, cwd=project, env=_env(project), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            assert " runs at http://localhost:" in first, first
            yield first.split()[-1]
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0


@pytest.fixture
async def page(browser: Browser, served: str) -> AsyncIterator[Page]:
    opened = await browser.new_page(viewport={"width": 1280, "height": 900})
    await opened.goto(served)
    yield opened
    await opened.close()


async def program(page: Page, *words: str) -> Frame:
    """The program's own frame, once it says all these, and the host answers it: what began ahead of that may go."""

    async def there() -> Frame | None:
        for frame in page.frames:
            with suppress(Error):  # it went while it was looked at
                said = await frame.evaluate("document.body.innerText") if ".mini.localhost" in frame.url else ""
                if said and all(one in said for one in words):
                    await frame.evaluate("import('../sdk/index.js').then(({ mp }) => mp.capabilities())")
                    return frame
        return None

    return await until(there, what=" ".join(words))


async def test_what_is_saved_is_what_runs_and_what_it_kept_stays(page: Page, project: Path) -> None:
    frame = await program(page, "您来过 1 次")
    await frame.get_by_role("button").click()
    await program(page, "您来过 2 次")
    words = project / "program/common/words.js"
    before = words.read_text()
    words.write_text(before.replace("您好", "欢迎回来"))
    await program(page, "欢迎回来", "您来过 3 次")
    words.write_text(before)
    await program(page, "您好")


async def test_what_does_not_hold_is_told_and_the_last_sound_one_goes_on(page: Page, project: Path) -> None:
    await program(page, "您好")
    manifest = project / "program/manifest.json"
    before = manifest.read_text()
    manifest.write_text(before.replace('"app_id"', '"app_idd"'))
    fault = page.get_by_role("alert")
    await expect(fault).to_contain_text("BUNDLE_MANIFEST")
    await program(page, "您好")
    manifest.write_text(before)
    await expect(fault).to_be_hidden()


async def test_the_panel_settles_permissions_and_shows_the_bridge(page: Page) -> None:
    before = await program(page, "您好")
    await page.get_by_label("city.user.phone").select_option("GRANTED")
    await until(lambda: _gone(before), what="the program that did not know of it")
    frame = await program(page, "您好")
    asked = """import('../sdk/index.js').then(({ mp }) => mp.getPhoneNumber()).then(({ code }) => code)"""
    code = await frame.evaluate(asked)
    assert code.startswith("pc_")
    row = page.locator("#trace li", has_text="getPhoneNumber").first
    await row.wait_for()


async def _gone(frame: Frame) -> bool:
    return frame.is_detached()


async def test_the_programs_backend_learns_who_it_is_and_sends_what_they_asked_for(page: Page, project: Path) -> None:
    frame = await program(page, "您好")
    login = """import('../sdk/index.js').then(({ mp }) => mp.login()).then(({ code }) => code)"""
    tapped = """import('../sdk/index.js').then(({ mp }) => document.querySelector('button').addEventListener('click',
        () => mp.requestSubscribeMessage({ tmplIds: ['due'] }).then((told) => { globalThis.told = told; })))"""
    code = await frame.evaluate(login)
    token = await frame.evaluate("import('../sdk/index.js').then(({ mp }) => mp.getLaunchToken())")
    await frame.evaluate(tapped)
    await frame.get_by_role("button").click()
    host = page.frame_locator("#host")
    await host.locator("[data-testid=confirm]:not([aria-disabled])").click()

    async def told() -> object:
        return await frame.evaluate("globalThis.told")

    assert await until(told, what="what the citizen said") == {"due": "accept"}
    messages = page.get_by_role("region", name="Messages")
    await messages.get_by_text("due: 1 wanted").wait_for()
    key = PrivateKey.from_file(project / "backend/app.pem")
    async with MiniApp(app_id="org.example.demo", key=key, platform=page.url.partition("/?")[0]) as app:
        session, claims = await app.auth.code2session(code), await app.auth.verify_launch_token(token)
        assert session.openid.startswith("o_") and claims.openid == session.openid
        sent = {"book": "茶馆", "day": "2026-11-30"}
        await app.messages.send_subscribe(session.openid, "due", sent, idempotency_key="loan-1", page="pages/index")
        with pytest.raises(SubscriptionSpent):
            await app.messages.send_subscribe(session.openid, "due", sent, idempotency_key="loan-2")
    await messages.get_by_text("book: 茶馆, day: 2026-11-30").wait_for()
    await messages.get_by_text("None is wanted.").wait_for()


async def test_each_citizen_has_a_storage_and_a_look_of_their_own(page: Page) -> None:
    await program(page, "您好")
    await page.get_by_role("combobox", name="Citizen").select_option("zh-elder")
    frame = await program(page, "您来过 1 次")
    host = next(one for one in page.frames if one.url.startswith("http://zh-elder.localhost"))
    assert await host.evaluate("document.documentElement.dataset.mode") == "elder"
    assert await frame.evaluate("globalThis.origin") == "null"
    # The page that runs speaks another language from now on.
    await page.get_by_label("Language").select_option("en")
    await program(page, "You were here 1 time.")
    await expect(frame.locator("html")).to_have_attribute("lang", "en")


async def test_other_names_and_other_sites_are_refused(served: str) -> None:
    port = served.partition("/?")[0].rpartition(":")[2]
    async with httpx.AsyncClient(trust_env=False) as client:
        base = f"http://127.0.0.1:{port}"
        elsewhere = await client.get(f"{base}/", headers={"Host": f"evil.example:{port}"})
        forged = await client.post(f"{base}/tong/forget?citizen=zh", json={})
        climbed = await client.get(f"{base}/..%2fdoor.py")
    assert (elsewhere.status_code, forged.status_code, climbed.status_code) == (421, 403, 404)


async def test_a_script_is_told_the_address_at_once_and_an_open_page_ends_without_a_word(
    tong: Path, project: Path
) -> None:
    command = [str(tong), "dev", "--port", "0", "--json"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=project, env=_env(project), stdout=pipe, stderr=pipe)
    assert process.stdout is not None
    try:
        document = json.loads(await process.stdout.readuntil(b"\n}\n"))
        async with httpx.AsyncClient(trust_env=False) as client:
            base = document["result"]["url"].partition("/?")[0]
            async with client.stream("GET", f"{base}/tong/events") as listening:
                assert listening.status_code == 200
                process.send_signal(signal.SIGINT)
                said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert (process.returncode, *said) == (0, b"", b"")


def _env(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "PYTHONUNBUFFERED": "1"}
