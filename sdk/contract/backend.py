"""What the city signs for programs' backends and takes from them, good and bad:
`sdk/contract/vectors/backend/*.json`.

Each case has an id, what is shown, and the reason of the refusal (`citytong_sdk.errors.Reason`), or null and what was
read. Keys and randomness come from fixed seeds and sign nothing else; ECDSA is deterministic here (RFC 6979), so the
files are the same each time. Source: docs/sdk/backend-api.md
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, Final

from citytong_sdk import auth, phone
from citytong_sdk.bundles import jws
from citytong_sdk.bundles.encoding import b64url, canonical, from_b64url
from citytong_sdk.city import client_assertion
from citytong_sdk.errors import Reason
from citytong_sdk.keys import LAUNCH, REVOCATIONS, WEBHOOK, DecryptionKey, Jwk, OpeningKey, PrivateKey
from citytong_sdk.sealing import seal
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

VECTORS: Final = Path(__file__).parent / "vectors" / "backend"
NOW: Final = 1_800_000_000
ISSUER: Final = "https://city.example"
APP: Final = "org.example.library"
OPENID: Final = "o_mfrggzdfmztwq2lknnwg23tpoa"
PHONE: Final = {"e164": "+8613800138000", "national": "138 0013 8000", "country": "CN"}


def generated() -> dict[Path, str]:
    """Every file of vectors, and what it has to hold."""
    parts: Mapping[str, Callable[[], object]] = {
        "launch_tokens": launch_tokens,
        "webhooks": webhooks,
        "client_assertions": client_assertions,
        "sealed_phones": sealed_phones,
        "cohorts": cohorts,
    }
    return {
        VECTORS / f"{name}.json": json.dumps(make(), ensure_ascii=False, indent=1) + "\n"
        for name, make in parts.items()
    }


def _ed25519(number: int) -> PrivateKey:
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


_LAUNCH, _NEXT, _WEBHOOK, _STRANGER, _OWN = (_ed25519(number) for number in (31, 32, 33, 34, 35))
_OWN_P256: Final = PrivateKey(derive_private_key(36, SECP256R1()))


def _published(**keys: PrivateKey) -> dict[str, Any]:
    """A JWK set of the city's. keys: by purpose, `_` for `-`; a digit at the end tells two of one purpose apart."""
    purposes = {name: name.rstrip("0123456789").replace("_", "-") for name in keys}
    return {"keys": [{**key.jwk, "city_purpose": purposes[name]} for name, key in keys.items()]}


_CITY: Final = _published(mini_launch=_LAUNCH, mini_launch2=_NEXT, mini_webhook=_WEBHOOK, mini_revocations=_OWN)
assert {key["city_purpose"] for key in _CITY["keys"]} == {LAUNCH, WEBHOOK, REVOCATIONS}


# --- launch tokens


