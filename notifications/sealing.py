"""What of a message and its targets is sealed, and under which purpose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from core.crypto import FieldCipher
from notifications.errors import EmailInvalid, PushTargetInvalid
from notifications.model import TargetKind

VARIABLES: Final = "notifications.variables"
TARGET: Final = "notifications.target"
_CODE: Final = "notifications.email_code"
EMAIL_LENGTH_MAX: Final = 254
PUSH_LENGTH_MIN: Final = 8
PUSH_LENGTH_MAX: Final = 512
# One line of plain ASCII: nothing in it can end a header or begin another.
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_PUSH: Final = re.compile(rf"[\w:.\-]{{{PUSH_LENGTH_MIN},{PUSH_LENGTH_MAX}}}", re.ASCII)


def parse_email(text: str) -> str:
    """An address as it is kept: the domain in small letters. Raises: EmailInvalid.

    Source: RFC 5321 §4.1.2 without quoted and internationalised local parts.
    """
    bare = text.strip(" ") if len(text) <= EMAIL_LENGTH_MAX else ""
    local, _, domain = bare.rpartition("@")
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    if dots or not _EMAIL.fullmatch(bare):
        raise EmailInvalid()
    return f"{local}@{domain.lower()}"


def parse_push(text: str) -> str:
    """What FCM gave an app. Raises: PushTargetInvalid."""
    if not _PUSH.fullmatch(text):
        raise PushTargetInvalid(length_min=PUSH_LENGTH_MIN, length_max=PUSH_LENGTH_MAX)
    return text


def seal_variables(values: Mapping[str, Any], *, message_id: str, cipher: FieldCipher) -> bytes:
    return cipher.seal(orjson.dumps(values), purpose=VARIABLES, owner=message_id)


def open_variables(sealed: bytes, *, message_id: str, cipher: FieldCipher) -> dict[str, Any]:
    """Raises: UnsealError."""
    values: dict[str, Any] = orjson.loads(cipher.open(sealed, purpose=VARIABLES, owner=message_id))
    return values


def seal_target(value: str, *, target_id: str, cipher: FieldCipher) -> bytes:
    return cipher.seal(value.encode(), purpose=TARGET, owner=target_id)


def open_target(sealed: bytes, *, target_id: str, cipher: FieldCipher) -> str:
    """Raises: UnsealError."""
    return cipher.open(sealed, purpose=TARGET, owner=target_id).decode()


def target_index(value: str, kind: TargetKind, *, cipher: FieldCipher) -> bytes:
    return cipher.blind_index(f"{kind.value}|{value}", purpose=TARGET)


def code_digest(code: str, *, target_id: str, cipher: FieldCipher) -> bytes:
    """What is kept of a code: good for one target only."""
    return cipher.blind_index(f"{target_id}|{code}", purpose=_CODE)
