"""The rooms of the city, each built on the ground: the only place that chooses who works with whom.

A new room is a field of `Rooms`, a function that builds it, and its lines in the properties below.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from aiohttp import web

import api.domains.citycode.demo
import api.domains.citycode.http
import api.domains.citycode.worker
import api.domains.health.demo
import api.domains.licences.demo
import api.domains.licences.http
import api.domains.licences.worker
import api.domains.payments.demo
import api.domains.payments.worker
import api.domains.reports.demo
import api.domains.reports.http
import api.domains.reports.open311
import api.domains.reports.worker
import identity.consents.http
import identity.consents.worker
import identity.demo
import identity.http
import identity.oidc.demo
import identity.oidc.http
import identity.oidc.worker
import identity.recovery.worker
import identity.worker
import notifications.demo
import notifications.worker
from api.domains.citycode import placecode
from api.domains.citycode.places import KEY_OVERLAP as PLACE_KEY_OVERLAP
from api.domains.citycode.places import KEY_PURPOSE as PLACE_KEYS
from api.domains.citycode.places import Places
from api.domains.citycode.placestore import PlaceStore
from api.domains.citycode.service import KEY_PURPOSE as CITY_CODE_KEYS
from api.domains.citycode.service import CityCodes
from api.domains.citycode.store import CityCodeStore
from api.domains.health.cache import StatusCache
from api.domains.health.service import Health
from api.domains.health.store import HealthStore
from api.domains.licences.announcing import Announcer
from api.domains.licences.catalogue import CATALOGUE as LICENCE_TYPES
from api.domains.licences.issuing import Issuing
from api.domains.licences.service import KEY_PURPOSE as LICENCE_KEYS
from api.domains.licences.service import Licences
from api.domains.licences.store import LicenceStore
from api.domains.payments.audit import Auditor
from api.domains.payments.books import Books
from api.domains.payments.service import Payments
from api.domains.payments.store import PaymentStore
from api.domains.reports.governance import Governance
from api.domains.reports.photos import PhotoLinks, PhotoStore
from api.domains.reports.pictures import Darkroom
from api.domains.reports.rows import Rows
from api.domains.reports.service import Reports
from api.domains.reports.statistics import Statistics
from api.domains.reports.store import ReportStore
from api.ground import Ground
from api.personal_data import access_sources, data_sources, forgetting, merging
from api.startup import CityUnavailable
from api.web.audit import audit_routes
from api.web.development import sms_routes, totp_routes
from core.access_log import AccessLog, AccessSource
from core.audit import SEAL_EVERY_S
from core.events import Subscription
from core.graph import Context
from core.keys import Algorithm, KeyRing
from core.mongo import Session
from core.tasks import Work, every
from identity.codes import SignInCodes
from identity.consents.downloads import DataSource, Downloads
from identity.consents.erasing import ErasureState, ErasureStore
from identity.consents.erasures import Erasures, Forgetting
from identity.consents.holdings import Holdings
from identity.consents.providing import ProviderConsents
from identity.consents.readings import Readings
from identity.consents.service import Consents
from identity.consents.shelf import Shelf
from identity.consents.store import ConsentStore
from identity.credentials.desk import Desk
from identity.credentials.hashing import Hashing
from identity.credentials.service import Credentials
from identity.credentials.store import KeychainStore
from identity.credentials.tickets import Tickets
from identity.devices.places import DEMO_NETWORKS, NetworkPlaces, NetworksInvalid, Nowhere
from identity.devices.places import Places as NetworksOfPlaces
from identity.devices.possession import Possession
from identity.devices.service import Devices
from identity.devices.store import DeviceStore
from identity.devices.watching import Watching
from identity.evidence.pending import Pending as PendingEvidence
from identity.evidence.service import Evidences
from identity.faces import HttpFaceProvider
from identity.limits import STANDARD_LIMITS
from identity.oidc.assurance import account_evidence
from identity.oidc.certificates import Certificates
from identity.oidc.client_keys import ClientKeys, fetching
from identity.oidc.grants import GrantedClients, Grants
from identity.oidc.logout import posting
from identity.oidc.parts import Parts
from identity.oidc.pending import Pending
from identity.oidc.service import OpenIdProvider
from identity.oidc.store import ProviderStore
from identity.oidc.tokens import Tokens as PartnerTokens
from identity.organisations.registers import HttpOrganisationRegister, OrganisationRegister
from identity.organisations.service import Organisations
from identity.organisations.store import OrganisationStore
from identity.recovery.desk import Desk as RecoveryDesk
from identity.recovery.merges import Merges, Merging
from identity.recovery.model import Waits
from identity.recovery.phones import PhoneChanges
from identity.recovery.recoveries import Recoveries
from identity.recovery.store import RecoveryStore
from identity.recovery.waking import Waking
from identity.registers import (
    HttpDocumentRegister,
    HttpNetIdPlatform,
    HttpPopulationRegister,
    HttpRegister,
    PopulationRegister,
)
from identity.revocations import Revocations
from identity.service import Identity
from identity.sms import DevelopmentSms, NoCarrier
from identity.staffing.accounts import Accounts
from identity.staffing.performing import Agreement
from identity.staffing.rules import Hours
from identity.staffing.service import Staffing
from identity.staffing.store import StaffingStore
from identity.store import IdentityStore
from identity.tokens import AccessTokens
from notifications.channels import Carrier
from notifications.dispatcher import Dispatcher
from notifications.mail import CannotMail, SmtpCarrier
from notifications.model import Channel
from notifications.outgoing import DeliveryStore
from notifications.reach import ReachStore
from notifications.service import Notifications
from notifications.store import MessageStore

_AUDIENCE: Final = "citytong"

ContextOf: TypeAlias = Callable[[web.Request], Awaitable[Context]]
AddressOf: TypeAlias = Callable[[web.Request], str]


class _Service(Protocol):
    async def open(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Rooms:
    """Every room of one city. development_sms: the demo's sink for sign-in codes, None elsewhere."""

    ground: Ground
    identity: Identity
    credentials: Credentials
    devices: Devices
    evidences: Evidences
    consents: Consents
    organisations: Organisations
    openid: OpenIdProvider
    readings: Readings
    downloads: Downloads
    erasures: Erasures
    phone_changes: PhoneChanges
    recoveries: Recoveries
    merges: Merges
    waking: Waking
    staffing: Staffing
    city_codes: CityCodes
    places: Places
    licences: Licences
    issuing: Issuing
    payments: Payments
    reports: Reports
    health: Health
    notifications: Notifications
    dispatcher: Dispatcher
    development_sms: DevelopmentSms | None

    @classmethod
    def on(cls, ground: Ground) -> Rooms:
        """Raises: CityUnavailable when a carrier cannot be reached as the settings say."""
        licences, issuing = _licences(ground)
        messages, dispatcher = _notifications(ground)
        identity = _identity(ground)
        credentials = _credentials(ground, identity)
        devices = _devices(ground, identity)
        desk = _recovery_desk(ground, identity, credentials)
        waking = Waking(desk, credentials.second)
        identity = replace(identity, door=waking, second_factor=credentials.has_strong)
        places = _places(ground)
        city_codes, health, payments, reports = (
            _city_codes(ground),
            _health(ground),
            _payments(ground),
            _reports(ground),
        )
        consents = _consents(ground, identity)
        readings, downloads, erasures = _own_data(
            ground,
            identity,
            credentials,
            consents,
            access_sources(
                people=identity.store,
                staffing=_staffing_store(ground, identity.store),
                city_codes=city_codes,
                licences=licences,
                health=health,
            ),
            data_sources(
                credentials=credentials,
                devices=devices,
                licences=licences,
                payments=payments,
                reports=reports,
                health=health,
                notifications=messages,
            ),
            forgetting(
                credentials=credentials,
                devices=devices,
                grants=_grants(ground),
                recovery=desk.store,
                city_codes=city_codes,
                places=places,
                licences=licences,
                payments=payments,
                reports=reports,
                health=health,
                notifications=messages,
            ),
        )
        organisations, openid = _organisations(ground, identity), _openid(ground, identity, consents)
        phone_changes = PhoneChanges(desk)
        coming_over = merging(
            places=places,
            licences=licences,
            payments=payments,
            reports=reports,
            health=health,
            notifications=messages,
        )
        return cls(
            ground=ground,
            identity=identity,
            credentials=credentials,
            devices=devices,
            evidences=_evidences(ground, identity, credentials),
            consents=consents,
            organisations=organisations,
            openid=openid,
            readings=readings,
            downloads=downloads,
            erasures=erasures,
            phone_changes=phone_changes,
            recoveries=_recoveries(ground, desk, phone_changes, credentials),
            merges=_merges(desk, coming_over, erasures),
            waking=waking,
            staffing=_staffing(ground, identity, erasures, organisations, openid),
            city_codes=city_codes,
            places=places,
            licences=licences,
            issuing=issuing,
            payments=payments,
            reports=reports,
            health=health,
            notifications=messages,
            dispatcher=dispatcher,
            development_sms=_development_sms(ground),
        )

    @property
    def _services(self) -> tuple[_Service, ...]:
        return (
            self.identity,
            self.credentials,
            self.devices,
            self.consents,
            self.organisations,
            self.openid,
            self.readings,
            self.downloads,
            self.erasures,
            self.phone_changes,
            self.staffing,
            self.city_codes,
            self.places,
            self.licences,
            self.payments,
            self.reports,
            self.health,
            self.notifications,
        )

    @property
    def services(self) -> Mapping[type, object]:
        """What resolvers reach by type."""
        others = self.issuing, self.evidences, self.identity.access, self.recoveries, self.merges, self.waking
        return {type(service): service for service in (*self._services, *others)}

    @property
    def key_rings(self) -> Sequence[KeyRing]:
        rooms = self.identity.keys, self.city_codes.keys, self.places.keys, self.licences.keys
        return *rooms, *self.openid.parts.tokens.rings.values(), self.ground.audit.keys

    @property
    def subscriptions(self) -> list[Subscription]:
        """Who reacts to which event."""
        return [
            *identity.worker.subscriptions(self.identity, sender=self.development_sms or NoCarrier()),
            *identity.oidc.worker.subscriptions(self.openid, post=posting(self.ground.http)),
            *api.domains.citycode.worker.subscriptions(self.city_codes),
            *api.domains.reports.worker.subscriptions(self.reports),
            *notifications.worker.subscriptions(self.notifications),
        ]

    @property
    def chores(self) -> Mapping[str, Work]:
        """What rooms do by the clock, in every process."""
        return {
            "audit": every(SEAL_EVERY_S, self.ground.audit.seal),
            "revocations": self.identity.revocations.run,
            **identity.consents.worker.chores(self.downloads, self.erasures),
            **identity.recovery.worker.chores(self.phone_changes, self.merges),
            **api.domains.licences.worker.chores(self.issuing),
            **api.domains.payments.worker.chores(self.payments),
            **api.domains.reports.worker.chores(self.reports),
            **notifications.worker.chores(self.dispatcher),
        }

    def routes(self, context: ContextOf, address: AddressOf) -> list[web.RouteDef]:
        """What rooms answer over HTTP beside the graph. context: who makes a request. address: where from."""
        return [
            *audit_routes(self.ground.audit),
            *identity.http.routes(keys=self.identity.keys),
            *identity.oidc.http.routes(self.openid, address=address),
            *identity.consents.http.routes(downloads=self.downloads, context=context),
            *api.domains.citycode.http.routes(
                keys=self.city_codes.keys, place_keys=self.places.keys, base=self.places.base
            ),
            *api.domains.licences.http.routes(keys=self.licences.keys),
            *api.domains.reports.http.routes(service=self.reports, context=context),
            *api.domains.reports.open311.routes(
                service=self.reports,
                partners=self.ground.settings.open311_keys,
                public_url=self.ground.settings.public_url,
            ),
            *(sms_routes(self.development_sms.latest) if self.development_sms else ()),
            *(totp_routes(self._demo_totp) if self.development_sms else ()),
        ]

    def _demo_totp(self) -> Mapping[str, str]:
        return identity.demo.demo_totp(self.ground.clock.now())

    async def open(self) -> None:
        """Make what must exist: indexes, first keys."""
        await self.ground.open_keys()
        await self.ground.audit.open()
        for service in self._services:
            await service.open()
        if self.development_sms:
            await self.development_sms.open()

    async def load_demo(self) -> None:
        """Add what the demo city is missing; change nothing that is there."""
        store = self.identity.store
        await identity.demo.load_demo(
            store=store, ids=self.ground.ids, clock=self.ground.clock, zone=self.ground.settings.city_zone
        )
        if self.ground.settings.staff_second_factor:
            keychains = self.credentials.desk.store
            await identity.demo.load_second_factors(store=store, keychains=keychains, clock=self.ground.clock)
        await identity.oidc.demo.load_demo(store=self.openid.parts.store, clock=self.ground.clock)
        people = await identity.demo.people(store)
        await api.domains.citycode.demo.load_demo(places=self.places, people=people)
        await api.domains.licences.demo.load_demo(issuing=self.issuing, people=people)
        await api.domains.payments.demo.load_demo(self.payments, people=people)
        await api.domains.reports.demo.load_demo(service=self.reports, people=people)
        await api.domains.health.demo.load_demo(health=self.health, clock=self.ground.clock, people=people)
        await notifications.demo.load_demo(room=self.notifications, people=people)

    async def close(self) -> None:
        await self.dispatcher.close()


