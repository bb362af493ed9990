"""E-mail, handed to one mail server (RFC 6409).

A server that is not this machine is spoken to over TLS or not at all: `smtps://` from the start, `smtp://` by STARTTLS.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib.errors import SMTPAuthenticationError, SMTPException, SMTPRecipientsRefused, SMTPResponseException

from core.clock import Clock
from core.locale import Locale, Text
from notifications.channels import Again, Parcel, Refused, Taken

# With a batch of 20, two rounds of twice `timeout_s` (the mail, and the good-bye) stay below `SendLimits.send_s`.
_AT_ONCE: Final = 10
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
# "There is no such mailbox", in the enhanced codes that servers of today give (RFC 3463): 5.1.1, 5.1.6, 5.1.10.
_NO_MAILBOX: Final = re.compile(r"\b5\.1\.(1|6|10)\b")
_SENDER: Final = Text(zh="城市通", en="CityTong")
_READ: Final = Text(zh="请在城市通中查看：", en="Read it in CityTong:")
_GO_ON: Final = Text(zh="在城市通中打开：", en="Open in CityTong:")
_FOOTER: Final = Text(
    zh="本邮件由系统发送，请勿回复。您可以在城市通的“消息设置”中更改接收方式。",
    en="This e-mail was sent automatically: please do not reply. Change what you receive under “Message settings”.",
)


class CannotMail(Exception):
    """The settings cannot be used. The message is one sentence that says what to do, and holds no secret."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over."""

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str) -> MailServer:
        """From `smtp://` or `smtps://`, with `user:password@` if the server asks. Raises: CannotMail."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise CannotMail("TONG_SMTP_URL cannot be read: write it as smtps://user:password@host:port.")
        tls = parts.scheme == "smtps"
        user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
        return cls(parts.hostname, port or (465 if tls else 587), tls, user, password)

    @property
    def start_tls(self) -> bool | None:
        """None: where this machine's own server offers it."""
        if self.tls:
            return False
        return None if self.host in _LOOPBACK else True


class SmtpCarrier:
    """sender: the address that mail comes from. public_url: the city's own, before links. timeout_s: for one mail.

    Raises: CannotMail.
    """

    def __init__(self, *, url: str, sender: str, public_url: str, clock: Clock, timeout_s: float = 8.0) -> None:
        try:
            self._sender = Address(addr_spec=sender)
        except (ValueError, IndexError) as fault:
            raise CannotMail("TONG_MAIL_FROM must be one e-mail address.") from fault
        self._server = MailServer.of(url)
        self._public_url = public_url.rstrip("/")
        self._clock = clock
        self._timeout_s = timeout_s

    async def send(self, parcels: Sequence[Parcel]) -> list[Taken | Again | Refused]:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(parcel: Parcel) -> Taken | Again | Refused:
            async with slots:
                return await self._send(parcel)

        return list(await asyncio.gather(*map(one, parcels)))

    async def close(self) -> None:
        """There is nothing to let go of: each mail has a connection of its own."""

    async def _send(self, parcel: Parcel) -> Taken | Again | Refused:
        server = self._server
        try:
            async with asyncio.timeout(self._timeout_s):
                await aiosmtplib.send(
                    self.letter(parcel),
                    hostname=server.host,
                    port=server.port,
                    use_tls=server.tls,
                    start_tls=server.start_tls,
                    username=server.user,
                    password=server.password,
                    timeout=self._timeout_s,
                )
        except (SMTPException, OSError, TimeoutError) as fault:
            return outcome_of(fault)
        return Taken()

    def letter(self, parcel: Parcel) -> EmailMessage:
        """The mail as it is sent. Nothing in its headers is personal but the address."""
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(_SENDER.in_(parcel.locale), addr_spec=self._sender.addr_spec)
        message["To"] = Address(addr_spec=parcel.to)
        message["Subject"] = parcel.title
        message["Date"] = format_datetime(self._clock.now())
        # The same in every try, so that a mailbox that was given it twice can tell.
        message["Message-ID"] = f"<{parcel.id}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
        message.set_content(self._text(parcel))
        message["Content-Language"] = parcel.locale.value
        return message

    def _text(self, parcel: Parcel) -> str:
        lead = (_GO_ON if parcel.text else _READ).in_(parcel.locale)
        gap = "" if parcel.locale is Locale.ZH_CN else " "
        link = f"{lead}{gap}{self._public_url}/#{parcel.link}"
        parts = [parcel.text or parcel.title, link, f"—\n{_FOOTER.in_(parcel.locale)}"]
        return "\n\n".join(parts) + "\n"


def outcome_of(fault: Exception) -> Again | Refused:
    """What a server's answer, or its silence, means for a mail. Source: RFC 5321 §4.2.1, RFC 3463."""
    match fault:
        case SMTPRecipientsRefused(recipients=[refusal, *_]):
            return outcome_of(refusal)
        case SMTPAuthenticationError():
            return Again("AUTHENTICATION_FAILED")  # our settings' fault, not the mail's
        case SMTPResponseException(code=code, message=message) if 500 <= code < 600:
            return Refused(f"SMTP_{code}", target_gone=bool(_NO_MAILBOX.search(message)))
        case SMTPResponseException(code=code):
            return Again(f"SMTP_{code}")
        case TimeoutError():
            return Again("TIMEOUT")
    return Again("UNREACHABLE")
