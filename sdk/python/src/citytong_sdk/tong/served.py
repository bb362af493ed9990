"""A program as its host serves it, for a browser that asks this module for everything: no server, and no line.

A page gets the headers that the city would send with it (`bundles.policy`), and stands in a frame with the same
sandbox. The host of tests comes before its own scripts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Final
from urllib.parse import urlsplit

from citytong_sdk.bundles import manifest, policy
from citytong_sdk.bundles.hashing import app_key, files_h1, root_prefix
from citytong_sdk.bundles.statement import Profile

SHELL: Final = "https://shell.test"
_HOST_FILES: Final = "/__tong/"
_BOOT: Final = "boot.js"
_KIT: Final = ("index.js", "testing.js")
_SCHEMES: Final = {"ws": "http", "wss": "https"}
_SHELL_PAGE: Final = (
    "<!doctype html><title>tong test</title>"
    "<style>body{margin:0}iframe{border:0;width:100vw;height:100vh}</style>"
    '<iframe sandbox="allow-scripts allow-forms" allow="" src="%s"></iframe>'
)
# What asks the city, and so has no answer without a line.
_ASKS_THE_CITY: Final = (
    "login",
    "getLaunchToken",
    "getUserProfile",
    "getPhoneNumber",
    "requestPayment",
    "requestSubscribeMessage",
)
# Said on the page's console when it asks for what this run cannot give.
UNANSWERED: Final = "tong test: not answered"
_HOST: Final = """\
import {{ createMockHost }} from './testing.js';
import {{ MpError }} from './index.js';
const unanswered = () => {{
  console.debug('{unanswered}');
  throw new MpError('E_NETWORK');
}};
const host = createMockHost({{ ...{options}, graphql: unanswered }});
for (const method of {silent}) host.respond(method, unanswered);
addEventListener('pagehide', () => host.emit('appunload'));
"""
# What is thrown for want of an answer is no fault of a page that was not opened to fail without one.
_FORGIVING: Final = """\
const forgive = (event) => {
  const thrown = event.reason ?? event.error;
  const failed = thrown instanceof TypeError && thrown.message === 'Failed to fetch';
  if (failed || thrown?.code === 'E_NETWORK') event.preventDefault();
};
// A module that awaits at its top throws what it awaited.
for (const way of ['unhandledrejection', 'error']) addEventListener(way, forgive);
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """own: a file of the program, which comes over the line; all else is on the phone already."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    own: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """offline: as a phone without a line opens it."""

    files: Mapping[str, bytes] = field(repr=False)
    read: manifest.Manifest
    origin: str
    root: str
    hashes: Mapping[str, tuple[str, ...]]
    approved: Profile
    offline: bool = False

    @classmethod
    def of(cls, files: Mapping[str, bytes], read: manifest.Manifest) -> Served:
        """The program as if all that it declares were granted. Raises: BundleError."""
        manifest.check_layout(read, files)
        h1 = files_h1(files)
        approved = Profile(
            issuer=SHELL,
            issued_at=0,
            not_before=0,
            app_id=read.app_id,
            version_code=read.version_code,
            pkg_sha256="",
            files_h1=h1,
            developer_sha256="",
            review="tong test",
            capabilities=read.declared,
            connect=read.connect,
            img=read.img,
            trusted_types=read.trusted_types,
        )
        origin = f"https://{app_key(read.app_id, 'tong')}.mini.test"
        return cls(files, read, origin, f"/{root_prefix(h1)}/", policy.page_hashes(files), approved)

    @property
    def pages(self) -> list[str]:
        """Their files, in the manifest's order."""
        return [file for page in self.read.pages if (file := manifest.page_file(page, self.files))]

    def address(self, page: str) -> str:
        """Of the shell that frames this page."""
        return f"{SHELL}/?{page}"

    def answer(self, url: str) -> Answer | None:
        """What is the program's or the host's; None for anything else."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin == SHELL:
            page = _SHELL_PAGE % f"{self.origin}{self.root}{parts.query}"
            return Answer(200, {"Content-Type": "text/html"}, page.encode())
        if origin != self.origin:
            return None
        if parts.path.startswith(_HOST_FILES):
            return self._host_file(parts.path.removeprefix(_HOST_FILES), parts.query)
        path = parts.path.removeprefix(self.root)
        if path not in self.files:
            return Answer(404, {}, b"")
        told = policy.headers(path, profile=self.approved, hashes=self.hashes.get(path, ()), shell_origins=[SHELL])
        # Few browsers know it, and one that does keeps from this run what goes out everywhere else.
        del told["Connection-Allowlist"]
        content = self.files[path]
        if path.endswith(".html"):
            content = self._with_host(content, path)
        return Answer(200, told, content, own=True)

    def declared(self, url: str) -> bool:
        """Whether the manifest declares the origin of `url`."""
        parts = urlsplit(url)
        return f"{_SCHEMES.get(parts.scheme, parts.scheme)}://{parts.netloc}" in {*self.read.connect, *self.read.img}

    def _with_host(self, content: bytes, path: str) -> bytes:
        """The page, with the host of tests before its own scripts: a module, as they are, so it runs first."""
        src = f"{_HOST_FILES}{_BOOT}?{path}"
        script = f'<script src="{src}"></script>'.encode()
        return policy.inject(content, src).replace(script, f'<script type="module" src="{src}"></script>'.encode(), 1)

    def _host_file(self, name: str, path: str) -> Answer:
        script = {"Content-Type": "text/javascript", "Access-Control-Allow-Origin": "*"}
        if name in _KIT:
            return Answer(200, script, (resources.files(__package__) / "kit/dist" / name).read_bytes())
        if name != _BOOT:
            return Answer(404, {}, b"")
        page = path.removesuffix(".html")
        env = {"appId": self.read.app_id, "pages": list(self.read.pages), "platform": "devtools"}
        if self.offline:
            env["network"] = "none"
        options = json.dumps({"env": env, "launch": {"page": page if page in self.read.pages else path}})
        silent = json.dumps(_ASKS_THE_CITY if self.offline else ())
        boot = _HOST.format(options=options, silent=silent, unanswered=UNANSWERED)
        return Answer(200, script, (boot if self.offline else boot + _FORGIVING).encode())
