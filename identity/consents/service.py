"""The verbs of consent: ask whether it stands, give, withdraw, read the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from core.audit import AuditLog
from core.clock import Clock, to_ms
from core.errors import BadInput, NotFound
from core.events import Outbox
from core.ids import Ids, is_id
from core.mongo import Session
from core.principal import Principal
from identity.consents.model import (
    CONSENT_PREFIX,
    ENTRY_PREFIX,
    Act,
    Asked,
    Consent,
    Entry,
    Grant,
    LegalBasis,
    Shown,
)
from identity.consents.store import ConsentStore
from identity.relations import GIVE_CONSENT
from identity.revocations import Revocations

CONSENT_GIVEN: Final = "identity.consent_given"
CONSENT_WITHDRAWN: Final = "identity.consent_withdrawn"


class Clients(Protocol):
    """What the consent ledger asks of whoever gives tokens to clients."""

    async def name(self, client: str) -> str:
        """What people call it; its id where nobody knows it. Raises: Unavailable."""
        ...

    async def end(self, *, citizen: str, client: str, session: Session) -> Iterable[str]:
        """End what this client was granted by this citizen, in the caller's transaction.

        Returns the ids under which its access tokens are to be refused at once (`Revocations`).
        """
        ...


class NoClients:
    """A city without programs of others."""

    async def name(self, client: str) -> str:
        return client

    async def end(self, *, citizen: str, client: str, session: Session) -> Iterable[str]:
        return ()


@dataclass(frozen=True, slots=True)
class Consents:
    """Everybody's consents."""

    store: ConsentStore
    clients: Clients
    revocations: Revocations
    outbox: Outbox
    audit: AuditLog
    ids: Ids
    clock: Clock

    async def open(self) -> None:
        """Make the indexes."""
        await self.store.open()

    async def covers(
        self, *, citizen: str, client: str, fields: Iterable[str], purpose: str, now: datetime | None = None
    ) -> bool:
        """Whether the client may read every one of `fields` for this purpose, without asking again. Raises:
        Unavailable.
        """
        wanted = frozenset(fields)
        standing = await self.store.standing(citizen=citizen, client=client, purpose=purpose)
        return standing is not None and wanted <= standing.fields(now or self.clock.now())

    async def given(self, *, citizen: str, client: str) -> frozenset[str]:
        """What the client may read of this citizen now, for whichever purpose. Raises: Unavailable."""
        now, consents = self.clock.now(), await self.store.consents(citizen, client=client)
        return frozenset[str]().union(*(consent.fields(now) for consent in consents))

    async def give(self, *, principal: Principal, asked: Asked, shown: Shown) -> Consent:
        """The citizen agrees to what is asked, having read what was shown.

        Raises: SignInRequired, Forbidden (acts for somebody without `consents:give`), BadInput, ConsentFieldUnknown,
        ConsentNotSeparate, Unavailable.
        """
        principal.require_citizen(principal.subject, matter=GIVE_CONSENT)

        async def work(session: Session) -> Consent:
            return await self.enter(
                citizen=principal.subject, by=principal.actor, asked=asked, shown=shown, session=session
            )

        return await self.store.transaction(work)

    async def enter(self, *, citizen: str, by: str, asked: Asked, shown: Shown, session: Session) -> Consent:
        """As `give`, in the transaction of a caller who made sure that `by` may agree for this citizen.

        Given again, fields are added and their time begins anew; what stands of other fields stays. Agreeing to what
        stands word for word changes nothing and enters nothing.
        Raises: BadInput, ConsentFieldUnknown, ConsentNotSeparate.
        """
        now = to_ms(self.clock.now())
        asked.check(now=now)
        shown.check(asked)
        standing = await self.store.standing(
            citizen=citizen, client=asked.client, purpose=asked.purpose, session=session
        )
        given = self._given(standing, citizen, asked, now)
        if standing is not None and _says_the_same(standing, given, asked, now):
            return standing
        await self.store.put(given, session=session)
        entry = Entry(
            id=self.ids.new(ENTRY_PREFIX),
            consent=given.id,
            number=given.acts,
            act=Act.CHANGED if standing is not None and standing.fields(now) else Act.GIVEN,
            fields=tuple(sorted(asked.fields)),
            at=now,
            until=asked.until,
            by=by,
            asked_hash=asked.hash,
            text_hash=shown.digest,
            locale=shown.locale,
        )
        await self._record(entry, given, shown, session)
        return given

    def _given(self, standing: Consent | None, citizen: str, asked: Asked, now: datetime) -> Consent:
        until = to_ms(asked.until) if asked.until else None
        grants = {name: Grant(now, until) for name in sorted(asked.fields)}
        if standing is None:
            id_ = self.ids.new(CONSENT_PREFIX)
            return Consent(id_, citizen, asked.client, asked.purpose, asked.basis, grants, now)
        kept = {name: grant for name, grant in standing.grants.items() if grant.live(now)}
        since = standing.since if kept else now
        return replace(
            standing,
            basis=asked.basis,
            grants=kept | grants,
            since=since,
            acts=standing.acts + 1,
            withdrawn_at=None,
        )

    async def withdraw(self, *, principal: Principal, consent_id: str, fields: Iterable[str] | None = None) -> Consent:
        """Take a consent back, whole or these fields of it; what was taken back already stays so.

        No fresh proof is asked for: taking back must be as easy as giving (PIPL article 15). What the client was
        granted ends with the first field, so that it must ask again for less.
        Raises: SignInRequired, Forbidden (acts for another), NotFound (also: another's), BadInput (rests on a law or a
        contract), Unavailable.
        """
        principal.require_citizen(principal.subject)
        now, ended = to_ms(self.clock.now()), list[str]()

        async def work(session: Session) -> Consent:
            consent = await self._own(principal, consent_id, session)
            live = consent.fields(now)
            taken = live if fields is None else live & frozenset(fields)
            if not taken:
                return consent
            if consent.basis is not LegalBasis.CONSENT:
                raise BadInput(field="id", problem="does not rest on your consent")
            ended[:] = await self.clients.end(citizen=consent.citizen, client=consent.client, session=session)
            return await self._take(consent, taken, principal.actor, now, session)

        left = await self.store.transaction(work)
        for id_ in ended:
            await self.revocations.add(id_)
        return left

    async def withdraw_all(self, *, citizen: str) -> None:
        """End every consent of an account that is being erased. Raises: Unavailable."""
        now = self.clock.now()
        for consent in await self.store.consents(citizen):
            if consent.fields(now):
                await self._end(consent.id)

    async def withdraw_from(self, *, citizen: str, client: str, fields: Iterable[str] | None = None) -> None:
        """For a room that made sure that this citizen takes back what a client has, for whichever purpose: these
        fields, or all. What rests on a law or a contract stays. Raises: Unavailable.
        """
        taken, now = None if fields is None else frozenset(fields), self.clock.now()
        for consent in await self.store.consents(citizen, client=client):
            live = consent.fields(now)
            if consent.basis is LegalBasis.CONSENT and (live if taken is None else live & taken):
                await self._end(consent.id, taken)

    async def _end(self, consent_id: str, fields: frozenset[str] | None = None) -> None:
        now, ended = to_ms(self.clock.now()), list[str]()

        async def work(session: Session) -> None:
            consent = await self.store.consent(consent_id, session=session)
            live = consent.fields(now) if consent is not None else frozenset[str]()
            taken = live if fields is None else live & fields
            if consent is None or not taken:
                return
            ended[:] = await self.clients.end(citizen=consent.citizen, client=consent.client, session=session)
            await self._take(consent, taken, consent.citizen, now, session)

        await self.store.transaction(work)
        for id_ in ended:
            await self.revocations.add(id_)

    async def _take(self, consent: Consent, taken: frozenset[str], by: str, now: datetime, session: Session) -> Consent:
        grants = {name: grant for name, grant in consent.grants.items() if name not in taken and grant.live(now)}
        left = replace(consent, grants=grants, acts=consent.acts + 1, withdrawn_at=None if grants else now)
        await self.store.put(left, session=session)
        act = Act.CHANGED if grants else Act.WITHDRAWN
        entry = Entry(self.ids.new(ENTRY_PREFIX), left.id, left.acts, act, tuple(sorted(taken)), now, None, by)
        await self._record(entry, left, None, session, withdrawn=True)
        return left

    async def _own(self, principal: Principal, consent_id: str, session: Session) -> Consent:
        found = None
        if is_id(consent_id, prefix=CONSENT_PREFIX):
            found = await self.store.consent(consent_id, session=session)
        if found is None or found.citizen != principal.subject:
            raise NotFound(thing="consent")
        return found

    async def _record(
        self, entry: Entry, consent: Consent, shown: Shown | None, session: Session, *, withdrawn: bool = False
    ) -> None:
        """The ledger, the event and the audit: all of it, or nothing."""
        await self.store.enter(entry, shown=shown, session=session)
        told = {"citizen": consent.citizen, "client": consent.client, "consent": consent.id, "entry": entry.id}
        name = CONSENT_WITHDRAWN if withdrawn else CONSENT_GIVEN
        await self.outbox.append(name=name, payload={**told, "fields": list(entry.fields)}, session=session)
        await self.audit.append(
            "consents.withdrawn" if withdrawn else "consents.given",
            actor=entry.by,
            subject=consent.citizen,
            client=consent.client,
            about={"consent": consent.id, "fields": list(entry.fields), "text": entry.text_hash},
            session=session,
        )

    # --- reading

    async def list(self, *, principal: Principal) -> Sequence[Consent]:
        """The caller's consents, also those that ended, newest first.

        Raises: SignInRequired, Forbidden, Unavailable.
        """
        principal.require_citizen(principal.subject)
        return await self.store.consents(principal.subject)

    async def history(self, *, principal: Principal, consent: Consent) -> Sequence[Entry]:
        """What was done about one of the caller's consents, oldest first. Raises: NotFound, Unavailable."""
        principal.require_citizen(consent.citizen)
        return await self.store.entries(consent.id)


def _says_the_same(standing: Consent, given: Consent, asked: Asked, now: datetime) -> bool:
    """True when every field that is asked for stands already, on the same basis and as long."""
    live = standing.fields(now)
    as_long = all(name in live and standing.grants[name].until == given.grants[name].until for name in asked.fields)
    return as_long and standing.basis is given.basis
