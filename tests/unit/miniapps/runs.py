"""Sessions and openids as the roof assembles them, on the run's real stores and identity's real ledger of consents.

Which programs there are, and who people are, a test says itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from api.programs import ClientsAndPrograms, LedgerOfPrograms, ProgramStores
from core.access_log import AccessLog
from core.audit import KEY_OVERLAP, KEY_PURPOSE, AuditLog
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.errors import NotFound
from core.events import Event, Outbox
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from core.locale import Locale, Text
from core.mongo import Mongo
from core.personal import PersonalCipher
from core.principal import Principal, PrincipalKind
from core.redis import Redis
from identity.consents.service import Consents, NoClients
from identity.consents.store import ConsentStore
from identity.revocations import Revocations
from miniapps.backends.shelves import MessageShelf
from miniapps.backends.store import WebhookStore
from miniapps.backends.telling import Telling
from miniapps.developers.leaving import Leaving
from miniapps.limits import Paces
from miniapps.openid.codes import Codes
from miniapps.openid.service import KEY_PURPOSE as LAUNCH_KEYS
from miniapps.openid.service import Openids
from miniapps.openid.store import OpenidStore
from miniapps.releases.store import ReleaseStore
from miniapps.sandbox.store import SandboxStore
from miniapps.sessions.capabilities import Capability, CapabilityState, Person
from miniapps.sessions.model import Runnable, Standing
from miniapps.sessions.running import Running
from miniapps.sessions.service import Opened, Sessions
from miniapps.sessions.shelf import Shelf
from miniapps.sessions.store import SessionStore
from miniapps.sessions.worker import subscriptions
from miniapps.versions.figures import Counting

ISSUER = "https://city.test"
PHONE, OPENID, CAMERA = "city.user.phone", "city.user.openid", "city.device.camera"
LOCATION, ADDRESS, PAY = "city.device.location", "city.user.address", "city.pay"
LIBRARY = Runnable(
    release="mpr_1",
    app_id="org.example.library",
    organisation="mpo_library",
    version_name="1.4.0",
    version_code=14,
    pages=("pages/index/index", "pages/loan/loan"),
    declared={
        OPENID: Text(zh="识别读者", en="To know readers"),
        PHONE: Text(zh="取书通知", en="To tell you of books"),
        CAMERA: Text(zh="扫码借书", en="To scan books"),
        LOCATION: Text(zh="最近的分馆", en="The nearest branch"),
        ADDRESS: Text(zh="送书上门", en="To bring books"),
    },
    granted=frozenset({OPENID, PHONE, CAMERA, LOCATION}),
)
SHOP = replace(
    LIBRARY,
    release="mpr_2",
    app_id="org.example.shop",
    organisation="mpo_library",
    accept_from=frozenset({LIBRARY.app_id}),
)
AIR = replace(LIBRARY, release="mpr_3", app_id="city.example.air", organisation="mpo_city")


@dataclass
class ProgramsAtHand:
    """What `Sessions` asks, from a table."""

    releases: dict[str, Runnable] = field(default_factory=lambda: {one.release: one for one in (LIBRARY, SHOP, AIR)})

    async def current(self, app_id: str, *, citizen: str, trial: bool = False) -> Runnable:
        for one in self.releases.values():
            if (one.app_id, one.standing, one.trial) == (app_id, Standing.RUNS, trial):
                return one
        raise NotFound(thing="mini-program")

    async def release(self, release_id: str, *, citizen: str) -> Runnable | None:
        return self.releases.get(release_id)

    def set(self, release: str, **changed: Any) -> None:
        self.releases[release] = replace(self.releases[release], **changed)


@dataclass
class PeopleAtHand:
    persons: dict[str, Person] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=lambda: {"cit_zhang": "+8613800000001"})

    async def person(self, citizen: str) -> Person:
        return self.persons.get(citizen, Person())

    async def phone(self, citizen: str) -> str | None:
        return self.phones.get(citizen)


@dataclass
class Runs:
    sessions: Sessions
    openids: Openids
    stores: ProgramStores
    consents: Consents
    programs: ProgramsAtHand
    people: PeopleAtHand
    personal: PersonalCipher
    mongo: Mongo
    redis: Redis
    clock: FixedClock

    async def begin(self, who: Principal, app_id: str = LIBRARY.app_id, **how: Any) -> Opened:
        return await self.sessions.begin(principal=who, app_id=app_id, **how)

    async def answer(
        self, who: Principal, session: str, *, granted: Iterable[str] = (), denied: Iterable[str] = ()
    ) -> dict[str, str]:
        """What the program may do then: state and why, by name."""
        told = await self.sessions.answer(
            principal=who,
            session_id=session,
            granted=list(granted),
            denied=list(denied),
            text="“图书馆”申请获取您的手机号。",
            locale=Locale.ZH_CN,
        )
        return states(told.capabilities)

    async def states(self, who: Principal, session: str) -> dict[str, str]:
        return states(await self.sessions.capabilities(principal=who, session_id=session))

    async def sign_out(self, who: Principal) -> None:
        """What identity tells of it."""
        (told,) = subscriptions(self.sessions)
        assert told.after is not None
        payload = {"account_id": who.actor, "session_id": who.session_id, "because": "signed_out"}
        await told.after(Event("evt_1", told.event, self.clock.now(), payload))


def states(listed: Sequence[Capability]) -> dict[str, str]:
    return {one.name: f"{one.state}:{one.why}" for one in listed}


def citizen(id: str = "cit_zhang", session: str = "ses_1", **more: Any) -> Principal:
    return Principal(
        kind=PrincipalKind.CITIZEN,
        actor=id,
        subject=id,
        session_id=session,
        scopes=frozenset({"citizen"}),
        **more,
    )


ZHANG = citizen()
GRANTED, PROMPT = f"{CapabilityState.GRANTED}:", f"{CapabilityState.PROMPT}:consent"


async def open_runs(*, mongo: Mongo, redis: Redis, clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Runs:
    personal, city = PersonalCipher(mongo, cipher.master_key), mongo.database.name

    def ring(purpose: str, overlap: timedelta = timedelta(hours=1)) -> KeyRing:
        return KeyRing(
            purpose=purpose, algorithm=Algorithm.ED25519, mongo=mongo, cipher=cipher, clock=clock, overlap=overlap
        )

    async def recall(since: datetime) -> Iterable[tuple[str, datetime]]:
        return ()

    releases = ReleaseStore(mongo)
    stores = ProgramStores(
        releases,
        SessionStore(mongo),
        Shelf(mongo, personal, ids),
        OpenidStore(mongo, ids, clock),
        Leaving.on(mongo, ids, releases, Outbox(mongo=mongo, ids=ids, clock=clock)),
        Telling(WebhookStore(mongo, cipher), ids, clock),
        MessageShelf(mongo, cipher),
        SandboxStore(mongo),
    )
    consents = Consents(
        store=ConsentStore(mongo=mongo),
        clients=ClientsAndPrograms(NoClients(), stores.releases),
        revocations=Revocations(redis=redis, clock=clock, recall=recall, namespace=city),
        outbox=Outbox(mongo=mongo, ids=ids, clock=clock),
        audit=AuditLog(mongo=mongo, keys=ring(KEY_PURPOSE, KEY_OVERLAP), ids=ids, clock=clock),
        ids=ids,
        clock=clock,
    )
    programs, people, paces = ProgramsAtHand(), PeopleAtHand(), Paces(redis, cipher, clock, city)
    counting = Counting(mongo, clock, UTC)
    sessions = Sessions(
        running=Running(redis, cipher, clock, city),
        store=stores.sessions,
        shelf=stores.shelf,
        programs=programs,
        ledger=LedgerOfPrograms(consents),
        people=people,
        paces=paces,
        openings=counting,
        ids=ids,
        clock=clock,
    )
    openids = Openids(
        store=stores.openids,
        codes=Codes(redis, cipher, clock, city),
        keys=ring(LAUNCH_KEYS),
        sessions=sessions,
        people=people,
        access=AccessLog(mongo=mongo, ids=ids, clock=clock),
        audit=consents.audit,
        paces=paces,
        issuer=ISSUER,
        ids=ids,
        clock=clock,
    )
    await personal.open_vault()
    for service in (consents, consents.audit, openids.access, sessions, openids):
        await service.open()
    return Runs(sessions, openids, stores, consents, programs, people, personal, mongo, redis, clock)
