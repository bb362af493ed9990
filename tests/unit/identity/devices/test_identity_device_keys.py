"""Sessions that are bound to a key: their tokens without it, proofs that are not quite right, two at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from jwt.algorithms import RSAAlgorithm

from api.web.asking import Asked, Asking
from core import jose
from core.clock import epoch_s
from core.errors import DomainError
from core.principal import Principal
from core.redis import Redis, connect
from identity.devices.possession import Possession
from identity.relations import RelationKind
from identity.sessions import SignedIn
from tests.support.attacks import against
from tests.unit.identity.devices.owners import URL, AppKey, Owners, by_hand
from tests.unit.identity.room import ALEXANDER, ISSUER, outcome


def proofs_that_are_not_good(key: AppKey, token: str) -> dict[str, str]:
    """By what is wrong with each: RFC 9449 §4.3, §11; RFC 8725 §3."""
    now, other = epoch_s(key.clock.now()), AppKey(key.clock)
    claims = {"jti": "j", "htm": "POST", "htu": URL, "iat": now}
    rsa = rsa_key(public_exponent=65537, key_size=2048)
    rsa_jwk = {name: RSAAlgorithm.to_jwk(rsa.public_key(), as_dict=True)[name] for name in ("kty", "n", "e")}
    private = key.private.private_numbers().private_value.to_bytes(32, "big")
    return {
        "no proof": "x",
        "two in one": f"{key.proof(token=token)}, {key.proof(token=token)}",
        "for another method": key.proof(token=token, htm="GET"),
        "for a method in small letters": key.proof(token=token, htm="post"),
        "for another path": key.proof(token=token, htu=f"{ISSUER}/oidc/token"),
        "for another host": key.proof(token=token, htu="https://city.test.evil.test/graphql"),
        "for another port": key.proof(token=token, htu="https://city.test:8443/graphql"),
        "over plain http": key.proof(token=token, htu="http://city.test/graphql"),
        "with a host in front": key.proof(token=token, htu="https://city.test@evil.test/graphql"),
        "without a url": key.proof(token=token, without="htu"),
        "without ath": key.proof(),
        "for another token": key.proof(token=token + "x"),
        "too old": key.proof(token=token, age_s=61),
        "from the future": key.proof(token=token, age_s=-11),
        "of no time": key.proof(token=token, iat="now"),
        "without iat": key.proof(token=token, without="iat"),
        "without jti": key.proof(token=token, without="jti"),
        "with an empty jti": key.proof(token=token, jti=""),
        "of another type": key.proof(token=token, header={"typ": "JWT"}),
        "with somebody else's key": key.proof(token=token, jwk=other.jwk),
        "with a key for encryption": key.proof(token=token, jwk={**key.jwk, "use": "enc"}),
        "with a key that only signs": key.proof(token=token, jwk={**key.jwk, "key_ops": ["sign"]}),
        "with a key for another algorithm": key.proof(token=token, jwk={**key.jwk, "alg": "ES384"}),
        "with the private key": key.proof(token=token, jwk={**key.jwk, "d": private.hex()}),
        "with a symmetric member": key.proof(token=token, jwk={**key.jwk, "k": "AAAA"}),
        "with jku": key.proof(token=token, header={"jku": "https://evil.test/keys"}),
        "with x5u": key.proof(token=token, header={"x5u": "https://evil.test/cert"}),
        "with x5c": key.proof(token=token, header={"x5c": ["MIIB"]}),
        "with crit": key.proof(token=token, header={"crit": ["exp"]}),
        "alg none": by_hand({"typ": "dpop+jwt", "alg": "none", "jwk": key.jwk}, claims),
        "HS256 by the public key": jwt.encode(
            claims,
            jose.unb64(key.jwk["x"]) + jose.unb64(key.jwk["y"]),
            algorithm="HS256",
            headers={"typ": "dpop+jwt", "jwk": key.jwk},
        ),
        "RS256 with an EC key": jwt.encode(claims, rsa, algorithm="RS256", headers={"typ": "dpop+jwt", "jwk": key.jwk}),
        "RS256 with its own key": jwt.encode(
            claims, rsa, algorithm="RS256", headers={"typ": "dpop+jwt", "jwk": rsa_jwk}
        ),
        "ES256 said to be RS256": by_hand({"typ": "dpop+jwt", "alg": "RS256", "jwk": key.jwk}, claims, b"x" * 64),
        "with zeros for a signature": by_hand({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.jwk}, claims, bytes(64)),
        "without a key": by_hand({"typ": "dpop+jwt", "alg": "ES256"}, claims, b"x" * 64),
        "off the curve": key.proof(token=token, jwk={**key.jwk, "y": key.jwk["x"]}),
        "endless": key.proof(token=token, more="x" * 5000),
    }


@against("replaying", "proof of a device's key")
async def test_a_proof_that_is_not_quite_right_proves_nothing_and_a_good_one_is_good_once(city: Owners) -> None:
    key, token = city.key(), "a.b.c"
    prove = city.devices.possession

    async def told(proof: str, *, token: str | None = token, path: str = "/graphql") -> str:
        return await outcome(prove(proof, method="POST", path=path, token=token))

    wrong = {why: await told(proof) for why, proof in proofs_that_are_not_good(key, token).items()}
    assert {why: code for why, code in wrong.items() if code != "AUTH_DPOP_PROOF_INVALID"} == {}

    # Case and port of the URL, its query, and a clock that is a little off do not matter.
    for htu in (URL, "HTTPS://CITY.test:443/graphql?a=1#b"):
        assert (
            await prove(key.proof(token=token, htu=htu, age_s=55), method="POST", path="/graphql", token=token)
            == key.jkt
        )
    # A machine's own names are one; its other ports and names are not.
    here = _process(city, city.room.redis, base="http://127.0.0.1:8000")
    hosts = ("localhost:8000", "[::1]:8000", "localhost:8001", "a.localhost:8000")
    local = [key.proof(token=token, htu=f"http://{host}/graphql") for host in hosts]
    codes = [await outcome(here(proof, method="POST", path="/graphql", token=token)) for proof in local]
    assert codes == ["ok"] * 2 + ["AUTH_DPOP_PROOF_INVALID"] * 2
    # A `kid` names nothing: the key is the one that the proof brings.
    assert await told(key.proof(token=token, header={"kid": "../../etc/passwd"})) == "ok"

    good = key.proof(token=token)
    codes = await asyncio.gather(*(told(good) for _ in range(5)))
    assert sorted(codes) == sorted(["ok"] + ["AUTH_DPOP_PROOF_REPLAYED"] * 4)
    # Another process of the city knows it too; and one that has lost Redis still knows its own.
    beside = _process(city, city.room.redis)
    assert await outcome(beside(good, method="POST", path="/graphql", token=token)) == "AUTH_DPOP_PROOF_REPLAYED"
    # What Redis took it takes nobody back from, should it be silent a moment later.
    redis = city.room.redis
    await redis.client_pause(60_000, all=False)
    try:
        assert await told(good) == "AUTH_DPOP_PROOF_REPLAYED"
    finally:
        await redis.client_unpause()
    away = connect(url="redis://127.0.0.1:1/0", timeout_s=0.1)
    alone, another = _process(city, away), key.proof(token=token)
    try:
        alone_told = [await outcome(alone(another, method="POST", path="/graphql", token=token)) for _ in range(2)]
        assert alone_told == ["ok", "AUTH_DPOP_PROOF_REPLAYED"]
    finally:
        await away.aclose()


def _process(city: Owners, redis: Redis, *, base: str = ISSUER) -> Possession:
    """Another process's."""
    name, room = city.room.mongo.database.name, city.room
    return Possession(redis=redis, cipher=room.cipher, clock=room.clock, namespace=name, base=base)


