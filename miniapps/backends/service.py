"""The verbs of a program's backend: redeem codes, learn a phone, ask on a citizen's behalf.

Rules
- A backend proves itself by its access token, which its own key came to; the code alone is nobody's proof (T21).
- What it may ask of a citizen is what its front end may at this moment, by the same rules.
- Each verb has a quota by the day and stands in the audit or the citizen's own access log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from core.clock import Clock
from core.ids import Ids
from miniapps.asking.service import Asking, Told
from miniapps.backends.errors import NoEncryptionKey, OpenidUnknown
from miniapps.backends.sealing import PhoneNumber, sealed
from miniapps.backends.standing import Standings
from miniapps.developers.model import KeyUse
from miniapps.developers.service import Developers
from miniapps.openid.model import Identity
from miniapps.openid.service import Openids
from miniapps.releases.service import Releases
from miniapps.sessions.service import Sessions

CODE2SESSION: Final = "code2session"
MESSAGES: Final = "messages"
GRAPHQL: Final = "graphql"

# Asks the graph: as this citizen (None: as nobody), a text and its variables.
AskAs: TypeAlias = Callable[[str | None, str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Backends:
    """issuer: of what is sealed, the city's public URL."""

    developers: Developers
    openids: Openids
    sessions: Sessions
    asking: Asking
    releases: Releases
    standings: Standings
    issuer: str
    ids: Ids
    clock: Clock

    async def who(self, token: str) -> str:
        """The program whose backend holds an access token. Raises: SignInRequired, Unavailable."""
        app_id = await self.developers.tokens.backend(token)
        await self.standings.check(app_id)
        return app_id

    async def code2session(self, *, app_id: str, code: str) -> Identity:
        """Who signed in, once. Raises: CodeInvalid, CodeUsed, NotPermitted, TooOften, Unavailable."""
        count = await self.standings.counter(app_id, CODE2SESSION)
        return await self.openids.redeem_login(code=code, app_id=app_id, count=count)

    async def phone(self, *, app_id: str, code: str) -> PhoneNumber:
        """The citizen's phone, once. Raises: CodeInvalid, CodeUsed, NotPermitted, NoPhone, TooOften, Unavailable."""
        count = await self.standings.counter(app_id, CODE2SESSION)
        return PhoneNumber.of(await self.openids.redeem_phone(code=code, app_id=app_id, count=count))

    async def sealed_phone(self, *, app_id: str, code: str) -> str:
        """The same as a JWE to the program's newest key for encryption; without one nothing is redeemed.

        Raises: NoEncryptionKey, as `phone`.
        """
        app = await self.developers.app(app_id)
        keys = app.keys(KeyUse.ENCRYPT, now=self.clock.now()) if app else ()
        if not keys:
            raise NoEncryptionKey()
        number = await self.phone(app_id=app_id, code=code)
        return sealed(
            number,
            to=keys[-1].jwk,
            key=self.openids.keys.active,
            issuer=self.issuer,
            app_id=app_id,
            id=self.ids.new("mph"),
            now=self.clock.now(),
        )

    async def ask(
        self,
        *,
        app_id: str,
        document_id: str,
        variables: Mapping[str, Any] | None,
        openid: str | None,
        session_id: str | None,
        ask: AskAs,
    ) -> Told:
        """A document of the program's release. openid: on whose behalf; None: nobody's, then of public fields alone.
        session_id: in which the citizen runs it now; without it, what only a trusted device gives is not given.

        Raises: OpenidUnknown, SessionOver, DocumentUnknown, NotPermitted, TooOften, Unavailable.
        """
        await self.standings.charge(app_id, GRAPHQL)
        if openid is None:
            running = await self.releases.running(app_id)
            return await self.asking.ask_publicly(
                release=running.release.id, document_id=document_id, variables=variables, ask=_as(ask, None)
            )
        citizen = await self.openids.store.citizen_of(openid, app_id=app_id)
        if citizen is None:
            raise OpenidUnknown()
        standing = await self.sessions.on_behalf(citizen=citizen, app_id=app_id, session_id=session_id)
        return await self.asking.ask_for(
            citizen=citizen,
            app_id=app_id,
            release=standing.release,
            allowed=standing.granted,
            document_id=document_id,
            variables=variables,
            ask=_as(ask, citizen),
        )


def _as(ask: AskAs, citizen: str | None) -> Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]:
    async def asked(text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        return await ask(citizen, text, variables)

    return asked
