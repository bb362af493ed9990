"""`MiniApp`: a program's backend, with asyncio. `MiniApp.sync` is the same without.

Everything is a verb of one of its doors (`auth`, `phone`, `messages`, `webhooks`, `package`, `revocations`) or
`graphql`. What may have to ask the city for its keys, or a replay store, is awaited, though it seldom waits: checks
are offline once the keys are here. Nothing is global: two apps, or two cities, in one process know nothing of each
other.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Self, overload

import httpx

from .asking import Answer, Asking, InSession, R, TypedDocument, V
from .auth import Auth
from .calls import AsyncRunner, Door, awaited
from .city import City, Options
from .keys import DecryptionKey, PrivateKey
from .log import Monitor
from .messages import Messages
from .packages import Package, RevocationList
from .phone import Phone
from .replay import MemoryReplay, ReplayStore
from .webhooks import Webhooks

if TYPE_CHECKING:
    from .sync import SyncMiniApp

_random = SystemRandom()


class AuthDoor(Door[Auth, AsyncRunner]):
    code2session = awaited(Auth.code2session)
    verify_launch_token = awaited(Auth.verify_launch_token)


class PhoneDoor(Door[Phone, AsyncRunner]):
    exchange = awaited(Phone.exchange)
    exchange_sealed = awaited(Phone.exchange_sealed)
    unseal = awaited(Phone.unseal)


class MessagesDoor(Door[Messages, AsyncRunner]):
    send_subscribe = awaited(Messages.send_subscribe)


class WebhooksDoor(Door[Webhooks, AsyncRunner]):
    verify = awaited(Webhooks.verify)
    test = awaited(Webhooks.test)
    deliveries = awaited(Webhooks.deliveries)
    replay = awaited(Webhooks.replay)


class PackageDoor(Door[Package, AsyncRunner]):
    verify = awaited(Package.verify)


class RevocationsDoor(Door[RevocationList, AsyncRunner]):
    current = awaited(RevocationList.current)
    is_revoked = awaited(RevocationList.is_revoked)

    @property
    def sequence(self) -> int:
        return self.verbs.sequence


class MonitorDoor(Door[Monitor, AsyncRunner]):
    look = awaited(Monitor.look)

    @property
    def seen(self) -> str | None:
        return self.verbs.seen


@dataclass(frozen=True, slots=True)
class Seen:
    """What an earlier run of this program kept. revocations: `app.revocations.sequence`; log: `app.log.seen`."""

    revocations: int = 0
    log: str | None = None


class Verbs:
    """What a program can do, run by nobody yet; the caches that both ways to run it share."""

    def __init__(self, city: City, *, open_with: Iterable[DecryptionKey], replay: ReplayStore, seen: Seen) -> None:
        self.city = city
        self.auth = Auth(city)
        self.phone = Phone(city, {key.kid: key for key in open_with}, replay)
        self.messages = Messages(city)
        self.webhooks = Webhooks(city)
        self.asking = Asking(city)
        self.package = Package(city)
        self.revocations = RevocationList(city, sequence=seen.revocations)
        self.log = Monitor(city, seen=seen.log)


class MiniApp:
    """A program's backend.

    app_id: the program's. key: one of its registered backend keys; there is no shared secret. platform: the city's
    address. open_with: the keys that phones are sealed to. replay: where unsealed phones are remembered; of this
    process, unless you give a `RedisReplay`. seen: what an earlier run kept of the lists that may not go back.
    transport, sync_transport: of httpx, for a proxy or for tests. clock,
    wait: of tests, instead of this machine's.

    Close it (`async with`, or `aclose`), and `sync` for itself.
    """

    def __init__(
        self,
        *,
        app_id: str,
        key: PrivateKey,
        platform: str,
        open_with: Iterable[DecryptionKey] = (),
        replay: ReplayStore | None = None,
        seen: Seen | None = None,
        options: Options | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sync_transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], None] | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
        jitter: Callable[[], float] = _random.random,
    ) -> None:
        self.app_id = app_id
        self.options = options or Options()
        city = City(
            app_id=app_id,
            key=key,
            platform=platform,
            options=self.options,
            clock=clock,
            random=random,
            jitter=jitter,
        )
        self._verbs = Verbs(city, open_with=open_with, replay=replay or MemoryReplay(clock=clock), seen=seen or Seen())
        self._sync_transport = sync_transport
        self._sync: SyncMiniApp | None = None
        self._wait = wait
        limits, trust_env = self.options.limits, self.options.trust_env
        self._runner = AsyncRunner(limits=limits, transport=transport, trust_env=trust_env, wait=wait)
        self.auth = AuthDoor(self._verbs.auth, self._runner)
        self.phone = PhoneDoor(self._verbs.phone, self._runner)
        self.messages = MessagesDoor(self._verbs.messages, self._runner)
        self.webhooks = WebhooksDoor(self._verbs.webhooks, self._runner)
        self.package = PackageDoor(self._verbs.package, self._runner)
        self.revocations = RevocationsDoor(self._verbs.revocations, self._runner)
        self.log = MonitorDoor(self._verbs.log, self._runner)

    @overload
    async def graphql(
        self,
        document: TypedDocument[V, R],
        variables: V | None = None,
        *,
        on_behalf_of: InSession | str | None = None,
    ) -> Answer[R]: ...

    @overload
    async def graphql(
        self,
        document: str,
        variables: Mapping[str, object] | None = None,
        *,
        on_behalf_of: InSession | str | None = None,
    ) -> Answer[Any]: ...

    async def graphql(
        self,
        document: TypedDocument[Any, Any] | str,
        variables: Mapping[str, object] | None = None,
        *,
        on_behalf_of: InSession | str | None = None,
    ) -> Answer[Any]:
        """Asks the city's graph; see `citytong_sdk.asking`."""
        return await self._runner.run(self._verbs.asking.graphql(document, variables, on_behalf_of=on_behalf_of))

    @property
    def sync(self) -> SyncMiniApp:
        """The same verbs, blocking; for threads. Made when it is first asked for."""
        if self._sync is None:
            from .sync import SyncMiniApp

            self._sync = SyncMiniApp(self._verbs, options=self.options, transport=self._sync_transport, wait=self._wait)
        return self._sync

    async def aclose(self) -> None:
        await self._runner.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"MiniApp({self.app_id!r}, platform={self._verbs.city.issuer!r})"
