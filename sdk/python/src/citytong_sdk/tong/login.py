"""`tong login` and `tong logout`."""

from __future__ import annotations

from dataclasses import dataclass

from citytong_sdk.bundles.encoding import from_b64url, json_object

from . import credentials, graph, places
from .city import City
from .desk import Desk, Done
from .errors import TongError


@dataclass(frozen=True, slots=True)
class Organisation:
    id: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """developer: `dev_…`. organisations: those that this sign-in may build for."""

    city: str
    developer: str
    organisations: tuple[Organisation, ...]


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """was: whether anybody was signed in. ended: whether the city knows; else it ends by itself after thirty days."""

    city: str
    was: bool
    ended: bool


def login(desk: Desk, *, city: places.City = "") -> Done:
    """Sign in: open the address on a screen where you are signed in to the city, and compare the code."""
    there = City(places.web(desk, city), desk)
    there.sign_in()
    who = there.who()
    result = LoggedIn(
        city=there.web.base,
        developer=who["id"],
        organisations=tuple(Organisation(one["id"], one["name"], one["role"]) for one in who["organisations"]),
    )
    lines = [f"  {one.id} {one.name} ({one.role.lower()})" for one in result.organisations]
    return Done(result, [f"Signed in to {result.city} as {result.developer}", *lines])


def logout(desk: Desk, *, city: places.City = "") -> Done:
    """Sign out: the city ends this machine's sign-in, and its tokens are forgotten here."""
    there = City(places.web(desk, city), desk)
    where = there.web.base
    ended = _ended(there) if where in credentials.cities(desk) else False
    was = credentials.forget(desk, where) is not None or ended
    lines = [f"Signed out of {where}" if was else f"Nobody was signed in to {where}"]
    lines += ["  The city could not be told: end it in the console, or it ends after thirty days."] * (
        was and not ended
    )
    return Done(LoggedOut(where, was, ended), lines)


def _ended(there: City) -> bool:
    """Whether the city ended the sign-in whose name the token holds (`sid`)."""
    try:
        token = credentials.fresh(there.desk, there.web.base, there.renew)
        device = json_object(from_b64url(token.split(".")[1])).get("sid")
        return bool(device and there.graphql(graph.END_DEVICE, {"id": device})["done"])
    except (TongError, ValueError, IndexError):
        return False
