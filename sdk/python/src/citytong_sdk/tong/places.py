"""Which city a command speaks to: `--city`, else `$TONG_CITY`, else the project's, else the one that one is signed in
to."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from . import credentials, project
from .desk import Desk
from .errors import TongError
from .web import Web
from .web import web as at

City: TypeAlias = Annotated[str, typer.Option("--city", metavar="URL", help="The city; else the project's.")]


def web(desk: Desk, city: str) -> Web:
    """Raises: TongError when nothing says which city, or its address is none."""
    here = None if city else project.around(desk)
    told = city or desk.env.get("TONG_CITY", "") or (here.city if here else "")
    if told:
        return at(told)
    known = credentials.cities(desk)
    if len(known) == 1:
        return at(known[0])
    raise TongError(
        "TONG_WHICH_CITY",
        "Nothing says which city is meant.",
        advice="Give --city https://…, set $TONG_CITY, or write [city] url in citytong.toml.",
    )
