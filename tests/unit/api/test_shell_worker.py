"""The shell's service worker as it is served: at the root alone, of one version, and new when anything is."""

from __future__ import annotations

import json
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from api.web.shell import Shell

_WORKER = 'import { one } from "./one.js";\nimport two from "./mini/two.js";\nconst told = "./one.js";\n'


def _folder(folder: Path, one: str = "export const one = 1;") -> Path:
    (folder / "mini").mkdir(exist_ok=True)
    texts = {"index.html": '<script src="one.js"></script>', "one.js": one, "mini/two.js": "", "sw.js": _WORKER}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


async def test_it_imports_and_keeps_the_files_of_one_version(tmp_path: Path) -> None:
    app = web.Application()
    app.add_routes(Shell(_folder(tmp_path), live=True).routes())
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/sw.js")
        first, *text = (await answer.text()).splitlines()
        told = json.loads(first.removeprefix("const SHELL = ").removesuffix(";"))
        folder = f"/v-{told['version']}"
        assert (answer.headers["Cache-Control"], answer.content_type) == ("no-cache", "text/javascript")
        assert text[:2] == [f'import {{ one }} from "{folder}/one.js";', f'import two from "{folder}/mini/two.js";']
        assert text[2] == 'const told = "./one.js";'
        assert told["files"] == ["index.html", "mini/two.js", "one.js"]
        assert told["pages"][0] == "/"
        assert f'src="{folder}/one.js"' in await (await client.get("/")).text()
        assert (await client.get(f"{folder}/sw.js")).status == 404
        again = await client.get("/sw.js", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status == 304

        _folder(tmp_path, one="export const one = 2;")
        await client.get("/")
        assert told["version"] not in await (await client.get("/sw.js")).text()
