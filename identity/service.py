"""Identity's verbs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Final, Protocol

from core.access_log import AccessLog
from core.audit import AuditLog
from core.clock import Clock
from core.crypto import FieldCipher
from core.errors import NotFound
from core.events import Outbox
from core.ids import Ids, is_id
from core.keys import KeyRing
from core.locale import Locale
from core.mongo import Session
from core.principal import Principal, PrincipalKind
from identity.acting import ActingForOthers
from identity.arrivals import NOWHERE, Origin, Watch
from identity.codes import SignInCodes, random_code
from identity.counter import Counter
from identity.delegating import Delegating
from identity.errors import CodeExpired, TokenInvalid
from identity.guardianship import Guardianship
from identity.model import (
    BY_PHONE,
    Account,
    Audience,
    Citizen,
    Staff,
    check_district,
    is_test_phone,
    parse_code,
    parse_device_id,
    parse_device_name,
    parse_phone,
)
from identity.real_names import RealNames
from identity.registers import NetIdPlatform, PopulationRegister
from identity.relations import ActingPrincipal
from identity.revocations import Revocations
from identity.sessions import Sessions, SignedIn, random_secret
from identity.sms import CODE_REQUESTED, SignInMessage
from identity.store import IdentityStore
from identity.tokens import AccessTokens

CITY_ZONE: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
CITIZEN_REGISTERED: Final = "identity.citizen_registered"
HOME_DISTRICT_SET: Final = "identity.home_district_set"

# How it stands in the access log that an officer saw somebody's card.
CARD_SEEN: Final = "card"
CARD_FIELDS: Final = ("masked_name", "real_name_level")
# Scopes of staff who meet people and see their masked names.
MEETS_PEOPLE: Final = frozenset({"citycode:scan", "licences:verify", "citizens:find"})


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """expires_at: when the code that was asked for stops being good."""

    expires_at: datetime
    resend_after_s: int


class Door(Protocol):
    """Where a session begins once the first step of signing in is taken: `Sessions`, or who asks for a second."""

    async def begin(
        self,
        account: Account,
        *,
        audience: Audience,
        device_name: str,
        methods: frozenset[str],
        session: Session,
        origin: Origin = NOWHERE,
        failures: int = 0,
    ) -> SignedIn: ...


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking, and what they hold.

    keys: the ES256 ring that `tokens` signs with. register: who confirms names, net_ids: who gives net-IDs; None where
    the city has none.
    door: who asks for a second step; watch: who looks at sign-ins; None where nobody does. zone: the city's, by which
    a child comes of age.
    second_factor: whether an account has a strong method; None where none has.
    sandbox: whether test citizens sign in here (identity.sandbox).
    Somebody who acts for somebody else may read whom they act for, and nothing else of this.
    """

    store: IdentityStore
    codes: SignInCodes
    keys: KeyRing
    tokens: AccessTokens
    revocations: Revocations
    outbox: Outbox
    audit: AuditLog
    access: AccessLog
    cipher: FieldCipher
    ids: Ids
    clock: Clock
    new_code: Callable[[], str] = random_code
    new_secret: Callable[[], str] = random_secret
    register: PopulationRegister | None = None
    net_ids: NetIdPlatform | None = None
    door: Door | None = None
    second_factor: Callable[[str], Awaitable[bool]] | None = None
    watch: Watch | None = None
    zone: tzinfo = CITY_ZONE
    sandbox: bool = False

    @property
    def sessions(self) -> Sessions:
        return Sessions(
            self.store,
            self.tokens,
            self.revocations,
            self.outbox,
            self.audit,
            self.ids,
            self.clock,
            self.new_secret,
            self.watch,
        )

    @property
    def acting(self) -> ActingForOthers:
        return ActingForOthers(
            self.store, self.tokens, self.revocations, self.outbox, self.audit, self.ids, self.clock, self.second_factor
        )

    @property
    def delegating(self) -> Delegating:
        return Delegating(self.acting, self.codes.charges, self.cipher)

    @property
    def guardianship(self) -> Guardianship:
        return Guardianship(self.acting, self.codes.charges, self.register, self.zone)

    @property
    def counter(self) -> Counter:
        return Counter(self.store, self.codes.charges, self.cipher, self.ids, self.clock)

    @property
    def real_names(self) -> RealNames:
        return RealNames(
            self.store, self.codes.charges, self.register, self.outbox, self.audit, self.clock, self.net_ids
        )

    async def open(self) -> None:
        """Make the indexes and the first keys, and learn what was revoked. Called once, before anything else."""
        await self.store.open()
        await self.keys.open()
        await self.revocations.open()

    async def authenticate(self, *, token: str) -> Principal:
        """Whom an access token speaks for. Asks no server when it has seen the token before.

        Raises: TokenInvalid, TokenExpired.
        """
        principal = await self.tokens.verify(token)
        if principal.session_id in self.revocations:
            raise TokenInvalid()
        if isinstance(principal, ActingPrincipal) and (
            principal.relation_id in self.revocations or principal.acting_id in self.revocations
        ):
            raise TokenInvalid()
        return principal

    # --- signing in

    async def request_code(
        self, *, phone: str, audience: Audience, device_id: str, address: str, locale: Locale
    ) -> CodeRequest:
        """Have a code sent to `phone`, in `locale`. Replaces the one that is out.

        Nothing here looks whether the phone has an account, so the answer and its time cannot tell. Who has none
        and needs one is not sent anything: see `message_to_send`.
        Raises: PhoneInvalid, TooManyRequests, BadInput, Unavailable.
        """
        number, device_id = parse_phone(phone, sandbox=self.sandbox), parse_device_id(device_id)
        await self.codes.charge_request(phone=number, device_id=device_id, address=address)
        code = self.new_code()
        expires_at = await self.codes.put(audience=audience, phone=number, code=code)
        message = SignInMessage(self.ids.new("scr"), audience, number, code, locale, expires_at)
        payload = message.sealed(self.cipher)

        async def work(session: Session) -> None:
            await self.outbox.append(name=CODE_REQUESTED, payload=payload, session=session)

        await self.store.transaction(work)
        return CodeRequest(expires_at, self.codes.limits.resend_after_s)

    async def message_to_send(self, *, payload: Mapping[str, Any]) -> SignInMessage | None:
        """The message of a `CODE_REQUESTED` event, or None when there is nothing to send.

        There is nothing when the code has expired on the way, or when it is for staff and the phone is not theirs.
        """
        if payload["expires_at"] <= self.clock.now():
            return None
        message = SignInMessage.opened(**payload, cipher=self.cipher)
        if message.audience is Audience.STAFF:
            staff = await self.store.staff_of_phone(message.phone)
            return message if staff and not staff.suspended else None
        return message

    async def sign_in(
        self,
        *,
        phone: str,
        code: str,
        audience: Audience,
        device_id: str,
        device_name: str,
        address: str,
        jkt: str = "",
    ) -> SignedIn:
        """Begin a session with a code. The first sign-in of a citizen's phone makes the citizen.

        jkt: of the key that the device proved to hold, which the session is bound to; empty for none.
        Raises: PhoneInvalid, BadInput, CodeWrong, CodeExpired, TooManyRequests, Unavailable; what `door` raises.
        """
        number, code = parse_phone(phone, sandbox=self.sandbox), parse_code(code)
        device_id, device_name = parse_device_id(device_id), parse_device_name(device_name)
        failures = await self.codes.answer(
            audience=audience, phone=number, code=code, device_id=device_id, address=address
        )
        origin = Origin(device_id, address, jkt)

        async def work(session: Session) -> SignedIn:
            account = await self._account_of_phone(number, audience, session)
            door = self.door or self.sessions
            return await door.begin(
                account,
                audience=audience,
                device_name=device_name,
                methods=BY_PHONE,
                session=session,
                origin=origin,
                failures=failures,
            )

        return await self.store.transaction(work)

    async def _account_of_phone(self, phone: str, audience: Audience, session: Session) -> Account:
        if audience is Audience.STAFF:
            staff = await self.store.staff_of_phone(phone, session=session)
            if staff is None or staff.suspended:
                raise CodeExpired()
            return staff
        # Of two first sign-ins at once, MongoDB makes the later transaction run again, and this look finds the other's.
        citizen = await self.store.citizen_of_phone(phone, session=session)
        if citizen is None and is_test_phone(phone):
            raise CodeExpired()  # those are made by who tests with them, and by no sign-in
        if citizen is None:
            citizen = Citizen(id=self.ids.new("cit"), phone=phone, created_at=self.clock.now())
            await self.store.add_citizen(citizen, session=session)
            await self.outbox.append(name=CITIZEN_REGISTERED, payload={"citizen_id": citizen.id}, session=session)
        return citizen

    # --- accounts

    async def me(self, *, principal: Principal) -> Citizen:
        """The citizen for whom the caller acts. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        principal.require(PrincipalKind.CITIZEN)
        found = await self.store.citizens([principal.subject])
        if principal.subject not in found:
            raise NotFound(thing="citizen")
        return found[principal.subject]

    async def staff_me(self, *, principal: Principal) -> Staff:
        """Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        principal.require_scope("staff")
        found = await self.store.staff([principal.actor])
        if principal.actor not in found:
            raise NotFound(thing="staff member")
        return found[principal.actor]

    async def set_home_district(self, *, principal: Principal, code: str) -> Citizen:
        """Raises: SignInRequired, Forbidden, NotFound (no such district), Unavailable."""
        principal.require_citizen(principal.subject)
        district = check_district(code)

        async def work(session: Session) -> Citizen:
            citizen = await self.store.set_home_district(principal.subject, district, session=session)
            if citizen is None:
                raise NotFound(thing="citizen")
            await self.outbox.append(name=HOME_DISTRICT_SET, payload={"citizen_id": citizen.id}, session=session)
            return citizen

        return await self.store.transaction(work)

    # --- what others may see, many at a time

    async def own_citizens(self, *, principal: Principal, ids: Iterable[str]) -> dict[str, Citizen]:
        """Of `ids`, the citizen who asks; nobody else's whole record is there to be asked for."""
        if principal.kind is not PrincipalKind.CITIZEN:
            return {}
        return await self._citizens(i for i in ids if i == principal.subject)

    async def people(self, *, principal: Principal, ids: Iterable[str]) -> dict[str, Citizen]:
        """Of `ids`, those whose masked name the caller may see: an officer who meets people, all, and each of those
        sees it in their access log; a citizen, their own and those of whoever may or might act for them, or they for.

        An id alone is nobody's to guess: the caller has it from a scan, a licence shown, a counter, or records of
        their own.
        """
        if principal.kind is PrincipalKind.STAFF and principal.scopes & MEETS_PEOPLE:
            met = await self._citizens(ids)
            await self.access.read_each(reader=principal, subjects=met, fields=CARD_FIELDS, purpose=CARD_SEEN)
            return met
        if principal.kind is not PrincipalKind.CITIZEN:
            return {}
        known, wanted = {principal.actor, principal.subject}, set(ids)
        if wanted - known and not principal.delegated:
            known |= await self.acting.known_to(principal.actor)
        return await self._citizens(wanted & known)

    async def colleagues(self, *, principal: Principal, ids: Iterable[str]) -> dict[str, Staff]:
        """Of `ids`, the staff whose card the caller may see: all, for anyone who is signed in."""
        wanted = {i for i in ids if is_id(i, prefix="stf")}
        return await self.store.staff(wanted) if wanted and principal.authenticated else {}

    async def _citizens(self, ids: Iterable[str]) -> dict[str, Citizen]:
        wanted = {i for i in ids if is_id(i, prefix="cit")}
        return await self.store.citizens(wanted) if wanted else {}
