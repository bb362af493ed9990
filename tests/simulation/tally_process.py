"""A process to be killed: it runs the event backbone with one handler that counts each event once.

Arguments: MongoDB's URL, the database, Redis' URL, `hang` (stand still inside the handler) or `run`.
"""

from __future__ import annotations

import asyncio
import sys

from core import logs
from core.clock import SystemClock
from core.events import Backbone, Event, Limits, Subscription
from core.mongo import Mongo, Session

LIMITS = Limits(
    poll_s=0.1, lease_s=1.0, handover_s=2.0, grace_s=0.5, tries_max=50, retry_base_s=0.1, retry_cap_s=0.5, concurrency=8
)


async def main(mongo_url: str, database: str, redis_url: str, mode: str) -> None:
    mongo = Mongo.connect(url=mongo_url, database=database)

    async def tally(event: Event, session: Session) -> None:
        rows = mongo.collection("tally")
        await rows.update_one({"_id": event.id}, {"$inc": {"times": 1}}, upsert=True, session=session)
        if mode == "hang":
            await mongo.collection("entered").insert_one({"_id": event.id})
            await asyncio.Event().wait()

    counting = Subscription(event="gate.opened", handler="gate.tally", within=tally, timeout_s=3.0)
    await Backbone(mongo=mongo, redis_url=redis_url, clock=SystemClock(), subscriptions=[counting], limits=LIMITS).run()


if __name__ == "__main__":
    logs.configure()
    asyncio.run(main(*sys.argv[1:]))