def launch_tokens() -> object:
    said: dict[str, Any] = {
        "iss": ISSUER,
        "aud": APP,
        "sub": OPENID,
        "sid": "mps_1",
        "ver": 14,
        "scn": "home",
        "jti": "mlt_1",
        "iat": NOW,
        "exp": NOW + 300,
    }

    def token(key: PrivateKey = _LAUNCH, typ: str = auth.TOKEN_TYPE, without: str = "", **claims: object) -> str:
        return key.sign_jwt({name: value for name, value in {**said, **claims}.items() if name != without}, typ=typ)

    read = {"openid": OPENID, "session_id": "mps_1", "version": 14, "scene": "home", "referrer": None, "jti": "mlt_1"}
    good: list[tuple[str, str, int, dict[str, Any]]] = [
        ("good", token(), NOW, read),
        ("good-by-the-next-key", token(_NEXT), NOW, read),
        ("good-with-a-referrer", token(ref="org.city.home"), NOW, {**read, "referrer": "org.city.home"}),
        ("good-within-the-skew-after-its-end", token(), NOW + 329, read),
        ("good-within-the-skew-before-its-beginning", token(), NOW - 30, read),
        ("good-with-claims-of-later", token(new="x"), NOW, read),
    ]
    header, payload, signature = token().split(".")
    other_payload = token(sub="o_x").split(".")[1]
    bad: list[tuple[str, str, int, Reason]] = [
        ("expired", token(), NOW + 330, Reason.EXPIRED),
        ("not-yet", token(), NOW - 31, Reason.NOT_YET),
        ("too-old-though-it-lives", token(exp=NOW + 9_000), NOW + 331, Reason.EXPIRED),
        ("ends-before-it-begins", token(exp=NOW - 1), NOW, Reason.CLAIMS),
        ("issuer", token(iss="https://city.evil"), NOW, Reason.ISSUER),
        ("issuer-with-a-slash", token(iss=ISSUER + "/"), NOW, Reason.ISSUER),
        ("another-program-s", token(aud="org.example.other"), NOW, Reason.AUDIENCE),
        ("audience-of-many", token(aud=[APP]), NOW, Reason.CLAIMS),
        ("no-openid", token(sub=""), NOW, Reason.CLAIMS),
        *((f"without-{name}", token(without=name), NOW, Reason.CLAIMS) for name in said),
        ("version-as-text", token(ver="14"), NOW, Reason.CLAIMS),
        ("times-as-text", token(iat=str(NOW)), NOW, Reason.CLAIMS),
        ("end-beyond-all-time", token(exp=10**18), NOW, Reason.CLAIMS),
        ("referrer-as-a-list", token(ref=["a.b"]), NOW, Reason.CLAIMS),
        ("unknown-key", token(_STRANGER), NOW, Reason.KEY_UNKNOWN),
        ("key-of-webhooks", token(_WEBHOOK), NOW, Reason.KEY_UNKNOWN),
        ("another-key-under-the-name", _named(_STRANGER, _LAUNCH.kid, said), NOW, Reason.SIGNATURE),
        ("payload-exchanged", f"{header}.{other_payload}.{signature}", NOW, Reason.SIGNATURE),
        ("signature-cut", f"{header}.{payload}.{b64url(from_b64url(signature)[:-1])}", NOW, Reason.SIGNATURE),
        ("signature-of-nothing", f"{header}.{payload}.", NOW, Reason.SIGNATURE),
        ("typ-of-a-phone", token(typ=phone.TOKEN_TYPE), NOW, Reason.MALFORMED),
        ("typ-of-an-access-token", token(typ="at+jwt"), NOW, Reason.MALFORMED),
        ("alg-none", _headed({"alg": "none"}, said), NOW, Reason.MALFORMED),
        ("alg-none-unsigned", ".".join((*_headed({"alg": "none"}, said).split(".")[:2], "")), NOW, Reason.MALFORMED),
        ("alg-hs256", _headed({"alg": "HS256"}, said), NOW, Reason.MALFORMED),
        ("header-jwk", _headed({"jwk": dict(_STRANGER.jwk)}, said), NOW, Reason.MALFORMED),
        ("header-jku", _headed({"jku": "https://evil.example"}, said), NOW, Reason.MALFORMED),
        ("header-crit", _headed({"crit": ["exp"]}, said), NOW, Reason.MALFORMED),
        ("two-parts", f"{header}.{payload}", NOW, Reason.MALFORMED),
        ("four-parts", token() + ".x", NOW, Reason.MALFORMED),
        ("padding", f"{header}.{payload}=.{signature}", NOW, Reason.SIGNATURE),
        ("empty", "", NOW, Reason.MALFORMED),
        ("too-long", token(new="x" * 4096), NOW, Reason.MALFORMED),
        ("member-twice", _payload(b'{"iss":"a","iss":"b"}'), NOW, Reason.MALFORMED),
        ("not-an-object", _payload(b"[]"), NOW, Reason.MALFORMED),
    ]
    return {
        "issuer": ISSUER,
        "app_id": APP,
        "jwks": _CITY,
        "max_age": 300,
        "skew": 30,
        "good": [{"id": id, "token": text, "now": now, "read": claims} for id, text, now, claims in good],
        "refused": [{"id": id, "token": text, "now": now, "reason": reason} for id, text, now, reason in bad],
    }