@against("a stolen session", "bound token")
async def test_a_bound_session_is_nothing_without_its_key(city: Owners) -> None:
    """The stolen refresh token, the stolen access token, and what is made of them."""
    mine, thiefs, sessions = city.key(), city.key(), city.room.identity.sessions
    signed_in = await city.sign_in("a", key=mine)
    zhang = await city.room.principal(signed_in)
    assert zhang.jkt == mine.jkt and signed_in.session.jkt == mine.jkt

    before = await city.room.dump()
    for jkt in ("", thiefs.jkt):
        assert await outcome(sessions.refresh(refresh_token=signed_in.refresh, jkt=jkt)) == "AUTH_DPOP_KEY_MISSING"
    # Nothing has come of it but entries in the audit: the token was not used up.
    assert len(await city.room.audited("sessions.key_missing")) == 2
    renewed = await sessions.refresh(refresh_token=signed_in.refresh, jkt=mine.jkt)
    assert before != await city.room.dump()
    assert (await city.room.principal(renewed)).jkt == mine.jkt
    # The old token, which was used, shown without the key: still nothing, and the session goes on.
    assert await outcome(sessions.refresh(refresh_token=signed_in.refresh)) == "AUTH_DPOP_KEY_MISSING"
    renewed = await sessions.refresh(refresh_token=renewed.refresh, jkt=mine.jkt)
    # Whoever acts for somebody in a bound session is bound too.
    acting = await city.room.acting(RelationKind.CARER, actor=await city.room.principal(renewed))
    assert acting.jkt == mine.jkt

    # By the key that it is bound to, a token shown twice at once is reuse as ever (decision 0004).
    both = [sessions.refresh(refresh_token=renewed.refresh, jkt=mine.jkt) for _ in range(2)]
    assert sorted(await asyncio.gather(*map(outcome, both))) == ["AUTH_REFRESH_REUSED", "ok"]
    assert await outcome(city.room.principal(renewed)) == "AUTH_TOKEN_INVALID"


