"""The people of the developer's city, each with an origin, a storage and answers of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# Who is younger agrees to nothing by themself (PIPL article 31).
CONSENT_AGE: Final = 14
ADULT: Final = 18
_ADULTS_ALONE: Final = frozenset({"city.user.realname", "city.device.biometry", "city.pay"})
# Nobody is asked before these: they are settled with each use, or tell nothing of a person.
_UNASKED: Final = frozenset({"city.user.openid", "city.pay", "city.message.subscribe", "city.web.own-origin"})
REFUSALS_MAX: Final = 2


@dataclass(slots=True)
class Citizen:
    """id: the first label of their host. prefs: how their host looks (`prefs.js`). answers: what they said to each
    permission. refusals: how often they said no. stored: what the program keeps for them. always: templates whose
    messages they settled once and for all; how many they have said yes to, `backend.py` knows.
    """

    id: str
    name: str
    phone: str = field(repr=False)
    age: int = 34
    prefs: dict[str, str] = field(default_factory=dict)
    answers: dict[str, bool] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict, repr=False)
    revision: int = 0
    always: dict[str, bool] = field(default_factory=dict)

    def forget(self) -> None:
        """Everything but who they are: as if they opened the program for the first time."""
        self.answers.clear()
        self.refusals.clear()
        self.stored.clear()
        self.always.clear()
        self.revision += 1

    def answer(self, name: str, granted: bool) -> None:
        self.answers[name] = granted
        if not granted:
            self.refusals[name] = self.refusals.get(name, 0) + 1

    def settle(self, name: str, state: str) -> None:
        """As in the city's settings: given, refused for good, or to be asked again."""
        self.refusals.pop(name, None)
        self.answers.pop(name, None)
        if state != "PROMPT":
            self.answers[name] = state == "GRANTED"
            self.refusals[name] = REFUSALS_MAX if state == "DENIED" else 0

    def capability(self, name: str) -> tuple[str, str]:
        """State and which rule decided, as a city decides. Review granted all that the program declares."""
        asked = name not in _UNASKED
        if (self.age < CONSENT_AGE and asked) or (self.age < ADULT and name in _ADULTS_ALONE):
            return "UNAVAILABLE", "policy"
        if not asked or self.answers.get(name):
            return "GRANTED", ""
        if name in self.answers or self.refusals.get(name, 0) >= REFUSALS_MAX:
            return "DENIED", "consent"
        return "PROMPT", "consent"


def people() -> Mapping[str, Citizen]:
    """Who lives in the developer's city."""
    elder = {"locale": "zh-CN", "mode": "elder", "text": "larger"}
    everyone = (
        Citizen("zh", "张晓明", "+8613800000001", prefs={"locale": "zh-CN"}),
        Citizen("en", "Alex Chen", "+8613800000002", prefs={"locale": "en"}),
        Citizen("zh-elder", "李桂英", "+8613800000003", age=72, prefs=elder),
        Citizen("zh-child", "王小宝", "+8613800000004", age=12, prefs={"locale": "zh-CN"}),
    )
    return {one.id: one for one in everyone}
