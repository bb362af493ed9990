"""What happened is put down for a program's webhook, in the transaction of its cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.clock import Clock, to_ms
from core.ids import Ids
from core.mongo import Session
from miniapps.backends.model import DELIVERY_PREFIX, Delivery, Kind, body_of
from miniapps.backends.store import WebhookStore


@dataclass(frozen=True, slots=True)
class Telling:
    store: WebhookStore
    ids: Ids
    clock: Clock

    async def tell(
        self, app_id: str, kind: Kind, data: Mapping[str, Any], *, at: datetime | None = None, session: Session
    ) -> Delivery | None:
        """None where the program has no address that is called. at: when it happened; None: now."""
        webhook = await self.store.webhook(app_id, session=session)
        if webhook is None or webhook.disabled_at is not None:
            return None
        now = to_ms(self.clock.now())
        told = Delivery.new(id=self.ids.new(DELIVERY_PREFIX), app_id=app_id, kind=kind, now=now)
        body = body_of(kind, app_id=app_id, at=at or now, data=data)
        await self.store.add(told, body, session=session)
        return told
