"""A city for `tong`, over real HTTP: the doors of the SDK's city of tests, and the developers' part of the graph.

The graph is executed against the room's own schema, so a document that the city would not take is refused here, too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from citytong_sdk.testing import FakeClock, FakePlatform
from citytong_sdk.testing.model import Asked, Lost
from graphql import GraphQLError, GraphQLSchema, build_schema, graphql_sync

from miniapps.developers.keys import signing_key

ROOT: Final = Path(__file__).parents[3]
APP: Final = "org.example.library"
# How each change of a version ends, by the field of the graph.
_ENDS: Final[Mapping[str, str]] = {
    "submitVersion": "SUBMITTED",
    "withdrawVersion": "WITHDRAWN",
    "startRollout": "ROLLING",
    "changeRollout": "ROLLING",
    "pauseRollout": "ROLLING",
    "resumeRollout": "ROLLING",
    "promoteVersion": "RELEASED",
    "rollBack": "REVOKED",
    "revokeVersion": "REVOKED",
}


def schema() -> GraphQLSchema:
    """The room's graph."""
    text = (ROOT / "miniapps/schema.graphql").read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True, assume_valid_sdl=True)


@dataclass
class TongCity:
    """base: its address. platform: all but the graph. said: what each change of the graph was asked, in order.

    tells: what happens once somebody listens, each to the version that it gives; a city without any does not stream.
    """

    base: str
    platform: FakePlatform
    graph: GraphQLSchema
    versions: list[dict[str, Any]] = field(default_factory=list)
    logs: list[dict[str, Any]] = field(default_factory=list)
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusals: list[GraphQLError] = field(default_factory=list)
    tells: list[Callable[[], dict[str, Any]]] = field(default_factory=list)

    def clear(self) -> None:
        for held in (self.versions, self.logs, self.said, self.refusals, self.tells):
            held.clear()

    def has(self, state: str, *, name: str = "1.0.0", code: int = 1, **more: Any) -> dict[str, Any]:
        """A version in this state, the newest."""
        made = _version(f"mpv_{code}", name, code, state) | more
        self.versions.insert(0, made)
        return made

    def streamed(self, body: Mapping[str, Any]) -> Iterator[bytes]:
        """What becomes of versions, as GraphQL over SSE: a beat first, as the city does."""
        yield b":\n\n"
        for happens in self.tells:
            told = self.answered(body, {"miniVersionEvents": {"version": happens()}})
            yield f"event: next\ndata: {json.dumps(told, ensure_ascii=False)}\n\n:\n\n".encode()
        yield b"event: complete\ndata: \n\n"

    def answered(self, body: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What the graph says to a developer."""
        values = root or _Root(self).values
        result = graphql_sync(self.graph, body["query"], values, variable_values=body["variables"])
        told: dict[str, Any] = {"data": result.data}
        if result.errors:
            told["errors"] = [error.formatted for error in result.errors]
        return told


@dataclass
class _Root:
    city: TongCity

    @property
    def values(self) -> dict[str, Any]:
        return {
            "developer": self._developer,
            "developerApp": self._app,
            "miniVersion": self._one,
            "createVersion": self._create,
            **{name: self._change(name, state) for name, state in _ENDS.items()},
            "endDeveloperDevice": self._end,
            **{name: self._key(name) for name in ("addDeveloperKey", "rotateDeveloperKey")},
        }

    def _developer(self, *_: Any) -> dict[str, Any]:
        self._refuse()
        owned = {"id": "mpo_test", "name": "Example Ltd", "role": "OWNER"}
        return {"id": "dev_test", "organisations": [owned]}

    def _app(self, *_: Any, appId: str) -> dict[str, Any]:
        self._refuse()
        if appId != APP:
            raise refusal("NOT_FOUND", "NOT_FOUND", "There is no such program.", thing="program")
        return {
            "appId": APP,
            "versions": lambda *_, **__: {"nodes": self.city.versions},
            "logs": self._logs,
            "statistics": lambda *_, **__: [
                {"day": "2026-11-22", "opens": 3, "people": "<10", "versions": {"1": 3}, "errors": {}, "events": {}}
            ],
        }

    def _one(self, *_: Any, id: str) -> dict[str, Any]:
        return next(one for one in self.city.versions if one["id"] == id)

    def _create(self, *_: Any, **asked: Any) -> dict[str, Any]:
        self._refuse()
        self.city.said.append(("createVersion", asked))
        return self.city.has("DRAFT", packageSha256=asked["upload"], notes=asked.get("notes") or "")

    def _change(self, name: str, state: str) -> Any:
        def change(*_: Any, **asked: Any) -> dict[str, Any]:
            self._refuse()
            self.city.said.append((name, asked))
            found = self._one(id=asked["id"])
            found["state"] = state
            if "percent" in asked:
                testers = asked.get("cohort")
                found["rollout"] = {"percent": asked["percent"], "cohort": testers, "paused": False, "versionCode": 1}
            if name in ("pauseRollout", "resumeRollout"):
                found["rollout"]["paused"] = name == "pauseRollout"
            return found

        return change

    def _end(self, *_: Any, **asked: Any) -> bool:
        self.city.said.append(("endDeveloperDevice", asked))
        return True

    def _key(self, name: str) -> Any:
        def keep(*_: Any, **asked: Any) -> dict[str, Any]:
            signing_key(
                asked["jwk"], asked["proof"], claim="organisation", whom="mpo_test", now=int(self.city.platform.clock())
            )
            self.city.said.append((name, asked))
            return {"id": asked["jwk"]["kid"]}

        return keep

    def _logs(self, *_: Any, first: int, level: str | None = None, versionCode: int | None = None, **__: Any) -> Any:
        self.city.said.append(("logs", {"first": first, "level": level, "versionCode": versionCode}))
        return {"nodes": self.city.logs[:first]}

    def _refuse(self) -> None:
        if self.city.refusals:
            raise self.city.refusals.pop(0)


def _version(id: str, name: str, code: int, state: str) -> dict[str, Any]:
    return {
        "id": id,
        "appId": APP,
        "versionName": name,
        "versionCode": code,
        "state": state,
        "packageSha256": "00" * 32,
        "filesH1": "h1:",
        "bytes": 1000,
        "notes": "",
        "createdAt": "2026-11-22T04:00:00+00:00",
        "notBefore": None,
        "asked": [],
        "granted": [],
        "rollout": None,
        "findings": [],
        "steps": [],
    }


def refusal(code: str, kind: str, message: str, **more: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code, "kind": kind, **more})


@contextmanager
def tong_city() -> Iterator[TongCity]:
    """One city on a port of its own, until the block ends."""
    lock = threading.Lock()

    class Door(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if city.tells and "text/event-stream" in headers.get("accept", ""):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream; charset=utf-8")
                self.end_headers()
                with suppress(ConnectionError):  # who has heard enough hangs up
                    for told in city.streamed(json.loads(body)):
                        self.wfile.write(told)
                return
            try:
                with lock:  # the city of tests is for one at a time
                    status, told, kind = self._told(Asked(self.command, self.path, headers, body))
            except Lost:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def _told(self, asked: Asked) -> tuple[int, bytes, str]:
            if asked.path != "/graphql":
                reply = city.platform.handle(asked)
                return reply.status, reply.body, reply.headers.get("content-type", "application/json")
            if asked.headers.get("authorization", "").startswith("Bearer "):
                return 200, json.dumps(city.answered(json.loads(asked.body))).encode(), "application/json"
            error = {"message": "Sign in.", "extensions": {"code": "UNAUTHENTICATED", "kind": "UNAUTHENTICATED"}}
            return 200, json.dumps({"data": None, "errors": [error]}).encode(), "application/json"

        do_GET = do_POST = do_PUT = _answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    base = f"http://127.0.0.1:{server.server_port}"
    city = TongCity(base, FakePlatform(url=base, clock=FakeClock()), schema())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield city
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