def _named(key: PrivateKey, kid: str, claims: Mapping[str, object]) -> str:
    return jws.sign(canonical(claims), key.private, typ=auth.TOKEN_TYPE, kid=kid)


def _headed(members: Mapping[str, object], claims: Mapping[str, object]) -> str:
    """The token under any header at all, rightly signed."""
    header = {"alg": "EdDSA", "kid": _LAUNCH.kid, "typ": auth.TOKEN_TYPE, **members}
    signed = f"{b64url(canonical(header))}.{b64url(canonical(claims))}"
    assert isinstance(_LAUNCH.private, Ed25519PrivateKey)
    return f"{signed}.{b64url(_LAUNCH.private.sign(signed.encode()))}"


def _payload(raw: bytes) -> str:
    return jws.sign(raw, _LAUNCH.private, typ=auth.TOKEN_TYPE, kid=_LAUNCH.kid)


# --- webhooks


def webhooks() -> object:
    when = "2027-01-15T08:00:00Z"

    def body(type: str = "ping", **data: object) -> bytes:
        return canonical({"type": type, "timestamp": when, "data": {"appId": APP, **data}})

    def case(id: str, raw: bytes, changed: Mapping[str, str] | None = None, *, now: int = NOW) -> dict[str, object]:
        headers = {**signed_headers(raw), **(changed or {})}
        return {"id": id, "headers": headers, "body": raw.decode("utf-8", "surrogateescape"), "now": now}

    right = signed_headers(body())["webhook-signature"]
    strange = signed_headers(body(), _STRANGER)["webhook-signature"]
    version = {"versionCode": 14, "versionName": "1.4.0"}
    read = {"version_code": 14, "version_name": "1.4.0"}
    known: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "ping": ({}, {}),
        "consent.revoked": ({"openid": OPENID, "names": ["city.user.phone"]},) * 2,
        "subscription.changed": ({"openid": OPENID, "template": "loan_due", "accepted": True},) * 2,
        "message.delivered": ({"id": "msm_1"}, {"message_id": "msm_1"}),
        "message.failed": ({"id": "msm_1"}, {"message_id": "msm_1"}),
        "version.approved": (version, read),
        "version.rejected": (version, read),
        "version.released": (version, read),
        "version.revoked": (version, read),
        "app.revoked": ({"reason": "fraud"},) * 2,
        "organisation.blocked": ({"organisation": "mpo_1", "reason": "officer"},) * 2,
        "organisation.unblocked": ({"organisation": "mpo_1", "reason": "officer"},) * 2,
        "template.banned": ({"template": "loan_due"},) * 2,
        "template.allowed": ({"template": "loan_due"},) * 2,
        "citizen.forgotten": ({"openid": OPENID},) * 2,
    }
    good = [
        *({**case(type, body(type, **data)), "type": type, "read": told} for type, (data, told) in known.items()),
        {**case("of-a-type-of-later", body("tea.ready", pot=1)), "type": "tea.ready", "read": {"data": {"pot": 1}}},
        {**case("in-chinese", body("app.revoked", reason="欺诈")), "type": "app.revoked", "read": {"reason": "欺诈"}},
        {**case("late-but-in-time", body(), now=NOW + 300), "type": "ping", "read": {}},
        {**case("early-but-in-time", body(), now=NOW - 300), "type": "ping", "read": {}},
        {**case("second-signature", body(), {"webhook-signature": f"{strange} {right}"}), "type": "ping", "read": {}},
        {**case("beside-v1", body(), {"webhook-signature": f"v1,AAAA {right}"}), "type": "ping", "read": {}},
    ]
    other = signed_headers(body("app.revoked", reason="x"))["webhook-signature"]
    bad: list[tuple[dict[str, object], Reason]] = [
        (case("too-late", body(), now=NOW + 301), Reason.EXPIRED),
        (case("too-early", body(), now=NOW - 301), Reason.NOT_YET),
        (case("by-a-stranger", body(), {"webhook-signature": strange}), Reason.SIGNATURE),
        (case("of-another-body", body(), {"webhook-signature": other}), Reason.SIGNATURE),
        (case("another-id", body(), {"webhook-id": "whd_2"}), Reason.SIGNATURE),
        (case("another-time", body(), {"webhook-timestamp": str(NOW + 1)}), Reason.SIGNATURE),
        (case("symmetric", body(), {"webhook-signature": right.replace("v1a,", "v1,")}), Reason.SIGNATURE),
        (case("no-signature", body(), {"webhook-signature": ""}), Reason.SIGNATURE),
        (case("signature-not-base64", body(), {"webhook-signature": "v1a,?"}), Reason.SIGNATURE),
        (case("ninth-signature", body(), {"webhook-signature": f"{strange} " * 8 + right}), Reason.SIGNATURE),
        (case("no-id", body(), {"webhook-id": ""}), Reason.MALFORMED),
        (case("id-with-a-dot", body(), {"webhook-id": "a.b"}), Reason.MALFORMED),
        (case("time-not-a-number", body(), {"webhook-timestamp": "now"}), Reason.MALFORMED),
        (case("too-large", body(more="x" * 65_536)), Reason.MALFORMED),
        (case("another-program-s", _other_app(when)), Reason.AUDIENCE),
        (case("without-a-program", canonical({"type": "ping", "timestamp": when, "data": {}})), Reason.CLAIMS),
        (case("without-what-it-tells", body("citizen.forgotten")), Reason.CLAIMS),
        (case("names-as-text", body("consent.revoked", openid=OPENID, names="x")), Reason.CLAIMS),
        (case("flag-as-number", body("subscription.changed", openid="o", template="t", accepted=1)), Reason.CLAIMS),
        (case("code-as-flag", body("version.released", versionCode=True, versionName="1")), Reason.CLAIMS),
        (case("timestamp-without-a-zone", body().replace(b"00Z", b"00")), Reason.CLAIMS),
        (case("member-twice", body().replace(b'{"data"', b'{"type":"ping","data"')), Reason.CLAIMS),
        (case("not-json", b"{"), Reason.CLAIMS),
    ]
    return {
        "app_id": APP,
        "jwks": _CITY,
        "tolerance": 300,
        "good": good,
        "refused": [{**shown, "reason": reason} for shown, reason in bad],
    }


