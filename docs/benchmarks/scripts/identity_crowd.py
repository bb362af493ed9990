"""What both cores sign in, check and refresh in a second, beside what their cryptography alone would allow in the same
run: `python -m docs.benchmarks.scripts.identity_crowd`.

Two processes with a crowd of callers each; MongoDB and Valkey share the two cores with them. The bare rows do nothing
but the cryptography of their act, on both cores. The rows take turns; medians of the rounds.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final, cast

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from core import embedded
from core import redis as core_redis
from core.clock import SystemClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from core.principal import Principal, PrincipalKind
from identity.credentials.hashing import OWASP, Hashing
from identity.demo import DEMO_LIMITS, load_demo
from identity.model import Audience
from identity.service import Identity
from tests.unit.identity.credentials.holders import PASSPHRASE, Holders, holders
from tests.unit.identity.room import Room, assemble

PROCESSES: Final = 2
CALLERS: Final = 8  # in each process
SECONDS: Final = 2.0
ROUNDS: Final = 3
TOKENS: Final = 20_000  # more than one process checks in that time

Act = Callable[[], Awaitable[object]]
ES256: Final = ECDSA(SHA256())

# Each act, and the bare cryptography that it cannot do without.
ACTS: Final = {
    "token check, seen for the first time": "bare P-256 verify",
    "token check, seen before": "bare P-256 verify",
    "refresh": "bare P-256 sign",
    "sign in with a code": "bare P-256 sign",
    "sign in with a passkey": "bare P-256 verify and sign",
    "sign in with a password": "bare argon2id",
}


def bare(kind: str) -> Callable[[], object]:
    """The cryptography alone."""
    key, text, hashed = generate_private_key(SECP256R1()), b"x" * 300, OWASP.hash(PASSPHRASE)
    signature, public = key.sign(text, ES256), key.public_key()

    def both() -> None:
        public.verify(signature, text, ES256)
        key.sign(text, ES256)

    return {
        "bare P-256 verify": lambda: public.verify(signature, text, ES256),
        "bare P-256 sign": lambda: key.sign(text, ES256),
        "bare P-256 verify and sign": both,
        "bare argon2id": lambda: OWASP.verify(hashed, PASSPHRASE),
    }[kind]


def count_bare(kind: str) -> float:
    """Of one process, each second."""
    call, done, started = bare(kind), 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        call()
        done += 1
    return done / (time.perf_counter() - started)


def count_acts(kind: str, mongo_url: str, redis_url: str, number: int) -> float:
    """Of one process, each second."""
    return asyncio.run(_count(kind, mongo_url, redis_url, number))


async def _count(kind: str, mongo_url: str, redis_url: str, number: int) -> float:
    room = await _room(mongo_url, redis_url, number)
    people = await holders(room, staff_must=False, hashing=Hashing())
    acts = await _acts(kind, people)
    ends = time.perf_counter() + SECONDS

    async def caller(act: Act) -> int:
        for done in itertools.count():
            if time.perf_counter() > ends:
                return done
            await act()
        raise AssertionError

    started = time.perf_counter()
    done = sum(await asyncio.gather(*(caller(act) for act in acts)))
    rate = done / (time.perf_counter() - started)
    await room.mongo.close()
    await room.redis.aclose()
    return rate


async def _room(mongo_url: str, redis_url: str, number: int) -> Room:
    """A city of one process: rows of two processes never meet, as rows of two people do not."""
    mongo = Mongo.connect(url=mongo_url, database=f"crowd{number}", timeout_s=30)
    redis, clock, cipher = core_redis.connect(url=redis_url), SystemClock(), FieldCipher(bytes(range(32)))
    ids = Ids(clock)
    identity = assemble(
        mongo=mongo, redis=redis, clock=clock, ids=ids, cipher=cipher, limits=DEMO_LIMITS, new_code=lambda: "123456"
    )
    await identity.audit.open()
    await identity.open()
    await load_demo(store=identity.store, ids=ids, clock=clock)
    # Of the room's helpers, those that deliver messages or move the clock are not for here.
    return Room(identity, identity.keys, cast(Any, None), mongo, redis, cast(Any, clock), ids, cipher)


_NUMBERS: Final = itertools.count(11_111_111)


async def _acts(kind: str, people: Holders) -> list[Act]:
    """One for each caller."""
    if kind.startswith("token check"):
        return _checks(people.room.identity, seen=kind.endswith("before"))
    return [await _act(kind, people) for _ in range(CALLERS)]


async def _act(kind: str, people: Holders) -> Act:
    identity = people.room.identity
    if kind == "sign in with a password":
        return await _by_password(people)
    if kind == "sign in with a passkey":
        return await _by_passkey(people)
    phone = f"+86138{next(_NUMBERS):08d}"

    async def sign_in() -> str:
        await identity.codes.put(audience=Audience.CITIZEN, phone=phone, code="123456")
        signed_in = await identity.sign_in(
            phone=phone, code="123456", audience=Audience.CITIZEN, device_id="", device_name="bench", address="::1"
        )
        return signed_in.refresh

    if kind == "sign in with a code":
        return sign_in
    current = await sign_in()

    async def refresh() -> None:
        nonlocal current
        current = (await identity.sessions.refresh(refresh_token=current)).refresh

    return refresh


def _checks(identity: Identity, *, seen: bool) -> list[Act]:
    principal = Principal(
        kind=PrincipalKind.CITIZEN, actor="cit_1", subject="cit_1", session_id="ses_1", scopes=frozenset({"citizen"})
    )
    tokens = [identity.tokens.issue(principal).text for _ in range(1 if seen else TOKENS)]
    given = itertools.repeat(tokens[0]) if seen else iter(tokens)
    return [lambda: identity.authenticate(token=next(given))] * CALLERS


async def _signed_in(people: Holders, phone: str) -> Principal:
    identity = people.room.identity
    await identity.codes.put(audience=Audience.CITIZEN, phone=phone, code="123456")
    signed_in = await identity.sign_in(
        phone=phone, code="123456", audience=Audience.CITIZEN, device_id="", device_name="bench", address="::1"
    )
    return await people.room.principal(signed_in)


async def _by_password(people: Holders) -> Act:
    phone = f"+86138{next(_NUMBERS):08d}"
    await people.with_password(await _signed_in(people, phone))
    return lambda: people.by_password(phone=phone)


async def _by_passkey(people: Holders) -> Act:
    authenticator = await people.with_passkey(await _signed_in(people, f"+86138{next(_NUMBERS):08d}"))
    return lambda: people.by_passkey(authenticator)


def main() -> None:
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        ProcessPoolExecutor(PROCESSES, mp_context=context) as pool,
    ):
        asyncio.run(_main(Path(folder), pool))


async def _main(folder: Path, pool: ProcessPoolExecutor) -> None:
    stores = await embedded.start(folder / "stores")
    loop, rates = asyncio.get_running_loop(), defaultdict[str, list[float]](list)

    async def both(work: Callable[..., float], *arguments: Any, numbered: bool = False) -> float:
        each = [(*arguments, number) if numbered else arguments for number in range(PROCESSES)]
        return sum(await asyncio.gather(*(loop.run_in_executor(pool, work, *one) for one in each)))

    for _ in range(ROUNDS):
        for kind in dict.fromkeys(ACTS.values()):
            rates[kind].append(await both(count_bare, kind))
        for kind in ACTS:
            rates[kind].append(await both(count_acts, kind, stores.mongo_url, stores.redis_url, numbered=True))
    await stores.stop()
    told = [
        f"\n| both cores, {PROCESSES * CALLERS} callers | /s | bare cryptography /s | ratio |\n|---|---:|---:|---:|"
    ]
    for kind, alone in ACTS.items():
        rate, limit = statistics.median(rates[kind]), statistics.median(rates[alone])
        told.append(f"| {kind} | {rate:,.0f} | {alone.removeprefix('bare ')}: {limit:,.0f} | {rate / limit:.3f} |")
    sys.stdout.write("\n".join(told) + "\n")


if __name__ == "__main__":
    main()
