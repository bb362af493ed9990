"""The developer's city: what the production host asks the graph, answered for people who are made up.

Rules
- The host is the production one and believes nothing here that it would not believe of a city: packages, keys and the
  list of revocations are signed.
- Each citizen has a storage, permissions and a phone of their own. The program's state outlives each save.
- What the panel sets counts from the next thing that is asked.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from citytong_sdk.bundles import revocations
from citytong_sdk.keys import REVOCATIONS
from citytong_sdk.testing.model import SentMessage
from citytong_sdk.testing.rings import Rings

from .answers import Answering, documents, refused
from .citizens import Citizen, people
from .program import Program

TRACE_MAX: Final = 500
_SESSION_S: Final = 3_600
_LIST_MAX_AGE_S: Final = 3_600
_ORGANISATION: Final = {"id": "mpo_dev", "name": "tong dev", "verified": False}

Said = Mapping[str, Any]

# A city shows the words that a reviewer approved; here nobody has written any yet.
_MESSAGE: Final[Mapping[str, str]] = {
    "zh-CN": "在开发者控制台为这个模板写下的文字",
    "en": "Here are the words that you write for this template in the developer console",
}


class Platform(Protocol):
    """What gives codes and tokens that the program's backend can check (`backend.py`)."""

    def login_code(self, citizen: Citizen) -> str: ...
    def phone_code(self, citizen: Citizen) -> str: ...
    def launch_token(self, citizen: Citizen, *, scene: str) -> tuple[str, float]: ...
    def subscribe(self, citizen: Citizen, template: str) -> None: ...
    def unsubscribe(self, citizen: Citizen, template: str) -> None: ...
    def subscribed(self, citizen: Citizen) -> Mapping[str, int]: ...
    def messages(self, citizen: Citizen) -> Sequence[SentMessage]: ...
    def forget(self, citizen: Citizen) -> None: ...


