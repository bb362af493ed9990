"""The wings of identity, each built on the ground: who works with whom there, and with which rooms of the city.

A new wing is a field of `Wings`, a function that builds it, and its lines in the properties below.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import aiohttp
from aiohttp import web

import identity.consents.http
import identity.consents.worker
import identity.demo
import identity.http
import identity.oidc.demo
import identity.oidc.http
import identity.oidc.worker
import identity.recovery.worker
import identity.worker
from api.domains.citycode.places import Places
from api.domains.citycode.service import CityCodes
from api.domains.health.service import Health
from api.domains.licences.service import Licences
from api.domains.payments.service import Payments
from api.domains.reports.service import Reports
from api.ground import Ground
from api.personal_data import access_sources, data_sources, forgetting, merging
from api.programs import ClientsAndPrograms, ProgramStores
from api.startup import CityUnavailable
from core.access_log import AccessLog, AccessSource
from core.events import Subscription
from core.graph import Context
from core.keys import Algorithm, KeyRing
from core.mongo import Session
from core.remote_keys import fetching
from core.tasks import Work
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
from identity.oidc.client_keys import ClientKeys
from identity.oidc.grants import GrantedClients, Grants
from identity.oidc.logout import posting
from identity.oidc.parts import Parts
from identity.oidc.pending import pending
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
from identity.sms import SmsSender
from identity.staffing.accounts import Accounts
from identity.staffing.elsewhere import Programs
from identity.staffing.performing import Agreement
from identity.staffing.rules import Hours
from identity.staffing.service import Staffing
from identity.staffing.store import StaffingStore
from identity.store import IdentityStore
from identity.tokens import AccessTokens
from notifications.service import Notifications

_AUDIENCE: Final = "citytong"

ContextOf: TypeAlias = Callable[[web.Request], Awaitable[Context]]
AddressOf: TypeAlias = Callable[[web.Request], str]


class Service(Protocol):
    async def open(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Wings:
    """Who is asking, for whom, with whose consent."""

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

    @classmethod
    def on(
        cls,
        ground: Ground,
        *,
        city_codes: CityCodes,
        places: Places,
        licences: Licences,
        payments: Payments,
        reports: Reports,
        health: Health,
        notifications: Notifications,
        programs: ProgramStores,
    ) -> Wings:
        """The rooms: whose records of a person are seen, taken along, forgotten and merged.

        Raises: CityUnavailable when a provider cannot be reached as the settings say.
        """
        identity = _identity(ground)
        credentials = _credentials(ground, identity)
        devices = _devices(ground, identity)
        desk = _recovery_desk(ground, identity, credentials)
        waking = Waking(desk, credentials.second)
        identity = replace(identity, door=waking, second_factor=credentials.has_strong)
        consents = _consents(ground, identity, programs)
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
                notifications=notifications,
                programs=programs,
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
                notifications=notifications,
                programs=programs,
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
            notifications=notifications,
            programs=programs,
        )
        return cls(
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
            recoveries=_recoveries(ground, desk, phone_changes, credentials, erasures),
            merges=_merges(desk, coming_over, erasures),
            waking=waking,
            staffing=_staffing(ground, identity, erasures, organisations, openid),
        )

    def with_programs(self, programs: Programs) -> Wings:
        """The same, with who takes mini-programs back: the room stands on these wings, and is joined afterwards."""
        return replace(self, staffing=self.staffing.with_programs(programs))

    @property
    def opened(self) -> tuple[Service, ...]:
        """What is opened with the city."""
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
        )

    @property
    def services(self) -> tuple[object, ...]:
        """What resolvers reach by type."""
        others = self.evidences, self.identity.access, self.recoveries, self.merges, self.waking
        return *self.opened, *others

    @property
    def key_rings(self) -> Sequence[KeyRing]:
        return self.identity.keys, *self.openid.parts.tokens.rings.values()

    def subscriptions(self, *, sms: SmsSender, http: aiohttp.ClientSession) -> list[Subscription]:
        return [
            *identity.worker.subscriptions(self.identity, sender=sms),
            *identity.oidc.worker.subscriptions(self.openid, post=posting(http, issuer=self.openid.parts.issuer)),
        ]

    @property
    def chores(self) -> Mapping[str, Work]:
        return {
            "revocations": self.identity.revocations.run,
            **identity.consents.worker.chores(self.downloads, self.erasures),
            **identity.recovery.worker.chores(self.phone_changes, self.merges),
        }

    def routes(self, context: ContextOf, address: AddressOf) -> list[web.RouteDef]:
        return [
            *identity.http.routes(keys=self.identity.keys),
            *identity.oidc.http.routes(self.openid, address=address),
            *identity.consents.http.routes(downloads=self.downloads, context=context),
        ]

    async def load_demo(self, ground: Ground) -> Mapping[str, str]:
        """Who is there then: account ids by nickname."""
        store, clock = self.identity.store, ground.clock
        await identity.demo.load_demo(store=store, ids=ground.ids, clock=clock, zone=ground.settings.city_zone)
        if ground.settings.staff_second_factor:
            keychains = self.credentials.desk.store
            await identity.demo.load_second_factors(store=store, keychains=keychains, clock=clock)
        await identity.oidc.demo.load_demo(store=self.openid.parts.store, clock=clock)
        return await identity.demo.people(store)


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
        sandbox=ground.settings.sandbox,
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


def _consents(ground: Ground, identity: Identity, programs: ProgramStores) -> Consents:
    return Consents(
        store=ConsentStore(mongo=ground.mongo),
        clients=ClientsAndPrograms(GrantedClients(_grants(ground)), programs.releases),
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
        pending=pending(ground.redis, ground.cipher, ground.clock, namespace),
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


def _recoveries(
    ground: Ground, desk: RecoveryDesk, phones: PhoneChanges, credentials: Credentials, erasures: Erasures
) -> Recoveries:
    async def forget_keys(account_id: str, session: Session) -> None:
        await credentials.desk.store.forget(account_id, session=session)

    async def end_grants(account_id: str, session: Session) -> None:
        grants = _grants(ground)
        await grants.end_all(because="account_recovered", session=session, also_offline=True, citizen=account_id)

    return Recoveries(desk, phones, _faces(ground), (forget_keys, end_grants, erasures.stay))


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
    return HttpOrganisationRegister(ground.http, settings.data_url, settings.data_key, _patience_s(ground))


def _population_register(ground: Ground) -> PopulationRegister | None:
    settings = ground.settings
    if not settings.data_url:
        return None
    return HttpPopulationRegister(ground.http, settings.data_url, settings.data_key, _patience_s(ground))


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
