"""A small city for programs: the shell's files, programs on hosts of their own with the city's policy, and answers to
what the runtime asks the graph. What the graph would say is said by this stage; all else is the real thing.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import Browser, Page, async_playwright

from api.web.replies import SECURITY_HEADERS
from api.web.shell import Shell
from core.files import File
from miniapps.bundles import blocks, policy, revocations, statement, tlog
from miniapps.bundles.archive import pack
from miniapps.bundles.hashing import files_h1, sha256_hex
from miniapps.bundles.html import inline_script_hashes
from miniapps.bundles.statement import Profile, Statement
from miniapps.releases import hints
from miniapps.releases.http import player_policy
from miniapps.releases.serving import HostFiles
from tests.browser.shell_phone import CHROMIUM_ARGS, chromium

HOST: Final = Path("miniapps/host")
OURS: Final = Path(__file__).parent / "mini"
APP: Final = "org.example.library"
OTHER: Final = "org.example.other"
SPA: Final = "org.example.spa"
ROOT: Final = "abcdefghij234567"
LOG: Final = "city.example/mini-log"
HOST_FILES: Final = HostFiles.shipped()

_PAGE: Final = b"""<!doctype html><html><head><meta charset="utf-8"><title>page</title>
<script type="module" src="../../common/program.js"></script></head>
<body><h1>Page</h1><button>tap</button></body></html>"""
PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_HARNESS: Final = """<!doctype html><html data-theme="light" data-mode="standard" data-text="normal"><head>
<meta http-equiv="Content-Security-Policy" content="require-trusted-types-for 'script'; trusted-types 'none'">
<link rel="icon" href="data:,"><link rel="stylesheet" href="tokens.css"><title>harness</title></head><body>
<button id="host">host</button><script type="module" src="/tests/harness.js"></script></body></html>"""


async def to_harness(page: Page, base: str) -> Page:
    """`page` with the stand-in for the shell's screens, somebody signed in."""
    await page.goto(f"{base}/harness")
    await page.wait_for_selector("html[data-ready]", state="attached")
    await page.evaluate("signIn()")
    return page


