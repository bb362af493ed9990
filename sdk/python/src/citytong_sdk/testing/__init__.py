"""A city for tests: it issues real codes, tokens, sealed phones and webhooks, by keys of its own and a clock that you
turn.

`FakePlatform` answers every door of docs/sdk/backend-api.md in this process, over httpx or as an ASGI app; the pytest
plugin brings it as fixtures (`citytong_platform`, `citytong_clock`, `citytong_app`).
"""

from .clock import FakeClock
from .model import Citizen, Delivered, SentMessage
from .platform import FakePlatform

__all__ = ["Citizen", "Delivered", "FakeClock", "FakePlatform", "SentMessage"]
