"""What the citizen decides: on the shell's page, signed in to the city, for a browser or for a device with a code.

Rules
- Only a citizen for themself decides; whom they act for is chosen here, from their own relations that run.
- What the request demands of the sign-in (`max_age`, `prompt=login`, an essential `acr`) is demanded of the session
  that approves. It may be met while the interaction waits, by step-up, and then approved again.
- What is agreed to is written once: grant, consent, audit and event are one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from core.clock import from_epoch_s
from core.errors import BadInput, DomainError, NotFound, StepUpRequired
from core.ids import is_id
from core.mongo import Session
from core.oauth import OAuthError, typed_user_code
from core.principal import Principal
from identity.charges import Charge
from identity.errors import TokenInvalid
from identity.oidc import authorization
from identity.oidc.authorization import AuthorizationRequest, SignedInBrowser
from identity.oidc.authorizing import RESUME
from identity.oidc.device import device_request
from identity.oidc.errors import AnotherPerson, InteractionGone, LevelTooLow, UserCodeWrong
from identity.oidc.grants import Wish
from identity.oidc.model import INTERACTION_LIFETIME, Client, ClientState, Grant
from identity.oidc.parts import USER_CODES_PER_CITIZEN, Parts
from identity.oidc.pending import Slot
from identity.relations import Relation

ANSWER_WAITS: Final = timedelta(minutes=2)
_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Interaction:
    """One request that waits for its citizen. device: the device's user code; empty for a browser."""

    id: str
    client: Client
    request: AuthorizationRequest
    begun_at: datetime
    expires_at: datetime
    device: str = ""


