"""The wheel by itself: it needs httpx and cryptography alone, brings types and plugins, and what its README says
runs.
"""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from citytong_sdk import MiniApp
from citytong_sdk.testing import FakePlatform
from citytong_sdk.testing.plugin import citytong_app, citytong_clock, citytong_platform
from citytong_sdk.webhooks import Ping
from litestar.logging.config import LoggingConfig

from tests.support.wheel import installed

SDK = Path(__file__).parents[3] / "sdk" / "python"
# What stands elsewhere in the repository, and is in the wheel as files.
LINKED = ("citytong_sdk/tong/kit/", "citytong_sdk/host/")
USED = """
import sys
import citytong_sdk.tong
from citytong_sdk import MiniApp, PrivateKey
assert 'httpx' in sys.modules
import citytong_sdk.middleware, citytong_sdk.bundles.statement, citytong_sdk.sync
from citytong_sdk.testing import FakePlatform
city = FakePlatform()
app, citizen = city.mini_app(), city.citizen()
session = app.sync.auth.code2session(city.login_code(citizen))
assert app.sync.auth.verify_launch_token(city.launch_token(citizen)).openid == session.openid
assert app.sync.phone.unseal(city.sealed_phone(citizen)).country == 'CN'
for absent in ('pytest', 'typer', 'graphql', 'api', 'core', 'miniapps'):
    try:
        __import__(absent)
    except ModuleNotFoundError:
        continue
    raise SystemExit(f'{absent} is here')
print('used')
"""


def test_it_works_with_its_two_dependencies_alone(sdk_wheel: Path, tmp_path: Path) -> None:
    python = installed(sdk_wheel, tmp_path / "env")
    ran = subprocess.run([python, "-I", "-W", "error", "-c", USED], capture_output=True, text=True, timeout=60)
    assert (ran.stdout, ran.stderr) == ("used\n", "")
    assert (tmp_path / "env" / "bin" / "tong").exists()


def test_it_holds_all_of_the_source_and_nothing_else(sdk_wheel: Path) -> None:
    with zipfile.ZipFile(sdk_wheel) as archive:
        names = {name for name in archive.namelist() if not name.startswith("citytong_sdk-")}
        entries = archive.read("citytong_sdk-0.1.0.dist-info/entry_points.txt").decode()
    source = SDK / "src"
    expected = {
        str(file.relative_to(source))
        for file in source.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not any(one.is_symlink() for one in file.parents)
    }
    linked = {name for name in names if name.startswith(LINKED)}
    assert names - linked == {name for name in expected if not name.startswith(LINKED)}
    assert {"citytong_sdk/host/index.html", "citytong_sdk/tong/kit/dist/index.js"} <= linked
    assert {"citytong_sdk/py.typed", "citytong_sdk/bundles/manifest.schema.json"} <= names
    assert "citytong = citytong_sdk.testing.plugin" in entries


def test_naming_the_package_loads_no_client() -> None:
    """A tool that only packs a program does not wait for one."""
    code = "import sys, citytong_sdk.bundles.statement; raise SystemExit('httpx' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(SDK / "src")}, timeout=60)
    assert ran.returncode == 0


def run(block: str, told: dict[str, Any]) -> None:
    """As a module of its own would: without what this one imports from the future."""
    exec(compile(block, "README.md", "exec", dont_inherit=True), told)


BLOCKS = re.findall(r"```python\n(.*?)```", (SDK / "README.md").read_text(encoding="utf-8"), re.S)


async def test_the_readme_s_backend_runs(
    city: FakePlatform,
    app: MiniApp,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each block as it stands there; the city's address leads to the city of tests."""
    backend, middleware, blocking = BLOCKS[:3]
    shell = re.search(r'```sh\npython -c "(.*?)"\n```', (SDK / "README.md").read_text(encoding="utf-8"), re.S)
    assert shell is not None
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(LoggingConfig, "configure", lambda _: logging.getLogger)  # or it takes over the run's logs
    run(shell[1], {})
    capsys.readouterr()
    told: dict[str, Any] = {"__name__": __name__}
    run(backend, told)
    assert isinstance(told["app"], MiniApp)
    await told["app"].aclose()
    told["app"] = app
    run(middleware, told)
    citizen = city.citizen()
    openid = await told["sign_in"](city.login_code(citizen))
    assert openid == city.openid(citizen)
    city.subscribe(citizen, "loan_due")
    sent = [await told["remind"](openid, title) for title in ("Ulysses", "Dubliners")]
    assert (sent, len(city.sent_messages)) == ([True, False], 1)
    assert await city.webhook(Ping(id="", at=city.clock.now(), app_id=app.app_id), to=told["api"]) == 204
    assert capsys.readouterr().out == "ping\n"
    told["token"] = city.launch_token(citizen)
    await asyncio.to_thread(run, blocking, told)
    assert told["session"].openid == openid


async def test_the_readme_s_test_passes(city: FakePlatform) -> None:
    told: dict[str, Any] = {"__name__": __name__}
    run(BLOCKS[3], told)
    await told["test_a_code_ends"](city.mini_app(), city, city.clock)
    assert callable(citytong_app) and callable(citytong_platform) and callable(citytong_clock)
