"""The rooms of the city, each built on the ground. This and what it stands on (`wings.py`, `open_platform.py`,
`sandbox.py`, `carriers.py`) alone choose who works with whom.

A new room is a field of `Rooms`, a function that builds it, and its lines in the properties below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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
import identity.demo
import miniapps.asking.http
import miniapps.backends.http
import miniapps.backends.worker
import miniapps.developers.demo
import miniapps.developers.http
import miniapps.developers.worker
import miniapps.releases.http
import miniapps.sandbox.http
import miniapps.sessions.worker
import miniapps.versions.demo
import miniapps.versions.http
import miniapps.versions.worker
import notifications.demo
import notifications.worker
from api.carriers import notifications_of
from api.city_graph import PublishedGraph
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
from api.open_platform import GraphOnBehalf, OpenPlatform, request_id
from api.programs import InboxOfCity, LedgerOfPrograms, PeopleOfCity, ProgramStores
from api.sandbox import code_box, sandbox_of, way_to_phones
from api.web.audit import audit_routes
from api.web.development import net_id_routes, sms_routes, totp_routes
from api.wings import AddressOf, ContextOf, Service, Wings
from core.audit import SEAL_EVERY_S
from core.events import Subscription
from core.keys import Algorithm, KeyRing
from core.tasks import Work, every
from identity.sms import DevelopmentSms, NoCarrier
from miniapps.asking.http import Graph
from miniapps.asking.published import OperationsCheck, ReleasedOperations
from miniapps.asking.service import Asking
from miniapps.backends.courier import public_keys
from miniapps.backends.messages import Messages
from miniapps.backends.service import Backends
from miniapps.backends.standing import Standings
from miniapps.backends.subscribing import Subscribing
from miniapps.limits import Paces
from miniapps.openid.codes import Codes
from miniapps.openid.service import KEY_PURPOSE as LAUNCH_KEYS
from miniapps.openid.service import Openids
from miniapps.releases.catalogue import Catalogue
from miniapps.releases.log import Log
from miniapps.releases.opening import Opener
from miniapps.releases.origins import Origins
from miniapps.releases.own import OwnPrograms
from miniapps.releases.service import Releases
from miniapps.releases.serving import PRELOAD, REPORTS, HostFiles, ProgramHosts
from miniapps.releases.shelf import Shelf
from miniapps.releases.signing import DEVELOPER_KEYS, LOG_KEYS, PLATFORM_KEYS, REVOCATION_KEYS, Rings
from miniapps.releases.signing import KEY_OVERLAP as PROGRAM_KEY_OVERLAP
from miniapps.sandbox.service import Sandbox
from miniapps.sessions.programs import ReleasedPrograms
from miniapps.sessions.running import Running
from miniapps.sessions.service import Sessions
from miniapps.versions.figures import Figures
from notifications.dispatcher import Dispatcher
from notifications.service import Notifications

_ROOT: Final = Path(__file__).parents[1]
_PROGRAMS: Final = _ROOT / "miniapps" / "programs"
_SDK: Final = _ROOT / "sdk" / "js" / "src"
_PUBLISHED_SDK: Final = _ROOT / "sdk" / "js" / "dist" / "index.js"


@dataclass(frozen=True, slots=True)
class Rooms:
    """Every room of one city. development_sms: the demo's sink for sign-in codes, None elsewhere; code_box: where those
    of a sandbox's test citizens lie, the same one in a demo.
    """

    ground: Ground
    wings: Wings
    city_codes: CityCodes
    places: Places
    licences: Licences
    issuing: Issuing
    payments: Payments
    reports: Reports
    health: Health
    notifications: Notifications
    dispatcher: Dispatcher
    releases: Releases
    host_files: HostFiles
    platform: OpenPlatform
    backends: Backends
    subscribing: Subscribing
    program_messages: Messages
    sessions: Sessions
    figures: Figures
    openids: Openids
    asking: Asking
    sandbox: Sandbox
    code_box: DevelopmentSms
    development_sms: DevelopmentSms | None

    @classmethod
    def on(cls, ground: Ground) -> Rooms:
        """Raises: CityUnavailable when a carrier or a provider cannot be reached as the settings say."""
        licences, issuing = _licences(ground)
        messages, dispatcher = notifications_of(ground)
        city_codes, places, health = _city_codes(ground), _places(ground), _health(ground)
        payments, reports = _payments(ground), _reports(ground)
        programs = ProgramStores.on(ground)
        wings = Wings.on(
            ground,
            city_codes=city_codes,
            places=places,
            licences=licences,
            payments=payments,
            reports=reports,
            health=health,
            notifications=messages,
            programs=programs,
        )
        host_files = HostFiles.shipped()
        releases = _releases(ground, programs, host_files)
        platform = OpenPlatform.on(ground, programs, releases, wings)
        wings = wings.with_programs(platform.revoking)
        sessions = _sessions(ground, programs, releases, wings, platform)
        openids = _openids(ground, programs, sessions, wings)
        asking, box = _asking(ground, releases, sessions, wings), code_box(ground)
        standings = Standings(platform.developers, platform.quotas, ground.clock)
        subscribing = Subscribing(
            platform.developers,
            programs.messages,
            sessions,
            releases,
            openids,
            programs.telling,
            platform.reviewing.desk.kin,
        )
        return cls(
            ground=ground,
            wings=wings,
            city_codes=city_codes,
            places=places,
            licences=licences,
            issuing=issuing,
            payments=payments,
            reports=reports,
            health=health,
            notifications=messages,
            dispatcher=dispatcher,
            releases=releases,
            host_files=host_files,
            platform=platform,
            sessions=sessions,
            figures=Figures(platform.counting, sessions, platform.developers, _paces(ground), ground.ids),
            openids=openids,
            asking=asking,
            backends=Backends(
                developers=platform.developers,
                openids=openids,
                sessions=sessions,
                asking=asking,
                releases=releases,
                standings=standings,
                issuer=ground.settings.public_url.rstrip("/"),
                ids=ground.ids,
                clock=ground.clock,
            ),
            subscribing=subscribing,
            program_messages=Messages(
                shelf=programs.messages,
                openids=programs.openids,
                sessions=sessions,
                releases=releases,
                standings=standings,
                telling=programs.telling,
                inbox=InboxOfCity(messages),
                outbox=ground.outbox,
                ids=ground.ids,
            ),
            sandbox=sandbox_of(
                ground,
                box=box,
                programs=programs,
                platform=platform,
                wings=wings,
                asking=asking,
                paces=_paces(ground),
            ),
            code_box=box,
            development_sms=box if ground.settings.demo else None,
        )

    @property
    def _services(self) -> tuple[Service, ...]:
        return (
            *self.wings.opened,
            self.city_codes,
            self.places,
            self.licences,
            self.payments,
            self.reports,
            self.health,
            self.notifications,
            self.releases,
            self.platform.developers,
            self.platform.members,
            self.platform.versions,
            self.platform.reviewing,
            self.platform.trying,
            self.platform.webhooks,
            self.sessions,
            self.figures,
            self.openids,
            self.subscribing,
            self.sandbox,
        )

    @property
    def services(self) -> Mapping[type, object]:
        """What resolvers reach by type."""
        platform = self.platform
        every_one = (
            *self._services,
            *self.wings.services,
            self.issuing,
            platform.records,
            platform.rollouts,
            platform.moves,
            platform.quotas,
            *platform.builders,
        )
        return {type(service): service for service in every_one}

    @property
    def key_rings(self) -> Sequence[KeyRing]:
        rooms = self.city_codes.keys, self.places.keys, self.licences.keys, *self._mini_keys
        return *self.wings.key_rings, *rooms, self.ground.audit.keys

    @property
    def _mini_keys(self) -> Sequence[KeyRing]:
        """Whose public halves programs, their hosts and their developers check with."""
        platform = self.platform
        return *self.releases.key_rings, self.openids.keys, platform.developers.tokens.keys, platform.webhooks.keys

    @property
    def subscriptions(self) -> list[Subscription]:
        """Who reacts to which event."""
        return [
            *self.wings.subscriptions(
                sms=way_to_phones(self.sandbox, self.code_box, self.development_sms or NoCarrier()),
                http=self.ground.http,
            ),
            *api.domains.citycode.worker.subscriptions(self.city_codes),
            *api.domains.reports.worker.subscriptions(self.reports),
            *notifications.worker.subscriptions(self.notifications),
            *miniapps.sessions.worker.subscriptions(self.sessions),
            *miniapps.versions.worker.subscriptions(self.platform.versions),
            *miniapps.backends.worker.subscriptions(
                self.platform.webhooks.telling,
                self.openids.store,
                self.program_messages,
                self.platform.developers.store,
            ),
        ]

    @property
    def chores(self) -> Mapping[str, Work]:
        """What rooms do by the clock, in every process."""
        return {
            "audit": every(SEAL_EVERY_S, self.ground.audit.seal),
            **self.wings.chores,
            **api.domains.licences.worker.chores(self.issuing),
            **api.domains.payments.worker.chores(self.payments),
            **api.domains.reports.worker.chores(self.reports),
            **notifications.worker.chores(self.dispatcher),
            **miniapps.developers.worker.chores(self.platform.proving),
            **miniapps.versions.worker.chores(self.platform.second_looks, self.platform.unexamined),
            **miniapps.backends.worker.chores(self.platform.courier),
        }

    def routes(self, context: ContextOf, address: AddressOf, graph: Graph) -> list[web.RouteDef]:
        """What rooms answer over HTTP beside the graph. context: who makes a request. address: where from. graph: what
        is asked for somebody.
        """
        return [
            *audit_routes(self.ground.audit),
            *self.wings.routes(context, address),
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
            *miniapps.releases.http.routes(
                self.releases,
                rings=self._mini_keys,
                https=self.ground.settings.public_url.startswith("https:"),
                trusted_proxies=self.ground.settings.trusted_proxies,
            ),
            *miniapps.developers.http.routes(
                self.platform.granting,
                address=address,
                log_origin=self.releases.log.origin,
                log_keys=lambda: [key.text for key in self.releases.log.note_keys()],
                webhook_keys=lambda: public_keys(self.platform.webhooks.keys),
                sandbox=self.sandbox.on,
            ),
            *miniapps.versions.http.routes(self.platform.versions, context=context, request_id=request_id),
            *miniapps.backends.http.routes(
                self.backends,
                self.platform.webhooks,
                self.program_messages,
                graph=GraphOnBehalf(graph, self.services),
                request_id=request_id,
            ),
            *miniapps.asking.http.routes(asking=self.asking, context=context, graph=graph),
            *miniapps.sandbox.http.routes(
                self.sandbox, context=context, graph=GraphOnBehalf(graph, self.services), request_id=request_id
            ),
            *(sms_routes(self.development_sms.latest) if self.development_sms else ()),
            *(totp_routes(self._demo_totp) if self.development_sms else ()),
            *self._net_id_routes(),
        ]

    def program_hosts(self, address: AddressOf) -> ProgramHosts | None:
        """Who answers on programs' hosts; None where the city has none for them."""
        origins, hears = self.releases.origins, self.platform.blocking
        return ProgramHosts(origins, self.releases.shelf, self.host_files, hears, address) if origins else None

    def _net_id_routes(self) -> list[web.RouteDef]:
        settings = self.ground.settings
        if not (self.development_sms and settings.net_id_url):
            return []
        return net_id_routes(settings.net_id_url, settings.public_url.rstrip("/"))

    def _demo_totp(self) -> Mapping[str, str]:
        return identity.demo.demo_totp(self.ground.clock.now())

    async def open(self) -> None:
        """Make what must exist: indexes, first keys."""
        await self.ground.open_keys()
        await self.ground.audit.open()
        for service in self._services:
            await service.open()
        if self.development_sms or self.sandbox.on:
            await self.code_box.open()

    async def load_demo(self) -> None:
        """Add what the demo city is missing; change nothing that is there."""
        people = await self.wings.load_demo(self.ground)
        await api.domains.citycode.demo.load_demo(places=self.places, people=people)
        await api.domains.licences.demo.load_demo(issuing=self.issuing, people=people)
        await api.domains.payments.demo.load_demo(self.payments, people=people)
        await api.domains.reports.demo.load_demo(service=self.reports, people=people)
        await api.domains.health.demo.load_demo(health=self.health, clock=self.ground.clock, people=people)
        await notifications.demo.load_demo(room=self.notifications, people=people)
        await miniapps.developers.demo.load_demo(registering=self.platform.registering, people=people)
        await self.publish_programs()

    async def load_demo_review(self) -> None:
        """Hand a program in for the demo city's officers to review. Apart from the rest, because a process of its own
        examines it, and a test's queue begins empty.
        """
        platform, people = self.platform, await identity.demo.people(self.wings.identity.store)
        await miniapps.versions.demo.load_demo(
            versions=platform.versions,
            registering=platform.registering,
            keys=platform.keys,
            people=people,
            kit=_PUBLISHED_SDK.read_bytes(),
        )

    async def publish_programs(self) -> None:
        """Release what changed of the city's own programs. Raises: PackageInvalid, Unavailable."""
        settings = self.ground.settings
        await OwnPrograms(
            self.releases, programs=_PROGRAMS, sdk=_SDK, counted=settings.demo or settings.development
        ).publish()

    async def close(self) -> None:
        await self.platform.moves.hearing.close()
        await self.dispatcher.close()


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


