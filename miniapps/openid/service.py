"""The verbs of how a program knows its citizen: hand codes and tokens to the host, redeem them for a backend.

Who redeems proves that it is the program's backend at the door that calls here; the code alone is nobody's proof.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from core.access_log import AccessLog
from core.audit import AuditLog
from core.clock import Clock, to_ms
from core.ids import Ids
from core.jose import sign
from core.keys import KeyRing
from core.mongo import Session as Transaction
from core.principal import Principal, PrincipalKind
from miniapps.ledger import client_of
from miniapps.limits import CODES, PHONE_CODES, Count, Pace, Paces
from miniapps.openid.codes import Codes
from miniapps.openid.errors import CodeInvalid, NoPhone
from miniapps.openid.model import (
    ALGORITHM,
    CODE_LIFE,
    TOKEN_LIFE,
    TOKEN_TYPE,
    Code,
    CodeKind,
    Identity,
    Issued,
    LaunchToken,
    Subject,
    launch_claims,
    new_code,
)
from miniapps.openid.store import OpenidStore
from miniapps.sessions.model import Session
from miniapps.sessions.service import People, Run, Sessions

KEY_PURPOSE: Final = "mini-launch"
OPENID: Final = "city.user.openid"
PHONE: Final = "city.user.phone"
# What the access log says of a phone that a program's backend was told (identity.consents.catalogue).
PHONE_PURPOSE: Final = "mini.phone"
# And the audit.
PHONE_TOLD: Final = "openid.phone_told"


@dataclass(frozen=True, slots=True)
class Openids:
    """issuer: of launch tokens, the city's public URL."""

    store: OpenidStore
    codes: Codes
    keys: KeyRing
    sessions: Sessions
    people: People
    access: AccessLog
    audit: AuditLog
    paces: Paces
    issuer: str
    ids: Ids
    clock: Clock

    async def open(self) -> None:
        """Make the indexes and the first keys."""
        await self.store.open()
        await self.keys.open()

    # --- for the host, which the citizen holds

    async def login_code(self, *, principal: Principal, session_id: str) -> Code:
        """A code that tells the program's backend who its citizen is.

        Raises: SignInRequired, Forbidden, SessionOver, NotPermitted, TooOften, Unavailable.
        """
        return await self._code(CodeKind.LOGIN, principal, session_id, needs=OPENID, pace=CODES)

    async def phone_code(self, *, principal: Principal, session_id: str) -> Code:
        """A code that tells the program's backend the citizen's phone, to which they agreed before.

        Raises: SignInRequired, Forbidden, SessionOver, NotPermitted, TooOften, Unavailable.
        """
        return await self._code(CodeKind.PHONE, principal, session_id, needs=PHONE, pace=PHONE_CODES)

    async def launch_token(self, *, principal: Principal, session_id: str) -> LaunchToken:
        """Says to the program's backend, without asking the city, who runs it now.

        Raises: SignInRequired, Forbidden, SessionOver, NotPermitted, TooOften, Unavailable.
        """
        run = await self._permitted(principal, session_id, OPENID, CODES)
        now, subject = self.clock.now(), await self._subject(run.session)
        claims = launch_claims(run.session, openid=subject.openid, issuer=self.issuer, id=self.ids.new("mlt"), now=now)
        return LaunchToken(sign(claims, key=self.keys.active, typ=TOKEN_TYPE, alg=ALGORITHM), now + TOKEN_LIFE)

    async def _code(self, kind: CodeKind, principal: Principal, session_id: str, *, needs: str, pace: Pace) -> Code:
        run = await self._permitted(principal, session_id, needs, pace)
        text, session = new_code(kind, self.ids.random_bytes), run.session
        until = self.clock.now() + CODE_LIFE
        await self.codes.put(text, Issued(kind, session.app_id, session.id, session.version_code, until))
        return Code(text, int(CODE_LIFE.total_seconds()))

    async def _permitted(self, principal: Principal, session_id: str, name: str, pace: Pace) -> Run:
        run = await self.sessions.running_one(principal=principal, session_id=session_id)
        await self.paces.charge(pace, session_id)
        await self.sessions.permitted(run, name)
        return run

    # --- for the program's backend

    async def redeem_login(self, *, code: str, app_id: str, count: Count | None = None) -> Identity:
        """Who the citizen is to this program, once. count: of what it is one; beyond it the code stays good.

        Raises: CodeInvalid, CodeUsed, NotPermitted, what `count` refuses with, Unavailable.
        """
        run = await self._redeemed(CodeKind.LOGIN, code, app_id, count)
        session = run.session
        scopes, subject = await asyncio.gather(self.sessions.granted(run), self._subject(session))
        if OPENID not in scopes:
            await self.sessions.permitted(run, OPENID)
        return Identity(
            openid=subject.openid,
            unionid=subject.unionid,
            session_id=session.id,
            scopes=tuple(scopes),
            version_name=session.version_name,
            version_code=session.version_code,
            expires_at=session.expires_at,
        )

    async def redeem_phone(self, *, code: str, app_id: str, count: Count | None = None) -> str:
        """The citizen's phone in E.164, once, if they still agree; it is written down before it is told. count: as of
        `redeem_login`.

        Raises: CodeInvalid, CodeUsed, NotPermitted, NoPhone, what `count` refuses with, Unavailable.
        """
        run = await self._redeemed(CodeKind.PHONE, code, app_id, count)
        await self.sessions.permitted(run, PHONE)
        citizen, client = run.session.citizen, client_of(app_id)
        phone = await self.people.phone(citizen)
        if phone is None:
            raise NoPhone()
        reader = Principal(kind=PrincipalKind.SERVICE, actor=client, subject=client)
        await self.access.read(reader=reader, subject=citizen, fields=(PHONE,), purpose=PHONE_PURPOSE, client=client)
        await self._audit(PHONE_TOLD, run.session)
        await self.sessions.store.note_use(citizen, app_id, (PHONE,), at=to_ms(self.clock.now()))
        return phone

    async def _redeemed(self, kind: CodeKind, code: str, app_id: str, count: Count | None) -> Run:
        """The session that a code was made in, while it runs. Raises: CodeInvalid, CodeUsed, what `count` refuses with,
        Unavailable.
        """
        issued = await self.codes.take(code, kind, app_id=app_id, count=count)
        run = await self.sessions.still_running(issued.session_id)
        if run is None or (run.session.app_id, run.session.version_code) != (app_id, issued.version_code):
            raise CodeInvalid()
        return run

    async def _audit(self, kind: str, run: Session) -> None:
        client, about = client_of(run.app_id), {"session": run.id, "version": str(run.version_code)}

        async def work(session: Transaction) -> None:
            await self.audit.append(
                kind, actor=client, subject=run.citizen, client=client, about=about, session=session
            )

        await self.store.mongo.transaction(work)

    async def _subject(self, session: Session) -> Subject:
        return await self.store.subject(session.citizen, app_id=session.app_id, organisation=session.organisation)
