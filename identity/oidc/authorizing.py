"""The pushed request and the authorization endpoint: from a client's wish to a code, or to the citizen's page.

Rules
- The page that asks the citizen is the shell's; what it decides comes back through the graph, and the browser fetches
  its answer here. It gets one only where it began: a cookie binds the two, so a link to somebody else's interaction
  (session fixation, phishing for a yes) ends in a refusal and ends the grant.
- A pushed request brings one answer. Until then its page may be loaded again (FAPI 2.0 §5.3.2.2).
- A browser whose citizen agreed is remembered for half a day by a cookie that means nothing to the graph, so that
  `prompt=none` has an answer and nobody is asked twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from core.clock import epoch_ms, epoch_s, from_epoch_s
from core.crypto import digest, same
from core.mongo import Session
from core.oauth import OAuthError
from identity.oidc import authorization
from identity.oidc.authorization import AuthorizationRequest, Decision, SignedInBrowser
from identity.oidc.grants import Wish
from identity.oidc.model import (
    BROWSER_LIFETIME,
    CODE_LIFETIME,
    INTERACTION_LIFETIME,
    PUSHED_LIFETIME,
    Client,
    ClientState,
    Grant,
)
from identity.oidc.parts import Parts
from identity.oidc.pending import Mark, Slot
from identity.oidc.proving import Call, Proving
from identity.oidc.request_objects import kid_of, read_request_object

# So long after its end a code is known again when somebody shows it a second time.
CODE_REMEMBERED: Final = timedelta(hours=1)
PAGE: Final = "/authorize/"
RESUME: Final = "/oidc/authorize/"
# Longer than a request that was pushed, and the last page that it began, may wait for their answer.
_ANSWERED_REMEMBERED: Final = PUSHED_LIFETIME + INTERACTION_LIFETIME + timedelta(minutes=5)
_OF_THE_CLIENT: Final = frozenset({"client_assertion", "client_assertion_type", "client_secret"})


@dataclass(frozen=True, slots=True)
class Visit:
    """The cookies that a browser brings: `browser` binds it to its interactions, `session` says who is signed in."""

    browser: str = field(default="", repr=False)
    session: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the browser goes. browser, session: cookies to set, empty for none."""

    to: str
    browser: str = field(default="", repr=False)
    session: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Authorizing:
    parts: Parts

    async def push(self, call: Call) -> dict[str, Any]:
        """RFC 9126. Raises: OAuthError, TooManyRequests, Unavailable."""
        parts, proving = self.parts, Proving(self.parts)
        client = await proving.client(call)
        params = {name: value for name, value in call.form.items() if name not in _OF_THE_CLIENT}
        if params.setdefault("client_id", client.id) != client.id:
            raise OAuthError("invalid_request", "client_id is another client's")
        params = await self._opened(params, client)
        jkt = await proving.key(call, required=False)
        if jkt and params.setdefault("dpop_jkt", jkt) != jkt:
            raise OAuthError("invalid_dpop_proof", "dpop_jkt is not the key of the proof")
        authorization.redirect_uri_of(params, client)
        request = authorization.read_request(params, client)
        await parts.expected(params, request.subject_wanted, client)
        uri = authorization.REQUEST_URI_PREFIX + parts.new_secret()
        await parts.pending.put(Slot.PUSHED, uri, params, life=PUSHED_LIFETIME)
        return {"request_uri": uri, "expires_in": int(PUSHED_LIFETIME.total_seconds())}

    async def authorize(self, params: Mapping[str, str], visit: Visit) -> Redirect:
        """What the browser is told. Raises: OAuthError, to be shown where it is; Unavailable."""
        client, params, pushed = await self._whose(params)
        if not pushed:  # what was pushed was opened when it came
            beside = params
            try:
                params = await self._opened(params, client)
            except OAuthError as fault:
                if client.state is not ClientState.APPROVED or beside.get("redirect_uri") not in client.redirect_uris:
                    raise
                return Redirect(self._answer(beside, client, fault.body))
        authorization.redirect_uri_of(params, client)
        try:
            return await self._decided(params, client, visit, pushed)
        except OAuthError as fault:
            return Redirect(self._answer(params, client, fault.body))

    async def resume(self, interaction_id: str, visit: Visit) -> Redirect:
        """What the citizen decided, told to the client. Raises: OAuthError, to be shown where it is; Unavailable."""
        pending = self.parts.pending
        row = await pending.get(Slot.INTERACTION, interaction_id)
        client = await self.parts.store.client(row["client"]) if row else None
        if row is None or client is None or "redirect_uri" not in row["params"]:
            raise OAuthError("access_denied", "this request has ended; begin again where you came from")
        if "answer" not in row:
            return Redirect(self.parts.issuer + PAGE + interaction_id)
        if not visit.browser or not same(digest(visit.browser).hex().encode(), row["browser"].encode()):
            await self._began_elsewhere(row)
        if await pending.take(Slot.INTERACTION, interaction_id) is None:
            raise OAuthError("access_denied", "this request has ended; begin again where you came from")
        answer = row["answer"]
        try:
            await self._spend(row.get("pushed", ""))
        except OAuthError:  # another page of the same request was first
            if "grant" in answer:
                await self.parts.grants.end(answer["grant"], because="answered_twice")
            raise
        if "error" in answer:
            return Redirect(self._answer(row["params"], client, answer))
        grant = await self.parts.store.grant(answer["grant"])
        if grant is None or not self.parts.runs(grant):
            raise OAuthError("access_denied", "the consent was withdrawn")
        request = authorization.read_request(row["params"], client)
        session = await self._remember(grant, visit)
        return Redirect(await self._code(grant, request, row["params"], client), session=session)

    # --- the request

    async def _whose(self, params: Mapping[str, str]) -> tuple[Client, Mapping[str, str], str]:
        """The client, its request, and by which `request_uri` it pushed that one; empty where it did not."""
        client = await self.parts.store.client(params.get("client_id", ""))
        if client is None:
            raise OAuthError("invalid_request", "client_id is missing or unknown")
        uri = params.get("request_uri", "")
        if uri.startswith(authorization.REQUEST_URI_PREFIX):
            pushed = await self.parts.pending.get(Slot.PUSHED, uri)
            if pushed is None or pushed["client_id"] != client.id:
                raise _pushed_gone()
            return client, pushed, uri
        if client.must_push:
            raise OAuthError("invalid_request", "this client must push its requests (RFC 9126)")
        return client, params, ""

    async def _opened(self, params: Mapping[str, str], client: Client) -> dict[str, str]:
        """What a signed request says; the parameters as they are where it is not signed. Raises: OAuthError."""
        text = params.get("request")
        if text is None:
            if client.signed_requests:
                raise OAuthError("invalid_request", "this client must sign its requests (RFC 9101)")
            return dict(params)
        if "request_uri" in params:
            raise OAuthError("invalid_request", "there are both request and request_uri")
        if not client.jwks and not client.jwks_uri:
            raise OAuthError("request_not_supported", "this client has no key to sign its requests with")
        keys = await self.parts.keys.of(client, kid=kid_of(text))
        return read_request_object(text, client, keys=keys, issuer=self.parts.issuer, now=self.parts.now())

    async def _spend(self, uri: str) -> None:
        """A pushed request is answered now, and never again. Raises: OAuthError, Unavailable."""
        if not uri:
            return
        if not await self.parts.pending.first(Mark.PUSHED, uri, life=_ANSWERED_REMEMBERED):
            raise _pushed_gone()
        await self.parts.pending.take(Slot.PUSHED, uri)

    async def _decided(self, params: Mapping[str, str], client: Client, visit: Visit, pushed: str) -> Redirect:
        request = authorization.read_request(params, client)
        expected = await self.parts.expected(params, request.subject_wanted, client)
        browser = await self.signed_in(visit)
        consented = frozenset[str]()
        if browser is not None:
            consented = await self.parts.consents.given(
                citizen=browser.citizen, client=client.id, purpose=client.purpose
            )
        decision = authorization.decide(
            request, browser=browser, expected=expected, consented=consented, now=self.parts.now()
        )
        if decision is Decision.PROCEED:
            assert browser is not None, "decided"
            await self._spend(pushed)
            grant = await self._again(client, browser, request)
            return Redirect(await self._code(grant, request, params, client))
        return await self._ask(params, request, visit, browser, expected, pushed)

    async def _ask(
        self,
        params: Mapping[str, str],
        request: AuthorizationRequest,
        visit: Visit,
        browser: SignedInBrowser | None,
        expected: str | None,
        pushed: str,
    ) -> Redirect:
        parts = self.parts
        binding = visit.browser or parts.new_secret()
        row = {
            "client": request.client_id,
            "params": dict(params),
            "pushed": pushed,
            "browser": digest(binding).hex(),
            "signed_in": {"id": browser.id, "session": browser.session_id} if browser else None,
            "expected": expected,
            "begun_ms": epoch_ms(parts.now()),
        }
        interaction_id = parts.new_secret()
        await parts.pending.put(Slot.INTERACTION, interaction_id, row, life=INTERACTION_LIFETIME)
        return Redirect(parts.issuer + PAGE + interaction_id, browser="" if visit.browser else binding)

    async def _again(self, client: Client, browser: SignedInBrowser, request: AuthorizationRequest) -> Grant:
        """A grant for what was agreed to before."""

        async def work(session: Session) -> Grant:
            wish = Wish(request.scopes, request.claims, request.id_token_claims)
            return await self.parts.grants.begin(client=client, by=browser, wish=wish, relation=None, session=session)

        return await self.parts.transaction(work)

    # --- the answer

    async def _code(
        self, grant: Grant, request: AuthorizationRequest, params: Mapping[str, str], client: Client
    ) -> str:
        code = self.parts.new_secret()
        row = {
            "grant": grant.id,
            "client": grant.client_id,
            "redirect_uri": request.redirect_uri,
            "challenge": request.code_challenge,
            "nonce": request.nonce,
            "jkt": request.dpop_jkt,
        }
        await self.parts.pending.put(Slot.CODE, code, row, life=CODE_LIFETIME, kept=CODE_REMEMBERED)
        return self._answer(params, client, {"code": code})

    def _answer(self, params: Mapping[str, str], client: Client, told: Mapping[str, str]) -> str:
        """Where the browser goes with what the client is told: `state` and `iss` besides, or all of it signed."""
        redirect_uri, answer = params["redirect_uri"], {**told, "state": params.get("state")}
        if params.get("response_mode") in authorization.SIGNED_MODES:
            return authorization.answer(redirect_uri, {"response": self.parts.tokens.response(client, answer)})
        return authorization.answer(redirect_uri, {**answer, "iss": self.parts.issuer})

    async def _began_elsewhere(self, row: Mapping[str, Any]) -> None:
        grant_id = row["answer"].get("grant")
        if grant_id:
            await self.parts.grants.end(grant_id, because="began_elsewhere")
        fault = OAuthError("access_denied", "this request began in another browser", suspicious=True)
        await self.parts.refused(fault, client_id=row["client"], address="")
        raise fault

    # --- who is signed in

    async def signed_in(self, visit: Visit) -> SignedInBrowser | None:
        """Whose browser it is, if the city's session behind it still runs. Raises: Unavailable."""
        row = await self.parts.pending.get(Slot.BROWSER, visit.session) if visit.session else None
        if row is None or row["session"] in self.parts.revocations:
            return None
        device = await self.parts.accounts.session(row["session"])
        if device is None or device.revoked_at is not None:
            return None
        return SignedInBrowser(
            id=row["id"],
            citizen=row["citizen"],
            session_id=row["session"],
            level=row["level"],
            methods=frozenset(row["methods"]),
            authenticated_at=from_epoch_s(row["authenticated_s"]),
        )

    async def _remember(self, grant: Grant, visit: Visit) -> str:
        """A new cookie's secret; the old one means nothing from here on (session fixation)."""
        if visit.session:
            await self.parts.pending.take(Slot.BROWSER, visit.session)
        secret = self.parts.new_secret()
        row = {
            "id": grant.browser_id,
            "citizen": grant.citizen,
            "session": grant.session_id,
            "level": grant.level,
            "methods": sorted(grant.methods),
            "authenticated_s": epoch_s(grant.authenticated_at),
        }
        await self.parts.pending.put(Slot.BROWSER, secret, row, life=BROWSER_LIFETIME)
        return secret


def _pushed_gone() -> OAuthError:
    return OAuthError("invalid_request_uri", "request_uri is unknown, used or expired")
