"""The shell's files fit: operations the graph, the page its modules, the manifest its icons."""

from __future__ import annotations

import json
import re
from pathlib import Path

from graphql import build_schema, parse, validate

from tests.browser.shell_phone import NewPhone

HOST = Path("miniapps/host")
_STATIC = re.compile(r'^(?:import|export)\s(?:[\w*\s{},$]+\sfrom\s)?"(\.[^"]+)"', re.MULTILINE)
_OTHERWISE = """async () => {
  const { SCREENS } = await import("/screens.js");
  const each = Object.entries(SCREENS).filter(([, view]) => view.fetched);
  const wrong = await Promise.all(each.map(async ([path, view]) => [path, view.for, (await view.fetched())?.for]));
  return each.length > 50 ? wrong.filter(([, said, is]) => said !== is) : each;
}"""


async def test_every_document_is_valid_in_the_supergraph(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open(ready="#phone")
    documents: dict[str, str] = {}
    for file in sorted(HOST.rglob("documents*.js")):
        read = "async (name) => ({ ...(await import(`/${name}`)) })"
        documents |= await phone.page.evaluate(read, file.relative_to(HOST).as_posix())
    graph = build_schema(Path("api/supergraph.graphql").read_text(), assume_valid=True)
    faults = {name: [e.message for e in validate(graph, parse(text))] for name, text in documents.items()}
    assert {name: found for name, found in faults.items() if found} == {}
    assert len(documents) >= 17


def test_the_page_names_every_module_that_it_begins_with_once() -> None:
    """A module that is not preloaded costs its reader a round trip more; one that is gone costs an error; one that is
    not needed yet costs everybody. What is imported on demand comes when it is: a screen, programs, a reader of codes.
    """
    named = re.findall(
        r'(?:modulepreload" href|script(?: type="module")? src)="([^"]+)"', (HOST / "index.html").read_text()
    )
    there = {"early.js", "app.js"}
    left = {"app.js"}
    while left:
        file = HOST / left.pop()
        found = {
            (file.parent / name).resolve().relative_to(HOST.resolve()).as_posix()
            for name in _STATIC.findall(file.read_text())
        }
        left |= found - there
        there |= found
    assert sorted(named) == sorted(there)


async def test_each_screen_that_comes_later_is_for_whom_its_address_says(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open(ready="#phone")
    assert await phone.page.evaluate(_OTHERWISE) == []


def test_the_page_names_every_style() -> None:
    named = re.findall(r'stylesheet" href="([^"]+)"', (HOST / "index.html").read_text())
    assert sorted(named) == sorted(str(path.relative_to(HOST)) for path in HOST.rglob("*.css"))


def test_the_manifest_s_icons_are_there() -> None:
    manifest = json.loads((HOST / "manifest.webmanifest").read_text())
    assert [icon["src"] for icon in manifest["icons"] if not (HOST / icon["src"]).is_file()] == []
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}


def test_each_vendored_library_has_its_licence() -> None:
    folders = [path for path in (HOST / "vendor").iterdir() if path.is_dir()]
    assert [folder.name for folder in folders if not (folder / "LICENSE").is_file()] == []


def test_no_module_makes_markup_from_text() -> None:
    ours = [path for path in HOST.rglob("*.js") if not {"vendor", "generated"} & set(path.parts)]
    made = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://(?!www\.w3\.org)"
    )
    assert [path.name for path in ours if made.search(path.read_text())] == []
