"""How a run of a CI system hands in a version without anybody's secret: its ID token for a token of ten minutes.

Rules
- Who runs the city says which issuers there are; a program's owner says which of their runs are the program's
  (`runs`). No other issuer is ever called.
- An ID token is believed for its signature by its issuer's published keys, its audience, which is this city and nobody
  else, its times, and a `jti` that was not shown before. Then every claim of a publisher must be as it was registered.
- What it is exchanged for is one program's, and good for handing in alone. It ends with its ten minutes, or as soon as
  its publisher is removed or no owner of the program may act any more.
- The key that comes with it is proved by its holder, is nobody else's, and ends as the token does.
Sources: RFC 8693; OpenID Connect Core 1.0 §3.1.3.7; docs/decisions/0071-a-run-signs-by-a-key-of-its-own.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson

from core import jose
from core.addresses import address_group
from core.clock import epoch_s, to_ms
from core.crypto import digest
from core.errors import BadInput, NotFound
from core.ids import is_id
from core.mongo import Session
from core.oauth import OAuthError
from core.principal import Principal
from core.remote_keys import IssuerKeys
from miniapps.developers.errors import KeyRefused, LimitReached
from miniapps.developers.keys import signing_key
from miniapps.developers.model import Authority, Role
from miniapps.developers.publishers import PublisherStore
from miniapps.developers.runs import PUBLISHERS_MAX, Publisher, Run, parse_claims, told_of
from miniapps.developers.service import Developers
from miniapps.developers.tokens import PUBLISHER, TOKEN_LIFE
from miniapps.limits import Pace, Paces

EXCHANGE_GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
LEEWAY_S: Final = 30
# Of an ID token: what has to be remembered of it is remembered for so long.
_LIFE_MAX_S: Final = 86_400
_JTI_LENGTH_MAX: Final = 256
# Of one program from one address.
_REFUSED: Final = Pace("open-publish-refused", 60, 600)


@dataclass(frozen=True, slots=True)
class Publishing:
    """issuers: those of this city. audience: the city's public URL."""

    developers: Developers
    keys: IssuerKeys
    paces: Paces
    issuers: Sequence[str]
    audience: str

    @property
    def store(self) -> PublisherStore:
        return self.developers.publishers

    # --- what an owner says

    async def add(self, *, principal: Principal, app_id: str, issuer: str, claims: object) -> Publisher:
        """Let runs with these claims hand in the program's versions; the same again is the same.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, BadInput, LimitReached, Unavailable.
        """
        authority = await self._owner(principal, app_id)
        wanted = parse_claims(claims)
        if issuer not in self.issuers:
            raise BadInput(field="issuer", problem="is none of the CI systems that this city takes ID tokens of")
        app, at = authority.the_app, to_ms(self.developers.clock.now())
        id = self.developers.ids.new("mtp")
        made = Publisher(id, app.app_id, app.organisation, issuer, wanted, authority.developer, at)

        async def work(session: Session) -> Publisher:
            await self.developers.store.hold(app.organisation, session=session)
            there = await self.store.of_app(app.app_id, session=session)
            same = [one for one in there if (one.issuer, one.claims) == (issuer, wanted)]
            if same:
                return same[0]
            if len(there) >= PUBLISHERS_MAX:
                raise LimitReached(what="publishers", most=PUBLISHERS_MAX)
            await self.store.add(made, session=session)
            await self._audit("publisher_added", authority.developer, made, session)
            return made

        return await self.developers.transaction(work)

    async def remove(self, *, principal: Principal, id: str) -> Publisher:
        """Nothing more is taken of its runs, those under way too. Raises: SignInRequired, Forbidden, NotFound,
        OrganisationBlocked, Unavailable.
        """
        found = await self.store.publisher(id) if is_id(id, prefix="mtp") else None
        if found is None:
            raise NotFound(thing="publisher")
        authority = await self._owner(principal, found.app_id)

        async def work(session: Session) -> None:
            await self.store.remove(found.id, session=session)
            await self._audit("publisher_removed", authority.developer, found, session)

        await self.developers.transaction(work)
        return found

    async def of_app(self, app_id: str) -> Sequence[Publisher]:
        """Raises: Unavailable."""
        return await self.store.of_app(app_id)

    async def keys_of_app(self, app_id: str) -> Sequence[Run]:
        """Those that runs brought of late, the last first. Raises: Unavailable."""
        return await self.store.with_keys(app_id)

    async def _owner(self, principal: Principal, app_id: str) -> Authority:
        authority = await self.developers.authority(principal=principal, app_id=app_id)
        authority.require(Role.OWNER)
        await self.developers.require_person(principal)
        return authority

    # --- POST /open/token

    async def exchange(self, form: Mapping[str, str], *, address: str) -> dict[str, Any]:
        """`app`: whose version it will be. `jwk`, `proof`: the key that it will be signed with, if it brings one.

        Raises: OAuthError, TooOften, Unavailable.
        """
        if form.get("subject_token_type") != ID_TOKEN:
            raise OAuthError("invalid_request", f"subject_token_type must be {ID_TOKEN}")
        app_id = form.get("app", "")[:128].lower()
        try:
            run = await self._entered(form, app_id)
        except OAuthError:
            await self.paces.charge(_REFUSED, f"{app_id} {address_group(address)}")
            raise
        token = self.developers.tokens.for_publisher(publisher=run.publisher, organisation=run.organisation, run=run.id)
        return {
            "access_token": token,
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "scope": PUBLISHER,
        }

    async def _entered(self, form: Mapping[str, str], app_id: str) -> Run:
        claims, publisher = await self._believed(form.get("subject_token", ""), app_id)
        here, now = self.developers, to_ms(self.developers.clock.now())
        account = await here.store.account(publisher.organisation)
        if account is None or account.blocked or not await here.answered_for(account):
            raise _nobody()
        run = Run(
            id=here.ids.new("mpx"),
            publisher=publisher.id,
            app_id=publisher.app_id,
            organisation=publisher.organisation,
            issuer=publisher.issuer,
            told=told_of(claims, publisher),
            at=now,
            expires_at=now + TOKEN_LIFE,
            jwk=await self._key(form, publisher),
        )
        left = timedelta(seconds=max(0, claims["exp"] - epoch_s(now)) + 2 * LEEWAY_S)
        shown = digest(f"{publisher.issuer} {claims['jti']}")
        if not await self.store.enter(run, shown=shown, leaves_at=now + max(left, TOKEN_LIFE)):
            raise OAuthError("invalid_request", "the ID token was shown before, or its key is another run's")

        async def work(session: Session) -> None:
            await self.store.use(publisher.id, at=now, session=session)
            await self._audit(
                "run_let_in", publisher.id, publisher, session, {"run": run.id, "key": run.kid, **_code(run)}
            )

        await here.transaction(work)
        return run

    async def _believed(self, text: str, app_id: str) -> tuple[Mapping[str, Any], Publisher]:
        """The claims of an ID token, and the publisher whose run it is. Raises: OAuthError."""
        try:
            token = jose.take_apart(text)
        except jose.TokenFault as fault:
            raise OAuthError("invalid_request", "the ID token is none") from fault
        issuer, claims = token.claims.get("iss"), token.claims
        there = [one for one in await self.store.of_app(app_id) if one.issuer == issuer]
        # Before anybody is called: else whoever asks would choose whom the city calls, and how often.
        if not isinstance(issuer, str) or issuer not in self.issuers or not there:
            raise _nobody()
        keys = await self.keys.of(issuer, kid=token.header.get("kid"))
        try:
            jose.check_with_one_of(token, keys, allowed=ALGORITHMS)
        except jose.TokenFault as fault:
            raise OAuthError("invalid_request", "the ID token is not signed by its issuer") from fault
        self._check(claims)
        publisher = next((one for one in there if one.fits(claims)), None)
        if publisher is None:
            raise _nobody()
        return claims, publisher

    def _check(self, claims: Mapping[str, Any]) -> None:
        """Raises: OAuthError: it is for somebody else, or for another time."""
        audience, now = claims.get("aud"), epoch_s(self.developers.clock.now())
        if audience not in (self.audience, [self.audience]):
            raise OAuthError("invalid_request", f"the ID token's aud must be {self.audience}")
        begins, ends, jti = claims.get("iat"), claims.get("exp"), claims.get("jti")
        after = claims.get("nbf", begins)
        if type(begins) is not int or type(ends) is not int or type(after) is not int:
            raise OAuthError("invalid_request", "the ID token says no times")
        if not max(begins, after) - LEEWAY_S <= now < ends or ends - begins > _LIFE_MAX_S:
            raise OAuthError("invalid_request", "the ID token is not of now")
        if not isinstance(jti, str) or not 0 < len(jti) <= _JTI_LENGTH_MAX:
            raise OAuthError("invalid_request", "the ID token has no jti")

    async def _key(self, form: Mapping[str, str], publisher: Publisher) -> jose.Jwk | None:
        """The key that the run brings; None without one. Raises: OAuthError."""
        if "jwk" not in form:
            return None
        now = epoch_s(self.developers.clock.now())
        try:
            told = orjson.loads(form["jwk"])
            if not isinstance(told, dict):
                raise KeyRefused(problem="it is not an object")
            key = signing_key(told, form.get("proof"), claim="app", whom=publisher.app_id, now=now)
        except (ValueError, KeyRefused) as fault:
            problem = fault.problem if isinstance(fault, KeyRefused) else "it is not JSON"
            raise OAuthError("invalid_request", f"the key cannot be taken: {problem}") from fault
        if await self._taken(str(key["kid"])):
            raise OAuthError("invalid_request", "the key cannot be taken: make a new one")
        return key

    async def _taken(self, kid: str) -> bool:
        """Whether it signs, or signed, anything else."""
        here = self.developers

        async def work(session: Session) -> bool:
            return bool(
                await here.store.app_with_key(kid, session=session)
                or await here.releases.organisation_with_key(kid, session=session)
                or await here.releases.package_key(kid, session=session)
            )

        return await here.transaction(work)

    async def _audit(
        self, kind: str, actor: str, one: Publisher, session: Session, more: Mapping[str, str] | None = None
    ) -> None:
        about = {"app": one.app_id, "publisher": one.id, "issuer": one.issuer, **(more or {})}
        await self.developers.audit.append(
            f"developers.{kind}", actor=actor, subject=one.organisation, about=about, session=session
        )


def _code(run: Run) -> dict[str, str]:
    """Which code it was built of, for the audit."""
    return {name: run.told[name] for name in ("repository", "project_path", "sha", "run_id") if name in run.told}


def _nobody() -> OAuthError:
    """One answer for a program that is not there, has no publisher, or none that fits."""
    return OAuthError("invalid_target", "the program has no publisher that this ID token fits")