def _identity(ground: Ground) -> Identity:
    keys = ground.key_ring("access-token", Algorithm.ES256)
    store = IdentityStore(mongo=ground.mongo, cipher=ground.cipher, personal=ground.personal, clock=ground.clock)
    limits = identity.demo.DEMO_LIMITS if ground.settings.demo else STANDARD_LIMITS
    namespace = ground.settings.mongo_database  # cities may share a Redis
    return Identity(
        store=store,
        codes=SignInCodes(
            redis=ground.redis, cipher=ground.cipher, clock=ground.clock, limits=limits, namespace=namespace
        ),
        keys=keys,
        tokens=AccessTokens(
            keys=keys, issuer=ground.settings.public_url, audience=_AUDIENCE, clock=ground.clock, ids=ground.ids
        ),
        revocations=Revocations(redis=ground.redis, clock=ground.clock, recall=store.ended_since, namespace=namespace),
        register=_population_register(ground),
        net_ids=_net_ids(ground),
        watch=_watching(ground),
        zone=ground.settings.city_zone,
        outbox=ground.outbox,
        audit=ground.audit,
        access=_access_log(ground),
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
    )


def _devices(ground: Ground, identity: Identity) -> Devices:
    settings = ground.settings
    assert isinstance(identity.watch, Watching), "made by _identity"
    possession = Possession(
        redis=ground.redis,
        cipher=ground.cipher,
        clock=ground.clock,
        namespace=settings.mongo_database,
        base=settings.public_url,
    )
    return Devices(identity.watch, identity.sessions, possession)


