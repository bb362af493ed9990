"""The verbs of the wallet and of the checkpoint: read, show, check, read who checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Final

from api.domains.licences import cl1
from api.domains.licences.announcing import Announcer
from api.domains.licences.catalogue import Catalogue
from api.domains.licences.cl1 import Claims
from api.domains.licences.errors import (
    CodeExpired,
    CodeForged,
    CodeKeyUnknown,
    CodeReplayed,
    VerificationIdReused,
)
from api.domains.licences.forms import LicenceType
from api.domains.licences.model import (
    ISSUE_SCOPE,
    PURPOSE_LENGTH_MAX,
    READ_MATTER,
    VERIFY_SCOPE,
    Licence,
    LicenceStatus,
    Share,
    Showing,
    Verification,
    check_client_verification_id,
    check_sentence,
    showing_id,
    wallet_order,
)
from api.domains.licences.store import LicenceStore
from core.clock import Clock, city_day, epoch_ms, epoch_s, from_epoch_s, to_ms
from core.divisions import CITY_CODE
from core.errors import Forbidden, NotFound, SignInRequired
from core.ids import Ids
from core.keys import KeyRing
from core.mongo import Session, answering
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind

KEY_PURPOSE: Final = "licence-showing"


@dataclass(frozen=True, slots=True)
class Licences:
    """keys: an Ed25519 ring of purpose `licence-showing` whose overlap is at least `cl1.LIFETIME_S`.

    zone: the city's, in which its days begin and end. city: its GB/T 2260 code.
    """

    store: LicenceStore
    catalogue: Catalogue
    keys: KeyRing
    announcer: Announcer
    ids: Ids
    clock: Clock
    zone: tzinfo
    city: str = CITY_CODE

    async def open(self) -> None:
        """Make indexes and the first keys. Called once, before anything else."""
        await self.store.open()
        await self.keys.open()

    def types(self) -> list[LicenceType]:
        """Every type in its present version, for everybody."""
        return self.catalogue.types()

    def today(self) -> date:
        """The city's day, which a licence's status follows from."""
        return city_day(self.clock.now(), self.zone)

    async def wallet(self, *, principal: Principal, citizen_id: str) -> list[Licence]:
        """What a citizen holds or held, valid ones first and of those what ends soonest; without replaced versions.

        For the citizen, and who acts for them in `licences:read`.
        Raises: SignInRequired, Forbidden, NotFound (somebody else's), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=READ_MATTER)
        today = self.today()
        return sorted(await self.store.licences_of(citizen_id), key=lambda licence: wallet_order(licence, today))

    async def licences(self, *, principal: Principal, ids: Sequence[str]) -> dict[str, Licence]:
        """Those of these licences that the caller may see; the others are left out. Raises: Unavailable."""
        if not principal.authenticated:
            return {}
        found = await self.store.licences(ids)
        return {name: licence for name, licence in found.items() if _may_see(principal, licence)}

    async def licence(self, *, principal: Principal, licence_id: str) -> Licence:
        """For its holder, who acts for them in `licences:read`, and clerks of the department that issued it.

        Raises: SignInRequired, NotFound (also what is not the caller's), Unavailable.
        """
        if not principal.authenticated:
            raise SignInRequired()
        found = (await self.licences(principal=principal, ids=[licence_id])).get(licence_id)
        if found is None:
            raise NotFound(thing="licence")
        return found

    async def share(
        self, *, principal: Principal, licence_id: str, fields: Sequence[str] | None, purpose: str
    ) -> Share:
        """A code that shows some fields of one's own licence for one purpose. It lives for a minute, and is used once.

        fields: names of the type's fields; its default set when none are given. purpose: 1 to 60 characters.
        Raises: SignInRequired, Forbidden (for somebody else), NotFound, BadInput, LicenceNotValid, FieldNotShowable,
            TooMuchToShow, Unavailable.
        """
        licence = await self._own(principal, licence_id)
        said = check_sentence(purpose, field="purpose", length_max=PURPOSE_LENGTH_MAX)
        licence.check_valid(self.today())
        claims = self._claims(licence, licence.chosen(fields), said)
        key = self.keys.active
        return Share(
            id=showing_id(claims.cti),
            text=cl1.issue(claims, kid=key.kid, key=key.ed25519),
            issued_at=claims.issued_at,
            expires_at=claims.expires_at,
            purpose=said,
            licence=licence,
            values=claims.fields,
        )

    async def verify(
        self, *, principal: Principal, text: str, client_verification_id: str | None = None
    ) -> Verification:
        """Check a code and record that this officer checked it: both, or neither.

        A genuine code of a licence that is not valid any more is recorded as well, and answers with its status alone.
        client_verification_id: chosen by the officer's device, 1 to 64 characters; sending the same code again under
            it returns what was recorded, also when the code has expired meanwhile.
        Raises: SignInRequired, Forbidden, BadInput, CodeMalformed, CodeForeign, CodeKeyUnknown, CodeForged,
            CodeNotYetValid, CodeExpired, CodeReplayed, VerificationIdReused, Unavailable.
        """
        principal.require(PrincipalKind.STAFF)
        principal.require_scope(VERIFY_SCOPE)
        check_client_verification_id(client_verification_id)
        claims = await self._believe(text)
        try:
            claims.check_time(now=self.clock.now())
            return await self._record(principal, claims, client_verification_id)
        except (CodeExpired, CodeReplayed, VerificationIdReused):
            recorded = await self.store.showing(showing_id(claims.cti))
            if recorded is None or not recorded.answers(
                verifier=principal.actor, client_verification_id=client_verification_id
            ):
                raise
            return await self._answer(recorded)

    async def showings(self, *, principal: Principal, citizen_id: str, page: PageRequest) -> Page[Showing]:
        """Who checked this citizen's licences, newest first; for the citizen, and who acts for them in `licences:read`.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), BadInput (cursor), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=READ_MATTER)
        return await self.store.showings_of(citizen_id, page=page)

    async def _own(self, principal: Principal, licence_id: str) -> Licence:
        """The holder's own licence, for the holder alone."""
        principal.require(PrincipalKind.CITIZEN)
        licence = await self.store.licence(licence_id)
        if licence is None or licence.holder != principal.subject:
            raise NotFound(thing="licence")
        principal.require_citizen(licence.holder)
        return licence

    def _claims(self, licence: Licence, values: dict[str, str], purpose: str) -> Claims:
        now = self.clock.now()
        issued_at = from_epoch_s(epoch_s(now))
        return Claims(
            city=self.city,
            issued_at=issued_at,
            expires_at=issued_at + timedelta(seconds=cl1.LIFETIME_S),
            cti=epoch_ms(now).to_bytes(6, "big") + self.ids.random_bytes(10),
            licence=licence.identifier.text,
            type_code=licence.type.code,
            purpose=purpose,
            fields=values,
        )

    async def _believe(self, text: str) -> Claims:
        """What the code says, if this city signed it; its time is not looked at."""
        code = cl1.parse(text)
        code.claims.check_city(self.city)
        async with answering():
            key = await self.keys.find(code.kid)
        if key is None:
            raise CodeKeyUnknown()
        code.check_signature(key.ed25519.verify_key)
        return code.claims

    async def _record(self, principal: Principal, claims: Claims, client_verification_id: str | None) -> Verification:
        async def work(session: Session) -> Verification:
            licence = await self.store.licence_identified(claims.licence, session=session)
            if licence is None:
                # Signed with our key, yet for a licence that there is not: the key was used outside this city.
                raise CodeForged()
            showing = self._showing(principal, licence, claims, client_verification_id)
            await self.store.add_showing(showing, session=session)
            await self.announcer.shown(licence, showing, session=session)
            return Verification(showing, licence)

        return await self.store.transaction(work)

    def _showing(
        self, principal: Principal, licence: Licence, claims: Claims, client_verification_id: str | None
    ) -> Showing:
        status = licence.status(self.today())
        return Showing(
            id=showing_id(claims.cti),
            at=to_ms(self.clock.now()),
            licence=licence.id,
            holder=licence.holder,
            type=licence.type,
            verifier=principal.actor,
            jurisdiction=principal.jurisdiction.code if principal.jurisdiction else "",
            purpose=claims.purpose,
            names=tuple(claims.fields) if status is LicenceStatus.VALID else (),
            status=status,
            client_verification_id=client_verification_id,
        )

    async def _answer(self, showing: Showing) -> Verification:
        licence = await self.store.licence(showing.licence)
        if licence is None:
            raise NotFound(thing="licence")
        return Verification(showing, licence)


def _may_see(principal: Principal, licence: Licence) -> bool:
    if principal.kind is PrincipalKind.STAFF:
        return ISSUE_SCOPE in principal.scopes and principal.department == licence.issuer
    try:
        principal.require_citizen(licence.holder, matter=READ_MATTER)
    except (Forbidden, NotFound):
        return False
    return True
