"""Signing out: asked for by a client (RP-initiated), and told to clients (back-channel).

Rules
- A client signs its citizen out of the provider in this browser, and of the city's own session never.
- Without an ID token of ours that belongs to this browser nobody is signed out unasked: the shell's page asks.
- The browser is sent on only to a URI that the client of the hint registered, character by character.
- Every client of the browser that waits to hear of it is told by a signed token; who does not answer is told again.
  Its address is a stranger's (`core.calling`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlencode, urlsplit

import aiohttp
from yarl import URL

from core.calling import on_this_machine, public_address
from core.mongo import Session
from core.oauth import OAuthError
from identity.oidc.authorizing import Authorizing, Visit
from identity.oidc.model import Client, ClientState
from identity.oidc.parts import Parts
from identity.oidc.pending import Slot
from identity.oidc.releasing import Releasing
from identity.oidc.tokens import Named

PAGE: Final = "/signed-out"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=8)
_GONE_FOR_GOOD: Final = frozenset({400, 404, 410, 501})


class NotTold(Exception):
    """A client did not take its logout token; it is told again."""


class Post(Protocol):
    """Sends a form and returns the status of the answer."""

    async def __call__(self, url: str, form: Mapping[str, str]) -> int: ...


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Where the browser goes. ended: whether its cookie is to be removed."""

    to: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Logout:
    parts: Parts

    async def end_session(self, params: Mapping[str, str], visit: Visit) -> SignedOut:
        """OpenID Connect RP-Initiated Logout. Raises: OAuthError, to be shown where it is; Unavailable."""
        browser = await Authorizing(self.parts).signed_in(visit)
        hint = await self._hint(params)
        if hint is None:
            if "post_logout_redirect_uri" in params:
                raise OAuthError("invalid_request", "post_logout_redirect_uri needs an id_token_hint")
            return SignedOut(f"{self.parts.issuer}{PAGE}{'?confirm=1' if browser else ''}", ended=False)
        client, claims = hint
        to = self._onwards(params, client)
        if browser is None:
            return SignedOut(to, ended=False)
        if claims.get("sid") != self.parts.browser_name(browser.id, client):
            # Another person's token, or an older sign-in's: nobody is signed out by it.
            return SignedOut(f"{self.parts.issuer}{PAGE}?confirm=1", ended=False)
        await self._end(browser.id, visit)
        return SignedOut(to, ended=True)

    async def confirmed(self, visit: Visit) -> SignedOut:
        """The citizen pressed the button of our own page. Raises: Unavailable."""
        browser = await Authorizing(self.parts).signed_in(visit)
        if browser is not None:
            await self._end(browser.id, visit)
        return SignedOut(self.parts.issuer + PAGE, ended=True)

    async def session_ended(self, session_id: str, *, session: Session) -> None:
        """The city's session behind browsers ended: so do they, and their clients hear of it."""
        await self.parts.grants.end_all(
            because="session_ended", session=session, also_offline=False, session_id=session_id
        )

    async def relation_ended(self, relation_id: str, *, session: Session) -> None:
        await self.parts.grants.end_all(
            because="relation_ended", session=session, also_offline=True, relation_id=relation_id
        )

    async def tell(self, *, client_id: str, subject: str, browser_id: str, post: Post) -> None:
        """Hand one client its logout token. Raises: NotTold (again later), Unavailable."""
        client = await self.parts.store.client(client_id)
        if client is None or client.state is not ClientState.APPROVED or not client.backchannel_logout_uri:
            return
        # An account that was erased meanwhile has no subject left: the session alone is named.
        known = await self.parts.store.known_subject(subject, client.sector)
        named = Named(known, browser=self.parts.browser_name(browser_id, client))
        if not named.subject and not named.browser:
            return
        signed = self.parts.tokens.logout(client, named)
        try:  # as its ID tokens are (Back-Channel Logout §2.4)
            token = await Releasing(self.parts).encrypted_for(client, signed, client.id_token_wrap)
        except OAuthError as fault:
            raise NotTold(fault.description) from fault
        try:
            status = await post(client.backchannel_logout_uri, {"logout_token": token})
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            raise NotTold(type(fault).__name__) from fault
        if status // 100 == 2:
            await self.parts.audited("oidc.logout_told", actor=client_id, subject=subject, client=client_id)
        elif status in _GONE_FOR_GOOD:
            about = {"status": status}
            await self.parts.audited(
                "oidc.logout_refused", actor=client_id, subject=subject, client=client_id, about=about
            )
        else:
            raise NotTold(str(status))

    async def _hint(self, params: Mapping[str, str]) -> tuple[Client, Mapping[str, Any]] | None:
        """The client that the hint was made for, and what it says. Raises: OAuthError for a hint that is not ours."""
        text = params.get("id_token_hint", "")
        if not text:
            return None
        claims = await self.parts.tokens.read_hint(text)
        client = await self.parts.store.client(str(claims["aud"])) if claims else None
        if claims is None or client is None or params.get("client_id", client.id) != client.id:
            raise OAuthError("invalid_request", "id_token_hint is not an ID token for this client", suspicious=True)
        return client, claims

    def _onwards(self, params: Mapping[str, str], client: Client) -> str:
        uri = params.get("post_logout_redirect_uri")
        if uri is None:
            return self.parts.issuer + PAGE
        if uri not in client.post_logout_redirect_uris:
            raise OAuthError("invalid_request", "post_logout_redirect_uri is not registered", suspicious=True)
        state = params.get("state")
        if state is None:
            return uri
        return f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode({'state': state})}"

    async def _end(self, browser_id: str, visit: Visit) -> None:
        await self.parts.pending.take(Slot.BROWSER, visit.session)

        async def work(session: Session) -> None:
            await self.parts.grants.end_all(
                because="signed_out", session=session, also_offline=False, browser_id=browser_id
            )

        await self.parts.transaction(work)


def posting(http: aiohttp.ClientSession, *, issuer: str) -> Post:
    """Over HTTP: no redirects followed, nothing of the answer read but its status. issuer: the city's address."""

    async def post(url: str, form: Mapping[str, str]) -> int:
        to, host, headers = URL(url), None, dict[str, str]()
        if not (on_this_machine(issuer) and on_this_machine(url)):
            host, headers = to.raw_host or "", {"Host": to.raw_authority}
            to = to.with_host(await public_address(host, port=to.port or 443))
        async with http.post(
            to, data=dict(form), headers=headers, server_hostname=host, timeout=_TIMEOUT, allow_redirects=False
        ) as response:
            return response.status

    return post
