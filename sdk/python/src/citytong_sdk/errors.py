"""What can go wrong, as exceptions: each with a stable code, whether asking again helps, and where it is explained.

Rules
- Codes of the city's own catalogue stand as they are (`MINIAPPS_…`), those of its token door begin with `OAUTH_`,
  what this library finds out by itself with `SDK_`. Decide by class or by code, never by the sentence.
- No token, code, key or phone is ever in an error: not in its sentence, its fields or its repr.
Source: docs/sdk/backend-api.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Final

_TEXT_LENGTH_MAX: Final = 500
_AGAIN: Final = frozenset({429, 502, 503, 504})


class CityTongError(Exception):
    """code: stable. errno: the bridge's number for the same trouble, if it has one. request_id: to quote when asking
    for help. retryable: nothing was done, and the same may be asked again, not before `retry_after` seconds. docs:
    where it is explained. fields: what the city says of it beside the sentence.
    """

    code: str = "SDK_ERROR"
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        errno: int | None = None,
        request_id: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        docs: str | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.errno = errno
        self.request_id = request_id
        self.retryable = type(self).retryable if retryable is None else retryable
        self.retry_after = retry_after
        self.docs = docs
        self.fields: Mapping[str, Any] = fields or {}

    def __str__(self) -> str:
        asked = f" ({self.request_id})" if self.request_id else ""
        return f"{self.code}: {self.message}{asked}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code!r})"


# --- the city refuses


class CodeInvalid(CityTongError):
    """A login or phone code that is unknown, expired or another program's."""


class CodeUsed(CityTongError):
    """A code that was good, and has been used."""


class NotPermitted(CityTongError):
    """The program may not do this now. `fields["name"]`: the permission; `fields["why"]`: manifest, review, consent,
    policy, context or quota.
    """


class NoPhone(CityTongError):
    """The citizen's account has no phone."""


class NoEncryptionKey(CityTongError):
    """The program registered no key to seal a phone to."""


class NotSubscribed(CityTongError):
    """The citizen did not ask for messages of this template."""


class SubscriptionSpent(CityTongError):
    """They did, and had the message already."""


class TemplateUnknown(CityTongError):
    """The released version declares no such template."""


class DocumentUnknown(CityTongError):
    """The release has no document of this id."""


class SessionOver(CityTongError):
    """The citizen has left the program."""


class IdempotencyKeyReused(CityTongError):
    """The key was given before, with other contents."""


class InvalidInput(CityTongError):
    """A value that the city does not take. `fields["field"]` and `fields["problem"]` say which and why."""


class NotFound(CityTongError):
    """There is no such thing, or it is somebody else's."""


class NotAuthenticated(CityTongError):
    """The city does not take the program's key or token."""


class RateLimited(CityTongError):
    """Too many. `retry_after`: seconds until it may be asked again."""

    retryable = True


class Unavailable(CityTongError):
    """The city cannot answer now."""

    retryable = True


# --- found out here


class Unreachable(CityTongError):
    """No answer: no connection, or it broke. `sent`: the request may have arrived and been done."""

    code = "SDK_UNREACHABLE"
    retryable = True

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message, retryable=not sent)
        self.sent = sent


class TimedOut(Unreachable):
    """No answer in time."""

    code = "SDK_TIMED_OUT"


class AnswerInvalid(CityTongError):
    """An answer that is not what the city says that it answers, or larger than it may be."""

    code = "SDK_ANSWER_INVALID"


class KeyInvalid(CityTongError):
    """A private key that cannot be read, or is of a kind that the city does not take."""

    code = "SDK_KEY_INVALID"


class Reason(StrEnum):
    """Why something signed is not believed."""

    MALFORMED = "malformed"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    CLAIMS = "claims"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    REPLAYED = "replayed"


class NotBelieved(CityTongError):
    """Something signed or sealed that is not what it has to be. Who sent it learns no more than that."""

    what: ClassVar[str] = "It"

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{self.what} is not believed: {reason.value}.", fields={"reason": reason.value})
        self.reason = reason


