"""Messages that citizens asked a program for, one for each time that they accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .calls import Call
from .city import City
from .errors import AnswerInvalid

DATA_MAX: Final = 20
TEXT_LENGTH_MAX: Final = 200
_KEY_LENGTH_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Accepted:
    """id: `MessageDelivered` and `MessageFailed` name it as `message_id`."""

    id: str


@dataclass(frozen=True, slots=True)
class Messages:
    city: City

    def send_subscribe(
        self,
        openid: str,
        template: str,
        data: Mapping[str, str],
        *,
        page: str | None = None,
        idempotency_key: str | None = None,
    ) -> Call[Accepted]:
        """Sends one message; the city delivers it where the citizen wants messages.

        data: at most 20 texts of 200 characters, for the places of the template. page: what opens when it is touched.
        idempotency_key: with the same one, the same message goes once, also after a crash: derive it from what the
        message is about (`loan-17-due`). Without one each call is a message of its own, and tries of one call are
        still one message.
        Raises: NotSubscribed, SubscriptionSpent, TemplateUnknown, IdempotencyKeyReused, RateLimited, CityTongError.
        """
        if len(data) > DATA_MAX or any(len(text) > TEXT_LENGTH_MAX for text in data.values()):
            raise ValueError(f"data: at most {DATA_MAX} texts of {TEXT_LENGTH_MAX} characters")
        key = self.city.new_id() if idempotency_key is None else idempotency_key
        if not 0 < len(key) <= _KEY_LENGTH_MAX:
            raise ValueError(f"idempotency_key: 1 to {_KEY_LENGTH_MAX} characters")
        asked = {"openid": openid, "template": template, "data": dict(data), "idempotencyKey": key}
        body = asked | ({"page": page} if page is not None else {})
        match (yield from self.city.post("/open/v1/messages", body, repeatable=True)):
            case {"id": str(id), "state": "accepted"}:
                return Accepted(id)
        raise AnswerInvalid("The city answered no message.")
