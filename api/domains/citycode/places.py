"""The verbs of places and things: register, replace a plate, retire, read a plate, check in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from api.domains.citycode import placecode
from api.domains.citycode.errors import (
    CheckInIdReused,
    CheckInNotOffered,
    PlaceIdReused,
    PlaceOutsideCity,
    PlaceRetired,
    PlateForged,
    PlateKeyUnknown,
    PlateReplaced,
    PlatesUsedUp,
)
from api.domains.citycode.place import (
    CHECK_IN_PREFIX,
    REGISTER_SCOPE,
    CheckIn,
    Place,
    PlaceAction,
    Registration,
    check_client_id,
    place_code,
)
from api.domains.citycode.placecode import Plate
from api.domains.citycode.placestore import AlreadyDone, CodeTaken, PlaceStore
from core.clock import Clock, to_ms
from core.divisions import CITY_CODE
from core.errors import Forbidden, NotFound, Unavailable
from core.events import Outbox
from core.geo import district_of
from core.ids import Ids
from core.keys import KeyRing
from core.mongo import Session, answering
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind

KEY_PURPOSE: Final = "place-code"
PLACE_CHANGED: Final = "citycode.place_changed"
# An enamelled plate hangs for some ten years, and nobody renews thousands of them because a key was rotated; fifteen
# leave time to replace the late ones. A plate that must not count any more is replaced by issue number, not by key.
KEY_OVERLAP: Final = timedelta(days=15 * 365)
_DRAWS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Places:
    """keys: an Ed25519 ring of purpose `place-code` with `KEY_OVERLAP`. base: `placecode.base_of` the city's address.

    city: its GB/T 2260 code.
    """

    store: PlaceStore
    keys: KeyRing
    outbox: Outbox
    ids: Ids
    clock: Clock
    base: str
    city: str = CITY_CODE

    async def open(self) -> None:
        """Make indexes and the first keys. Called once, before anything else."""
        await self.store.open()
        await self.keys.open()

    async def register(self, *, principal: Principal, registration: Registration) -> Place:
        """Enter a place or thing into the register; once per registrar and `client_place_id`.

        Raises: SignInRequired, Forbidden (also: not in one's jurisdiction), BadInput, PlaceOutsideCity, PlaceIdReused,
            Unavailable.
        """
        _require_registrar(principal)
        registration.check()
        district = district_of(registration.location)
        if district is None:
            raise PlaceOutsideCity()
        _require_jurisdiction(principal, district)
        try:
            return await self._add(principal, registration, district)
        except AlreadyDone:
            made = await self.store.place_registered_as(principal.actor, registration.client_place_id)
            if made is None:
                raise Unavailable() from None
            if not made.is_of(registration):
                raise PlaceIdReused() from None
            return made

    async def retire(self, *, principal: Principal, code: str) -> Place:
        """Take a place out of the register: its plate still says what it was, and nothing can be done there.

        Doing it again changes nothing. Raises: SignInRequired, Forbidden, NotFound, Unavailable.
        """
        place = await self._own(principal, code)

        async def work(session: Session) -> Place | None:
            return await self._announced(await self.store.retire(code, session=session), session)

        return await self.store.transaction(work) or replace(place, active=False)

    async def reissue(self, *, principal: Principal, code: str, issue: int) -> Place:
        """Make the plate with number `issue` invalid and the next one valid. Asking again gives the same answer.

        Raises: SignInRequired, Forbidden, NotFound, PlaceRetired, PlateReplaced (`issue` is not the present one),
            PlatesUsedUp, Unavailable.
        """
        await self._own(principal, code)
        if issue >= placecode.ISSUE_MAX:
            raise PlatesUsedUp(plates_max=placecode.ISSUE_MAX)

        async def work(session: Session) -> Place | None:
            return await self._announced(await self.store.replace_plate(code, issue=issue, session=session), session)

        changed = await self.store.transaction(work)
        place = changed or await self._place(code)
        if not place.active:
            raise PlaceRetired()
        if place.issue != issue + 1:
            raise PlateReplaced()
        return place

    def plate(self, *, principal: Principal, place: Place) -> str:
        """What goes on the place's present plate, for those who make plates: who has it can check in from afar.

        Raises: SignInRequired, Forbidden.
        """
        _require_registrar(principal)
        _require_jurisdiction(principal, place.district)
        key = self.keys.active
        plate = Plate(self.base, place.code, key.kid, place.issue)
        return placecode.issue(plate, city=self.city, key=key.ed25519)

    async def read(self, *, text: str) -> Place:
        """What a plate says, for anybody; also of a place that is retired.

        Raises: PlateMalformed, PlatePersonal, PlateForeign, PlateKeyUnknown, PlateForged, PlateReplaced, NotFound,
            Unavailable.
        """
        signed = placecode.parse(text)
        signed.plate.check_city(self.city)
        async with answering():
            key = await self.keys.find(signed.plate.kid)
        if key is None:
            raise PlateKeyUnknown()
        signed.check_signature(key.ed25519.verify_key, city=self.city)
        place = await self._place(signed.plate.code)
        if signed.plate.issue > place.issue:
            # Signed with our key, yet a plate that we have not made: the key was used outside this city.
            raise PlateForged()
        if signed.plate.issue < place.issue:
            raise PlateReplaced()
        return place

    async def places(self, *, codes: Iterable[str]) -> Mapping[str, Place]:
        """Those of these places that there are, for anybody. Raises: Unavailable."""
        return await self.store.places(code for code in codes if placecode.PLACE_CODE.fullmatch(code))

    async def check_in(self, *, principal: Principal, text: str, client_check_in_id: str) -> CheckIn:
        """The citizen says that they are at the place whose plate they scan; once per `client_check_in_id`.

        Raises: SignInRequired, Forbidden (also: for somebody else), BadInput, what `read` raises, PlaceRetired,
            CheckInNotOffered, CheckInIdReused, Unavailable.
        """
        principal.require_citizen(principal.subject)
        check_client_id("clientCheckInId", client_check_in_id)
        place = await self.read(text=text)
        if not place.active:
            raise PlaceRetired()
        if PlaceAction.CHECK_IN not in place.actions:
            raise CheckInNotOffered()
        now = self.clock.now()
        at = to_ms(now)
        check_in = CheckIn(self.ids.new(CHECK_IN_PREFIX), at, principal.subject, place.code, client_check_in_id)
        return await self._record(check_in)

    async def check_ins(self, *, principal: Principal, citizen_id: str, page: PageRequest) -> Page[CheckIn]:
        """Where this citizen checked in within 30 days, newest first, for the citizen alone.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), BadInput (cursor), Unavailable.
        """
        principal.require_citizen(citizen_id)
        return await self.store.check_ins(citizen_id, page=page)

    async def _add(self, principal: Principal, registration: Registration, district: str) -> Place:
        for _ in range(_DRAWS_MAX):
            place = self._drawn(principal, registration, district)

            async def work(session: Session, place: Place = place) -> None:
                await self.store.add(place, session=session)
                await self._announced(place, session)

            try:
                await self.store.transaction(work)
                return place
            except CodeTaken:
                continue
        # 10^9 codes of one class in one district: eight draws fail when it is nearly full.
        raise Unavailable()

    def _drawn(self, principal: Principal, registration: Registration, district: str) -> Place:
        now = self.clock.now()
        return Place(
            code=place_code(district=district, category=registration.category, drawn=self.ids.random_bytes(8)),
            kind=registration.kind,
            category=registration.category,
            name=registration.name,
            location=registration.location,
            district=district,
            report_category=registration.report_category,
            check_in=registration.check_in,
            issue=1,
            active=True,
            registrar=principal.actor,
            client_place_id=registration.client_place_id,
            registered_at=to_ms(now),
        )

    async def _announced(self, place: Place | None, session: Session) -> Place | None:
        if place is not None:
            await self.outbox.append(name=PLACE_CHANGED, payload=_announcement(place), session=session)
        return place

    async def _record(self, check_in: CheckIn) -> CheckIn:
        try:
            await self.store.add_check_in(check_in)
            return check_in
        except AlreadyDone:
            made = await self.store.check_in_named(check_in.citizen, check_in.client_check_in_id)
            if made is None:
                raise Unavailable() from None
            if made.place != check_in.place:
                raise CheckInIdReused() from None
            return made

    async def _own(self, principal: Principal, code: str) -> Place:
        _require_registrar(principal)
        place = await self._place(code)
        _require_jurisdiction(principal, place.district)
        return place

    async def _place(self, code: str) -> Place:
        found = await self.places(codes=[code])
        if code not in found:
            raise NotFound(thing="place")
        return found[code]


def _announcement(place: Place) -> dict[str, object]:
    return {
        "place": place.code,
        "kind": place.kind.value,
        "name": {"zh": place.name.zh, "en": place.name.en},
        "category": place.report_category,
        "district": place.district,
        "longitude": place.location.longitude,
        "latitude": place.location.latitude,
        "active": place.active,
    }


def _require_registrar(principal: Principal) -> None:
    principal.require(PrincipalKind.STAFF)
    principal.require_scope(REGISTER_SCOPE)


def _require_jurisdiction(principal: Principal, district: str) -> None:
    if principal.jurisdiction is None or not principal.jurisdiction.covers(district):
        raise Forbidden()
