"""What each room tells of a person: for their access log, their copy, and to be forgotten.

A new room joins with an entry in each of the three lists; what it must keep by law it names in
`identity.consents.erasures.RETAINED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.domains.citycode.model import PURPOSE_LABELS, SCAN_PREFIX, Scan, ScanPurpose
from api.domains.citycode.places import Places
from api.domains.citycode.service import CityCodes
from api.domains.health.model import LOOK_PREFIX, Look, Looker
from api.domains.health.service import Health
from api.domains.licences.model import SHOWING_PREFIX, Showing
from api.domains.licences.service import Licences
from api.domains.payments.ledger import wallet_of
from api.domains.payments.service import Payments
from api.domains.reports.service import Reports
from api.programs import ProgramStores
from core.access_log import Access, AccessSource, RoomRecords
from core.clock import to_ms
from core.locale import Text
from core.mongo import Session
from core.paging import PageRequest
from identity.consents.downloads import DataSource
from identity.consents.erasures import Forgetting
from identity.consents.holdings import every
from identity.credentials.service import Credentials
from identity.devices.service import Devices
from identity.model import LookUp
from identity.oidc.grants import Grants
from identity.recovery.merges import Merging
from identity.recovery.store import RecoveryStore
from identity.relations import Acting
from identity.staffing.accounts import INTERVENED
from identity.staffing.model import INTERVENTION_PREFIX, Intervention
from identity.staffing.store import StaffingStore
from identity.store import IdentityStore
from notifications.service import Notifications


def access_sources(
    *, people: IdentityStore, staffing: StaffingStore, city_codes: CityCodes, licences: Licences, health: Health
) -> tuple[AccessSource, ...]:
    """Where rooms record readings themselves."""
    relations = people.delegations
    return (
        RoomRecords("luk", lambda who, page: relations.look_ups(who, request=page), _look_up, by_time=False),
        RoomRecords("act", lambda who, page: relations.acted_for(who, request=page), _acting, by_time=False),
        RoomRecords(
            INTERVENTION_PREFIX,
            lambda who, page: staffing.interventions(who, request=page),
            _intervention,
            by_time=False,
        ),
        RoomRecords(SCAN_PREFIX, lambda who, page: city_codes.store.scans_of_citizen(who, page=page), _scan),
        RoomRecords(SHOWING_PREFIX, lambda who, page: licences.store.showings_of(who, page=page), _showing),
        RoomRecords(LOOK_PREFIX, lambda who, page: health.store.looks(who, page=page), _look),
    )


def _look_up(row: LookUp) -> Access:
    reason = Text(zh=row.reason, en=row.reason)
    fields = ("account", "masked_name")
    return Access(row.id, row.at, row.officer, row.citizen or "", fields, "identity.look_up", reason=reason)


def _intervention(row: Intervention) -> Access:
    reason = Text(zh=row.reason, en=row.reason) if row.reason else None
    return Access(row.id, row.at, row.officer, row.citizen, ("account",), INTERVENED, reason=reason)


def _acting(row: Acting) -> Access:
    fields = tuple(sorted(row.matters))
    return Access(row.id, row.at, row.actor, row.subject, fields, "identity.acting", for_whom=row.subject)


def _scan(row: Scan) -> Access:
    reason = PURPOSE_LABELS[row.purpose]
    return Access(row.id, row.at, row.scanner, row.citizen, ("city_code",), "citycode.scan", reason=reason)


def _showing(row: Showing) -> Access:
    reason = Text(zh=row.purpose, en=row.purpose)
    return Access(row.id, row.at, row.verifier, row.holder, ("licences",), "licences.check", reason=reason)


def _look(row: Look) -> Access:
    reason = PURPOSE_LABELS[ScanPurpose(row.purpose)] if row.purpose in set(ScanPurpose) else None
    for_whom = row.citizen if row.looker is Looker.DELEGATE else ""
    return Access(row.id, row.at, row.by, row.citizen, ("health",), "health.look", for_whom=for_whom, reason=reason)


def data_sources(
    *,
    credentials: Credentials,
    devices: Devices,
    licences: Licences,
    payments: Payments,
    reports: Reports,
    health: Health,
    notifications: Notifications,
    programs: ProgramStores,
) -> tuple[DataSource, ...]:
    """What the rooms hold of a citizen; identity's own sources are not among them."""

    async def keys(citizen: str) -> Mapping[str, Any]:
        held = await credentials.desk.store.of(citizen)
        passkeys = [{"name": one.name, "createdAt": one.created_at} for one in held.passkeys]
        return {"passkeys": passkeys, "password": held.password is not None, "totp": held.totp is not None}

    async def used(citizen: str) -> Mapping[str, Any]:
        store = devices.watching.store
        events = every(lambda page: store.events(citizen, request=page))
        return {
            "devices": [
                {"name": one.name, "firstSeenAt": one.first_seen_at, "lastSeenAt": one.last_seen_at}
                for one in await store.devices(citizen)
            ],
            "events": [
                {"kind": one.kind.value, "at": one.at, "device": one.device_name, "place": one.place}
                async for one in events
            ],
        }

    async def wallet(citizen: str) -> list[Any]:
        return await licences.store.licences_of(citizen)

    async def paid(citizen: str) -> Mapping[str, Any]:
        store, mine = payments.store, {"payer": citizen}
        return {
            "bills": [one async for one in every(lambda page: store.bills(only=mine, status=None, page=page))],
            "payments": [one async for one in every(lambda page: store.payments_of(citizen, page=page))],
        }

    async def cases(citizen: str) -> list[Any]:
        return [one async for one in every(lambda page: reports.store.cases_of(citizen, page=page))]

    async def facts(citizen: str) -> list[Any]:
        return await health.store.facts(citizen, now=health.clock.now())

    async def inbox(citizen: str) -> list[Any]:
        store = notifications.store
        rows = every(lambda page: store.inbox(citizen, page=page, unread_only=False))
        return [{"id": one.id, "kind": one.template, "at": one.at, "readAt": one.read_at} async for one in rows]

    return (
        DataSource("sign-in-methods", Text(zh="登录方式", en="Ways to sign in"), keys),
        DataSource("devices", Text(zh="设备与安全记录", en="Devices and their safety"), used),
        DataSource("licences", Text(zh="电子证照", en="Licences"), wallet),
        DataSource("payments", Text(zh="账单与缴费", en="Bills and payments"), paid),
        DataSource("reports", Text(zh="上报记录", en="Reports"), cases),
        DataSource("health", Text(zh="健康记录", en="Health records"), facts),
        DataSource("messages", Text(zh="消息", en="Messages"), inbox),
        programs.data_source,
    )