@dataclass(slots=True)
class DevCity:
    """program: the last sound state of it; None until there is one. fault: why the newest is not sound. slow_ms: added
    to each answer. offline: nothing is answered. here: where in it each citizen was when their host began it anew.
    """

    rings: Rings
    platform: Platform
    now: Callable[[], float]
    answers: Answering
    port: int
    program: Program | None = None
    fault: Mapping[str, str] | None = None
    findings: list[Mapping[str, Any]] = field(default_factory=list)
    slow_ms: int = 0
    offline: bool = False
    citizens: Mapping[str, Citizen] = field(default_factory=people)
    here: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    trace: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=TRACE_MAX))
    saves: int = 0
    sandbox: Callable[[Citizen], Mapping[str, Any]] | None = None
    _listening: set[asyncio.Queue[Mapping[str, Any]]] = field(default_factory=set)

    # --- what is told to whoever looks

    def tell(self, event: Mapping[str, Any]) -> None:
        """To every panel and host that listens. One that does not read any more misses what is told."""
        for queue in self._listening:
            if not queue.full():
                queue.put_nowait(event)

    def listen(self) -> asyncio.Queue[Mapping[str, Any]]:
        queue: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(maxsize=200)
        self._listening.add(queue)
        return queue

    def unlisten(self, queue: asyncio.Queue[Mapping[str, Any]]) -> None:
        self._listening.discard(queue)

    def saved(
        self, program: Program | None, fault: Mapping[str, str] | None, findings: list[Mapping[str, Any]]
    ) -> None:
        """A new state of the program, or why there is none."""
        self.fault, self.findings = fault, findings
        self.saves += 1
        if program is not None:
            self.program = program
        self.tell({"type": "saved", "ok": program is not None})

    def noted(self, citizen: str, entries: list[Mapping[str, Any]]) -> None:
        """What went over the bridge of one citizen's host."""
        for entry in entries[-TRACE_MAX:]:
            told = {"type": "trace", "citizen": citizen, "at": self.now(), **entry}
            self.trace.append(told)
            self.tell(told)

    # --- what the panel shows and sets

    def state(self, citizen: Citizen) -> dict[str, Any]:
        program = self.program
        declared = sorted(program.manifest.declared) if program else []
        return {
            "program": program
            and {
                "appId": program.manifest.app_id,
                "name": program.manifest.name,
                "versionName": program.manifest.version_name,
                "versionCode": program.manifest.version_code,
                "bytes": len(program.package),
                "files": len(program.files),
                "h1": program.h1,
                "pages": list(program.manifest.pages),
                "connect": list(program.profile.connect),
            },
            "fault": self.fault,
            "findings": self.findings,
            "saves": self.saves,
            "sandbox": self.sandbox(citizen) if self.sandbox else None,
            "slowMs": self.slow_ms,
            "offline": self.offline,
            "citizen": {
                "id": citizen.id,
                "name": citizen.name,
                "age": citizen.age,
                "prefs": citizen.prefs,
                "stored": citizen.stored,
                "subscribed": self.platform.subscribed(citizen),
                "messages": [
                    {"id": one.id, "template": one.template, "data": one.data, "page": one.page}
                    for one in self.platform.messages(citizen)
                ],
            },
            "citizens": [{"id": one.id, "name": one.name} for one in self.citizens.values()],
            "capabilities": [
                {"name": name, "state": state, "why": why}
                for name in declared
                for state, why in [citizen.capability(name)]
            ],
        }

    def forget(self, citizen: Citizen) -> None:
        """Everything but who they are."""
        citizen.forget()
        self.platform.forget(citizen)

    # --- the graph

    def graph(self, citizen: Citizen, operation: str, said: Said) -> dict[str, Any]:
        """The answer to one operation of the host's."""
        answer = _OPERATIONS.get(operation)
        if answer is None:
            return _refused("UNAVAILABLE", f"tong dev has no {operation}: it runs one program, and no city around it.")
        return answer(self, citizen, said)

    def asked(self, citizen: Citizen, said: Said) -> dict[str, Any]:
        """`POST /mini/graphql`: what stands in the program's file of operations, by the SHA-256 of its text."""
        program = self.program
        path = program.manifest.operations if program else ""
        operations = program.files.get(path, b"") if program else b""
        text = documents(operations).get(str(said.get("documentId", "")))
        if text is None:
            return refused("MINIAPPS_DOCUMENT_UNKNOWN", "This document is not in the program's file of operations.")
        return self.answers.answer(
            text,
            said.get("variables") or {},
            lambda scope: citizen.capability(scope)[0] == "GRANTED",
            citizen=citizen.id,
        )

    def revocations(self) -> str:
        now = int(self.now())
        listed = revocations.Revocations(now, now, _LIST_MAX_AGE_S, frozenset())
        signer = self.rings.active(REVOCATIONS)
        return revocations.sign(listed, key=signer.private, kid=signer.kid)

    def signed_in(self, citizen: Citizen) -> dict[str, Any]:
        """A session as the host keeps one; nothing but this server knows it."""
        now = self.now()
        return {
            "accessToken": f"dev.{citizen.id}.session",
            "accessTokenExpiresAt": _iso(now + _SESSION_S),
            "refreshToken": f"dev-{citizen.id}",
            "tokenType": "Bearer",
            "session": {
                "id": f"ses_{citizen.id}",
                "audience": "CITIZEN",
                "lastSeenAt": _iso(now),
                "enrolling": False,
            },
        }

    def _capabilities(self, citizen: Citizen) -> list[dict[str, Any]]:
        program = self.program
        if program is None:
            return []
        words = program.words(citizen.prefs.get("locale", "zh-CN"))
        reasons = {one.name: one.reason for one in (*words.req_permissions, *words.opt_permissions)}
        return [
            {"name": name, "state": state, "why": why, "reason": reasons.get(name, "")}
            for name in sorted(program.manifest.declared)
            for state, why in [citizen.capability(name)]
        ]

    def _facts(self, citizen: Citizen) -> dict[str, Any] | None:
        if self.program is None:
            return None
        words = self.program.words(citizen.prefs.get("locale", "zh-CN"))
        return {
            "appId": words.app_id,
            "name": words.name,
            "shortName": words.short_name or words.name,
            "description": words.description,
            "category": "OTHER",
            "iconUrl": f"/tong/icon?{self.program.root}",
            "organisation": _ORGANISATION,
            "versionName": words.version_name,
            "versionCode": words.version_code,
        }

    def on_open(self, citizen: Citizen, said: Said) -> dict[str, Any]:
        program, facts = self.program, self._facts(citizen)
        if program is None or facts is None or said.get("appId") != program.manifest.app_id:
            return _refused("NOT_FOUND", "There is no such mini-program in this city.", kind="NOT_FOUND")
        manifest = program.manifest
        back = self.here.pop(citizen.id, {}) if not said.get("page") else {}
        page = said.get("page") or back.get("page")
        words = program.words(citizen.prefs.get("locale", "zh-CN"))
        window = {**program.told.get("window", {}), "navigation_bar_title_text": words.window.navigation_bar_title_text}
        release = {
            "id": "mpr_dev",
            "appId": manifest.app_id,
            "versionName": manifest.version_name,
            "versionCode": manifest.version_code,
            "packageUrl": f"/tong/package/{program.sha256}.ma",
            "packageSha256": program.sha256,
            "filesH1": program.h1,
            "origin": self.origin(program),
            "root": program.root,
            "manifest": {**program.told, "window": window},
        }
        return {
            "data": {
                "openMiniProgram": {
                    "id": f"mps_{citizen.id}",
                    "page": page if page in manifest.pages else manifest.pages[0],
                    "query": said.get("query") or back.get("query") or {},
                    "scene": said.get("scene") or "home",
                    "referrerAppId": None,
                    "trial": False,
                    "storage": citizen.stored,
                    "storageRevision": citizen.revision,
                    "program": facts,
                    "release": release,
                    "capabilities": self._capabilities(citizen),
                }
            }
        }

    def origin(self, program: Program) -> str:
        return f"http://{program.host}.mini.localhost:{self.port}"

    def on_standing(self, citizen: Citizen, _: Said) -> dict[str, Any]:
        standing = {"ended": None, "capabilities": self._capabilities(citizen)}
        return {"data": {"miniSession": standing, "miniProgram": self._facts(citizen)}}

    def on_login(self, citizen: Citizen, _: Said) -> dict[str, Any]:
        return {"data": {"miniLogin": {"code": self.platform.login_code(citizen), "expiresIn": 300}}}

    def on_launch_token(self, citizen: Citizen, _: Said) -> dict[str, Any]:
        token, until = self.platform.launch_token(citizen, scene="home")
        return {"data": {"miniLaunchToken": {"token": token, "expiresAt": _iso(until)}}}

    def on_phone_code(self, citizen: Citizen, _: Said) -> dict[str, Any]:
        return {"data": {"miniPhoneCode": {"code": self.platform.phone_code(citizen), "expiresIn": 300}}}

    def on_answer(self, citizen: Citizen, said: Said) -> dict[str, Any]:
        for name in said.get("granted", ()):
            citizen.answer(str(name), granted=True)
        for name in said.get("denied", ()):
            citizen.answer(str(name), granted=False)
        self.tell({"type": "changed"})
        return {"data": {"answerMiniPermissions": self._capabilities(citizen)}}

    def on_settle(self, citizen: Citizen, said: Said) -> dict[str, Any]:
        citizen.settle(str(said.get("name")), str(said.get("state")))
        self.tell({"type": "changed"})
        return {"data": {"setMiniPermission": self._capabilities(citizen)}}

    def on_wanted(self, citizen: Citizen, said: Said) -> dict[str, Any]:
        wanted = [self._wanted(citizen, str(name)) for name in said.get("templates", ())]
        return {"data": {"miniSubscriptionsWanted": wanted}}

    def on_subscribe(self, citizen: Citizen, said: Said) -> dict[str, Any]:
        accepted, refused = ([str(name) for name in said.get(kind, ())] for kind in ("accepted", "refused"))
        if any(self._wanted(citizen, name)["choice"] == "FILTER" for name in (*accepted, *refused)):
            return _refused("MINIAPPS_TEMPLATE_UNKNOWN", "There is no such kind of message.", kind="NOT_FOUND")
        for name in accepted:
            self.platform.subscribe(citizen, name)
        if said.get("always"):
            for name in refused:
                self.platform.unsubscribe(citizen, name)
            citizen.always |= dict.fromkeys(accepted, True) | dict.fromkeys(refused, False)
        self.tell({"type": "changed"})
        told = {"ACCEPT": accepted, "REJECT": refused}
        answers = [{"name": name, "choice": choice} for choice, names in told.items() for name in names]
        return {"data": {"answerMiniSubscriptions": answers}}

    def _wanted(self, citizen: Citizen, name: str) -> dict[str, Any]:
        """What becomes of a template that the program asks for."""
        program = self.program
        if program is None or name not in program.manifest.subscribe_templates:
            return {"name": name, "choice": "FILTER", "words": None}
        always = citizen.always.get(name)
        choice = "ASK" if always is None else "ACCEPT" if always else "REJECT"
        body = _MESSAGE[citizen.prefs.get("locale", "zh-CN")]
        return {"name": name, "choice": choice, "words": {"title": name, "body": body}}

    def on_store(self, citizen: Citizen, said: Said) -> dict[str, Any]:
        if said.get("revision") != citizen.revision:
            extensions = {"code": "MINIAPPS_STORAGE_CHANGED", "kind": "CONFLICT", "revision": citizen.revision}
            return {"data": None, "errors": [{"message": "changed", "extensions": extensions}]}
        if said.get("clear"):
            citizen.stored.clear()
        for key in said.get("removed") or ():
            citizen.stored.pop(key, None)
        citizen.stored |= said.get("put") or {}
        citizen.revision += 1
        self.tell({"type": "changed"})
        return {"data": {"writeMiniStorage": {"revision": citizen.revision}}}

    def on_logs(self, _: Citizen, said: Said) -> dict[str, Any]:
        return {"data": {"noteMiniLogs": len(said.get("entries") or ())}}

    def on_program(self, citizen: Citizen, said: Said) -> dict[str, Any]:
        facts = self._facts(citizen)
        known = facts if facts and said.get("appId") == facts["appId"] else None
        return {"data": {"miniProgram": known, "miniCapabilities": self._capabilities(citizen)}}

    def on_programs(self, citizen: Citizen, _: Said) -> dict[str, Any]:
        facts = self._facts(citizen)
        page = {"hasNextPage": False, "endCursor": None}
        return {"data": {"miniPrograms": {"nodes": [facts] if facts else [], "pageInfo": page}}}

    def on_refresh(self, citizen: Citizen, _: Said) -> dict[str, Any]:
        return {"data": {"refreshSession": self.signed_in(citizen)}}