def _watching(ground: Ground) -> Watching:
    hours = 0 if ground.settings.demo else ground.settings.device_cool_off_hours
    return Watching(
        mongo=ground.mongo,
        store=DeviceStore(mongo=ground.mongo, cipher=ground.cipher, personal=ground.personal),
        places=_networks(ground),
        outbox=ground.outbox,
        audit=ground.audit,
        ids=ground.ids,
        clock=ground.clock,
        cool_off=timedelta(hours=hours),
    )


def _networks(ground: Ground) -> NetworksOfPlaces:
    """Raises: CityUnavailable."""
    settings = ground.settings
    if not settings.networks_file:
        return NetworkPlaces.read(DEMO_NETWORKS) if settings.demo else Nowhere()
    try:
        return NetworkPlaces.read(Path(settings.networks_file))
    except NetworksInvalid as fault:
        raise CityUnavailable(f"TONG_NETWORKS_FILE: {fault}") from fault


def _consents(ground: Ground, identity: Identity) -> Consents:
    return Consents(
        store=ConsentStore(mongo=ground.mongo),
        clients=GrantedClients(_grants(ground)),
        revocations=identity.revocations,
        outbox=ground.outbox,
        audit=ground.audit,
        ids=ground.ids,
        clock=ground.clock,
    )


