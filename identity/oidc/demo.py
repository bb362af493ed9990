"""The partners of the demonstration city. Loaded where the demo switch is on, and nowhere else.

`demo-partner` has a secret that is published here, so that curl can play it; `demo-bank` keeps FAPI 2.0 with a key
whose private half is published too; `demo-kiosk` shows a code. None of them is anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from core.clock import Clock
from core.crypto import digest
from core.locale import Text
from identity.oidc.model import SCOPES, AuthMethod, Client, ClientState, GrantType, Profile
from identity.oidc.store import ProviderStore

DEMO_SECRET: Final = "citytong-demo-partner-secret"
DEMO_REDIRECT: Final = "http://127.0.0.1:8765/callback"
DEMO_SIGNED_OUT: Final = "http://127.0.0.1:8765/signed-out"
# RFC 7515 appendix A.3's own example key: nobody takes it for a secret.
DEMO_BANK_KEY: Final[Mapping[str, Any]] = {
    "kty": "EC",
    "crv": "P-256",
    "alg": "ES256",
    "use": "sig",
    "kid": "demo-bank-1",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
DEMO_BANK_PRIVATE: Final = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"

_PARTNER: Final = Client(
    id="demo-partner",
    name=Text(zh="演示图书馆", en="Demo library"),
    operator=Text(zh="城市通演示单位", en="CityTong demonstrations"),
    purpose=Text(zh="办理借书证", en="To issue a library card"),
    profile=Profile.BASIC,
    auth_method=AuthMethod.SECRET_BASIC,
    sector="127.0.0.1",
    redirect_uris=(DEMO_REDIRECT,),
    post_logout_redirect_uris=(DEMO_SIGNED_OUT,),
    grant_types=frozenset({GrantType.CODE, GrantType.REFRESH}),
    scopes=SCOPES,
    state=ClientState.APPROVED,
    secret_digest=digest(DEMO_SECRET),
)
_BANK: Final = replace(
    _PARTNER,
    id="demo-bank",
    name=Text(zh="演示银行", en="Demo bank"),
    purpose=Text(zh="核验开户人身份", en="To know who opens an account"),
    profile=Profile.FAPI2,
    auth_method=AuthMethod.PRIVATE_KEY_JWT,
    sector="bank.example",
    jwks=(DEMO_BANK_KEY,),
    secret_digest=b"",
)
_KIOSK: Final = replace(
    _PARTNER,
    id="demo-kiosk",
    name=Text(zh="演示自助终端", en="Demo kiosk"),
    purpose=Text(zh="在自助终端上办事", en="To serve you at a kiosk"),
    profile=Profile.PUBLIC,
    auth_method=AuthMethod.NONE,
    sector="kiosk.example",
    redirect_uris=(),
    post_logout_redirect_uris=(),
    grant_types=frozenset({GrantType.DEVICE}),
    scopes=frozenset({"openid", "profile"}),
    secret_digest=b"",
)
CLIENTS: Final = (_PARTNER, _BANK, _KIOSK)


async def load_demo(*, store: ProviderStore, clock: Clock) -> int:
    """Add the demo clients that are missing, change none that are there. Returns how many were added."""
    added = 0
    for client in CLIENTS:
        if await store.client(client.id) is None:
            await store.put_client(replace(client, created_at=clock.now()))
            added += 1
    return added
