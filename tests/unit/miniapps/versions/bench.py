"""Versions as the roof assembles them, on the run's real stores, with real developers, sessions and openids.

Who people are, and who works for which organisation, a test says itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from functools import lru_cache
from typing import Any

from graphql import print_schema

from api.city_graph import PublishedGraph
from core.clock import FixedClock, to_ms
from core.crypto import FieldCipher
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from core.locale import Locale
from core.mongo import Mongo, Session
from core.principal import Jurisdiction, Principal, PrincipalKind
from core.redis import Redis
from miniapps.developers.devices import DeviceStore
from miniapps.developers.domains import DomainProof, DomainState, DomainStore, Method
from miniapps.developers.model import Account, AccountKind, App, Role
from miniapps.developers.publishers import PublisherStore
from miniapps.developers.rating import Fact
from miniapps.developers.service import Developers, Post
from miniapps.developers.store import DeveloperStore
from miniapps.developers.tokens import OpenTokens
from miniapps.limits import Paces
from miniapps.releases.model import Category, Organisation
from miniapps.sessions.programs import ReleasedPrograms
from miniapps.sessions.service import Sessions
from miniapps.versions.blocked import Blocking
from miniapps.versions.circle import OfficersKin, ProgramCircle
from miniapps.versions.desk import Desk
from miniapps.versions.examining import ChildExaminer, Surroundings
from miniapps.versions.figures import Counting, Figures
from miniapps.versions.filing import FilingStore
from miniapps.versions.model import Finding, Version
from miniapps.versions.quotas import Quotas
from miniapps.versions.reviewing import Reviewing
from miniapps.versions.revoking import Revoking
from miniapps.versions.rollouts import Rollouts
from miniapps.versions.service import Versions
from miniapps.versions.store import VersionStore
from miniapps.versions.trials import TrialStore
from miniapps.versions.trying import Trying
from tests.unit.miniapps.releases.workshop import APP, CITY, Workshop
from tests.unit.miniapps.releases.workshop import build as open_workshop
from tests.unit.miniapps.runs import PeopleAtHand, Runs, citizen, open_runs

ORG = "org_library"
# A member of the library, one of nobody, and officers: the second is Zhang, in an office.
ZHANG, LI = citizen("cit_zhang"), citizen("cit_li", session="ses_2")
DOMAIN = "api.library.example"


def officer(id: str = "stf_1", *scopes: str, place: str = "110000") -> Principal:
    powers = frozenset(scopes or {"miniapps:review"})
    return Principal(
        kind=PrincipalKind.STAFF, actor=id, subject=id, scopes=powers | {"staff"}, jurisdiction=Jurisdiction(place)
    )


REVIEWER, KIN = officer(), officer("stf_zhang")


@dataclass
class Posts:
    """Identity, as developers ask it."""

    posts_of: dict[str, Sequence[Post]] = field(
        default_factory=lambda: {"cit_zhang": [Post(ORG, "市图书馆", "", Role.OWNER)]}
    )

    async def level(self, citizen: str) -> int | None:
        return 2

    async def posts(self, citizen: str) -> Sequence[Post]:
        return self.posts_of.get(citizen, ())

    async def members(self, organisation: str) -> Mapping[str, Role]:
        return {who: post.role for who, posts in self.posts_of.items() for post in posts}


@dataclass
class Offices:
    citizens: dict[str, str] = field(default_factory=lambda: {"stf_zhang": "cit_zhang"})
    left: set[str] = field(default_factory=set)

    async def citizen_of(self, officer: str) -> str | None:
        return self.citizens.get(officer)

    async def in_office(self, officer: str) -> bool:
        return officer not in self.left


@dataclass
class Findings:
    """What the machine finds next; None: what the real rules find, in their process."""

    next: list[Finding] | None = field(default_factory=list)
    asked: list[Surroundings] = field(default_factory=list)

    async def __call__(self, package: bytes, surroundings: Surroundings) -> list[Finding]:
        self.asked.append(surroundings)
        return self.next if self.next is not None else await ChildExaminer(sdl)(package, surroundings)


@lru_cache(maxsize=1)
def sdl() -> str:
    return print_schema(PublishedGraph().schema)


@dataclass
class Bench:
    workshop: Workshop
    runs: Runs
    desk: Desk
    versions: Versions
    reviewing: Reviewing
    trying: Trying
    circle: ProgramCircle
    rollouts: Rollouts
    revoking: Revoking
    quotas: Quotas
    figures: Figures
    blocking: Blocking
    sessions: Sessions
    developers: Developers
    machine: Findings
    organisation: Organisation
    clock: FixedClock

    @property
    def people(self) -> PeopleAtHand:
        return self.runs.people

    async def facts(self, organisation: str) -> Mapping[Fact, int]:
        """What was noted of it at this very moment."""
        return (await self.developers.store.facts([organisation], since=self.clock.now()))[organisation]

    async def draft(
        self, code: int = 1, *, who: Principal = ZHANG, package: bytes | None = None, **more: Any
    ) -> Version:
        """more: members of the manifest."""
        authority = await self.developers.authority(principal=who, app_id=APP)
        signed = package or self.workshop.package(code, **more)
        kept = await self.versions.keep_package(authority=authority, package=signed)
        return await self.versions.create(principal=who, app_id=APP, upload=kept.sha256, notes="First try")

    async def submitted(self, code: int = 1, **more: Any) -> Version:
        """Handed in and examined."""
        version = await self.draft(code, **more)
        await self.versions.submit(principal=ZHANG, id=version.id)
        await self.versions.examine_submitted(version.id)
        return await self.desk.found(version.id)

    async def approved(self, code: int = 1, **more: Any) -> Version:
        version = await self.submitted(code, **more)
        return await self.reviewing.approve(principal=REVIEWER, id=version.id)

    async def rolling(self, code: int = 1, percent: float = 5, cohort: str | None = None, **more: Any) -> Version:
        version = await self.approved(code, **more)
        return await self.rollouts.start(principal=ZHANG, id=version.id, percent=percent, cohort=cohort)

    async def released(self, code: int = 1, **more: Any) -> Version:
        version = await self.rolling(code, **more)
        return await self.rollouts.promote(principal=ZHANG, id=version.id)

    async def opens(self, who: Principal = ZHANG, scene: str = "home") -> int:
        """The version code that this citizen gets."""
        return (await self.sessions.begin(principal=who, app_id=APP, scene=scene)).program.version_code


async def open_bench(*, mongo: Mongo, redis: Redis, clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Bench:
    workshop = await open_workshop(mongo=mongo, clock=clock, ids=ids, cipher=cipher)
    runs = await open_runs(mongo=mongo, redis=redis, clock=clock, ids=ids, cipher=cipher)
    releases, city, paces = workshop.releases, mongo.database.name, Paces(redis, cipher, clock, mongo.database.name)
    ring = KeyRing(
        purpose="mini-open",
        algorithm=Algorithm.ED25519,
        mongo=mongo,
        cipher=cipher,
        clock=clock,
        overlap=timedelta(hours=1),
    )
    store, devices = DeveloperStore(mongo, ids), DeviceStore(mongo)
    developers = Developers(
        store=store,
        domains=DomainStore(mongo),
        publishers=PublisherStore(mongo),
        releases=releases.store,
        people=Posts(),
        tokens=OpenTokens(keys=ring, store=store, devices=devices, issuer=CITY, ids=ids, clock=clock),
        audit=releases.audit,
        ids=ids,
        clock=clock,
    )
    await developers.open()
    versions_store = VersionStore(mongo, cipher)
    trials = TrialStore(mongo)
    circle = ProgramCircle(developers, runs.stores.openids, versions_store, trials, Offices())
    desk = Desk(
        store=versions_store,
        trials=trials,
        releases=releases,
        builders=developers,
        kin=OfficersKin(circle),
        outbox=releases.outbox,
        audit=releases.audit,
        ids=ids,
        clock=clock,
    )
    counting = Counting(mongo, clock, UTC)
    sessions = Sessions(
        running=runs.sessions.running,
        store=runs.stores.sessions,
        shelf=runs.stores.shelf,
        programs=ReleasedPrograms(releases, runs.stores.sessions, circle),
        ledger=runs.sessions.ledger,
        people=runs.people,
        paces=paces,
        openings=counting,
        ids=ids,
        clock=clock,
    )
    machine, rollouts = Findings(), Rollouts(desk)
    organisation = await workshop.organisation()
    bench = Bench(
        workshop=workshop,
        runs=runs,
        desk=desk,
        versions=Versions(desk, machine, paces),
        reviewing=Reviewing(desk, FilingStore(mongo)),
        trying=Trying(desk),
        circle=circle,
        rollouts=rollouts,
        revoking=Revoking(rollouts),
        quotas=Quotas(desk, mongo, redis, cipher, releases.audit, clock, UTC, city),
        figures=Figures(counting, sessions, developers, paces, ids),
        blocking=Blocking(counting, paces),
        sessions=sessions,
        developers=developers,
        machine=machine,
        organisation=organisation,
        clock=clock,
    )
    await bench.versions.open()
    await bench.reviewing.open()
    await bench.trying.open()
    await bench.figures.open()
    await _registered(bench, mongo)
    return bench


async def _registered(bench: Bench, mongo: Mongo) -> None:
    """The library's account, its app, and its domain, which it proved."""
    now, developers = to_ms(bench.clock.now()), bench.developers
    account = Account(bench.organisation.id, AccountKind.ORGANISATION, ORG, {}, now)
    names = {Locale.ZH_CN: "图书馆", Locale.EN: "Library"}
    app = App(APP, bench.organisation.id, names, Category.CULTURE, frozenset(), (), now)

    async def work(session: Session) -> None:
        await developers.store.add_account(account, name_key="library", session=session)
        await developers.store.add_app(app, session=session)
        proof = DomainProof("mpd_1", APP, DOMAIN, "t", DomainState.PROVED, Method.DNS, 0, now, now)
        await developers.domains.add(proof, session=session)

    await mongo.transaction(work)
