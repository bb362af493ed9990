"""Who builds with somebody who builds in their own name: asked in, given another role, let go.

Rules
- A member is a developer who accepted; one of them at least is an owner, and whoever is one may go by themself.
- Members of an organisation that the city knows are its own, and invited where it acts in the city.
- A person decides, by the shell's session, and no tool: whoever finds one signed in locks nobody out.
- How many an account asks is counted by the day, and how many wait for one developer is bounded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.audit import About
from core.clock import to_ms
from core.errors import Forbidden, NotFound
from core.events import Outbox
from core.mongo import Session
from core.principal import Principal, PrincipalKind
from miniapps.developers.errors import (
    AlreadyMember,
    InvitationDeclined,
    LastOwner,
    LimitReached,
    MembersElsewhere,
    OrganisationBlocked,
)
from miniapps.developers.invitations import INVITATION_PREFIX, LIFE, WAITING_MAX, Invitation, InvitationStore
from miniapps.developers.model import MEMBERS_MAX, Account, AccountKind, Authority, Developer, Role
from miniapps.developers.service import Developers
from miniapps.limits import Pace, Paces
from miniapps.releases.model import Organisation

MEMBER_INVITED: Final = "miniapps.member_invited"
# Of one account: who is asked and withdrawn and asked again hears of each.
_INVITED: Final = Pace("open-invite", 20, 86_400)


@dataclass(frozen=True, slots=True)
class Member:
    """developer: `dev_…`."""

    developer: str
    role: Role


@dataclass(frozen=True, slots=True)
class Members:
    developers: Developers
    invitations: InvitationStore
    outbox: Outbox
    paces: Paces

    async def open(self) -> None:
        """Make the indexes."""
        await self.invitations.open()

    async def of(self, authority: Authority) -> Sequence[Member]:
        """Those who are developers, by their ids. Raises: Unavailable."""
        account = authority.account
        if account.kind is AccountKind.PERSON:
            return [Member(developer, role) for developer, role in sorted(account.members.items())]
        posts = await self.developers.people.members(account.of)
        known = await self.developers.store.developers_of(posts)
        return sorted(
            (Member(developer.id, posts[citizen]) for citizen, developer in known.items()),
            key=lambda one: one.developer,
        )

    # --- what an owner does

    async def asked(self, authority: Authority) -> Sequence[Invitation]:
        """Whom it asked, and who has not accepted; for its owners. Raises: Unavailable."""
        if authority.role is not Role.OWNER:
            return []
        return await self.invitations.of_organisation(authority.account.organisation, now=self.developers.clock.now())

    async def invite(self, *, principal: Principal, organisation: str, developer: str, role: Role) -> Authority:
        """Ask a developer to build for it.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, MembersElsewhere, AlreadyMember,
        InvitationDeclined, LimitReached, TooOften, Unavailable.
        """
        authority = await self._as_owner(principal, organisation)
        asked = await self.developers.store.developer(developer)
        if asked is None:
            raise NotFound(thing="developer")
        await self.paces.charge(_INVITED, organisation)
        made = self._made(authority, developer, role)

        async def work(session: Session) -> None:
            await self._hold(session, developer, organisation)
            before = await self._check_may_ask(made, session)
            await self.invitations.put(replace(made, id=before.id if before else made.id), session=session)
            await self._audit("member_invited", authority.developer, made, session)
            if before is None:
                payload = {"citizen": asked.citizen, "invitation": made.id}
                await self.outbox.append(name=MEMBER_INVITED, payload=payload, session=session)

        await self.developers.transaction(work)
        return authority

    async def withdraw(self, *, principal: Principal, id: str) -> Authority:
        """Ask no more; a no that was said stands. Raises: as `invite`."""
        there = await self.invitations.invitation(id, now=self.developers.clock.now())
        if there is None:
            raise NotFound(thing="invitation")
        authority = await self._as_owner(principal, there.organisation)

        async def work(session: Session) -> None:
            now = await self._waiting(id, session)
            await self.invitations.remove(now.id, session=session)
            await self._audit("member_invitation_withdrawn", authority.developer, now, session)

        await self.developers.transaction(work)
        return authority

    async def change(self, *, principal: Principal, organisation: str, developer: str, role: Role) -> Authority:
        """Give a member another role. Raises: as `invite`; LastOwner, NotFound (who is none)."""
        authority = await self._as_owner(principal, organisation)

        def changed(account: Account) -> Account:
            if developer not in account.members:
                raise NotFound(thing="member")
            return replace(account, members={**account.members, developer: role})

        return await self._changed(authority, developer, changed, {"developer": developer, "role": role.value})

    async def remove(self, *, principal: Principal, organisation: str, developer: str) -> Authority:
        """Who is none is none. Whoever is one may go by themself. Raises: as `invite`; LastOwner."""
        principal.require(PrincipalKind.CITIZEN)
        authority = await self.developers.membership(principal=principal, organisation=organisation)
        if authority.developer != developer or authority.account.kind is AccountKind.ORGANISATION:
            authority = await self._as_owner(principal, organisation)

        def changed(account: Account) -> Account:
            members = {who: role for who, role in account.members.items() if who != developer}
            return replace(account, members=members)

        return await self._changed(authority, developer, changed, {"developer": developer, "role": ""})

    async def _changed(
        self, authority: Authority, developer: str, change: Callable[[Account], Account], about: About
    ) -> Authority:
        async def work(session: Session) -> Account:
            there = await self._account(authority.account.organisation, session)
            if authority.role is Role.OWNER:
                _check_decides(there, authority.developer)
            changed = change(there)
            if Role.OWNER not in changed.members.values():
                raise LastOwner()
            await self.developers.store.put_account(changed, session=session)
            if changed.members.get(developer) is not Role.OWNER:
                await self.invitations.remove_by(developer, organisation=changed.organisation, session=session)
            await self.developers.audit.append(
                "developers.member_changed",
                actor=authority.developer,
                subject=changed.organisation,
                about=about,
                session=session,
            )
            return changed

        return replace(authority, account=await self.developers.transaction(work))

    # --- what who is asked does

    async def waiting(self, *, principal: Principal) -> Sequence[tuple[Invitation, Organisation]]:
        """What the caller is asked, and by whom. Raises: SignInRequired, Forbidden, Unavailable."""
        me = await self._me(principal)
        if me is None:
            return []
        found = await self.invitations.waiting_for(me.id, now=self.developers.clock.now())
        rows = await self.developers.releases.organisations([one.organisation for one in found])
        return [(one, rows[one.organisation]) for one in found if one.organisation in rows]

    async def accept(self, *, principal: Principal, id: str) -> Authority:
        """Build with them from now on. Raises: SignInRequired, Forbidden, NotFound (another's, or over),
        OrganisationBlocked, LimitReached, Unavailable.
        """

        async def work(invitation: Invitation, session: Session) -> None:
            account = await self._account(invitation.organisation, session)
            if account.blocked:
                raise OrganisationBlocked(why=account.blocked)
            joined = replace(account, members={invitation.developer: invitation.role, **account.members})
            if len(joined.members) > MEMBERS_MAX:
                raise LimitReached(what="members", most=MEMBERS_MAX)
            await self.developers.store.put_account(joined, session=session)
            await self.invitations.remove(invitation.id, session=session)
            await self._audit("member_joined", invitation.developer, invitation, session)

        answered = await self._answered(principal, id, work)
        return await self.developers.membership(principal=principal, organisation=answered.organisation)

    async def decline(self, *, principal: Principal, id: str) -> None:
        """Raises: SignInRequired, Forbidden, NotFound (another's, or over), Unavailable."""

        async def work(invitation: Invitation, session: Session) -> None:
            await self.invitations.put(replace(invitation, declined=True), session=session)
            await self._audit("member_invitation_declined", invitation.developer, invitation, session)

        await self._answered(principal, id, work)

    async def _answered(
        self, principal: Principal, id: str, answer: Callable[[Invitation, Session], Awaitable[None]]
    ) -> Invitation:
        me = await self._me(principal)

        async def work(session: Session) -> Invitation:
            invitation = await self._waiting(id, session)
            if me is None or invitation.developer != me.id:
                raise NotFound(thing="invitation")
            await answer(invitation, session)
            return invitation

        return await self.developers.transaction(work)

    # --- what they share

    async def _me(self, principal: Principal) -> Developer | None:
        principal.require(PrincipalKind.CITIZEN)
        if principal.delegated:
            raise Forbidden()
        return await self.developers.store.developer_of(principal.actor)

    async def _as_owner(self, principal: Principal, organisation: str) -> Authority:
        principal.require(PrincipalKind.CITIZEN)
        authority = await self.developers.authority(principal=principal, organisation=organisation)
        authority.require(Role.OWNER)
        if authority.account.kind is AccountKind.ORGANISATION:
            raise MembersElsewhere()
        return authority

    def _made(self, authority: Authority, developer: str, role: Role) -> Invitation:
        now = to_ms(self.developers.clock.now())
        return Invitation(
            id=self.developers.ids.new(INVITATION_PREFIX),
            organisation=authority.account.organisation,
            developer=developer,
            role=role,
            by=authority.developer,
            at=now,
            expires_at=now + LIFE,
        )

    async def _check_may_ask(self, made: Invitation, session: Session) -> Invitation | None:
        """The one that waits already. Raises: Forbidden, AlreadyMember, InvitationDeclined, LimitReached."""
        account = await self._account(made.organisation, session)
        _check_decides(account, made.by)
        if made.developer in account.members:
            raise AlreadyMember()
        asked = await self.invitations.of_organisation(made.organisation, now=made.at, session=session)
        before = next((one for one in asked if one.developer == made.developer), None)
        if before is not None and before.declined:
            raise InvitationDeclined(until=before.expires_at)
        if before is None and len(account.members) + len(asked) >= MEMBERS_MAX:
            raise LimitReached(what="members", most=MEMBERS_MAX)
        waiting = await self.invitations.waiting_for(made.developer, now=made.at, session=session)
        if before is None and len(waiting) >= WAITING_MAX:
            raise LimitReached(what="invitations", most=WAITING_MAX)
        return before

    async def _hold(self, session: Session, *ids: str) -> None:
        for id in ids:
            await self.developers.store.hold(id, session=session)

    async def _account(self, organisation: str, session: Session) -> Account:
        account = await self.developers.store.account(organisation, session=session)
        assert account is not None, "accounts are never taken away"
        return account

    async def _waiting(self, id: str, session: Session) -> Invitation:
        """Raises: NotFound (also where it is over)."""
        found = await self.invitations.invitation(id, now=self.developers.clock.now(), session=session)
        if found is None or found.declined:
            raise NotFound(thing="invitation")
        return found

    async def _audit(self, kind: str, actor: str, one: Invitation, session: Session) -> None:
        await self.developers.audit.append(
            f"developers.{kind}",
            actor=actor,
            subject=one.organisation,
            about={"developer": one.developer, "role": one.role.value},
            session=session,
        )


def _check_decides(account: Account, developer: str) -> None:
    """Who was let go meanwhile lets nobody in. Raises: Forbidden."""
    if account.members.get(developer) is not Role.OWNER:
        raise Forbidden()
