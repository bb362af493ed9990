"""The verbs of the department's counter: issue, renew, end, and give notice of the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta, tzinfo
from typing import Final

from api.domains.licences.announcing import Announcer
from api.domains.licences.catalogue import Catalogue
from api.domains.licences.errors import LicenceNotValid, NotRenewable
from api.domains.licences.forms import LicenceType
from api.domains.licences.identifiers import serial_of
from api.domains.licences.model import (
    ENDABLE,
    EXPIRED_DAYS,
    ISSUE_SCOPE,
    LICENCE_PREFIX,
    REASON_LENGTH_MAX,
    RENEWABLE,
    Ended,
    Ending,
    Licence,
    LicenceStatus,
    check_holder,
    check_sentence,
    next_notice,
    wallet_order,
)
from api.domains.licences.store import LicenceStore
from core.clock import Clock, city_day, to_ms
from core.errors import BadInput, NotFound
from core.ids import Ids
from core.mongo import Session
from core.principal import Principal, PrincipalKind

NOTICES_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Issuing:
    """zone: the city's, in which its days begin and end."""

    store: LicenceStore
    catalogue: Catalogue
    announcer: Announcer
    ids: Ids
    clock: Clock
    zone: tzinfo

    async def issue(
        self,
        *,
        principal: Principal,
        holder_id: str,
        type_code: str,
        values: Mapping[str, str],
        valid_from: date | None = None,
        valid_until: date | None = None,
    ) -> Licence:
        """Issue a licence of the clerk's own department to a citizen who holds none of this type.

        valid_from: today when none is given, never later. valid_until: by the type's rule when none is given.
        Raises: SignInRequired, Forbidden (another department's type), NotFound (type), BadInput, AlreadyHeld,
            Unavailable.
        """
        _require_clerk(principal)
        kind = self.catalogue.latest(type_code)
        if kind is None:
            raise NotFound(thing="licence type")
        principal.require_department(kind.issuer)
        licence = self._new(
            principal, kind, check_holder(holder_id), kind.check_values(values), valid_from, valid_until
        )

        async def work(session: Session) -> None:
            await self.store.let_go(holder=licence.holder, type_code=kind.code, today=self._today(), session=session)
            await self._add(licence, session)
            await self.announcer.issued(licence, session=session)

        await self.store.transaction(work)
        return licence

    async def renew(
        self,
        *,
        principal: Principal,
        licence_id: str,
        values: Mapping[str, str] | None = None,
        valid_until: date | None = None,
    ) -> Licence:
        """Replace a licence with its next version, under the same serial, in the type's present form.

        values: what has changed; the rest is taken over. The new one is valid at once, and its time is counted from
            the old one's last day, so that nobody loses by coming early.
        Raises: SignInRequired, Forbidden, NotFound (also another department's), BadInput, RenewalTooEarly,
            NotRenewable, Unavailable.
        """
        old = await self._own(principal, licence_id)
        old.check_renewable(self._today())
        licence = self._next(principal, old, values or {}, valid_until)

        async def work(session: Session) -> None:
            moved = await self.store.settle(old.id, from_=RENEWABLE, to=LicenceStatus.REPLACED, session=session)
            if not moved:
                raise NotRenewable()
            await self._add(licence, session)
            await self.announcer.renewed(licence, session=session)

        await self.store.transaction(work)
        return licence

    async def revoke(
        self, *, principal: Principal, licence_id: str, reason: str, ending: Ending = Ending.REVOKED
    ) -> Licence:
        """End a licence for good; its holder is told why.

        reason: 1 to 200 characters.
        Raises: SignInRequired, Forbidden, NotFound (also another department's), BadInput, LicenceNotValid (ended or
            expired before), Unavailable.
        """
        licence = await self._own(principal, licence_id)
        ended = Ended(
            to_ms(self.clock.now()),
            principal.actor,
            check_sentence(reason, field="reason", length_max=REASON_LENGTH_MAX),
        )
        if (status := licence.status(self._today())) not in ENDABLE:
            raise LicenceNotValid(status=status.value)

        async def work(session: Session) -> None:
            if not await self.store.settle(licence.id, from_=ENDABLE, to=ending.status, session=session, ended=ended):
                raise LicenceNotValid(status=(await self._now(licence)).value)
            await self.announcer.revoked(licence, reason=ended.reason, session=session)

        await self.store.transaction(work)
        return replace(licence, settled=ending.status, held=False, ended=ended)

    async def issued(self, *, principal: Principal, holder_id: str) -> list[Licence]:
        """What a citizen holds or held of the clerk's own department's types.

        Raises: SignInRequired, Forbidden, BadInput, Unavailable.
        """
        _require_clerk(principal)
        types = self.catalogue.issued_by(principal.department)
        today = self._today()
        found = await self.store.licences_of(check_holder(holder_id), types=types)
        return sorted(found, key=lambda licence: wallet_order(licence, today))

    async def announce_expiring(self) -> int:
        """Give the notices that are due, each once, up to 200 a call. Returns how many were given.

        Raises: Unavailable.
        """
        today = self._today()
        due = await self.store.due_notices(today=today, limit=NOTICES_AT_ONCE)
        return sum([await self._announce(licence, due_on, today) for licence, due_on in due])

    async def _announce(self, licence: Licence, due_on: str, today: date) -> bool:
        after = next_notice(licence.valid_until, from_=today + timedelta(days=1))
        days = max(licence.days_left(today) or 0, EXPIRED_DAYS)

        async def work(session: Session) -> bool:
            if not await self.store.take_notice(licence.id, due=due_on, next_on=after, session=session):
                return False
            await self.announcer.expiring(licence, days=days, session=session)
            return True

        return await self.store.transaction(work)

    async def _own(self, principal: Principal, licence_id: str) -> Licence:
        _require_clerk(principal)
        licence = await self.store.licence(licence_id)
        if licence is None or licence.issuer != principal.department:
            raise NotFound(thing="licence")
        return licence

    async def _now(self, licence: Licence) -> LicenceStatus:
        current = await self.store.licence(licence.id)
        return (current or licence).status(self._today())

    def _new(
        self,
        principal: Principal,
        kind: LicenceType,
        holder: str,
        values: Mapping[str, str],
        valid_from: date | None,
        valid_until: date | None,
    ) -> Licence:
        today = self._today()
        first = valid_from or today
        if first > today:
            raise BadInput(field="validFrom", problem="must not lie in the future")
        return Licence(
            id=self.ids.new(LICENCE_PREFIX),
            holder=holder,
            type=kind,
            serial=serial_of(self.ids.random_bytes(16)),
            version=1,
            issuer=kind.issuer,
            valid_from=first,
            valid_until=kind.check_last_day(valid_until, first=first, today=today),
            issued_at=to_ms(self.clock.now()),
            issued_by=principal.actor,
            values=values,
        )

    def _next(
        self, principal: Principal, old: Licence, changed: Mapping[str, str], valid_until: date | None
    ) -> Licence:
        kind, today = self.catalogue.latest(old.type.code) or old.type, self._today()
        kept = {name: value for name, value in old.values.items() if kind.spec(name) is not None}
        first = max(today, old.valid_until or today)
        return replace(
            old,
            id=self.ids.new(LICENCE_PREFIX),
            type=kind,
            version=old.version + 1,
            valid_from=today,
            valid_until=kind.check_last_day(valid_until, first=first, today=today),
            issued_at=to_ms(self.clock.now()),
            issued_by=principal.actor,
            values=kind.check_values({**kept, **changed}),
            replaces=old.id,
        )

    async def _add(self, licence: Licence, session: Session) -> None:
        notice_on = next_notice(licence.valid_until, from_=self._today())
        await self.store.add(licence, notice_on=notice_on, session=session)

    def _today(self) -> date:
        return city_day(self.clock.now(), self.zone)


def _require_clerk(principal: Principal) -> None:
    principal.require(PrincipalKind.STAFF)
    principal.require_scope(ISSUE_SCOPE)
