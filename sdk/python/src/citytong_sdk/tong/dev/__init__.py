"""`tong dev`: a city for one developer.

The production host runs the program as citizens' phones will, from the folder that is being worked on, with people who
are made up and a panel that shows and sets what a phone does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

import typer

from citytong_sdk.tong import places
from citytong_sdk.tong.desk import Desk, Done

PORT: Final = 5180


class Network(StrEnum):
    """SLOW: each answer waits 0.4 s. OFFLINE: there is none."""

    GOOD = "good"
    SLOW = "slow"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Served:
    """url: of the panel. host: what names the state of the production host that runs here. sandbox: the city that
    answers documents; null where they are made up here.
    """

    url: str
    app_id: str
    host: str
    sandbox: str | None


def run(
    desk: Desk,
    *,
    port: Annotated[int, typer.Option(help="0: one that is free.", min=0, max=65535)] = PORT,
    backend: Annotated[str, typer.Option(help="Your own server; in place of the first domain of the manifest.")] = "",
    user: Annotated[str, typer.Option(help="Who holds the phone: zh, en, zh-elder or zh-child.")] = "zh",
    device: Annotated[str, typer.Option(metavar="WxH", help="The phone's screen, as 320x568.")] = "390x760",
    network: Annotated[Network, typer.Option(help="How the city is reached at first.")] = Network.GOOD,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="A sandbox city answers, for your test citizens.")] = False,
    citizen: Annotated[str, typer.Option(metavar="WHO", help="With --sandbox: id, phone or name.")] = "",
    city: places.City = "",
) -> Done:
    """Run the program in a city of its own, and again at each save. Ctrl-C ends it."""
    from .serving import serve  # what it needs is dear, and no other command needs it

    return serve(
        desk,
        port=port,
        backend=backend,
        user=user,
        device=device,
        network=network,
        sandbox=sandbox,
        citizen=citizen,
        city=city,
    )