def _releases(ground: Ground, programs: ProgramStores, host_files: HostFiles) -> Releases:
    settings, store = ground.settings, programs.releases
    issuer = settings.public_url.rstrip("/")
    platform, log, revocations, developer = (
        ground.key_ring(purpose, Algorithm.ED25519, overlap=PROGRAM_KEY_OVERLAP)
        for purpose in (PLATFORM_KEYS, LOG_KEYS, REVOCATION_KEYS, DEVELOPER_KEYS)
    )
    origins = Origins.of(mini_url=settings.mini_url, public_url=settings.public_url)
    tree = Log(f"{settings.city_code}.citytong/{LOG_KEYS}", log, ground.mongo)
    shells = origins.shells if origins else ()
    opener = Opener(platform=platform, log=tree, shells=shells, preload=host_files.path_of(PRELOAD), reports=REPORTS)
    return Releases(
        issuer=issuer,
        store=store,
        rings=Rings(platform=platform, log=log, revocations=revocations, developer=developer),
        log=tree,
        catalogue=Catalogue(store, ground.clock),
        shelf=Shelf(store, ground.clock, opener),
        origins=origins,
        outbox=ground.outbox,
        audit=ground.audit,
        ids=ground.ids,
        clock=ground.clock,
        check_operations=OperationsCheck(PublishedGraph()),
    )


