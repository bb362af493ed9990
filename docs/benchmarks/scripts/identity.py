"""What checking a token and signing in cost, beside what they cannot do without, in the same run:
`python -m docs.benchmarks.scripts.identity`.

Tokens: one thread, CPU time, no database. Sessions: wall time, one caller, on an embedded MongoDB and Valkey. Medians;
the measures of a table take turns in each round, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from core import embedded
from core import redis as core_redis
from core.clock import SystemClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo, Session
from core.principal import Principal, PrincipalKind
from core.redis import Redis
from identity.demo import DEMO_LIMITS
from identity.model import Audience
from identity.service import Identity
from tests.unit.identity.room import assemble

Call = Callable[[], Awaitable[object]]

TOKEN_ROUNDS, TOKEN_CALLS = 9, 1_000
SESSION_ROUNDS, SESSION_CALLS = 5, 60
PHONE = "+8613800000001"


async def per_second(call: Call, *, calls: int, clock: Callable[[], float]) -> float:
    started = clock()
    for _ in range(calls):
        await call()
    return calls / (clock() - started)


async def table(
    title: str, measures: Mapping[str, Call], *, rounds: int, calls: int, clock: Callable[[], float]
) -> None:
    rows = [
        {name: await per_second(call, calls=calls, clock=clock) for name, call in measures.items()}
        for _ in range(rounds)
    ]
    median = {name: statistics.median(row[name] for row in rows) for name in measures}
    base = next(iter(median.values()))
    sys.stdout.write(f"\n| {title} | /s | µs | of the first row |\n|---|---:|---:|---:|\n")
    for name, rate in median.items():
        sys.stdout.write(f"| {name} | {rate:,.0f} | {1e6 / rate:,.1f} | {rate / base:.2f} |\n")


async def room(mongo: Mongo, redis: Redis) -> tuple[Identity, EllipticCurvePrivateKey]:
    clock = SystemClock()
    identity = assemble(
        mongo=mongo,
        redis=redis,
        clock=clock,
        ids=Ids(clock),
        cipher=FieldCipher(bytes(range(32))),
        limits=DEMO_LIMITS,
        new_code=lambda: "123456",
    )
    await identity.audit.open()
    await identity.open()
    private = identity.keys.active.private
    assert isinstance(private, EllipticCurvePrivateKey)
    return identity, private


async def tokens(identity: Identity, private: EllipticCurvePrivateKey) -> None:
    principal = Principal(
        kind=PrincipalKind.CITIZEN,
        actor="cit_1",
        subject="cit_1",
        session_id="ses_1",
        scopes=frozenset({"citizen"}),
        real_name_level=4,
    )
    fresh = itertools.cycle([identity.tokens.issue(principal).text for _ in range(TOKEN_ROUNDS * TOKEN_CALLS)])
    seen, public = identity.tokens.issue(principal).text, private.public_key()
    message = seen.rpartition(".")[0].encode()
    signature = private.sign(message, ECDSA(SHA256()))

    async def bare() -> None:
        public.verify(signature, message, ECDSA(SHA256()))

    async def library() -> object:
        return jwt.decode(seen, public, algorithms=["ES256"], options={"verify_aud": False})

    async def issue() -> object:
        return identity.tokens.issue(principal)

    measures: dict[str, Call] = {
        "bare P-256 verify (cryptography)": bare,
        "PyJWT decode": library,
        "check of a token seen for the first time": lambda: identity.authenticate(token=next(fresh)),
        "check of a token seen before": lambda: identity.authenticate(token=seen),
        "issue": issue,
    }
    await table("tokens", measures, rounds=TOKEN_ROUNDS, calls=TOKEN_CALLS, clock=time.process_time)


async def sessions(identity: Identity, mongo: Mongo) -> None:
    bare_rows = mongo.collection("bare")
    await bare_rows.insert_one({"_id": "first"})

    async def bare() -> None:
        async def work(session: Session) -> None:
            await bare_rows.insert_one({"at": identity.clock.now()}, session=session)

        await mongo.transaction(work)

    async def sign_in() -> str:
        await identity.codes.put(audience=Audience.CITIZEN, phone=PHONE, code="123456")
        signed_in = await identity.sign_in(
            phone=PHONE, code="123456", audience=Audience.CITIZEN, device_id="", device_name="bench", address="::1"
        )
        return signed_in.refresh

    current = await sign_in()

    async def refresh() -> None:
        nonlocal current
        current = (await identity.sessions.refresh(refresh_token=current)).refresh

    measures: dict[str, Call] = {
        "bare transaction of one insert": bare,
        "sign in with a code": sign_in,
        "refresh": refresh,
    }
    await table("sessions", measures, rounds=SESSION_ROUNDS, calls=SESSION_CALLS, clock=time.perf_counter)


async def main() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        stores = await embedded.start(Path(folder) / "stores")
        mongo, redis = Mongo.connect(url=stores.mongo_url, database="bench"), core_redis.connect(url=stores.redis_url)
        identity, private = await room(mongo, redis)
        await tokens(identity, private)
        await sessions(identity, mongo)
        await mongo.close()
        await redis.aclose()
        await stores.stop()


if __name__ == "__main__":
    asyncio.run(main())