def merging(
    *,
    places: Places,
    licences: Licences,
    payments: Payments,
    reports: Reports,
    health: Health,
    notifications: Notifications,
    programs: ProgramStores,
) -> tuple[Merging, ...]:
    """What comes over when a person makes one account of two, and what an account that goes must not hold."""
    one = PageRequest.of(first=1, after=None)

    async def nothing(citizen: str) -> bool:
        return False

    async def stays(citizen: str, to: str) -> None:
        """Who holds some is not merged."""

    async def has_licences(citizen: str) -> bool:
        return bool(await licences.store.licences_of(citizen))

    async def has_health(citizen: str) -> bool:
        return bool(await health.store.facts(citizen, now=health.clock.now()))

    async def has_check_ins(citizen: str) -> bool:
        return bool((await places.store.check_ins(citizen, page=one)).rows)

    async def has_books(citizen: str) -> bool:
        in_wallet = await payments.books.entries(wallet_of(citizen), page=one)
        return bool(in_wallet.rows) or await payments.store.has_books(citizen)

    return (
        Merging("LICENCES", has_licences, stays),
        Merging("HEALTH", has_health, stays),
        Merging("CHECK_INS", has_check_ins, stays),
        Merging("PAYMENTS", has_books, payments.store.move),
        Merging("REPORTS", nothing, reports.store.hand_over),
        Merging("MESSAGES", nothing, notifications.store.move),
        programs.merging,
    )


def forgetting(
    *,
    credentials: Credentials,
    devices: Devices,
    grants: Grants,
    recovery: RecoveryStore,
    city_codes: CityCodes,
    places: Places,
    licences: Licences,
    payments: Payments,
    reports: Reports,
    health: Health,
    notifications: Notifications,
    programs: ProgramStores,
) -> tuple[Forgetting, ...]:
    """Who forgets a citizen whose account is erased. What they keep by law is in `RETAINED`."""

    async def end_grants(citizen: str) -> None:
        # Those too that rest on no consent of the ledger: for whom they acted.
        async def work(session: Session) -> None:
            await grants.end_all(because="account_erased", session=session, also_offline=True, citizen=citizen)
            await grants.store.forget_subjects(citizen, session=session)

        await grants.store.mongo.transaction(work)

    async def end_licences(citizen: str) -> None:
        await licences.store.forget(citizen, at=to_ms(licences.clock.now()))

    return (
        Forgetting("programs", end_grants),
        Forgetting("credentials", credentials.desk.store.forget),
        Forgetting("devices", devices.watching.store.forget),
        Forgetting("phones", recovery.forget),
        Forgetting("licences", end_licences),
        Forgetting("health", health.store.forget),
        Forgetting("cases", reports.store.forget),
        Forgetting("photos", reports.photos.forget),
        Forgetting("payments", payments.store.forget),
        Forgetting("city-codes", city_codes.forget),
        Forgetting("check-ins", places.store.forget),
        Forgetting("messages", notifications.forget),
        programs.forgetting,
    )
