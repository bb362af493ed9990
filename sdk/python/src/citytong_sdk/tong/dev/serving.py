"""Running the dev server: the project read, served, and read again whenever it is saved."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn

from citytong_sdk import review
from citytong_sdk.bundles.errors import BundleError
from citytong_sdk.review.operations import SCOPE_OF
from citytong_sdk.tong import project as projects
from citytong_sdk.tong.desk import Desk, Done
from citytong_sdk.tong.errors import TongError, of_file, of_package
from citytong_sdk.tong.project import Project

from . import Network, Served
from .answers import Answering, Answers, mocks_of
from .backend import Backend
from .citizens import people
from .city import DevCity
from .door import Door, bundle_hash, host_files
from .program import Program
from .sandbox import Sandbox
from .watching import look, saves

SLOW_MS: Final = 400
_DEVICE: Final = re.compile(r"[1-9][0-9]{2,3}x[1-9][0-9]{2,3}")
# What has no end is cut off then.
GRACE_S: Final = 1
_QUIET: Final[Mapping[str, Any]] = {"log_level": "warning", "lifespan": "off", "ws": "none", "access_log": False}
_HOST_FILES: Final = "host"
_FINDINGS_MAX: Final = 200


def serve(
    desk: Desk,
    *,
    port: int,
    backend: str,
    user: str,
    device: str,
    network: Network,
    sandbox: bool,
    citizen: str,
    city: str,
) -> Done:
    """The project is read and its address is taken; it is served until somebody ends it. Raises: TongError."""
    project = projects.find(desk)
    if citizen and not sandbox:
        raise TongError("TONG_USAGE", "Test citizens are of a sandbox city.", advice="--sandbox, or --user for here.")
    far = Sandbox.of(desk, app_id=project.app_id, city=city) if sandbox else None
    if far is not None:
        user = far.chosen(citizen)
    elif user not in people():
        raise TongError("TONG_USAGE", f"Nobody here is called {user!r}.", advice=f"There are: {', '.join(people())}.")
    if not _DEVICE.fullmatch(device):
        raise TongError("TONG_USAGE", f"{device!r} is no screen.", advice="As 390x760, in CSS pixels.")
    towards = _origin(backend)
    listening = _listening(port)
    bound = listening.getsockname()[1]
    work = Work(desk, project, towards, bound, network, far)
    work.read(build=True)
    url = f"http://localhost:{bound}/?citizen={user}&device={device}"
    served = Served(url, project.app_id, bundle_hash(work.host), far.url if far else None)
    said = (
        f"{served.app_id} runs at {served.url}",
        *([f"  {far.url} answers, as {far.people[user].name} ({far.people[user].id})"] if far else []),
        f"  host {served.host}, as the city serves it; Ctrl-C ends it",
        *work.faults(),
    )

    def then() -> None:
        with suppress(KeyboardInterrupt), listening:  # which is how it ends
            asyncio.run(work.serve(listening))

    return Done(served, said, then=then)


class _Server(uvicorn.Server):
    """Ends without a word: pages that are open listen for ever, and to cut them off is no fault."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