@dataclass(frozen=True, slots=True)
class Interactions:
    parts: Parts

    async def look(self, *, interaction_id: str) -> Interaction:
        """What a client asks; whoever holds the id may read it, signed in or not. Raises: InteractionGone, …"""
        return (await self._waiting(interaction_id))[0]

    async def relations(self, *, principal: Principal) -> list[Relation]:
        """For whom the citizen may act. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_citizen(principal.actor)
        now = self.parts.now()
        found = await self.parts.accounts.delegations.relations_of(principal.actor)
        return [one for one in found if one.actor == principal.actor and one.live(now)]

    async def enter_user_code(self, *, principal: Principal, user_code: str) -> Interaction:
        """The request of the device that shows this code. Raises: UserCodeWrong, TooManyRequests, SignInRequired, …"""
        principal.require_citizen(principal.actor)
        parts = self.parts
        key = parts.charges.key("oidc-user-code", principal.actor)
        await parts.charges.charge([Charge(key, USER_CODES_PER_CITIZEN)])
        code = typed_user_code(user_code)
        found = await parts.pending.get(Slot.USER_CODE, code)
        row = await parts.pending.get(Slot.DEVICE, found["device_code"]) if found else None
        if found is None or row is None or row["state"] != "pending":
            raise UserCodeWrong()
        told = {
            "client": row["client"],
            "params": row["params"],
            "device": found["device_code"],
            "user_code": code,
            "signed_in": None,
            "expected": None,
            "begun_ms": row["begun_ms"],
        }
        interaction_id = parts.new_secret()
        await parts.pending.put(Slot.INTERACTION, interaction_id, told, life=INTERACTION_LIFETIME)
        return await self.look(interaction_id=interaction_id)

    async def approve(
        self, *, principal: Principal, interaction_id: str, claims: frozenset[str], relation_id: str | None
    ) -> str:
        """Agree. claims: of those that are asked for, the ones that the client may learn.

        Returns where the browser goes on; empty for a device, which finds out by itself.
        Raises: InteractionGone, SignInRequired, Forbidden, StepUpRequired, LevelTooLow, AnotherPerson, BadInput,
        NotFound (no relation of the caller's that runs), TokenInvalid (the session has just ended), Unavailable.
        """
        principal.require_citizen(principal.actor)
        interaction, row = await self._waiting(interaction_id)
        request, client = interaction.request, interaction.client
        self._demand(principal, interaction, row)
        if claims - request.claims:
            raise BadInput(field="claims", problem="holds what was not asked for")
        if await self.parts.pending.take(Slot.INTERACTION, interaction_id) is None:
            raise InteractionGone()
        by = self._signed_in(principal, row, device=bool(interaction.device))
        wish = Wish(request.scopes, claims, request.id_token_claims)

        async def work(session: Session) -> Grant:
            relation = await self._relation(principal.actor, relation_id, session)
            now = self.parts.now()
            if await self.parts.accounts.touch_session(principal.session_id, now=now, session=session) is None:
                raise TokenInvalid()
            grant = await self.parts.grants.begin(client=client, by=by, wish=wish, relation=relation, session=session)
            if relation is None:  # what one agrees to for another is asked each time
                await self.parts.consents.give(
                    citizen=principal.actor,
                    client=client.id,
                    fields=grant.claims | grant.scopes,
                    purpose=client.purpose,
                    at=now,
                    session=session,
                )
            return grant

        try:
            grant = await self.parts.transaction(work)
        except DomainError:  # what could not be chosen leaves the question open
            life = interaction.expires_at - self.parts.now()
            await self.parts.pending.put(Slot.INTERACTION, interaction_id, row, life=max(life, timedelta(seconds=1)))
            raise
        return await self._answered(interaction_id, row, {"grant": grant.id})

    async def deny(self, *, interaction_id: str) -> str:
        """Refuse; nobody needs to be signed in for that. Returns where the browser goes. Raises: InteractionGone, …"""
        interaction, row = await self._waiting(interaction_id)
        if await self.parts.pending.take(Slot.INTERACTION, interaction_id) is None:
            raise InteractionGone()
        await self.parts.audited("oidc.denied", actor="", client=interaction.client.id)
        fault = OAuthError("access_denied", "the citizen did not agree")
        return await self._answered(interaction_id, row, fault.body)

    # --- what is demanded

    def _demand(self, principal: Principal, interaction: Interaction, row: Mapping[str, Any]) -> None:
        request, now = interaction.request, self.parts.now()
        if row["expected"] is not None and row["expected"] != principal.actor:
            raise AnotherPerson()
        since = authorization.proven_since(request, begun_at=interaction.begun_at, now=now)
        if since is not None and (principal.authenticated_at is None or principal.authenticated_at < since):
            raise StepUpRequired(max_age_s=int((now - since).total_seconds()), strong=False)
        if principal.real_name_level < request.level:
            raise LevelTooLow(level=request.level)

    async def _relation(self, actor: str, relation_id: str | None, session: Session) -> Relation | None:
        if relation_id is None:
            return None
        found = None
        if is_id(relation_id, prefix="rel"):
            found = await self.parts.accounts.delegations.relation(relation_id, session=session)
        if found is None or found.actor != actor or not found.live(self.parts.now()):
            raise NotFound(thing="relation")
        if await self.parts.accounts.freezes.of(found.subject, now=self.parts.now(), session=session):
            raise NotFound(thing="relation")
        return found

    def _signed_in(self, principal: Principal, row: Mapping[str, Any], *, device: bool) -> SignedInBrowser:
        """The provider's session of this browser: the one it had, if it is the same sign-in's, else a new one."""
        before = row["signed_in"]
        same_sign_in = before is not None and before["session"] == principal.session_id
        browser_id = before["id"] if same_sign_in else self.parts.ids.new("ops")
        return SignedInBrowser(
            id="" if device else browser_id,
            citizen=principal.actor,
            session_id=principal.session_id,
            level=principal.real_name_level,
            methods=principal.methods,
            authenticated_at=principal.authenticated_at or self.parts.now(),
        )

    # --- what waits

    async def _waiting(self, interaction_id: str) -> tuple[Interaction, dict[str, Any]]:
        row = None
        if _ID.fullmatch(interaction_id):
            row = await self.parts.pending.get(Slot.INTERACTION, interaction_id)
        client = await self.parts.store.client(row["client"]) if row else None
        if row is None or "answer" in row or client is None or client.state is not ClientState.APPROVED:
            raise InteractionGone()
        begun = from_epoch_s(row["begun_ms"] / 1000)
        try:
            read = device_request if "device" in row else authorization.read_request
            request = read(row["params"], client)
        except OAuthError as fault:  # the client was changed meanwhile
            raise InteractionGone() from fault
        ends = begun + INTERACTION_LIFETIME
        return Interaction(interaction_id, client, request, begun, ends, row.get("user_code", "")), row

    async def _answered(self, interaction_id: str, row: dict[str, Any], answer: Mapping[str, str]) -> str:
        pending = self.parts.pending
        if device_code := row.get("device"):
            waiting = await pending.get(Slot.DEVICE, device_code)
            if waiting is None or await pending.take(Slot.USER_CODE, row["user_code"]) is None:
                if "grant" in answer:
                    await self.parts.grants.end(answer["grant"], because="device_gone")
                raise InteractionGone()
            await pending.put(Slot.DEVICE, device_code, {**waiting, "state": "answered", **answer}, life=ANSWER_WAITS)
            return ""
        await pending.put(Slot.INTERACTION, interaction_id, {**row, "answer": dict(answer)}, life=ANSWER_WAITS)
        return self.parts.issuer + RESUME + interaction_id
