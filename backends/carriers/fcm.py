"""What FCM HTTP v1 takes and how it refuses. Pure.

Source: firebase.google.com/docs/reference/fcm/rest/v1/projects.messages, …/v1/ErrorCode.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from backends.carriers.arrivals import FaultKind

PAYLOAD_BYTES_MAX: Final = 4096
_TARGETS: Final = ("fid", "token", "topic", "condition")
_DURATION: Final = re.compile(r"\d{1,12}(\.\d{1,9})?s")
_STATUS: Final[Mapping[FaultKind, tuple[int, str]]] = {
    FaultKind.UNREGISTERED: (404, "NOT_FOUND"),
    FaultKind.SENDER_ID_MISMATCH: (403, "PERMISSION_DENIED"),
    FaultKind.INVALID_ARGUMENT: (400, "INVALID_ARGUMENT"),
    FaultKind.QUOTA_EXCEEDED: (429, "RESOURCE_EXHAUSTED"),
    FaultKind.UNAVAILABLE: (503, "UNAVAILABLE"),
    FaultKind.UNAUTHENTICATED: (401, "UNAUTHENTICATED"),
}
_SAID: Final = {
    FaultKind.UNREGISTERED: "Requested entity was not found.",
    FaultKind.INVALID_ARGUMENT: "The registration token is not a valid FCM registration token",
}


class MessageInvalid(Exception):
    """A message that FCM would not take. The text says which field."""


def error(kind: FaultKind, said: str = "") -> tuple[int, dict[str, Any]]:
    """Status and body as Google's APIs write them (google.rpc.Status)."""
    status, name = _STATUS[kind]
    detail = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": kind.value}
    message = said or _SAID.get(kind, kind.value)
    return status, {"error": {"code": status, "message": message, "status": name, "details": [detail]}}


def target_of(body: object) -> tuple[str, dict[str, Any]]:
    """The target and the message of a `messages:send`. Raises: MessageInvalid."""
    if not isinstance(body, dict) or set(body) - {"message", "validate_only"}:
        raise MessageInvalid("Invalid JSON payload received.")
    message = body.get("message")
    if not isinstance(message, dict):
        raise MessageInvalid("message: is missing")
    for name, value in message.items():
        if name not in _FIELDS:
            raise MessageInvalid(f'Unknown name "{name}" at "message"')
        if not _FIELDS[name](value):
            raise MessageInvalid(f"Invalid value at 'message.{name}'")
    targets = [message[name] for name in _TARGETS if name in message]
    if len(targets) != 1:
        raise MessageInvalid("Exactly one of fid, token, topic or condition must be set")
    if len(orjson.dumps({name: message.get(name) for name in ("notification", "data")})) > PAYLOAD_BYTES_MAX:
        raise MessageInvalid("Message is too big")
    return str(targets[0]), message


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= PAYLOAD_BYTES_MAX


def _texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _android(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    ttl = value.get("ttl", "0s")
    return str(value.get("priority", "normal")).lower() in ("normal", "high") and bool(_DURATION.fullmatch(str(ttl)))


def _headed(value: object) -> bool:
    return isinstance(value, dict) and _texts(value.get("headers", {}))


_FIELDS: Final[Mapping[str, Callable[[object], bool]]] = {
    **dict.fromkeys(_TARGETS, _text),
    "data": _texts,
    "notification": _texts,
    "android": _android,
    "apns": _headed,
    "webpush": _headed,
    "fcm_options": _texts,
}
