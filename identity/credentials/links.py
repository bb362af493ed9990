"""Signing in on another screen: it shows a QR code, a phone that is signed in looks at it and says yes.

Rules
- The code is for looking at, the screen keeps a secret beside it: who photographs the QR code cannot collect the
  session. It is good for three minutes and one answer.
- The phone is told what asks: the screen's name, when, and from which network. Its owner proves themself afresh, and
  chooses, of three numbers, the one that the screen shows: somebody who was sent a QR code from afar does not see it.
  A wrong number is a no.
- The new session is proven as the phone's was, and as long ago: it is not fresher than who let it in. Once the
  phone's session has ended it lets nobody in, also where it had said yes.
Source: OWASP QRLJacking; RFC 8628 §5.4 (remote phishing).
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from core.clock import epoch_ms, from_epoch_s
from core.crypto import digest, same
from core.locale import Text
from core.mongo import Session
from core.principal import Principal
from identity.arrivals import NOWHERE, Origin
from identity.credentials.desk import Desk, audience_of
from identity.credentials.errors import LinkDenied, LinkExpired
from identity.credentials.tickets import Ticket
from identity.model import ENROL_SCOPE, Audience, Staff, parse_device_name
from identity.sessions import SignedIn, as_oneself

LINK: Final = "link"
CODE: Final = "link-code"
LINK_LIFETIME: Final = timedelta(minutes=3)
NUMBERS: Final = 3
_LOCAL: Final = Text(zh="本地网络", en="a local network")


@dataclass(frozen=True, slots=True)
class Link:
    """What a screen shows and keeps. code: for the QR code. number: shown beside it. secret: never shown."""

    id: str
    code: str = field(repr=False)
    secret: str = field(repr=False)
    number: int = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Asking:
    """What the phone's owner is told of the screen. place: the network it is in, coarsely. numbers: to choose from."""

    device_name: str = field(repr=False)
    requested_at: datetime
    place: Text = field(repr=False)
    numbers: tuple[int, ...]


def distinct_numbers() -> tuple[int, ...]:
    """Three numbers of two digits, the first of which is the screen's."""
    return tuple(10 + n for n in secrets.SystemRandom().sample(range(90), NUMBERS))


