"""The dev server's door: one port, and a host for each who lives there.

| host | who |
|---|---|
| `localhost`, `127.0.0.1` | the panel, and the city towards the program's backend (`/open/`, `/.well-known/`) |
| `<citizen>.localhost` | the production host of one citizen, signed in; the host's files, unchanged |
| `<appkey>.mini.localhost` | the program, with the headers that a city sends |

Rules
- Only this machine's own names are answered, so no name that somebody pointed here is (DNS rebinding).
- What changes something needs the header `X-Tong`, which no other site can send without being asked first; what the
  production host sends without it, comes from that host's own pages.
- Two things differ from a city, and nothing else: the panel may frame the host, and the host's first script (`boot.js`)
  signs its citizen in and tells the panel what goes over the bridge.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeAlias

from citytong_sdk.testing.transports import read_body

from .citizens import Citizen
from .city import DevCity
from .program import PRELOAD

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_BYTES_MAX: Final = 12 * 1024 * 1024
HEARTBEAT_S: Final = 15.0
PROGRAM_GRAPH: Final = "/mini/graphql"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_PANEL: Final = Path(__file__).parent / "panel"
_BOOT: Final = "boot.js"
_APP_TAG: Final = b'<script type="module" src="app.js"></script>'
_BOOT_TAG: Final = b'<script type="module" src="/tong/boot.js"></script>'
# The city's own, but for who may frame it.
_HOST_POLICY: Final = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
)
_PLAYER_POLICY: Final = (
    "default-src 'none'; frame-src {origin}; style-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; "
)
_PANEL_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-src http://*.localhost:{port}; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes = field(repr=False, default=b"")
    status: int = 200
    type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """host: the name, without its port."""

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """An object; an empty one for anything else."""
        try:
            found = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def json_reply(told: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(told, ensure_ascii=False).encode(), status)


_NOT_FOUND: Final = Reply(b"", 404, "text/plain", {"Access-Control-Allow-Origin": "*"})


def host_files(folder: Path) -> Mapping[str, bytes]:
    """The production host's files by their paths."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in _TYPES
    }


