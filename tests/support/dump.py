"""All bytes that a city keeps, and personal data in every spelling that they might hold."""

from __future__ import annotations

import base64
import hashlib
import itertools
import struct
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

from core.mongo import Mongo
from core.redis import Redis

# What is shorter stands in any dump by chance.
_SHORTEST: Final = 6
_DIGESTS: Final = ("sha256", "md5")


def spellings(secret: str) -> dict[bytes, str]:
    """Every needle for one text: what to look for, and what it would be called."""
    found: dict[bytes, str] = {}
    for text in {secret, secret.lower(), secret.upper(), *_spaced(secret)}:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            raw = text.encode(encoding)
            found |= {needle: f"{how} of {encoding}" for needle, how in _written(raw)}
        found[text.encode("unicode_escape")] = "escaped"
        for digest in _DIGESTS:
            drawn = hashlib.new(digest, text.encode()).digest()
            found |= {needle: f"{how} of {digest}" for needle, how in _written(drawn)}
    if secret.isdecimal():
        found[struct.pack("<q", int(secret))] = "as a number"
        found[struct.pack("<d", float(secret))] = "as a floating number"
    return {needle: f"{secret}, {how}" for needle, how in found.items() if len(needle) >= _SHORTEST}


def phone_spellings(national: str) -> dict[bytes, str]:
    """national: 11 digits; what begins with a country code or a zero holds them."""
    international = f"+86{national}"
    return {**spellings(national), **spellings(international), **spellings(f"0086{national}")}


def _spaced(text: str) -> Iterator[str]:
    """As people write a phone or a number."""
    if text.isascii() and text.isdecimal() and len(text) == 11:
        for between in " -.":
            yield between.join((text[:3], text[3:7], text[7:]))


def _written(raw: bytes) -> Iterator[tuple[bytes, str]]:
    yield raw, "plain"
    yield raw.hex().encode(), "hex"
    yield raw.hex().upper().encode(), "hex"
    yield quote(raw).encode(), "url"
    yield quote_plus(raw).encode(), "url"
    for before in range(3):
        # Somewhere inside a longer text: without the characters that its neighbours have a part in.
        for encoder in (base64.b64encode, base64.urlsafe_b64encode):
            inside = encoder(bytes(before) + raw)[-(-before * 8 // 6) :].rstrip(b"=")
            yield inside[: (before + len(raw)) * 8 // 6 - -(-before * 8 // 6)], "base64"


async def of_mongo(mongo: Mongo, *, only: str = "") -> AsyncIterator[tuple[str, bytes]]:
    """Every collection of every database whose name begins with that of this one, as raw BSON; or only one."""
    for name in await mongo.client.list_database_names():
        if name.startswith(mongo.database.name):
            database = mongo.client[name]
            for collection in [only] if only else await database.list_collection_names():
                raw: AsyncIterator[Any] = database[collection].find_raw_batches()
                async for batch in raw:
                    yield f"{name}.{collection}", bytes(batch)


async def of_redis(redis: Redis) -> AsyncIterator[tuple[str, bytes]]:
    """Every key and what it holds, of every type."""
    async for key in redis.scan_iter(count=1000):
        assert isinstance(key, bytes)
        kind = await redis.type(key)
        assert isinstance(kind, bytes)
        yield f"redis {kind!r} {key!r}", key + b" " + b" ".join(_flat(await _value(redis, key, kind.decode())))


async def _value(redis: Redis, key: bytes, kind: str) -> Any:
    match kind:
        case "string":
            return await redis.get(key)
        case "hash":
            return await redis.hgetall(key)
        case "list":
            return await redis.lrange(key, 0, -1)
        case "set":
            return await redis.smembers(key)
        case "zset":
            return await redis.zrange(key, 0, -1)
        case "stream":
            return await redis.xrange(key)
        case "none":
            return None  # it left while it was looked at
    raise AssertionError(f"{kind} is a type that this cannot dump")


def _flat(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        yield from itertools.chain.from_iterable(_flat(one) for pair in value.items() for one in pair)
    elif isinstance(value, list | tuple | set):
        yield from itertools.chain.from_iterable(map(_flat, value))


def leaks(where: str, hay: bytes, needles: Mapping[bytes, str]) -> set[str]:
    """What of `needles` is in `hay`."""
    return {f"{where}: {what}" for needle, what in needles.items() if needle in hay}
