"""Keys of organisations, which packages are signed by, and of programs' backends.

Rules
- A key is named by its thumbprint (RFC 7638) and is one organisation's or one program's alone, for ever: what was
  retired does not come back, and nobody else can register it.
- Who registers a key for signatures shows that they hold it: a compact JWS by it over whom it is for and when, and no
  more (`typ` `mini-key-proof+jwt`).
- A key that is rotated out signs for two weeks on, so that what is under way ends with it; one that is retired signs
  nothing from now on. Both take a word of the organisation's owner, in person or by a tool that was just let in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from core import jose
from core.clock import epoch_s, to_ms
from core.errors import NotFound
from core.jose import Jwk
from core.mongo import Session
from core.principal import Principal
from miniapps.developers.errors import KeyRefused, KeyTaken, LimitReached
from miniapps.developers.model import KEY_OVERLAP, KEYS_EVER_MAX, KEYS_MAX, App, Authority, Key, KeyUse, Role
from miniapps.developers.service import Developers
from miniapps.releases.model import Organisation

PROOF_TYPE: Final = "mini-key-proof+jwt"
PROOF_AGE_MAX_S: Final = 300
SEALING: Final = "ECDH-ES+A256KW"
_SIGNING: Final = ("EdDSA", "Ed25519", "ES256")
_MEMBERS: Final = ("kty", "crv", "x", "y")


def signing_key(jwk: Mapping[str, Any], proof: str | None, *, claim: str, whom: str, now: int) -> Jwk:
    """What is kept of a key for signatures that its owner holds.

    claim, whom: what the proof says that it is for (`organisation` and its id, `app` and its). now: Unix time.
    Raises: KeyRefused.
    """
    fault = jose.public_key_fault(jwk)
    if fault is None and not any(jose.fits(jwk, algorithm) for algorithm in _SIGNING):
        fault = "a key for signatures is of Ed25519 or P-256"
    if fault:
        raise KeyRefused(problem=fault)
    key = _kept(jwk, use="sig", alg="EdDSA" if jwk["kty"] == "OKP" else "ES256")
    _check_proof(proof or "", key, {claim: whom}, now)
    return key


def sealing_key(jwk: Mapping[str, Any]) -> Jwk:
    """What is kept of a key that is sealed for. Raises: KeyRefused."""
    if jose.PRIVATE_MEMBERS & jwk.keys():
        raise KeyRefused(problem="a key has private members; register its public half")
    if jwk.get("use", "enc") != "enc" or jwk.get("alg", SEALING) != SEALING:
        raise KeyRefused(problem=f"a key for encryption is for {SEALING}")
    key, kind = _kept(jwk, use="enc", alg=SEALING), (jwk.get("kty"), jwk.get("crv"))
    try:
        members: Any = {name: str(key[name]) for name in _MEMBERS if name in key}
        if kind == ("EC", "P-256"):
            ECKey.import_key(members).public_key  # noqa: B018  # it is on its curve, or this says so
        elif kind == ("OKP", "X25519"):
            OKPKey.import_key(members).public_key  # noqa: B018
        else:
            raise KeyRefused(problem="a key for encryption is of P-256 or X25519")
    except (JoseError, ValueError, TypeError, KeyError) as fault:
        raise KeyRefused(problem="a key is malformed") from fault
    return key


def _kept(jwk: Mapping[str, Any], *, use: str, alg: str) -> Jwk:
    try:
        kid = jose.thumbprint(jwk)
    except jose.TokenFault as fault:
        raise KeyRefused(problem="a key is malformed") from fault
    if jwk.get("kid", kid) != kid:
        raise KeyRefused(problem="its kid must be its thumbprint (RFC 7638, SHA-256)")
    return {**{name: jwk[name] for name in _MEMBERS if name in jwk}, "kid": kid, "use": use, "alg": alg}


def _check_proof(proof: str, key: Jwk, whom: Mapping[str, str], now: int) -> None:
    try:
        shown = jose.take_apart(proof)
        if shown.header.get("typ") != PROOF_TYPE:
            raise KeyRefused(problem=f"the proof's typ must be {PROOF_TYPE}")
        jose.check(shown, key, allowed=_SIGNING)
    except jose.TokenFault as fault:
        raise KeyRefused(problem="the proof is not signed by the key") from fault
    at = shown.claims.get("iat")
    if dict(shown.claims) != {**whom, "iat": at} or type(at) is not int or abs(now - at) > PROOF_AGE_MAX_S:
        raise KeyRefused(problem=f"the proof must say {', '.join(whom)} and iat, of the last five minutes, and no more")


@dataclass(frozen=True, slots=True)
class Keys:
    """The verbs. Each asks for the owner. Raises: SignInRequired, Forbidden, PersonNeeded, NotFound,
    OrganisationBlocked, Unavailable; and what it says itself.
    """

    developers: Developers

    # --- of organisations

    async def of_organisation(self, organisation: str) -> Sequence[Key]:
        """All that it has or had, in the order in which they came. Raises: NotFound, Unavailable."""
        found = (await self.developers.releases.organisations([organisation])).get(organisation)
        if found is None:
            raise NotFound(thing="organisation")
        return _keys_of(found)

    async def add(
        self,
        *,
        principal: Principal,
        organisation: str,
        jwk: Mapping[str, Any],
        proof: str,
        retires: str | None = None,
    ) -> Key:
        """Sign with this key too from now on; the same again changes nothing. retires: the one that it stands for.

        Raises: KeyRefused, KeyTaken, LimitReached.
        """
        authority = await self._owner(principal, organisation=organisation)
        now = self.developers.clock.now()
        key = signing_key(jwk, proof, claim="organisation", whom=organisation, now=epoch_s(now))

        async def work(session: Session) -> Organisation:
            there = await self._organisation(organisation, session)
            if retires is not None:
                there = self._retiring(there, retires, KEY_OVERLAP.total_seconds())
            there = await self._with(there, key, session)
            await self.developers.releases.put_organisation(there, session=session)
            about = {"key": str(key["kid"]), "retires": retires or ""}
            await self._audit("key_added", authority, organisation, about, session)
            return there

        changed = await self.developers.transaction(work)
        return next(one for one in _keys_of(changed) if one.kid == key["kid"])

    async def retire(self, *, principal: Principal, organisation: str, kid: str) -> Key:
        """It signs nothing from now on. Raises: NotFound."""
        authority = await self._owner(principal, organisation=organisation)

        async def work(session: Session) -> Organisation:
            there = self._retiring(await self._organisation(organisation, session), kid, 0)
            await self.developers.releases.put_organisation(there, session=session)
            await self._audit("key_retired", authority, organisation, {"key": kid}, session)
            return there

        changed = await self.developers.transaction(work)
        return next(one for one in _keys_of(changed) if one.kid == kid)

    async def _organisation(self, id: str, session: Session) -> Organisation:
        return (await self.developers.releases.organisations([id], session=session))[id]

    async def _with(self, there: Organisation, key: Jwk, session: Session) -> Organisation:
        kid, now = str(key["kid"]), to_ms(self.developers.clock.now())
        holder = await self.developers.releases.organisation_with_key(kid, session=session)
        if holder is not None and holder.id != there.id:
            raise KeyTaken()
        if holder is not None:
            _check_not_retired(there.retiring.get(kid))
            return there
        if await self.developers.store.app_with_key(kid, session=session) or await self._of_a_run(kid, session):
            raise KeyTaken()
        _check_room(stay=len(there.keys) - len(there.retiring), ever=len(there.keys))
        added = {**there.added, kid: now}
        return replace(there, keys=(*there.keys, key), key_id=there.key_id or kid, added=added)

    def _retiring(self, there: Organisation, kid: str, within_s: float) -> Organisation:
        """Once it retires, it does not stay longer for being asked again."""
        if all(one["kid"] != kid for one in there.keys):
            raise NotFound(thing="key")
        ends = self.developers.later(within_s)
        before = there.retiring.get(kid)
        return replace(there, retiring={**there.retiring, kid: min(ends, before) if before else ends})

    # --- of programs' backends

    async def add_to_app(
        self,
        *,
        principal: Principal,
        app_id: str,
        jwk: Mapping[str, Any],
        use: KeyUse,
        proof: str | None,
        retires: str | None = None,
    ) -> Key:
        """The same for a program's backend. Raises: KeyRefused, KeyTaken, LimitReached."""
        authority = await self._owner(principal, app_id=app_id)
        now = self.developers.clock.now()
        if use is KeyUse.SIGN:
            public = signing_key(jwk, proof, claim="app", whom=authority.the_app.app_id, now=epoch_s(now))
        else:
            public = sealing_key(jwk)
        made = Key(public, use, to_ms(now))

        async def work(session: Session) -> Key:
            app = await self._app(authority, session)
            if retires is not None:
                app = self._app_retiring(app, retires, KEY_OVERLAP.total_seconds())
            there = next((one for one in app.backend_keys if one.kid == made.kid), None)
            if there is None:
                await self._check_free(made, app, session)
                app = replace(app, backend_keys=(*app.backend_keys, made))
            else:
                _check_not_retired(there.retires_at)
            await self.developers.store.set_app_keys(app.app_id, app.backend_keys, session=session)
            about = {"app": app.app_id, "key": made.kid, "use": use.value, "retires": retires or ""}
            await self._audit("app_key_added", authority, app.organisation, about, session)
            return there or made

        return await self.developers.transaction(work)

    async def retire_of_app(self, *, principal: Principal, app_id: str, kid: str) -> Key:
        """It proves nothing from now on, and nothing is sealed for it. Raises: NotFound."""
        authority = await self._owner(principal, app_id=app_id)

        async def work(session: Session) -> Key:
            app = self._app_retiring(await self._app(authority, session), kid, 0)
            await self.developers.store.set_app_keys(app.app_id, app.backend_keys, session=session)
            about = {"app": app.app_id, "key": kid}
            await self._audit("app_key_retired", authority, app.organisation, about, session)
            return next(one for one in app.backend_keys if one.kid == kid)

        return await self.developers.transaction(work)

    async def _app(self, authority: Authority, session: Session) -> App:
        app = await self.developers.store.app(authority.the_app.app_id, session=session)
        assert app is not None, "apps are never taken away"
        return app

    def _app_retiring(self, app: App, kid: str, within_s: float) -> App:
        if all(one.kid != kid for one in app.backend_keys):
            raise NotFound(thing="key")
        ends = self.developers.later(within_s)
        keys = (
            replace(one, retires_at=min(ends, one.retires_at or ends)) if one.kid == kid else one
            for one in app.backend_keys
        )
        return replace(app, backend_keys=tuple(keys))

    async def _check_free(self, key: Key, app: App, session: Session) -> None:
        taken = await self.developers.store.app_with_key(key.kid, session=session)
        if taken or await self.developers.releases.organisation_with_key(key.kid, session=session):
            raise KeyTaken()
        if await self._of_a_run(key.kid, session):
            raise KeyTaken()
        staying = [one for one in app.backend_keys if one.retires_at is None]
        _check_room(stay=len(staying), ever=len(app.backend_keys))

    # --- what both ask

    async def _of_a_run(self, kid: str, session: Session) -> bool:
        """Whether a run brought it: that signs one package, and is named with it for ever."""
        brought = await self.developers.publishers.run_with_key(kid, session=session)
        return brought or await self.developers.releases.package_key(kid, session=session) is not None

    async def _owner(
        self, principal: Principal, *, organisation: str | None = None, app_id: str | None = None
    ) -> Authority:
        authority = await self.developers.authority(principal=principal, organisation=organisation, app_id=app_id)
        authority.require(Role.OWNER)
        await self.developers.require_person(principal)
        return authority

    async def _audit(
        self, kind: str, authority: Authority, organisation: str, about: Mapping[str, str], session: Session
    ) -> None:
        await self.developers.audit.append(
            f"developers.{kind}", actor=authority.developer, subject=organisation, about=about, session=session
        )


def _keys_of(one: Organisation) -> list[Key]:
    return [Key(key, KeyUse.SIGN, one.added.get(key["kid"]), one.retiring.get(key["kid"])) for key in one.keys]


def _check_not_retired(ends: object) -> None:
    if ends is not None:
        raise KeyRefused(problem="it was retired here, and does not come back; make a new one")


def _check_room(*, stay: int, ever: int) -> None:
    if stay >= KEYS_MAX or ever >= KEYS_EVER_MAX:
        raise LimitReached(what="keys", most=KEYS_MAX if stay >= KEYS_MAX else KEYS_EVER_MAX)