def signed_headers(raw: bytes, key: PrivateKey = _WEBHOOK) -> dict[str, str]:
    """Those of webhook `whd_1`, sent at `NOW`."""
    assert isinstance(key.private, Ed25519PrivateKey)
    signature = key.private.sign(f"whd_1.{NOW}.".encode() + raw)
    return {
        "webhook-id": "whd_1",
        "webhook-timestamp": str(NOW),
        "webhook-signature": f"v1a,{base64.b64encode(signature).decode()}",
    }


def _other_app(when: str) -> bytes:
    return canonical({"type": "ping", "timestamp": when, "data": {"appId": "org.example.other"}})


# --- client assertions


def client_assertions() -> object:
    """What a program shows at the token door. The city takes each `good` once, and answers 401 `invalid_client` to
    the others.
    """
    aud, id = f"{ISSUER}/open/token", "AAAAAAAAAAAAAAAAAAAAAA"
    said: dict[str, Any] = {"iss": APP, "sub": APP, "aud": aud, "jti": id, "iat": NOW, "exp": NOW + 60}

    def shown(key: PrivateKey = _OWN, typ: str = "JWT", **claims: object) -> str:
        return key.sign_jwt({**said, **claims}, typ=typ)

    good = {
        "good-eddsa": client_assertion(_OWN, app_id=APP, audience=aud, now=NOW, id=id),
        "good-es256": _es256({**said, "jti": "BBBBBBBBBBBBBBBBBBBBBB"}),
        "good-of-five-minutes": shown(jti="CCCCCCCCCCCCCCCCCCCCCC", exp=NOW + 300),
    }
    bad = {
        "by-a-stranger": shown(_STRANGER, jti="D" * 22),
        "by-a-stranger-under-the-name": jws.sign(
            canonical({**said, "jti": "E" * 22}), _STRANGER.private, typ="JWT", kid=_OWN.kid
        ),
        "another-audience": shown(aud=ISSUER, jti="F" * 22),
        "another-city": shown(aud="https://city.evil/open/token", jti="G" * 22),
        "another-subject": shown(sub="org.example.other", jti="H" * 22),
        "another-issuer": shown(iss="org.example.other", jti="I" * 22),
        "expired": shown(iat=NOW - 400, exp=NOW - 100, jti="J" * 22),
        "not-yet": shown(iat=NOW + 100, exp=NOW + 160, jti="K" * 22),
        "lives-too-long": shown(exp=NOW + 400, jti="L" * 22),
        "without-an-id": shown(jti=""),
        "id-too-long": shown(jti="x" * 129),
        "alg-none": ".".join((*shown(jti="M" * 22).split(".")[:2], "")),
        "a-launch-token": _LAUNCH.sign_jwt({**said, "jti": "N" * 22}, typ=auth.TOKEN_TYPE),
    }
    return {
        "now": NOW,
        "app_id": APP,
        "audience": aud,
        "keys": {"keys": [_OWN.jwk, _OWN_P256.jwk]},
        "good": [{"id": name, "assertion": text} for name, text in good.items()],
        "refused": [{"id": name, "assertion": text} for name, text in bad.items()],
    }