def _grants(ground: Ground) -> Grants:
    return Grants(ProviderStore(ground.mongo), ground.outbox, ground.audit, ground.ids, ground.clock)


def _openid(ground: Ground, identity: Identity, consents: Consents) -> OpenIdProvider:
    issuer, namespace = ground.settings.public_url.rstrip("/"), ground.settings.mongo_database
    rings = {algorithm: ground.key_ring(f"oidc-{algorithm.value}", algorithm) for algorithm in Algorithm}
    parts = Parts(
        issuer=issuer,
        store=ProviderStore(ground.mongo),
        pending=Pending(ground.redis, ground.cipher, ground.clock, namespace),
        tokens=PartnerTokens(rings, issuer, ground.ids, ground.clock),
        accounts=identity.store,
        revocations=identity.revocations,
        consents=ProviderConsents(consents),
        charges=identity.codes.charges,
        outbox=ground.outbox,
        audit=ground.audit,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
        keys=ClientKeys(ground.clock, fetching(ground.http)),
        evidence=account_evidence,
        certificates=Certificates(
            ground.settings.client_certificate_header, ground.settings.client_certificate_authorities
        ),
        access_log=identity.access,
        four_eyes=_agreement(ground, identity.store),
    )
    return OpenIdProvider(parts)


def _recovery_desk(ground: Ground, identity: Identity, credentials: Credentials) -> RecoveryDesk:
    settings = ground.settings
    return RecoveryDesk(
        store=RecoveryStore(mongo=ground.mongo, cipher=ground.cipher, personal=ground.personal),
        accounts=identity.store,
        sessions=identity.sessions,
        codes=identity.codes,
        outbox=ground.outbox,
        audit=ground.audit,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
        waits=Waits(
            change=timedelta(hours=settings.phone_change_hours),
            recovery=timedelta(hours=settings.recovery_hours),
            recovery_seen=timedelta(hours=settings.recovery_seen_hours),
            asleep=timedelta(days=settings.asleep_days),
        ),
        has_strong=credentials.has_strong,
        new_code=identity.new_code,
        zone=settings.city_zone,
    )


