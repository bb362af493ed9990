"""How a code reaches a phone: the message, the port it leaves by, and the sink that development uses.

A carrier adapter implements `SmsSender` in a file of its own and is chosen by the roof; nothing else changes. It
should hand `reference` to the carrier as its idempotency key, because a message may be sent a second time when the
process dies between the carrier's answer and ours.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import orjson
from pymongo import ASCENDING, IndexModel

from core.clock import Clock
from core.crypto import FieldCipher
from core.events import EVENTS
from core.locale import Locale
from core.mongo import Mongo, answering, ensure_indexes
from core.resealing import SealedField
from identity.model import (
    Audience,
    CodeUse,
    NoticeKind,
    is_test_phone,
    notice_text,
    parse_phone,
    sign_in_text,
)

CODE_REQUESTED: Final = "identity.sign_in_code_requested"
NOTICE_DUE: Final = "identity.phone_notice_due"
_MESSAGE: Final = "sign_in_message"
_NOTICE: Final = "phone_notice"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignInMessage:
    """One code on its way to one phone. request_id: what it is sealed for (`scr_…`)."""

    request_id: str
    audience: Audience
    phone: str = field(repr=False)
    code: str = field(repr=False)
    locale: Locale
    expires_at: datetime
    use: CodeUse = CodeUse.SIGN_IN

    @property
    def text(self) -> str:
        return sign_in_text(code=self.code, locale=self.locale, use=self.use)

    def sealed(self, cipher: FieldCipher) -> dict[str, Any]:
        """As an event's payload: nothing personal in clear."""
        plain = orjson.dumps([self.audience.value, self.phone, self.code, self.locale.value, self.use.value])
        sealed = cipher.seal(plain, purpose=_MESSAGE, owner=self.request_id)
        return {"request_id": self.request_id, "expires_at": self.expires_at, "sealed": sealed}

    @classmethod
    def opened(cls, *, request_id: str, expires_at: datetime, sealed: bytes, cipher: FieldCipher) -> SignInMessage:
        """Raises: core.crypto.UnsealError."""
        plain = cipher.open(sealed, purpose=_MESSAGE, owner=request_id)
        # A message from before codes had uses has four.
        audience, phone, code, locale, *use = orjson.loads(plain)
        uses = CodeUse(use[0]) if use else CodeUse.SIGN_IN
        return cls(request_id, Audience(audience), phone, code, Locale(locale), expires_at, uses)


@dataclass(frozen=True, slots=True)
class PhoneNotice:
    """What a phone is told without a code. id: what it is sealed for (`ntc_…`)."""

    id: str
    phone: str = field(repr=False)
    kind: NoticeKind

    @property
    def text(self) -> str:
        return notice_text(self.kind)

    def sealed(self, cipher: FieldCipher) -> dict[str, Any]:
        """As an event's payload: nothing personal in clear."""
        plain = orjson.dumps([self.phone, self.kind.value])
        return {"notice": self.id, "sealed": cipher.seal(plain, purpose=_NOTICE, owner=self.id)}

    @classmethod
    def opened(cls, payload: Mapping[str, Any], *, cipher: FieldCipher) -> PhoneNotice:
        """Raises: core.crypto.UnsealError."""
        id = payload["notice"]
        phone, kind = orjson.loads(cipher.open(payload["sealed"], purpose=_NOTICE, owner=id))
        return cls(id, phone, NoticeKind(kind))


class SmsSender(Protocol):
    """A way to a phone."""

    async def tell(self, notice: PhoneNotice, *, reference: str) -> None:
        """As `send`, for what holds no code."""
        ...

    async def send(self, message: SignInMessage, *, reference: str) -> None:
        """Hand the message over, in bounded time; raise when it must be tried again. `reference` is the event's id."""
        ...


class NoCarrier:
    """What a city without a carrier has: nobody can sign in, and the log says why."""

    async def send(self, message: SignInMessage, *, reference: str) -> None:
        _LOG.warning("no SMS carrier is configured: a code was not sent", extra={"facts": {"event": reference}})

    async def tell(self, notice: PhoneNotice, *, reference: str) -> None:
        _LOG.warning("no SMS carrier is configured: a phone was not told", extra={"facts": {"event": reference}})


DEVELOPMENT_SMS: Final = "identity_development_sms"
_DEVELOPMENT: Final = "development_sms"
SEALED: Final = (
    SealedField(
        EVENTS,
        "payload.sealed",
        _MESSAGE,
        lambda _, payload: payload.get("request_id"),
        needs=("payload.request_id",),
    ),
    SealedField(EVENTS, "payload.sealed", _NOTICE, lambda _, payload: payload.get("notice"), needs=("payload.notice",)),
    SealedField(DEVELOPMENT_SMS, "sealed", _DEVELOPMENT),
)


class DevelopmentSms:
    """Keeps the last code of each phone for a developer to read. Only in a demonstration, and for a sandbox's test
    citizens.

    A notice holds nothing that anybody has to type: it stands in the log, without the phone.
    """

    def __init__(self, *, mongo: Mongo, cipher: FieldCipher, clock: Clock) -> None:
        self._messages = mongo.collection(DEVELOPMENT_SMS)
        self._mongo = mongo
        self._cipher = cipher
        self._clock = clock

    async def open(self) -> None:
        """Make the index that lets expired codes leave."""
        leaves = IndexModel([("expires_at", ASCENDING)], name="leaves", expireAfterSeconds=0)
        await ensure_indexes(self._mongo, {DEVELOPMENT_SMS: [leaves]})

    async def send(self, message: SignInMessage, *, reference: str) -> None:
        box = self._box(message.phone)
        sealed = self._cipher.seal(message.code.encode(), purpose=_DEVELOPMENT, owner=box)
        row = {"sealed": sealed, "expires_at": message.expires_at, "reference": reference}
        async with answering():
            await self._messages.update_one({"_id": box}, {"$set": row}, upsert=True)

    async def tell(self, notice: PhoneNotice, *, reference: str) -> None:
        _LOG.info("a phone is told", extra={"facts": {"kind": notice.kind.value, "event": reference}})

    async def latest(self, phone: str) -> dict[str, Any] | None:
        """`{"code", "expires_at"}` of the last unexpired message to this phone, for whoever asks: of no test citizen.

        Raises: PhoneInvalid.
        """
        return await self.kept(parse_phone(phone))

    async def kept(self, phone: str) -> dict[str, Any] | None:
        """The same of a phone in E.164, whosever it is: the caller knows who may be told."""
        box = self._box(phone)
        async with answering():
            row = await self._messages.find_one({"_id": box})
        if row is None or row["expires_at"] <= self._clock.now():
            return None
        code = self._cipher.open(row["sealed"], purpose=_DEVELOPMENT, owner=box).decode()
        return {"code": code, "expires_at": row["expires_at"]}

    def _box(self, phone: str) -> str:
        return self._cipher.blind_index(phone, purpose=_DEVELOPMENT).hex()


@dataclass(frozen=True, slots=True)
class SandboxSms:
    """A sandbox city's way to phones: what is for a test citizen is kept for who made them, and never sent."""

    box: DevelopmentSms
    carrier: SmsSender

    async def send(self, message: SignInMessage, *, reference: str) -> None:
        await self._way(message.phone).send(message, reference=reference)

    async def tell(self, notice: PhoneNotice, *, reference: str) -> None:
        await self._way(notice.phone).tell(notice, reference=reference)

    def _way(self, phone: str) -> SmsSender:
        return self.box if is_test_phone(phone) else self.carrier
