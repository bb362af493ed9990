"""`MiniApp.sync`: every verb without asyncio, over a blocking client; for Flask, Django, scripts. Any number of
threads may share it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, overload

import httpx

from .asking import Answer, Asking, InSession, R, TypedDocument, V
from .auth import Auth
from .calls import BlockingRunner, Door, blocking
from .city import Options
from .log import Monitor
from .messages import Messages
from .packages import Package, RevocationList
from .phone import Phone
from .webhooks import Webhooks

if TYPE_CHECKING:
    from .app import Verbs


class SyncAuthDoor(Door[Auth, BlockingRunner]):
    code2session = blocking(Auth.code2session)
    verify_launch_token = blocking(Auth.verify_launch_token)


class SyncPhoneDoor(Door[Phone, BlockingRunner]):
    exchange = blocking(Phone.exchange)
    exchange_sealed = blocking(Phone.exchange_sealed)
    unseal = blocking(Phone.unseal)


class SyncMessagesDoor(Door[Messages, BlockingRunner]):
    send_subscribe = blocking(Messages.send_subscribe)


class SyncWebhooksDoor(Door[Webhooks, BlockingRunner]):
    verify = blocking(Webhooks.verify)
    test = blocking(Webhooks.test)
    deliveries = blocking(Webhooks.deliveries)
    replay = blocking(Webhooks.replay)


class SyncPackageDoor(Door[Package, BlockingRunner]):
    verify = blocking(Package.verify)


class SyncRevocationsDoor(Door[RevocationList, BlockingRunner]):
    current = blocking(RevocationList.current)
    is_revoked = blocking(RevocationList.is_revoked)

    @property
    def sequence(self) -> int:
        return self.verbs.sequence


class SyncMonitorDoor(Door[Monitor, BlockingRunner]):
    look = blocking(Monitor.look)

    @property
    def seen(self) -> str | None:
        return self.verbs.seen


class SyncMiniApp:
    """As `MiniApp`, without `await`."""

    def __init__(
        self,
        verbs: Verbs,
        *,
        options: Options,
        transport: httpx.BaseTransport | None,
        wait: Callable[[float], None] | None,
    ) -> None:
        self.app_id = verbs.city.app_id
        self._asking: Asking = verbs.asking
        self._runner = BlockingRunner(
            limits=options.limits, transport=transport, trust_env=options.trust_env, wait=wait
        )
        self.auth = SyncAuthDoor(verbs.auth, self._runner)
        self.phone = SyncPhoneDoor(verbs.phone, self._runner)
        self.messages = SyncMessagesDoor(verbs.messages, self._runner)
        self.webhooks = SyncWebhooksDoor(verbs.webhooks, self._runner)
        self.package = SyncPackageDoor(verbs.package, self._runner)
        self.revocations = SyncRevocationsDoor(verbs.revocations, self._runner)
        self.log = SyncMonitorDoor(verbs.log, self._runner)

    @overload
    def graphql(
        self,
        document: TypedDocument[V, R],
        variables: V | None = None,
        *,
        on_behalf_of: InSession | str | None = None,
    ) -> Answer[R]: ...

    @overload
    def graphql(
        self,
        document: str,
        variables: Mapping[str, object] | None = None,
        *,
        on_behalf_of: InSession | str | None = None,
    ) -> Answer[Any]: ...

    def graphql(
        self,
        document: TypedDocument[Any, Any] | str,
        variables: Mapping[str, object] | None = None,
        *,
        on_behalf_of: InSession | str | None = None,
    ) -> Answer[Any]:
        """Asks the city's graph; see `citytong_sdk.asking`."""
        return self._runner.run(self._asking.graphql(document, variables, on_behalf_of=on_behalf_of))

    def close(self) -> None:
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
