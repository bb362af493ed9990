"""`tong citizens …`: the test citizens of a sandbox city, of the organisation that one is signed in for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

import typer

from . import graph, places, project
from .city import City
from .desk import Desk, Done
from .errors import TongError

Who: TypeAlias = Annotated[str, typer.Argument(help="Their id, phone, last digits of it, or name.")]


class Age(StrEnum):
    """CHILD: 7 to 13. MINOR: 14 to 17. ADULT: to 59. ELDER: to 89."""

    CHILD = "child"
    MINOR = "minor"
    ADULT = "adult"
    ELDER = "elder"


class Residence(StrEnum):
    """Whose number they have: a resident's, or that of a residence permit."""

    MAINLAND = "mainland"
    HONG_KONG = "hong-kong"
    MACAO = "macao"
    TAIWAN = "taiwan"


@dataclass(frozen=True, slots=True)
class Citizen:
    """As the city has them; the names are the graph's. id_number, born_on, age: null on real-name level 1. phone: with
    which they sign in, and to which nothing is sent.
    """

    id: str
    name: str
    phone: str
    id_number: str | None
    born_on: str | None
    age: int | None
    home_district: str | None
    real_name_level: int
    created_at: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Citizen:
        return cls(
            id=told["id"],
            name=told["name"],
            phone=told["phone"],
            id_number=told["idNumber"],
            born_on=told["bornOn"],
            age=told["age"],
            home_district=told["homeDistrict"],
            real_name_level=told["realNameLevel"],
            created_at=told["createdAt"],
        )


@dataclass(frozen=True, slots=True)
class CitizensShown:
    """citizens: the first made first."""

    city: str
    citizens: tuple[Citizen, ...]


@dataclass(frozen=True, slots=True)
class SignInCode:
    """What a real city would send. expires_at: RFC 3339."""

    code: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Shown:
    """code: that was asked for with their phone; null where none is out."""

    citizen: Citizen
    code: SignInCode | None


@dataclass(frozen=True, slots=True)
class Reset:
    """app_id: the program that knows nothing of them any more."""

    id: str
    app_id: str


@dataclass(frozen=True, slots=True)
class Removed:
    id: str


def new(
    desk: Desk,
    *,
    name: Annotated[str, typer.Option(help="Else one of a few, short and long.")] = "",
    age: Annotated[Age, typer.Option(help="Which years; the day is drawn.")] = Age.ADULT,
    level: Annotated[int, typer.Option(min=1, max=5, help="Real-name level; 1 has no id number, and no age.")] = 3,
    residence: Annotated[Residence, typer.Option(help="Whose number they have.")] = Residence.MAINLAND,
    district: Annotated[str, typer.Option(metavar="CODE", help="Where they live (GB/T 2260).")] = "",
    city: places.City = "",
) -> Done:
    """Make a test citizen in a sandbox city: somebody who is nobody, to try programs with."""
    asked = {
        "name": name or None,
        "ageGroup": age.name,
        "realNameLevel": level,
        "residence": residence.name,
        "homeDistrict": district or None,
    }
    try:
        made = Citizen.of(City(places.web(desk, city), desk).graphql(graph.NEW_CITIZEN, {"input": asked})["done"])
    except TongError as fault:
        if fault.code == "NOT_FOUND":
            fault.advice = "--district takes six digits of GB/T 2260: a district of this city."
        raise
    return Done(made, [*_lines(made), "Sign in with that phone; `tong citizens show` has the code."])


def listed(desk: Desk, *, city: places.City = "") -> Done:
    """List your organisation's test citizens."""
    there = City(places.web(desk, city), desk)
    found = all_of(there)
    lines = [line for one in found for line in _lines(one)]
    return Done(CitizensShown(there.web.base, tuple(found)), lines or ["None yet: `tong citizens new` makes one."])


def show(desk: Desk, *, who: Who, city: places.City = "") -> Done:
    """Show a test citizen, and the code that was asked for with their phone."""
    there = City(places.web(desk, city), desk)
    one = chosen(all_of(there), who)
    told = there.graphql(graph.CITIZEN_CODE, {"id": one.id})["testCitizen"]["signInCode"]
    code = SignInCode(told["code"], told["expiresAt"]) if told else None
    said = f"  code {code.code}, good until {code.expires_at}" if code else "  no code is out: ask for one in the shell"
    return Done(Shown(one, code), [*_lines(one), said])


def reset(
    desk: Desk,
    *,
    who: Who,
    app: Annotated[str, typer.Option("--app", metavar="ID", help="The program; else the project's.")] = "",
    city: places.City = "",
) -> Done:
    """Let the program know nothing of a test citizen any more: what they agreed to, what it keeps, their openid."""
    there, app_id = City(places.web(desk, city), desk), app or project.find(desk).app_id
    one = chosen(all_of(there), who)
    there.graphql(graph.RESET_CITIZEN, {"id": one.id, "app": app_id})
    return Done(Reset(one.id, app_id), [f"{app_id} knows nothing of {one.name} ({one.id})"])


def remove(desk: Desk, *, who: Who, city: places.City = "") -> Done:
    """Remove a test citizen; their account is erased within a minute or two."""
    there = City(places.web(desk, city), desk)
    one = chosen(all_of(there), who)
    there.graphql(graph.REMOVE_CITIZEN, {"id": one.id})
    return Done(Removed(one.id), [f"Removed {one.name} ({one.id})"])


def all_of(there: City) -> list[Citizen]:
    """Those of the organisation that one is signed in for. Raises: TongError."""
    return [Citizen.of(one) for one in there.graphql(graph.CITIZENS)["testCitizens"]]


def chosen(found: Sequence[Citizen], who: str) -> Citizen:
    """The one whom a person means. Raises: TongError for nobody, or several."""
    digits = "".join(letter for letter in who if letter.isdigit())
    by_phone = len(digits) >= 4 and not set(who) - set("+- 0123456789")
    meant = [one for one in found if who in (one.id, one.name) or (by_phone and one.phone.lstrip("+").endswith(digits))]
    if len(meant) == 1:
        return meant[0]
    raise TongError(
        "TONG_WHICH_CITIZEN",
        f"Several test citizens are {who!r}." if meant else f"No test citizen is {who!r}.",
        why=", ".join(f"{one.name} ({one.id})" for one in meant or found),
        advice="Say their id." if found else "Make one: tong citizens new",
    )


def _lines(one: Citizen) -> list[str]:
    facts = [f"level {one.real_name_level}"]
    facts += [f"{one.age} years"] if one.age is not None else []
    facts += [f"id number {one.id_number}"] if one.id_number else []
    facts += [f"lives in {one.home_district}"] if one.home_district else []
    return [f"{one.id}  {one.phone}  {one.name}", f"  {', '.join(facts)}"]
