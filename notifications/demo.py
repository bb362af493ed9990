"""How the demonstration city reaches its people. Loaded where the demo switch is on, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from core.locale import Locale
from core.principal import Principal, PrincipalKind
from notifications.model import Channel, Platform, Preferences, TargetKind
from notifications.service import Notifications, random_code

DEMO_EMAIL: Final = "zhang@example.cn"
DEMO_INSTALLATION: Final = "demo-installation-zhang"


async def load_demo(*, room: Notifications, people: Mapping[str, str]) -> None:
    """Zhang has a phone, an e-mail address where the city sends mail, and no quiet hours: a demonstration may be late.

    Adds what is missing and changes nothing that is there. people: nickname → account id.
    """
    zhang = people["zhang"]
    principal = Principal(PrincipalKind.CITIZEN, actor=zhang, subject=zhang, scopes=frozenset({"citizen"}))
    reach = await room.reach_of(principal=principal, citizen_id=zhang)
    if reach.preferences == Preferences():
        await room.prefer(principal=principal, quiet=None)
    if not reach.targets:
        await room.register_push(
            principal=principal,
            kind=TargetKind.FID,
            value=DEMO_INSTALLATION,
            platform=Platform.ANDROID,
            language=Locale.ZH_CN,
        )
    if Channel.EMAIL in room.channels and not reach.email:
        await _own_email(room, principal)


async def _own_email(room: Notifications, principal: Principal) -> None:
    """As a citizen does it: ask for a code, and enter it."""
    code = random_code()
    asking = replace(room, new_code=lambda: code)
    await asking.set_email(principal=principal, address=DEMO_EMAIL, language=Locale.ZH_CN)
    await asking.confirm_email(principal=principal, code=code)