def _asking(ground: Ground, releases: Releases, sessions: Sessions, wings: Wings) -> Asking:
    return Asking(
        sessions=sessions,
        operations=ReleasedOperations(releases),
        graph=PublishedGraph(),
        access=wings.identity.access,
        paces=_paces(ground),
        clock=ground.clock,
    )


def _sessions(
    ground: Ground, programs: ProgramStores, releases: Releases, wings: Wings, platform: OpenPlatform
) -> Sessions:
    return Sessions(
        running=Running(ground.redis, ground.cipher, ground.clock, ground.settings.mongo_database),
        store=programs.sessions,
        shelf=programs.shelf,
        programs=ReleasedPrograms(releases, programs.sessions, platform.circle),
        ledger=LedgerOfPrograms(wings.consents),
        people=PeopleOfCity(wings.identity.store, ground.clock, ground.settings.city_zone),
        paces=_paces(ground),
        openings=platform.counting,
        ids=ground.ids,
        clock=ground.clock,
    )


def _openids(ground: Ground, programs: ProgramStores, sessions: Sessions, wings: Wings) -> Openids:
    return Openids(
        store=programs.openids,
        codes=Codes(ground.redis, ground.cipher, ground.clock, ground.settings.mongo_database),
        keys=ground.key_ring(LAUNCH_KEYS, Algorithm.ED25519),
        sessions=sessions,
        people=sessions.people,
        access=wings.identity.access,
        audit=ground.audit,
        paces=_paces(ground),
        issuer=ground.settings.public_url.rstrip("/"),
        ids=ground.ids,
        clock=ground.clock,
    )


def _paces(ground: Ground) -> Paces:
    return Paces(ground.redis, ground.cipher, ground.clock, ground.settings.mongo_database)
