"""A developer for the demonstration city: a studio in somebody's own name, with a program that has no version yet.

Its keys are made by whoever tries it out: `tong login`, then `tong keys new`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.principal import Principal, PrincipalKind
from miniapps.developers.registering import Registering
from miniapps.releases.model import Category

WHO: Final = "zhang"
NAME: Final = "胡同工作室 Hutong Studio"
APP: Final = "studio.hutong.hello"
_NAMES: Final = {"zh-CN": "胡同你好", "en": "Hello Hutong"}


async def load_demo(*, registering: Registering, people: Mapping[str, str]) -> None:
    """Add what is missing. people: account ids by nickname."""
    who = people[WHO]
    principal = Principal(PrincipalKind.CITIZEN, who, who, scopes=frozenset({"citizen"}))
    studio = await registering.register(principal=principal, of=None, name=NAME)
    await registering.register_app(
        principal=principal,
        organisation=studio.organisation.id,
        app_id=APP,
        category=Category.LIVING,
        names=_NAMES,
    )