def _recoveries(ground: Ground, desk: RecoveryDesk, phones: PhoneChanges, credentials: Credentials) -> Recoveries:
    async def forget_keys(account_id: str, session: Session) -> None:
        await credentials.desk.store.forget(account_id, session=session)

    return Recoveries(desk, phones, _faces(ground), forget_keys)


def _merges(desk: RecoveryDesk, rooms: Sequence[Merging], erasures: Erasures) -> Merges:
    async def leaving(account_id: str) -> bool:
        newest = await erasures.erasures.newest(account_id)
        return newest is not None and newest.state in (ErasureState.WAITING, ErasureState.RUNNING)

    async def withdraw(account_id: str) -> None:
        await erasures.consents.withdraw_all(citizen=account_id)

    others = Forgetting("consents", withdraw), Forgetting("copies", erasures.shelf.forget), *erasures.others
    return Merges(desk, rooms, others, leaving, erasures.personal.shred)


def _own_data(
    ground: Ground,
    identity: Identity,
    credentials: Credentials,
    consents: Consents,
    recorded: Sequence[AccessSource],
    held: Sequence[DataSource],
    others: Sequence[Forgetting],
) -> tuple[Readings, Downloads, Erasures]:
    """What citizens do about their own data: see who read it, take it away, have it erased."""
    people, shelf = identity.store, Shelf(mongo=ground.mongo, personal=ground.personal)
    readings = Readings(identity.access, recorded, consents.clients, people, ground.clock)
    downloads = Downloads(
        shelf=shelf,
        sources=(*Holdings(people, consents.store, readings, ground.clock).sources, *held),
        store=people,
        charges=identity.codes.charges,
        outbox=ground.outbox,
        audit=ground.audit,
        ids=ground.ids,
        clock=ground.clock,
        second_factor=credentials.has_strong,
    )
    erasures = Erasures(
        erasures=ErasureStore(mongo=ground.mongo, personal=ground.personal),
        store=people,
        personal=ground.personal,
        consents=consents,
        shelf=shelf,
        revocations=identity.revocations,
        others=others,
        four_eyes=_agreement(ground, people),
        outbox=ground.outbox,
        audit=ground.audit,
        ids=ground.ids,
        clock=ground.clock,
        grace=timedelta(days=ground.settings.erasure_grace_days),
        second_factor=credentials.has_strong,
    )
    return readings, downloads, erasures


def _access_log(ground: Ground) -> AccessLog:
    return AccessLog(mongo=ground.mongo, ids=ground.ids, clock=ground.clock)


def _credentials(ground: Ground, identity: Identity) -> Credentials:
    settings = ground.settings
    desk = Desk(
        store=KeychainStore(mongo=ground.mongo, personal=ground.personal),
        accounts=identity.store,
        sessions=identity.sessions,
        tickets=Tickets(
            redis=ground.redis, cipher=ground.cipher, clock=ground.clock, namespace=settings.mongo_database
        ),
        hashing=Hashing(),
        charges=identity.codes.charges,
        limits=identity.codes.limits.answers,
        outbox=ground.outbox,
        audit=ground.audit,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
        staff_must=settings.staff_second_factor,
    )
    return Credentials.at(desk, codes=identity.codes, public_url=settings.public_url)


