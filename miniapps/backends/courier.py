"""Webhooks on their way: who is called when, and how.

Rules
- A stranger wrote the address down. It is called where it is public and nowhere else, by the address that was checked
  (core.calling); nothing is followed, the answer's body is not read, and all of it takes ten seconds at most.
- Its host is still a domain that the program proved, or it is not called.
- One process at a time works for a program, in turns of a few calls; a turn ends with the first that fails. Programs
  whose last call failed have places of their own and wait for one another, so nobody waits for a receiver that is slow
  or gone but its like.
- Each call is signed anew (`v1a`, Ed25519), by the key of now, which was published long before.
Source: docs/sdk/backend-api.md; docs/decisions/0065-a-backend-is-told-by-rows-of-the-same-transaction.md
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import aiohttp
from yarl import URL

from core.calling import on_this_machine, public_address
from core.clock import Clock, epoch_s, to_ms
from core.keys import KeyRing
from core.tasks import ended, raise_if_cancelled
from miniapps.backends.errors import WebhookRefused
from miniapps.backends.model import Delivery, Webhook, answers, signature_of, signed_part, webhook_url
from miniapps.backends.store import WebhookStore
from miniapps.developers.domains import DomainStore

WITHIN_S: Final = 10.0
POLLED_EVERY_S: Final = 1.0
# Programs at once, of one process.
PLACES: Final[Mapping[bool, int]] = {False: 16, True: 8}
TURN_MAX: Final = 16
AT_ONCE: Final = 4
_HELD_FOR: Final = timedelta(seconds=120)
_FAILED_WAITS: Final = timedelta(seconds=5)
_TIMEOUT: Final = aiohttp.ClientTimeout(total=WITHIN_S)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Courier:
    """demo: calls this machine as well."""

    store: WebhookStore
    domains: DomainStore
    keys: KeyRing
    http: aiohttp.ClientSession
    clock: Clock
    demo: bool
    _under_way: Mapping[bool, set[asyncio.Task[None]]] = field(
        default_factory=lambda: {False: set(), True: set()}, repr=False
    )

    async def work(self) -> None:
        """Deliver what is due, until cancelled."""
        try:
            while True:
                raise_if_cancelled()
                begun = [await self.begin(failing=failing) for failing in PLACES]
                if not any(begun) and not await self.store.wake(to_ms(self.clock.now())):
                    await asyncio.sleep(POLLED_EVERY_S)
        finally:
            await ended([task for tasks in self._under_way.values() for task in tasks], within_s=WITHIN_S)

    async def begin(self, *, failing: bool) -> bool:
        """Begin one program's turn; False where nobody waits for one, or all places are taken. Raises: Unavailable."""
        tasks = self._under_way[failing]
        if len(tasks) >= PLACES[failing]:
            return False
        now = to_ms(self.clock.now())
        until = now + _HELD_FOR
        found = await self.store.claim(failing=failing, now=now, until=until)
        if found is None:
            return False
        task = asyncio.create_task(self._turn(found, until))
        tasks.add(task)
        task.add_done_callback(lambda done: self._left(tasks, done))
        return True

    def _left(self, tasks: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            _LOG.error("a webhook's turn failed; it comes again", exc_info=fault)

    async def _turn(self, webhook: Webhook, until: datetime) -> None:
        now, allowed = to_ms(self.clock.now()), await self._still_theirs(webhook)
        due = await self.store.due(webhook.app_id, now=now, limit=TURN_MAX if not webhook.failing_since else 1)
        for some in (due[at : at + AT_ONCE] for at in range(0, len(due), AT_ONCE)):
            told = await asyncio.gather(*(self._told(webhook, one, body, allowed=allowed) for one, body in some))
            webhook = webhook.after(answered=all(told), now=to_ms(self.clock.now()))
            if webhook.failing_since is not None:
                break
        if webhook.disabled_at is not None:
            _LOG.warning("a webhook is called no more", extra={"facts": {"app": webhook.app_id}})
            await self.store.disable(webhook)
            return
        rest = _FAILED_WAITS if webhook.failing_since is not None else timedelta(0)
        await self.store.release(webhook, until=until, not_before=to_ms(self.clock.now() + rest))

    async def _still_theirs(self, webhook: Webhook) -> bool:
        try:
            proved = await self.domains.proved(webhook.app_id)
            return bool(webhook_url(webhook.url, proved=proved, demo=self.demo))
        except WebhookRefused:
            return False

    async def _told(self, webhook: Webhook, one: Delivery, body: bytes, *, allowed: bool) -> bool:
        status = await self._call(webhook.url, one.id, body) if allowed else None
        await self.store.note(one, one.after(status, now=to_ms(self.clock.now())))
        return answers(status)

    async def _call(self, url: str, id: str, body: bytes) -> int | None:
        """The status of the answer; None where there is none in time. Why is told to nobody."""
        try:
            async with asyncio.timeout(WITHIN_S):
                return await self._post(URL(url), id, body)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return None

    async def _post(self, url: URL, id: str, body: bytes) -> int:
        host, port = url.host or "", url.port or 443
        inside = self.demo and on_this_machine(str(url))
        address = await public_address(host, port=port, inside=inside)
        async with self.http.post(
            url.with_host(address).with_port(port),
            data=body,
            headers={"Host": _host_header(url), **self._headers(id, body)},
            server_hostname=host if url.scheme == "https" else None,
            timeout=_TIMEOUT,
            allow_redirects=False,
        ) as response:
            status = response.status
            response.close()
            return status

    def _headers(self, id: str, body: bytes) -> dict[str, str]:
        timestamp = epoch_s(self.clock.now())
        signature = self.keys.active.ed25519.sign(signed_part(id, timestamp, body)).signature
        return {
            "Content-Type": "application/json",
            "User-Agent": "CityTong-Webhooks/1",
            "webhook-id": id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature_of(signature),
        }


def _host_header(url: URL) -> str:
    return url.host_subcomponent or "" if url.is_default_port() else f"{url.host_subcomponent}:{url.port}"


def public_keys(ring: KeyRing) -> Sequence[str]:
    """As Standard Webhooks writes them, the active one first."""
    keys = sorted(ring.jwks()["keys"], key=lambda key: key["kid"] != ring.active.kid)
    raw = (base64.urlsafe_b64decode(key["x"] + "=" * (-len(key["x"]) % 4)) for key in keys)
    return [f"whpk_{base64.b64encode(one).decode()}" for one in raw]
