"""The verbs: show a code, scan a code, read who scanned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Any, Final

from api.domains.citycode import cc1
from api.domains.citycode.cc1 import SignedCode
from api.domains.citycode.errors import CodeExpired, CodeForged, CodeKeyUnknown, CodeReplayed, ScanIdReused
from api.domains.citycode.model import (
    PSEUDONYM_KEPT,
    SCAN_PREFIX,
    SCAN_SCOPE,
    CityCode,
    Scan,
    ScanPurpose,
    ScanTally,
    check_client_scan_id,
)
from api.domains.citycode.store import CityCodeStore
from core.clock import Clock, city_day, day_start, epoch_s, from_epoch_s, to_ms
from core.crypto import FieldCipher
from core.divisions import CITY_CODE
from core.events import Outbox
from core.ids import Ids, is_id
from core.keys import KeyRing
from core.mongo import Session, answering
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind

KEY_PURPOSE: Final = "city-code"
SCANNED: Final = "citycode.scanned"
# Of a delegation: a child's code is shown by whoever is their guardian.
SHOW_MATTER: Final = "citycode:show"


@dataclass(frozen=True, slots=True)
class CityCodes:
    """keys: an Ed25519 ring of purpose `city-code` whose overlap is at least `cc1.LIFETIME_S`.

    zone: the city's, in which its days begin and end. city: its GB/T 2260 code.
    """

    store: CityCodeStore
    keys: KeyRing
    outbox: Outbox
    cipher: FieldCipher
    ids: Ids
    clock: Clock
    zone: tzinfo
    city: str = CITY_CODE

    async def open(self) -> None:
        """Make indexes and the first keys. Called once, before anything else."""
        await self.store.open()
        await self.keys.open()

    async def issue(self, *, principal: Principal, citizen_id: str) -> CityCode:
        """A code that lives 60 s, for the citizen who asks, or for the guardian who shows it for their child.

        The same second gives the same code.
        Raises: SignInRequired, Forbidden (also: whoever else acts for somebody), NotFound (somebody
        else's code), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=SHOW_MATTER)
        now = self.clock.now()
        day = city_day(now, self.zone)
        pseudonym = self._pseudonym(citizen_id, day)
        await self.store.remember(pseudonym, citizen=citizen_id, day=day)
        key = self.keys.active
        body = cc1.Body(
            city=self.city,
            pseudonym=pseudonym,
            real_name_level=principal.real_name_level,
            issued_at=from_epoch_s(epoch_s(now)),
            ttl_s=cc1.LIFETIME_S,
            kid=key.kid,
        )
        return CityCode(cc1.issue(body, key=key.ed25519), body.issued_at, body.expires_at)

    async def scan(
        self, *, principal: Principal, text: str, purpose: ScanPurpose, client_scan_id: str | None = None
    ) -> Scan:
        """Check a code and record that this officer scanned it: both, or neither.

        client_scan_id: chosen by the officer's device, 1 to 64 characters; sending the same scan again under it
            returns the recorded one, also when the code has expired meanwhile.
        Raises: SignInRequired, Forbidden, BadInput, CodeMalformed, CodeForeign, CodeKeyUnknown, CodeForged,
            CodeNotYetValid, CodeExpired, CodeReplayed, ScanIdReused, Unavailable.
        """
        _require_scanner(principal)
        check_client_scan_id(client_scan_id)
        code = await self._believe(text)
        try:
            code.body.check_time(now=self.clock.now())
            scan = await self._new_scan(principal, code, purpose, client_scan_id)
            await self._record(scan)
            return scan
        except (CodeExpired, CodeReplayed, ScanIdReused):
            recorded = await self.store.scan_of_code(code.raw)
            if recorded is None or not recorded.answers(
                scanner=principal.actor, purpose=purpose, client_scan_id=client_scan_id
            ):
                raise
            return recorded

    async def scans(self, *, principal: Principal, citizen_id: str, page: PageRequest) -> Page[Scan]:
        """Who scanned this citizen, newest first, for the citizen alone.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), BadInput (cursor), Unavailable.
        """
        principal.require_citizen(citizen_id)
        return await self.store.scans_of_citizen(citizen_id, page=page)

    async def visible_scans(self, *, principal: Principal, ids: Iterable[str]) -> dict[str, Scan]:
        """Of these scans those that the caller made, or was scanned in. Raises: Unavailable."""
        if principal.delegated:
            return {}
        found = await self.store.scans(one for one in ids if is_id(one, prefix=SCAN_PREFIX))
        return {one: scan for one, scan in found.items() if _concerns(scan, principal)}

    async def staff_scans(self, *, principal: Principal, page: PageRequest) -> Page[Scan]:
        """What the officer who asks scanned today, newest first.

        Raises: SignInRequired, Forbidden, BadInput (cursor), Unavailable.
        """
        _require_scanner(principal)
        since = day_start(self._today(), self.zone)
        return await self.store.scans_by_scanner(principal.actor, since=since, page=page)

    async def tallies(self, *, principal: Principal) -> list[ScanTally]:
        """How often the officer who asks scanned today, for every purpose; counted behind the scans, by the outbox.

        Raises: SignInRequired, Forbidden, Unavailable.
        """
        _require_scanner(principal)
        day = self._today()
        counts = await self.store.counts(scanner=principal.actor, day=day)
        return [ScanTally(purpose, day, counts.get(purpose, 0)) for purpose in ScanPurpose]

    async def tally_scan(self, payload: Mapping[str, Any], *, session: Session) -> None:
        """Count the scan of a `citycode.scanned` event, in the transaction that marks the event as done."""
        await self.store.count_one(
            scanner=payload["scanner"],
            day=date.fromisoformat(payload["day"]),
            purpose=ScanPurpose(payload["purpose"]),
            session=session,
        )

    async def _believe(self, text: str) -> SignedCode:
        """The code if this city signed it; its time is not looked at."""
        code = cc1.parse(text)
        code.body.check_city(self.city)
        async with answering():
            key = await self.keys.find(code.body.kid)
        if key is None:
            raise CodeKeyUnknown()
        code.check_signature(key.ed25519.verify_key)
        return code

    async def _new_scan(
        self, principal: Principal, code: SignedCode, purpose: ScanPurpose, client_scan_id: str | None
    ) -> Scan:
        citizen = await self.store.citizen_of(code.body.pseudonym)
        if citizen is None:
            # Signed with our key, yet for nobody we know: the key was used outside this city.
            raise CodeForged()
        now = self.clock.now()
        return Scan(
            id=self.ids.new(SCAN_PREFIX),
            at=to_ms(now),
            purpose=purpose,
            scanner=principal.actor,
            citizen=citizen,
            code=code.raw,
            code_issued_at=code.body.issued_at,
            jurisdiction=principal.jurisdiction.code if principal.jurisdiction else "",
            client_scan_id=client_scan_id,
        )

    async def _record(self, scan: Scan) -> None:
        async def work(session: Session) -> None:
            await self.store.add(scan, session=session)
            await self.outbox.append(name=SCANNED, payload=self._announcement(scan), session=session)

        await self.store.transaction(work)

    def _announcement(self, scan: Scan) -> dict[str, object]:
        """Ids only, and not the citizen's: an event lives longer, and is read by more, than a scan."""
        day = city_day(scan.at, self.zone)
        return {"scan": scan.id, "scanner": scan.scanner, "purpose": scan.purpose.value, "day": day.isoformat()}

    async def forget(self, citizen_id: str) -> None:
        """Cut the codes loose that somebody showed whose account is gone; that they were scanned stays.

        Raises: Unavailable.
        """
        today = self._today()
        # A row leaves up to a day after its time: by MongoDB's clock, and counted from the beginning of its day.
        days = range(-1, PSEUDONYM_KEPT.days + 2)
        await self.store.forget([self._pseudonym(citizen_id, today - timedelta(days=ago)) for ago in days])

    def _pseudonym(self, citizen_id: str, day: date) -> bytes:
        drawn = self.cipher.blind_index(f"{citizen_id}|{day.isoformat()}", purpose="citycode.pseudonym")
        return drawn[: cc1.PSEUDONYM_BYTES]

    def _today(self) -> date:
        return city_day(self.clock.now(), self.zone)


def _concerns(scan: Scan, principal: Principal) -> bool:
    if principal.kind is PrincipalKind.CITIZEN:
        return scan.citizen == principal.subject
    return principal.kind is PrincipalKind.STAFF and SCAN_SCOPE in principal.scopes and scan.scanner == principal.actor


def _require_scanner(principal: Principal) -> None:
    principal.require(PrincipalKind.STAFF)
    principal.require_scope(SCAN_SCOPE)