class TokenInvalid(NotBelieved):
    """A launch token."""

    code = "SDK_TOKEN_INVALID"
    what = "The launch token"


class WebhookInvalid(NotBelieved):
    """A webhook: answer 400, and do nothing."""

    code = "SDK_WEBHOOK_INVALID"
    what = "The webhook"


class SealInvalid(NotBelieved):
    """A sealed phone."""

    code = "SDK_SEAL_INVALID"
    what = "The sealed phone"


class ReplayStoreFull(CityTongError):
    """More ids are remembered than the store may hold; rather than forget one, it takes none."""

    code = "SDK_REPLAY_STORE_FULL"
    retryable = True


class RevocationsInvalid(CityTongError):
    """The list of revocations cannot be trusted: badly signed, too old, or older than one seen before."""

    code = "SDK_REVOCATIONS_INVALID"


class LogRolledBack(CityTongError):
    """The log of releases showed less than it had shown before."""

    code = "SDK_LOG_ROLLED_BACK"


class LogSplit(CityTongError):
    """The log of releases shows two histories: what it shows now did not grow out of what it showed before. notes:
    both, as it signed them; they prove to anybody that it lied.
    """

    code = "SDK_LOG_SPLIT"

    def __init__(self, notes: tuple[str, str]) -> None:
        super().__init__("The log shows two histories, and signed both.")
        self.notes = notes


_BY_CODE: Final[Mapping[str, type[CityTongError]]] = {
    "MINIAPPS_CODE_INVALID": CodeInvalid,
    "MINIAPPS_CODE_USED": CodeUsed,
    "MINIAPPS_NOT_PERMITTED": NotPermitted,
    "MINIAPPS_NO_PHONE": NoPhone,
    "MINIAPPS_NO_ENCRYPTION_KEY": NoEncryptionKey,
    "MINIAPPS_NOT_SUBSCRIBED": NotSubscribed,
    "MINIAPPS_SUBSCRIPTION_SPENT": SubscriptionSpent,
    "MINIAPPS_TEMPLATE_UNKNOWN": TemplateUnknown,
    "MINIAPPS_DOCUMENT_UNKNOWN": DocumentUnknown,
    "MINIAPPS_SESSION_OVER": SessionOver,
    "MINIAPPS_IDEMPOTENCY_KEY_REUSED": IdempotencyKeyReused,
    "BAD_USER_INPUT": InvalidInput,
}
_BY_STATUS: Final[Mapping[int, type[CityTongError]]] = {
    400: InvalidInput,
    401: NotAuthenticated,
    403: NotPermitted,
    404: NotFound,
    429: RateLimited,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> CityTongError:
    """The error that an answer of `status` (400 and above) tells. headers: names in lower case."""
    told = _told(body)
    code = _text(told.get("code")) or f"SDK_HTTP_{status}"
    fields = told.get("fields")
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status, CityTongError)
    return kind(
        _text(told.get("message")) or f"The city answered {status}.",
        code=code,
        errno=told.get("errno") if isinstance(told.get("errno"), int) else None,
        request_id=_text(told.get("requestId")),
        retryable=status in _AGAIN,
        retry_after=_seconds(headers.get("retry-after")),
        docs=_text(told.get("docs")),
        fields=fields if isinstance(fields, dict) else None,
    )


def _told(body: bytes) -> Mapping[str, Any]:
    """What an error's body says, in either of its two forms."""
    try:
        match json.loads(body):
            case {"error": dict(error)}:
                return error
            case {"error": str(error), **rest}:
                return {"code": f"OAUTH_{error.upper()}", "message": rest.get("error_description")}
    except (ValueError, RecursionError):
        pass
    return {}


def _text(value: object) -> str | None:
    return value[:_TEXT_LENGTH_MAX] if isinstance(value, str) and value else None


def _seconds(value: str | None) -> float | None:
    return float(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else None
