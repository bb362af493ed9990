"""CityTong for developers: packages of mini-programs, the bridge, and what a backend needs.

What a backend uses most is here; each part is loaded when it is first named, so that a tool which only packs a
program does not wait for an HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .app import MiniApp, Seen
    from .asking import Answer, TypedDocument
    from .auth import Claims, Session
    from .calls import Limits
    from .city import Options
    from .errors import CityTongError
    from .keys import DecryptionKey, PrivateKey
    from .phone import PhoneNumber
    from .replay import MemoryReplay, RedisReplay
    from .sync import SyncMiniApp

__version__: Final = "0.1.0"
__all__ = [
    "Answer",
    "CityTongError",
    "Claims",
    "DecryptionKey",
    "Limits",
    "MemoryReplay",
    "MiniApp",
    "Options",
    "PhoneNumber",
    "PrivateKey",
    "RedisReplay",
    "Seen",
    "Session",
    "SyncMiniApp",
    "TypedDocument",
]

_WHERE: Final = {
    "Answer": "asking",
    "CityTongError": "errors",
    "Claims": "auth",
    "DecryptionKey": "keys",
    "Limits": "calls",
    "MemoryReplay": "replay",
    "MiniApp": "app",
    "Seen": "app",
    "Options": "city",
    "PhoneNumber": "phone",
    "PrivateKey": "keys",
    "RedisReplay": "replay",
    "Session": "auth",
    "SyncMiniApp": "sync",
    "TypedDocument": "asking",
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_WHERE[name]}", __name__), name)