@against("a key that is not for signatures", "device's key")
@against("a race", "devices' keys")
async def test_a_key_is_registered_once_and_by_its_owner(city: Owners) -> None:
    key, other = city.key(), city.key()
    signed_in = await city.sign_in("a")
    zhang = await city.room.principal(signed_in)
    register, given = city.devices.register_key, list[SignedIn]()

    async def told(jwk: Any, proof: str, principal: Principal = zhang) -> str:
        text = jwk if isinstance(jwk, str) else orjson.dumps(jwk).decode()

        async def call() -> None:
            given.append(await register(principal=principal, public_key=text, proof=proof))

        return await outcome(call())

    private = {**key.jwk, "d": "AAAA"}
    refused = ["x", "[]", "{}", "x" * 2000, private, {**key.jwk, "use": "enc"}, {**key.jwk, "y": "AAAA"}]
    assert {await told(jwk, key.proof()) for jwk in refused} == {"AUTH_DPOP_KEY_REFUSED"}
    assert await told({"kty": "oct", "k": "AAAA"}, key.proof()) == "AUTH_DPOP_KEY_REFUSED"
    assert await told(key.jwk, other.proof()) == "AUTH_DPOP_KEY_REFUSED"
    assert await told(key.jwk, key.proof(htm="GET")) == "AUTH_DPOP_PROOF_INVALID"
    assert await city.room.audited("devices.key_registered") == []
    acting = await city.room.acting(RelationKind.CARER, actor=zhang)
    assert await told(key.jwk, key.proof(), acting) == "FORBIDDEN"

    # Two at once: one key is the session's, and stays.
    codes = await asyncio.gather(told(key.jwk, key.proof()), told(other.jwk, other.proof()))
    assert sorted(codes) == ["AUTH_DPOP_KEY_STANDS", "ok"]
    assert await told(key.jwk, key.proof()) == "AUTH_DPOP_KEY_STANDS"
    assert (await city.room.audited("devices.key_registered"))[0]["actor"] == zhang.actor
    # The refresh token from before is good no longer; the new one with the key alone.
    refresh = city.room.identity.sessions.refresh
    winner = key if codes[0] == "ok" else other
    assert await outcome(refresh(refresh_token=signed_in.refresh, jkt=winner.jkt)) == "AUTH_REFRESH_INVALID"
    assert await outcome(refresh(refresh_token=given[0].refresh)) == "AUTH_DPOP_KEY_MISSING"
    bound = await city.room.principal(await refresh(refresh_token=given[0].refresh, jkt=winner.jkt))
    assert bound.jkt == winner.jkt
    [device] = await city.devices.own(principal=bound)
    assert device.device.jkt == winner.jkt and [one.id for one in device.sessions] == [bound.session_id]

    # A proof of five minutes ago binds nothing.
    late = await city.on("b")
    city.room.clock.advance(seconds=301)
    assert await told(other.jwk, other.proof(), late) == "STEP_UP_REQUIRED"


