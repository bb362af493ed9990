"""What the tests of the carriers say often."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from core.locale import Locale
from notifications.channels import Parcel
from notifications.model import Priority, TargetKind

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class StandIn:
    """ready: what the process said when it was."""

    session: aiohttp.ClientSession
    ready: dict[str, Any]

    async def behave(self, targets: dict[str, Any]) -> int:
        async with self.session.put("/behaviour", data=orjson.dumps({"targets": targets})) as response:
            return response.status

    async def arrived(self, to: str) -> list[dict[str, Any]]:
        async with self.session.get("/messages", params={"to": to}) as response:
            found: list[dict[str, Any]] = orjson.loads(await response.read())["messages"]
            return found


def parcel(to: str, **changes: Any) -> Parcel:
    values: dict[str, Any] = {
        "id": "dlv_1",
        "kind": TargetKind.EMAIL if "@" in to else TargetKind.FID,
        "to": to,
        "locale": Locale.ZH_CN,
        "title": "您有一份新账单，请查看",
        "text": "十一月电费，金额¥86.40。",
        "link": "/bills/bil_1",
        "priority": Priority.IMPORTANT,
        "lives_s": 3600,
    }
    return Parcel(**{**values, **changes})