def bundle_hash(files: Mapping[str, bytes]) -> str:
    """What names a state of the production host: the same here and in the city that serves it (`/v-<hash>/`)."""
    return hashlib.sha256(b"".join(name.encode() + content for name, content in files.items())).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Door:
    """The application (ASGI). host: files of the production host. backend: the city towards a program's own server."""

    city: DevCity
    host: Mapping[str, bytes] = field(repr=False)
    backend: App

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        name = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
        if name in ("localhost", "127.0.0.1") and _of_the_backend(scope["path"]):
            await self.backend(scope, receive, send)
            # What it sent, and what it spent, stands in the panel.
            return self.city.tell({"type": "changed"})
        body = await read_body(receive, bytes_max=BODY_BYTES_MAX)
        asked = Asked(scope["method"], name, scope["path"], scope["query_string"].decode("latin-1"), headers, body)
        if asked.path == "/tong/events":
            return await self._events(asked, receive, send)
        if self.city.slow_ms and not asked.path.startswith("/tong/"):
            await asyncio.sleep(self.city.slow_ms / 1000)
        # A sandbox city is asked far away: nobody else waits meanwhile.
        far = self.city.sandbox is not None and asked.path == PROGRAM_GRAPH
        reply = await asyncio.to_thread(self.answer, asked) if far else self.answer(asked)
        await _send(send, reply, head=asked.method == "HEAD")

    def answer(self, asked: Asked) -> Reply:
        """Everything but what has no end."""
        if asked.host in ("localhost", "127.0.0.1"):
            return self._panel(asked)
        label = asked.host.removesuffix(".localhost")
        if label == asked.host:
            return Reply(b"This server answers for localhost alone.", 421, "text/plain")
        if citizen := self.city.citizens.get(label):
            return self._citizen(asked, citizen)
        program = self.city.program
        if program and label == f"{program.host}.mini":
            return self._program(asked)
        return _NOT_FOUND

    # --- the panel

    def _panel(self, asked: Asked) -> Reply:
        if asked.path.startswith("/tong/") and (citizen := self._meant(asked)):
            return self._control(asked, citizen)
        name = asked.path.lstrip("/") or "index.html"
        path = _PANEL / name
        if "/" in name or path.suffix not in _TYPES or name == _BOOT or not path.is_file():
            return _NOT_FOUND
        policy = _PANEL_POLICY.format(port=self.city.port)
        return Reply(path.read_bytes(), 200, _TYPES[path.suffix], {"Content-Security-Policy": policy})

    def _meant(self, asked: Asked) -> Citizen | None:
        id = dict(part.partition("=")[::2] for part in asked.query.split("&")).get("citizen", "")
        return self.city.citizens.get(id)

    def _control(self, asked: Asked, citizen: Citizen) -> Reply:
        """What the panel reads and sets."""
        city = self.city
        if asked.method == "GET" and asked.path == "/tong/state":
            host = {"hash": bundle_hash(self.host), "port": city.port}
            return json_reply({**city.state(citizen), "host": host, "trace": list(city.trace)})
        if asked.method != "POST" or "x-tong" not in asked.headers:
            return json_reply({"error": "a panel sends X-Tong"}, 403)
        said = asked.json()
        match asked.path:
            case "/tong/permission":
                citizen.settle(str(said.get("name")), str(said.get("state")))
                city.tell({"type": "capabilities", "citizen": citizen.id})
            case "/tong/network":
                city.slow_ms = max(0, min(int(said.get("slowMs", 0)), 10_000))
                city.offline = bool(said.get("offline"))
            case "/tong/forget":
                city.forget(citizen)
                city.tell({"type": "reload", "citizen": citizen.id})
            case "/tong/prefs":
                citizen.prefs |= {str(name): str(value) for name, value in said.items()}
                city.tell({"type": "prefs", "citizen": citizen.id, "prefs": citizen.prefs})
            case "/tong/do":
                city.tell({"type": str(said.get("type")), "citizen": citizen.id, **said.get("with", {})})
            case _:
                return _NOT_FOUND
        city.tell({"type": "changed"})
        return json_reply({"ok": True})

    # --- a citizen's host

    def _citizen(self, asked: Asked, citizen: Citizen) -> Reply:
        city, path = self.city, asked.path
        if asked.method == "POST":
            return self._said(asked, citizen)
        if city.offline and not path.startswith("/tong/"):
            return Reply(b"", 503, "text/plain")
        if path == "/.well-known/mini-jwks.json":
            return json_reply(city.rings.jwks())
        if path == "/.well-known/mini-revocations.json":
            return Reply(city.revocations().encode(), 200, "application/jose")
        if path.startswith("/run/"):
            return self._player()
        if path.startswith("/tong/"):
            return self._own(path, citizen)
        return self._host_file(path.lstrip("/") or "index.html")

    def _said(self, asked: Asked, citizen: Citizen) -> Reply:
        city, said = self.city, asked.json()
        if asked.headers.get("origin", own := f"http://{asked.host}:{city.port}") != own:
            return json_reply({"error": "another site speaks for no citizen"}, 403)
        if asked.path == "/tong/trace" and "x-tong" in asked.headers:
            city.noted(citizen.id, [one for one in said.get("entries", []) if isinstance(one, dict)])
            return json_reply({"ok": True})
        if asked.path == "/tong/here" and "x-tong" in asked.headers:
            city.here[citizen.id] = said
            return json_reply({"ok": True})
        if city.offline:
            return Reply(b"", 503, "text/plain")
        if asked.path == "/graphql":
            return json_reply(city.graph(citizen, str(said.get("operationName")), said.get("variables") or {}))
        if asked.path == PROGRAM_GRAPH:
            return json_reply(city.asked(citizen, said))
        return _NOT_FOUND

    def _own(self, path: str, citizen: Citizen) -> Reply:
        program = self.city.program
        if path == f"/tong/{_BOOT}":
            return Reply((_PANEL / _BOOT).read_bytes(), 200, _TYPES[".js"])
        if path == "/tong/session":
            app_id = program.manifest.app_id if program else ""
            return json_reply({"session": self.city.signed_in(citizen), "prefs": citizen.prefs, "appId": app_id})
        if program and path == f"/tong/package/{program.sha256}.ma":
            return Reply(program.package, 200, "application/miniapp-pkg+zip")
        if program and path == "/tong/icon" and program.manifest.icons:
            served = program.served(program.manifest.icons[0].src.lstrip("/"), shells=())
            return Reply(served.body, 200, served.headers["Content-Type"]) if served else _NOT_FOUND
        return _NOT_FOUND

    def _player(self) -> Reply:
        program = self.city.program
        if program is None:
            return _NOT_FOUND
        policy = _PLAYER_POLICY.format(origin=self.city.origin(program)) + self._framed_by("'self'")
        text = b"<!doctype html><html><head><meta charset='utf-8'><title>program</title></head><body></body></html>"
        return Reply(text, 200, _TYPES[".html"], {"Content-Security-Policy": policy})

    def _host_file(self, name: str) -> Reply:
        content = self.host.get(name)
        # The worker keeps the shell for when there is no line; here it would keep what was saved over.
        if content is None or name == "sw.js":
            return _NOT_FOUND
        headers = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
        if name == "index.html":
            content = content.replace(_APP_TAG, _BOOT_TAG)
            headers["Content-Security-Policy"] = _HOST_POLICY + self._framed_by("")
            headers["Permissions-Policy"] = "camera=(self), geolocation=(self), microphone=()"
        return Reply(content, 200, _TYPES[PurePosixPath(name).suffix], headers)

    def _framed_by(self, others: str) -> str:
        return f"frame-ancestors {others} {' '.join(self._panels)}"

    @property
    def _panels(self) -> tuple[str, str]:
        return f"http://localhost:{self.city.port}", f"http://127.0.0.1:{self.city.port}"

    # --- the program

    def _program(self, asked: Asked) -> Reply:
        program = self.city.program
        if program is None or asked.method not in ("GET", "HEAD"):
            return _NOT_FOUND
        if asked.path == PRELOAD:
            headers = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
            return Reply(self.host["mini/preload.js"], 200, _TYPES[".js"], headers)
        root, _, path = asked.path.lstrip("/").partition("/")
        shells = (*self._panels, *(f"http://{one}.localhost:{self.city.port}" for one in self.city.citizens))
        served = program.served(path, shells=shells) if root == program.root else None
        if served is None:
            return _NOT_FOUND
        return Reply(served.body, 200, served.headers["Content-Type"], served.headers)

    # --- what has no end

    async def _events(self, asked: Asked, receive: Receive, send: Send) -> None:
        """Server-sent events: what happened, as it happens."""
        label = asked.host.removesuffix(".localhost")
        if asked.host not in ("localhost", "127.0.0.1") and label not in self.city.citizens:
            return await _send(send, _NOT_FOUND)
        queue = self.city.listen()
        gone = asyncio.ensure_future(_gone(receive))
        await send(_start(200, {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}))
        try:
            while not gone.done():
                await send(_more(b": here\n\n"))
                told = asyncio.ensure_future(queue.get())
                await asyncio.wait({told, gone}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
                if told.done():
                    await send(_more(f"data: {json.dumps(told.result(), ensure_ascii=False)}\n\n".encode()))
                else:
                    told.cancel()
        finally:
            gone.cancel()
            self.city.unlisten(queue)


def _of_the_backend(path: str) -> bool:
    return path.startswith(("/open/", "/.well-known/"))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, reply: Reply, *, head: bool = False) -> None:
    headers = {"Cache-Control": "no-store", **reply.headers, "Content-Type": reply.type}
    await send(_start(reply.status, {**headers, "Content-Length": str(len(reply.body))}))
    await send({"type": "http.response.body", "body": b"" if head else reply.body})


def _start(status: int, headers: Mapping[str, str]) -> dict[str, Any]:
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": lines}


def _more(body: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": True}
