"""Real-person checks: a provider's page sees that somebody alive is the person of a name and a number, and signs so.

| step | who |
|---|---|
| begin | the city tells the provider the id of a check, name, number and where to go on: it gets the page's address |
| look | the person, on the provider's page, which goes on to the city's with the result behind `#` |
| judge | the city, by the provider's public key: offline, and without trust in who brings it |

Rules
- The result is a JWS whose header is exactly {alg, kid, typ}, with the one algorithm and the one `kid` of the key in
  the settings: what a result says about keys chooses nothing. A key that is not for signatures is refused at the start.
- It is for this city (`aud`), from this provider (`iss`), about this check (`nonce`) and about the person that the city
  asked about (`sub`, a hash with the check's id in it, so that two results of one person do not look alike). It lives
  for minutes. That it is good once is for the one to see to who began the check.
Source: RFC 7515, RFC 8725; docs/decisions/0035-a-face-is-believed-by-its-providers-signature.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from core.clock import Clock, epoch_s, from_epoch_s
from core.errors import Unavailable
from core.ids import Ids
from core.jose import TokenFault, b64, fits, take_apart
from core.jose import check as check_signature
from identity.registers import HttpRegister

CHECK_PREFIX: Final = "fck"
CHECKS_PATH: Final = "/faces/checks"
RESULT_TYPE: Final = "face-check+jwt"
ALGORITHMS: Final = ("Ed25519", "ES256")
SCORE_MIN: Final = 0.8
LIFE_S_MAX: Final = 15 * 60
LEEWAY_S: Final = 5
_HEADER: Final = frozenset({"alg", "kid", "typ"})


class ResultRefused(Exception):
    """It is not a result of this provider's, for this city, about this check and this person. Says why, to the log."""


@dataclass(frozen=True, slots=True)
class FaceCheck:
    """One that was begun. url: of the page that looks."""

    id: str
    url: str
    expires_at: datetime


class FaceProvider(Protocol):
    """Who sees whether somebody is the person of a name and a number."""

    async def begin(self, *, name: str, id_number: str) -> FaceCheck:
        """Raises: Unavailable when there is no clear answer in time."""
        ...

    def judge(self, result: str, *, check: str, name: str, id_number: str) -> bool:
        """Whether the provider saw this person, alive, in the check of this id. Raises: ResultRefused."""
        ...

    async def proves(self, result: str, *, check: str, name: str, id_number: str) -> bool:
        """As `judge`; a result that is refused proves nothing."""
        ...


def subject_of(*, check: str, name: str, id_number: str) -> str:
    """What stands for a person in the result of one check."""
    return b64(hashlib.sha256("\n".join((check, name, id_number)).encode()).digest())


def check_key(jwk: Mapping[str, Any]) -> Mapping[str, Any]:
    """A provider's public key, as settings give it. Raises: ValueError, which says what is wrong with it."""
    if not isinstance(jwk.get("kid"), str) or not jwk["kid"] or jwk.get("alg") not in ALGORITHMS:
        raise ValueError(f"must have a kid, and an alg of {' and '.join(ALGORITHMS)}")
    if jwk.get("use") != "sig" or not fits(jwk, jwk["alg"]):
        raise ValueError("must be the public half of a key for signatures (use: sig) of its alg")
    return jwk


@dataclass(frozen=True, slots=True)
class HttpFaceProvider:
    """`POST {url}/faces/checks` of {id, name, number, audience, returnTo}, answered {url, expiresAt} (epoch
    seconds).

    register: the provider's door. issuer: the provider's name in results; audience: the city's address.
    jwk: the provider's public key. return_to: the city's page that the provider's goes on to.
    """

    register: HttpRegister
    ids: Ids
    clock: Clock
    issuer: str
    audience: str
    return_to: str
    jwk: Mapping[str, Any]

    async def begin(self, *, name: str, id_number: str) -> FaceCheck:
        id_ = self.ids.new(CHECK_PREFIX)
        asked = {"id": id_, "name": name, "number": id_number, "audience": self.audience, "returnTo": self.return_to}
        told = await self.register.ask(CHECKS_PATH, asked)
        url, expires_at = told.get("url"), told.get("expiresAt")
        if not isinstance(url, str) or not url.startswith(("https://", "http://")) or type(expires_at) is not int:
            raise Unavailable()
        return FaceCheck(id_, url, from_epoch_s(int(str(expires_at))))

    async def proves(self, result: str, *, check: str, name: str, id_number: str) -> bool:
        try:
            return self.judge(result, check=check, name=name, id_number=id_number)
        except ResultRefused:
            return False

    def judge(self, result: str, *, check: str, name: str, id_number: str) -> bool:
        claims = self._claims(result)
        subject = subject_of(check=check, name=name, id_number=id_number)
        for claim, value in {"iss": self.issuer, "aud": self.audience, "nonce": check, "sub": subject}.items():
            if claims.get(claim) != value:
                raise ResultRefused(f"its {claim} is another")
        if not isinstance(claims.get("jti"), str) or not claims["jti"]:
            raise ResultRefused("it has no jti")
        _check_times(claims, epoch_s(self.clock.now()))
        liveness, score = claims.get("liveness"), claims.get("score")
        if not isinstance(liveness, bool) or isinstance(score, bool) or not isinstance(score, int | float):
            raise ResultRefused("it does not say what was seen")
        return liveness and SCORE_MIN <= score <= 1

    def _claims(self, result: str) -> Mapping[str, Any]:
        """What the provider signed. Raises: ResultRefused."""
        try:
            token = take_apart(result)
            header = token.header
            if set(header) != _HEADER or header["typ"] != RESULT_TYPE or header["kid"] != self.jwk["kid"]:
                raise TokenFault("its header is not that of a result")
            check_signature(token, self.jwk, allowed=[self.jwk["alg"]])
        except TokenFault as fault:
            raise ResultRefused(str(fault)) from fault
        return token.claims


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int:
        raise ResultRefused("it does not say when it is good")
    if issued > now + LEEWAY_S or now >= expires + LEEWAY_S or not 0 < expires - issued <= LIFE_S_MAX:
        raise ResultRefused("it is not good now")