def _es256(claims: Mapping[str, object]) -> str:
    """Signed as RFC 6979 says, so that it is the same each time."""
    key = _OWN_P256.private
    assert isinstance(key, EllipticCurvePrivateKey)
    header = canonical({"alg": "ES256", "kid": _OWN_P256.kid, "typ": "JWT"})
    signed = f"{b64url(header)}.{b64url(canonical(claims))}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ECDSA(SHA256(), deterministic_signing=True)))
    return f"{signed}.{b64url(r.to_bytes(32) + s.to_bytes(32))}"


# --- sealed phones


def sealed_phones() -> object:
    p256 = DecryptionKey(derive_private_key(41, SECP256R1()))
    x25519 = DecryptionKey(X25519PrivateKey.from_private_bytes(bytes([42]) * 32))
    others = DecryptionKey(derive_private_key(43, SECP256R1()))
    said: dict[str, Any] = {
        "iss": ISSUER,
        "aud": APP,
        "jti": "mph_1",
        "iat": NOW,
        "exp": NOW + 300,
        "phone": PHONE,
    }

    def sealed(
        to: DecryptionKey = p256, *, key: PrivateKey = _LAUNCH, typ: str = phone.TOKEN_TYPE, **claims: object
    ) -> str:
        return _sealed(key.sign_jwt({**said, **claims}, typ=typ), to.jwk)

    good = {"good-p256": sealed(), "good-x25519": sealed(x25519)}
    whole = sealed()
    parts = whole.split(".")
    bad: list[tuple[str, str, int, Reason]] = [
        ("expired", whole, NOW + 330, Reason.EXPIRED),
        ("not-yet", whole, NOW - 31, Reason.NOT_YET),
        ("another-program-s", sealed(aud="org.example.other"), NOW, Reason.AUDIENCE),
        ("another-city-s", sealed(iss="https://city.evil"), NOW, Reason.ISSUER),
        ("without-an-id", sealed(jti=""), NOW, Reason.CLAIMS),
        ("phone-as-text", sealed(phone=PHONE["e164"]), NOW, Reason.CLAIMS),
        ("phone-without-a-plus", sealed(phone={**PHONE, "e164": "13800138000"}), NOW, Reason.CLAIMS),
        ("signed-by-a-stranger", sealed(key=_STRANGER), NOW, Reason.KEY_UNKNOWN),
        ("signed-by-the-key-of-webhooks", sealed(key=_WEBHOOK), NOW, Reason.KEY_UNKNOWN),
        ("a-launch-token-inside", sealed(typ=auth.TOKEN_TYPE), NOW, Reason.MALFORMED),
        ("not-signed-at-all", _sealed(json.dumps(said), p256.jwk), NOW, Reason.MALFORMED),
        ("to-a-key-that-is-not-ours", sealed(others), NOW, Reason.KEY_UNKNOWN),
        (
            "to-another-key-under-the-name",
            _sealed(_LAUNCH.sign_jwt(said), {**others.jwk, "kid": p256.kid}),
            NOW,
            Reason.SIGNATURE,
        ),
        *(
            (f"{name}-flipped", ".".join((*parts[:at], _flipped(parts[at]), *parts[at + 1 :])), NOW, Reason.SIGNATURE)
            for at, name in ((1, "key"), (2, "iv"), (3, "text"), (4, "tag"))
        ),
        ("tag-cut", whole[:-2], NOW, Reason.MALFORMED),
        ("header-zip", _reheaded(whole, zip="DEF"), NOW, Reason.MALFORMED),
        ("header-apu", _reheaded(whole, apu="QQ"), NOW, Reason.MALFORMED),
        ("header-alg-direct", _reheaded(whole, alg="ECDH-ES"), NOW, Reason.MALFORMED),
        ("header-alg-rsa", _reheaded(whole, alg="RSA1_5"), NOW, Reason.MALFORMED),
        ("header-enc", _reheaded(whole, enc="A128CBC-HS256"), NOW, Reason.MALFORMED),
        ("header-changed", _reheaded(whole, kid=x25519.kid), NOW, Reason.MALFORMED),
        (
            "point-not-on-the-curve",
            _reheaded(whole, epk={**_epk(parts[0]), "y": b64url(bytes(32))}),
            NOW,
            Reason.MALFORMED,
        ),
        (
            "point-of-small-order",
            _reheaded(good["good-x25519"], epk={**_epk(good["good-x25519"]), "x": b64url(bytes(32))}),
            NOW,
            Reason.SIGNATURE,
        ),
        ("three-parts", ".".join(parts[:3]), NOW, Reason.MALFORMED),
        ("a-jws", _LAUNCH.sign_jwt(said, typ=phone.TOKEN_TYPE), NOW, Reason.MALFORMED),
        ("too-long", whole + "A" * 8192, NOW, Reason.MALFORMED),
    ]
    return {
        "issuer": ISSUER,
        "app_id": APP,
        "jwks": _CITY,
        "skew": 30,
        "private_keys_pem": [p256.pem().decode(), x25519.pem().decode()],
        "good": [{"id": id, "sealed": text, "now": NOW, "read": PHONE} for id, text in good.items()],
        "refused": [{"id": id, "sealed": text, "now": now, "reason": reason} for id, text, now, reason in bad],
    }