def _organisations(ground: Ground, identity: Identity) -> Organisations:
    return Organisations(
        store=OrganisationStore(mongo=ground.mongo, cipher=ground.cipher),
        acting=identity.acting,
        delegating=identity.delegating,
        charges=identity.codes.charges,
        register=_organisation_register(ground),
        four_eyes=_agreement(ground, identity.store),
    )


def _agreement(ground: Ground, people: IdentityStore) -> Agreement:
    return Agreement(_staffing_store(ground, people))


def _staffing_store(ground: Ground, people: IdentityStore) -> StaffingStore:
    return StaffingStore(mongo=ground.mongo, personal=ground.personal, people=people)


def _staffing(
    ground: Ground, identity: Identity, erasures: Erasures, organisations: Organisations, openid: OpenIdProvider
) -> Staffing:
    settings = ground.settings
    accounts = Accounts(
        store=_staffing_store(ground, identity.store),
        people=identity.store,
        sessions=identity.sessions,
        grants=_grants(ground),
        closures=erasures,
        charges=identity.codes.charges,
        access=identity.access,
        outbox=ground.outbox,
        audit=ground.audit,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
        hours=Hours(*settings.staff_hours, settings.city_zone) if settings.staff_hours else None,
    )
    return Staffing.at(
        accounts,
        holds=erasures,
        organisations=organisations,
        clients=openid.registration,
        revocations=identity.revocations,
    )


def _organisation_register(ground: Ground) -> OrganisationRegister | None:
    settings = ground.settings
    if not settings.data_url:
        return None
    return HttpOrganisationRegister(ground.http, settings.data_url, settings.data_key, settings.store_timeout_ms / 1000)


def _population_register(ground: Ground) -> PopulationRegister | None:
    settings = ground.settings
    if not settings.data_url:
        return None
    return HttpPopulationRegister(ground.http, settings.data_url, settings.data_key, settings.store_timeout_ms / 1000)


def _evidences(ground: Ground, identity: Identity, credentials: Credentials) -> Evidences:
    settings = ground.settings
    documents = None
    if settings.data_url:
        documents = HttpDocumentRegister(ground.http, settings.data_url, settings.data_key, _patience_s(ground))
    return Evidences(
        names=identity.real_names,
        pending=PendingEvidence(ground.redis, ground.cipher, ground.clock, settings.mongo_database),
        documents=documents,
        faces=_faces(ground),
        second_factor=credentials.has_strong,
        ids=ground.ids,
        clock=ground.clock,
    )


def _faces(ground: Ground) -> HttpFaceProvider | None:
    """Raises: CityUnavailable when its key is not among the settings."""
    settings = ground.settings
    if not settings.face_url:
        return None
    if not settings.face_jwk:
        raise CityUnavailable("Set TONG_FACE_JWK to the public key of the provider of real-person checks.")
    city = settings.public_url.rstrip("/")
    return HttpFaceProvider(
        register=HttpRegister(ground.http, settings.face_url, settings.face_key, _patience_s(ground)),
        ids=ground.ids,
        clock=ground.clock,
        issuer=settings.face_url.rstrip("/"),
        audience=city,
        return_to=f"{city}/real-name/face",
        jwk=settings.face_jwk,
    )


def _net_ids(ground: Ground) -> HttpNetIdPlatform | None:
    settings = ground.settings
    if not settings.net_id_url:
        return None
    city = settings.public_url.rstrip("/")
    return HttpNetIdPlatform(ground.http, settings.net_id_url, settings.net_id_key, _patience_s(ground), audience=city)


def _patience_s(ground: Ground) -> float:
    return ground.settings.store_timeout_ms / 1000


def _city_codes(ground: Ground) -> CityCodes:
    return CityCodes(
        store=CityCodeStore(mongo=ground.mongo, zone=ground.settings.city_zone),
        keys=ground.key_ring(CITY_CODE_KEYS, Algorithm.ED25519),
        outbox=ground.outbox,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
        zone=ground.settings.city_zone,
        city=ground.settings.city_code,
    )