class Work:
    """One run of the server. watched: the files that it is read again for; with a build its sources, without one the
    program's own.
    """

    def __init__(
        self, desk: Desk, project: Project, backend: str, port: int, network: Network, sandbox: Sandbox | None
    ) -> None:
        self.desk = desk
        self.project = project
        self.backend = backend
        self.watched = [project.folder] if project.build else [project.program, project.folder / "mocks.json"]
        self.without = project.program if project.build else None
        # Before anything of it is read: what is saved while the first build runs is seen as a change.
        self._before = look(self.watched, self.without)
        self.host = host_files(host_folder())
        self.sandbox = sandbox
        self.citizens = sandbox.citizens() if sandbox else people()
        self.towards = Backend(f"http://localhost:{port}", project, self.citizens.values(), desk)
        self.city = DevCity(
            rings=self.towards.platform.rings,
            platform=self.towards,
            now=desk.now,
            answers=self._answers(),
            port=port,
            citizens=self.citizens,
            slow_ms=SLOW_MS if network is Network.SLOW else 0,
            offline=network is Network.OFFLINE,
            sandbox=sandbox.told if sandbox else None,
        )
        self.door = Door(self.city, self.host, self.towards.app)

    async def serve(self, listening: socket.socket) -> None:
        server = _Server(uvicorn.Config(self.door, timeout_graceful_shutdown=GRACE_S, **_QUIET))
        watching = asyncio.create_task(self.watch())
        try:
            await server.serve(sockets=[listening])
        finally:
            watching.cancel()

    def read(self, *, build: bool) -> None:
        """The project as it was saved. What is not sound is told, and the last sound state goes on running."""
        findings: list[Mapping[str, Any]] = []
        try:
            if build:
                self.project.built(self.desk)
            files = projects.files_of(self.project.program)
            manifest = projects.manifest_of(files, str(self.project.program))
            findings = _findings(files)
            made = Program.of(files, manifest, rings=self.city.rings, backend=self.backend, now=int(self.desk.now()))
            self.city.answers = self._answers()
            self.towards.declared = frozenset(manifest.declared)
            self.towards.templates(manifest.subscribe_templates)
            self.towards.answers(files.get(manifest.operations, b""), self.city.answers)
        except BundleError as fault:
            return self.city.saved(None, _told(of_package(fault, str(self.project.program))), findings)
        except OSError as fault:
            return self.city.saved(None, _told(of_file(fault)), findings)
        except TongError as fault:
            return self.city.saved(None, _told(fault), findings)
        return self.city.saved(made, None, findings)

    async def watch(self) -> None:
        """Read it again for each save, without an end."""
        async for _ in saves(self.watched, since=self._before, without=self.without):
            await asyncio.to_thread(self.read, build=bool(self.project.build))
            for line in self.faults() or ["saved"]:
                self.desk.note(line)

    def _answers(self) -> Answering:
        schema = self.project.folder / self.project.typegen.get("schema", "schema.graphql")
        try:
            mocks = mocks_of(self.project.folder)
        except ValueError as fault:
            raise TongError("TONG_MOCKS", "mocks.json cannot be read.", where="mocks.json", why=str(fault)) from fault
        try:
            text = schema.read_text(encoding="utf-8") if schema.is_file() else ""
        except UnicodeDecodeError as fault:
            raise TongError(
                "TONG_SCHEMA", "The city's graph cannot be read.", where=str(schema), why=str(fault)
            ) from fault
        local = Answers(schema=text, scopes=SCOPE_OF, mocks=mocks)
        return self.sandbox.answers(local) if self.sandbox else local

    def faults(self) -> list[str]:
        fault = self.city.fault
        if fault is None:
            return []
        parts = (fault["where"], fault["why"], fault["advice"] and f"→ {fault['advice']}")
        return [f"{fault['code']}: {fault['message']}", *(f"  {part}" for part in parts if part)]


def host_folder() -> Path:
    """The production host: its files are in the wheel, and in the city's repository a link leads to them."""
    return Path(str(resources("citytong_sdk"))) / _HOST_FILES


def _findings(files: Mapping[str, bytes]) -> list[Mapping[str, Any]]:
    found = review.check(files, profile="dev")
    return [
        {
            "rule": one.rule,
            "severity": one.severity.name,
            "path": one.path,
            "line": one.line,
            "message": one.message.en,
            "advice": one.advice.en,
        }
        for one in found[:_FINDINGS_MAX]
    ]


def _told(fault: TongError) -> Mapping[str, str]:
    return {name: getattr(fault, name) for name in ("code", "message", "where", "why", "advice")}


def _origin(url: str) -> str:
    """The origin of a developer's own server. Raises: TongError."""
    parts = urlsplit(url)
    if not url:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TongError("TONG_USAGE", f"{url!r} is no address of a server.", advice="As http://127.0.0.1:8001.")
    return f"{parts.scheme}://{parts.netloc}"


def _listening(port: int) -> socket.socket:
    """Loopback alone: nobody else's browser comes here. Raises: TongError."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
        made.listen()  # at once: who follows the address waits, and is not refused
    except OSError as fault:
        made.close()
        raise TongError(
            "TONG_PORT", f"Port {port} is taken.", why=fault.strerror or "", advice="--port 0 takes one that is free."
        ) from fault
    return made
