"""Who a citizen is to this program: by a login code, once, or by the launch token of each request, offline.

A launch token is a JWS of the city's for this program alone (`aud`), good for five minutes. `mp.fetch` of the
JavaScript SDK sends the same token for as long as it lives; so `replay` is for doors where each request brings a
token of its own, as a link that signs in once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from .bundles import jws
from .calls import Call, first
from .city import City, when
from .errors import AnswerInvalid, Reason, TokenInvalid
from .keys import LAUNCH
from .replay import ReplayStore
from .signed import check_times, signed_claims, time_of

TOKEN_TYPE: Final = "mp-launch+jwt"
TOKEN_LENGTH_MAX: Final = 4096
_CODE_LENGTH_MAX: Final = 128


@dataclass(frozen=True, slots=True)
class Session:
    """What a login code opened. openid: the citizen to this program; unionid: to all of its organisation's. scopes:
    what the program may do now.
    """

    openid: str
    unionid: str | None
    session_id: str
    scopes: frozenset[str]
    version_name: str
    version_code: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """What a launch token says. scene: how the citizen came. referrer: the program that led here, by the city's word.
    version: the release's code. jti: the token's own id.
    """

    openid: str
    session_id: str
    scene: str
    referrer: str | None
    version: int
    jti: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Auth:
    city: City

    def code2session(self, code: str) -> Call[Session]:
        """Who the citizen is, for a code of `mp.login()`. A code opens once, so a lost answer is not asked for again.

        Raises: CodeInvalid, CodeUsed, NotPermitted, RateLimited, CityTongError.
        """
        if not 0 < len(code) <= _CODE_LENGTH_MAX:
            raise ValueError("code: 1 to 128 characters")
        answer = yield from self.city.post("/open/v1/code2session", {"code": code}, repeatable=False)
        try:
            match answer:
                case {
                    "openid": str(openid),
                    "unionid": (str() | None) as unionid,
                    "sessionId": str(session_id),
                    "scopes": list(scopes),
                    "versionName": str(name),
                    "versionCode": int(number),
                    "expiresAt": str(expires_at),
                } if all(isinstance(scope, str) for scope in scopes):
                    return Session(openid, unionid, session_id, frozenset(scopes), name, number, when(expires_at))
        except ValueError:
            pass
        raise AnswerInvalid("The city answered no session.")

    def verify_launch_token(
        self, token: str, *, max_age: float = 300, replay: ReplayStore | None = None
    ) -> Call[Claims]:
        """What the token says, when the city made it for this program and it is still good; asks the city for its keys
        alone, and seldom.

        max_age: seconds since it was made. replay: refuse a token that was shown before.
        Raises: TokenInvalid; CityTongError where the city's keys were never told.
        """
        keys = (yield from self.city.keys()).of(LAUNCH)
        try:
            claims = self._checked(token, keys, max_age)
        except TokenInvalid as refusal:
            if refusal.reason is not Reason.KEY_UNKNOWN:
                raise
            keys = (yield from self.city.keys(unknown=True)).of(LAUNCH)
            claims = self._checked(token, keys, max_age)
        if replay is not None:
            ends = min(claims.expires_at.timestamp(), claims.issued_at.timestamp() + max_age) + self.city.options.skew_s
            if not (yield from first(replay, f"launch:{claims.jti}", max(ends - self.city.clock(), 1.0) + 1.0)):
                raise TokenInvalid(Reason.REPLAYED)
        return claims

    def _checked(self, token: str, keys: jws.Keys, max_age: float) -> Claims:
        city = self.city
        return check_launch_token(
            token,
            keys=keys,
            issuer=city.issuer,
            app_id=city.app_id,
            now=city.clock(),
            max_age=max_age,
            skew=city.options.skew_s,
        )


def check_launch_token(
    token: str, *, keys: jws.Keys, issuer: str, app_id: str, now: float, max_age: float = 300, skew: float = 30
) -> Claims:
    """The same without asking anybody. keys: the city's for launch tokens. now: seconds of Unix time. Raises:
    TokenInvalid.
    """
    said = signed_claims(token, keys=keys, typ=TOKEN_TYPE, refuse=TokenInvalid, length_max=TOKEN_LENGTH_MAX)
    match said:
        case {
            "iss": str(iss),
            "aud": str(aud),
            "sub": str(openid),
            "sid": str(session_id),
            "ver": int(version),
            "scn": str(scene),
            "jti": str(jti),
            "iat": int(iat),
            "exp": int(exp),
            **rest,
        } if openid and jti and isinstance(referrer := rest.get("ref"), str | None):
            pass
        case _:
            raise TokenInvalid(Reason.CLAIMS)
    if iss != issuer:
        raise TokenInvalid(Reason.ISSUER)
    if aud != app_id:
        raise TokenInvalid(Reason.AUDIENCE)
    check_times(iat, exp, now=now, max_age=max_age, skew=skew, refuse=TokenInvalid)
    return Claims(openid, session_id, scene, referrer, version, jti, time_of(iat), time_of(exp))
