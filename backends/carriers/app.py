"""The roof of the stand-in: it listens for pushes and for mail until told to stop."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from backends.base import running
from backends.base.running import CannotStart, listening, stop_asked
from backends.carriers.account import Account
from backends.carriers.arrivals import Arrivals
from backends.carriers.http import CarriersDoor
from backends.carriers.mail import taking
from core.clock import SystemClock
from core.ids import Ids

PROJECT = "citytong-demo"


@dataclass(frozen=True, slots=True)
class Settings(running.Settings):
    """smtp_port: 0 takes a free one. credentials: where the service account for the city is written; none: nowhere."""

    backend: ClassVar[str] = "carriers"

    mongo_url: str = ""  # nothing is kept
    database: str = ""
    smtp_port: int = 0
    credentials: Path | None = None


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[dict[str, Any]]:
    """Take pushes and mail; gives where, and for which project. Raises: CannotStart."""
    clock, arrivals = SystemClock(), Arrivals()
    account = Account(PROJECT, lambda: clock.now().timestamp())
    door = CarriersDoor(account, arrivals, Ids(clock), clock)
    async with (
        listening(door.application(), settings) as fcm,
        taking(host=settings.host, port=settings.smtp_port, arrivals=arrivals, clock=clock) as smtp,
    ):
        if settings.credentials is not None:
            _write(account, settings.credentials, token_uri=f"{fcm}/token")
        yield {"fcm": fcm, "smtp": smtp, "project": PROJECT, "credentials": str(settings.credentials or "")}


def _write(account: Account, file: Path, *, token_uri: str) -> None:
    try:
        account.write(file, token_uri=token_uri)
    except OSError as fault:
        raise CannotStart(f"Cannot write {file}: choose another file with --credentials.") from fault


async def serve(settings: Settings, *, announce: Callable[[Mapping[str, Any]], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` is told once, when both are answered. Raises: CannotStart."""
    stop = stop_asked()
    async with serving(settings) as where:
        announce({**where, "pid": os.getpid()})
        await stop.wait()
