"""The verbs: report, follow, handle, reopen, rate; take in photos; speak with the departments' side."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any, Final

import orjson

from api.domains.reports.categories import Category
from api.domains.reports.errors import (
    CaseChanged,
    ClientReportIdReused,
    DuplicateOfUnfit,
    LocationMissing,
    NotYetRateable,
    OutsideCity,
    OwnCase,
    PhotoUnknown,
    PhotoUnsupported,
    PlaceUnknown,
    TooManyPhotos,
    TooManyReports,
)
from api.domains.reports.governance import PAGE, Change, Governance
from api.domains.reports.model import (
    ADDRESS_LENGTH_MAX,
    CASE_PREFIX,
    DESCRIPTION_LENGTH_MAX,
    ENTRIES_MAX,
    HANDLE_SCOPE,
    NOTE_LENGTH_MAX,
    PHOTO_PREFIX,
    PHOTOS_DAILY_MAX,
    READ_MATTER,
    REPORTS_DAILY_MAX,
    SIMILAR_SINCE,
    STARS_MAX,
    Case,
    Entry,
    EntryKind,
    PlaceFact,
    Rating,
    SimilarCase,
    Step,
    Support,
    bounded,
    category_of,
    check_client_report_id,
    check_photo_ids,
    is_case_number,
    is_doubtful,
    moved,
)
from api.domains.reports.photos import PhotoFacts, PhotoLinks, PhotoStore
from api.domains.reports.pictures import Darkroom, format_of
from api.domains.reports.statistics import Figures, Statistics
from api.domains.reports.store import CaseFilter, Counted, ReportStore
from api.domains.reports.workflow import STATUS_LABELS, Action, By, Rule, Status
from core.clock import Clock, city_day, to_ms
from core.crypto import FieldCipher
from core.divisions import DISTRICTS
from core.errors import BadInput, NotFound
from core.events import Event, Outbox, seal_facts
from core.geo import Point, district_of
from core.ids import Ids, is_id
from core.locale import Text
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind

CREATED: Final = "reports.created"
MOVED: Final = "reports.moved"
PLACE_CHANGED: Final = "citycode.place_changed"
_GOVERNANCE: Final = "governance"
_PULL_ROUNDS_MAX: Final = 50
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewReport:
    """What somebody wants to report. Either a place code, or a category and a point, or all of them."""

    description: str = field(repr=False)
    client_report_id: str | None = None
    category: str | None = None
    location: Point | None = field(default=None, repr=False)
    address: str = field(default="", repr=False)
    place: str | None = None
    photo_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Reports:
    """zone: the city's, in which its days begin. governance: the departments' side; None where there is none."""

    store: ReportStore
    photos: PhotoStore
    links: PhotoLinks
    darkroom: Darkroom
    statistics: Statistics
    outbox: Outbox
    cipher: FieldCipher
    ids: Ids
    clock: Clock
    zone: tzinfo
    governance: Governance | None = None

    async def open(self) -> None:
        """Make the indexes. Called once, before anything else."""
        await self.store.open()
        await self.photos.open()

    # --- reporting ------------------------------------------------------------------------------------------------

    async def create(self, *, principal: Principal, report: NewReport) -> Case:
        """Report something, once for each `client_report_id`: the same report sent again gets the case there is.

        Raises: SignInRequired, Forbidden (also for whoever acts for somebody else), BadInput, CategoryUnknown,
            PlaceUnknown, LocationMissing, OutsideCity, PhotoUnknown, ClientReportIdReused, TooManyReports, Unavailable.
        """
        principal.require_citizen(principal.subject)
        report = _checked(report)
        client_report_id = check_client_report_id(report.client_report_id or "")
        fingerprint = self._fingerprint(report)
        try:
            if await self.store.reported(citizen=principal.subject, client_report_id=client_report_id):
                raise ClientReportIdReused()
            return await self._created(report, fingerprint, citizen=principal.subject)
        except (ClientReportIdReused, PhotoUnknown, TooManyReports):
            # A twin of this report that came first has taken its name, its photos, or the day's last turn.
            twin = await self.store.reported(citizen=principal.subject, client_report_id=client_report_id, surely=True)
            if twin is None or twin[1] != fingerprint:
                raise
            return twin[0]

    async def create_for_partner(self, *, partner: str, report: NewReport) -> Case:
        """What a partner reports through Open311: nobody's account stands behind it.

        Raises: BadInput, CategoryUnknown, LocationMissing, OutsideCity, TooManyReports, Unavailable.
        """
        return await self._created(_checked(report), b"", partner=partner)

    async def _created(
        self, report: NewReport, fingerprint: bytes, *, citizen: str | None = None, partner: str = ""
    ) -> Case:
        case = await self._new_case(report, citizen=citizen, partner=partner)
        who, most = (citizen, REPORTS_DAILY_MAX) if citizen else (partner, PARTNER_DAILY_MAX)
        day = city_day(case.created_at, self.zone)

        async def work(session: Session) -> None:
            # The case comes first: a report that is sent twice at once must not use up two turns.
            await self.store.add(
                case, client_report_id=report.client_report_id, fingerprint=fingerprint, session=session
            )
            if not await self.store.take_turn(
                what=Counted.REPORT, who=who, day=day, now=case.created_at, most=most, session=session
            ):
                raise TooManyReports(daily_max=most)
            await self.photos.attach(case.photos, owner=citizen or "", case=case.id, session=session)
            await self.outbox.append(name=CREATED, payload=self._announcement(case), session=session)

        await self.store.transaction(work)
        return case

    async def _new_case(self, report: NewReport, *, citizen: str | None, partner: str) -> Case:
        category, location, place = await self._where(report)
        district = district_of(location)
        if district is None:
            raise OutsideCity()
        now = self._now()
        photos = await self._own_photos(report.photo_ids, owner=citizen or "", now=now)
        return Case(
            id=self.ids.new(CASE_PREFIX),
            number=await self.store.next_number(day=city_day(now, self.zone), now=now),
            category=category,
            description=report.description,
            location=location,
            address=report.address,
            district=district,
            created_at=now,
            updated_at=now,
            due_at=now + category.due_within,
            citizen=citizen,
            partner=partner,
            place=place,
            photos=tuple(photo.id for photo in photos),
            hashes=tuple(photo.hash for photo in photos),
            timeline=(Entry(at=now, kind=EntryKind.REPORTED, status=Status.SUBMITTED),),
            doubtful=is_doubtful(location, [photo.taken_at for photo in photos if photo.taken_at]),
        )

    async def _where(self, report: NewReport) -> tuple[Category, Point, str | None]:
        """What the report is about and where: a place code fills in what is not said, and knows best where it is."""
        place = await self._place(report.place) if report.place else None
        code = report.category or (place.category if place else None)
        location = place.location if place else report.location
        if location is None:
            raise LocationMissing()
        return category_of(code or ""), location, place.code if place else None

    async def _place(self, code: str) -> PlaceFact:
        place = await self.store.place(code) if len(code) <= 64 else None
        if place is None or not place.active:
            raise PlaceUnknown()
        return place

    async def keep_place(self, event: Event, *, session: Session) -> None:
        """Take over what a `citycode.place_changed` event says, in the transaction that marks it as done."""
        told = event.payload
        place = PlaceFact(
            code=told["place"],
            name=Text(zh=told["name"]["zh"], en=told["name"]["en"]),
            location=Point(float(told["longitude"]), float(told["latitude"])),
            district=told["district"],
            active=bool(told["active"]),
            category=told["category"],
        )
        await self.store.keep_place(place, at=event.occurred_at, event=event.id, session=session)

    # --- reading --------------------------------------------------------------------------------------------------

    async def case(self, *, principal: Principal, case_id: str) -> Case:
        """Raises: SignInRequired, NotFound, Unavailable."""
        case = await self.store.case(case_id) if is_id(case_id, prefix=CASE_PREFIX) else None
        return _visible(case, principal)

    async def visible_cases(self, *, principal: Principal, ids: Collection[str]) -> dict[str, Case]:
        """Those of the cases that the caller may see. Raises: Unavailable."""
        found = await self.store.cases(ids) if principal.authenticated else {}
        return {id_: case for id_, case in found.items() if _role(case, principal) is not None}

    async def cases_of(self, *, principal: Principal, citizen_id: str, page: PageRequest) -> Page[Case]:
        """A citizen's own reports, newest first.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), BadInput (cursor), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=READ_MATTER)
        return await self.store.cases_of(citizen_id, page=page)

    async def supported_by(self, *, principal: Principal, citizen_id: str, page: PageRequest) -> Page[Support]:
        """The cases that a citizen follows, newest first.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), BadInput (cursor), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=READ_MATTER)
        follows = await self.store.supported(citizen_id, page=page)
        cases = await self.store.cases([case_id for case_id, _ in follows.rows])
        rows = [Support(cases[case_id], since) for case_id, since in follows.rows]
        return Page(rows, follows.keys, follows.has_next, follows.has_previous)

    async def staff_cases(
        self,
        *,
        principal: Principal,
        page: PageRequest,
        statuses: Sequence[Status] | None = None,
        category: str | None = None,
        district: str | None = None,
        overdue: bool = False,
    ) -> Page[Case]:
        """The cases of a handler's jurisdiction: the open ones unless told otherwise, those first that are due first.

        Raises: SignInRequired, Forbidden, CategoryUnknown, BadInput (cursor), Unavailable.
        """
        _require_handler(principal)
        districts = [code for code in DISTRICTS if _covers(principal, code) and district in (None, code)]
        wanted = CaseFilter(
            districts=districts,
            statuses=tuple(dict.fromkeys(statuses or ())),
            category=category_of(category).code if category else None,
            overdue_at=self.clock.now() if overdue else None,
        )
        return await self.store.cases_for(wanted, page=page)

    async def photo_facts(self, photo_ids: Collection[str]) -> dict[str, PhotoFacts]:
        """Of photos that the caller may see as part of a case. Raises: Unavailable."""
        return await self.photos.facts(photo_ids)

    async def figures(self) -> Figures:
        """The public figures, at most a minute old. Raises: Unavailable."""
        return await self.statistics.figures()

    # --- near duplicates ------------------------------------------------------------------------------------------

    async def similar(
        self, *, principal: Principal, category: str, location: Point, photo_ids: Sequence[str] = ()
    ) -> list[SimilarCase]:
        """Open cases of the last 30 days that this report might repeat: within 250 m, of the same category.

        Raises: SignInRequired, Forbidden, CategoryUnknown, BadInput, PhotoUnknown, Unavailable.
        """
        principal.require_citizen(principal.subject)
        now = self.clock.now()
        photos = await self._own_photos(check_photo_ids(tuple(photo_ids)), owner=principal.subject, now=now)
        return await self.store.near(
            location,
            category=category_of(category).code,
            since=now - SIMILAR_SINCE,
            hashes=tuple(photo.hash for photo in photos),
        )

    async def support(self, *, principal: Principal, case_id: str) -> Support:
        """Follow an open case instead of reporting it again; once.

        Raises: SignInRequired, Forbidden, NotFound, OwnCase, Unavailable.
        """
        principal.require_citizen(principal.subject)
        now = self._now()

        async def work(session: Session) -> Support:
            case = await self.store.case(case_id, session=session) if is_id(case_id, prefix=CASE_PREFIX) else None
            if case is not None and case.citizen == principal.subject:
                raise OwnCase()
            if case is None or not case.open:
                raise NotFound(thing="case")
            since = await self.store.support(case, citizen=principal.subject, now=now, session=session)
            counted = await self.store.case(case_id, session=session)
            return Support(counted or case, since)

        return await self.store.transaction(work)

    # --- steps ----------------------------------------------------------------------------------------------------

    async def act(
        self,
        *,
        principal: Principal,
        case_id: str,
        version: int,
        action: Action,
        note: str = "",
        photo_ids: Sequence[str] = (),
        duplicate_of: str | None = None,
    ) -> Case:
        """Take a step with a case, as its reporter or as a handler of its district.

        version: of the case that the decision was made on. duplicate_of: the number of the case that this one repeats.
        Raises: SignInRequired, Forbidden, NotFound, BadInput, CaseChanged, ActionNotAllowed, NoteRequired,
            PhotoRequired, PhotoUnknown, DuplicateOfUnfit, ReopenTermOver, CaseFull, Unavailable.
        """
        case = await self.case(principal=principal, case_id=case_id)
        step = Step(
            action=action,
            by=_acting(case, principal),
            note=bounded(note, field="note", length_max=NOTE_LENGTH_MAX),
            photos=check_photo_ids(tuple(photo_ids)),
            staff=principal.actor if principal.kind is PrincipalKind.STAFF else "",
            duplicate_of=(await self._repeated(case, principal, duplicate_of)).id
            if action is Action.MARK_DUPLICATE
            else None,
        )
        return await self._take(step, case, version=version, owner=principal.actor)

    async def reopen(self, *, principal: Principal, case_id: str, reason: str, photo_ids: Sequence[str] = ()) -> Case:
        """Have a settled case done again, within 15 days. Raises: as `act`."""
        case = await self.case(principal=principal, case_id=case_id)
        return await self.act(
            principal=principal,
            case_id=case_id,
            version=case.version,
            action=Action.REOPEN,
            note=reason,
            photo_ids=photo_ids,
        )

    async def rate(self, *, principal: Principal, case_id: str, stars: int, comment: str = "") -> Case:
        """Say once what the result is worth.

        stars: 1 to 5.
        Raises: SignInRequired, Forbidden, NotFound, BadInput, NotYetRateable, AlreadyRated, Unavailable.
        """
        case = await self.case(principal=principal, case_id=case_id)
        if _acting(case, principal) is not By.REPORTER:
            raise NotFound(thing="case")
        if not 1 <= stars <= STARS_MAX:
            raise BadInput(field="stars", problem=f"must be between 1 and {STARS_MAX}")
        comment = bounded(comment, field="comment", length_max=NOTE_LENGTH_MAX)
        if case.open:
            raise NotYetRateable()
        rating = Rating(stars=stars, at=self._now(), comment=comment)
        await self.store.rate(case, rating)
        return replace(case, rating=rating)

    def open_to(self, *, principal: Principal, case: Case) -> list[Rule]:
        """The steps that the caller may take with the case now; none for whoever acts for somebody else."""
        role = None if principal.delegated else _role(case, principal)
        return case.open_to(role, self.clock.now()) if role else []

    async def _take(self, step: Step, case: Case, *, version: int, owner: str) -> Case:
        if case.version != version:
            raise CaseChanged(version=case.version)
        after = moved(case, step, now=self._now())

        async def work(session: Session) -> None:
            await self.store.move(case, after, session=session)
            await self.photos.attach(step.photos, owner=owner, case=case.id, session=session)
            if after.status is not case.status:
                payload = self._announcement(after, action=step.action.value, note=step.note)
                await self.outbox.append(name=MOVED, payload=payload, session=session)

        await self.store.transaction(work)
        return after

    async def _repeated(self, case: Case, principal: Principal, number: str | None) -> Case:
        """The case that another one repeats. Raises: DuplicateOfUnfit, NotFound."""
        if not number or not is_case_number(number):
            raise DuplicateOfUnfit()
        other = _visible(await self.store.case_numbered(number), principal)
        if other.id == case.id or other.status is Status.DUPLICATE:
            raise DuplicateOfUnfit()
        return other

    # --- photos ---------------------------------------------------------------------------------------------------

    def require_uploader(self, principal: Principal) -> None:
        """Before anything is read of an upload: citizens for themselves, and handlers.

        Raises: SignInRequired, Forbidden.
        """
        if principal.kind is PrincipalKind.STAFF:
            principal.require_scope(HANDLE_SCOPE)
        else:
            principal.require_citizen(principal.subject)

    async def add_photo(self, *, principal: Principal, raw: bytes) -> PhotoFacts:
        """Draw a photo anew and keep it for a day, until a report of the same person takes it.

        raw: at most 10 MB, as it was sent. Every try counts, of a hundred a day.
        Raises: SignInRequired, Forbidden, TooManyPhotos, PhotoUnsupported, PhotoTooManyPixels, PhotoBroken, PhotosBusy,
            Unavailable.
        """
        self.require_uploader(principal)
        if format_of(raw) is None:
            raise PhotoUnsupported()
        now, owner = self._now(), principal.actor
        day = city_day(now, self.zone)
        # Before the work: whoever sends what cannot be drawn all day long is stopped as well.
        if not await self.store.take_turn(what=Counted.PHOTO, who=owner, day=day, now=now, most=PHOTOS_DAILY_MAX):
            raise TooManyPhotos(daily_max=PHOTOS_DAILY_MAX)
        picture = await self.darkroom.develop(raw)
        return await self.photos.add(self.ids.new(PHOTO_PREFIX), picture, owner=owner, now=now)

    async def _own_photos(self, photo_ids: Sequence[str], *, owner: str, now: datetime) -> list[PhotoFacts]:
        return await self.photos.unattached(photo_ids, owner=owner, now=now) if photo_ids else []

    # --- the departments' side --------------------------------------------------------------------------------------

    async def hand_over(self, event: Event) -> None:
        """Tell the departments' side how a case stands now. Does nothing where there is no such side.

        Raises: HandOverRefused, HandOverFailed, Unavailable.
        """
        if self.governance is None or event.payload.get("action") in _TOLD_BY_THEM:
            return
        case = await self.store.case(event.payload["case"])
        if case is not None:
            await self.governance.hand_over(case)

    async def take_over(self) -> None:
        """Write what the departments' side did since last time into the timelines: each change once.

        Raises: HandOverFailed, Unavailable.
        """
        if self.governance is None:
            return
        for _ in range(_PULL_ROUNDS_MAX):
            after = await self.store.cursor(_GOVERNANCE)
            changes = await self.governance.changes(after=after)
            for change in changes:
                if not await self._apply(change, after=after):
                    return  # another process is ahead of this one
                after = change.seq
            if len(changes) < PAGE:
                return

    async def _apply(self, change: Change, *, after: int) -> bool:
        async def work(session: Session) -> bool:
            if not await self.store.advance(_GOVERNANCE, before=after, seq=change.seq, session=session):
                return False
            case = await self.store.case(change.ref, session=session)
            if case is None or change.kind is None or len(case.timeline) >= ENTRIES_MAX:
                _LOG.info("a change of the departments' side is passed over", extra={"facts": {"seq": change.seq}})
                return True
            now = self._now()
            # Their clock says when, yet nothing happens to a case before it is there, or later than now.
            at = min(max(change.at or now, case.created_at), now)
            entry = Entry(
                at=at,
                kind=change.kind,
                status=case.status,
                note=change.note,
                unit=change.unit,
                progress=change.progress,
            )
            await self.store.append(case, entry, now=now, session=session)
            payload = self._announcement(case, action=change.kind.value, status=entry.label, note=change.note)
            await self.outbox.append(name=MOVED, payload=payload, session=session)
            return True

        return await self.store.transaction(work)

    # --- words ------------------------------------------------------------------------------------------------------

    def _announcement(
        self, case: Case, *, action: str | None = None, status: Text | None = None, note: str = ""
    ) -> dict[str, object]:
        """Ids in clear, the rest sealed to the reporter; to the case where nobody's account stands behind it.

        status: what is new, in words; the case's own when it is left out.
        """
        facts: dict[str, Any] = {"number": case.number, "category": _both(case.category.name)}
        payload: dict[str, object] = {"case": case.id, "citizen": case.citizen}
        if action is not None:
            payload["action"] = action
            facts |= {"status": _both(status or STATUS_LABELS[case.status]), "note": note or None}
        return payload | {"facts": seal_facts(facts, owner=case.citizen or case.id, cipher=self.cipher)}

    def _fingerprint(self, report: NewReport) -> bytes:
        """The same for the same report, and tells nothing of it."""
        point = [report.location.longitude, report.location.latitude] if report.location else None
        said = [report.description, report.category, point, report.address, report.place, list(report.photo_ids)]
        return self.cipher.blind_index(orjson.dumps(said).decode(), purpose="reports.fingerprint")

    def _now(self) -> datetime:
        """As precise as it is stored."""
        now = self.clock.now()
        return to_ms(now)


PARTNER_DAILY_MAX: Final = 1000
_TOLD_BY_THEM: Final = frozenset({EntryKind.DISPATCHED.value, EntryKind.STATUS.value})


def _checked(report: NewReport) -> NewReport:
    """Raises: BadInput."""
    return replace(
        report,
        description=bounded(report.description, field="description", length_max=DESCRIPTION_LENGTH_MAX, required=True),
        address=bounded(report.address, field="address", length_max=ADDRESS_LENGTH_MAX),
        photo_ids=check_photo_ids(tuple(report.photo_ids)),
    )


def _role(case: Case, principal: Principal) -> By | None:
    """As whom the caller sees this case; None: not at all."""
    if principal.kind is PrincipalKind.CITIZEN and case.citizen == principal.subject:
        return By.REPORTER if not principal.delegated or READ_MATTER in principal.scopes else None
    handles = principal.kind is PrincipalKind.STAFF and HANDLE_SCOPE in principal.scopes
    return By.HANDLER if handles and _covers(principal, case.district) else None


def _visible(case: Case | None, principal: Principal) -> Case:
    """Raises: SignInRequired, NotFound."""
    if not principal.authenticated:
        principal.require(PrincipalKind.CITIZEN)
    if case is None or _role(case, principal) is None:
        raise NotFound(thing="case")
    return case


def _acting(case: Case, principal: Principal) -> By:
    """As whom the caller takes a step: nobody steps for somebody else. Raises: Forbidden, NotFound."""
    role = _role(case, principal)
    if role is By.REPORTER:
        principal.require_citizen(principal.subject)
    if role is None:
        raise NotFound(thing="case")
    return role


def _covers(principal: Principal, district: str) -> bool:
    return principal.jurisdiction is not None and principal.jurisdiction.covers(district)


def _require_handler(principal: Principal) -> None:
    principal.require(PrincipalKind.STAFF)
    principal.require_scope(HANDLE_SCOPE)


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