@dataclass(frozen=True, slots=True)
class Links:
    """Screens that wait to be let in."""

    desk: Desk
    numbers: Callable[[], tuple[int, ...]] = distinct_numbers

    async def begin(self, *, audience: Audience, device_name: str, origin: Origin) -> Link:
        """On the new screen. Raises: BadInput, TooManyRequests, Unavailable."""
        device_name = parse_device_name(device_name)
        await self.desk.begun("link", origin)
        id, code, secret = self.desk.ids.new("lnk"), secrets.token_urlsafe(16), self.desk.sessions.new_secret()
        numbers = self.numbers()
        told = {
            "code": code,
            "secret": digest(secret).hex(),
            "number": numbers[0],
            "numbers": sorted(numbers),
            "audience": audience.value,
            "device_name": device_name,
            "address": coarse_network(origin.address),
            "device_id": origin.device_id,
            "at": epoch_ms(self.desk.now()),
            "answer": None,
        }
        expires_at = await self.desk.tickets.put(LINK, id, told, lives=LINK_LIFETIME)
        await self.desk.tickets.put(CODE, code, {"link": id}, lives=LINK_LIFETIME)
        return Link(id, code, secret, numbers[0], expires_at)

    async def asking(self, *, principal: Principal, code: str, origin: Origin) -> Asking:
        """What the code is of, for somebody who may say yes.

        Raises: SignInRequired, Forbidden, LinkExpired, TooManyRequests, Unavailable.
        """
        _may_answer(principal)
        told = (await self._of_code(principal, code, origin)).told
        return Asking(
            device_name=told["device_name"],
            requested_at=from_epoch_s(told["at"] / 1000),
            place=Text(zh=told["address"], en=told["address"]) if told["address"] else _LOCAL,
            numbers=tuple(told["numbers"]),
        )

    async def approve(self, *, principal: Principal, code: str, number: int, origin: Origin) -> None:
        """Let the screen in, if `number` is what it shows.

        Raises: SignInRequired, Forbidden, StepUpRequired, LinkExpired, LinkDenied, TooManyRequests, Unavailable.
        """
        _may_answer(principal)
        self.desk.fresh(principal, await self.desk.store.of(principal.actor))
        link = await self._of_code(principal, code, origin)
        right = number == link.told["number"]
        assert principal.authenticated_at is not None, "it is fresh"
        yes = {
            "account": principal.actor,
            "session": principal.session_id,
            "methods": sorted(principal.methods),
            "proven_at": epoch_ms(principal.authenticated_at),
        }
        await self._answer(principal, link, yes if right else {}, "link_approved" if right else "link_mismatched")
        if not right:
            raise LinkDenied()

    async def deny(self, *, principal: Principal, code: str, origin: Origin) -> None:
        """Raises: SignInRequired, Forbidden, LinkExpired, TooManyRequests, Unavailable."""
        _may_answer(principal)
        await self._answer(principal, await self._of_code(principal, code, origin), {}, "link_denied")

    async def finish(self, *, id: str, secret: str, origin: Origin = NOWHERE) -> SignedIn | None:
        """On the new screen, again and again: None while nobody has answered.

        Raises: LinkExpired, LinkDenied, Unavailable.
        """
        link = await self.desk.tickets.read(LINK, id)
        if link is None or not same(bytes.fromhex(link.told["secret"]), digest(secret)):
            raise LinkExpired()
        answer = link.told["answer"]
        if answer is None:
            return None
        if not await self.desk.tickets.finish(link):
            raise LinkExpired()
        if not answer:
            raise LinkDenied()
        here = Origin(origin.device_id or link.told["device_id"], origin.address, origin.jkt)
        return await self._begin(link.told, answer, here)

    async def _of_code(self, principal: Principal, code: str, origin: Origin) -> Ticket:
        """The link that waits with this code for such an account. Raises: LinkExpired, TooManyRequests."""
        await self.desk.guess("link-code", principal.actor, origin)
        known = await self.desk.tickets.read(CODE, code)
        link = await self.desk.tickets.read(LINK, known.told["link"]) if known else None
        if link is None or link.told["answer"] is not None or link.told["audience"] != audience_of(principal).value:
            raise LinkExpired()
        await self.desk.guessed("link-code", principal.actor)
        return link

    async def _answer(self, principal: Principal, link: Ticket, answer: Mapping[str, Any], what: str) -> None:
        if not await self.desk.tickets.change(link, {**link.told, "answer": dict(answer)}):
            raise LinkExpired()
        await self.desk.note(principal.actor, what, about={"link": link.id, "session": principal.session_id})

    async def _begin(self, told: Mapping[str, Any], answer: Mapping[str, Any], origin: Origin) -> SignedIn:
        audience = Audience(told["audience"])

        async def work(session: Session) -> SignedIn:
            account = await self.desk.accounts.account(answer["account"], audience, session=session)
            if account is None or (isinstance(account, Staff) and account.suspended):
                raise LinkExpired()
            # Written, not only read: of the end of that session and this, one comes first.
            now, people = self.desk.now(), self.desk.accounts
            if await people.touch_session(answer["session"], now=now, session=session) is None:
                raise LinkExpired()
            return await self.desk.sessions.begin(
                account,
                audience=audience,
                device_name=told["device_name"],
                methods=frozenset(answer["methods"]),
                proven_at=from_epoch_s(answer["proven_at"] / 1000),
                origin=origin,
                vouched=True,
                session=session,
            )

        return await self.desk.transaction(work)


def _may_answer(principal: Principal) -> None:
    """Raises: SignInRequired, Forbidden."""
    as_oneself(principal)
    if ENROL_SCOPE in principal.scopes:
        principal.require_scope("staff")


def coarse_network(address: str) -> str:
    """The part of an address that a town's households share; empty for a private one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if parsed.is_private or parsed.is_loopback:
        return ""
    bits = 16 if parsed.version == 4 else 32
    return str(ipaddress.ip_network((parsed, bits), strict=False))