_OPERATIONS: Final[Mapping[str, Callable[[DevCity, Citizen, Said], dict[str, Any]]]] = {
    "OpenMiniProgram": DevCity.on_open,
    "CloseMiniProgram": lambda *_: {"data": {"closeMiniProgram": True}},
    "MiniSession": DevCity.on_standing,
    "WriteMiniStorage": DevCity.on_store,
    "NoteMiniLogs": DevCity.on_logs,
    "MiniLogin": DevCity.on_login,
    "MiniLaunchToken": DevCity.on_launch_token,
    "MiniPhoneCode": DevCity.on_phone_code,
    "AnswerMiniPermissions": DevCity.on_answer,
    "MiniSubscriptionsWanted": DevCity.on_wanted,
    "AnswerMiniSubscriptions": DevCity.on_subscribe,
    "SetMiniPermission": DevCity.on_settle,
    "SetMiniPermissionOutside": DevCity.on_settle,
    "MiniPrograms": DevCity.on_programs,
    "MiniProgram": DevCity.on_program,
    "MiniName": DevCity.on_program,
    "Refresh": DevCity.on_refresh,
}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _refused(code: str, message: str, *, kind: str = "UNAVAILABLE") -> dict[str, Any]:
    return {"data": None, "errors": [{"message": message, "extensions": {"code": code, "kind": kind}}]}
