"""What a program's backend checks in a second, beside the cryptography that it cannot do without:
`python -m docs.benchmarks.scripts.miniapps_tokens`.

One thread, CPU time, median of the rounds; measures and their limits take turns in each round, so that a busy machine
slows all of them alike. What counts is the ratio.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import time
import zlib
from collections.abc import Callable
from random import Random

from citytong_sdk import MiniApp, PrivateKey
from citytong_sdk.auth import check_launch_token
from citytong_sdk.bundles import archive, blocks, statement
from citytong_sdk.bundles.encoding import from_b64url
from citytong_sdk.keys import LAUNCH, WEBHOOK, PublishedKeys
from citytong_sdk.packages import verify_package
from citytong_sdk.testing import FakePlatform
from citytong_sdk.webhooks import CitizenForgotten, check_webhook
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sdk.contract.bundles.signatures import _FILES

ROUNDS = 9
SECONDS = 0.15
MANY_BYTES = 1_900_000

CITY = FakePlatform()
APP: MiniApp = CITY.mini_app()
KEYS: PublishedKeys = CITY.rings.published()
NOW = CITY.clock()
TOKEN = CITY.launch_token(CITY.citizen())
HOOK = CITY.signed_webhook(CitizenForgotten(id="", at=CITY.clock.now(), app_id=APP.app_id, openid="o_1"))


def public(purpose: str) -> Ed25519PublicKey:
    key = CITY.rings.active(purpose).private
    assert isinstance(key, Ed25519PrivateKey)
    return key.public_key()


def published(files: dict[str, bytes]) -> bytes:
    """A package of these files that its developer, the city and the log vouch for."""
    developer = PrivateKey.generate()
    unsigned = archive.pack(files)
    said = statement.make(unsigned, built_with="bench", created=0)
    value = statement.sign_developer(said, key=developer.private, kid=developer.kid)
    return CITY.publish(blocks.join(unsigned, {blocks.DEVELOPER: value}), developer=developer.jwk)


def scripts() -> dict[str, bytes]:
    """Twenty scripts that together are as large as a package may be."""
    words, random = [f"word{number} = " for number in range(999)], Random(7)
    texts = (f"{random.choice(words)}{random.random()};\n" for _ in iter(int, 1))
    found = {f"common/{number}.js": bytearray() for number in range(20)}
    for content in found.values():
        while len(content) < MANY_BYTES // 10:
            content += next(texts).encode()
    return {**_FILES, **{path: bytes(content) for path, content in found.items()}}


SMALL, LARGE = published(dict(_FILES)), published(scripts())
KEYS_OF_PACKAGES = CITY.rings.published()


def package(raw: bytes) -> Callable[[], object]:
    return lambda: verify_package(raw, keys=KEYS_OF_PACKAGES, now=int(NOW))


def limit_of(raw: bytes) -> Callable[[], object]:
    """Three signatures, and each byte hashed as it was packed and as it is, once it is inflated."""
    unsigned = blocks.split(raw).unsigned
    contents = list(archive.unpack(unsigned).values())
    squeezed = [zlib.compress(content, 9) for content in contents]

    def work() -> None:
        for _ in range(3):
            token_limit()
        hashlib.sha256(unsigned).digest()
        for content in squeezed:
            hashlib.sha256(zlib.decompress(content)).digest()

    return work


_SIGNED, _, _SIGNATURE = TOKEN.rpartition(".")
_TOKEN_SIGNATURE = from_b64url(_SIGNATURE)
_HOOKED = f"{HOOK.id}.{HOOK.headers['webhook-timestamp']}.".encode() + HOOK.body
_HOOK_KEY, _TOKEN_KEY = CITY.rings.active(WEBHOOK).private, public(LAUNCH)
assert isinstance(_HOOK_KEY, Ed25519PrivateKey)
_HOOK_SIGNATURE, _HOOK_PUBLIC = _HOOK_KEY.sign(_HOOKED), _HOOK_KEY.public_key()


def token_limit() -> None:
    _TOKEN_KEY.verify(_TOKEN_SIGNATURE, _SIGNED.encode())


def webhook_limit() -> None:
    _HOOK_PUBLIC.verify(_HOOK_SIGNATURE, _HOOKED)


def token() -> object:
    return check_launch_token(TOKEN, keys=KEYS.of(LAUNCH), issuer=CITY.url, app_id=APP.app_id, now=NOW)


def webhook() -> object:
    return check_webhook(HOOK.headers, HOOK.body, keys=KEYS.webhooks, app_id=APP.app_id, now=NOW)


# Each measure after its limit.
MEASURES: dict[str, Callable[[], object]] = {
    "limit: Ed25519 over a launch token": token_limit,
    "a launch token, `check_launch_token`": token,
    "a launch token, `app.sync.auth.verify_launch_token`": lambda: APP.sync.auth.verify_launch_token(TOKEN),
    "limit: Ed25519 over a webhook": webhook_limit,
    "a webhook, `check_webhook`": webhook,
    "a webhook, `app.sync.webhooks.verify`": lambda: APP.sync.webhooks.verify(HOOK.headers, HOOK.body),
    f"limit: a package of {len(SMALL) / 1000:.1f} kB": limit_of(SMALL),
    f"a package of {len(SMALL) / 1000:.1f} kB, `verify_package`": package(SMALL),
    f"limit: a package of {len(LARGE) / 1_000_000:.1f} MB": limit_of(LARGE),
    f"a package of {len(LARGE) / 1_000_000:.1f} MB, `verify_package`": package(LARGE),
}


def rate(call: Callable[[], object]) -> float:
    """Calls per second of CPU time."""
    calls, started = 0, time.process_time()
    while (spent := time.process_time() - started) < SECONDS:
        call()
        calls += 1
    return calls / spent


def main() -> None:
    for call in MEASURES.values():
        call()  # the city's keys are fetched once, before anything is measured
    rounds = [{name: rate(call) for name, call in MEASURES.items()} for _ in range(ROUNDS)]
    median = {name: statistics.median(one[name] for one in rounds) for name in MEASURES}
    sys.stdout.write("| what | /s | of its limit |\n|---|---:|---:|\n")
    limit = 0.0
    for name, per_s in median.items():
        limit = per_s if name.startswith("limit") else limit
        sys.stdout.write(f"| {name} | {per_s:,.0f} | {per_s / limit:.2f} |\n")


if __name__ == "__main__":
    main()
