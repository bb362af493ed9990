"""What officers do: the queue, a decision with findings and grants, what a program is given and taken beside its
versions, and the districts that it is filed with (区级应用备案).

Rules
- Nobody decides about a version or a program of their own organisation.
- What is granted was asked for; a domain was proved to be the organisation's.
- A program that says that it is of a district is shown and opened in it once an officer of that district has filed it,
  and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from core.clock import to_ms
from core.divisions import DISTRICTS
from core.errors import BadInput, NotFound
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal
from miniapps.developers.model import Role
from miniapps.developers.rating import Fact
from miniapps.releases.model import Terms
from miniapps.releases.service import parse_reason
from miniapps.scopes import OWN
from miniapps.sessions.capabilities import permission
from miniapps.versions.desk import REVIEW, Desk, require_officer
from miniapps.versions.errors import DomainNotProved, GrantNotAsked
from miniapps.versions.filing import Filing, FilingState, FilingStore
from miniapps.versions.model import FINDINGS_MAX, Act, Finding, Version, Who, proved, worst_first


class Decision(StrEnum):
    APPROVE = "APPROVE"
    REJECT = "REJECT"


_TERMS_CHANGED: Final = "miniapps.terms_changed"
_FILING_DECIDED: Final = "miniapps.filing_decided"


@dataclass(frozen=True, slots=True)
class Reviewing:
    desk: Desk
    filings: FilingStore

    async def open(self) -> None:
        """Make the indexes."""
        await self.filings.open()

    async def queue(self, *, principal: Principal, request: PageRequest) -> Page[Version]:
        """What waits for an officer, the longest first. Raises: SignInRequired, Forbidden, Unavailable."""
        require_officer(principal, REVIEW)
        return await self.desk.store.queue(request=request)

    # --- deciding

    async def approve(
        self,
        *,
        principal: Principal,
        id: str,
        findings: Sequence[Finding] = (),
        granted: Collection[str] | None = None,
        not_before: datetime | None = None,
        note: str = "",
    ) -> Version:
        """Let a version run, or go on running where it was drawn to be looked at again (`second_looks.py`).

        granted: permissions and domains (as origins), of those that it asks for; None: all.

        Raises: SignInRequired, Forbidden, OwnMatter, NotFound, VersionCannotChange, GrantNotAsked, DomainNotProved,
        BadInput, Unavailable.
        """
        version = await self.desk.found(id)
        officer = await self.desk.officer(principal, REVIEW, version.organisation)
        if version.drawn:
            return await self._decide(version, Act.CONFIRM, officer, findings, note, {})
        if version.did_last(Act.APPROVE) or version.did_last(Act.CONFIRM):
            return version
        given = (version.asked - OWN) | version.domains if granted is None else frozenset(granted)
        await self._check(version, given)
        if not_before is not None and not_before.tzinfo is None:
            raise BadInput(field="notBefore", problem="must have an offset")
        told: dict[str, object] = {
            "granted": given & version.asked,
            "allowed": given & version.domains,
            "not_before": to_ms(not_before) if not_before else None,
        }
        return await self._decide(version, Act.APPROVE, officer, findings, note, told)

    async def reject(self, *, principal: Principal, id: str, findings: Sequence[Finding], note: str = "") -> Version:
        """Say no to a version, and why. Raises: as `approve`, but for what is granted."""
        version = await self.desk.found(id)
        officer = await self.desk.officer(principal, REVIEW, version.organisation)
        if version.did_last(Act.REJECT):
            return version
        if not findings and not note:
            raise BadInput(field="findings", problem="must say why")
        return await self._decide(version, Act.REJECT, officer, findings, note, {})

    async def _check(self, version: Version, given: frozenset[str]) -> None:
        for name in sorted(given - (version.asked - OWN) - version.domains):
            raise GrantNotAsked(name=name[:200])
        domains = (await self.desk.app(version.app_id)).domains
        for origin in sorted(given & version.domains):
            if not proved(origin, domains):
                raise DomainNotProved(domain=origin)

    async def _decide(
        self,
        version: Version,
        act: Act,
        officer: str,
        findings: Sequence[Finding],
        note: str,
        told: dict[str, object],
    ) -> Version:
        if len(findings) > FINDINGS_MAX:
            raise BadInput(field="findings", problem=f"must be {FINDINGS_MAX} at most")

        async def work(session: Session) -> Version:
            now = await self.desk.found(version.id, session=session)
            if now.did_last(act) and not now.drawn:
                return now
            machine = [one for one in now.findings if one.by is Who.MACHINE]
            decided = replace(now, findings=worst_first((*findings, *machine)), queued="", **told)  # type: ignore[arg-type]
            if act is Act.REJECT:
                fact = Fact.REJECTED
                await self.desk.builders.note(organisation=now.organisation, fact=fact, session=session)
            return await self.desk.step(decided, act, by=Who.OFFICER, actor=officer, note=note, session=session)

        return await self.desk.transaction(work)

    # --- beside versions

    async def grant(self, *, principal: Principal, app_id: str, name: str, reason: str) -> Terms:
        """Let a program do something that its version was not granted; it still has to declare it.

        Raises: SignInRequired, Forbidden, OwnMatter, NotFound, BadInput, Unavailable.
        """
        return await self._terms(principal, app_id, name, reason, given=True)

    async def take(self, *, principal: Principal, app_id: str, name: str, reason: str) -> Terms:
        """Let no version of a program do something any more. Raises: as `grant`."""
        return await self._terms(principal, app_id, name, reason, given=False)

    async def _terms(self, principal: Principal, app_id: str, name: str, reason: str, *, given: bool) -> Terms:
        app = await self.desk.app(app_id)
        officer, why = await self.desk.officer(principal, REVIEW, app.organisation), parse_reason(reason)
        if permission(name) is None or (given and name in OWN):
            raise BadInput(field="name", problem="must be the name of a permission that others may have")
        only = frozenset({name})

        async def work(session: Session) -> Terms:
            before = await self.desk.releases.store.terms(app.app_id, session=session)
            if given:
                after = replace(before, given=before.given | only, taken=before.taken - only)
            else:
                after = replace(before, given=before.given - only, taken=before.taken | only)
            if after != before:
                change = {"name": name, "given": given, "by": officer, "at": self.desk.clock.now(), "reason": why}
                await self.desk.releases.store.put_terms(app.app_id, after, change, session=session)
                about: dict[str, str | bool] = {"app_id": app.app_id, "name": name, "given": given}
                await self.desk.audit.append(
                    _TERMS_CHANGED, actor=officer, subject=app.organisation, about=about, session=session
                )
            return after

        told = await self.desk.transaction(work)
        self.desk.releases.forget()
        return told

    # --- districts

    async def file(self, *, principal: Principal, app_id: str, district: str) -> Filing:
        """Say that a program is of a district, and ask for it to be filed there; one that was refused is asked anew.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, BadInput, Unavailable.
        """
        authority = await self.desk.builders.authority(principal=principal, app_id=app_id)
        authority.require(Role.DEVELOPER)
        if district not in DISTRICTS:
            raise BadInput(field="district", problem="must be the code of one of the city's districts")
        app, now = authority.the_app, to_ms(self.desk.clock.now())
        asked = Filing(app.app_id, app.organisation, district, FilingState.PENDING, now)

        async def work(session: Session) -> Filing:
            there = await self.filings.one(app.app_id, district, session=session)
            if there is not None and there.state is not FilingState.REFUSED:
                return there
            await self.filings.put(asked, session=session)
            await self._place(app.app_id, session)
            return asked

        told = await self.desk.transaction(work)
        self.desk.releases.forget()
        return told

    async def decide_filing(
        self, *, principal: Principal, app_id: str, district: str, filed: bool, note: str
    ) -> Filing:
        """File a program with the officer's own district, or refuse to. Raises: SignInRequired, Forbidden, OwnMatter,
        NotFound, BadInput, Unavailable.
        """
        require_officer(principal, REVIEW)
        if principal.jurisdiction is None or not principal.jurisdiction.covers(district):
            raise NotFound(thing="filing")
        app = await self.desk.app(app_id)
        officer = await self.desk.officer(principal, REVIEW, app.organisation)
        state, why = (FilingState.FILED if filed else FilingState.REFUSED), parse_reason(note)

        async def work(session: Session) -> Filing:
            there = await self.filings.one(app.app_id, district, session=session)
            if there is None:
                raise NotFound(thing="filing")
            if there.state is state:
                return there
            decided = replace(there, state=state, decided_by=officer, decided_at=to_ms(self.desk.clock.now()), note=why)
            await self.filings.put(decided, session=session)
            await self._place(app.app_id, session)
            about = {"app_id": app.app_id, "district": district, "state": state.value}
            await self.desk.audit.append(
                _FILING_DECIDED, actor=officer, subject=app.organisation, about=about, session=session
            )
            return decided

        told = await self.desk.transaction(work)
        self.desk.releases.forget()
        return told

    async def filings_of(self, *, principal: Principal, app_id: str) -> Sequence[Filing]:
        """Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        authority = await self.desk.builders.membership(principal=principal, app_id=app_id)
        return await self.filings.of(authority.the_app.app_id)

    async def filings_that_wait(self, *, principal: Principal) -> Sequence[Filing]:
        """Of the districts that the officer answers for. Raises: SignInRequired, Forbidden, Unavailable."""
        require_officer(principal, REVIEW)
        waiting, place = await self.filings.waiting(), principal.jurisdiction
        return [one for one in waiting if place is not None and place.covers(one.district)]

    async def _place(self, app_id: str, session: Session) -> None:
        """Where the program is shown and opened now."""
        filings = await self.filings.of(app_id, session=session)
        districts = frozenset(one.district for one in filings if one.state is FilingState.FILED)
        before = await self.desk.releases.store.terms(app_id, session=session)
        await self.desk.releases.store.put_terms(app_id, replace(before, districts=districts), session=session)
