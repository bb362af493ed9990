"""A developer's tokens, one pair a city, in `<config>/credentials.json` (mode 0600).

A refresh token is spent by its use and answered with its successor; whoever uses one twice ends the whole family. So a
refresh happens under a lock that all processes of this user share, reads the file again behind it, and is not
interrupted between the answer and the file. Tokens are in no output, no error and no `repr`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from . import files
from .desk import Desk
from .errors import Exit, TongError

# An access token that ends sooner than this is not begun with.
_SPARE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Tokens:
    """expires_at: of the access token, in seconds of Unix time."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: int


def cities(desk: Desk) -> list[str]:
    """The cities that somebody is signed in to here."""
    return sorted(_read(desk))


def keep(desk: Desk, city: str, tokens: Tokens) -> None:
    with files.locked(_lock(desk)):
        _write(desk, {**_read(desk), city: tokens})


def forget(desk: Desk, city: str) -> Tokens | None:
    """Returns what was forgotten."""
    with files.locked(_lock(desk)):
        known = _read(desk)
        gone = known.pop(city, None)
        if gone:
            _write(desk, known)
        return gone


def fresh(desk: Desk, city: str, renew: Callable[[str], Tokens], *, refused: str = "") -> str:
    """An access token that is good for a while.

    renew: asks the city for the successors of a refresh token. refused: an access token that the city did not take;
    when the file still has it, it is renewed whatever its time. Raises: TongError, also that of `renew`; one of status
    AUTH ends what is kept.
    """
    with files.locked(_lock(desk)):
        known = _read(desk)
        tokens = known.get(city)
        if tokens is None:
            raise signed_out(city)
        if tokens.access != refused and tokens.expires_at - _SPARE_S > desk.now():
            return tokens.access
        with files.uninterrupted():
            try:
                tokens = renew(tokens.refresh)
            except TongError as fault:
                if fault.exit is Exit.AUTH:
                    _write(desk, {name: one for name, one in known.items() if name != city})
                raise
            _write(desk, {**known, city: tokens})
        return tokens.access


def signed_out(city: str) -> TongError:
    return TongError(
        "TONG_SIGNED_OUT",
        "You are not signed in.",
        where=city,
        advice=f"Sign in: tong login --city {city}",
        exit=Exit.AUTH,
    )


def path(desk: Desk) -> Path:
    return desk.config / "credentials.json"


def _read(desk: Desk) -> dict[str, Tokens]:
    file = path(desk)
    if not file.is_file():
        return {}
    try:
        told: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))["cities"]
        return {city: Tokens(one["access"], one["refresh"], one["expires_at"]) for city, one in told.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise TongError(
            "TONG_CREDENTIALS", "The credentials cannot be read.", where=str(file), advice="Remove it; sign in anew."
        ) from fault


def _write(desk: Desk, tokens: Mapping[str, Tokens]) -> None:
    told = {
        city: {"access": one.access, "refresh": one.refresh, "expires_at": one.expires_at}
        for city, one in tokens.items()
    }
    files.write(path(desk), json.dumps({"cities": told}, indent=2).encode() + b"\n", mode=files.PRIVATE)


def _lock(desk: Desk) -> Path:
    return desk.config / "credentials.lock"