@asynccontextmanager
async def isolating_browser() -> AsyncIterator[Browser]:
    """A Chromium in which each site has processes of its own, as programs need it."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=chromium(), args=[*CHROMIUM_ARGS, "--site-per-process"]
        )
        yield opened
        await opened.close()


def files_of(app_id: str, pages: tuple[str, ...], **more: Any) -> dict[str, bytes]:
    manifest = {
        "app_id": app_id,
        "name": app_id,
        "icons": [{"src": "common/i.png"}],
        "pages": list(pages),
        "platform_version": {"min_code": 1},
        "version": {"code": 3, "name": "1.0.3"},
        **more,
    }
    return {
        "manifest.json": json.dumps(manifest).encode(),
        "app.js": b"",
        "app.css": b"",
        "common/i.png": PIXEL,
        "common/program.js": (OURS / "program.js").read_bytes(),
        **{f"{page}.html": _PAGE for page in pages},
    }


PAGES: Final = tuple(f"pages/{name}/{name}" for name in ("home", "loan", "me", "evil"))
FILES: Final = {
    APP: files_of(
        APP,
        PAGES,
        window={"navigation_bar_title_text": "Library", "enable_pull_down_refresh": True},
        city_tab_bar={"items": [{"page": PAGES[0], "text": "Home"}, {"page": PAGES[2], "text": "Me"}]},
    ),
    OTHER: files_of(OTHER, PAGES[:2]),
    SPA: files_of(SPA, ("pages/home/home",)),
}


@dataclass(slots=True)
class Stage:
    """asked: GraphQL operations with their variables. capabilities:
    what the city says that a program may do. spoilt: a byte of packages that is changed on their way. down: nobody
    answers; missed: what was asked for then. answers: clear, the graph says nothing yet. refused: why it opens no
    program. pages: those that were served."""

    port: int
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    capabilities: dict[str, str] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)
    revision: int = 0
    ended: str | None = None
    refused: str | None = None
    version_code: int = 3
    spoilt: int | None = None
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    down: bool = False
    missed: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    shell: Shell = field(init=False)
    _keys: Mapping[str, Ed25519PrivateKey] = field(init=False, repr=False)
    _made: dict[bytes, dict[tuple[str, str], File]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.shell = Shell(HOST, live=True)
        self._keys = {kid: Ed25519PrivateKey.generate() for kid in ("dev", "city", "log", "list")}

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def begin(self) -> None:
        """As it is at first."""
        self.asked.clear()
        self.stored.clear()
        self.revoked.clear()
        self.pages.clear()
        self.spoilt = None
        self.answers.set()
        self.down = False
        self.missed.clear()
        self.capabilities = {
            "city.user.openid": "GRANTED",
            "city.user.phone": "PROMPT",
            "city.device.clipboard": "GRANTED",
            "city.device.location.fuzzy": "DENIED",
        }
        self.revision, self.ended, self.refused, self.version_code = 0, None, None, 3

    def origin(self, app_id: str) -> str:
        return f"http://{app_id.replace('.', '-')}.mini.localhost:{self.port}"

    # --- the door

    @web.middleware
    async def by_host(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.down and request.transport is not None:
            self.missed.append(str(request.url))
            request.transport.abort()
        if request.url.host == "127.0.0.1":
            answer: web.StreamResponse = await handler(request)
            for name, value in SECURITY_HEADERS.items():
                answer.headers.setdefault(name, value)
            return answer
        return self.program_file(request)

    def program_file(self, request: web.Request) -> web.Response:
        if request.path.startswith("/__mini/"):
            return HOST_FILES.files[request.path.removeprefix("/__mini/")].answer(request)
        app_id = next(one for one in FILES if str(request.url.host).startswith(one.replace(".", "-")))
        root, _, path = request.path.lstrip("/").partition("/")
        content = FILES[app_id].get(path) if root == ROOT else None
        if content is None:
            return web.Response(status=404, headers={"Access-Control-Allow-Origin": "*"})
        if path.endswith(".html"):
            self.pages.append(request.path_qs)
        return self.file(app_id, path, content).answer(request)

    def file(self, app_id: str, path: str, content: bytes) -> File:
        """Made once for each content, as the city does."""
        if (made := self._made.get(content, {}).get((app_id, path))) is not None:
            return made
        page = path.endswith(".html")
        hashes = inline_script_hashes(content) if page else ()
        headers = policy.headers(path, profile=profile(app_id), hashes=hashes, shell_origins=[self.base])
        if page:
            headers |= {"Link": hints.modules(path, FILES[app_id]), "Cache-Control": "no-cache"}
        made = File.of(policy.inject(content, "/__mini/preload.js") if page else content, headers)
        self._made.setdefault(content, {})[app_id, path] = made
        return made

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/harness", self.harness),
            web.get("/tests/{name}", self.ours),
            web.get("/run/{app_id}", self.player),
            web.get("/mini/packages/{app_id}.ma", self.package),
            web.get("/.well-known/mini-jwks.json", self.keys),
            web.get("/.well-known/mini-revocations.json", self.revocations),
            web.post("/graphql", self.graphql),
            web.post("/mini/graphql", self.mini_graphql),
            *self.shell.routes(),
        ]

    async def harness(self, _: web.Request) -> web.Response:
        return web.Response(text=_HARNESS, content_type="text/html")

    async def ours(self, request: web.Request) -> web.Response:
        text = (OURS / Path(request.match_info["name"]).name).read_text()
        return web.Response(text=text, content_type="text/javascript")

    async def player(self, request: web.Request) -> web.Response:
        csp = player_policy(self.origin(request.match_info["app_id"]))
        text = "<!doctype html><html><head><title>p</title></head><body></body></html>"
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": csp})

    async def package(self, request: web.Request) -> web.Response:
        package = bytearray(self.signed(FILES[request.match_info["app_id"]]))
        if self.spoilt is not None:
            package[self.spoilt] ^= 1
        return web.Response(body=bytes(package))

    async def keys(self, _: web.Request) -> web.Response:
        own = {"mini-developer": "dev", "mini-platform": "city", "mini-log": "log", "mini-revocations": "list"}
        told = [
            {**_jwk(self._keys[kid], kid), "city_purpose": purpose, "city_log": LOG} for purpose, kid in own.items()
        ]
        return web.json_response({"keys": told}, headers={"Cache-Control": "public, max-age=300"})

    async def revocations(self, _: web.Request) -> web.Response:
        listed = revocations.Revocations(1, int(time.time()), 3600, frozenset(self.revoked))
        return web.Response(text=revocations.sign(listed, key=self._keys["list"], kid="list"))

    def signed(self, files: Mapping[str, bytes]) -> bytes:
        unsigned = pack(files)
        said = statement.make(unsigned, built_with="tests", created=0)
        developer = statement.sign_developer(said, key=self._keys["dev"], kid="dev")
        approved = profile(said.app_id, said, developer)
        platform = statement.sign_platform(approved, key=self._keys["city"], kid="city")
        entry = tlog.leaf_hash(statement.log_entry(said, developer=developer, platform=platform))
        checkpoint = tlog.sign_checkpoint(tlog.Checkpoint(LOG, 1, tlog.root([entry])), self._keys["log"])
        proof = tlog.write_proof(0, [], checkpoint).encode()
        return blocks.join(unsigned, {blocks.DEVELOPER: developer, blocks.PLATFORM: platform, blocks.LOG_PROOF: proof})

    # --- the graph

    async def graphql(self, request: web.Request) -> web.Response:
        said = await request.json()
        name, variables = said["operationName"], said["variables"]
        self.asked.append((name, variables))
        await self.answers.wait()
        return web.json_response(getattr(self, f"on_{name}")(variables))

    async def mini_graphql(self, request: web.Request) -> web.Response:
        said = await request.json()
        self.asked.append(("/mini/graphql", said))
        return web.json_response({"data": {"citizen": {"phone": None}}, "withheld": ["Citizen.phone"]})

    def on_OpenMiniProgram(self, said: Mapping[str, Any]) -> dict[str, Any]:
        if self.refused:
            why = {"code": self.refused, "kind": "CONFLICT"}
            return {"data": None, "errors": [{"message": "no", "extensions": why}]}
        app_id = said["appId"]
        manifest = json.loads(FILES[app_id]["manifest.json"])
        release = {
            "id": "mpr_1",
            "appId": app_id,
            "versionName": "1.0.3",
            "versionCode": self.version_code,
            "packageUrl": f"/mini/packages/{app_id}.ma",
            **_hashes(tuple(FILES[app_id].items())),
            "origin": self.origin(app_id),
            "root": ROOT,
            "manifest": manifest,
        }
        organisation = {"id": "mpo_1", "name": "Library of Example", "verified": True}
        program = {"appId": app_id, "name": app_id, "shortName": "lib", "iconUrl": None, "versionName": "1.0.3"}
        session = {
            "id": f"mps_{app_id}",
            "page": said["page"] or manifest["pages"][0],
            "query": said["query"],
            "scene": said["scene"],
            "referrerAppId": APP if said["referrer"] else None,
            "trial": said["scene"] == "trial",
            "storage": self.stored,
            "storageRevision": self.revision,
            "program": {**program, "organisation": organisation},
            "release": release,
            "capabilities": self.told(),
        }
        return {"data": {"openMiniProgram": session}}

    def on_MiniSession(self, _: Mapping[str, Any]) -> dict[str, Any]:
        newest = {"versionName": "1.0.4", "versionCode": self.version_code}
        return {"data": {"miniSession": {"ended": self.ended, "capabilities": self.told()}, "miniProgram": newest}}

    def on_CloseMiniProgram(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"data": {"closeMiniProgram": True}}

    def on_MiniLogin(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"data": {"miniLogin": {"code": "lc_1", "expiresIn": 300}}}

    def on_MiniPhoneCode(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"data": {"miniPhoneCode": {"code": "pc_1", "expiresIn": 300}}}

    def on_MiniSubscriptionsWanted(self, said: Mapping[str, Any]) -> dict[str, Any]:
        choices = {"due": "ASK", "new": "ASK", "news": "ACCEPT", "sale": "BAN"}
        words = {"title": "{book} is due", "body": "Bring {book} back by {day}."}
        told = [{"name": name, "choice": choices.get(name, "FILTER"), "words": words} for name in said["templates"]]
        return {"data": {"miniSubscriptionsWanted": told}}

    def on_AnswerMiniSubscriptions(self, said: Mapping[str, Any]) -> dict[str, Any]:
        return {"data": {"answerMiniSubscriptions": [{"name": name, "choice": "ACCEPT"} for name in said["accepted"]]}}

    def on_AnswerMiniPermissions(self, said: Mapping[str, Any]) -> dict[str, Any]:
        self.capabilities |= dict.fromkeys(said["granted"], "GRANTED")
        return {"data": {"answerMiniPermissions": self.told()}}

    def on_WriteMiniStorage(self, said: Mapping[str, Any]) -> dict[str, Any]:
        if said["revision"] != self.revision:
            gone = {"code": "MINIAPPS_STORAGE_CHANGED", "kind": "CONFLICT", "revision": self.revision}
            return {"data": None, "errors": [{"message": "changed", "extensions": gone}]}
        if said["clear"]:
            self.stored.clear()
        for key in said["removed"]:
            self.stored.pop(key, None)
        self.stored |= said["put"]
        self.revision += 1
        return {"data": {"writeMiniStorage": {"revision": self.revision}}}

    def on_NoteMiniLogs(self, said: Mapping[str, Any]) -> dict[str, Any]:
        return {"data": {"noteMiniLogs": len(said["entries"])}}

    def told(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "state": state, "why": None if state == "GRANTED" else "consent", "reason": "because"}
            for name, state in self.capabilities.items()
        ]


@cache
def _hashes(files: tuple[tuple[str, bytes], ...]) -> dict[str, str]:
    return {"packageSha256": sha256_hex(pack(dict(files))), "filesH1": files_h1(dict(files))}


def profile(app_id: str, said: Statement | None = None, developer: bytes = b"") -> Profile:
    return Profile(
        issuer="city",
        issued_at=0,
        not_before=0,
        app_id=app_id,
        version_code=said.version_code if said else 3,
        pkg_sha256=said.pkg_sha256 if said else "",
        files_h1=said.files_h1 if said else "",
        developer_sha256=sha256_hex(developer),
        review="",
    )


def _jwk(key: Ed25519PrivateKey, kid: str) -> dict[str, str]:
    raw = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=")
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": raw.decode()}


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        listening = asked.dup()
    stage = Stage(port=listening.getsockname()[1])
    app = web.Application(middlewares=[stage.by_host])
    app.add_routes(stage.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield stage
    finally:
        await runner.cleanup()
