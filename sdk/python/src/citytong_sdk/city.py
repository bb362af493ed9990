"""How a program's backend asks the city: its access token, the city's keys, and what is asked again.

Rules
- The access token comes for an assertion that the program signs (RFC 7523); it is kept until a minute before its end,
  and only one is fetched at a time. A door that refuses it is asked once more with a new one.
- The city's keys are kept, so that what it signed is checked without asking it: for as long as it said, asked for
  again at most once a minute for a key that is not known, and used for a day when it does not answer.
- Asked again, with jitter and not more than `Options.tries` times: what the city says it did not do (429, 503), what
  never arrived, and what is harmless to repeat. `Retry-After` is kept to; one that is too long is the caller's to
  wait for.
- Every answer has a deadline and a largest size. Nothing is redirected. Proxies and certificates that the environment
  names are not believed unless `Options.trust_env` says so.
Source: docs/sdk/backend-api.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from .bundles.encoding import b64url
from .calls import Call, Limits, Pause, Request, Response, alone, send
from .errors import AnswerInvalid, CityTongError, NotAuthenticated, Unreachable, refusal
from .keys import PrivateKey, PublishedKeys, published

TOKEN_PATH: Final = "/open/token"
KEYS_PATH: Final = "/.well-known/mini-jwks.json"
REVOCATIONS_PATH: Final = "/.well-known/mini-revocations.json"
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE_S: Final = 60
_TOKEN_MARGIN_S: Final = 60
_ASK_AGAIN_S: Final = 60
_KEYS_LIFE_S: Final = (60, 3600)
_KEYS_STALE_S: Final = 24 * 3600
_PAUSE_S: Final = 0.2
_PAUSE_S_MAX: Final = 5.0
_RANDOM_BYTES: Final = 16
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})(?:$|[\s,])")
_LOCAL: Final = re.compile(r"localhost|.+\.localhost|127\.0\.0\.1|::1")


@dataclass(frozen=True, slots=True)
class Options:
    """skew_s: how far this machine's clock and the city's may be apart. tries: how often one thing is asked at most.
    retry_after_s_max: the longest `Retry-After` that is waited for. trust_env: use the proxies and certificates that
    the environment names.
    """

    limits: Limits = field(default_factory=Limits)
    skew_s: float = 30.0
    tries: int = 3
    retry_after_s_max: float = 30.0
    trust_env: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    until: float


@dataclass(frozen=True, slots=True)
class _Keys:
    """told_at: when the city said so. life_s: for how long. Seconds of Unix time."""

    keys: PublishedKeys
    told_at: float
    life_s: float


class City:
    """One program's view of one city. clock: seconds of Unix time. random: of that many bytes. jitter: from 0 to 1."""

    def __init__(
        self,
        *,
        app_id: str,
        key: PrivateKey,
        platform: str,
        options: Options,
        clock: Callable[[], float],
        random: Callable[[int], bytes],
        jitter: Callable[[], float],
    ) -> None:
        self.app_id: Final = app_id
        self.issuer: Final = issuer_of(platform)
        self.options: Final = options
        self.clock: Final = clock
        self._key: Final = key
        self._random: Final = random
        self._jitter: Final = jitter
        self._token: _Token | None = None
        self._keys: _Keys | None = None
        self._keys_asked_at = float("-inf")

    def new_id(self) -> str:
        """128 random bits, as text."""
        return b64url(self._random(_RANDOM_BYTES))

    # --- the doors of backends

    def post(
        self, path: str, body: Mapping[str, object], *, repeatable: bool, answer_bytes_max: int = 1 << 20
    ) -> Call[dict[str, Any]]:
        """The object that the door answers. Raises: CityTongError."""
        return self._door("POST", path, _json(body), repeatable=repeatable, answer_bytes_max=answer_bytes_max)

    def get(self, path: str) -> Call[dict[str, Any]]:
        """Raises: CityTongError."""
        return self._door("GET", path, b"", repeatable=True, answer_bytes_max=1 << 20)

    def _door(
        self, method: str, path: str, body: bytes, *, repeatable: bool, answer_bytes_max: int
    ) -> Call[dict[str, Any]]:
        def request(token: _Token) -> Request:
            headers = {"Authorization": f"Bearer {token.text}", "Content-Type": "application/json"}
            return Request(method, self.issuer + path, headers, body, repeatable, answer_bytes_max)

        token = yield from self._access_token()
        try:
            answer = yield from self.asked(lambda: request(token))
        except NotAuthenticated:
            token = yield from self._access_token(instead_of=token)
            answer = yield from self.asked(lambda: request(token))
        return json_object(answer)

    def asked(self, make: Callable[[], Request]) -> Call[Response]:
        """The answer to what `make` makes, which is made anew for each try. Raises: CityTongError."""
        attempt = 1
        while True:
            request = make()
            try:
                answer = yield from send(request)
            except Unreachable as fault:
                error: CityTongError = fault
                again = request.repeatable or not fault.sent
            else:
                if 200 <= answer.status < 300:
                    return answer
                error = _error(answer)
                again = error.retryable
            pause = self._pause(attempt, error.retry_after)
            if not again or attempt >= self.options.tries or pause > self.options.retry_after_s_max:
                raise error
            yield Pause(pause)
            attempt += 1

    def _pause(self, attempt: int, retry_after: float | None) -> float:
        """Seconds: what the city asked for and a little more, or a random part of a growing span."""
        span: float = min(_PAUSE_S_MAX, _PAUSE_S * 2**attempt)
        if retry_after is not None:
            return retry_after + self._jitter() * _PAUSE_S
        return self._jitter() * span

    # --- the access token

    def _access_token(self, *, instead_of: _Token | None = None) -> Call[_Token]:
        """instead_of: one that a door refused."""
        found = self._good_token(instead_of)
        return found if found is not None else (yield from alone("token", lambda: self._fetched_token(instead_of)))

    def _good_token(self, instead_of: _Token | None) -> _Token | None:
        found = self._token
        good = found is not None and found is not instead_of and self.clock() < found.until
        return found if good else None

    def _fetched_token(self, instead_of: _Token | None) -> Call[_Token]:
        if found := self._good_token(instead_of):
            return found  # somebody else fetched it, while this one waited
        answer = json_object((yield from self.asked(self._token_request)))
        match answer:
            case {"access_token": str(text), "token_type": str(kind), "expires_in": int(life_s)} if (
                kind.lower() == "bearer" and text.isascii() and text.isprintable()
            ):
                token = _Token(text, self.clock() + max(life_s - _TOKEN_MARGIN_S, life_s / 2))
            case _:
                raise AnswerInvalid("The city answered no access token.")
        self._token = token
        return token

    def _token_request(self) -> Request:
        """With an assertion of its own, for each is taken once."""
        now, audience = int(self.clock()), self.issuer + TOKEN_PATH
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION,
            "client_assertion": client_assertion(
                self._key, app_id=self.app_id, audience=audience, now=now, id=self.new_id()
            ),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", audience, headers, urlencode(form).encode(), repeatable=True)

    # --- the city's keys

    def keys(self, *, unknown: bool = False) -> Call[PublishedKeys]:
        """unknown: something names a key that is not among those that were told last. Raises: CityTongError."""
        held = self._keys
        if held is not None and not self._worth_asking(held, unknown=unknown):
            return held.keys
        return (yield from alone("keys", lambda: self._fetched_keys(held, unknown=unknown)))

    def _worth_asking(self, held: _Keys, *, unknown: bool) -> bool:
        now = self.clock()
        old = now - held.told_at > held.life_s
        return (old or unknown) and now - self._keys_asked_at >= _ASK_AGAIN_S

    def _fetched_keys(self, before: _Keys | None, *, unknown: bool) -> Call[PublishedKeys]:
        held = self._keys
        if held is not None and (held is not before or not self._worth_asking(held, unknown=unknown)):
            return held.keys  # somebody else asked, while this one waited
        self._keys_asked_at = self.clock()
        try:
            self._keys = yield from self._told_keys()
        except CityTongError:
            if held is None or self.clock() - held.told_at > _KEYS_STALE_S:
                raise
            return held.keys
        return self._keys.keys

    def _told_keys(self) -> Call[_Keys]:
        answer = yield from self.asked(lambda: Request("GET", self.issuer + KEYS_PATH, repeatable=True))
        try:
            keys = published(json.loads(answer.body))
        except (ValueError, RecursionError):
            raise AnswerInvalid("The city answered no set of keys.") from None
        matched = _MAX_AGE.search(answer.headers.get("cache-control", ""))
        least, most = _KEYS_LIFE_S
        return _Keys(keys, self.clock(), min(max(int(matched[1]) if matched else least, least), most))