def _sealed(text: str, to: Jwk) -> str:
    ephemeral: OpeningKey = (
        X25519PrivateKey.from_private_bytes(bytes([44]) * 32)
        if to["kty"] == "OKP"
        else derive_private_key(45, SECP256R1())
    )
    return seal(text, to=to, random=Random(46).randbytes, ephemeral=ephemeral)


def _header(jwe: str) -> dict[str, Any]:
    head = jwe.split(".")[0]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    return found


def _epk(jwe: str) -> dict[str, str]:
    found: dict[str, str] = _header(jwe)["epk"]
    return found


def _reheaded(jwe: str, **members: object) -> str:
    return ".".join((b64url(canonical({**_header(jwe), **members})), *jwe.split(".")[1:]))


def _flipped(part: str) -> str:
    return ("B" if part[0] == "A" else "A") + part[1:]


# --- cohorts


def cohorts() -> object:
    """Which tenth of a thousandth of all citizens one is in: `sha256(openid ‖ app id ‖ salt)`, its first 8 bytes as a
    number, most significant first, modulo 10,000. A release at p per cent runs for those below 100 p.
    """

    def place(openid: str, salt: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{openid}{APP}{salt}".encode()).digest()[:8]) % 10_000

    openids = [OPENID, *(f"o_{hashlib.sha256(bytes([n])).hexdigest()[:26]}" for n in range(11))]
    cases = [{"openid": openid, "app_id": APP, "salt": salt} for openid in openids for salt in ("s1", "s2")]
    return {"cases": [{**case, "place": place(case["openid"], case["salt"])} for case in cases]}
