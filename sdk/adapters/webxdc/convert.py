"""The files of a webxdc app as the files of a mini-program.

Rules
- What an app loads as `webxdc.js` becomes the adapter's, with the SDK beside it; its other scripts stay as they are.
- An app of webxdc has its origin for itself, a program a folder: what pages name by `/path` is named from the page.
- What a page says in attributes (`onclick="…"`) moves into a script of its own: a program's policy runs no handlers in
  attributes, and inline scripts by their hashes alone. A handler keeps `this`, `event` and `return false`; the names of
  the form and the document are no longer in its scope by themselves.
- Files of types that the city does not serve stay behind (`manifest.toml`, licences without an extension).
- Scripts that write HTML from text (`innerHTML` …) need `city_csp.trusted_types: false`, which a reviewer sees. Which
  files do is said, and so is everything that the package's own rules refuse.
"""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from citytong_sdk.bundles import archive, policy
from citytong_sdk.bundles.errors import BundleError
from citytong_sdk.bundles.names import MEDIA_TYPES

PAGE: Final = "index.html"
HANDLERS: Final = "webxdc-handlers.js"
ICON: Final = "icon.svg"
BYTES_MAX: Final = 20 * 1024 * 1024

_HERE: Final = Path(__file__).parent
_SDK: Final = _HERE.parents[1] / "js" / "dist" / "index.js"
_NOT_SERVED: Final = frozenset({"md", "map"})
# What Trusted Types would refuse where it is written with text.
_SINKS: Final = re.compile(
    rb"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\.srcdoc"
)
_HANDLER: Final = re.compile(r"""\s+(on[a-z]+)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)
_FROM_ROOT: Final = re.compile(r"""(\s(?:src|href)\s*=\s*["']?)/(?!/)([^\s"'>]+)""", re.IGNORECASE)
_BLANK_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" rx="20" fill="#e4e2dc"/>'
    '<path d="M26 26h44v44H26z" fill="#4a4f5a"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Converted:
    """files: the program's. handlers: how many moved out of attributes. sinks: files that write HTML from text.

    left: files that stayed behind. refused: what the package's rules say against it; empty where it can be packed.
    """

    files: Mapping[str, bytes]
    handlers: int
    sinks: tuple[str, ...]
    left: tuple[str, ...]
    refused: str


def read(source: Path) -> dict[str, bytes]:
    """The files of an app: of a `.xdc`, or of a folder with what would be in one. `public/` of a folder lies over it,
    as a bundler lays it. Raises: ValueError for what is no app, or too large.
    """
    files = _unzipped(source.read_bytes()) if source.is_file() else _folder(source)
    if PAGE not in files:
        raise ValueError(f"there is no {PAGE}")
    return files


def _unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as opened:
        entries = [entry for entry in opened.infolist() if not entry.is_dir()]
        if sum(entry.file_size for entry in entries) > BYTES_MAX:
            raise ValueError(f"more than {BYTES_MAX} bytes")
        return {entry.filename: opened.read(entry) for entry in entries}


def _folder(folder: Path) -> dict[str, bytes]:
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
    public = "public/"
    over = {path.removeprefix(public): content for path, content in found.items() if path.startswith(public)}
    return {path: content for path, content in found.items() if not path.startswith(public)} | over


def convert(app: Mapping[str, bytes], *, app_id: str, name: str = "") -> Converted:
    """`app`, the files of a webxdc app, as a program. Never raises for what an app holds: `refused` says it."""
    told = _told(app)
    served = {path: content for path, content in app.items() if _is_served(path)}
    left = tuple(sorted(set(app) - set(served)))
    sinks = tuple(path for path in sorted(served) if path.endswith((".js", ".html", ".mjs")) and _sink(path, served))
    files, handlers = _pages_made(served)
    files |= {"webxdc.js": (_HERE / "webxdc.js").read_bytes(), "sdk/index.js": _SDK.read_bytes()}
    for required in ("app.js", "app.css"):
        files.setdefault(required, b"")
    icon = next((path for path in ("icon.png", "icon.jpg", "icon.jpeg") if path in files), ICON)
    files.setdefault(icon, _BLANK_ICON.encode())
    manifest = {
        "app_id": app_id,
        "name": (name or str(told.get("name", "")) or app_id)[:64],
        "icons": [{"src": icon}],
        "version": {"name": "1.0.0", "code": 1},
        "platform_version": {"min_code": 1},
        "pages": [PAGE.removesuffix(".html")],
        "window": {"navigation_bar_background_color": "#ffffff", "navigation_bar_text_style": "black"},
        **({"city_csp": {"trusted_types": False}} if sinks else {}),
    }
    files["manifest.json"] = json.dumps(manifest, ensure_ascii=False, indent=2).encode()
    return Converted(files, handlers, sinks, left, _refused(files))


def _told(app: Mapping[str, bytes]) -> dict[str, Any]:
    """The app's own `manifest.toml`; nothing where it cannot be read."""
    try:
        return tomllib.loads(app.get("manifest.toml", b"").decode())
    except ValueError:
        return {}


def _is_served(path: str) -> bool:
    name = path.rpartition("/")[2]
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    return extension in MEDIA_TYPES.keys() - _NOT_SERVED and path != "webxdc.js"


def _sink(path: str, files: Mapping[str, bytes]) -> bool:
    return _SINKS.search(files[path]) is not None


def _refused(files: Mapping[str, bytes]) -> str:
    try:
        archive.pack(files)
        policy.page_hashes(files)
    except BundleError as fault:
        return str(fault)
    return ""


def _pages_made(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], int]:
    """All files, with pages as a program has them and a script for the handlers of each; how many those are."""
    made, moved = dict(files), 0
    for path in sorted(files):
        if not path.endswith(".html"):
            continue
        folder, _, name = path.rpartition("/")
        script = HANDLERS if path == PAGE else f"{name.removesuffix('.html')}-{HANDLERS}"
        page = _Page(files[path].decode("utf-8", "replace"), depth=path.count("/"), files=files)
        made[path] = page.rewritten(script).encode()
        if page.handlers:
            made[f"{folder}/{script}".lstrip("/")] = page.script().encode()
        moved += len(page.handlers)
    return made, moved


class _Page(HTMLParser):
    """A page of the app. depth: of its folder. handlers: for each its element's mark, the event's name and the code."""

    def __init__(self, page: str, *, depth: int, files: Mapping[str, bytes]) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.handlers: list[tuple[int, str, str]] = []
        self._to_root = "../" * depth or "./"
        self._files = files
        self._changed: list[tuple[int, str, str]] = []
        self._lines = [0]
        for line in page.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raw = self.get_starttag_text() or ""
        line, column = self.getpos()
        tag_now = _FROM_ROOT.sub(self._from_page, raw)
        mine = [(name, code or "") for name, code in attrs if name.startswith("on")]
        if mine:
            mark = self.handlers[-1][0] + 1 if self.handlers else 0
            self.handlers += [(mark, name, code) for name, code in mine]
            end = "/>" if tag_now.endswith("/>") else ">"
            tag_now = f'{_HANDLER.sub("", tag_now).removesuffix(end)} data-webxdc-on="{mark}"{end}'
        if tag_now != raw:
            self._changed.append((self._lines[line - 1] + column, raw, tag_now))

    def _from_page(self, found: re.Match[str]) -> str:
        before, path = found.groups()
        return f"{before}{self._to_root}{path}" if path.partition("?")[0] in self._files else found[0]

    def rewritten(self, script: str) -> str:
        """The page without handlers, and with the script that has them, if there are any, as the last of its body."""
        page = self.page
        for at, raw, changed in reversed(self._changed):
            page = page[:at] + changed + page[at + len(raw) :]
        if not self.handlers:
            return page
        tag = f'<script src="{script}"></script>'
        end = page.lower().rfind("</body>")
        return page + tag if end < 0 else page[:end] + tag + page[end:]

    def script(self) -> str:
        return "".join(
            f"document.querySelector('[data-webxdc-on=\"{mark}\"]').{name} = function (event) {{ {code}\n}};\n"
            for mark, name, code in self.handlers
        )