def client_assertion(key: PrivateKey, *, app_id: str, audience: str, now: int, id: str) -> str:
    """Proves a program to the city's token door, once, for a minute. now: seconds of Unix time. Source: RFC 7523 §3."""
    claims = {"iss": app_id, "sub": app_id, "aud": audience, "jti": id, "iat": now, "exp": now + _ASSERTION_LIFE_S}
    return key.sign_jwt(claims)


def issuer_of(platform: str) -> str:
    """The city's address as it signs by it. Raises: ValueError unless it is HTTPS, or this machine."""
    parts = urlsplit(platform)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        raise ValueError("platform: an address such as https://city.example")
    if parts.scheme == "http" and not _LOCAL.fullmatch(host):
        raise ValueError("platform: the city is reached by https alone")
    return platform.rstrip("/")


def json_object(answer: Response) -> dict[str, Any]:
    """Raises: AnswerInvalid."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise AnswerInvalid("The city answered something that is no JSON object.")
    return found


def when(text: str) -> datetime:
    """A time of RFC 3339, in UTC. Raises: ValueError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without its zone")
    return found.astimezone(UTC)


def _json(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _error(answer: Response) -> CityTongError:
    if answer.status < 400:
        return AnswerInvalid(f"The city answered {answer.status}.")
    return refusal(answer.status, answer.headers, answer.body)
