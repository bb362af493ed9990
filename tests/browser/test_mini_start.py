"""How a program starts that ran here before: ahead of the city's answer, in what was prepared, and never past a no."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Frame, Page

from tests.browser.mini_stage import APP, ROOT, Stage, to_harness
from tests.support.threats import covers
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOME = f"/{ROOT}/pages/home/home.html"


@pytest_asyncio.fixture(loop_scope="session")
async def shell(stage: Stage, browser: Browser) -> AsyncIterator[Page]:
    """A device on which the program ran before."""
    stage.begin()
    page = await to_harness(await (await browser.new_context()).new_page(), stage.base)
    await page.evaluate("id => open(id)", APP)
    await shown(page)
    await close(stage, page)
    stage.begin()
    yield page
    await page.context.close()


async def close(stage: Stage, page: Page) -> None:
    """Closed, and the city has heard of it, which is the last that a run says."""
    await page.evaluate("id => handles[id].close()", APP)
    await until(lambda: _alone(page), what="the end of the program")

    async def told() -> bool:
        return "CloseMiniProgram" in [name for name, _ in stage.asked]

    await until(told, what="the end of its session")


async def _alone(page: Page) -> bool:
    return len(page.frames) == 1


async def shown(page: Page, and_so: str = "true") -> Frame:
    """The program's page, when its script has run."""

    async def found() -> Frame | None:
        for frame in page.frames:
            try:
                if HOME in frame.url and await frame.evaluate(f"globalThis.ready === true && Boolean({and_so})"):
                    return frame
            except Error:  # on its way to another document
                continue
        return None

    return await until(found, what="the program's page")


async def opening(page: Page, **more: Any) -> None:
    """It is opened; how that ends comes to `ended`."""
    await page.evaluate(
        """([id, more]) => { globalThis.ended = null;
        open(id, more).then((session) => (ended = session), (error) => (ended = error.code ?? error.name)); }""",
        [APP, more],
    )


async def ended(page: Page) -> str:
    found = await until(lambda: page.evaluate("ended"), what="the end of the opening")
    return str(found)


async def stored(stage: Stage, key: str, value: object) -> None:
    async def there() -> bool:
        return bool(stage.stored.get(key) == value)

    await until(there, what=f"{key} at the city")


@covers("T12")
async def test_its_page_loads_while_the_city_is_asked_and_can_ask_nothing_before_it_has_answered(
    stage: Stage, shell: Page
) -> None:
    stage.answers.clear()
    await opening(shell)
    home = await shown(shell)
    await home.evaluate("""() => { globalThis.said = []; ask("capabilities", {}).then((one) => said.push(one));
        ask("storageWrite", { put: { early: 1 }, removed: [] }).then((one) => said.push(one)); }""")
    assert await home.evaluate("[early, welcome.session ?? null, said.length]") == [True, None, 0]
    assert await shell.evaluate("[ended, running('org.example.library')]") == [None, None]
    stage.answers.set()
    assert await ended(shell) == f"mps_{APP}"
    await until(lambda: home.evaluate("said.length === 2"), what="both answers")
    assert (await home.evaluate("said"))[0]["ok"]
    assert stage.pages == [HOME]
    await stored(stage, "early", 1)


async def test_of_what_has_changed_meanwhile_nothing_is_left(stage: Stage, shell: Page) -> None:
    """Another device wrote, or the city names another page: it starts on what the city says."""
    stage.stored, stage.revision = {"name": "new"}, 7
    stage.answers.clear()
    await opening(shell)
    early = await shown(shell)
    assert await early.evaluate("welcome.storage") == {}
    stage.answers.set()
    assert await ended(shell) == f"mps_{APP}"
    home = await shown(shell, "welcome.storage.name === 'new'")
    assert await home.evaluate("welcome.session") == f"mps_{APP}"
    assert stage.pages == [HOME, HOME]
    assert len([frame for frame in shell.frames if HOME in frame.url]) == 1


@covers("T9")
@pytest.mark.parametrize("how", ["session", "list"])
async def test_a_no_takes_it_away(stage: Stage, shell: Page, how: str) -> None:
    """T9: the city's own no, and the signed list."""
    stage.answers.clear()
    if how == "list":
        stage.revoked.add(APP)
    await opening(shell)
    await shown(shell)
    if how == "session":
        stage.refused = "MINIAPPS_PROGRAM_REVOKED"
    stage.answers.set()
    assert await ended(shell) == {"session": "MINIAPPS_PROGRAM_REVOKED", "list": "E_APP_REVOKED"}[how]
    assert await shell.evaluate("id => [mounts[id].childElementCount, running(id)]", APP) == [0, None]


async def test_what_it_said_last_is_there_when_it_is_opened_again_at_once(stage: Stage, shell: Page) -> None:
    await shell.evaluate("id => open(id)", APP)
    home = await shown(shell)
    await home.evaluate("addEventListener('message', () => {}); localStorage.setItem('last', 'word')")
    await shell.evaluate("id => { handles[id].close(); delete mounts[id]; return open(id); }", APP)
    await shown(shell, "localStorage.getItem('last') === 'word'")
    await stored(stage, "localStorage/last", "word")


async def test_what_is_prepared_asks_for_nothing_of_the_program_and_is_used(stage: Stage, shell: Page) -> None:
    await shell.evaluate("id => prepare(id)", APP)
    spare = await until(lambda: _waiting(shell), what="the page that waits")
    assert (stage.pages, stage.asked) == ([], [])
    await shell.evaluate("id => open(id, { query: { a: '1' } })", APP)
    home = await shown(shell)
    assert home == spare
    assert await home.evaluate("[early, self.origin, name, welcome.launch.query.a]") == [True, "null", "", "1"]
    assert await home.evaluate("ask('capabilities', {}).then((said) => 'ok' in said)")
    assert [name for name, _ in stage.asked] == ["OpenMiniProgram"]


async def _waiting(page: Page) -> Frame | None:
    return next((frame for frame in page.frames if "/__mini/waiting.html" in frame.url), None)


async def test_what_was_prepared_for_one_person_tells_another_nothing(stage: Stage, shell: Page) -> None:
    await shell.evaluate("id => open(id)", APP)
    home = await shown(shell)
    await home.evaluate("ask('storageWrite', { put: { mine: 1 }, removed: [] })")
    await stored(stage, "mine", 1)
    await close(stage, shell)
    await shell.evaluate("id => prepare(id)", APP)
    await shell.evaluate("signIn('ses_2')")
    stage.stored = {}  # theirs, by chance of the same revision
    stage.answers.clear()
    await opening(shell)
    await until(lambda: shell.evaluate("id => mounts[id].childElementCount === 1", APP), what="the player")
    stage.answers.set()
    assert await ended(shell) == f"mps_{APP}"
    assert await (await shown(shell)).evaluate("[welcome.session, welcome.storage]") == [f"mps_{APP}", {}]
    assert stage.pages == [HOME, HOME]


async def test_what_was_prepared_for_nothing_goes(stage: Stage, shell: Page) -> None:
    await shell.evaluate("id => prepare(id)", APP)
    await shell.evaluate("id => ready.get(id).abort()", APP)
    await until(lambda: _alone(shell), what="its end")
    assert stage.asked == []
