"""Subscribe messages of the developer's city: what a citizen says counts with the program's server, as in a city."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from citytong_sdk import MiniApp
from citytong_sdk.errors import CityTongError, NotSubscribed, SubscriptionSpent, TemplateUnknown
from citytong_sdk.keys import PrivateKey
from citytong_sdk.sync import SyncMiniApp
from citytong_sdk.tong import project as projects
from citytong_sdk.tong.desk import Desk
from citytong_sdk.tong.dev.answers import Answers
from citytong_sdk.tong.dev.backend import SUBSCRIBED_MAX, Backend
from citytong_sdk.tong.dev.citizens import Citizen, people
from citytong_sdk.tong.dev.city import DevCity
from citytong_sdk.tong.dev.program import Program

KEY: Final = PrivateKey.generate()


@dataclass(frozen=True)
class Work:
    """One citizen's host, and the program's server."""

    city: DevCity
    app: SyncMiniApp
    zh: Citizen
    openid: str

    def wanted(self, *names: str) -> list[str]:
        asked = self.city.graph(self.zh, "MiniSubscriptionsWanted", {"templates": names})
        return [one["choice"] for one in asked["data"]["miniSubscriptionsWanted"]]

    def says(self, accepted: Sequence[str] = (), refused: Sequence[str] = (), always: bool = False) -> dict[str, Any]:
        said = {"accepted": accepted, "refused": refused, "always": always, "text": "…"}
        return self.city.graph(self.zh, "AnswerMiniSubscriptions", said)

    def sends(self, template: str = "due") -> None:
        self.app.messages.send_subscribe(self.openid, template, {"book": "茶馆"}, page="pages/index?loan=1")

    def refused(self, error: type[CityTongError], template: str = "due") -> None:
        with pytest.raises(error):
            self.sends(template)

    @property
    def panel(self) -> dict[str, Any]:
        found: dict[str, Any] = self.city.state(self.zh)["citizen"]
        return found


@pytest.fixture
def work(project: Path) -> Work:
    """Of a new project, whose program declares the templates `due` and `new`."""
    (project / "backend").mkdir()
    (project / "backend/app.pem").write_bytes(KEY.pem())
    path = project / "program/manifest.json"
    path.write_text(path.read_text().replace("{", '{"city_subscribe_templates": ["due", "new"],', 1))
    streams = {"out": io.StringIO(), "err": io.StringIO()}
    desk = Desk({"HOME": str(project)}, project, **streams, now=lambda: 1.8e9, sleep=lambda _: None, secret=str)
    files = projects.files_of(project / "program")
    manifest = projects.manifest_of(files, "program")
    citizens = people()
    backend = Backend("http://localhost:5317", projects.read(project), citizens.values(), desk)
    backend.declared = frozenset({"city.user.openid", "city.message.subscribe"})
    backend.templates(manifest.subscribe_templates)
    city = DevCity(
        rings=backend.platform.rings,
        platform=backend,
        now=desk.now,
        answers=Answers(schema="", scopes={}, mocks={}),
        port=5317,
        citizens=citizens,
    )
    city.program = Program.of(files, manifest, rings=city.rings, backend="", now=int(desk.now()))
    platform = backend.platform
    transport = platform.sync_transport()
    app = MiniApp(app_id=manifest.app_id, key=KEY, platform=platform.url, sync_transport=transport, clock=desk.now).sync
    openid = app.auth.code2session(backend.login_code(citizens["zh"])).openid
    return Work(city, app, citizens["zh"], openid)


def test_each_yes_is_one_message_that_the_panel_shows(work: Work) -> None:
    assert work.wanted("due", "new", "elsewhere") == ["ASK", "ASK", "FILTER"]
    work.refused(NotSubscribed)
    work.says(["due"], ["new"])
    assert work.wanted("due", "new") == ["ASK", "ASK"]
    assert work.panel["subscribed"] == {"due": 1}
    work.sends()
    work.refused(SubscriptionSpent)
    work.refused(NotSubscribed, "new")
    work.refused(TemplateUnknown, "elsewhere")
    [message] = work.panel["messages"]
    assert message == {
        "id": message["id"],
        "template": "due",
        "data": {"book": "茶馆"},
        "page": "pages/index?loan=1",
    }
    assert work.panel["subscribed"] == {"due": 0}
    assert work.city.state(work.city.citizens["en"])["citizen"]["messages"] == []


def test_what_is_settled_for_always_is_not_asked_again(work: Work) -> None:
    work.says(["due", "new"])
    work.says(["due"], ["new"], always=True)
    assert work.wanted("due", "new") == ["ACCEPT", "REJECT"]
    assert work.panel["subscribed"] == {"due": 2, "new": 0}
    for _ in range(SUBSCRIBED_MAX):
        work.says(["due"])
    assert work.panel["subscribed"] == {"due": SUBSCRIBED_MAX, "new": 0}


def test_nothing_is_agreed_to_that_the_program_does_not_declare(work: Work) -> None:
    said = work.says(["due", "elsewhere"])
    assert said["errors"][0]["extensions"]["code"] == "MINIAPPS_TEMPLATE_UNKNOWN"
    assert work.panel["subscribed"] == {}


def test_who_is_forgotten_asked_for_nothing(work: Work) -> None:
    work.says(["due"], always=True)
    work.sends()
    work.city.forget(work.zh)
    assert (work.wanted("due"), work.panel["subscribed"], work.panel["messages"]) == (["ASK"], {}, [])
    work.refused(NotSubscribed)
