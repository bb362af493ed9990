"""A mail server that takes mail for everybody, and keeps it to be looked at."""

from __future__ import annotations

import asyncio
import email.policy
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from backends.base.running import CannotStart
from backends.carriers.arrivals import Arrivals, FaultKind
from core.clock import Clock

MAIL_BYTES_MAX: Final = 1024 * 1024
_HANG_S: Final = 60.0
_IDLE_S: Final = 60.0
_ANSWERS: Final = {
    FaultKind.UNREGISTERED: "550 5.1.1 There is no such mailbox",
    FaultKind.SENDER_ID_MISMATCH: "550 5.7.1 This sender may not write here",
    FaultKind.INVALID_ARGUMENT: "553 5.1.3 That is not an address",
    FaultKind.QUOTA_EXCEEDED: "452 4.2.2 The mailbox is full",
    FaultKind.UNAVAILABLE: "451 4.3.0 Try again later",
    FaultKind.UNAUTHENTICATED: "530 5.7.0 Sign in first",
}


@dataclass(frozen=True, slots=True)
class Sink:
    """The handler that aiosmtpd asks (its names)."""

    arrivals: Arrivals
    clock: Clock

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        told = self.arrivals.fault_of(address)
        if told is not None and told.kind is FaultKind.HANG:
            await asyncio.sleep(_HANG_S)
        if told is not None:
            return _ANSWERS.get(told.kind, _ANSWERS[FaultKind.UNAVAILABLE])
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        facts = _facts(raw)
        at = self.clock.now().isoformat()
        for address in envelope.rcpt_tos:
            self.arrivals.messages.append({"channel": "EMAIL", "to": address, "at": at, **facts})
        return "250 Taken"


def _facts(raw: bytes) -> dict[str, Any]:
    letter = message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
    body = letter.get_body(preferencelist=("plain",))
    return {
        "headers": {name: str(value) for name, value in letter.items()},
        "subject": str(letter.get("Subject", "")),
        "text": body.get_content() if body is not None else "",
        "raw": raw.decode("latin-1"),
    }


@asynccontextmanager
async def taking(*, host: str, port: int, arrivals: Arrivals, clock: Clock) -> AsyncIterator[str]:
    """Take mail; gives the server's URL. Raises: CannotStart."""
    # aiosmtpd would log every line that it is told, addresses and all.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    sink, loop = Sink(arrivals, clock), asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(sink, loop=loop, hostname="carriers.invalid", data_size_limit=MAIL_BYTES_MAX, timeout=_IDLE_S)

    try:
        server = await loop.create_server(protocol, host, port)
    except OSError as fault:
        raise CannotStart(f"Cannot listen on {host}:{port} for mail: choose another with --smtp-port.") from fault
    try:
        yield "smtp://{}:{}".format(*server.sockets[0].getsockname()[:2])
    finally:
        server.close()
        await server.wait_closed()
