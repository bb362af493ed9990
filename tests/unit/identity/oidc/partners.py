"""The provider on the room, behind HTTP, and what clients and citizens do with it."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm

from core import jose
from core.clock import epoch_s
from core.keys import Algorithm, KeyRing
from core.oauth import ASSERTION_TYPE
from core.principal import Principal
from identity.consents.providing import ProviderConsents
from identity.consents.service import Consents
from identity.consents.store import ConsentStore
from identity.oidc.assurance import account_evidence
from identity.oidc.certificates import Certificates
from identity.oidc.client_keys import ClientKeys
from identity.oidc.demo import CLIENTS, DEMO_REDIRECT, DEMO_SECRET
from identity.oidc.grants import GrantedClients, Grants
from identity.oidc.model import AuthMethod, Client, GrantType, Profile
from identity.oidc.parts import Parts
from identity.oidc.pending import pending
from identity.oidc.service import OpenIdProvider
from identity.oidc.store import ProviderStore
from identity.oidc.tokens import Tokens
from tests.unit.identity.room import ISSUER, ZHANG, Room

JSON = dict[str, Any]
VERIFIER = "v" * 64
CHALLENGE = jose.b64(hashlib.sha256(VERIFIER.encode()).digest())
PARTNER, BANK, KIOSK = CLIENTS
APP = replace(
    PARTNER,
    id="demo-app",
    profile=Profile.PUBLIC,
    auth_method=AuthMethod.NONE,
    sector="app.example",
    secret_digest=b"",
)
SHOP = replace(PARTNER, id="demo-shop", sector="shop.example", redirect_uris=("https://shop.example/back",))
SERVICE = replace(
    PARTNER,
    id="demo-service",
    sector="service.example",
    redirect_uris=(),
    grant_types=frozenset({GrantType.EXCHANGE, GrantType.CLIENT}),
    service_scopes=frozenset({"archive:read"}),
    exchange_to=frozenset({"demo-shop"}),
)
BASIC_REQUEST = {
    "response_type": "code",
    "client_id": PARTNER.id,
    "redirect_uri": DEMO_REDIRECT,
    "scope": "openid profile",
    "state": "a state",
    "nonce": "a nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def private_key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


def public_jwk(key: EllipticCurvePrivateKey, **more: Any) -> JSON:
    return {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), **more}


BANK_KEY = private_key()
# Making RSA keys costs more than most tests here: each process makes its rings once.
_RING_ROWS: list[JSON] = []
_counter = itertools.count()


async def opened(room: Room) -> OpenIdProvider:
    provider, keys = built(room), room.mongo.collection("signing_keys")
    if _RING_ROWS:
        await keys.insert_many(_RING_ROWS)
    await provider.open()
    if not _RING_ROWS:
        _RING_ROWS.extend(await keys.find({"purpose": {"$regex": "^oidc-"}}).to_list(None))
    return provider


def built(room: Room) -> OpenIdProvider:
    """As the roof assembles it."""
    identity, store = room.identity, ProviderStore(room.mongo)
    grants = Grants(store, identity.outbox, identity.audit, room.ids, room.clock)
    ledger = Consents(
        store=ConsentStore(mongo=room.mongo),
        clients=GrantedClients(grants),
        revocations=identity.revocations,
        outbox=identity.outbox,
        audit=identity.audit,
        ids=room.ids,
        clock=room.clock,
    )
    rings = {
        algorithm: KeyRing(
            purpose=f"oidc-{algorithm.value}",
            algorithm=algorithm,
            mongo=room.mongo,
            cipher=room.cipher,
            clock=room.clock,
            overlap=timedelta(hours=1),
        )
        for algorithm in Algorithm
    }
    return OpenIdProvider(
        Parts(
            issuer=ISSUER,
            store=store,
            pending=pending(room.redis, room.cipher, room.clock, room.mongo.database.name),
            tokens=Tokens(rings, ISSUER, room.ids, room.clock),
            accounts=identity.store,
            revocations=identity.revocations,
            consents=ProviderConsents(ledger),
            charges=identity.codes.charges,
            outbox=identity.outbox,
            audit=identity.audit,
            cipher=room.cipher,
            ids=room.ids,
            clock=room.clock,
            keys=ClientKeys(room.clock),
            evidence=account_evidence,
            certificates=Certificates(),
            access_log=identity.access,
        )
    )


@dataclass
class Answer:
    status: int
    body: JSON
    headers: Mapping[str, str]

    @property
    def error(self) -> str:
        return str(self.body.get("error", ""))

    @property
    def to(self) -> str:
        return self.headers.get("Location", "")

    @property
    def told(self) -> dict[str, str]:
        """The parameters of the URL that the browser is sent to."""
        return dict(parse_qsl(urlsplit(self.to).query))


@dataclass
class Browser:
    """A citizen's browser: it keeps cookies and follows nothing by itself."""

    http: TestClient[Any, Any]
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        async with self.http.get(
            path.removeprefix(ISSUER), params=params, allow_redirects=False, headers=self._headers()
        ) as response:
            return await self._kept(response)

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> Answer:
        async with self.http.post(
            path, data=form, allow_redirects=False, headers={**self._headers(), **headers}
        ) as response:
            return await self._kept(response)

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    async def _kept(self, response: ClientResponse) -> Answer:
        for line in response.headers.getall("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                assert morsel["httponly"] and morsel["samesite"] == "Lax" and morsel["secure"] and morsel["path"] == "/"
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
        return await answer_of(response)


async def answer_of(response: ClientResponse) -> Answer:
    body = await response.json() if response.content_type == "application/json" else {}
    return Answer(response.status, body, response.headers)


@dataclass
class Partners:
    """http: speaks to the provider. key: the one that proofs are made with."""

    room: Room
    provider: OpenIdProvider
    http: TestClient[Any, Any]
    key: EllipticCurvePrivateKey = field(default_factory=private_key)

    @property
    def browser(self) -> Browser:
        """A new one."""
        return Browser(self.http)

    async def zhang(self) -> Principal:
        return await self.room.citizen(ZHANG)

    # --- the citizen

    async def asked(self, browser: Browser, **changed: str) -> str:
        """The id of the interaction that a request begins."""
        answer = await browser.get("/oidc/authorize", {**BASIC_REQUEST, **changed})
        assert answer.to.startswith(f"{ISSUER}/authorize/"), (answer.status, answer.body, answer.to)
        return answer.to.rpartition("/")[2]

    async def agreed(
        self,
        browser: Browser,
        interaction: str,
        principal: Principal,
        *,
        claims: frozenset[str] | None = None,
        relation: str | None = None,
    ) -> Answer:
        """The citizen's yes, and where their browser goes then."""
        looked = await self.provider.interactions.look(interaction_id=interaction)
        wanted = looked.request.claims if claims is None else claims
        to = await self.provider.interactions.approve(
            principal=principal, interaction_id=interaction, claims=wanted, relation_id=relation
        )
        return await browser.get(to)

    async def code(self, browser: Browser, principal: Principal, **changed: str) -> str:
        answer = await self.agreed(browser, await self.asked(browser, **changed), principal)
        return answer.told["code"]

    # --- the client

    async def post(
        self, path: str, form: Mapping[str, str], *, auth: tuple[str, str] | None = None, proofs: Sequence[str] = ()
    ) -> Answer:
        headers = [("DPoP", proof) for proof in proofs]
        if auth is not None:
            headers.append(("Authorization", _basic(*auth)))
        async with self.http.post(path, data=form, headers=headers) as response:
            return await answer_of(response)

    async def token(self, form: Mapping[str, str], *, client: Client = PARTNER, **more: Any) -> Answer:
        return await self.post("/oidc/token", {**form, **self.proof_of(client)}, auth=_auth(client), **more)

    async def redeem(self, code: str, *, client: Client = PARTNER, **changed: Any) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": DEMO_REDIRECT,
            "code_verifier": VERIFIER,
            **changed,
        }
        proofs = [self.proof("POST", "/oidc/token")] if client.must_bind else []
        return await self.token(form, client=client, proofs=proofs)

    async def tokens(self, browser: Browser | None = None, *, client: Client = PARTNER, **changed: str) -> JSON:
        """All the way to tokens, for Zhang."""
        where, principal = browser or self.browser, await self.zhang()
        if client.must_push:
            changed = {"request_uri": await self.pushed(client, **changed)}
        answer = await self.redeem(await self.code(where, principal, client_id=client.id, **changed), client=client)
        assert answer.status == 200, answer.body
        return answer.body

    async def pushed(self, client: Client, **changed: str) -> str:
        form = {**BASIC_REQUEST, **changed, "client_id": client.id, **self.proof_of(client)}
        answer = await self.post("/oidc/par", form, auth=_auth(client))
        assert answer.status == 201, answer.body
        return str(answer.body["request_uri"])

    async def refresh(self, token: str, *, client: Client = PARTNER, proofs: Sequence[str] = (), **more: str) -> Answer:
        return await self.token(
            {"grant_type": "refresh_token", "refresh_token": token, **more}, client=client, proofs=proofs
        )

    async def userinfo(self, token: str, *, proof: str | None = None, scheme: str = "Bearer") -> Answer:
        headers = {"Authorization": f"{scheme} {token}"} | ({"DPoP": proof} if proof else {})
        async with self.http.get("/oidc/userinfo", headers=headers) as response:
            return await answer_of(response)

    def proof_of(self, client: Client) -> dict[str, str]:
        """What a client's form holds besides, by how it proves itself."""
        if client.auth_method is AuthMethod.NONE:
            return {"client_id": client.id}
        if client.auth_method is AuthMethod.PRIVATE_KEY_JWT:
            return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion(client)}
        return {}

    def assertion(
        self, client: Client = BANK, *, key: Any = None, alg: str = "ES256", headers: JSON | None = None, **changed: Any
    ) -> str:
        now = epoch_s(self.room.clock.now())
        claims = {
            "iss": client.id,
            "sub": client.id,
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "jti": f"jti-{next(_counter)}",
            **changed,
        }
        return jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            BANK_KEY if key is None else key,
            algorithm=alg,
            headers={"kid": "bank-1", **(headers or {})},
        )

    def proof(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        key: Any = None,
        headers: JSON | None = None,
        **changed: Any,
    ) -> str:
        """A DPoP proof."""
        key = key or self.key
        claims = {
            "htm": method,
            "htu": ISSUER + path,
            "iat": epoch_s(self.room.clock.now()),
            "jti": f"jti-{next(_counter)}",
            "nonce": self.provider.proving.nonces[0],
            "ath": jose.b64(hashlib.sha256(token.encode()).digest()) if token else None,
            **changed,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(
            told, key, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": public_jwk(key), **(headers or {})}
        )


def _basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def _auth(client: Client) -> tuple[str, str] | None:
    return (client.id, DEMO_SECRET) if client.auth_method is AuthMethod.SECRET_BASIC else None


def id_claims(tokens: Mapping[str, Any]) -> JSON:
    """What an ID token says; its signature is `openid-client`'s to check (tests/contract)."""
    claims: JSON = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    return claims