async def test_a_device_is_known_by_its_key_and_then_by_nothing_else(city: Owners) -> None:
    key = city.key()
    zhang = await city.on("a")
    bound = await city.room.principal(await city.bind(zhang, key))
    assert bound.cooling_until is None
    [known] = await city.devices.own(principal=bound)

    # The id alone, which somebody may have copied, is a new device; the key, under whatever id, is the known one.
    copied = await city.on("a")
    assert copied.cooling_until is not None
    again = await city.on("other-id", key=key)
    assert again.cooling_until is None
    assert {one.device.id for one in await city.devices.own(principal=again)} > {known.device.id}
    # A session that was begun without the key, and binds it afterwards, is on the known device.
    assert await outcome(city.bind(await city.on("c"), key)) == "STEP_UP_REQUIRED"  # it cools off
    # Another person's use of the same key is another device.
    alexander = await city.on("a", phone=ALEXANDER, key=key)
    assert {one.device.id for one in await city.devices.own(principal=alexander)}.isdisjoint({known.device.id})


@against("a stolen session", "bound token")
async def test_the_door_takes_a_bound_token_with_its_proof_alone(city: Owners) -> None:
    key, other = city.key(), city.key()
    bound = (await city.sign_in("a", key=key)).access.text
    free = (await city.sign_in("b")).access.text
    asking = Asking(
        authenticate=lambda token: city.room.identity.authenticate(token=token),
        services={},
        trusted_proxies=0,
        possession=city.devices.possession,
    )

    async def told(authorization: str = "", proof: str | None = None, **asked: str) -> str:
        headers = {"authorization": authorization} if authorization else {}
        if proof is not None:
            headers["dpop"] = proof
        try:
            context = await asking.context(Asked(headers, "192.0.2.1", "req", **asked))
        except DomainError as refusal:
            return refusal.code
        return f"{context.principal.kind.value} {context.client.jkt == key.jkt}"

    assert await told(f"DPoP {bound}", key.proof(token=bound)) == "citizen True"
    assert await told(f"dpop {bound}", key.proof(token=bound)) == "citizen True"
    assert await told(f"Bearer {bound}") == "AUTH_DPOP_REQUIRED"
    assert await told(f"Bearer {bound}", key.proof(token=bound)) == "AUTH_DPOP_REQUIRED"
    assert await told(f"DPoP {bound}") == "AUTH_DPOP_REQUIRED"
    assert await told(f"DPoP {bound}", "") == "AUTH_DPOP_PROOF_INVALID"
    assert await told(f"DPoP {bound}", other.proof(token=bound)) == "AUTH_DPOP_REQUIRED"
    assert await told(f"DPoP {bound}", key.proof()) == "AUTH_DPOP_PROOF_INVALID"
    assert await told(f"DPoP {bound}", key.proof(token=bound), path="/reports/photos") == "AUTH_DPOP_PROOF_INVALID"
    assert await told(f"DPoP {bound}", key.proof(token=bound, htm="GET"), method="GET") == "citizen True"
    assert await told("DPoP bünd", key.proof()) == "UNAUTHENTICATED"
    # A token that is bound to nothing is not shown as one that is; as a bearer's it is what it was.
    assert await told(f"DPoP {free}", key.proof(token=free)) == "AUTH_DPOP_REQUIRED"
    assert await told(f"Bearer {free}") == "citizen False"
    assert await told(f"Bearer {free}", key.proof()) == "citizen True"
    # Nobody yet, with a key: a sign-in that is bound from the start, or a refresh.
    assert await told(proof=key.proof()) == "anonymous True"
    assert await told(proof=key.proof(age_s=90)) == "AUTH_DPOP_PROOF_INVALID"
    assert await told() == "anonymous False"
    # A token that is bound in another way is refused, whoever signed it.
    signing, claims = city.room.keys.active, jwt.decode(free, options={"verify_signature": False})
    for cnf in ({}, {"jkt": 1}, {"x5t#S256": "x"}, {"jkt": key.jkt, "x5t#S256": "x"}):
        headers = {"kid": signing.kid, "typ": "at+jwt"}
        other_way = jwt.encode({**claims, "cnf": cnf}, signing.private, algorithm="ES256", headers=headers)  # type: ignore[arg-type]
        assert await told(f"Bearer {other_way}") == "AUTH_TOKEN_INVALID"
    # Where nobody checks proofs, a bound token opens nothing.
    asking = replace(asking, possession=None)
    assert await told(f"DPoP {bound}", key.proof(token=bound)) == "AUTH_DPOP_REQUIRED"
