"""The city towards the program's own backend: the one of the SDK's tests, with the people of the developer's city.

Keys and openids are the same in each run, so that a server which goes on running, and what it stored, still fits.
A backend proves itself with a key of its own. Here the city knows the public half of every `backend/*.pem` of the
project, and makes one where there is none.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from citytong_sdk.errors import KeyInvalid
from citytong_sdk.keys import PrivateKey
from citytong_sdk.testing import FakePlatform
from citytong_sdk.testing import model as tests
from citytong_sdk.testing.clock import FakeClock
from citytong_sdk.tong.desk import Desk
from citytong_sdk.tong.files import PRIVATE, write
from citytong_sdk.tong.project import Project

from .answers import Answering, documents
from .citizens import Citizen

TOKEN_LIFE_S: Final = 300
# As the city has it: yeses of one citizen to one template that are not spent.
SUBSCRIBED_MAX: Final = 50
KEY: Final = "backend/app.pem"


@dataclass(frozen=True, slots=True)
class _Clock(FakeClock):
    """The machine's."""

    time: Callable[[], float]

    def __call__(self) -> float:
        return self.time()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, seconds: float) -> None:
        """Time passes by itself here."""


class Backend:
    """What `DevCity` asks for codes and tokens (its protocol `Platform`). declared: permissions of the program, now."""

    def __init__(self, url: str, project: Project, citizens: Iterable[Citizen], desk: Desk) -> None:
        now = desk.now
        self.platform: Final = FakePlatform(url=url, clock=_Clock(now), seed=_seed(desk, project.app_id))
        self.declared: frozenset[str] = frozenset()
        self._now: Final = now
        self._known: dict[str, tuple[Citizen, tests.Citizen]] = {}
        self.platform.register(project.app_id, keys=[key.jwk for key in _keys(project.folder)])
        for citizen in citizens:
            self.platform.run(self._person(citizen))
        # From here on nothing is as it was in an earlier run: a code or token that comes again would be refused.
        self.platform.random.seed(secrets.randbits(64))

    def templates(self, names: Iterable[str]) -> None:
        """Of the subscribe messages that the program declares, now."""
        self.platform.app().templates = frozenset(names)

    async def app(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """`/open/` and `/.well-known/` (ASGI)."""
        for citizen in list(self._known):
            self._person(self._known[citizen][0])
        await self.platform.asgi(scope, receive, send)

    def answers(self, operations: bytes, by: Answering) -> None:
        """What the program's documents are answered, also on behalf of a citizen."""
        for id, text in documents(operations).items():
            withheld = by.personal(text)
            self.platform.answer(id, self._answer(text, by), personal=bool(withheld), withheld=withheld)

    def login_code(self, citizen: Citizen) -> str:
        return self.platform.login_code(self._person(citizen))

    def phone_code(self, citizen: Citizen) -> str:
        return self.platform.phone_code(self._person(citizen))

    def launch_token(self, citizen: Citizen, *, scene: str) -> tuple[str, float]:
        return self.platform.launch_token(self._person(citizen), scene=scene), self._now() + TOKEN_LIFE_S

    # --- messages that a citizen asked for

    def subscribe(self, citizen: Citizen, template: str) -> None:
        """One message more."""
        left = self.subscribed(citizen).get(template, 0)
        self.platform.subscribe(self._person(citizen), template, times=min(left + 1, SUBSCRIBED_MAX))

    def unsubscribe(self, citizen: Citizen, template: str) -> None:
        """None any more, until they say yes again."""
        self.platform.subscribe(self._person(citizen), template, times=0)

    def subscribed(self, citizen: Citizen) -> Mapping[str, int]:
        """How many of each template they still want."""
        openid = self._openid(citizen)
        return {template: left for (who, template), left in self.platform.subscriptions.items() if who == openid}

    def messages(self, citizen: Citizen) -> Sequence[tests.SentMessage]:
        """What the program's server sent them, oldest first."""
        openid = self._openid(citizen)
        return [one for one in self.platform.sent_messages if one.openid == openid]

    def forget(self, citizen: Citizen) -> None:
        """What they asked for, and what they were sent."""
        openid, platform = self._openid(citizen), self.platform
        for template in self.subscribed(citizen):
            del platform.subscriptions[openid, template]
        platform.sent_messages[:] = [one for one in platform.sent_messages if one.openid != openid]

    def _answer(self, text: str, by: Answering) -> Callable[[Mapping[str, Any], tests.Citizen | None], Any]:
        def answer(variables: Mapping[str, Any], person: tests.Citizen | None) -> Any:
            allowed = person.grants if person else set()
            whom = next((label for label, (_, known) in self._known.items() if known is person), "")
            return by.answer(text, variables, lambda scope: scope in allowed, citizen=whom)["data"]

        return answer

    def _openid(self, citizen: Citizen) -> str:
        return self.platform.openid(self._person(citizen))

    def _person(self, citizen: Citizen) -> tests.Citizen:
        """The same citizen for the backend's doors, with what they allow now."""
        if citizen.id not in self._known:
            self._known[citizen.id] = (citizen, self.platform.citizen(phone=citizen.phone, grants=()))
        _, person = self._known[citizen.id]
        person.grants = {name for name in self.declared if citizen.capability(name)[0] == "GRANTED"}
        return person


def _seed(desk: Desk, app_id: str) -> int:
    """Of this machine's cities for this program."""
    path = desk.state / "dev" / app_id
    if not path.is_file():
        write(path, secrets.token_hex(16).encode(), mode=PRIVATE)
    return int.from_bytes(hashlib.sha256(path.read_bytes()).digest())


def _keys(folder: Path) -> list[PrivateKey]:
    """The backend's keys; one that is sealed or is none is passed over."""
    home = folder / "backend"
    if home.is_dir() and not any(home.glob("*.pem")):
        write(folder / KEY, PrivateKey.generate().pem(), mode=PRIVATE)
    found = []
    for path in sorted(home.glob("*.pem")):
        try:
            found.append(PrivateKey.from_file(path))
        except (KeyInvalid, OSError):
            continue
    return found
