"""`tong keys register`: the public half of a signing key, given to the city with a proof that its owner holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from citytong_sdk.keys import PrivateKey

from . import graph, keyring, places
from .city import City
from .desk import Desk, Done
from .errors import TongError

PROOF_TYP: Final = "mini-key-proof+jwt"


@dataclass(frozen=True, slots=True)
class Registered:
    """retires: the kid of the key in whose place it is; that one signs for two weeks more."""

    organisation: str
    kid: str
    retires: str | None


def register(
    desk: Desk,
    *,
    name: Annotated[str, typer.Argument(help="The key: its name, file, or address in a token.")] = keyring.DEFAULT,
    retires: Annotated[str, typer.Option(metavar="KID", help="The key in whose place it is: `keys rotate` says.")] = "",
    organisation: Annotated[str, typer.Option(metavar="ID", help="Whose key it is, where you build for several.")] = "",
    city: places.City = "",
) -> Done:
    """Give the city a key's public half, for the organisation that you are signed in for. Its owner alone may."""
    key = keyring.load(desk, name)
    there = City(places.web(desk, city), desk)
    whose = organisation or _only(there)
    signer = PrivateKey(key.private)
    proof = signer.sign_jwt({"organisation": whose, "iat": int(desk.now())}, typ=PROOF_TYP)
    asked = {"organisation": whose, "jwk": dict(signer.jwk), "proof": proof}
    if retires:
        there.graphql(graph.ROTATE_KEY, {**asked, "retires": retires})
    else:
        there.graphql(graph.ADD_KEY, asked)
    lines = [f"{key.kid} ({name}) signs for {whose}"]
    lines += [f"  in the place of {retires}, which signs for two weeks more"] if retires else []
    return Done(Registered(whose, key.kid, retires or None), lines)


def _only(there: City) -> str:
    """The one organisation that somebody builds for. Raises: TongError for none, or several."""
    found = [one["id"] for one in there.who()["organisations"]]
    if len(found) != 1:
        raise TongError(
            "TONG_WHICH_ORGANISATION",
            "You build for several organisations." if found else "You build for no organisation.",
            why=", ".join(found),
            advice="Say which by --organisation." if found else "Register as a developer in the console.",
        )
    return str(found[0])