def _places(ground: Ground) -> Places:
    return Places(
        store=PlaceStore(mongo=ground.mongo),
        keys=ground.key_ring(PLACE_KEYS, Algorithm.ED25519, overlap=PLACE_KEY_OVERLAP),
        outbox=ground.outbox,
        ids=ground.ids,
        clock=ground.clock,
        base=placecode.base_of(ground.settings.public_url),
        city=ground.settings.city_code,
    )


def _licences(ground: Ground) -> tuple[Licences, Issuing]:
    """What holders and verifiers do, and what the issuing departments do, on one store."""
    store = LicenceStore(mongo=ground.mongo, cipher=ground.cipher, catalogue=LICENCE_TYPES)
    announcer = Announcer(outbox=ground.outbox, cipher=ground.cipher)
    licences = Licences(
        store=store,
        catalogue=LICENCE_TYPES,
        keys=ground.key_ring(LICENCE_KEYS, Algorithm.ED25519),
        announcer=announcer,
        ids=ground.ids,
        clock=ground.clock,
        zone=ground.settings.city_zone,
        city=ground.settings.city_code,
    )
    issuing = Issuing(
        store=store,
        catalogue=LICENCE_TYPES,
        announcer=announcer,
        ids=ground.ids,
        clock=ground.clock,
        zone=ground.settings.city_zone,
    )
    return licences, issuing


def _payments(ground: Ground) -> Payments:
    return Payments(
        store=PaymentStore(mongo=ground.mongo),
        books=Books(mongo=ground.mongo),
        auditor=Auditor(ground.mongo),
        outbox=ground.outbox,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
        zone=ground.settings.city_zone,
        test_source=ground.settings.demo,
    )


def _reports(ground: Ground) -> Reports:
    settings = ground.settings
    store = ReportStore(mongo=ground.mongo, rows=Rows(ground.cipher))
    governance = Governance(url=settings.governance_url, key=settings.governance_key, session=ground.http)
    return Reports(
        store=store,
        photos=PhotoStore(mongo=ground.mongo, cipher=ground.cipher),
        links=PhotoLinks(cipher=ground.cipher, clock=ground.clock),
        darkroom=Darkroom(),
        statistics=Statistics(store=store, clock=ground.clock),
        outbox=ground.outbox,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
        zone=settings.city_zone,
        governance=governance if settings.governance_url else None,
    )


def _health(ground: Ground) -> Health:
    return Health(
        store=HealthStore(mongo=ground.mongo, cipher=ground.cipher),
        cache=StatusCache(redis=ground.redis, cipher=ground.cipher, clock=ground.clock),
        outbox=ground.outbox,
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
    )


def _notifications(ground: Ground) -> tuple[Notifications, Dispatcher]:
    carriers = _carriers(ground)
    room = Notifications(
        store=MessageStore(mongo=ground.mongo),
        reach=ReachStore(mongo=ground.mongo),
        deliveries=DeliveryStore(mongo=ground.mongo),
        cipher=ground.cipher,
        ids=ground.ids,
        clock=ground.clock,
        zone=ground.settings.city_zone,
        channels=frozenset(carriers),
    )
    return room, Dispatcher(room=room, carriers=carriers)


def _carriers(ground: Ground) -> dict[Channel, Carrier]:
    """Those that the settings name. Raises: CityUnavailable."""
    settings, carriers = ground.settings, dict[Channel, Carrier]()
    if settings.fcm_project and settings.fcm_credentials_file:
        carriers[Channel.PUSH] = _fcm(ground)
    if settings.smtp_url:
        try:
            carriers[Channel.EMAIL] = SmtpCarrier(
                url=settings.smtp_url, sender=settings.mail_from, public_url=settings.public_url, clock=ground.clock
            )
        except CannotMail as fault:
            raise CityUnavailable(str(fault)) from fault
    return carriers


def _fcm(ground: Ground) -> Carrier:
    # Google's library takes half a second to load: only who pushes waits for it.
    from notifications.push import CannotPush, FcmCarrier

    settings = ground.settings
    try:
        return FcmCarrier(
            url=settings.fcm_url,
            project=settings.fcm_project,
            credentials_file=Path(settings.fcm_credentials_file),
            clock=ground.clock,
        )
    except CannotPush as fault:
        raise CityUnavailable(str(fault)) from fault


def _development_sms(ground: Ground) -> DevelopmentSms | None:
    if not ground.settings.demo:
        return None
    return DevelopmentSms(mongo=ground.mongo, cipher=ground.cipher, clock=ground.clock)
