"""Proving who one is, by documents, a face, a net-ID, or at a counter.

Rules
- Everybody proves themself and nobody else, but for guardians who bring their child's net-ID. Who acts for somebody
  else proves nothing.
- What reaches level 4 or 5 is begun with a proof of the last five minutes, by a second factor where the account has
  one.
- A try is counted by account, device and address before anybody is asked.
- A document that no register knows binds nothing: its number may be entered by others too, and its name is nobody's.
- The new level stands in the next access token: clients refresh the session.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from core.clock import Clock
from core.errors import NotFound, Unavailable
from core.ids import Ids, is_id
from core.mongo import Session
from core.principal import Principal, PrincipalKind
from identity.errors import RealNameNeeded, RealNameNotConfirmed
from identity.evidence.errors import (
    FaceCheckOver,
    FaceCheckRefused,
    FaceNotMatched,
    GuardianNeeded,
    NetIdRefused,
    OwnAccount,
    TicketOver,
)
from identity.evidence.model import (
    FRESH,
    OFFICER_FRESH,
    TICKET_LIFE,
    TICKETS,
    VERIFY_SCOPE,
    Standing,
    Ticket,
    Way,
    parse_credential,
    parse_ticket,
    ticket_code,
)
from identity.evidence.pending import Pending
from identity.faces import CHECK_PREFIX, FaceCheck, FaceProvider, ResultRefused
from identity.id_numbers import Document
from identity.levels import DocumentType, EvidenceKind, NameEvidence, valid_until
from identity.limits import COUNTER_LIMITS, FACE_LIMITS, REAL_NAME_LIMITS, TICKET_LIMITS, Limit
from identity.model import REGISTER_LEVEL, Citizen, LookUp, Staff, comparable_name, parse_name, parse_reason
from identity.real_names import ID_TYPES, RealNames, Shown
from identity.registers import DocumentRegister, NetId
from identity.relations import COUNTER, DOCUMENT_REGISTER, FACE_CHECK, NET_ID, SELF_ENTERED, RelationKind
from identity.store import IdentityStore

_FACE: Final = "face"
_TICKET: Final = "ticket"
_TICKET_OF: Final = "ticket-of"


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, and from where, as tries are counted."""

    principal: Principal
    device_id: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """A document as it was typed."""

    type: DocumentType
    name: str
    number: str
    nationality: str = ""
    born: date | None = None
    expires_on: date | None = None
    mrz: str = ""


