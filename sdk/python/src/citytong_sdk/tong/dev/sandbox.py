"""`tong dev --sandbox`: documents answered by a sandbox city, for the test citizens of the developer's organisation.

Rules
- The program runs here as ever, and with it everything that the phone and the panel keep: what was agreed to, storage,
  codes for the program's own server. What its documents ask of the graph, the city says.
- The city is told what the panel granted, and gives no more than that, and no more than its rules let this person give.
- Who has no line to the city sees in the answer that it is away; nothing is made up in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from citytong_sdk.tong import citizens as test_citizens
from citytong_sdk.tong import graph, places
from citytong_sdk.tong.city import City
from citytong_sdk.tong.desk import Desk
from citytong_sdk.tong.errors import Exit, TongError

from .answers import Answers, refused
from .citizens import Citizen

_ELDER_FROM: Final = 60
# Whose age the city does not know counts as grown up there.
_GROWN_UP: Final = 34
_KINDS: Final = {Exit.AUTH: "FORBIDDEN", Exit.NETWORK: "UNAVAILABLE"}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """people: the test citizens, by the first label of their host here."""

    there: City = field(repr=False)
    app_id: str
    people: Mapping[str, test_citizens.Citizen] = field(repr=False)

    @classmethod
    def of(cls, desk: Desk, *, app_id: str, city: str) -> Self:
        """Raises: TongError: no sandbox, not signed in, no such program, or nobody there."""
        there = City(places.web(desk, city), desk)
        found = test_citizens.all_of(there)
        if not found:
            raise TongError(
                "TONG_WHICH_CITIZEN",
                "Your organisation has no test citizens.",
                where=there.web.base,
                advice="Make one: tong citizens new",
            )
        there.graphql(graph.APP, {"app": app_id})
        return cls(there, app_id, {label(one.id): one for one in found})

    @property
    def url(self) -> str:
        return self.there.web.base

    def chosen(self, who: str) -> str:
        """The label of whom a person means; of the first where they say nothing. Raises: TongError."""
        return label(test_citizens.chosen(list(self.people.values()), who).id) if who else next(iter(self.people))

    def citizens(self) -> Mapping[str, Citizen]:
        """As they hold a phone here."""
        return {label: _phone_of(label, one) for label, one in self.people.items()}

    def answers(self, local: Answers) -> SandboxAnswers:
        return SandboxAnswers(self, local)

    def told(self, citizen: Citizen) -> Mapping[str, Any]:
        """For the panel: which city answers, as whom."""
        one = self.people[citizen.id]
        return {"url": self.url, "id": one.id, "name": one.name, "phone": one.phone, "level": one.real_name_level}


@dataclass(frozen=True, slots=True)
class SandboxAnswers:
    """In the place of `Answers`. local: which permission a field needs."""

    sandbox: Sandbox
    local: Answers

    def answer(
        self, text: str, variables: Mapping[str, Any], allowed: Callable[[str], bool], *, citizen: str
    ) -> dict[str, Any]:
        """citizen: the label of whom it is for; empty for nobody: then the first of them, who agreed to nothing."""
        whom = self.sandbox.people[citizen or self.sandbox.chosen("")]
        asked = {
            "citizen": whom.id,
            "appId": self.sandbox.app_id,
            "document": text,
            "variables": dict(variables),
            "granted": sorted(name for name in set(self.local.scopes.values()) if allowed(name)),
        }
        try:
            told = dict(self.sandbox.there.ask_for(asked))
        except TongError as fault:
            return refused(fault.code, fault.message, kind=_KINDS.get(fault.exit, "INVALID"))
        # As the city's own door for programs: no list where there is nothing in it.
        return told if told.get("errors") else {name: value for name, value in told.items() if name != "errors"}

    def personal(self, text: str) -> Mapping[str, str]:
        return self.local.personal(text)


def label(id: str) -> str:
    """Of a host: letters, digits and hyphens, in lower case."""
    return id.lower().replace("_", "-")


def _phone_of(label: str, one: test_citizens.Citizen) -> Citizen:
    age = _GROWN_UP if one.age is None else one.age
    prefs = {"locale": "en" if one.name.isascii() else "zh-CN"}
    if age >= _ELDER_FROM:
        prefs |= {"mode": "elder", "text": "larger"}
    return Citizen(label, one.name, one.phone, age=age, prefs=prefs)