@dataclass(frozen=True, slots=True)
class Evidences:
    """Everybody's ways to prove who they are. documents, faces: None where the city has none.

    second_factor: whether an account has a strong method, which must then be used.
    """

    names: RealNames
    pending: Pending
    documents: DocumentRegister | None
    faces: FaceProvider | None
    second_factor: Callable[[str], Awaitable[bool]]
    ids: Ids
    clock: Clock
    below: Callable[[int], int] = secrets.randbelow

    @property
    def store(self) -> IdentityStore:
        return self.names.store

    # --- where one stands

    async def standing(self, *, principal: Principal) -> Standing:
        """Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        principal.require_citizen(principal.subject)
        citizen = await self.names.account(principal.subject)
        evidence, now = citizen.in_force, self.clock.now()
        return Standing(citizen.real_name_level, valid_until(evidence, now=now), evidence, await self._ways(citizen))

    async def _ways(self, citizen: Citizen) -> tuple[Way, ...]:
        """Whoever came by net-ID is not asked for what says in clear who they are. Source: Order 173, article 8."""
        clear = not self.names.holds_net_id(citizen)
        register = self.names.register is not None
        seen = self.faces is not None and await self.names.person(citizen) is not None
        by_document = EvidenceKind.FORM if self.documents is None else EvidenceKind.DOCUMENT
        return (
            Way(EvidenceKind.REGISTER, clear and register),
            Way(by_document, clear),
            Way(EvidenceKind.FACE, seen),
            Way(EvidenceKind.NET_ID, self.names.net_ids is not None),
            Way(EvidenceKind.COUNTER, register or self.documents is not None),
        )

    # --- documents (levels 2 and 3)

    async def confirm_document(self, *, asking: Asking, entered: Entered) -> Citizen:
        """The caller's own. A resident's number is as `RealNames.confirm`.

        A foreign passport that the register does not know, and any document where there is no register, is level 2.
        Raises: SignInRequired, Forbidden, BadInput, IdNumberInvalid, DocumentInvalid, DocumentExpired, TooManyRequests,
        RealNameStands, RealNameNotConfirmed (a permit that the register does not know), IdNumberTaken, Unavailable.
        """
        principal = asking.principal
        principal.require_citizen(principal.subject)
        shown = self._shown(entered)
        if entered.type in ID_TYPES:
            return await self.names.confirm(
                principal=principal,
                name=entered.name,
                id_number=entered.number,
                device_id=asking.device_id,
                address=asking.address,
            )
        await self._charge("document", asking)
        account = await self.names.account(principal.actor)
        if await self._registered(shown):
            await self.names.check_stands(account, shown)
            await self.names.check_net_id(account, shown)
            evidence = self._evidence(EvidenceKind.DOCUMENT, DOCUMENT_REGISTER, shown.document)
            return await self._keep(account, evidence, actor=principal.actor, shown=shown)
        if self.documents is not None and entered.type is not DocumentType.PASSPORT:
            raise RealNameNotConfirmed()
        evidence = self._evidence(EvidenceKind.FORM, SELF_ENTERED, shown.document)
        written = {"name": shown.name, "number": shown.document.number, "nationality": shown.document.nationality}
        return await self._keep(account, evidence, actor=principal.actor, held=written)

    def _shown(self, entered: Entered, *, corrects: bool = False) -> Shown:
        document = Document.parse(
            entered.type,
            entered.number,
            today=self.clock.now().date(),
            nationality=entered.nationality,
            born=entered.born,
            expires_on=entered.expires_on,
            mrz=entered.mrz,
        )
        return Shown(parse_name(entered.name), document, corrects)

    async def _registered(self, shown: Shown) -> bool:
        if self.documents is None:
            return False
        return await self.documents.matches(name=shown.name, document=shown.document)

    def _evidence(self, kind: EvidenceKind, source: str, document: Document) -> NameEvidence:
        return NameEvidence.of(
            kind, source, at=self.clock.now(), document=document.type, good_through=document.expires_on
        )

    # --- a face (level 4)

    async def begin_face_check(self, *, asking: Asking) -> FaceCheck:
        """A check of whether the caller is the person of their proven name and number.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, TooManyRequests, Unavailable (also without a
        provider).
        """
        await self._require(asking.principal)
        citizen = await self.names.account(asking.principal.actor)
        person = await self.names.person(citizen)
        if person is None:
            raise RealNameNeeded(level=REGISTER_LEVEL)
        if self.faces is None:
            raise Unavailable()
        await self._charge("face", asking, limits=FACE_LIMITS)
        begun = await self.faces.begin(name=person.name, id_number=person.number)
        await self.pending.put(_FACE, begun.id, citizen.id, life=begun.expires_at - self.clock.now())
        return begun

    async def finish_face_check(self, *, asking: Asking, check_id: str, result: str) -> Citizen:
        """result: as the provider signed it, good once. One that is refused leaves the check open.

        Raises: SignInRequired, Forbidden, FaceCheckOver, FaceCheckRefused, FaceNotMatched, TooManyRequests,
        RealNameStands (the account's name has changed meanwhile), Unavailable.
        Source: docs/decisions/0035-a-face-is-believed-by-its-providers-signature.md
        """
        principal = asking.principal
        principal.require_citizen(principal.subject)
        await self._charge("face-result", asking, limits=FACE_LIMITS)
        begun_by = await self.pending.get(_FACE, check_id) if is_id(check_id, prefix=CHECK_PREFIX) else None
        if begun_by != principal.actor or self.faces is None:
            raise FaceCheckOver()
        citizen = await self.names.account(principal.actor)
        person = await self.names.person(citizen)
        if person is None:
            raise FaceCheckRefused()
        try:
            seen = self.faces.judge(result, check=check_id, name=person.name, id_number=person.number)
        except ResultRefused as fault:
            raise FaceCheckRefused() from fault
        if await self.pending.take(_FACE, check_id) != principal.actor:
            raise FaceCheckOver()
        if not seen:
            raise FaceNotMatched()
        evidence = NameEvidence.of(EvidenceKind.FACE, FACE_CHECK, at=self.clock.now())
        return await self._keep(citizen, evidence, actor=principal.actor)

    # --- a net-ID (level 4)

    async def confirm_net_id(self, *, asking: Asking, credential: str, child_id: str | None = None) -> Citizen:
        """The caller's own net-ID, or, by a guardian, that of a child who is a minor.

        An account whose name is known takes the net-ID of nobody else: the platform is asked whether it is theirs.
        Raises: SignInRequired, Forbidden, StepUpRequired, BadInput, TooManyRequests, NotFound (no such child of the
        caller's), NetIdRefused, GuardianNeeded, RealNameStands, IdNumberTaken (another account has it), Unavailable.
        Source: Order 173, articles 5 and 8.
        """
        actor = asking.principal.actor
        await self._require(asking.principal)
        said = parse_credential(credential)
        await self._charge("net-id", asking)
        account = await self._ward(actor, child_id) if child_id else await self.names.account(actor)
        if self.names.net_ids is None:
            raise Unavailable()
        told = await self.names.net_ids.check(credential=said)
        if told is None or told.until <= self.clock.now():
            raise NetIdRefused()
        if told.minor and child_id is None:
            raise GuardianNeeded()
        if (child_id is not None and not told.minor) or not await self._is_theirs(account, told):
            raise NetIdRefused()
        evidence = NameEvidence.of(EvidenceKind.NET_ID, NET_ID, at=self.clock.now(), until=told.until)
        held = {"symbol": told.symbol}
        return await self._keep(account, evidence, actor=actor, held=held, key=f"{NET_ID}:{told.symbol}")

    async def _ward(self, guardian: str, child_id: str) -> Citizen:
        """Raises: NotFound."""
        now, kind = self.clock.now(), RelationKind.GUARDIAN

        async def work(session: Session) -> bool:
            delegations = self.store.delegations
            found = await delegations.running(actor=guardian, subject=child_id, kind=kind, now=now, session=session)
            return found is not None and found.live(now)

        if not is_id(child_id, prefix="cit") or not await self.store.transaction(work):
            raise NotFound(thing="child")
        return await self.names.account(child_id)

    async def _is_theirs(self, citizen: Citizen, told: NetId) -> bool:
        """By the account's name; without one, by the symbol that it had before, if any."""
        person = await self.names.person(citizen)
        if person is not None:
            assert self.names.net_ids is not None, "asked for the symbol"
            return await self.names.net_ids.matches(symbol=told.symbol, name=person.name, number=person.number)
        before = await self.store.shown(citizen.id, EvidenceKind.NET_ID)
        return citizen.name is None and (before is None or before["symbol"] == told.symbol)

    # --- a counter (level 5)

    async def issue_ticket(self, *, asking: Asking) -> Ticket:
        """With which an officer may verify the caller within five minutes, once. It replaces the one before.

        Raises: SignInRequired, Forbidden, StepUpRequired, TooManyRequests, Unavailable.
        """
        await self._require(asking.principal)
        citizen = asking.principal.actor
        await self._charge("ticket", asking, limits=TICKET_LIMITS)
        expires_at = self.clock.now() + TICKET_LIFE
        code = ticket_code(self.below(TICKETS))
        while not await self.pending.put(_TICKET, code, citizen, life=TICKET_LIFE, replace=False):
            code = ticket_code(self.below(TICKETS))
        await self.pending.put(_TICKET_OF, citizen, code, life=TICKET_LIFE)
        return Ticket(code, expires_at)

    async def confirm_at_counter(self, *, asking: Asking, ticket: str, entered: Entered, reason: str) -> Citizen:
        """An officer saw the person of this ticket, and their document, which the register knows.

        A name that is known may be corrected, with the same number. The citizen sees who verified them, and why.
        Raises: SignInRequired, Forbidden, StepUpRequired, BadInput, IdNumberInvalid, DocumentInvalid, DocumentExpired,
        TooManyRequests, TicketOver, OwnAccount, RealNameStands, RealNameNotConfirmed, IdNumberTaken, Unavailable.
        """
        officer = await self._officer(asking.principal)
        code, why, shown = parse_ticket(ticket), parse_reason(reason), self._shown(entered, corrects=True)
        await self._charge("counter", asking, limits=COUNTER_LIMITS)
        citizen_id = await self.pending.get(_TICKET, code)
        # Of several that were asked for at once the last one is good, as of several one after the other.
        if citizen_id is None or await self.pending.get(_TICKET_OF, citizen_id) != code:
            raise TicketOver()
        citizen = await self.names.account(citizen_id)
        await self._check_unrelated(officer, citizen, shown)
        await self.names.check_stands(citizen, shown)
        await self._check_registered(shown)
        await self.names.check_net_id(citizen, shown)
        if await self.pending.take(_TICKET, code) != citizen_id:
            raise TicketOver()
        look_up = LookUp(self.ids.new("luk"), officer.id, citizen_id, why, self.clock.now())
        await self.store.delegations.add_look_up(look_up)
        evidence = self._evidence(EvidenceKind.COUNTER, COUNTER, shown.document)
        return await self._keep(citizen, evidence, actor=officer.id, shown=shown)

    async def _officer(self, principal: Principal) -> Staff:
        principal.require(PrincipalKind.STAFF)
        principal.require_scope(VERIFY_SCOPE)
        strong = await self.second_factor(principal.actor)
        principal.require_fresh(now=self.clock.now(), max_age=OFFICER_FRESH, strong=strong)
        found = (await self.store.staff([principal.actor])).get(principal.actor)
        if found is None or found.suspended:
            raise NotFound(thing="staff member")
        return found

    async def _check_unrelated(self, officer: Staff, citizen: Citizen, shown: Shown) -> None:
        """Raises: OwnAccount."""
        own = await self.store.citizen_of_phone(officer.phone)
        namesake = comparable_name(officer.display_name) == comparable_name(shown.name)
        if namesake or citizen.phone == officer.phone:
            raise OwnAccount()
        if own is not None and any(
            citizen.id in (one.actor, one.subject) for one in await self.store.delegations.relations_of(own.id)
        ):
            raise OwnAccount()

    async def _check_registered(self, shown: Shown) -> None:
        """Raises: RealNameNotConfirmed, Unavailable."""
        if shown.document.type in ID_TYPES:
            await self.names.ask_register(shown)
        elif self.documents is None:
            raise Unavailable()
        elif not await self._registered(shown):
            raise RealNameNotConfirmed()

    # --- what the ways have in common

    async def _require(self, principal: Principal) -> None:
        principal.require_citizen(principal.subject)
        strong = await self.second_factor(principal.actor)
        principal.require_fresh(now=self.clock.now(), max_age=FRESH, strong=strong)

    async def _charge(self, act: str, asking: Asking, *, limits: tuple[Limit, ...] = REAL_NAME_LIMITS) -> None:
        await self.names.charge(
            f"evidence.{act}",
            asking.principal.actor,
            device_id=asking.device_id,
            address=asking.address,
            limits=limits,
        )

    async def _keep(
        self,
        account: Citizen,
        evidence: NameEvidence,
        *,
        actor: str,
        shown: Shown | None = None,
        held: dict[str, str] | None = None,
        key: str | None = None,
    ) -> Citizen:
        async def work(session: Session) -> Citizen:
            return await self.names.keep(
                account, evidence, actor=actor, session=session, shown=shown, held=held, key=key
            )

        return await self.store.transaction(work)
